//! Reads exFAT volumes: bare, in an MBR partition, or in a GPT partition.
//!
//! The parser is independent of this crate's encoder and written from the specification, so that a
//! mistake of the writer is found. It takes hostile images: it never panics, ends on chains and
//! directories that lead back to themselves, and bounds its memory; `limits.rs` has each bound and
//! its reason.
//!
//! In walking order: [`ReadAt`] → [`ExfatReader`] → [`Entry`], one by one through a visitor or all
//! in a [`Volume`] → [`FileReader`] for a file's bytes.

pub(crate) mod boot_sector;
pub(crate) mod bytes;
mod bytes_of_file;
pub(crate) mod clusters;
pub(crate) mod directory;
mod entry;
mod error;
pub(crate) mod limits;
pub(crate) mod partition;
mod reader;
pub(crate) mod upcase;
mod walk;

pub use bytes_of_file::FileReader;
pub use entry::{Entry, EntryKind, Volume, VolumeInfo};
pub use error::ReadError;
pub(crate) use image::read as source;
pub use image::read::{DataExtent, ReadAt};
pub use reader::{ExfatReader, find};
pub(crate) use walk::root;
