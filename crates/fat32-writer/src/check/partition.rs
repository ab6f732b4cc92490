//! MBR and GPT around a volume.

use super::report::Report;
use super::rules;
use crate::read::boot_sector::BootSector;
use crate::read::bytes::all_zero;
use crate::read::partition::{GptHeader, LBA, Mbr, MbrPartition, Place};
use crate::read::{ReadAt, ReadError};

/// The length of an entry array as everybody writes it: 128 entries of 128 bytes.
const ENTRIES_LEN: u64 = 128 * 128;

/// What partitions start at a multiple of, in LBAs.
const ALIGNMENT: u64 = 2048;

/// The type of a partition with FAT32 and LBA addresses.
const FAT32_LBA: u8 = 0x0C;

/// A header with its entries, as far as they can be trusted.
struct Table {
    header: GptHeader,
    entries: Vec<u8>,
}

/// Checks both tables of an image with partitions; `place` is where its volume was found, and
/// `None` for an image that is a volume itself.
pub(super) fn check(image: &dyn ReadAt, place: Option<Place>, report: &mut Report) {
    let lbas = image.len() / LBA;
    // The last sector of a bare volume belongs to a file.
    if lbas < 34 || place.is_none() && is_volume(image) {
        return;
    }
    let mut tables = Tables { image, lbas, report };
    tables.check(place);
}

fn is_volume(image: &dyn ReadAt) -> bool {
    BootSector::read(image, 0).is_ok_and(|boot_sector| boot_sector.is_fat32())
}

struct Tables<'a> {
    image: &'a dyn ReadAt,
    lbas: u64,
    report: &'a mut Report,
}

impl Tables<'_> {
    fn check(&mut self, place: Option<Place>) {
        let mbr = Mbr::read(self.image).unwrap_or_else(|error| {
            self.report.add_error(rules::UNREADABLE, String::new, &error);
            None
        });
        let protective = |mbr: &Mbr| mbr.partitions.iter().any(|part| part.kind == 0xEE);
        let primary = self.read_table(1);
        let backup = self.read_table(self.lbas - 1);
        let has_gpt = mbr.as_ref().is_some_and(protective) || primary.is_some() || backup.is_some();
        match &mbr {
            Some(mbr) => self.check_mbr(mbr, has_gpt, place),
            None if has_gpt => self.report.add(rules::MBR_PROTECTIVE, 510, "a GPT without an MBR"),
            None => {}
        }
        if let Some(place) = place
            && !place.first.is_multiple_of(ALIGNMENT)
        {
            let message = format!("the partition starts at LBA {}", place.first);
            let offset = place.first.saturating_mul(LBA);
            self.report.add(rules::PARTITION_ALIGNMENT, offset, message);
        }
        if has_gpt {
            self.check_gpt(primary, backup);
        }
    }

    fn check_mbr(&mut self, mbr: &Mbr, has_gpt: bool, place: Option<Place>) {
        for part in &mbr.partitions {
            let end = u64::from(part.first) + u64::from(part.len);
            let overlaps = |other: &&MbrPartition| {
                let other_end = u64::from(other.first) + u64::from(other.len);
                // An entry of type 0 is none; some BIOSes want one that is active beside a GPT.
                other.index < part.index
                    && other.kind != 0
                    && part.kind != 0
                    && u64::from(part.first) < other_end
                    && u64::from(other.first) < end
            };
            let is_apart = !mbr.partitions.iter().any(|other| overlaps(&other));
            let is_sound = match part.kind {
                0 => (part.status, part.first, part.len) == (0x80, 0, 1),
                _ => part.len != 0 && end <= self.lbas && matches!(part.status, 0 | 0x80),
            };
            if !is_sound || !is_apart {
                let MbrPartition { index, status, first, len, .. } = part;
                let message = format!(
                    "partition {} of {len} sectors from {first} on, status {status:#04x}",
                    index + 1
                );
                self.report.add(rules::MBR_PARTITION, 446 + 16 * *index as u64, message);
            }
            let is_volume = place.is_some_and(|place| place.first == u64::from(part.first));
            if !has_gpt && is_volume && part.kind != FAT32_LBA {
                let message = format!("type {:#04x} instead of 0x0c", part.kind);
                self.report.add(rules::MBR_KIND, 450 + 16 * part.index as u64, message);
            }
        }
        let whole = u32::try_from(self.lbas - 1).unwrap_or(u32::MAX);
        let protects =
            |part: &MbrPartition| part.kind == 0xEE && (part.first, part.len) == (1, whole);
        if has_gpt && !mbr.partitions.iter().any(protects) {
            let message = "no protective entry from LBA 1 to the end";
            self.report.add(rules::MBR_PROTECTIVE, 446, message);
        }
    }

    fn read_table(&mut self, lba: u64) -> Option<Table> {
        let header = match GptHeader::read(self.image, lba) {
            Ok(header) => header?,
            Err(error) => {
                self.report.add_error(rules::UNREADABLE, String::new, &error);
                return None;
            }
        };
        let entries = header.read_entries(self.image).unwrap_or_else(|error| {
            let rule = match error {
                ReadError::Io { .. } => rules::UNREADABLE,
                _ => rules::GPT_HEADER,
            };
            self.report.add_error(rule, String::new, &error);
            Vec::new()
        });
        Some(Table { header, entries })
    }

    fn check_gpt(&mut self, primary: Option<Table>, backup: Option<Table>) {
        let last = self.lbas - 1;
        for (table, rule, lba) in
            [(&primary, rules::GPT_PRIMARY, 1), (&backup, rules::GPT_BACKUP, last)]
        {
            match table {
                Some(table) => self.check_table(table, lba),
                None => self.report.add(rule, lba * LBA, "no GPT header"),
            }
        }
        if let (Some(primary), Some(backup)) = (&primary, &backup) {
            self.compare(primary, backup);
        }
        if let Some(table) = primary.or(backup) {
            self.check_partitions(&table);
        }
    }

    fn check_table(&mut self, table: &Table, lba: u64) {
        let (header, last) = (&table.header, self.lbas - 1);
        let offset = lba * LBA;
        if header.crc != header.computed_crc {
            let message =
                format!("header CRC {:#010x} instead of {:#010x}", header.crc, header.computed_crc);
            self.report.add(rules::GPT_HEADER_CRC, offset + 16, message);
        }
        let computed = crc32fast::hash(&table.entries);
        if header.entries_crc != computed {
            let message =
                format!("entries CRC {:#010x} instead of {computed:#010x}", header.entries_crc);
            self.report.add(rules::GPT_ENTRIES_CRC, offset + 88, message);
        }
        // The backup's entries end where its header begins.
        let (other, entries_lba) = if lba == 1 { (last, 2) } else { (1, lba - ENTRIES_LEN / LBA) };
        let usable = header.first_usable >= 2 + ENTRIES_LEN / LBA
            && header.last_usable < last - ENTRIES_LEN / LBA
            && header.first_usable <= header.last_usable;
        let checks = [
            (8, (header.revision, header.size) == (0x0001_0000, 92), "revision or header size"),
            (20, header.rest_is_zero, "reserved bytes"),
            (24, header.my_lba == lba, "MyLBA"),
            (32, header.alternate_lba == other, "AlternateLBA"),
            (40, usable, "the usable space"),
            (56, !all_zero(&header.disk.0), "the disk GUID"),
            (72, header.entries_lba == entries_lba, "PartitionEntryLBA"),
            (80, (header.entry_count, header.entry_size) == (128, 128), "the size of the entries"),
        ];
        for (at, _, what) in checks.into_iter().filter(|(_, holds, _)| !holds) {
            let message = format!("{what} of the header is wrong");
            self.report.add(rules::GPT_HEADER, offset + at, message);
        }
    }

    fn compare(&mut self, primary: &Table, backup: &Table) {
        let common = |header: &GptHeader| {
            let usable = (header.first_usable, header.last_usable);
            (header.disk, usable, header.entry_count, header.entry_size)
        };
        if common(&primary.header) != common(&backup.header) || primary.entries != backup.entries {
            let message = "the backup GPT says something else than the primary one";
            self.report.add(rules::GPT_COPIES_DIFFER, backup.header.lba * LBA, message);
        }
    }

    fn check_partitions(&mut self, table: &Table) {
        let header = &table.header;
        let mut partitions = header.partitions(&table.entries);
        partitions.sort_by_key(|partition| partition.first);
        let entries_offset = header.entries_lba.saturating_mul(LBA);
        let mut ids = Vec::new();
        let mut end = 0;
        for partition in &partitions {
            let usable = partition.first >= header.first_usable
                && partition.last <= header.last_usable
                && partition.first <= partition.last;
            let own_id = !ids.contains(&partition.id) && !all_zero(&partition.id.0);
            if !usable || partition.first < end || !own_id {
                let message = format!(
                    "partition {} from LBA {} to {}, id {}",
                    partition.index + 1,
                    partition.first,
                    partition.last,
                    partition.id
                );
                let offset = entries_offset.saturating_add(128 * partition.index as u64);
                self.report.add(rules::GPT_PARTITION, offset, message);
            }
            ids.push(partition.id);
            end = end.max(partition.last.saturating_add(1));
        }
    }
}
