use super::iso_volume::IsoVolume;
use super::space::Use;
use super::tree::Tree;
use super::{Checker, rules};
use crate::read::boot::{BootCatalog, BootEntry, CatalogRule, ENTRY_LEN, Platform};
use crate::read::bytes::{all_zero, le32};
use crate::read::iso::SECTOR;
use crate::read::iso::volume_descriptor::FIRST_DESCRIPTOR;
use crate::read::partition::{LBA, Mbr};
use crate::read::{DataExtent, source};

/// Where the boot information table lies in a boot image, and where its sum begins.
const TABLE_AT: usize = 8;
const SUM_FROM: usize = 64;

/// The largest boot image whose boot information table is checked: a table is for loaders of some
/// ten KiB, and the sum is over all of it.
const TABLE_IMAGE_MAX: u64 = 16 * 1024 * 1024;

impl Checker<'_> {
    /// Checks the El Torito boot record and catalog.
    pub(super) fn check_boot(&mut self, volume: &IsoVolume, trees: &[Tree]) {
        let Some(record) = &volume.el_torito else { return };
        let bytes = &record.bytes[..];
        if record.offset != FIRST_DESCRIPTOR + SECTOR {
            let message = "the boot record is not at sector 17";
            self.report.add(rules::EL_TORITO_RECORD, record.offset, message);
        }
        if !all_zero(&bytes[30..71]) || !all_zero(&bytes[75..]) {
            let message = "a reserved field of the boot record that is not zero";
            self.report.add(rules::EL_TORITO_RECORD, record.offset + 30, message);
        }
        let offset = u64::from(record.boot_catalog()) * SECTOR;
        let Some(sector) = self.sector("El Torito boot catalog", offset) else {
            let message = format!("the boot catalog at byte {offset} is not inside the image");
            self.report.add(rules::EL_TORITO_RECORD, record.offset + 71, message);
            return;
        };
        self.claim(Use::BootCatalog, offset, SECTOR);
        let (catalog, faults) = BootCatalog::parse(offset, &sector);
        for (rule, offset, reason) in faults {
            let rule = match rule {
                CatalogRule::Checksum => rules::EL_TORITO_CHECKSUM,
                CatalogRule::Validation => rules::EL_TORITO_VALIDATION,
                CatalogRule::Section => rules::EL_TORITO_SECTION,
            };
            self.report.add(rule, offset, reason);
        }
        for entry in &catalog.entries {
            let at = (entry.offset - offset) as usize;
            let raw = &sector[at..at + ENTRY_LEN];
            self.check_boot_entry(entry, raw, trees);
        }
    }

    fn check_boot_entry(&mut self, entry: &BootEntry, raw: &[u8], trees: &[Tree]) {
        let mut wrong = |message: String| {
            self.report.add(rules::EL_TORITO_ENTRY, entry.offset, message);
        };
        if entry.indicator != 0x88 || entry.media != 0 {
            wrong(format!("indicator {:#04x}, media {}", entry.indicator, entry.media));
        }
        if entry.load_segment != 0 || entry.system_type != 0 || raw[5] != 0 || !all_zero(&raw[12..])
        {
            wrong("a load segment, a system type or selection criteria".to_owned());
        }
        let start = entry.load_offset();
        let Some(image) = boot_image(trees, start) else {
            wrong(format!("sector {} is not the start of a file", entry.load_sector));
            return;
        };
        let sectors = image.len.next_multiple_of(SECTOR) / 512;
        let fits = (1..=sectors).contains(&u64::from(entry.sector_count));
        // UEFI takes 0 and 1 as the rest of the volume, so the number may be too small for a
        // larger image, but never half-way.
        let whole = entry.platform != Platform::Uefi
            || entry.sector_count == 1
            || u64::from(entry.sector_count) >= image.len.div_ceil(512).min(65_535);
        if !fits || !whole {
            wrong(format!(
                "{} sectors of 512 bytes to load of an image of {} bytes",
                entry.sector_count, image.len
            ));
        }
        if entry.platform == Platform::Bios {
            self.check_mbr_boot_sector(start);
            if image.len <= TABLE_IMAGE_MAX {
                self.check_boot_info_table(image);
            }
        }
    }

    /// Checks the sector number behind the code of a hybrid MBR. GRUB's code wants that of the
    /// loader behind the first four sectors of the boot image.
    fn check_mbr_boot_sector(&mut self, start: u64) {
        let Ok(Some(mbr)) = Mbr::read(self.image) else { return };
        let Some(sector) = mbr.boot_sector else { return };
        let first = start / LBA;
        if sector != first && sector != first + 4 {
            let message = format!("sector {sector}, where the boot image starts at {first}");
            self.report.add(rules::MBR_BOOT_SECTOR, 432, message);
        }
    }

    /// Checks the table of a boot image that seems to have one: two of its four numbers are right.
    fn check_boot_info_table(&mut self, image: DataExtent) {
        if image.len < SUM_FROM as u64 {
            return;
        }
        let mut bytes = vec![0; image.len as usize];
        if let Err(error) = source::read_exact(self.image, "boot image", image.offset, &mut bytes) {
            self.report.add_error(rules::UNREADABLE, String::new, &error.into());
            return;
        }
        let sum = bytes[SUM_FROM..].chunks(4).fold(0u32, |sum, word| {
            let mut padded = [0; 4];
            padded[..word.len()].copy_from_slice(word);
            sum.wrapping_add(u32::from_le_bytes(padded))
        });
        let meant = [16, (image.offset / SECTOR) as u32, image.len as u32, sum];
        let names = ["primary descriptor", "place", "length", "sum"];
        let found: Vec<u32> = (0..4).map(|index| le32(&bytes, TABLE_AT + 4 * index)).collect();
        let right = found.iter().zip(&meant).filter(|(found, meant)| found == meant).count();
        if right < 2 {
            return;
        }
        for (index, name) in names.iter().enumerate() {
            if found[index] != meant[index] {
                let message = format!("{name} {} instead of {}", found[index], meant[index]);
                let offset = image.offset + (TABLE_AT + 4 * index) as u64;
                self.report.add(rules::BOOT_INFO_TABLE, offset, message);
            }
        }
        if !all_zero(&bytes[TABLE_AT + 16..SUM_FROM]) {
            let message = "reserved bytes that are not zero";
            self.report.add(rules::BOOT_INFO_TABLE, image.offset + 24, message);
        }
    }
}

/// The data of the file that starts at this offset.
fn boot_image(trees: &[Tree], offset: u64) -> Option<DataExtent> {
    trees.iter().find_map(|tree| {
        let starts_here =
            |file: &u32| tree.extents(*file).first().map(|e| e.offset) == Some(offset);
        let file = tree.files().find(starts_here)?;
        tree.extents(file).first().copied()
    })
}
