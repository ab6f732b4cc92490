//! The control socket of a machine: commands to QEMU, and what QEMU says happened.

#![allow(dead_code, reason = "no test target uses all of it")]

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// A machine that has started answers at once.
const ANSWER: Duration = Duration::from_secs(30);

/// The QEMU Machine Protocol with one machine, which connects to a socket of ours when it starts.
pub struct Control {
    said: Arc<Said>,
}

#[derive(Default)]
struct Said {
    log: Mutex<Log>,
    grown: Condvar,
}

#[derive(Default)]
struct Log {
    stream: Option<UnixStream>,
    answers: Vec<Value>,
    events: Vec<Value>,
    closed: bool,
}

impl Control {
    /// Listens at `path`, where a machine with [`arguments`](Self::arguments) connects.
    pub fn listen(path: &Path) -> Self {
        let listener = UnixListener::bind(path).expect("the control socket can be made");
        let said = Arc::new(Said::default());
        let reader = Arc::clone(&said);
        std::thread::spawn(move || {
            if let Ok((stream, _)) = listener.accept() {
                reader.fill_from(stream);
            }
            reader.lock().closed = true;
            reader.grown.notify_all();
        });
        Self { said }
    }

    /// What QEMU has to be told.
    pub fn arguments(path: &Path) -> [String; 2] {
        ["-qmp".to_owned(), format!("unix:{},server=off", path.display())]
    }

    /// Has the machine do `command`, which it must not refuse.
    pub fn execute(&self, command: &str, arguments: &Value) {
        let message = json!({ "execute": command, "arguments": arguments });
        let log = self.said.wait(ANSWER, |log| log.stream.is_some());
        let stream = log.stream.as_ref().expect("the machine connected to its control socket");
        let before = log.answers.len();
        writeln!(&*stream, "{message}").expect("the control socket takes a command");
        drop(log);
        let log = self.said.wait(ANSWER, |log| log.answers.len() > before);
        let answer = log.answers.get(before).unwrap_or_else(|| panic!("no answer to {message}"));
        assert!(answer.get("return").is_some(), "the machine refused {message}: {answer}");
    }

    /// Waits until an event with this name, and `data` among what it says, has happened.
    pub fn happened(&self, name: &str, data: (&str, &Value), within: Duration) -> bool {
        let is_it = |event: &Value| event["event"] == name && event["data"][data.0] == *data.1;
        let log = self.said.wait(within, |log| log.events.iter().any(is_it));
        log.events.iter().any(is_it)
    }

    /// Why a machine that has ended did so: `guest-shutdown` or `guest-reset`, or another word of
    /// QEMU's; empty if it did not say.
    pub fn end_reason(&self) -> String {
        let log = self.said.wait(ANSWER, |log| log.closed);
        let end = log.events.iter().rfind(|event| event["event"] == "SHUTDOWN");
        end.and_then(|event| event["data"]["reason"].as_str()).unwrap_or_default().to_owned()
    }
}

impl Said {
    fn lock(&self) -> MutexGuard<'_, Log> {
        self.log.lock().expect("no thread panics while it holds the lock")
    }

    fn fill_from(&self, stream: UnixStream) {
        let lines = BufReader::new(stream.try_clone().expect("a socket can be duplicated"));
        // The first answer is to the command that leaves the negotiation.
        let begin = json!({ "execute": "qmp_capabilities" });
        if writeln!(&stream, "{begin}").is_err() {
            return;
        }
        let mut stream = Some(stream);
        for line in lines.lines().map_while(Result::ok) {
            let message: Value = serde_json::from_str(&line).expect("QEMU writes JSON lines");
            let mut log = self.lock();
            if message.get("event").is_some() {
                log.events.push(message);
            } else if message.get("QMP").is_none() {
                match stream.take() {
                    Some(stream) => log.stream = Some(stream),
                    None => log.answers.push(message),
                }
            }
            self.grown.notify_all();
        }
    }

    /// Waits until `is_there`, the machine has ended or the time is over.
    fn wait(&self, within: Duration, is_there: impl Fn(&Log) -> bool) -> MutexGuard<'_, Log> {
        let deadline = Instant::now() + within;
        let mut log = self.lock();
        while !is_there(&log) && !log.closed {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            let waited = self.grown.wait_timeout(log, left);
            log = waited.expect("no thread panics while it holds the lock").0;
        }
        log
    }
}
