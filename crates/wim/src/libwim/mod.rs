//! Makes, changes, splits and applies WIMs with libwim.
//!
//! [`Wim`] is a WIM in memory: images are captured into it from files and folders of the host,
//! changed, and exported from one to another; nothing is on a medium until [`Wim::write`]. Every
//! file is written under a temporary name beside its own, and takes that when it is whole: a run
//! that fails or is stopped leaves no file, and what was there before as it was.
//!
//! Writes that compress run one after the other within a process, as libwim has one compression
//! level for all; each uses as many threads as it is told.
//!
//! Directory trees are read in Rust, with libwim for the compressed ones: see [`crate::read`].

mod codec;
mod failure;
mod ffi;
mod finish;
mod metadata;
mod options;
mod parts;
mod sources;
mod split;
mod watch;
mod wim;
mod write;
mod xml;

pub use options::{CaptureSource, Change, Compression, Fixed, UnixOptions, WriteOptions};
pub use split::{join, split};
pub use watch::{Observe, Progress, silent};
pub use wim::Wim;

pub(crate) use ffi::Decompressor;

/// The version of libwim that is linked, such as `1.14.4`.
pub fn version() -> String {
    ffi::version()
}
