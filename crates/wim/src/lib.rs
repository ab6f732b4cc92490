//! What is in a WIM, and how is one made?
//!
//! Three parts that stand by themselves:
//!
//! - [`read`] reads WIMs in Rust: [`read::inspect`] says what a file says of itself (compression,
//!   images, solid or split, what single instancing saves), [`read::Tree`] lists the files of an
//!   image; [`dump`](mod@dump) shows all of it as text. Hostile files are answered with an error
//!   that says what is wrong and where.
//! - [`layout()`] plans an uncompressed WIM as an [`image::Image`]: every byte, in order, and where
//!   it comes from. Blobs start at multiples of 4096, so whoever writes it can share their blocks
//!   with their sources instead of copying them. [`plan_parts`] plans the parts of a WIM that is to
//!   be split in the same way, and [`bound_export`] says what a solid one can take once it is
//!   exported to be split.
//! - `libwim`, with the feature of that name, makes all others with the C library libwim: captures,
//!   changes, exports, splits, joins, verifies and applies, with progress, a way to stop, and the
//!   same bytes for the same input.
//!
//! The types in walking order: [`image::ValidTree`] → [`PlannedImage`] → [`WimLayout`] →
//! [`image::Image`] and [`Late`]; [`read::ReadAt`] → [`read::WimReader`] → [`read::WimInfo`],
//! [`read::Tree`] → [`read::Entry`]; `libwim::CaptureSource` → `libwim::Wim` → a file.
//!
//! # Late parts
//!
//! A WIM names the bytes of files by their SHA-1, in the metadata of its images and in its blob
//! table. Whoever writes a planned WIM learns those while copying, so the parts that hold them are
//! late: their places and lengths are in the plan, their bytes come from
//! [`WimLayout::encode_late`] once all digests are known.
//!
//! ```
//! use std::sync::Arc;
//!
//! use image::{ByteCount, FileData, FileTree};
//! use wim::{
//!     Facts, Filetime, Guid, ImageTexts, LatePart, PlannedImage, Sha1, WimOptions, layout,
//! };
//!
//! // Blobs are whatever stands for bytes that somebody else can read.
//! #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
//! enum Blob {
//!     File(u32),
//!     Late(LatePart),
//! }
//!
//! let mut tree = FileTree::new();
//! tree.add_file("bootmgr", FileData::Bytes(b"loader".as_slice().into()))?;
//! tree.add_file("sources/install.wim", FileData::blob(Blob::File(7), ByteCount(5_000_000_000)))?;
//! let tree = tree.validate().map_err(|problems| problems[0].to_string())?;
//!
//! let time = Filetime::from_unix_seconds(1_700_000_000);
//! let image = PlannedImage {
//!     tree: Arc::new(tree),
//!     facts: Facts::Uniform(time),
//!     texts: ImageTexts { name: "Prestaged".to_owned(), ..ImageTexts::default() },
//! };
//! let options = WimOptions { guid: Guid([42; 16]), created: time, boot_index: 0 };
//! let layout = layout(vec![image], &options)?;
//! let image = layout.image(Blob::Late);
//! for extent in image.extents() {
//!     // Write bytes, copy or share blobs, leave holes; leave the late parts for the end.
//! }
//! // Every blob has been read, so its digest is known.
//! let digests = layout.digests(|_, _, _| Sha1([1; 20]));
//! let late = layout.encode_late(&digests);
//! let [(_, header, _), (_, tables, len)] = layout.late_extents();
//! assert_eq!((header.0, late.tables.len() as u64), (0, len.0));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What it does not do
//!
//! WIMs for pipes, which only wimlib reads; security descriptors, links and named streams in planned
//! WIMs; mounting. It knows nothing of packages and media.

pub mod dump;
mod error;
mod export;
mod filetime;
mod format;
mod layout;
#[cfg(feature = "libwim")]
pub mod libwim;
mod parts;
pub mod read;

pub use error::Error;
pub use export::{ExportBound, bound_export, is_export_of};
pub use filetime::Filetime;
pub use format::{Algorithm, Guid, Header, HeaderFlags, ResourceHeader, Sha1};
pub use layout::{
    Facts, FileFacts, ImageTexts, Late, LatePart, LayoutError, NameLimit, NameProblem,
    PartedLayout, PlannedBlob, PlannedImage, WimLayout, WimOptions, layout,
};
pub use parts::{PartError, PartPiece, PlannedPart, plan_parts};
