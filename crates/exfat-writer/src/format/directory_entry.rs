//! Directory entries (exFAT specification, sections 6 and 7).

use super::time::ExfatTime;
use super::upcase;

/// The bytes of an entry.
pub(crate) const ENTRY_LEN: usize = 32;

/// The UTF-16 units of one File Name entry (section 7.7).
const UNITS_PER_ENTRY: usize = 15;

/// EntryType of what a volume holds.
const ALLOCATION_BITMAP: u8 = 0x81;
const UPCASE_TABLE: u8 = 0x82;
const VOLUME_LABEL: u8 = 0x83;
const FILE: u8 = 0x85;
const STREAM_EXTENSION: u8 = 0xC0;
const FILE_NAME: u8 = 0xC1;

/// GeneralSecondaryFlags (section 6.4.2): clusters may be allocated; they are one run, and the FAT
/// says nothing of them.
const ALLOCATION_POSSIBLE: u8 = 1;
const NO_FAT_CHAIN: u8 = 2;

/// FileAttributes (section 7.4.4).
const DIRECTORY: u16 = 0x10;
const ARCHIVE: u16 = 0x20;

/// The entries of a file or directory of this name: File, Stream Extension, and a File Name for
/// each 15 units.
pub(crate) fn entries(name: &str) -> u64 {
    2 + name.encode_utf16().count().div_ceil(UNITS_PER_ENTRY) as u64
}

/// Appends the entry of the volume label (section 7.3), which has at most eleven units.
pub(crate) fn put_label(label: &str, out: &mut Vec<u8>) {
    let mut entry = [0; ENTRY_LEN];
    entry[0] = VOLUME_LABEL;
    for (unit, field) in label.encode_utf16().zip(entry[2..24].chunks_exact_mut(2)) {
        field.copy_from_slice(&unit.to_le_bytes());
    }
    entry[1] = label.encode_utf16().count() as u8;
    out.extend(entry);
}

/// Appends the entry of the allocation bitmap (section 7.1).
pub(crate) fn put_bitmap(first_cluster: u32, len: u64, out: &mut Vec<u8>) {
    let mut entry = [0; ENTRY_LEN];
    entry[0] = ALLOCATION_BITMAP;
    entry[20..24].copy_from_slice(&first_cluster.to_le_bytes());
    entry[24..32].copy_from_slice(&len.to_le_bytes());
    out.extend(entry);
}

/// Appends the entry of the up-case table (section 7.2).
pub(crate) fn put_upcase_table(first_cluster: u32, out: &mut Vec<u8>) {
    let mut entry = [0; ENTRY_LEN];
    entry[0] = UPCASE_TABLE;
    entry[4..8].copy_from_slice(&upcase::CHECKSUM.to_le_bytes());
    entry[20..24].copy_from_slice(&first_cluster.to_le_bytes());
    entry[24..32].copy_from_slice(&upcase::LEN.to_le_bytes());
    out.extend(entry);
}

/// A file or directory.
#[derive(Clone, Copy, Debug)]
pub(crate) struct EntrySet<'a> {
    pub(crate) name: &'a str,
    pub(crate) is_directory: bool,
    /// 0 for an empty file.
    pub(crate) first_cluster: u32,
    /// DataLength, and ValidDataLength too; of a directory that of its clusters.
    pub(crate) len: u64,
}

impl EntrySet<'_> {
    /// Appends the entries (sections 7.4, 7.6 and 7.7).
    pub(crate) fn put(&self, time: ExfatTime, out: &mut Vec<u8>) {
        let start = out.len();
        let name: Vec<u16> = self.name.encode_utf16().collect();
        out.extend(self.file(time, name.len().div_ceil(UNITS_PER_ENTRY)));
        out.extend(self.stream_extension(&name));
        for part in name.chunks(UNITS_PER_ENTRY) {
            let mut entry = [0; ENTRY_LEN];
            entry[0] = FILE_NAME;
            for (unit, field) in part.iter().zip(entry[2..].chunks_exact_mut(2)) {
                field.copy_from_slice(&unit.to_le_bytes());
            }
            out.extend(entry);
        }
        let checksum = set_checksum(&out[start..]);
        out[start + 2..start + 4].copy_from_slice(&checksum.to_le_bytes());
    }

    fn file(&self, time: ExfatTime, names: usize) -> [u8; ENTRY_LEN] {
        let attributes = if self.is_directory { DIRECTORY } else { ARCHIVE };
        let mut entry = [0; ENTRY_LEN];
        entry[0] = FILE;
        // A name has 255 units, so 17 entries at most.
        entry[1] = 1 + names as u8;
        entry[4..6].copy_from_slice(&attributes.to_le_bytes());
        entry[8..25].copy_from_slice(&time.fields());
        entry
    }

    fn stream_extension(&self, name: &[u16]) -> [u8; ENTRY_LEN] {
        let chain = if self.first_cluster == 0 { 0 } else { NO_FAT_CHAIN };
        let mut entry = [0; ENTRY_LEN];
        entry[0] = STREAM_EXTENSION;
        entry[1] = ALLOCATION_POSSIBLE | chain;
        entry[3] = name.len() as u8;
        entry[4..6].copy_from_slice(&name_hash(name).to_le_bytes());
        entry[8..16].copy_from_slice(&self.len.to_le_bytes());
        entry[20..24].copy_from_slice(&self.first_cluster.to_le_bytes());
        entry[24..32].copy_from_slice(&self.len.to_le_bytes());
        entry
    }
}

/// SetChecksum (section 6.3.3): over all bytes of a set but its own two.
fn set_checksum(set: &[u8]) -> u16 {
    let counts = |(at, _): &(usize, &u8)| !matches!(at, 2 | 3);
    let bytes = set.iter().enumerate().filter(counts);
    bytes.fold(0u16, |sum, (_, &byte)| sum.rotate_right(1).wrapping_add(byte.into()))
}

/// NameHash (section 7.6.4): over the name in upper case.
fn name_hash(name: &[u16]) -> u16 {
    let bytes = name.iter().flat_map(|&unit| upcase::upper(unit).to_le_bytes());
    bytes.fold(0u16, |hash, byte| hash.rotate_right(1).wrapping_add(byte.into()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Timestamp;

    #[test]
    fn a_name_takes_an_entry_for_15_units_and_two_more() {
        let long = "l".repeat(255);
        for (name, expected) in
            [("a", 3), ("fifteen letters", 3), ("sixteen letters.", 4), (&*long, 19)]
        {
            assert_eq!(entries(name), expected, "{name}");
        }
        // A disc takes two units.
        assert_eq!(entries(&"💿".repeat(8)), 4);
    }

    #[test]
    fn a_set_says_how_many_entries_follow_and_where_the_data_lies() {
        let set = EntrySet {
            name: "sixteen letters.",
            is_directory: false,
            first_cluster: 0x0102_0304,
            len: 0x1_0000_0001,
        };
        let mut out = Vec::new();
        set.put(ExfatTime::new(Timestamp::default()).unwrap(), &mut out);
        assert_eq!(out.len(), 4 * ENTRY_LEN);
        assert_eq!((out[0], out[1], out[4], out[32], out[33]), (0x85, 3, 0x20, 0xC0, 3));
        assert_eq!(out[32 + 3], 16);
        assert_eq!(out[32 + 20..32 + 24], [4, 3, 2, 1]);
        assert_eq!(out[32 + 24..64], [1, 0, 0, 0, 1, 0, 0, 0]);
        assert_eq!(out[64..68], [0xC1, 0, b's', 0]);
        assert_eq!(out[96..102], [0xC1, 0, b'.', 0, 0, 0]);
    }

    #[test]
    fn the_hash_of_a_name_does_not_know_case() {
        let hash = |name: &str| name_hash(&name.encode_utf16().collect::<Vec<_>>());
        assert_eq!(hash("Größe.TXT"), hash("gRÖßE.txt"));
        assert_ne!(hash("a"), hash("b"));
        // 0x41, rotated once for the upper byte of the unit.
        assert_eq!(hash("a"), 0x8020);
    }
}
