//! What bounds the work on a hostile image.

/// Entries of one volume: four times the million files that an image is promised to hold.
pub(crate) const MAX_ENTRIES: u64 = 4 * 1024 * 1024;

/// Directories inside each other. A Windows path of 260 characters has at most 130 parts; the
/// bound keeps the path of every entry, and so the time, small on an image that is one long chain.
pub(crate) const MAX_DEPTH: usize = 256;

/// Bytes of one directory (exFAT specification, section 6.2).
pub(crate) const MAX_DIRECTORY_BYTES: u64 = 256 * 1024 * 1024;
