use std::fmt;

use super::{Guid, SECTOR};

/// The sectors of each of the two tables: a header and 128 entries of 128 bytes.
pub const TABLE_SECTORS: u64 = 33;

const ENTRIES: usize = 128;
const ENTRY_LEN: usize = 128;
const HEADER_LEN: usize = 92;
const NAME_UNITS_MAX: usize = 36;

/// A GUID partition table (UEFI 2.10 section 5.3), checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gpt {
    disk: Guid,
    sectors: u64,
    partitions: Vec<GptPartition>,
}

/// An entry of a GUID partition table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GptPartition {
    /// What it is for.
    pub kind: Guid,
    /// Which it is.
    pub id: Guid,
    /// The first sector.
    pub first: u64,
    /// The last sector, itself included.
    pub last: u64,
    /// The bits of UEFI 2.10 table 5.8.
    pub attributes: u64,
    /// The name, at most 36 UTF-16 units.
    pub name: String,
}

/// What keeps partitions from making a table. Each variant's number is the index of a partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum GptError {
    /// The disk cannot hold both tables and a sector between them.
    DiskTooSmall,
    /// There are more than 128 partitions.
    TooMany,
    /// The partition is empty or reaches into a table.
    OutOfBounds(usize),
    /// The partition overlaps another.
    Overlap(usize),
    /// The partition's name is longer than 36 UTF-16 units.
    NameTooLong(usize),
}

impl fmt::Display for GptError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DiskTooSmall => write!(f, "the disk is too small for a partition table"),
            Self::TooMany => write!(f, "there are more than {ENTRIES} partitions"),
            Self::OutOfBounds(index) => {
                write!(f, "partition {index} is empty or reaches into a partition table")
            }
            Self::Overlap(index) => write!(f, "partition {index} overlaps another"),
            Self::NameTooLong(index) => {
                write!(f, "the name of partition {index} is longer than {NAME_UNITS_MAX} units")
            }
        }
    }
}

impl std::error::Error for GptError {}

impl Gpt {
    /// Makes the table of a disk of `sectors` sectors, both tables included.
    pub fn new(disk: Guid, sectors: u64, partitions: Vec<GptPartition>) -> Result<Self, GptError> {
        if sectors < 1 + 2 * TABLE_SECTORS + 1 {
            return Err(GptError::DiskTooSmall);
        }
        if partitions.len() > ENTRIES {
            return Err(GptError::TooMany);
        }
        let table = Self { disk, sectors, partitions };
        for (index, partition) in table.partitions.iter().enumerate() {
            table.check(index, partition)?;
        }
        Ok(table)
    }

    fn check(&self, index: usize, partition: &GptPartition) -> Result<(), GptError> {
        let (first, last) = (partition.first, partition.last);
        if first > last || first < self.first_usable() || last > self.last_usable() {
            return Err(GptError::OutOfBounds(index));
        }
        let overlaps = |other: &GptPartition| first <= other.last && other.first <= last;
        if self.partitions[..index].iter().any(overlaps) {
            return Err(GptError::Overlap(index));
        }
        if partition.name.encode_utf16().count() > NAME_UNITS_MAX {
            return Err(GptError::NameTooLong(index));
        }
        Ok(())
    }

    /// The first sector that a partition may use.
    pub fn first_usable(&self) -> u64 {
        1 + TABLE_SECTORS
    }

    /// The last sector that a partition may use.
    pub fn last_usable(&self) -> u64 {
        self.sectors - 1 - TABLE_SECTORS
    }

    /// The bytes of sectors 1 to 33: the header, then the entries.
    pub fn primary(&self) -> Vec<u8> {
        let entries = self.entries();
        let mut bytes = self.header(1, self.sectors - 1, 2, &entries);
        bytes.extend(entries);
        bytes
    }

    /// The bytes of the last 33 sectors: the entries, then the header.
    pub fn backup(&self) -> Vec<u8> {
        let mut bytes = self.entries();
        let header = self.header(self.sectors - 1, 1, self.sectors - TABLE_SECTORS, &bytes);
        bytes.extend(header);
        bytes
    }

    fn entries(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(TABLE_SECTORS as usize * SECTOR as usize);
        for partition in &self.partitions {
            bytes.extend(partition.encode());
        }
        bytes.resize(ENTRIES * ENTRY_LEN, 0);
        bytes
    }

    /// The header sector (UEFI 2.10 table 5.5) that lies at `own`.
    fn header(&self, own: u64, other: u64, first_entry: u64, entries: &[u8]) -> Vec<u8> {
        let mut header = Vec::with_capacity(SECTOR as usize);
        header.extend(b"EFI PART");
        header.extend(0x0001_0000u32.to_le_bytes());
        header.extend((HEADER_LEN as u32).to_le_bytes());
        header.extend([0; 8]);
        for lba in [own, other, self.first_usable(), self.last_usable()] {
            header.extend(lba.to_le_bytes());
        }
        header.extend(self.disk.0);
        header.extend(first_entry.to_le_bytes());
        header.extend((ENTRIES as u32).to_le_bytes());
        header.extend((ENTRY_LEN as u32).to_le_bytes());
        header.extend(crc32fast::hash(entries).to_le_bytes());
        debug_assert_eq!(header.len(), HEADER_LEN);
        let checksum = crc32fast::hash(&header);
        header[16..20].copy_from_slice(&checksum.to_le_bytes());
        header.resize(SECTOR as usize, 0);
        header
    }
}

impl GptPartition {
    fn encode(&self) -> [u8; ENTRY_LEN] {
        let mut entry = [0; ENTRY_LEN];
        entry[..16].copy_from_slice(&self.kind.0);
        entry[16..32].copy_from_slice(&self.id.0);
        entry[32..40].copy_from_slice(&self.first.to_le_bytes());
        entry[40..48].copy_from_slice(&self.last.to_le_bytes());
        entry[48..56].copy_from_slice(&self.attributes.to_le_bytes());
        for (unit, field) in self.name.encode_utf16().zip(entry[56..].chunks_exact_mut(2)) {
            field.copy_from_slice(&unit.to_le_bytes());
        }
        entry
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn partition(first: u64, last: u64) -> GptPartition {
        let id = Guid::from_digest([last as u8; 16]);
        let name = "EFI".to_owned();
        GptPartition { kind: Guid::EFI_SYSTEM, id, first, last, attributes: 0, name }
    }

    fn table(partitions: Vec<GptPartition>) -> Result<Gpt, GptError> {
        Gpt::new(Guid([7; 16]), 1000, partitions)
    }

    #[test]
    fn both_tables_hold_the_same_entries_and_point_to_each_other() {
        let table = table(vec![partition(34, 100), partition(101, 966)]).unwrap();
        let (primary, backup) = (table.primary(), table.backup());
        assert_eq!(primary.len() as u64, TABLE_SECTORS * SECTOR);
        assert_eq!(primary[512..], backup[..128 * 128]);
        let header = &backup[128 * 128..];
        assert_eq!(
            primary[24..40],
            [[1, 0, 0, 0, 0, 0, 0, 0], [0xE7, 3, 0, 0, 0, 0, 0, 0]].concat()
        );
        assert_eq!(
            header[24..40],
            [[0xE7, 3, 0, 0, 0, 0, 0, 0], [1, 0, 0, 0, 0, 0, 0, 0]].concat()
        );
    }

    #[test]
    fn the_header_checksum_covers_92_bytes_with_itself_as_zero() {
        let primary = table(vec![partition(34, 100)]).unwrap().primary();
        let mut header = primary[..92].to_vec();
        let stored = u32::from_le_bytes(header[16..20].try_into().unwrap());
        header[16..20].fill(0);
        assert_eq!(crc32fast::hash(&header), stored);
    }

    #[test]
    fn partitions_outside_or_over_each_other_are_refused() {
        assert_eq!(table(vec![partition(33, 100)]), Err(GptError::OutOfBounds(0)));
        assert_eq!(table(vec![partition(34, 967)]), Err(GptError::OutOfBounds(0)));
        assert_eq!(table(vec![partition(50, 49)]), Err(GptError::OutOfBounds(0)));
        let overlapping = vec![partition(34, 100), partition(100, 200)];
        assert_eq!(table(overlapping), Err(GptError::Overlap(1)));
        assert_eq!(Gpt::new(Guid([0; 16]), 67, Vec::new()), Err(GptError::DiskTooSmall));
    }
}
