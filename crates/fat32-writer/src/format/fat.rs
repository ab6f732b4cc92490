//! The entries of a FAT (Microsoft FAT specification, section 4).

/// The bytes of an entry.
pub(crate) const ENTRY_LEN: u64 = 4;

/// The media byte of a fixed or removable disk (BPB_Media).
pub(crate) const MEDIA: u8 = 0xF8;

/// FAT\[0\]: the media byte, all other bits set.
pub(crate) const FIRST: u32 = 0x0FFF_FF00 | MEDIA as u32;

/// FAT\[1\]: the end mark, with the bits that say "cleanly unmounted" and "no disk errors".
pub(crate) const SECOND: u32 = 0x0FFF_FFFF;

/// The entry of the last cluster of a chain.
pub(crate) const END: u32 = 0x0FFF_FFFF;

/// The number of the first cluster.
pub(crate) const FIRST_CLUSTER: u32 = 2;

/// The fewest clusters with which a volume is FAT32 (section 3.5: its size and nothing else says
/// which FAT it is).
pub(crate) const CLUSTERS_MIN: u32 = 65_525;

/// The most clusters: the numbers from 0x0FFFFFF6 on mean something else.
pub(crate) const CLUSTERS_MAX: u32 = 0x0FFF_FFF4;
