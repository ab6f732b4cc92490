//! The tables of a volume: allocation bitmap, up-case table, FAT.

use super::{Checker, rules};
use crate::read::DataExtent;
use crate::read::boot_sector::FIRST_CLUSTER;
use crate::read::bytes::{all_zero, le32};
use crate::read::directory::{BITMAP, LABEL, Slot, UPCASE};
use crate::read::source;
use crate::read::upcase::{LEN_MAX, UpcaseTable, checksum};

/// How much is read at once.
const CHUNK: u64 = 64 * 1024;

/// The checksum of the recommended up-case table (exFAT specification, section 7.2.5).
const RECOMMENDED: u32 = 0xE619_D30D;

impl Checker<'_> {
    /// Checks what the root directory says of the volume. Returns the entry of the bitmap and where
    /// that lies.
    pub(super) fn check_volume_entries(
        &mut self,
        entries: &[Slot],
    ) -> Option<(Slot, Vec<DataExtent>)> {
        let root = self.geometry.volume + 96;
        let of_kind = |kind| entries.iter().filter(move |slot| slot.kind() == kind);
        let labels: Vec<&Slot> = of_kind(LABEL).collect();
        for label in labels.iter().skip(1) {
            self.report.add(rules::LABEL, label.offset, "a second label");
        }
        for label in labels {
            self.check_label(label);
        }
        let (bitmaps, tables): (Vec<Slot>, Vec<Slot>) =
            (of_kind(BITMAP).copied().collect(), of_kind(UPCASE).copied().collect());
        for (slots, rule) in [(&bitmaps, rules::BITMAP_MISSING), (&tables, rules::UPCASE_MISSING)] {
            if slots.len() != 1 {
                let message = format!("{} of them in the root directory", slots.len());
                self.report.add(rule, slots.get(1).map_or(root, |slot| slot.offset), message);
            }
        }
        let bitmap = bitmaps.first().map(|slot| {
            self.check_zero_bytes(slot, 1..20);
            (*slot, self.take(slot.allocation(), slot.offset + 20, &String::new))
        });
        if let Some(slot) = tables.first() {
            self.check_upcase_table(slot);
        }
        bitmap
    }

    /// Checks that bytes of an entry are 0.
    pub(super) fn check_zero_bytes(&mut self, slot: &Slot, range: std::ops::Range<usize>) {
        if !all_zero(&slot.bytes[range.clone()]) {
            let offset = slot.offset + range.start as u64;
            self.report.add(rules::SET_RESERVED, offset, "a reserved byte is not 0");
        }
    }

    fn check_label(&mut self, slot: &Slot) {
        self.check_zero_bytes(slot, 24..32);
        let units = usize::from(slot.bytes[1]);
        let label = slot.label();
        let forbidden = |c: char| c.is_control() || "\"*/:<>?\\|\u{FFFD}".contains(c);
        let is_sound = units <= 11 && !label.contains(forbidden);
        if !is_sound || !all_zero(&slot.bytes[2 + units.min(11) * 2..24]) {
            let message = format!("the label `{}`, {units} units long", label.escape_debug());
            self.report.add(rules::LABEL, slot.offset, message);
        }
    }

    fn check_upcase_table(&mut self, slot: &Slot) {
        self.check_zero_bytes(slot, 1..4);
        self.check_zero_bytes(slot, 8..20);
        let allocation = slot.allocation();
        let len = allocation.len.unwrap_or_default();
        let extents = self.take(allocation, slot.offset + 20, &String::new);
        let room: u64 = extents.iter().map(|extent| extent.len).sum();
        if len > LEN_MAX || len > room || len == 0 {
            let message = format!("an up-case table of {len} bytes");
            self.report.add(rules::UPCASE_MISSING, slot.offset + 24, message);
            return;
        }
        let Some(bytes) = self.bytes_of(&extents, room) else { return };
        let (table, slack) = bytes.split_at(len as usize);
        let (found, recorded) = (checksum(table), le32(&slot.bytes, 4));
        if found != recorded {
            let message = format!("checksum {recorded:#010x} instead of {found:#010x}");
            self.report.add(rules::UPCASE_CHECKSUM, slot.offset + 4, message);
        }
        let start = extents.first().map_or(0, |extent| extent.offset);
        if found != RECOMMENDED {
            self.report.add(rules::UPCASE_TABLE, start, "another table than the recommended one");
        }
        if !all_zero(slack) {
            let message = "a byte behind the end of the table is not 0";
            self.report.add(rules::SLACK_NOT_ZERO, start + len, message);
        }
        match UpcaseTable::parse(table) {
            Some(table) => self.upcase = table,
            None => {
                let message = "the table does not say all letters";
                self.report.add(rules::UPCASE_MISSING, start, message);
            }
        }
    }

    /// Reads what lies there, which is a table of at most 128 KiB in clusters of at most 32 MiB.
    fn bytes_of(&mut self, extents: &[DataExtent], len: u64) -> Option<Vec<u8>> {
        let mut bytes = vec![0; len as usize];
        let mut done = 0;
        for extent in extents {
            let part = &mut bytes[done..done + extent.len as usize];
            if let Err(error) = source::read_exact(self.image, "up-case table", extent.offset, part)
            {
                self.unreadable(&error.into());
                return None;
            }
            done += extent.len as usize;
        }
        Some(bytes)
    }

    /// Compares the bitmap with the clusters that are used.
    pub(super) fn check_bitmap(&mut self, bitmap: Option<&(Slot, Vec<DataExtent>)>) {
        let Some((slot, extents)) = bitmap else { return };
        let expected = u64::from(self.geometry.clusters).div_ceil(8);
        let len = slot.allocation().len.unwrap_or_default();
        if len != expected {
            let message = format!("a bitmap of {len} bytes instead of {expected}");
            self.report.add(rules::BITMAP_MISSING, slot.offset + 24, message);
            return;
        }
        let mut index = 0;
        for extent in extents {
            let mut at = extent.offset;
            while at < extent.offset + extent.len {
                let mut chunk = vec![0; CHUNK.min(extent.offset + extent.len - at) as usize];
                if let Err(error) =
                    source::read_exact(self.image, "allocation bitmap", at, &mut chunk)
                {
                    self.unreadable(&error.into());
                    return;
                }
                self.compare_bits(at, index, &chunk);
                index += chunk.len() as u64;
                at += chunk.len() as u64;
            }
        }
    }

    /// Compares bytes of the bitmap, from the one with this index on, with what is used.
    fn compare_bits(&mut self, offset: u64, index: u64, bytes: &[u8]) {
        let clusters = u64::from(self.geometry.clusters);
        for (&found, place) in bytes.iter().zip(0u64..) {
            let used = self.clusters.byte(index + place);
            if found == used {
                continue;
            }
            for bit in (0..8).filter(|bit| (found ^ used) >> bit & 1 != 0) {
                let number = (index + place) * 8 + bit;
                let (rule, what) = match (number < clusters, found >> bit & 1) {
                    (false, _) => (rules::BITMAP_TAIL, "a bit of no cluster"),
                    (true, 0) => (rules::BITMAP_FREE_CLUSTER, "is used and marked as free"),
                    (true, _) => (rules::BITMAP_LOST_CLUSTER, "is marked and nothing uses it"),
                };
                let cluster = number + u64::from(FIRST_CLUSTER);
                let message = format!("cluster {cluster}: {what}");
                self.report.add(rule, offset + place, message);
            }
        }
    }

    /// Checks the entries of the FAT that are in no chain.
    pub(super) fn check_fat(&mut self) {
        let (fat, len) = (self.geometry.fat, self.geometry.fat_len);
        let end = u64::from(self.geometry.clusters) + u64::from(FIRST_CLUSTER);
        let mut at = 0;
        while at < len {
            let mut chunk = vec![0; CHUNK.min(len - at) as usize];
            if let Err(error) = source::read_exact(self.image, "FAT", fat + at, &mut chunk) {
                self.unreadable(&error.into());
                return;
            }
            if at == 0 || !all_zero(&chunk) {
                for (entry, number) in chunk.chunks_exact(4).zip(at / 4..) {
                    self.check_fat_entry(fat + number * 4, number, end, le32(entry, 0));
                }
            }
            at += chunk.len() as u64;
        }
    }

    fn check_fat_entry(&mut self, offset: u64, number: u64, end: u64, entry: u32) {
        let fixed = match number {
            0 => Some(0xFFFF_FFF8),
            1 => Some(0xFFFF_FFFF),
            _ => None,
        };
        if let Some(fixed) = fixed {
            if entry != fixed {
                let message = format!("entry {number} is {entry:#010x} instead of {fixed:#010x}");
                self.report.add(rules::FAT_FIRST_ENTRIES, offset, message);
            }
        } else if entry != 0 && (number >= end || !self.chained.has(number as u32)) {
            let message = format!("entry {number} is {entry:#010x}, and its cluster in no chain");
            self.report.add(rules::FAT_UNUSED, offset, message);
        }
    }
}
