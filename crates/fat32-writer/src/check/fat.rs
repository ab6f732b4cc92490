//! The FATs as a whole.

use super::{Checker, rules};
use crate::read::boot_sector::{BootSector, FIRST_CLUSTER};
use crate::read::bytes::{all_zero, le32};
use crate::read::fat::{ENTRY_MASK, STRUCTURE};
use crate::read::source;

/// How much of a FAT is read at once: many chunks of a large one are zeros, which need no look at
/// each entry.
const CHUNK: u64 = 64 * 1024;

/// The bits of the second entry (Microsoft FAT specification, section 4.2): cleanly unmounted, and
/// no disk errors.
const CLEAN_BITS: u32 = 0x0C00_0000;

/// The mark of a cluster that cannot be used.
const BAD: u32 = 0x0FFF_FFF7;

/// What the entries of a FAT add up to.
#[derive(Default)]
struct Tally {
    free: u32,
    /// The last cluster that nothing uses and whose entry is not 0: runs of them are one fault.
    lost: Option<u32>,
}

impl Checker<'_> {
    /// Checks both FATs and returns the number of free clusters.
    pub(super) fn check_fat(&mut self, boot_sector: &BootSector) -> Option<u32> {
        let mut tally = Tally::default();
        let mut at = 0;
        while at < self.geometry.fat_len {
            let len = CHUNK.min(self.geometry.fat_len - at);
            let first = self.chunk(0, at, len)?;
            if self.geometry.fats > 1 {
                let second = self.chunk(1, at, len)?;
                self.compare(&first, &second, at);
            }
            if at == 0 {
                self.check_first_entries(&first, boot_sector);
            }
            self.check_entries(&first, at, &mut tally);
            at += len;
        }
        Some(tally.free)
    }

    fn chunk(&mut self, number: u64, at: u64, len: u64) -> Option<Vec<u8>> {
        let mut bytes = vec![0; len as usize];
        let offset = self.geometry.fat + number * self.geometry.fat_len + at;
        match source::read_exact(self.image, STRUCTURE, offset, &mut bytes) {
            Ok(()) => Some(bytes),
            Err(error) => {
                self.unreadable(&error.into());
                None
            }
        }
    }

    fn compare(&mut self, first: &[u8], second: &[u8], at: u64) {
        if first == second {
            return;
        }
        let difference = first.iter().zip(second).position(|(a, b)| a != b).unwrap_or_default();
        let at = at + difference as u64;
        let offset = self.geometry.fat + self.geometry.fat_len + at;
        let message = format!("the FATs differ in the entry of cluster {}", at / 4);
        self.report.add(rules::FAT_COPIES_DIFFER, offset, message);
    }

    fn check_first_entries(&mut self, bytes: &[u8], boot_sector: &BootSector) {
        let (first, second) = (le32(bytes, 0), le32(bytes, 4));
        let offset = self.geometry.fat;
        if first as u8 != boot_sector.media {
            let message = format!(
                "media byte {:#04x} in the FAT, {:#04x} in the boot sector",
                first as u8, boot_sector.media
            );
            self.report.add(rules::BPB_MEDIA, offset, message);
        }
        if first & 0x0FFF_FF00 != 0x0FFF_FF00 {
            let message = format!("{first:#010x} is no media byte under ones");
            self.report.add(rules::FAT_FIRST_ENTRIES, offset, message);
        }
        if second & CLEAN_BITS != CLEAN_BITS {
            let message =
                format!("{second:#010x} says that the volume was left open or has errors");
            self.report.add(rules::FAT_DIRTY, offset + 4, message);
        }
        if (second & ENTRY_MASK) | CLEAN_BITS < 0x0FFF_FFF8 {
            let message = format!("{second:#010x} is no end mark");
            self.report.add(rules::FAT_FIRST_ENTRIES, offset + 4, message);
        }
    }

    /// Looks at the entries of a chunk that starts at `at` bytes of the FAT.
    fn check_entries(&mut self, bytes: &[u8], at: u64, tally: &mut Tally) {
        let first = at / 4;
        let end = u64::from(FIRST_CLUSTER + self.geometry.clusters);
        let of_clusters = |number: u64| (u64::from(FIRST_CLUSTER)..end).contains(&number);
        if all_zero(bytes) {
            let count = (bytes.len() / 4) as u64;
            tally.free += end.min(first + count).saturating_sub(first.max(2)) as u32;
            return;
        }
        for (number, entry) in (first..).zip(bytes.chunks_exact(4)) {
            let entry = le32(entry, 0);
            let offset = self.geometry.fat + number * 4;
            if entry & !ENTRY_MASK != 0 {
                let message = format!("{entry:#010x} has one of the upper four bits");
                self.report.add(rules::FAT_RESERVED_BITS, offset, message);
            }
            if !of_clusters(number) {
                if number >= end && entry & ENTRY_MASK != 0 {
                    let message = format!("{entry:#010x} for cluster {number}, which is not there");
                    self.report.add(rules::FAT_TAIL, offset, message);
                }
                continue;
            }
            self.check_entry_of(number as u32, entry & ENTRY_MASK, offset, tally);
        }
    }

    fn check_entry_of(&mut self, cluster: u32, entry: u32, offset: u64, tally: &mut Tally) {
        if entry == 0 {
            tally.free += 1;
        } else if entry == BAD {
            self.report.add(rules::FAT_BAD_CLUSTER, offset, format!("cluster {cluster} is bad"));
        } else if !self.clusters.has(cluster) {
            if tally.lost.is_none_or(|lost| lost + 1 != cluster) {
                let message = format!("cluster {cluster} is in use and belongs to nothing");
                self.report.add(rules::FAT_LOST_CLUSTER, offset, message);
            }
            tally.lost = Some(cluster);
        }
    }
}
