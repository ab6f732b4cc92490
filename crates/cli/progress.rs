//! Progress on standard error: a bar, plain lines, or one JSON object a line.

use std::io::{IsTerminal, Write};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use pipeline::progress::{Amount, Phase, Progress, Silent};
use serde_json::json;

/// How progress is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum ProgressMode {
    /// A bar on a terminal, else nothing
    #[default]
    Auto,
    /// A bar
    Bar,
    /// A line now and then
    Plain,
    /// One JSON object a line
    Json,
    /// Nothing
    None,
}

/// The version of the JSON lines on standard error.
pub const SCHEMA_VERSION: u32 = 1;

/// Makes what shows progress.
pub fn progress(mode: ProgressMode) -> Box<dyn Progress> {
    match mode {
        ProgressMode::Auto if !std::io::stderr().is_terminal() => Box::new(Silent),
        ProgressMode::Auto | ProgressMode::Bar => Box::new(Bar(Mutex::default())),
        ProgressMode::Plain => Box::new(Lines::new(false)),
        ProgressMode::Json => Box::new(Lines::new(true)),
        ProgressMode::None => Box::new(Silent),
    }
}

struct Bar(Mutex<Option<ProgressBar>>);

impl Progress for Bar {
    fn begin(&self, phase: Phase, total: Amount) {
        let bar =
            if total.bytes > 0 { ProgressBar::new(total.bytes) } else { ProgressBar::no_length() };
        let template = if total.bytes > 0 {
            "{msg:>7} [{bar:40}] {bytes}/{total_bytes} {bytes_per_sec} {eta}"
        } else {
            "{msg:>7} {spinner} {bytes}"
        };
        let style = ProgressStyle::with_template(template).expect("the template is well-formed");
        bar.set_style(style.progress_chars("=> "));
        bar.set_message(phase.name());
        if let Some(before) = self.0.lock().expect("no thread panics with the lock").replace(bar) {
            before.finish_and_clear();
        }
    }

    fn advance(&self, amount: Amount) {
        if let Some(bar) = &*self.0.lock().expect("no thread panics with the lock") {
            bar.inc(amount.bytes);
        }
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        if let Some(bar) = self.0.lock().expect("no thread panics with the lock").take() {
            bar.finish_and_clear();
        }
    }
}

/// How often a line is written.
const EVERY: Duration = Duration::from_secs(2);

struct Lines {
    json: bool,
    bytes: AtomicU64,
    files: AtomicU64,
    state: Mutex<State>,
}

struct State {
    phase: Phase,
    total: Amount,
    last: Instant,
}

impl Lines {
    fn new(json: bool) -> Self {
        let state = State { phase: Phase::Scan, total: Amount::default(), last: Instant::now() };
        Self { json, bytes: AtomicU64::new(0), files: AtomicU64::new(0), state: Mutex::new(state) }
    }

    fn line(&self, state: &State, message_type: &str) {
        let bytes = self.bytes.load(Ordering::Relaxed);
        let files = self.files.load(Ordering::Relaxed);
        let phase = state.phase.name();
        let line = if self.json {
            json!({
                "message_type": message_type,
                "schema_version": SCHEMA_VERSION,
                "phase": phase,
                "bytes": bytes,
                "files": files,
                "total_bytes": state.total.bytes,
                "total_files": state.total.files,
            })
            .to_string()
        } else if state.total.bytes > 0 {
            format!("{phase}: {bytes} of {} bytes", state.total.bytes)
        } else {
            format!("{phase}: {bytes} bytes")
        };
        // Nobody is left to tell if standard error is closed.
        let _ = writeln!(std::io::stderr(), "{line}");
    }
}

impl Progress for Lines {
    fn begin(&self, phase: Phase, total: Amount) {
        let mut state = self.state.lock().expect("no thread panics with the lock");
        *state = State { phase, total, last: Instant::now() };
        self.bytes.store(0, Ordering::Relaxed);
        self.files.store(0, Ordering::Relaxed);
        self.line(&state, "phase");
    }

    fn advance(&self, amount: Amount) {
        self.bytes.fetch_add(amount.bytes, Ordering::Relaxed);
        self.files.fetch_add(amount.files, Ordering::Relaxed);
        if let Ok(mut state) = self.state.try_lock()
            && state.last.elapsed() >= EVERY
        {
            state.last = Instant::now();
            self.line(&state, "progress");
        }
    }
}
