//! Reads images: every tree of names, the boot catalog and the partition tables.
//!
//! The parser is independent of this crate's encoder and written from the standards (ECMA-119,
//! Joliet, SUSP and RRIP 1.12, ECMA-167, UDF 1.02, El Torito, UEFI's GPT), so that a mistake of the
//! writer is found. It takes hostile images: it never panics, ends on directories that lead back
//! to themselves, and bounds its memory; `limits.rs` has each bound and its reason.
//!
//! In walking order: [`ReadAt`] → [`IsoReader`] or [`UdfReader`] → [`Entry`], one by one through a
//! visitor or all in a [`Volume`] → [`FileReader`] for a file's bytes.

pub mod boot;
pub(crate) mod bytes;
mod bytes_of_file;
pub(crate) mod entry;
mod error;
pub(crate) mod iso;
pub(crate) mod limits;
pub mod partition;
pub(crate) mod udf;
mod volume;
pub(crate) mod walk;

pub use bytes_of_file::FileReader;
pub use entry::{Entry, EntryKind, Namespace, Volume};
pub use error::ReadError;
pub(crate) use image::read as source;
pub use image::read::{DataExtent, ReadAt};
pub use iso::IsoReader;
pub use udf::UdfReader;
pub use volume::{find, namespaces, read_volume, walk};
