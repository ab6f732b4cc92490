//! How a long run tells what it does, and how it is stopped.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::Error;

/// What a long run tells while it works. Called from several threads.
pub trait Progress: Sync {
    /// A phase begins; `bytes` and `files` is what it will do, where that is known.
    fn begin(&self, phase: Phase, total: Amount);
    /// More of the present phase is done.
    fn advance(&self, amount: Amount);
}

/// A phase of a build or a verification.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Contents are walked.
    Scan,
    /// Files that may be duplicates are read.
    Hash,
    /// A solid WIM is exported to one that can be split.
    Export,
    /// Images are written.
    Write,
    /// Images are read back.
    Verify,
}

impl Phase {
    /// The phase in one lower-case word.
    pub fn name(self) -> &'static str {
        match self {
            Self::Scan => "scan",
            Self::Hash => "hash",
            Self::Export => "export",
            Self::Write => "write",
            Self::Verify => "verify",
        }
    }
}

/// Bytes and files.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Amount {
    /// Bytes.
    pub bytes: u64,
    /// Files.
    pub files: u64,
}

/// Tells nobody.
#[derive(Debug)]
pub struct Silent;

impl Progress for Silent {
    fn begin(&self, _: Phase, _: Amount) {}
    fn advance(&self, _: Amount) {}
}

/// A wish to stop, which every long loop asks for.
#[derive(Debug, Default)]
pub struct Cancel(AtomicBool);

impl Cancel {
    /// Nobody wishes to stop.
    pub const fn new() -> Self {
        Self(AtomicBool::new(false))
    }

    /// Stops the run at its next step. Safe to call in a signal handler.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// `Err(Error::Cancelled)` once somebody wished to stop.
    pub fn check(&self) -> Result<(), Error> {
        if self.0.load(Ordering::Relaxed) { Err(Error::Cancelled) } else { Ok(()) }
    }
}
