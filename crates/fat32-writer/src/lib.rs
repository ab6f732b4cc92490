//! Where does every byte of a FAT32 volume lie?
//!
//! [`layout()`] turns a [`ValidTree`](image::ValidTree) and [`FatOptions`] into a [`Layout`]: the
//! place of every directory and file of a volume, bare or behind an MBR or a GPT.
//! [`Layout::into_image`] lists its extents, each with the source of its bytes. [`measure`] gives
//! the image's exact length without them. No byte of a file is read for any of this, and whoever
//! holds the list can write the image in any order, by copying or by sharing blocks, hash it, or
//! serve any range of it.
//!
//! # What is in an image
//!
//! - **FAT32** (Microsoft FAT specification of 2005): two FATs, FSInfo, and the copy of the boot
//!   record in sector 6. The clusters start at a multiple of 1 MiB of the image.
//! - Every directory and every file is **one run of clusters**, directories first, files by their
//!   rank and then in the order of the tree.
//! - **Long names** wherever a name is not a short one in upper case; the bits that Windows NT has
//!   for lower case are not used, because a long name says the same to every reader.
//! - Around it, if asked for, an **MBR** with one active partition of type 0x0C, or a **GPT** with
//!   one EFI system or basic data partition, and GRUB 2 for a BIOS. UEFI firmware starts
//!   `EFI/BOOT/BOOTX64.EFI` from any of them.
//! - Behind the volume, if asked for, **a second partition** ([`FatOptions::second_partition`]),
//!   which somebody else fills.
//!
//! Two files over the same bytes have clusters of their own: on FAT a cluster that belongs to two
//! files is an error, and repairing it gives one of them up. A file system below the image can
//! still share their blocks, since the data of every file starts at a multiple of 4096 bytes.
//!
//! # Clusters
//!
//! Clusters have 4096 bytes or more. Microsoft's formatter makes smaller ones in volumes under
//! 256 MiB, but then files do not lie at multiples of 4096, and no block of them can be shared. A
//! volume is FAT32 if it has 65,525 clusters and for no other reason, so the smallest image has
//! some 257 MiB; what nothing uses of it is a hole.
//!
//! # Names
//!
//! [`names::check`] has the rules, for whoever plans what goes onto a medium. A name that FAT32
//! cannot hold is never changed; it is a [`Problem`].
//!
//! # Reading
//!
//! [`read`] reads volumes, [`check`] checks them against every rule of [`check::RULES`], and
//! [`dump`] shows them. They share no code with the writer.
//!
//! # Changes to a volume that is there
//!
//! [`update`] adds files to a volume that anybody formatted and removes others, in an order that
//! leaves it sound at any moment.
//!
//! # Example
//!
//! ```
//! use fat32_writer::{FatOptions, PartitionKind, Partitioning, layout};
//! use image::{ByteCount, FileData, FileTree, Source};
//!
//! // Blobs are whatever stands for bytes that somebody else can read: here, a number.
//! let mut tree = FileTree::new();
//! tree.add_file("README.txt", FileData::Bytes(b"hello".as_slice().into()))?;
//! tree.add_file("sources/boot.wim", FileData::blob(7u32, ByteCount(500_000_000)))?;
//! let tree = tree.validate().map_err(|problems| problems[0].to_string())?;
//!
//! let options = FatOptions {
//!     volume_label: fat32_writer::names::label_of("Example"),
//!     serial: 0x1234_5678,
//!     partitioning: Partitioning::Gpt {
//!         kind: PartitionKind::BasicData,
//!         name: "Example".to_owned(),
//!         id: [42; 16],
//!     },
//!     ..FatOptions::default()
//! };
//! let layout = layout(tree, &options)?;
//! assert_eq!(layout.summary().cluster_size, 4096);
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
//!         Source::Zeros => { /* leave a hole, or write zeros where there may be something else */ }
//!     }
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What it does not do
//!
//! FAT12 and FAT16, times of single files, hidden and system files. It opens no file and reads no clock: ids and times come in as options, and the same
//! input gives the same bytes.

pub mod check;
mod disk;
pub mod dump;
mod encode;
mod error;
mod format;
mod layout;
pub mod names;
mod options;
pub mod read;
pub mod update;

pub use disk::{GrubImages, GrubProblem};
pub use error::{LayoutError, Limit, Problem, VolumeTooLarge};
pub use layout::{FileExtent, FreeSpace, Layout, LayoutSummary, layout, measure};
pub use options::{FatOptions, PartitionKind, Partitioning, SecondPartition, Timestamp};

/// The longest file, in bytes: its length has 32 bits (Microsoft FAT specification, section 6.4).
pub const FILE_LEN_MAX: image::ByteCount = image::ByteCount(u32::MAX as u64);

/// The most entries of a directory: 2 MiB of 32 bytes each, long names included (Microsoft FAT
/// specification, section 7). [`names::entries`] says how many a name takes.
pub const DIRECTORY_ENTRIES_MAX: u64 = 65_536;
