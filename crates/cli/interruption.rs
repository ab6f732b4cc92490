//! How the user stops a run.

use std::sync::atomic::{AtomicBool, Ordering};

use pipeline::progress::Cancel;

use crate::exit::{CommandError, Exit};

/// Set by SIGINT and SIGTERM.
pub static CANCEL: Cancel = Cancel::new();

/// Whether there is nothing to clean up at present, and somebody else to wait for.
static WAITING: AtomicBool = AtomicBool::new(false);

/// Lets SIGINT and SIGTERM end the run with everything cleaned up, and the second one at once: what
/// is left behind then is what a power cut would leave, and the next run mends it.
pub fn catch_interruption() -> Result<(), CommandError> {
    let on_signal = || {
        if CANCEL.check().is_err() || WAITING.load(Ordering::Relaxed) {
            std::process::exit(Exit::Interrupted as i32);
        }
        CANCEL.cancel();
    };
    ctrlc::set_handler(on_signal)
        .map_err(|error| CommandError::new(Exit::Failed, error.to_string()))
}

/// Does what may have to wait for another program for ever, as a command that asks for a password
/// does: meanwhile the first signal ends the run at once.
pub fn waiting<T>(work: impl FnOnce() -> T) -> Result<T, CommandError> {
    CANCEL.check()?;
    WAITING.store(true, Ordering::Relaxed);
    let done = work();
    WAITING.store(false, Ordering::Relaxed);
    CANCEL.check()?;
    Ok(done)
}
