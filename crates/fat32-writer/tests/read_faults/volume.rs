//! Faults of boot sector, FSInfo, and what lies between them and the FATs.

use crate::Case;

pub const BOOT_RECORD: &[Case] = &[
    ("no jump", "boot-jump", |image| image.set_boot(0, [0])),
    ("one FAT", "bpb-field", |image| image.set_boot(16, [1])),
    ("16-bit sectors", "bpb-field", |image| image.set_boot(19, [1])),
    ("no heads", "bpb-field", |image| image.set_boot(26, [0, 0])),
    ("one FAT in use", "bpb-field", |image| image.set_boot(40, [0x80])),
    ("version", "bpb-field", |image| image.set_boot(42, [1])),
    ("place of FSInfo", "bpb-field", |image| image.set_boot(48, [2])),
    ("place of the backup", "bpb-field", |image| image.set_boot(50, [12])),
    ("drive", "bpb-field", |image| image.set_boot(64, [0x55])),
    ("signature", "bpb-field", |image| image.set_boot(66, [0x28])),
    ("type", "bpb-field", |image| image.set_boot(82, b"FAT16   ")),
    ("reserved bytes", "bpb-reserved", |image| image.set_boot(52, [1])),
    ("reserved bits of the state", "bpb-reserved", |image| image.set_boot(65, [2])),
    ("left open", "bpb-state", |image| image.set_boot(65, [1])),
    ("media byte", "bpb-media", |image| image.set_boot(21, [0xF0])),
    ("media byte in the FAT", "bpb-media", |image| image.set_link(0, 0x0FFF_FFF0)),
    ("hidden sectors", "bpb-hidden-sectors", |image| image.set_boot(28, [7, 7])),
    ("a sector too few", "bpb-total-sectors", |image| {
        let sectors = image.get32(image.volume() + 32);
        image.set_boot(32, (sectors - 1).to_le_bytes());
    }),
    ("clusters of FAT16", "bpb-cluster-count", |image| {
        image.set_boot(32, 400_000u32.to_le_bytes());
    }),
    ("FATs too short", "bpb-cluster-count", |image| image.set_boot(36, 100u32.to_le_bytes())),
    ("FATs too long", "bpb-cluster-count", |image| {
        image.set_boot(36, 0x0FFF_FFFFu32.to_le_bytes())
    }),
    ("clusters of 64 KiB", "bpb-cluster-size", |image| image.set_boot(13, [128])),
    ("root cluster", "bpb-root-cluster", |image| image.set_boot(44, [3])),
    ("backup differs", "backup-boot-sector", |image| image.flip(image.volume() + 6 * 512 + 100)),
    ("backup of FSInfo differs", "backup-fsinfo", |image| {
        image.flip(image.volume() + 7 * 512 + 488);
    }),
    ("backup of the third sector differs", "backup-fsinfo", |image| {
        image.flip(image.volume() + 8 * 512 + 3);
    }),
    ("mark of the third sector", "boot-mark", |image| image.set_boot(2 * 512 + 510, [0])),
    ("first signature", "fsinfo-signature", |image| image.set_boot(512, [0])),
    ("second signature", "fsinfo-signature", |image| image.set_boot(512 + 484, [0])),
    ("third signature", "fsinfo-signature", |image| image.set_boot(512 + 510, [0])),
    ("reserved bytes of FSInfo", "fsinfo-reserved", |image| image.set_boot(512 + 100, [1])),
    ("more reserved bytes", "fsinfo-reserved", |image| image.set_boot(512 + 500, [1])),
    ("free count", "fsinfo-free", |image| image.add_free(1)),
    ("free count unknown", "fsinfo-free", |image| image.set_boot(512 + 488, [0xFF; 4])),
    ("next free unknown", "fsinfo-next", |image| image.set_boot(512 + 492, [0xFF; 4])),
    ("next free in use", "fsinfo-next", |image| image.set_boot(512 + 492, [2, 0, 0, 0])),
    ("next free outside", "fsinfo-next", |image| image.set_boot(512 + 492, [0, 0, 0, 1])),
    ("byte between the records", "reserved-not-zero", |image| {
        image.set(image.volume() + 4 * 512, [1]);
    }),
    ("byte before the FAT", "reserved-not-zero", |image| image.set(image.fat() - 1, [1])),
    ("cut", "volume-truncated", |image| {
        let end = image.cluster(2 + image.clusters() / 2);
        image.0.truncate(end);
    }),
    ("no boot sector", "volume-missing", |image| image.set_boot(510, [0])),
];
