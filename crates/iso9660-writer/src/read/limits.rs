//! What bounds the work on a hostile image.

/// Entries of one tree: four times the million files that an image is promised to hold; at some
/// hundred bytes each, a directory of that many still fits in memory.
pub(crate) const MAX_ENTRIES: u64 = 4 * 1024 * 1024;

/// Directories inside each other. A Windows path of 260 characters has at most 130 parts; the
/// bound keeps the path of every entry, and so the time, small on an image that is one long chain.
pub(crate) const MAX_DEPTH: usize = 256;

/// Volume descriptors in one sequence: a real image has three to five.
pub(crate) const MAX_DESCRIPTORS: u32 = 64;

/// System use areas of one directory record: a name of 255 bytes and a link of 4 KiB need less.
pub(crate) const MAX_CONTINUATIONS: usize = 16;

/// Sections of one file in ISO 9660: 2^16 of 4 GiB − 2 KiB are more than 200 TiB. A UDF file entry
/// bounds its extents by its one block.
pub(crate) const MAX_FILE_EXTENTS: usize = 65_536;

/// Bytes of a path table: its parent numbers have 16 bits, and no record is longer than 264.
pub(crate) const MAX_PATH_TABLE_BYTES: u64 = 65_536 * 264;
