//! The entries of one file or directory.

use super::{Checker, rules};
use crate::read::bytes::{all_zero, le16, le32};
use crate::read::directory::{EntrySet, Slot};

/// FileAttributes that have a meaning (exFAT specification, section 7.4.4): read-only, hidden,
/// system, directory, archive.
const ATTRIBUTES: u16 = 0x37;

/// GeneralSecondaryFlags of a stream.
const ALLOCATION_POSSIBLE: u8 = 1;
const NO_FAT_CHAIN: u8 = 2;

impl Checker<'_> {
    pub(super) fn check_set(&mut self, set: &EntrySet, path: &dyn Fn() -> String) {
        let EntrySet { file, stream, names } = set;
        let (found, recorded) = (set_checksum(set), le16(&file.bytes, 2));
        if found != recorded {
            let message = format!("checksum {recorded:#06x} instead of {found:#06x}");
            self.report.add_at(rules::SET_CHECKSUM, file.offset + 2, path, message);
        }
        let attributes = le16(&file.bytes, 4);
        if attributes & !ATTRIBUTES != 0 {
            let message = format!("attributes {attributes:#06x}");
            self.report.add_at(rules::SET_ATTRIBUTES, file.offset + 4, path, message);
        }
        let reserved =
            [(file, 6..8), (file, 25..32), (stream, 2..3), (stream, 6..8), (stream, 16..20)];
        let of_names = names.iter().map(|name| (name, 1..2));
        for (slot, range) in reserved.into_iter().chain(of_names) {
            if !all_zero(&slot.bytes[range.clone()]) {
                let offset = slot.offset + range.start as u64;
                let message = "a reserved byte is not 0";
                self.report.add_at(rules::SET_RESERVED, offset, path, message);
            }
        }
        self.check_times(file, path);
        self.check_flags(set, path);
        self.check_units(set, path);
    }

    fn check_times(&mut self, file: &Slot, path: &dyn Fn() -> String) {
        let bytes = &file.bytes;
        for (at, hundredths, zone) in [(8, bytes[20], 22), (12, bytes[21], 23), (16, 0, 24)] {
            if !is_time(le32(bytes, at)) || hundredths > 199 || bytes[zone] & 0x80 == 0 {
                let message = format!(
                    "{:#010x}, {hundredths} hundredths, offset from UTC {:#04x}",
                    le32(bytes, at),
                    bytes[zone]
                );
                self.report.add_at(rules::SET_TIME, file.offset + at as u64, path, message);
            }
        }
    }

    fn check_flags(&mut self, set: &EntrySet, path: &dyn Fn() -> String) {
        let (flags, offset) = (set.stream.bytes[1], set.stream.offset);
        let is_run = flags & NO_FAT_CHAIN != 0;
        let has_clusters = le32(&set.stream.bytes, 20) != 0;
        let is_known = flags & !(ALLOCATION_POSSIBLE | NO_FAT_CHAIN) == 0;
        if !is_known || flags & ALLOCATION_POSSIBLE == 0 || is_run && !has_clusters {
            let message = format!("flags {flags:#04x}");
            self.report.add_at(rules::STREAM_FLAGS, offset + 1, path, message);
        }
        if self.options.contiguous && has_clusters && !is_run {
            let message = "its clusters are a chain in the FAT";
            self.report.add_at(rules::CLUSTER_FRAGMENTED, offset + 1, path, message);
        }
        if set.valid_len() != set.len() {
            let message = format!("{} of {} bytes are valid", set.valid_len(), set.len());
            self.report.add_at(rules::STREAM_VALID_LENGTH, offset + 8, path, message);
        }
    }

    fn check_units(&mut self, set: &EntrySet, path: &dyn Fn() -> String) {
        let units = self.upcase.fold(&set.units());
        let hash = units.iter().flat_map(|unit| unit.to_le_bytes()).fold(0u16, add);
        let recorded = le16(&set.stream.bytes, 4);
        if hash != recorded {
            let message = format!("hash {recorded:#06x} instead of {hash:#06x}");
            self.report.add_at(rules::NAME_HASH, set.stream.offset + 4, path, message);
        }
        if let Some(last) = set.names.last() {
            let used = units.len() - (set.names.len() - 1) * 15;
            if !all_zero(&last.bytes[2 + 2 * used..]) {
                let message = "something behind the end of the name";
                self.report.add_at(rules::NAME_PADDING, last.offset, path, message);
            }
        }
    }
}

/// The sum of a set's bytes, but for those of the sum itself (section 6.3.3).
fn set_checksum(set: &EntrySet) -> u16 {
    let bytes = set.slots().flat_map(|slot| slot.bytes);
    let counted = bytes.enumerate().filter(|(at, _)| !matches!(at, 2 | 3));
    counted.map(|(_, byte)| byte).fold(0, add)
}

/// One step of the sums over entries and names.
fn add(sum: u16, byte: u8) -> u16 {
    let carried = if sum & 1 != 0 { 0x8000 } else { 0 };
    (carried + (sum >> 1)).wrapping_add(u16::from(byte))
}

/// Whether a timestamp is a point in time (section 7.4.8).
fn is_time(stamp: u32) -> bool {
    let (date, time) = (stamp >> 16, stamp & 0xFFFF);
    let (month, day) = (date >> 5 & 15, date & 31);
    let (hour, minute, pair) = (time >> 11, time >> 5 & 63, time & 31);
    let days = match month {
        2 => 29,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => 0,
    };
    (1..=days).contains(&day) && hour < 24 && minute < 60 && pair < 30
}
