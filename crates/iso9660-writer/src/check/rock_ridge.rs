use super::space::Use;
use super::{Checker, rules};
use crate::read::bytes::Both32;
use crate::read::iso::record::DirectoryRecord;
use crate::read::iso::susp::{SystemUse, SystemUseEntry};

/// The bits of a POSIX mode that say what a file is, and their value for a directory.
const KIND_MASK: u32 = 0o170_000;
const KIND_DIRECTORY: u32 = 0o040_000;

impl Checker<'_> {
    /// Checks a record's system use field; returns its Rock Ridge name.
    pub(super) fn check_system_use(
        &mut self,
        rock_ridge: Option<u8>,
        offset: u64,
        record: &DirectoryRecord,
        path: &dyn Fn() -> String,
    ) -> Option<String> {
        let field_offset = offset + u64::from(record.len) - record.system_use.len() as u64;
        let Some(skipped) = rock_ridge else {
            if !record.system_use.is_empty() {
                let message = "a system use field in a tree without Rock Ridge";
                self.report.add_at(rules::RR_SHARING, field_offset, path, message);
            }
            return None;
        };
        // The record that announces the protocol has its fields from the start (SUSP §5.3).
        let skipped = if record.system_use.starts_with(b"SP") { 0 } else { usize::from(skipped) };
        let field = record.system_use.get(skipped..).unwrap_or(&[]);
        let system_use = match SystemUse::read(self.image, field_offset + skipped as u64, field) {
            Ok(system_use) => system_use,
            Err(error) => {
                self.report.add_error(rules::RR_ENTRY, path, &error);
                return None;
            }
        };
        for area in &system_use.continuations {
            self.claim(Use::RockRidgeContinuation, area.offset, area.len);
        }
        if let Some(offset) = system_use.odd_tail {
            let message = "bytes behind the last entry";
            self.report.add_at(rules::RR_ENTRY, offset, path, message);
        }
        for entry in &system_use.entries {
            self.check_entry(entry, path);
        }
        let announces = system_use.get(b"SP").is_some();
        if announces && system_use.get(b"ER").is_none() {
            let message = "no `ER` entry beside `SP`";
            self.report.add_at(rules::RR_SHARING, field_offset, path, message);
        }
        self.check_mode(&system_use, field_offset, record, path);
        if record.is_dot() {
            return None;
        }
        self.checked_name(&system_use, field_offset, path)
    }

    fn checked_name(
        &mut self,
        system_use: &SystemUse,
        offset: u64,
        path: &dyn Fn() -> String,
    ) -> Option<String> {
        let name = system_use.name_bytes().and_then(|bytes| String::from_utf8(bytes).ok());
        let sound = name.as_ref().is_some_and(|name| {
            !matches!(name.as_str(), "" | "." | "..") && !name.contains(['/', '\0'])
        });
        if !sound {
            let message = "no `NM` entries that give a name";
            self.report.add_at(rules::RR_NAME, offset, path, message);
        }
        name
    }

    fn check_entry(&mut self, entry: &SystemUseEntry, path: &dyn Fn() -> String) {
        let len = entry.data.len() + 4;
        let sound = match &entry.signature {
            b"SP" => *entry.data == [0xBE, 0xEF, 0],
            b"ER" => {
                len >= 8
                    && len == 8 + entry.data[..3].iter().map(|&n| usize::from(n)).sum::<usize>()
            }
            b"PX" => matches!(len, 36 | 44) && entry.data.chunks_exact(8).all(agrees),
            b"NM" => len >= 5 && entry.data[0] & !0x01 == 0,
            b"TF" => len == time_stamps_len(&entry.data),
            b"CL" | b"PL" => len == 12 && agrees(&entry.data),
            b"RE" => len == 4,
            b"RR" => len == 5,
            b"SL" => len >= 5,
            b"PD" => true,
            b"PN" => len == 20,
            _ => false,
        };
        if !sound || entry.version != 1 {
            let message = format!("an entry `{}` of {len} bytes", entry.signature.escape_ascii());
            self.report.add_at(rules::RR_ENTRY, entry.offset, path, message);
        }
    }

    fn check_mode(
        &mut self,
        system_use: &SystemUse,
        offset: u64,
        record: &DirectoryRecord,
        path: &dyn Fn() -> String,
    ) {
        let Some(entry) = system_use.get(b"PX").filter(|entry| entry.data.len() >= 32) else {
            let message = "no `PX` entry";
            self.report.add_at(rules::RR_MODE, offset, path, message);
            return;
        };
        let mode = Both32::at(&entry.data, 0).little;
        let links = Both32::at(&entry.data, 8).little;
        let directory = mode & KIND_MASK == KIND_DIRECTORY;
        let relocated = system_use.child_link().is_some();
        if directory != (record.is_directory() || relocated) || links == 0 {
            let message = format!("mode {mode:o} with {links} links");
            self.report.add_at(rules::RR_MODE, entry.offset, path, message);
        }
    }
}

fn agrees(both: &[u8]) -> bool {
    Both32::at(both, 0).agrees()
}

/// How long a `TF` entry is by its flags (RRIP §4.1.6): a time of 7 or 17 bytes for each bit.
fn time_stamps_len(data: &[u8]) -> usize {
    let flags = data.first().copied().unwrap_or(0);
    let size = if flags & 0x80 != 0 { 17 } else { 7 };
    5 + size * (flags & 0x7F).count_ones() as usize
}
