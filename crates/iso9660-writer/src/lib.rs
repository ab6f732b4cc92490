//! Where does every byte of a disc image lie?
//!
//! [`layout()`] turns a [`ValidTree`](image::ValidTree) and [`IsoOptions`] into a [`Layout`]: the
//! place of every descriptor, directory and file of an image that is ISO 9660, Joliet, Rock Ridge
//! and UDF at once. [`Layout::into_image`] lists its extents, each with the source of its bytes.
//! [`measure`] gives the image's exact length without them. No byte of a file is read for any of
//! this, and whoever holds the list can write the image in any order, by copying or by sharing
//! blocks, hash it, or serve any range of it.
//!
//! # What is in an image
//!
//! - **ISO 9660 level 3**: 31 characters, upper case, `;1`; files over 4 GiB as several sections.
//!   For boot loaders and for everything old.
//! - **Rock Ridge** (optional): POSIX names and permissions, for Unix.
//! - **Joliet level 3** (optional): 64 UTF-16 units, for Windows and others where UDF is not read.
//! - **UDF 1.02** (optional): 255 bytes, any length of file up to 234 GiB. What Windows reads
//!   first, and all it reads of files over 4 GiB.
//! - **El Torito** entries for BIOS and UEFI, and an **MBR and GPT** for starting from a stick.
//!
//! All of them point at the same file data. Files of equal content lie there once. Each file's data
//! starts at a multiple of 4096 bytes, so file systems can share blocks with its source.
//!
//! Level 3 with Joliet rather than ISO 9660:1999 (version 2 descriptors): ISOLINUX and much
//! firmware read only the primary tree, and Windows knows Joliet.
//!
//! Directories lie as deep as the tree has them. ECMA-119 §6.8.2.1 allows 8 levels; no reader in
//! use enforces it, and the relocation of Rock Ridge would show paths in the primary tree that are
//! not the paths of the others.
//!
//! # Names
//!
//! Names that a namespace cannot hold are changed in it: ISO 9660 names always, Joliet names that
//! are too long, hold one of `*/:;?\` or end in a dot or space, and Rock Ridge names over 250
//! bytes. Names that become equal are numbered. What a name becomes depends only on the names in
//! its directory. UDF holds names as they are; one that does not fit is a
//! [`LayoutError::Names`].
//!
//! # Example
//!
//! ```
//! use image::{ByteCount, FileData, FileTree, Source};
//! use iso9660_writer::{IsoOptions, Timestamp, layout};
//!
//! // Blobs are whatever stands for bytes that somebody else can read: here, a number.
//! let mut tree = FileTree::new();
//! tree.add_file("README.txt", FileData::Bytes(b"hello".as_slice().into()))?;
//! tree.add_file("sources/install.wim", FileData::blob(7u32, ByteCount(5_000_000_000)))?;
//! tree.add_file("copy of install.wim", FileData::blob(7u32, ByteCount(5_000_000_000)))?;
//! let tree = tree.validate().map_err(|problems| problems[0].to_string())?;
//!
//! let options = IsoOptions {
//!     volume_label: "Example".to_owned(),
//!     created: Timestamp(1_700_000_000),
//!     serial: [42; 16],
//!     ..IsoOptions::default()
//! };
//! let layout = layout(tree, &options)?;
//! assert_eq!(layout.summary().shared_bytes, ByteCount(5_000_000_000));
//!
//! let image = layout.into_image();
//! for extent in image.extents() {
//!     match &extent.source {
//!         Source::Bytes(bytes) => { /* write them at extent.start */ }
//!         Source::Encoded { encoder, part } => {
//!             let mut bytes = Vec::new();
//!             encoder.encode(*part, &mut bytes);
//!             assert_eq!(bytes.len() as u64, extent.len.0);
//!         }
//!         Source::Blob { blob, offset } => { /* copy or clone extent.len bytes */ }
//!         Source::Zeros => { /* leave a hole */ }
//!     }
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What it does not do
//!
//! Multiple sessions, symbolic links, ownership and times of single files, HFS+, El Torito
//! emulation, directory relocation. It opens no file and reads no clock: ids and times come in as
//! options, and the same input gives the same bytes.

mod boot;
pub mod check;
pub mod dump;
mod encode;
mod error;
mod format;
mod layout;
mod names;
mod options;
pub mod read;

pub use error::{BootImageProblem, FileTooLong, LayoutError, NameLimit, NameProblem};
pub use layout::{FileExtent, Layout, LayoutSummary, layout, measure};
pub use options::{BiosBoot, BootOptions, IsoOptions, MbrCode, Timestamp, UefiBoot};

/// The longest file that an image with UDF holds, in bytes: 234 GiB less 234 blocks.
///
/// A file entry of one 2048-byte block has room for 234 short allocation descriptors of at most
/// 1 GiB − 2 KiB each (ECMA-167 4/14.9, 4/14.14.1.1).
pub const FILE_LEN_MAX: image::ByteCount = image::ByteCount(format::udf::FILE_LEN_MAX);
