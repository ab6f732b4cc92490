//! The boot sector, FSInfo, and the copies of both.

use super::report::Report;
use super::{Checker, rules};
use crate::read::boot_sector::BootSector;
use crate::read::bytes::{all_zero, le32};
use crate::read::fat::Link;
use crate::read::partition::{LBA, Place};

/// Which sectors are copied, where to, and the rule of each: drivers that change FSInfo leave its
/// copy as it was, but never the boot sector's.
const COPIES: [(u64, u64, &str); 3] =
    [(0, 6, rules::BACKUP_BOOT_SECTOR), (1, 7, rules::BACKUP_FSINFO), (2, 8, rules::BACKUP_FSINFO)];

/// The fewest clusters of a FAT32 volume (Microsoft FAT specification, section 3.5).
const CLUSTERS_MIN: u64 = 65_525;

/// Checks the fields of a boot sector that do not depend on what the volume holds.
pub(super) fn check_fields(
    boot: &BootSector,
    offset: u64,
    place: Option<Place>,
    image_len: u64,
    report: &mut Report,
) {
    let jumps = matches!(boot.bytes[..3], [0xEB, _, 0x90] | [0xE9, _, _]);
    if !jumps {
        report.add(rules::BOOT_JUMP, offset, "no jump over the fields");
    }
    let fixed = [
        (11, boot.bytes_per_sector == 512, "sectors of other than 512 bytes"),
        (16, boot.fats == 2, "another number of FATs than 2"),
        (19, boot.total_sectors_16 == 0, "a 16-bit number of sectors"),
        (24, boot.sectors_per_track != 0 && boot.heads != 0, "no geometry"),
        (40, boot.flags == 0, "only one FAT is in use"),
        (42, boot.version == 0, "another version than 0"),
        (48, boot.fs_info == 1, "FSInfo is not in sector 1"),
        (50, boot.backup == 6, "the copy of the boot sector is not in sector 6"),
        (64, matches!(boot.drive, 0 | 0x80), "another drive number than 0 or 0x80"),
        (66, boot.signature == 0x29, "no signature before the serial number"),
        (82, boot.kind == *b"FAT32   ", "another text than `FAT32`"),
        (14, boot.reserved_sectors >= 9, "too few reserved sectors for the boot records"),
    ];
    for (at, _, what) in fixed.into_iter().filter(|(_, holds, _)| !holds) {
        report.add(rules::BPB_FIELD, offset + at, what);
    }
    if !all_zero(&boot.reserved) {
        report.add(rules::BPB_RESERVED, offset + 52, "the twelve reserved bytes are not 0");
    }
    if boot.state & !1 != 0 {
        report.add(rules::BPB_RESERVED, offset + 65, format!("state {:#04x}", boot.state));
    }
    if boot.state & 1 != 0 {
        report.add(rules::BPB_STATE, offset + 65, "the volume was left open");
    }
    if boot.media != 0xF8 {
        let message = format!("media byte {:#04x} instead of 0xf8", boot.media);
        report.add(rules::BPB_MEDIA, offset + 21, message);
    }
    let before = place.map_or(0, |place| place.first);
    if u64::from(boot.hidden_sectors) != before {
        let message = format!("{} hidden sectors instead of {before}", boot.hidden_sectors);
        report.add(rules::BPB_HIDDEN_SECTORS, offset + 28, message);
    }
    let len = u64::from(boot.total_sectors) * u64::from(boot.bytes_per_sector);
    let room = place.map_or(image_len, |place| place.len.saturating_mul(LBA));
    if len != room {
        let message = format!("the volume has {len} bytes, and its place {room}");
        report.add(rules::BPB_TOTAL_SECTORS, offset + 32, message);
    }
    let cluster_size = u64::from(boot.sectors_per_cluster) * u64::from(boot.bytes_per_sector);
    if cluster_size > 32_768 {
        let message = format!("clusters of {cluster_size} bytes");
        report.add(rules::BPB_CLUSTER_SIZE, offset + 13, message);
    }
    if boot.root_cluster != 2 {
        let message = format!("the root directory starts at cluster {}", boot.root_cluster);
        report.add(rules::BPB_ROOT_CLUSTER, offset + 44, message);
    }
}

/// What FSInfo says.
#[derive(Clone, Copy)]
pub(super) struct FsInfo {
    offset: u64,
    free: u32,
    next: u32,
}

impl Checker<'_> {
    fn sector(&mut self, number: u64) -> Option<Vec<u8>> {
        let (offset, len) = (self.geometry.volume + number * self.geometry.sector, 512);
        match self.window.get("boot record", offset, len) {
            Ok(bytes) => Some(bytes.to_vec()),
            Err(error) => {
                self.unreadable(&error.into());
                None
            }
        }
    }

    pub(super) fn check_backup(&mut self) {
        if u64::from(self.geometry.clusters) < CLUSTERS_MIN {
            let message = format!("{} clusters are those of FAT16", self.geometry.clusters);
            self.report.add(rules::BPB_CLUSTER_COUNT, self.geometry.volume + 32, message);
        }
        for (original, copy, rule) in COPIES {
            let (Some(first), Some(second)) = (self.sector(original), self.sector(copy)) else {
                return;
            };
            if let Some(at) = first.iter().zip(&second).position(|(a, b)| a != b) {
                let offset = self.geometry.volume + copy * self.geometry.sector + at as u64;
                let message = format!("sector {copy} is no copy of sector {original}");
                self.report.add(rule, offset, message);
            }
        }
        if let Some(third) = self.sector(2)
            && third[510..] != [0x55, 0xAA]
        {
            let offset = self.geometry.volume + 2 * self.geometry.sector + 510;
            self.report.add(rules::BOOT_MARK, offset, "no mark 55 AA");
        }
    }

    pub(super) fn check_fs_info(&mut self, boot: &BootSector) -> Option<FsInfo> {
        let number = u64::from(boot.fs_info);
        if number == 0 || number >= u64::from(boot.reserved_sectors) {
            return None;
        }
        let bytes = self.sector(number)?;
        let offset = self.geometry.volume + number * self.geometry.sector;
        let signatures =
            [(0, &b"RRaA"[..]), (484, &b"rrAa"[..]), (508, &[0x00, 0x00, 0x55, 0xAA][..])];
        for (at, signature) in signatures {
            if bytes[at..at + signature.len()] != *signature {
                let message = format!("no signature {}", signature.escape_ascii());
                self.report.add(rules::FSINFO_SIGNATURE, offset + at as u64, message);
            }
        }
        for reserved in [4..484, 496..508] {
            if let Some(at) = bytes[reserved.clone()].iter().position(|&byte| byte != 0) {
                let offset = offset + (reserved.start + at) as u64;
                self.report.add(rules::FSINFO_RESERVED, offset, "a reserved byte is not 0");
            }
        }
        Some(FsInfo { offset, free: le32(&bytes, 488), next: le32(&bytes, 492) })
    }

    /// Checks what FSInfo says of free clusters against their number in the FAT.
    pub(super) fn check_free(&mut self, info: FsInfo, free: u32) {
        if info.free != free {
            let message = format!("{} free clusters instead of {free}", info.free);
            self.report.add(rules::FSINFO_FREE, info.offset + 488, message);
        }
        let is_free =
            self.geometry.has(info.next) && matches!(self.link(info.next), Some(Link::Free));
        let says_none = info.next == 0xFFFF_FFFF && free == 0;
        if !is_free && !says_none {
            let message = format!("cluster {} is not free", info.next);
            self.report.add(rules::FSINFO_NEXT, info.offset + 492, message);
        }
    }
}
