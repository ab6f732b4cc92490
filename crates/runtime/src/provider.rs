//! What does a step on this computer, and what it gets for that.

use std::error::Error;
use std::path::{Path, PathBuf};

use cmtrace::LogType;
use content::CatalogObject;
use tasksequence::run::{Environment, Running, StepEnd, StepRun, Value};

use crate::volume::Volumes;

/// Does the steps of one type. It is chosen by the type alone, and never guesses.
pub trait Provider: Sync {
    /// Does a step to its end.
    ///
    /// A step that ran and failed is `Ok` with its exit code, which the step's own list judges.
    /// `Err` when it could not be done at all; the step fails then.
    fn run(&self, step: &StepRun, host: &mut dyn Host) -> Result<StepEnd, StepFailure>;
}

/// Why a step could not be done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct StepFailure {
    /// In words, with the remedy, and without secrets.
    pub reason: String,
}

impl StepFailure {
    /// A failure for this reason.
    pub fn new(reason: impl Into<String>) -> Self {
        Self { reason: reason.into() }
    }

    /// A failure because of an error, with everything that is behind it.
    pub fn because(error: &dyn Error) -> Self {
        Self { reason: chain(error) }
    }
}

/// An error with its causes, in one line.
pub(crate) fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text.push_str(": ");
        text.push_str(&error.to_string());
        source = error.source();
    }
    text
}

/// What a provider gets from the run.
pub trait Host {
    /// The variables of the run; those of the step come before them, see [`value_of`].
    fn environment(&self) -> &Environment;

    /// Sets a variable of the run; an empty value deletes it. Read-only ones are the engine's.
    fn set_variable(&mut self, name: &str, value: Value) -> Result<(), StepFailure>;

    /// Sets a variable that only the engine may set.
    fn set_engine_variable(&mut self, name: &str, value: Value) -> Result<(), StepFailure>;

    /// What runs on the computer.
    fn running(&self) -> Running;

    /// The folder with the files of a content, every one of which has been compared with its
    /// manifest. It must not be written to, and is there until the step ends.
    fn content(&mut self, id: &str) -> Result<PathBuf, StepFailure>;

    /// Copies the files of a content to a folder, which may hold others; every one is compared with
    /// its manifest meanwhile. After an error, what is there is not whole.
    fn copy_content(&mut self, id: &str, to: &Path) -> Result<(), StepFailure>;

    /// A package or application of the media by its id; applications also by the id that steps
    /// know them by, and by their name.
    fn object(&self, id: &str) -> Option<&CatalogObject>;

    /// The partitions that the run has made.
    fn volumes(&self) -> &Volumes;

    /// Changes the partitions that the run has made: after it, those that can are mounted.
    fn set_volumes(&mut self, volumes: Volumes) -> Result<(), StepFailure>;

    /// Lets go of everything on a disk, because it will be erased: nothing of it is mounted
    /// afterwards.
    fn release_disk(&mut self, disk: u32) -> Result<(), StepFailure>;

    /// The device that the media are read from; `None` for a folder. It is no disk of the target.
    fn media_device(&self) -> Option<&Path>;

    /// The partition of the target with contents that the run uses since the factory: nothing may
    /// erase it.
    fn prestaged_device(&self) -> Option<&Path>;

    /// The name of the folder, at the root of a partition, that the run keeps its own files in:
    /// applying an image there leaves it alone, and capturing leaves it out.
    fn own_folder(&self) -> &'static str;

    /// Where a step may put files for its own use; they are gone after the run.
    fn scratch_folder(&self) -> PathBuf;

    /// Adds an entry to the log; never a secret.
    fn log(&mut self, kind: LogType, text: &str);

    /// Says how much of the step is done, in bytes.
    fn progress(&mut self, done: u64, total: u64);
}

/// The value of a variable while a step runs: what the run has set before wins over the step's own.
pub fn value_of(step: &StepRun, host: &dyn Host, name: &str) -> Value {
    if let Some((_, value)) = step.variables.iter().find(|(own, _)| own.eq_ignore_ascii_case(name))
    {
        return value.clone();
    }
    host.environment().get(name).cloned().unwrap_or_default()
}
