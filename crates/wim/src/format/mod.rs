//! The bytes of a WIM, in the words of its format: fields in their positions, no decisions.
//!
//! Everything is little-endian. Microsoft's description of the format ("Windows Imaging File
//! Format", 2007) covers version 1.13; solid resources (version 14) are known from the files that
//! Windows and wimlib write.

pub(crate) mod bytes;
mod dentry;
mod header;
mod resource;

pub use header::{Algorithm, Guid, Header, HeaderFlags};
pub use resource::{ResourceHeader, Sha1};

pub(crate) use dentry::{
    DENTRY_ALIGNMENT, DENTRY_SIZE, Dentry, STREAM_SIZE, attributes, name_bytes, name_space,
};
pub(crate) use header::{HEADER_SIZE, MAGIC, PIPABLE_MAGIC, VERSION_DEFAULT, VERSION_SOLID};
pub(crate) use resource::{BLOB_ENTRY_SIZE, BlobEntry, resource_flags};

/// The bytes of an integrity table before its digests: its size, their number, the chunk's size.
pub(crate) const INTEGRITY_HEAD_SIZE: usize = 12;
