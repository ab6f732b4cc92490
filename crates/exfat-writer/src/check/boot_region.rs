//! The boot sector, and the two boot regions.

use super::report::Report;
use super::{Checker, rules};
use crate::read::boot_sector::{BootSector, CLUSTERS_MAX};
use crate::read::bytes::{all_zero, le32};
use crate::read::partition::{LBA, Place};
use crate::read::upcase::checksum;

/// The sectors of a boot region, and of those that its checksum covers.
const REGION: u64 = 12;
const CHECKED: u64 = 11;

/// What partitions start at a multiple of, in bytes.
const ALIGNMENT: u64 = 1 << 20;

/// Where the fields stand that change while a volume is in use, and no checksum covers.
const VOLATILE: [usize; 3] = [106, 107, 112];

/// Checks the fields of a boot sector that do not depend on what the volume holds.
pub(super) fn check_fields(
    boot: &BootSector,
    offset: u64,
    place: Option<Place>,
    image_len: u64,
    report: &mut Report,
) {
    let bytes = &boot.bytes;
    let fixed = [
        (0, bytes[..3] == [0xEB, 0x76, 0x90], "another jump than EB 76 90"),
        (104, boot.revision == 0x0100, "another revision than 1.00"),
        (108, boot.sector_shift == 9, "sectors of other than 512 bytes"),
        (110, boot.fats == 1, "another number of FATs than 1"),
        (111, bytes[111] == 0x80, "another drive number than 0x80"),
        (120, bytes[120..510].iter().all(|byte| *byte == 0xF4), "boot code"),
    ];
    for (at, _, what) in fixed.into_iter().filter(|(_, holds, _)| !holds) {
        report.add(rules::BOOT_FIELD, offset + at, what);
    }
    for reserved in [11..64, 113..120] {
        if !all_zero(&bytes[reserved.clone()]) {
            let message = "a byte that must be 0 is not";
            report.add(rules::BOOT_RESERVED, offset + reserved.start as u64, message);
        }
    }
    if boot.flags != 0 {
        let message = format!("volume flags {:#06x}", boot.flags);
        report.add(rules::BOOT_STATE, offset + 106, message);
    }
    let before = offset / LBA;
    if boot.partition_offset != before {
        let message = format!("the volume starts at {before} and says {}", boot.partition_offset);
        report.add(rules::BOOT_PARTITION_OFFSET, offset + 64, message);
    }
    if !offset.is_multiple_of(ALIGNMENT) {
        let message = "the partition starts at no multiple of 1 MiB";
        report.add(rules::VOLUME_ALIGNMENT, offset, message);
    }
    let len = u128::from(boot.volume_length) << boot.sector_shift.min(12);
    let room = place.map_or(image_len, |place| place.len.saturating_mul(LBA));
    if len != u128::from(room) {
        let message = format!("the volume has {len} bytes, and its place {room}");
        report.add(rules::BOOT_VOLUME_LENGTH, offset + 72, message);
    }
    let heap = u64::from(boot.cluster_heap_offset);
    let room = boot.volume_length.saturating_sub(heap) >> boot.cluster_shift.min(25);
    if u64::from(boot.cluster_count) != room.min(CLUSTERS_MAX.into()) {
        let message = format!("{} clusters where {room} have room", boot.cluster_count);
        report.add(rules::BOOT_CLUSTER_COUNT, offset + 92, message);
    }
}

impl Checker<'_> {
    fn region(&mut self, number: u64) -> Option<(u64, Vec<u8>)> {
        let len = REGION * self.geometry.sector;
        let offset = self.geometry.volume + number * len;
        match self.window.get("boot region", offset, len as usize) {
            Ok(bytes) => Some((offset, bytes.to_vec())),
            Err(error) => {
                self.unreadable(&error.into());
                None
            }
        }
    }

    pub(super) fn check_boot_regions(&mut self) {
        let Some((main_offset, main)) = self.region(0) else { return };
        self.check_region(main_offset, &main);
        let Some((backup_offset, backup)) = self.region(1) else { return };
        self.check_region(backup_offset, &backup);
        if let Some(at) = main.iter().zip(&backup).position(|(main, backup)| main != backup) {
            let message = "the backup differs from the main boot region";
            self.report.add(rules::BACKUP_BOOT_REGION, backup_offset + at as u64, message);
        }
    }

    fn check_region(&mut self, offset: u64, region: &[u8]) {
        let sector = self.geometry.sector as usize;
        for number in 1..=8 {
            let end = (number + 1) * sector;
            if region[end - 4..end] != [0x00, 0x00, 0x55, 0xAA] {
                let message = format!("no mark at the end of extended boot sector {number}");
                self.report.add(rules::BOOT_EXTENDED, offset + end as u64 - 4, message);
            }
            let start = number * sector;
            if !all_zero(&region[start..end - 4]) {
                let message = format!("something in extended boot sector {number}");
                self.report.add(rules::BOOT_RESERVED, offset + start as u64, message);
            }
        }
        if !all_zero(&region[9 * sector..11 * sector]) {
            let message = "OEM parameters, or something in the reserved sector";
            self.report.add(rules::BOOT_RESERVED, offset + 9 * sector as u64, message);
        }
        let (checked, sums) = region.split_at(CHECKED as usize * sector);
        let kept: Vec<u8> = checked
            .iter()
            .enumerate()
            .filter(|(at, _)| !VOLATILE.contains(at))
            .map(|(_, &byte)| byte)
            .collect();
        let expected = checksum(&kept);
        let wrong = |sum: &[u8]| le32(sum, 0) != expected;
        if let Some(at) = sums.chunks_exact(4).position(wrong) {
            let found = le32(sums, at * 4);
            let message = format!("checksum {found:#010x} instead of {expected:#010x}");
            let offset = offset + (CHECKED as usize * sector + at * 4) as u64;
            self.report.add(rules::BOOT_CHECKSUM, offset, message);
        }
    }

    /// Checks how full the volume is said to be against what is used.
    pub(super) fn check_percent(&mut self, boot: &BootSector) {
        let clusters = u64::from(self.geometry.clusters).max(1);
        let expected = self.clusters.count() * 100 / clusters;
        if u64::from(boot.percent_in_use) != expected {
            let message = format!("{} percent in use instead of {expected}", boot.percent_in_use);
            self.report.add(rules::BOOT_PERCENT, self.geometry.volume + 112, message);
        }
    }
}
