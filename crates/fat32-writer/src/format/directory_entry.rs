//! Directory entries (Microsoft FAT specification, sections 6 and 7).

use super::time::DosTime;

/// The bytes of an entry.
pub(crate) const ENTRY_LEN: usize = 32;

/// The UTF-16 units of one long-name entry (section 7).
pub(crate) const UNITS_PER_ENTRY: usize = 13;

/// A short name as it is stored: 8 characters and 3 of the extension, space padded, without a dot.
pub(crate) type ShortName = [u8; 11];

/// The names of a directory's own entry and of its parent's.
pub(crate) const DOT: ShortName = *b".          ";
pub(crate) const DOT_DOT: ShortName = *b"..         ";

/// What an entry describes (section 6.2, DIR_Attr).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Attributes {
    VolumeId = 0x08,
    Directory = 0x10,
    Archive = 0x20,
}

/// The attributes of a long-name entry: read-only, hidden, system and volume label at once, which
/// makes readers that know no long names pass over it.
const LONG_NAME: u8 = 0x0F;

/// What marks the first entry of a long name, which holds the end of the name.
const LAST_LONG_ENTRY: u8 = 0x40;

/// Where the units of a long-name entry stand (LDIR_Name1, LDIR_Name2, LDIR_Name3).
const UNIT_OFFSETS: [usize; UNITS_PER_ENTRY] = [1, 3, 5, 7, 9, 14, 16, 18, 20, 22, 24, 28, 30];

/// A short entry.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ShortEntry {
    pub(crate) name: ShortName,
    pub(crate) attributes: Attributes,
    pub(crate) first_cluster: u32,
    /// DIR_FileSize; 0 for everything but files.
    pub(crate) len: u32,
}

impl ShortEntry {
    pub(crate) fn put(&self, time: DosTime, out: &mut Vec<u8>) {
        let [low_0, low_1, high_0, high_1] = self.first_cluster.to_le_bytes();
        let is_label = self.attributes == Attributes::VolumeId;
        out.extend(self.name);
        out.extend([self.attributes as u8, 0]);
        // A label has no time but that of its last change.
        let created = if is_label { [0; 7] } else { time.created() };
        out.extend(created);
        out.extend([high_0, high_1]);
        out.extend(time.written());
        out.extend([low_0, low_1]);
        out.extend(self.len.to_le_bytes());
    }
}

/// The number of entries of a long name.
pub(crate) fn long_entries(name: &str) -> usize {
    name.encode_utf16().count().div_ceil(UNITS_PER_ENTRY)
}

/// Appends the entries of a long name: the end of the name first.
pub(crate) fn put_long_name(name: &str, short: &ShortName, out: &mut Vec<u8>) {
    let mut units: Vec<u16> = name.encode_utf16().collect();
    let entries = units.len().div_ceil(UNITS_PER_ENTRY);
    // A zero ends the name and ones fill the entry, unless the name fills it.
    if !units.len().is_multiple_of(UNITS_PER_ENTRY) {
        units.push(0);
        units.resize(entries * UNITS_PER_ENTRY, 0xFFFF);
    }
    let checksum = checksum(short);
    for (index, part) in units.chunks_exact(UNITS_PER_ENTRY).enumerate().rev() {
        let mut entry = [0; ENTRY_LEN];
        let last = if index + 1 == entries { LAST_LONG_ENTRY } else { 0 };
        entry[0] = (index + 1) as u8 | last;
        entry[11] = LONG_NAME;
        entry[13] = checksum;
        for (unit, offset) in part.iter().zip(UNIT_OFFSETS) {
            entry[offset..offset + 2].copy_from_slice(&unit.to_le_bytes());
        }
        out.extend(entry);
    }
}

/// The sum that ties a long name to the short one behind it (section 7.2).
fn checksum(name: &ShortName) -> u8 {
    name.iter().fold(0u8, |sum, &byte| sum.rotate_right(1).wrapping_add(byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_long_name_comes_first() {
        let mut out = Vec::new();
        put_long_name("The quick brown.fox", b"THEQUI~1FOX", &mut out);
        assert_eq!(out.len(), 2 * ENTRY_LEN);
        assert_eq!((out[0], out[32]), (0x42, 0x01));
        assert_eq!(out[33..43], *b"T\0h\0e\0 \0q\0");
        assert_eq!(out[1..11], *b"w\0n\0.\0f\0o\0");
        assert_eq!(out[14..20], [b'x', 0, 0, 0, 0xFF, 0xFF]);
    }

    #[test]
    fn a_name_that_fills_its_entries_has_no_end_mark() {
        let mut out = Vec::new();
        put_long_name("thirteen char", b"THIRTE~1   ", &mut out);
        assert_eq!(out.len(), ENTRY_LEN);
        assert_eq!(out[28..], *b"a\0r\0");
    }

    #[test]
    fn the_checksum_rotates_before_it_adds() {
        let mut name = [0; 11];
        (name[9], name[10]) = (0x81, 0x02);
        // 0x81 rotated is 0xC0.
        assert_eq!(checksum(&name), 0xC2);
    }
}
