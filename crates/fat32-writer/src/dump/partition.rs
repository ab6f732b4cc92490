use std::fmt;

use super::Dump;
use crate::read::boot_sector::BootSector;
use crate::read::partition::{GptHeader, LBA, Mbr};

impl Dump<'_> {
    pub(super) fn partition_tables(&mut self) -> fmt::Result {
        if BootSector::read(self.image, 0).is_ok_and(|boot_sector| boot_sector.is_fat32()) {
            return Ok(());
        }
        match Mbr::read(self.image) {
            Ok(Some(mbr)) => self.mbr(&mbr)?,
            Ok(None) => {}
            Err(error) => self.error(&error)?,
        }
        let lbas = self.image.len() / LBA;
        for (name, lba) in [("GPT", 1), ("backup GPT", lbas.saturating_sub(1))] {
            match GptHeader::read(self.image, lba) {
                Ok(Some(header)) => self.gpt(name, &header)?,
                Ok(None) => {}
                Err(error) => self.error(&error)?,
            }
        }
        Ok(())
    }

    fn mbr(&mut self, mbr: &Mbr) -> fmt::Result {
        let disk = mbr.disk_id;
        let code = if mbr.has_code { " with code" } else { "" };
        self.line(0, format_args!("MBR disk={disk:08x}{code}"))?;
        for part in &mbr.partitions {
            let offset = 446 + 16 * part.index as u64;
            let (number, kind, status) = (part.index + 1, part.kind, part.status);
            let (first, len) = (part.first, part.len);
            self.line(
                offset,
                format_args!(
                    "  partition {number} type={kind:#04x} status={status:#04x} first={first} \
                     sectors={len}"
                ),
            )?;
        }
        Ok(())
    }

    fn gpt(&mut self, name: &str, header: &GptHeader) -> fmt::Result {
        let sum = if header.crc == header.computed_crc { "good" } else { "BAD" };
        let GptHeader { my_lba, alternate_lba, first_usable, last_usable, disk, .. } = header;
        self.line(
            header.lba * LBA,
            format_args!(
                "{name} lba={my_lba} alternate={alternate_lba} usable={first_usable}..=\
                 {last_usable} disk={disk} crc={:08x} ({sum})",
                header.crc
            ),
        )?;
        let entries = match header.read_entries(self.image) {
            Ok(entries) => entries,
            Err(error) => return self.error(&error),
        };
        let computed = crc32fast::hash(&entries);
        let sum = if header.entries_crc == computed { "good" } else { "BAD" };
        let offset = header.entries_lba.saturating_mul(LBA);
        let (count, size, crc) = (header.entry_count, header.entry_size, header.entries_crc);
        let what = format_args!("  entries {count} of {size} bytes crc={crc:08x} ({sum})");
        self.line(offset, what)?;
        for part in header.partitions(&entries) {
            let offset = offset.saturating_add(part.index as u64 * u64::from(size));
            self.line(
                offset,
                format_args!(
                    "  partition {} type={} id={} first={} last={} name={:?}",
                    part.index + 1,
                    part.kind,
                    part.id,
                    part.first,
                    part.last,
                    part.name
                ),
            )?;
        }
        Ok(())
    }
}
