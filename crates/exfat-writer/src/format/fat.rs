//! The entries of the FAT (exFAT specification, section 4.1) and the numbers of clusters.

/// The bytes of an entry.
pub(crate) const ENTRY_LEN: u64 = 4;

/// FatEntry\[0\]: the media type, all other bits set.
pub(crate) const FIRST: u32 = 0xFFFF_FFF8;

/// FatEntry\[1\]: all bits set, for historical reasons.
pub(crate) const SECOND: u32 = 0xFFFF_FFFF;

/// The entry of the last cluster of a chain.
pub(crate) const END: u32 = 0xFFFF_FFFF;

/// The number of the first cluster.
pub(crate) const FIRST_CLUSTER: u32 = 2;

/// The most clusters of a volume (section 3.1.9): higher numbers mean something else.
pub(crate) const CLUSTERS_MAX: u32 = u32::MAX - 10;
