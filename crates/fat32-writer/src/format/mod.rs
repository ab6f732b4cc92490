//! The bytes of the standard: fields in their names and positions, no decisions.

pub(crate) mod boot_sector;
pub(crate) mod directory_entry;
pub(crate) mod fat;
pub(crate) mod time;

/// The bytes of a sector: the only size that every firmware and every tool takes.
pub(crate) const SECTOR: u64 = 512;

/// The mark at the end of a boot sector and of both FSInfo sectors.
pub(crate) const MARK: [u8; 2] = [0x55, 0xAA];
