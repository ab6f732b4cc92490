use super::space::Use;
use super::tree::Tree;
use super::{Checker, rules};
use crate::read::ReadError;
use crate::read::bytes::all_zero;
use crate::read::iso::SECTOR;
use crate::read::partition::{GptHeader, LBA, Mbr};

/// The length of an entry array as everybody writes it: 128 entries of 128 bytes.
const ENTRIES_LEN: u64 = 128 * 128;

/// A header with its entries, as far as they can be trusted.
struct Table {
    header: GptHeader,
    entries: Vec<u8>,
}

impl Checker<'_> {
    /// Checks the MBR and both GPTs.
    pub(super) fn check_partition_tables(&mut self, trees: &[Tree]) {
        let lbas = self.image.len() / LBA;
        if lbas < 34 {
            return;
        }
        let mbr = Mbr::read(self.image).unwrap_or_else(|error| {
            self.report.add_error(rules::UNREADABLE, String::new, &error);
            None
        });
        if mbr.is_some() {
            self.claim(Use::Mbr, 0, LBA);
        }
        let protective =
            mbr.as_ref().is_some_and(|mbr| mbr.partitions.iter().any(|part| part.kind == 0xEE));
        let primary = self.read_table(1);
        let backup = self.read_table(lbas - 1);
        let wanted = protective || primary.is_some() || backup.is_some();
        if let Some(mbr) = &mbr {
            self.check_mbr(mbr, lbas, wanted);
        } else if wanted {
            self.report.add(rules::MBR_PROTECTIVE, 510, "a GPT without an MBR");
        }
        if !wanted {
            return;
        }
        for (table, rule, lba) in
            [(&primary, rules::GPT_PRIMARY, 1), (&backup, rules::GPT_BACKUP, lbas - 1)]
        {
            match table {
                Some(table) => self.check_table(table, lba, lbas),
                None => self.report.add(rule, lba * LBA, "no GPT header"),
            }
        }
        if let (Some(primary), Some(backup)) = (&primary, &backup) {
            self.compare_tables(primary, backup);
        }
        if let Some(table) = primary.or(backup) {
            self.check_gpt_partitions(&table, trees);
        }
    }

    fn check_mbr(&mut self, mbr: &Mbr, lbas: u64, has_gpt: bool) {
        for part in &mbr.partitions {
            let end = u64::from(part.first) + u64::from(part.len);
            if part.len == 0 || end > lbas || !matches!(part.status, 0 | 0x80) {
                let message = format!(
                    "partition {} of {} sectors from {} on, status {:#04x}",
                    part.index + 1,
                    part.len,
                    part.first,
                    part.status
                );
                self.report.add(rules::MBR_PARTITION, 446 + 16 * part.index as u64, message);
            }
        }
        let whole = (lbas - 1).min(u64::from(u32::MAX)) as u32;
        let protects = |part: &crate::read::partition::MbrPartition| {
            part.kind == 0xEE && (part.first, part.len) == (1, whole)
        };
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
        let entries = match header.read_entries(self.image) {
            Ok(entries) => entries,
            Err(error @ ReadError::Io { .. }) => {
                self.report.add_error(rules::UNREADABLE, String::new, &error);
                Vec::new()
            }
            Err(error) => {
                self.report.add_error(rules::GPT_HEADER, String::new, &error);
                Vec::new()
            }
        };
        Some(Table { header, entries })
    }

    fn check_table(&mut self, table: &Table, lba: u64, lbas: u64) {
        let header = &table.header;
        let offset = lba * LBA;
        let is_primary = lba == 1;
        let entries_offset = header.entries_lba.saturating_mul(LBA);
        if is_primary {
            self.claim(Use::Gpt, offset, LBA);
            self.claim(Use::Gpt, entries_offset, table.entries.len() as u64);
        } else {
            self.claim(Use::BackupGpt, offset, LBA);
            self.claim(Use::BackupGpt, entries_offset, table.entries.len() as u64);
        }
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
        let other = if is_primary { lbas - 1 } else { 1 };
        // The backup's entries end where its header begins.
        let entries_lba = if is_primary { 2 } else { lba - ENTRIES_LEN / LBA };
        let usable = header.first_usable >= 2 + ENTRIES_LEN / LBA
            && header.last_usable < lbas - 1 - ENTRIES_LEN / LBA
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

    fn compare_tables(&mut self, primary: &Table, backup: &Table) {
        let common = |header: &GptHeader| {
            let usable = (header.first_usable, header.last_usable);
            (header.disk, usable, header.entry_count, header.entry_size)
        };
        if common(&primary.header) != common(&backup.header) || primary.entries != backup.entries {
            let message = "the backup GPT says something else than the primary one";
            self.report.add(rules::GPT_COPIES_DIFFER, backup.header.lba * LBA, message);
        }
    }

    fn check_gpt_partitions(&mut self, table: &Table, trees: &[Tree]) {
        let header = &table.header;
        let mut partitions = header.partitions(&table.entries);
        partitions.sort_by_key(|partition| partition.first);
        let entries_offset = header.entries_lba.saturating_mul(LBA);
        let mut ids = Vec::new();
        let mut end = 0;
        for partition in &partitions {
            let offset = entries_offset.saturating_add(128 * partition.index as u64);
            let usable = partition.first >= header.first_usable
                && partition.last <= header.last_usable
                && partition.first <= partition.last;
            let apart = partition.first >= end;
            let own_id = !ids.contains(&partition.id) && !all_zero(&partition.id.0);
            if !usable || !apart || !own_id {
                let message = format!(
                    "partition {} from LBA {} to {}, id {}",
                    partition.index + 1,
                    partition.first,
                    partition.last,
                    partition.id
                );
                self.report.add(rules::GPT_PARTITION, offset, message);
            }
            ids.push(partition.id);
            end = end.max(partition.last.saturating_add(1));
            self.check_efi_system_partition(partition, offset, trees);
        }
    }

    /// An EFI system partition of a hybrid image is a file of its trees.
    fn check_efi_system_partition(
        &mut self,
        partition: &crate::read::partition::GptPartition,
        offset: u64,
        trees: &[Tree],
    ) {
        const EFI_SYSTEM: &str = "C12A7328-F81F-11D2-BA4B-00A0C93EC93B";
        if partition.kind.to_string() != EFI_SYSTEM || trees.is_empty() {
            return;
        }
        let start = partition.first.saturating_mul(LBA);
        let end = partition.last.saturating_add(1).saturating_mul(LBA);
        let is_file = trees.iter().any(|tree| {
            tree.files().any(|file| {
                let first = tree.extents(file).first();
                first.is_some_and(|extent| {
                    let data_end = extent.offset + extent.len;
                    extent.offset == start
                        && (data_end.next_multiple_of(LBA)..=data_end.next_multiple_of(SECTOR))
                            .contains(&end)
                })
            })
        });
        if !is_file {
            let message = "the EFI system partition is not a file of the image";
            self.report.add(rules::GPT_PARTITION, offset, message);
        }
    }
}
