//! Running the commands of steps: their time, their output, and their end.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::io::{self, Read};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};

/// How much of the end of a command's output is kept, in bytes: four for each of the 1,000
/// characters that a variable gets.
const KEPT: usize = 4000;
/// How much of a line is handed on; the rest of a longer one is dropped.
const LINE_MAX: usize = 1000;
/// How many lines a command may tell: one that floods its output is read to the end all the same.
const LINES_MAX: usize = 2000;
/// How long what a command has started may hold its output open after its own end.
const LINGER: Duration = Duration::from_secs(2);
/// How often a command is looked at that has a time to end by.
const LOOK: Duration = Duration::from_millis(10);

/// A command to run.
#[derive(Clone, Debug, Default)]
pub struct Job {
    /// The program and its arguments.
    pub words: Vec<OsString>,
    /// The folder to start in.
    pub folder: Option<PathBuf>,
    /// What is added to the environment of the program.
    pub environment: Vec<(OsString, OsString)>,
    /// The time after which it and all that it has started is ended.
    pub limit: Option<Duration>,
    /// Whether it talks to whoever is at the computer; its output is not read then.
    pub interactive: bool,
}

/// How a command ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobEnd {
    /// How.
    pub outcome: Outcome,
    /// The last characters of its output and errors, at most 1,000.
    pub output: String,
}

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// With this exit code; a signal counts as 128 and its number, as in a shell.
    Exited(i64),
    /// Its time ran out.
    TimedOut,
}

impl Job {
    /// A line for the shell.
    pub fn shell(line: &str) -> Self {
        let words = ["/bin/sh", "-c", line].map(OsString::from).to_vec();
        Self { words, ..Self::default() }
    }

    /// Runs it to its end and hands each line of its output on, without the line's end.
    ///
    /// `Err` when it cannot be started.
    pub fn run(&self, line: &mut dyn FnMut(&str)) -> io::Result<JobEnd> {
        let (program, arguments) =
            self.words.split_first().ok_or(io::Error::from(io::ErrorKind::InvalidInput))?;
        let mut command = Command::new(program);
        command.args(arguments).envs(self.environment.iter().cloned());
        if let Some(folder) = &self.folder {
            command.current_dir(folder);
        }
        if self.interactive {
            let mut child = command.spawn()?;
            return self.end_of(&mut child, JobOutput::default());
        }
        // A group of its own, so that whatever it starts is ended with it.
        command.process_group(0).stdin(Stdio::null());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn()?;
        let (sender, receiver) = sync_channel(16);
        if let Some(pipe) = child.stdout.take() {
            let sender = sender.clone();
            thread::spawn(move || pump(pipe, 0, &sender));
        }
        if let Some(pipe) = child.stderr.take() {
            thread::spawn(move || pump(pipe, 1, &sender));
        }
        let mut output = JobOutput::default();
        let timed_out = self.follow(&mut child, &receiver, &mut output, line);
        let group = Pid::from_child(&child);
        let status = if timed_out {
            // A process that has ended already is no error here.
            let _ = kill_process_group(group, Signal::KILL);
            child.wait()?;
            return Ok(JobEnd { outcome: Outcome::TimedOut, output: output.finish(line) });
        } else {
            child.wait()?
        };
        Ok(JobEnd { outcome: Outcome::Exited(code_of(status)), output: output.finish(line) })
    }

    /// Takes the output until the command has ended; whether its time ran out.
    fn follow(
        &self,
        child: &mut Child,
        receiver: &Receiver<Chunk>,
        output: &mut JobOutput,
        line: &mut dyn FnMut(&str),
    ) -> bool {
        let deadline = self.limit.map(|limit| Instant::now() + limit);
        let mut ended: Option<Instant> = None;
        loop {
            match receiver.recv_timeout(LOOK) {
                Ok((stream, bytes)) => output.take(stream, &bytes, line),
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => {}
            }
            let now = Instant::now();
            if ended.is_none() && !matches!(child.try_wait(), Ok(None)) {
                ended = Some(now);
            }
            // What goes on in the background must not hold up the sequence.
            if ended.is_some_and(|ended| now - ended > LINGER) {
                return false;
            }
            if ended.is_none() && deadline.is_some_and(|deadline| now >= deadline) {
                return true;
            }
        }
        // It has closed its output, and may go on without.
        loop {
            match child.try_wait() {
                Ok(None) if deadline.is_some_and(|deadline| Instant::now() >= deadline) => {
                    return true;
                }
                Ok(None) => thread::park_timeout(LOOK),
                _ => return false,
            }
        }
    }

    fn end_of(&self, child: &mut Child, output: JobOutput) -> io::Result<JobEnd> {
        let deadline = self.limit.map(|limit| Instant::now() + limit);
        loop {
            if let Some(status) = child.try_wait()? {
                let outcome = Outcome::Exited(code_of(status));
                return Ok(JobEnd { outcome, output: output.finish(&mut |_| {}) });
            }
            if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
                child.kill()?;
                child.wait()?;
                return Ok(JobEnd { outcome: Outcome::TimedOut, output: String::new() });
            }
            thread::park_timeout(LOOK);
        }
    }
}

fn code_of(status: ExitStatus) -> i64 {
    match (status.code(), status.signal()) {
        (Some(code), _) => i64::from(code),
        (None, Some(signal)) => 128 + i64::from(signal),
        (None, None) => -1,
    }
}

/// A stream, 0 for output and 1 for errors, and some bytes of it.
type Chunk = (usize, Vec<u8>);

fn pump(mut pipe: impl Read, stream: usize, sender: &SyncSender<Chunk>) {
    let mut buffer = vec![0; 16 * 1024];
    while let Ok(read @ 1..) = pipe.read(&mut buffer) {
        if sender.send((stream, buffer[..read].to_vec())).is_err() {
            return;
        }
    }
}

/// What of an output is kept, whatever its length.
#[derive(Default)]
struct JobOutput {
    tail: VecDeque<u8>,
    /// The line that is not at its end yet, of each stream.
    begun: [Vec<u8>; 2],
    lines: usize,
}

impl JobOutput {
    fn take(&mut self, stream: usize, bytes: &[u8], line: &mut dyn FnMut(&str)) {
        self.tail.extend(bytes);
        let surplus = self.tail.len().saturating_sub(KEPT);
        self.tail.drain(..surplus);
        for piece in bytes.split_inclusive(|&byte| byte == b'\n') {
            let begun = &mut self.begun[stream];
            let room = LINE_MAX.saturating_sub(begun.len());
            begun.extend(&piece[..piece.len().min(room)]);
            if piece.ends_with(b"\n") {
                self.end_line(stream, line);
            }
        }
    }

    fn end_line(&mut self, stream: usize, line: &mut dyn FnMut(&str)) {
        self.lines += 1;
        let text = String::from_utf8_lossy(&self.begun[stream]);
        let text = text.trim_end_matches(['\r', '\n']);
        if self.lines <= LINES_MAX && !text.is_empty() {
            line(text);
        } else if self.lines == LINES_MAX + 1 {
            line(&format!("more than {LINES_MAX} lines; the rest is not written down"));
        }
        self.begun[stream].clear();
    }

    fn finish(mut self, line: &mut dyn FnMut(&str)) -> String {
        for stream in 0..self.begun.len() {
            if !self.begun[stream].is_empty() {
                self.end_line(stream, line);
            }
        }
        let bytes: Vec<u8> = self.tail.into();
        let text = String::from_utf8_lossy(&bytes);
        let count = text.chars().count();
        text.chars().skip(count.saturating_sub(1000)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(line: &str, limit: Option<u64>) -> (JobEnd, Vec<String>) {
        let mut lines = Vec::new();
        let job = Job { limit: limit.map(Duration::from_millis), ..Job::shell(line) };
        let end = job.run(&mut |line| lines.push(line.to_owned())).unwrap();
        (end, lines)
    }

    #[test]
    fn code_output_and_lines_come_from_both_streams() {
        let (end, lines) = run("echo one; echo two >&2; printf three; exit 7", None);
        assert_eq!(end.outcome, Outcome::Exited(7));
        let mut sorted = lines.clone();
        sorted.sort();
        assert_eq!(sorted, ["one", "three", "two"], "{lines:?}");
        assert!(end.output.contains("two\n"), "{}", end.output);
    }

    #[test]
    fn a_signal_is_a_code_as_in_a_shell() {
        assert_eq!(run("kill -9 $$", None).0.outcome, Outcome::Exited(137));
    }

    #[test]
    fn what_hangs_is_ended_with_all_that_it_has_started() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("pid");
        let line = format!("sh -c 'echo $$ >{}; exec sleep 1000' & sleep 1000", file.display());
        let started = Instant::now();
        assert_eq!(run(&line, Some(300)).0.outcome, Outcome::TimedOut);
        assert!(started.elapsed() < Duration::from_secs(100));
        let pid: u32 = std::fs::read_to_string(&file).unwrap().trim().parse().unwrap();
        // The child is not ours, so its end shows only in /proc; a zombie counts.
        let alive = || {
            std::fs::read_to_string(format!("/proc/{pid}/stat"))
                .is_ok_and(|stat| !stat.contains(") Z") && !stat.contains(") X"))
        };
        while alive() {
            assert!(started.elapsed() < Duration::from_secs(100), "it still runs");
            thread::yield_now();
        }
    }

    #[test]
    fn what_closes_its_output_and_hangs_is_ended_too() {
        assert_eq!(run("exec >&- 2>&-; exec sleep 1000", Some(100)).0.outcome, Outcome::TimedOut);
    }

    #[test]
    fn a_flood_is_read_to_its_end_and_little_of_it_is_kept() {
        let (end, lines) = run("yes 'a line of it' | head -n 200000; echo last", None);
        assert_eq!(end.outcome, Outcome::Exited(0));
        assert_eq!(lines.len(), LINES_MAX + 1);
        assert!(end.output.ends_with("last\n"));
        assert_eq!(end.output.chars().count(), 1000);
    }

    #[test]
    fn what_goes_on_in_the_background_holds_nothing_up() {
        let (end, _) = run("sleep 1000 & exit 3", None);
        assert_eq!(end.outcome, Outcome::Exited(3));
    }

    #[test]
    fn what_cannot_be_started_is_an_error() {
        let job = Job { words: vec!["/nonexistent/program".into()], ..Job::default() };
        assert_eq!(job.run(&mut |_| {}).unwrap_err().kind(), io::ErrorKind::NotFound);
    }
}
