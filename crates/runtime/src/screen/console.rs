//! The text screen: lines that scroll, with one line at the end that is written over.
//!
//! A computer may have a monitor and a serial line, and nobody knows where somebody sits: all
//! consoles of the kernel show the same, and each can answer.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, IsTerminal, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};
use zeroize::Zeroizing;

use super::words::{bytes, duration};
use super::{Asked, Screen, Tone};

/// How often the line of progress is written: a serial line carries eleven bytes a millisecond.
const REDRAW: Duration = Duration::from_millis(500);
/// The cells of the bar.
const BAR: u64 = 24;

/// The consoles of the computer, or the terminal that the program was started from.
pub struct Console {
    outputs: Vec<Output>,
    lines: Receiver<Option<Zeroizing<String>>>,
    /// How many consoles can still answer.
    open: usize,
    step: Option<Step>,
    /// Whether the cursor stands behind a line of progress.
    dirty: bool,
}

struct Output {
    file: File,
    terminal: bool,
}

struct Step {
    label: String,
    name: String,
    began: Instant,
    drawn: Option<Instant>,
}

impl Console {
    /// The terminal, or the pipes, that the program was started with.
    pub fn of_program() -> Self {
        let stdout = std::io::stdout().as_fd().try_clone_to_owned();
        let stdin = std::io::stdin().as_fd().try_clone_to_owned();
        Self::of(stdout.into_iter().map(File::from).collect(), stdin.into_iter().collect())
    }

    /// All consoles that the kernel writes to, as `active` (`/sys/class/tty/console/active`) names
    /// them below `dev`; the program's own terminal if there are none.
    pub fn of_computer(active: &Path, dev: &Path) -> Self {
        let names = std::fs::read_to_string(active).unwrap_or_default();
        let open = |name: &str| {
            let file = OpenOptions::new().read(true).write(true).open(dev.join(name)).ok()?;
            file.is_terminal().then_some(file)
        };
        let files: Vec<File> = names.split_whitespace().filter_map(open).collect();
        if files.is_empty() {
            return Self::of_program();
        }
        let inputs = files.iter().filter_map(|file| file.as_fd().try_clone_to_owned().ok());
        let inputs = inputs.collect();
        Self::of(files, inputs)
    }

    fn of(files: Vec<File>, inputs: Vec<OwnedFd>) -> Self {
        let (sender, lines) = channel();
        let open = inputs.len();
        for input in inputs {
            let sender = sender.clone();
            thread::spawn(move || read_lines(File::from(input), &sender));
        }
        let outputs = files.into_iter().map(|file| Output { terminal: file.is_terminal(), file });
        Self { outputs: outputs.collect(), lines, open, step: None, dirty: false }
    }

    /// Writes to all; a console that cannot be written to stops nothing.
    fn write(&mut self, text: &str) {
        for output in &mut self.outputs {
            let _ = output.file.write_all(text.as_bytes()).and_then(|()| output.file.flush());
        }
    }

    fn write_line(&mut self, text: &str) {
        if std::mem::take(&mut self.dirty) {
            // Over what is left of the progress.
            self.write("\r\x1b[K");
        }
        self.write(&format!("{text}\n"));
    }

    /// Switches the showing of what is typed on or off.
    fn set_echo(&mut self, on: bool) {
        for output in self.outputs.iter().filter(|output| output.terminal) {
            let Ok(mut modes) = tcgetattr(&output.file) else { continue };
            modes.local_modes.set(LocalModes::ECHO, on);
            let _ = tcsetattr(&output.file, OptionalActions::Now, &modes);
        }
    }

    fn next_line(&mut self, within: Option<Duration>) -> Result<Zeroizing<String>, Asked> {
        let deadline = within.map(|within| Instant::now() + within);
        while self.open > 0 {
            let received = match deadline {
                None => self.lines.recv().map_err(|_| RecvTimeoutError::Disconnected),
                Some(deadline) => {
                    let left = deadline.saturating_duration_since(Instant::now());
                    self.lines.recv_timeout(left)
                }
            };
            match received {
                Ok(Some(line)) => return Ok(line),
                Ok(None) => self.open -= 1,
                Err(RecvTimeoutError::Timeout) => return Err(Asked::Nothing),
                Err(RecvTimeoutError::Disconnected) => self.open = 0,
            }
        }
        Err(Asked::Nobody)
    }

    /// What was typed before a question is no answer to it; what a pipe holds is.
    fn forget_lines(&mut self) {
        if !self.outputs.iter().any(|output| output.terminal) {
            return;
        }
        while let Ok(line) = self.lines.try_recv() {
            self.open -= usize::from(line.is_none());
        }
    }
}

fn read_lines(file: File, sender: &Sender<Option<Zeroizing<String>>>) {
    let mut reader = BufReader::new(file);
    loop {
        let mut bytes = Zeroizing::new(Vec::new());
        match reader.read_until(b'\n', &mut bytes) {
            Ok(1..) => {}
            _ => break,
        }
        let text = String::from_utf8_lossy(&bytes);
        let line = Zeroizing::new(text.trim_end_matches(['\r', '\n']).to_owned());
        if sender.send(Some(line)).is_err() {
            return;
        }
    }
    // Nobody waits any more when the program ends.
    let _ = sender.send(None);
}

impl Screen for Console {
    fn say(&mut self, tone: Tone, text: &str) {
        for (number, line) in text.lines().enumerate() {
            let mark = match tone {
                Tone::Plain | Tone::Good => "  ",
                Tone::Asking if number == 0 => "? ",
                Tone::Bad if number == 0 => "! ",
                Tone::Asking | Tone::Bad => "  ",
            };
            self.write_line(&format!("{mark}{line}"));
        }
    }

    fn step(&mut self, number: usize, of: usize, name: &str) {
        let width = of.to_string().len();
        let label = format!("[{number:width$}/{of}]");
        self.write_line(&format!("{label} {name}"));
        let began = Instant::now();
        self.step = Some(Step { label, name: name.to_owned(), began, drawn: None });
    }

    fn progress(&mut self, done: u64, total: u64) {
        let Some(step) = &mut self.step else { return };
        let now = Instant::now();
        if total == 0 || step.drawn.is_some_and(|drawn| now - drawn < REDRAW) {
            return;
        }
        step.drawn = Some(now);
        let filled = (done.min(total) as u128 * u128::from(BAR) / u128::from(total)) as usize;
        let percent = done.min(total) as u128 * 100 / u128::from(total);
        let line = format!(
            "\r\x1b[K      [{}{}] {percent:3} %  {} of {}  {}",
            "#".repeat(filled),
            ".".repeat(BAR as usize - filled),
            bytes(done),
            bytes(total),
            duration(now - step.began),
        );
        // A file or a pipe would keep every one of these lines.
        for output in self.outputs.iter_mut().filter(|output| output.terminal) {
            let _ = output.file.write_all(line.as_bytes()).and_then(|()| output.file.flush());
            self.dirty = true;
        }
    }

    fn step_ended(&mut self, tone: Tone, words: &str) {
        let Some(step) = self.step.take() else { return };
        let time = duration(step.began.elapsed());
        let mark = if tone == Tone::Bad { "!" } else { " " };
        let line = format!("{} {}: {words}, {time} {mark}", step.label, step.name);
        self.write_line(line.trim_end());
    }

    fn ask_secret(&mut self, prompt: &str) -> Option<Zeroizing<String>> {
        self.forget_lines();
        self.set_echo(false);
        if std::mem::take(&mut self.dirty) {
            self.write("\n");
        }
        self.write(&format!("? {prompt}: "));
        let line = self.next_line(None).ok();
        self.write("\n");
        self.set_echo(true);
        line
    }

    fn ask(&mut self, prompt: &str, within: Option<Duration>) -> Asked {
        if !prompt.is_empty() {
            self.forget_lines();
            if std::mem::take(&mut self.dirty) {
                self.write("\n");
            }
            self.write(&format!("? {prompt}: "));
        }
        match self.next_line(within) {
            Ok(line) => Asked::Line(line.to_string()),
            Err(asked) => {
                if !prompt.is_empty() {
                    self.write("\n");
                }
                asked
            }
        }
    }
}
