//! The tables that boot images expect in themselves.

use crate::format::ecma119::SYSTEM_AREA_BLOCKS;
use crate::options::BiosBoot;

/// Where the boot information table (`mkisofs -boot-info-table`) starts and ends.
const TABLE_START: usize = 8;
pub(crate) const TABLE_END: usize = 64;
/// Where GRUB 2 (`grub-mkrescue`, `--grub2-boot-info`) looks for the rest of itself.
const GRUB2_START: usize = 2548;
pub(crate) const GRUB2_END: usize = 2556;

/// The boot image with the tables that it wants, lying at `block`.
pub(super) fn patch(image: &[u8], block: u32, bios: &BiosBoot) -> Vec<u8> {
    let mut patched = image.to_vec();
    if bios.grub2_boot_info {
        // Sector 0 of the image is loaded; the rest starts behind it.
        let rest = u64::from(block) * 4 + 5;
        patched[GRUB2_START..GRUB2_END].copy_from_slice(&rest.to_le_bytes());
    }
    if bios.boot_info_table {
        let fields =
            [SYSTEM_AREA_BLOCKS as u32, block, image.len() as u32, word_sum(&patched[TABLE_END..])];
        let table = &mut patched[TABLE_START..TABLE_END];
        table.fill(0);
        for (field, value) in table.chunks_exact_mut(4).zip(fields) {
            field.copy_from_slice(&value.to_le_bytes());
        }
    }
    patched
}

/// The sum of the little-endian words; an incomplete last one is filled up with zeros.
fn word_sum(bytes: &[u8]) -> u32 {
    bytes.chunks(4).fold(0, |sum, chunk| {
        let mut word = [0; 4];
        word[..chunk.len()].copy_from_slice(chunk);
        sum.wrapping_add(u32::from_le_bytes(word))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_has_descriptor_place_length_and_sum() {
        let mut image = vec![0xEE; 70];
        image[64..].copy_from_slice(&[1, 0, 0, 0x80, 0xFF, 0x01]);
        let patched = patch(&image, 300, &BiosBoot::isolinux("i"));
        assert_eq!(patched[..8], [0xEE; 8]);
        assert_eq!(patched[8..24], [16, 0, 0, 0, 44, 1, 0, 0, 70, 0, 0, 0, 0, 2, 0, 0x80]);
        assert_eq!(patched[24..64], [0; 40]);
        assert_eq!(patched[64..], image[64..]);
    }

    #[test]
    fn grub_is_told_the_sector_after_its_first() {
        let patched = patch(&[0; 4096], 300, &BiosBoot::grub2("g"));
        assert_eq!(patched[2548..2556], 1205u64.to_le_bytes());
    }
}
