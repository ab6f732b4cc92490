//! A running machine: its serial console and its control socket.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// A running virtual machine; dropping it ends it.
///
/// Methods panic with the end of the serial output when the machine does not do in time what was
/// asked: a test can do nothing else with such a machine.
pub struct Guest {
    child: Child,
    stdin: ChildStdin,
    serial: Arc<Serial>,
    /// Where in the serial output the next search begins.
    seen: usize,
    /// How many commands the shell was given; makes their end marks differ.
    commands: usize,
    qmp_path: PathBuf,
    /// Holds the control socket and firmware variables as long as the machine runs.
    _folder: tempfile::TempDir,
}

#[derive(Default)]
struct Serial {
    output: Mutex<Output>,
    grown: Condvar,
}

#[derive(Default)]
struct Output {
    bytes: Vec<u8>,
    closed: bool,
}

impl Guest {
    /// Starts QEMU with `arguments` besides those that every machine gets; `folder` lives as long
    /// as the machine.
    pub fn start(arguments: &[String], folder: tempfile::TempDir) -> Self {
        let qmp_path = folder.path().join("qmp");
        let socket = format!("unix:{},server=on,wait=off", qmp_path.display());
        // setpriv: a test that is killed must not leave a machine behind.
        let mut child = Command::new("setpriv")
            .args(["--pdeathsig", "KILL", "--", "qemu-system-x86_64"])
            // The accelerator is named because /dev/kvm may open and then hang.
            .args(["-accel", "tcg", "-cpu", "max", "-m", "512", "-nodefaults", "-display", "none"])
            .args(["-no-reboot", "-serial", "stdio", "-qmp", &socket])
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .expect("setpriv starts; it is in Debian's util-linux");
        let stdin = child.stdin.take().expect("stdin is a pipe");
        let stdout = child.stdout.take().expect("stdout is a pipe");
        let serial = Arc::new(Serial::default());
        let reader = Arc::clone(&serial);
        std::thread::spawn(move || reader.fill_from(stdout));
        Self { child, stdin, serial, seen: 0, commands: 0, qmp_path, _folder: folder }
    }

    /// Waits until `text` appears on the serial console after the last text found, and returns
    /// what was printed up to its end.
    pub fn wait_for(&mut self, text: &str, within: Duration) -> String {
        let found = self.serial.find(text, self.seen, within);
        match found {
            Some(end) => {
                let bytes = &self.serial.lock().bytes[self.seen..end];
                let printed = String::from_utf8_lossy(bytes).into_owned();
                self.seen = end;
                printed
            }
            None => self.give_up(&format!("no `{text}` within {within:?}")),
        }
    }

    /// Types `command` at the shell of the boot image and returns what it printed.
    pub fn run(&mut self, command: &str, within: Duration) -> String {
        self.commands += 1;
        let number = self.commands;
        // Quotes keep the console's echo of the line from matching the mark.
        self.type_line(&format!("echo 'be''gin'-{number}; {command}; echo 'en''d'-{number}"));
        self.wait_for(&format!("begin-{number}"), within);
        let mark = format!("end-{number}");
        let printed = self.wait_for(&mark, within);
        printed.trim_end_matches(&mark).replace('\r', "").trim_start_matches('\n').to_owned()
    }

    /// Types `text` and Enter on the serial console.
    pub fn type_line(&mut self, text: &str) {
        writeln!(self.stdin, "{text}")
            .unwrap_or_else(|error| panic!("cannot type on the serial console: {error}"));
    }

    /// Has the shell of the boot image switch the machine off.
    pub fn power_off(mut self) {
        self.type_line("poweroff -f");
        self.wait_for_power_off(Duration::from_secs(30));
    }

    /// Puts `image` into the optical drive in place of what lies there.
    pub fn change_disc(&mut self, image: &Path) {
        self.control(&json!({
            "execute": "blockdev-change-medium",
            "arguments": { "id": "cd0", "filename": image, "format": "raw", "force": true },
        }));
    }

    /// Waits until the machine has powered off.
    pub fn wait_for_power_off(&mut self, within: Duration) {
        if !self.serial.wait_closed(within) {
            self.give_up(&format!("not powered off within {within:?}"));
        }
        let status = self.child.wait().expect("the machine was started by us");
        assert!(status.success(), "the virtual machine failed: {status}");
    }

    /// Sends one command to the machine's control socket and waits for its answer.
    fn control(&mut self, command: &Value) {
        let stream = UnixStream::connect(&self.qmp_path)
            .unwrap_or_else(|error| panic!("control socket of the machine: {error}"));
        let mut answers = BufReader::new(stream.try_clone().expect("a socket can be duplicated"));
        for message in [&json!({ "execute": "qmp_capabilities" }), command] {
            writeln!(&stream, "{message}").expect("the control socket takes a command");
            let answer = next_answer(&mut answers);
            assert!(answer.get("return").is_some(), "the machine refused {message}: {answer}");
        }
    }

    fn give_up(&self, what: &str) -> ! {
        let output = self.serial.lock();
        let tail = &output.bytes[output.bytes.len().saturating_sub(4000)..];
        let end = if output.closed { "the machine has ended" } else { "the machine still runs" };
        panic!("{what}; {end}; its serial output ends:\n{}", String::from_utf8_lossy(tail));
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        // Both fail only for a machine that has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Reads answers until one that is no greeting and no event.
fn next_answer(answers: &mut impl BufRead) -> Value {
    loop {
        let mut line = String::new();
        let read = answers.read_line(&mut line).expect("the control socket answers");
        assert!(read > 0, "the machine closed its control socket");
        let answer: Value = serde_json::from_str(&line).expect("answers are JSON lines");
        if answer.get("return").is_some() || answer.get("error").is_some() {
            return answer;
        }
    }
}

impl Serial {
    fn lock(&self) -> std::sync::MutexGuard<'_, Output> {
        self.output.lock().expect("no thread panics while it holds the lock")
    }

    fn fill_from(&self, mut stdout: impl Read) {
        let mut buffer = [0; 4096];
        loop {
            let read = stdout.read(&mut buffer).unwrap_or(0);
            let mut output = self.lock();
            output.bytes.extend_from_slice(&buffer[..read]);
            output.closed = read == 0;
            self.grown.notify_all();
            if read == 0 {
                return;
            }
        }
    }

    /// Waits for `text` at or after `from`; the end of the match, or `None` at the deadline or
    /// when the machine ended without it.
    fn find(&self, text: &str, from: usize, within: Duration) -> Option<usize> {
        let needle = text.as_bytes();
        let at = |output: &Output| {
            let bytes = &output.bytes[from..];
            bytes.windows(needle.len()).position(|window| window == needle)
        };
        let output = self.wait_while(within, |output| at(output).is_none() && !output.closed);
        at(&output).map(|position| from + position + needle.len())
    }

    fn wait_closed(&self, within: Duration) -> bool {
        self.wait_while(within, |output| !output.closed).closed
    }

    fn wait_while(
        &self,
        within: Duration,
        goes_on: impl Fn(&Output) -> bool,
    ) -> std::sync::MutexGuard<'_, Output> {
        let deadline = Instant::now() + within;
        let mut output = self.lock();
        while goes_on(&output) {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            let waited = self.grown.wait_timeout(output, left);
            output = waited.expect("no thread panics while it holds the lock").0;
        }
        output
    }
}
