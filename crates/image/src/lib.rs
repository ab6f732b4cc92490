//! Where does every byte lie?
//!
//! An image is a list of extents: sorted, contiguous, and each with the source of its bytes. ISO,
//! UDF, FAT32, GPT and MBR are pure functions from a [`ValidTree`] to an [`Image`]; one writer
//! performs them all.
//!
//! The types in walking order: [`FileTree`] → [`ValidTree`] → (a writer crate's layout) →
//! [`Image`] of [`Extent`]s with a [`Source`] each. [`partition`] holds MBR and GPT, [`read`] what
//! readers of all formats share.
//!
//! This crate does not know packages, digests, files of the host or formats of file systems. It is
//! generic over the blob `B`, which is a small id of bytes that somebody else can read.
//!
//! ```
//! use image::{ByteCount, ByteOffset, FileData, FileTree};
//!
//! let mut tree = FileTree::new();
//! tree.add_file("SMS/PKG/P0100001/setup.exe", FileData::blob(7u32, ByteCount(4096)))?;
//! let tree = tree.validate().map_err(|problems| problems[0].to_string())?;
//! assert_eq!(tree.file_count(), 1);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod extent;
pub mod partition;
pub mod read;
mod tree;
mod units;

pub use extent::{Encode, Extent, Image, ImageError, Source};
pub use tree::{
    DirectoryEntry, FileData, FileTree, NodeId, NodeKind, PathError, TreeProblem, ValidNode,
    ValidTree,
};
pub use units::{ByteCount, ByteOffset};
