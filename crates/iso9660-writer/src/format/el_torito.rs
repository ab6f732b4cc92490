//! El Torito 1.0: the boot record and the boot catalog.

use super::ecma119;
use super::{BLOCK, Block};

/// The block of the boot record volume descriptor (El Torito §2.0).
pub(crate) const BOOT_RECORD_BLOCK: u64 = 17;

/// The platforms of the catalog (El Torito figure 2; 0xEF from UEFI 2.10 §13.3.2.1).
pub(crate) const PLATFORM_BIOS: u8 = 0x00;
pub(crate) const PLATFORM_UEFI: u8 = 0xEF;

/// A bootable entry without emulation.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BootEntry {
    pub(crate) platform: u8,
    /// In sectors of 512 bytes.
    pub(crate) sectors: u16,
    pub(crate) block: u32,
}

/// The boot record volume descriptor (El Torito figure 7).
pub(crate) fn boot_record(catalog_block: u32) -> Block {
    let mut block = ecma119::head(0);
    block.set(7, b"EL TORITO SPECIFICATION");
    block.set(0x47, catalog_block.to_le_bytes());
    block
}

/// The boot catalog: the first entry is the default, every other a section of its own.
pub(crate) fn catalog(entries: &[BootEntry]) -> Vec<u8> {
    let mut catalog = Vec::with_capacity(BLOCK as usize);
    for (index, entry) in entries.iter().enumerate() {
        if index == 0 {
            catalog.extend(validation_entry(entry.platform));
        } else {
            let last = index + 1 == entries.len();
            catalog.extend(section_header(entry.platform, last));
        }
        catalog.extend(boot_entry(entry));
    }
    catalog.resize(BLOCK as usize, 0);
    catalog
}

/// The validation entry (El Torito figure 2); its 16-bit words add up to 0.
fn validation_entry(platform: u8) -> [u8; 32] {
    let mut entry = [0; 32];
    entry[0] = 0x01;
    entry[1] = platform;
    entry[0x1E..].copy_from_slice(&[0x55, 0xAA]);
    let words = entry.chunks_exact(2).map(|word| u16::from_le_bytes([word[0], word[1]]));
    let sum = words.fold(0u16, u16::wrapping_add);
    entry[0x1C..0x1E].copy_from_slice(&sum.wrapping_neg().to_le_bytes());
    entry
}

/// A section header (El Torito figure 4) for one entry.
fn section_header(platform: u8, last: bool) -> [u8; 32] {
    let mut entry = [0; 32];
    entry[0] = if last { 0x91 } else { 0x90 };
    entry[1] = platform;
    entry[2..4].copy_from_slice(&1u16.to_le_bytes());
    entry
}

/// An initial or section entry (El Torito figures 3 and 5); load segment 0 means 0x7C0.
fn boot_entry(entry: &BootEntry) -> [u8; 32] {
    let mut bytes = [0; 32];
    bytes[0] = 0x88;
    bytes[6..8].copy_from_slice(&entry.sectors.to_le_bytes());
    bytes[8..12].copy_from_slice(&entry.block.to_le_bytes());
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_the_validation_entry_add_up_to_zero() {
        for platform in [PLATFORM_BIOS, PLATFORM_UEFI] {
            let entry = validation_entry(platform);
            let words = entry.chunks_exact(2).map(|word| u16::from_le_bytes([word[0], word[1]]));
            assert_eq!(words.fold(0u16, u16::wrapping_add), 0);
        }
    }

    #[test]
    fn the_second_entry_follows_a_final_section_header() {
        let bios = BootEntry { platform: PLATFORM_BIOS, sectors: 4, block: 100 };
        let uefi = BootEntry { platform: PLATFORM_UEFI, sectors: 1, block: 200 };
        let catalog = catalog(&[bios, uefi]);
        assert_eq!(catalog[32..44], [0x88, 0, 0, 0, 0, 0, 4, 0, 100, 0, 0, 0]);
        assert_eq!(catalog[64..68], [0x91, 0xEF, 1, 0]);
        assert_eq!(catalog[96..108], [0x88, 0, 0, 0, 0, 0, 1, 0, 200, 0, 0, 0]);
    }
}
