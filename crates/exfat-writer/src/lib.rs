//! Where does every byte of an exFAT volume lie?
//!
//! [`layout()`] turns a [`ValidTree`](image::ValidTree) and [`ExfatOptions`] into a [`Layout`]: the
//! place of every directory and file of a volume. [`Layout::into_image`] lists its extents, each
//! with the source of its bytes. [`measure`] gives the volume's exact length without them. No byte
//! of a file is read for any of this, and whoever holds the list can write the volume in any order,
//! by copying or by sharing blocks, hash it, or serve any range of it.
//!
//! # What is in a volume
//!
//! exFAT, as Microsoft's specification (revision 1.00) has it: a boot region and its backup, one
//! FAT, the clusters from a multiple of 1 MiB on. In them lie, each as **one run of clusters**, the
//! allocation bitmap, the recommended up-case table, the directories, and the files by their rank
//! and then in the order of the tree. The FAT holds the chains of the first three, since nothing
//! else says where they end; of all others it says nothing (NoFatChain), so a volume of terabytes
//! has a FAT with a few entries and a hole.
//!
//! Two files over the same bytes have clusters of their own: a cluster that belongs to two files is
//! an error. A file system below the image can still share their blocks, since the data of every
//! file starts at a multiple of 4096 bytes.
//!
//! Clusters are those of Microsoft's formatter: 4 KiB up to 256 MiB, 32 KiB up to 32 GiB, 128 KiB
//! above, and as large as need be where even they have no numbers any more.
//!
//! # Partitions
//!
//! What lies around a volume is its caller's business, who says in
//! [`ExfatOptions::partition_offset`] where it starts. The reader finds volumes in partitions of an
//! MBR (type 0x07) or a GPT (basic data), too.
//!
//! # Names
//!
//! [`names::check`] has the rules, for whoever plans what goes onto a medium. A name that exFAT
//! cannot hold is never changed; it is a [`Problem`].
//!
//! # Reading
//!
//! [`read`] reads volumes, [`check`] checks them against every rule of [`check::RULES`], and
//! [`dump`] shows them. They share no code with the writer.
//!
//! # Example
//!
//! ```
//! use exfat_writer::check::{CheckOptions, check};
//! use exfat_writer::{ExfatOptions, layout};
//! use image::{ByteCount, FileData, FileTree, Source};
//!
//! // Blobs are whatever stands for bytes that somebody else can read: here, a number.
//! let mut tree = FileTree::new();
//! tree.add_file("README.txt", FileData::Bytes(b"hello".as_slice().into()))?;
//! tree.add_file("sources/install.wim", FileData::blob(7u32, ByteCount(6_000_000_000)))?;
//! let tree = tree.validate().map_err(|problems| problems[0].to_string())?;
//!
//! let options = ExfatOptions {
//!     volume_label: exfat_writer::names::label_of("Example"),
//!     serial: 0x1234_5678,
//!     ..ExfatOptions::default()
//! };
//! let layout = layout(tree, &options)?;
//! assert_eq!(layout.summary().cluster_size, 32_768);
//!
//! for extent in layout.into_image().extents() {
//!     match &extent.source {
//!         Source::Bytes(bytes) => { /* write them at extent.start */ }
//!         Source::Encoded { encoder, part } => {
//!             let mut bytes = Vec::new();
//!             encoder.encode(*part, &mut bytes);
//!             assert_eq!(bytes.len() as u64, extent.len.0);
//!         }
//!         Source::Blob { blob, offset } => { /* copy or clone extent.len bytes */ }
//!         Source::Zeros => { /* leave a hole, or write zeros where there may be something else */ }
//!     }
//! }
//!
//! // A volume in memory is read back and checked.
//! let mut tree = FileTree::<u32>::new();
//! tree.add_file("README.txt", FileData::Bytes(b"hello".as_slice().into()))?;
//! let tree = tree.validate().map_err(|problems| problems[0].to_string())?;
//! let mut volume = Vec::new();
//! for extent in exfat_writer::layout(tree, &options)?.into_image().extents() {
//!     match &extent.source {
//!         Source::Bytes(bytes) => volume.extend_from_slice(bytes),
//!         Source::Encoded { encoder, part } => encoder.encode(*part, &mut volume),
//!         _ => volume.resize(extent.end().0 as usize, 0),
//!     }
//! }
//! assert_eq!(check(&volume, &CheckOptions::default()), []);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What it does not do
//!
//! TexFAT, times of single files, hidden and system files, vendors' entries, changes to a volume
//! that is there. It opens no file and reads no clock: serial and time come in as options, and the
//! same input gives the same bytes. A directory is encoded at once, so one of a million files takes
//! some 100 MB while it is written.

pub mod check;
pub mod dump;
mod encode;
mod error;
mod format;
mod layout;
pub mod names;
mod options;
pub mod read;

pub use error::{LayoutError, Limit, Problem};
pub use layout::{FileExtent, FreeSpace, Layout, LayoutSummary, layout, measure};
pub use options::{ExfatOptions, Timestamp};

/// The longest file that a length field can say, in bytes; a volume has at most 128 PiB for all of
/// them (exFAT specification, section 7.6.7).
pub const FILE_LEN_MAX: image::ByteCount = image::ByteCount(u64::MAX);

/// The most entries of a directory: 256 MiB of 32 bytes each (exFAT specification, section 6.2).
/// [`names::entries`] says how many a name takes.
pub const DIRECTORY_ENTRIES_MAX: u64 = 8_388_608;
