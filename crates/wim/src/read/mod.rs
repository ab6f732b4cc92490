//! Reads WIMs: header, blob table, XML data and directory trees.
//!
//! The parser takes hostile files: it never panics, ends on directories that lead back to
//! themselves, and bounds its memory; `limits.rs` has each bound and its reason. Compressed
//! metadata is decompressed by libwim, and not at all without the feature `libwim`; everything
//! else is Rust.
//!
//! In walking order: [`ReadAt`] → [`WimReader`] → [`Statistics`], [`ImageInfo`]s, and a [`Tree`] of
//! [`Entry`]s, whose bytes a [`BlobIndex`] finds. [`inspect`] takes the first three at once.

mod blobs;
mod entry;
mod error;
#[cfg(unix)]
mod file;
pub(crate) mod integrity;
pub(crate) mod limits;
mod reader;
pub(crate) mod resource;
mod tree;
mod xml;

pub(crate) use blobs::blob_len;
pub use blobs::{Blob, BlobIndex, BlobPlace, Statistics};
pub use entry::{Entry, Stream};
pub use error::ReadError;
pub(crate) use error::images;
#[cfg(unix)]
pub use file::{FileSource, inspect_file};
pub use image::read::ReadAt;
pub(crate) use image::read::{check_inside, read_exact};
pub use reader::{WimInfo, WimReader, inspect};
pub use tree::Tree;
pub use xml::{Architecture, ImageInfo, WindowsInfo};
