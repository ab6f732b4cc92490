//! Faults of what lies around a volume.

use fat32_writer::read::ReadAt;

use crate::Case;
use crate::read::Sparse;
use crate::read::damage::Damaged;

pub const GPT: &[Case] = &[
    ("no protective partition", "mbr-protective", |image| image.set(446 + 4, [0x17])),
    ("protective partition too short", "mbr-protective", |image| {
        let len = image.get32(446 + 12);
        image.set32(446 + 12, len - 1);
    }),
    ("MBR missing", "mbr-protective", |image| image.set(510, [0, 0])),
    ("header CRC", "gpt-header-crc", |image| image.flip(512 + 16)),
    ("header field", "gpt-header-crc", |image| image.flip(512 + 48)),
    ("entries CRC", "gpt-entries-crc", |image| image.flip(1024 + 56)),
    ("backup header CRC", "gpt-header-crc", |image| image.flip(image.backup_gpt() * 512 + 16)),
    ("backup entries CRC", "gpt-entries-crc", |image| {
        image.flip((image.backup_gpt() - 32) * 512 + 56);
    }),
    ("revision", "gpt-header", |image| {
        image.flip(512 + 8);
        image.fix_gpt(1);
    }),
    ("alternate header elsewhere", "gpt-header", |image| {
        image.flip(512 + 32);
        image.fix_gpt(1);
    }),
    ("no disk GUID", "gpt-header", |image| {
        for lba in [1, image.backup_gpt()] {
            image.set(lba * 512 + 56, [0; 16]);
            image.fix_gpt(lba);
        }
    }),
    ("entries of 4 GiB", "gpt-header", |image| {
        image.set32(image.backup_gpt() * 512 + 80, 0x0200_0000);
    }),
    ("no backup", "gpt-backup", |image| image.flip(image.backup_gpt() * 512)),
    ("no primary", "gpt-primary", |image| image.flip(512)),
    ("another disk in the backup", "gpt-copies-differ", |image| {
        let lba = image.backup_gpt();
        image.flip(lba * 512 + 56);
        image.fix_gpt(lba);
    }),
    ("partition over the backup", "gpt-partition", |image| {
        let last = image.backup_gpt() - 1;
        for (entries, lba) in [(2, 1), (image.backup_gpt() - 32, image.backup_gpt())] {
            image.set(entries * 512 + 40, last.to_le_bytes());
            image.fix_gpt(lba);
        }
    }),
    ("partition longer than the volume", "bpb-total-sectors", |image| {
        let last = image.get64(1024 + 40);
        for (entries, lba) in [(2, 1), (image.backup_gpt() - 32, image.backup_gpt())] {
            image.set(entries * 512 + 40, (last + 8).to_le_bytes());
            image.fix_gpt(lba);
        }
    }),
    ("byte before the partition", "gap-not-zero", |image| image.set(100 * 512, [1])),
    ("byte behind the partition", "gap-not-zero", |image| {
        image.set((image.backup_gpt() - 40) * 512, [1]);
    }),
];

pub const MBR: &[Case] = &[
    ("another type", "mbr-kind", |image| image.set(446 + 4, [0x0B])),
    ("status", "mbr-partition", |image| image.set(446, [0x81])),
    ("partition beyond the image", "mbr-partition", |image| {
        image.set32(446 + 12, 0x7FFF_FFFF);
    }),
    ("length in an empty entry", "mbr-partition", |image| image.set32(462 + 12, 1)),
    ("partitions over each other", "mbr-partition", |image| {
        let entry = image.bytes(446, 16);
        image.set(462, entry);
    }),
    ("partition shorter than the volume", "bpb-total-sectors", |image| {
        let len = image.get32(446 + 12);
        image.set32(446 + 12, len - 2048);
    }),
    ("byte before the partition", "gap-not-zero", |image| image.set(100 * 512, [1])),
];

/// The volume of a bare image in an MBR partition that starts at an LBA.
pub fn in_a_partition_at(lba: u32, volume: &Damaged) -> Sparse {
    let mut volume = volume.clone();
    volume.set_boot(28, lba.to_le_bytes());
    let mut image = Sparse::default();
    image.extend(u64::from(lba) * 512 + volume.0.len());
    for offset in volume.0.offsets() {
        image.write(u64::from(lba) * 512 + offset, &volume.bytes(offset, 4096));
    }
    let mut entry = [0; 16];
    (entry[0], entry[4]) = (0x80, 0x0C);
    entry[8..12].copy_from_slice(&lba.to_le_bytes());
    entry[12..].copy_from_slice(&((volume.0.len() / 512) as u32).to_le_bytes());
    image.write(446, &entry);
    image.write(510, &[0x55, 0xAA]);
    image
}
