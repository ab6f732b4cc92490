//! What a long run tells, and how it is stopped.

use std::any::Any;
use std::ops::ControlFlow;
use std::path::PathBuf;

use crate::Algorithm;

/// What a long run is doing. Bytes are those of files, decompressed, unless said otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Sources are walked.
    Scan {
        /// The directories found so far.
        directories: u64,
        /// The files found so far.
        files: u64,
        /// Their bytes.
        bytes: u64,
    },
    /// File data is read, compressed and written. The total becomes smaller where files turn out
    /// to be equal. Of a split, each part counts from 0.
    Write {
        /// What is done.
        done: u64,
        /// What there is to do.
        total: u64,
        /// The bytes that what is done takes in the file.
        stored: u64,
    },
    /// The integrity table is made or compared: bytes of the file itself.
    Integrity {
        /// What is done.
        done: u64,
        /// What there is to do.
        total: u64,
    },
    /// Files are extracted.
    Apply {
        /// What is done.
        done: u64,
        /// What there is to do.
        total: u64,
    },
    /// File data is read and compared with its digests.
    Verify {
        /// What is done.
        done: u64,
        /// What there is to do.
        total: u64,
    },
    /// A part of a split WIM begins.
    Part {
        /// Which one, from 1 on.
        part: u32,
        /// How many there will be.
        parts: u32,
        /// The bytes of the parts before it, as they lie in the file.
        done: u64,
        /// The bytes of all parts.
        total: u64,
    },
}

/// Whoever is told. `Break` stops the run at once; it ends with
/// [`Error::Cancelled`](crate::Error::Cancelled) and leaves no file.
pub type Observe<'a> = &'a mut dyn FnMut(Progress) -> ControlFlow<()>;

/// Tells nobody.
pub fn silent(_: Progress) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

/// What one call of libwim is watched with, and what was seen.
pub(super) struct Watch<'a> {
    pub(super) observe: Observe<'a>,
    /// The file that was in the way, if libwim named one.
    pub(super) failed: Option<PathBuf>,
    /// What whoever is told panicked with; it goes on behind libwim.
    pub(super) panic: Option<Box<dyn Any + Send>>,
    /// The algorithm whose level is lowered once file data is written, as the metadata is made
    /// anew afterwards.
    pub(super) quick_metadata: Option<Algorithm>,
}

impl<'a> Watch<'a> {
    pub(super) fn new(observe: Observe<'a>) -> Self {
        Self { observe, failed: None, panic: None, quick_metadata: None }
    }
}
