//! Faults of what firmware starts from.

use crate::Case;
use crate::read::damage::{Damaged, SECTOR};

pub const BOOT: &[Case] = &[
    ("validation checksum", "el-torito-checksum", |image| image.flip(image.boot_catalog() + 28)),
    ("validation key", "el-torito-validation", |image| image.flip(image.boot_catalog() + 30)),
    ("boot indicator", "el-torito-entry", |image| image.set(image.boot_catalog() + 32, [0])),
    ("emulation", "el-torito-entry", |image| image.set(image.boot_catalog() + 33, [4])),
    ("boot image elsewhere", "el-torito-entry", |image| {
        let at = image.boot_catalog() + 40;
        image.set32(at, image.get32(at) + 1);
    }),
    ("boot image outside", "el-torito-entry", |image| {
        image.set32(image.boot_catalog() + 40, 0x00FF_FFFF);
    }),
    ("sectors of the boot image", "el-torito-entry", |image| {
        image.set(image.boot_catalog() + 38, 1000u16.to_le_bytes());
    }),
    ("section not marked last", "el-torito-section", |image| {
        image.set(image.boot_catalog() + 64, [0x90]);
    }),
    ("section of many entries", "el-torito-section", |image| {
        image.set(image.boot_catalog() + 66, 5000u16.to_le_bytes());
    }),
    ("catalog outside", "el-torito-record", |image| {
        image.set32(17 * SECTOR + 71, 0x00FF_FFFF);
    }),
    ("reserved field of the boot record", "el-torito-record", |image| {
        image.set(17 * SECTOR + 1000, [1]);
    }),
    ("length in the boot information table", "boot-info-table", |image| {
        image.flip(bios_image(image) + 16);
    }),
    ("sum in the boot information table", "boot-info-table", |image| {
        image.flip(bios_image(image) + 1000);
    }),
    ("sector in the MBR code", "mbr-boot-sector", |image| image.flip(432)),
];

fn bios_image(image: &Damaged) -> usize {
    image.get32(image.boot_catalog() + 40) as usize * SECTOR
}

pub const PARTITIONS: &[Case] = &[
    ("MBR partition beyond the image", "mbr-partition", |image| {
        image.set32(446 + 12, 0x7FFF_FFFF);
    }),
    ("no protective partition", "mbr-protective", |image| image.set(446 + 4, [0x17])),
    ("protective partition too short", "mbr-protective", |image| {
        let len = image.get32(446 + 12);
        image.set32(446 + 12, len - 1);
    }),
    ("MBR missing", "mbr-protective", |image| image.zero(510, 2)),
    ("header CRC", "gpt-header-crc", |image| image.flip(512 + 16)),
    ("header field", "gpt-header-crc", |image| image.flip(512 + 48)),
    ("entries CRC", "gpt-entries-crc", |image| image.flip(1024 + 56)),
    ("backup header CRC", "gpt-header-crc", |image| image.flip(image.backup_gpt() * 512 + 16)),
    ("backup entries CRC", "gpt-entries-crc", |image| {
        image.flip((image.backup_gpt() - 32) * 512 + 56);
    }),
    ("primary missing", "gpt-primary", |image| image.zero(512, 92)),
    ("backup missing", "gpt-backup", |image| image.zero(image.backup_gpt() * 512, 92)),
    ("backup not at the end", "gpt-backup", |image| image.0.extend([0; SECTOR])),
    ("alternate header elsewhere", "gpt-header", |image| {
        image.flip(512 + 32);
        image.fix_gpt(1);
    }),
    ("usable space over the backup", "gpt-header", |image| {
        let last = image.backup_gpt() as u64;
        image.set(512 + 48, last.to_le_bytes());
        image.fix_gpt(1);
    }),
    ("copies differ", "gpt-copies-differ", |image| {
        let lba = image.backup_gpt();
        image.flip((lba - 32) * 512 + 56);
        image.fix_gpt(lba);
    }),
    ("partition outside the usable space", "gpt-partition", |image| {
        let last = image.backup_gpt();
        image.set(1024 + 40, (last as u64).to_le_bytes());
        image.fix_gpt(1);
    }),
    ("partition that is no file", "gpt-partition", |image| {
        let first = image.get64(1024 + 32);
        image.set(1024 + 32, (first + 4).to_le_bytes());
        image.fix_gpt(1);
    }),
    ("partitions overlap", "gpt-partition", |image| {
        let entry = image.0[1024..1024 + 128].to_vec();
        image.set(1024 + 128, entry);
        image.flip(1024 + 128 + 16);
        image.fix_gpt(1);
    }),
];
