//! A running machine: its serial console and its control socket.

#![allow(dead_code, reason = "no test target uses all of it")]

use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::control::Control;

/// A running virtual machine; dropping it ends it.
///
/// Methods panic with the end of the serial output when the machine does not do in time what was
/// asked: a test can do nothing else with such a machine. All of the output is in a file then, which
/// is named on standard error.
pub struct Guest {
    child: Child,
    stdin: ChildStdin,
    serial: Arc<Serial>,
    /// Where in the serial output the next search begins.
    seen: usize,
    /// How many commands the shell was given; makes their end marks differ.
    commands: usize,
    control: Control,
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
        let socket = folder.path().join("qmp");
        let control = Control::listen(&socket);
        // setpriv: a test that is killed must not leave a machine behind.
        let mut child = Command::new("setpriv")
            .args(["--pdeathsig", "KILL", "--", "qemu-system-x86_64"])
            // The accelerator is named because /dev/kvm may open and then hang.
            .args(["-accel", "tcg", "-cpu", "max", "-m", "512", "-nodefaults", "-display", "none"])
            .args(["-no-reboot", "-serial", "stdio"])
            .args(Control::arguments(&socket))
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
        Self { child, stdin, serial, seen: 0, commands: 0, control, _folder: folder }
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

    /// Types `answer` and Enter when `prompt` has appeared; gives what was printed up to its end.
    pub fn answer(&mut self, prompt: &str, answer: &str, within: Duration) -> String {
        let printed = self.wait_for(prompt, within);
        self.type_line(answer);
        printed
    }

    /// Puts `image` into the optical drive in place of what lies there, if anything does.
    pub fn change_disc(&mut self, image: &Path) {
        let medium = json!({ "id": "cd0", "filename": image, "format": "raw", "force": true });
        self.control.execute("blockdev-change-medium", &medium);
    }

    /// Takes the disc out of the optical drive, whatever the computer thinks of it.
    pub fn eject_disc(&mut self) {
        self.control.execute("eject", &json!({ "id": "cd0", "force": true }));
    }

    /// Waits until the computer itself has opened the tray of its optical drive.
    pub fn wait_for_open_tray(&self, within: Duration) {
        if !self.control.happened("DEVICE_TRAY_MOVED", ("tray-open", &true.into()), within) {
            self.give_up(&format!("the tray is not open within {within:?}"));
        }
    }

    /// Waits until the machine has powered off.
    pub fn wait_for_power_off(&mut self, within: Duration) {
        self.wait_for_end("guest-shutdown", within);
    }

    /// Waits until the machine restarts, which ends this one.
    pub fn wait_for_restart(mut self, within: Duration) {
        self.wait_for_end("guest-reset", within);
    }

    /// Ends the machine at once, as when somebody pulls the plug.
    pub fn cut_power(self) {
        drop(self);
    }

    fn wait_for_end(&mut self, reason: &str, within: Duration) {
        if !self.serial.wait_closed(within) {
            self.give_up(&format!("no {reason} within {within:?}"));
        }
        let status = self.child.wait().expect("the machine was started by us");
        assert!(status.success(), "the virtual machine failed: {status}");
        assert_eq!(self.control.end_reason(), reason, "why the machine ended");
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
        if std::thread::panicking() {
            let name = format!("serial-{}-{}.txt", std::process::id(), self.child.id());
            let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
            match fs::write(&path, &self.serial.lock().bytes) {
                Ok(()) => eprintln!("the serial output of the machine: {}", path.display()),
                Err(error) => eprintln!("the serial output of the machine is lost: {error}"),
            }
        }
        // Both fail only for a machine that has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Serial {
    fn lock(&self) -> std::sync::MutexGuard<'_, Output> {
        // A test that gives up shows the output and keeps the lock while it panics.
        self.output.lock().unwrap_or_else(PoisonError::into_inner)
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
