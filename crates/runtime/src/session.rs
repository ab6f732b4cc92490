//! A whole run, from looking for the media to the end: what the program does.

mod resume;
mod sequence_media;
mod start;

use std::path::PathBuf;

use tasksequence::run::Running;

use crate::media::Drives;
use crate::run::{Computer, RunEnd};
use crate::screen::{Screen, Tone};
use crate::unlock::UnlockError;

/// How the program was started.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The folder of a run that goes on.
    pub resume: Option<PathBuf>,
    /// Where the run keeps its files as long as the target has no file system of its own.
    pub folder: PathBuf,
}

/// How the program ends; the numbers are those of all verbs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum SessionExit {
    /// The sequence has succeeded, or the computer starts again.
    Done = 0,
    /// The sequence has failed, or could not begin.
    Failed = 1,
    /// Content is missing.
    ContentMissing = 4,
    /// The media are damaged.
    Integrity = 6,
    /// The password is wrong.
    Password = 7,
}

/// Why a run does not begin, and the exit code for that.
pub(crate) struct Refusal {
    pub exit: SessionExit,
    pub why: String,
}

impl Refusal {
    fn new(exit: SessionExit, why: impl Into<String>) -> Self {
        Self { exit, why: why.into() }
    }
}

impl From<UnlockError> for Refusal {
    fn from(error: UnlockError) -> Self {
        let exit = match &error {
            UnlockError::Damaged(_) => SessionExit::Integrity,
            UnlockError::Password(_) => SessionExit::Password,
            _ => SessionExit::Failed,
        };
        Self::new(exit, error.to_string())
    }
}

/// What a session gets from the computer.
pub struct Surroundings<'a> {
    /// What whoever is there sees.
    pub screen: &'a mut dyn Screen,
    /// The computer.
    pub computer: &'a mut dyn Computer,
    /// Where media are put in.
    pub drives: &'a mut dyn Drives,
    /// What runs on it.
    pub running: Running,
}

/// Runs the task sequence of the media, or goes on with a run.
pub fn run(
    options: &Options,
    surroundings: &mut Surroundings<'_>,
) -> (SessionExit, Option<RunEnd>) {
    let ended = match &options.resume {
        Some(folder) => resume::resume(options, folder, surroundings),
        None => start::start(options, surroundings),
    };
    match ended {
        Ok(end) => {
            let exit = match &end {
                RunEnd::Ended { succeeded: true, .. } | RunEnd::Restarting => SessionExit::Done,
                RunEnd::Ended { .. } | RunEnd::Stopped(_) => SessionExit::Failed,
            };
            (exit, Some(end))
        }
        Err(refusal) => {
            surroundings.screen.say(Tone::Bad, &refusal.why);
            (refusal.exit, None)
        }
    }
}
