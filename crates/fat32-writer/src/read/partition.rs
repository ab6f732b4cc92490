//! The partition tables of an image: MBR and GPT (UEFI 2.10 §5).

use super::bytes::{all_zero, array, le16, le32, le64, utf16};
use super::{ReadAt, ReadError, source};

/// The logical block that both tables count in.
pub(crate) const LBA: u64 = 512;

/// The largest partition entry array that is read: four times the usual 16 KiB.
const MAX_ENTRIES_BYTES: u64 = 64 * 1024;

/// A partition of the MBR (UEFI §5.2.1, table 5.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MbrPartition {
    /// Which of the four it is, from 0.
    pub index: usize,
    /// Boot Indicator: 0x80 active, 0 not.
    pub status: u8,
    /// OS Type: 0xEE for a protective entry.
    pub kind: u8,
    /// First LBA.
    pub first: u32,
    /// Number of LBAs.
    pub len: u32,
}

/// The master boot record in the first 512 bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mbr {
    /// Whether there is boot code: whether bytes 0 to 439 are not all zero.
    pub has_code: bool,
    /// Unique MBR Disk Signature.
    pub disk_id: u32,
    /// The entries that are not all zero.
    pub partitions: Vec<MbrPartition>,
}

impl Mbr {
    /// Reads the first sector, None if it has no signature 55 AA.
    pub fn read(image: &dyn ReadAt) -> Result<Option<Self>, ReadError> {
        let mut bytes = [0; LBA as usize];
        source::read_exact(image, "MBR", 0, &mut bytes)?;
        if bytes[510..] != [0x55, 0xAA] {
            return Ok(None);
        }
        let partition = |index: usize| {
            let entry = &bytes[446 + index * 16..446 + (index + 1) * 16];
            (!all_zero(entry)).then(|| MbrPartition {
                index,
                status: entry[0],
                kind: entry[4],
                first: le32(entry, 8),
                len: le32(entry, 12),
            })
        };
        Ok(Some(Self {
            has_code: !all_zero(&bytes[..440]),
            disk_id: le32(&bytes, 440),
            partitions: (0..4).filter_map(partition).collect(),
        }))
    }
}

/// A GUID as recorded: the first three fields little-endian.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Guid(pub [u8; 16]);

impl std::fmt::Display for Guid {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let bytes = &self.0;
        write!(f, "{:08X}-{:04X}-{:04X}-", le32(bytes, 0), le16(bytes, 4), le16(bytes, 6))?;
        write!(f, "{:02X}{:02X}-", bytes[8], bytes[9])?;
        bytes[10..].iter().try_for_each(|byte| write!(f, "{byte:02X}"))
    }
}

impl std::fmt::Debug for Guid {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(self, f)
    }
}

/// A GPT header (UEFI §5.3.2, table 5.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GptHeader {
    /// Where it was read, as an LBA.
    pub lba: u64,
    /// Revision.
    pub revision: u32,
    /// HeaderSize, in bytes.
    pub size: u32,
    /// HeaderCRC32 as recorded, and as computed.
    pub crc: u32,
    /// The CRC of the header with its own field zero.
    pub computed_crc: u32,
    /// MyLBA.
    pub my_lba: u64,
    /// AlternateLBA.
    pub alternate_lba: u64,
    /// FirstUsableLBA.
    pub first_usable: u64,
    /// LastUsableLBA.
    pub last_usable: u64,
    /// DiskGUID.
    pub disk: Guid,
    /// PartitionEntryLBA.
    pub entries_lba: u64,
    /// NumberOfPartitionEntries.
    pub entry_count: u32,
    /// SizeOfPartitionEntry, in bytes.
    pub entry_size: u32,
    /// PartitionEntryArrayCRC32 as recorded.
    pub entries_crc: u32,
    /// Whether the sector behind the header is zero.
    pub rest_is_zero: bool,
}

/// A partition of a GPT (UEFI §5.3.3, table 5.6).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GptPartition {
    /// Its place in the array, from 0.
    pub index: usize,
    /// PartitionTypeGUID.
    pub kind: Guid,
    /// UniquePartitionGUID.
    pub id: Guid,
    /// StartingLBA.
    pub first: u64,
    /// EndingLBA, which belongs to the partition.
    pub last: u64,
    /// Attributes.
    pub attributes: u64,
    /// PartitionName.
    pub name: String,
}

impl GptHeader {
    /// Reads the header at an LBA, None if the sector has no signature.
    pub fn read(image: &dyn ReadAt, lba: u64) -> Result<Option<Self>, ReadError> {
        let mut sector = [0; LBA as usize];
        let offset = lba.saturating_mul(LBA);
        source::read_exact(image, "GPT header", offset, &mut sector)?;
        if &sector[..8] != b"EFI PART" {
            return Ok(None);
        }
        let size = le32(&sector, 12);
        let covered = (size as usize).clamp(92, sector.len());
        let mut copy = sector;
        copy[16..20].fill(0);
        Ok(Some(Self {
            lba,
            revision: le32(&sector, 8),
            size,
            crc: le32(&sector, 16),
            computed_crc: crc32fast::hash(&copy[..covered]),
            my_lba: le64(&sector, 24),
            alternate_lba: le64(&sector, 32),
            first_usable: le64(&sector, 40),
            last_usable: le64(&sector, 48),
            disk: Guid(array(&sector, 56)),
            entries_lba: le64(&sector, 72),
            entry_count: le32(&sector, 80),
            entry_size: le32(&sector, 84),
            entries_crc: le32(&sector, 88),
            rest_is_zero: all_zero(&sector[92..]) && le32(&sector, 20) == 0,
        }))
    }

    /// Reads the partition entry array as recorded.
    pub fn read_entries(&self, image: &dyn ReadAt) -> Result<Vec<u8>, ReadError> {
        const STRUCTURE: &str = "GPT partition entries";
        let offset = self.entries_lba.saturating_mul(LBA);
        let len = u64::from(self.entry_count) * u64::from(self.entry_size);
        if len > MAX_ENTRIES_BYTES || self.entry_size < 128 {
            let reason = format!("{} entries of {} bytes each", self.entry_count, self.entry_size);
            return Err(ReadError::unsupported(STRUCTURE, offset, reason));
        }
        let mut bytes = vec![0; len as usize];
        source::read_exact(image, STRUCTURE, offset, &mut bytes)?;
        Ok(bytes)
    }

    /// The used entries of an array that [`GptHeader::read_entries`] gave.
    pub fn partitions(&self, entries: &[u8]) -> Vec<GptPartition> {
        let size = (self.entry_size as usize).max(128);
        let used = |entry: &(usize, &[u8])| !all_zero(&entry.1[..16]);
        let parse = |(index, entry): (usize, &[u8])| GptPartition {
            index,
            kind: Guid(array(entry, 0)),
            id: Guid(array(entry, 16)),
            first: le64(entry, 32),
            last: le64(entry, 40),
            attributes: le64(entry, 48),
            name: name(&entry[56..128]),
        };
        entries.chunks_exact(size).enumerate().filter(used).map(parse).collect()
    }
}

/// A partition's name: UTF-16 little-endian up to the first zero.
fn name(field: &[u8]) -> String {
    let units = field.chunks_exact(2).map(|unit| u16::from_le_bytes([unit[0], unit[1]]));
    utf16(units.take_while(|&unit| unit != 0))
}

/// The types of GPT partitions that hold FAT32 volumes.
pub(crate) const EFI_SYSTEM: Guid = Guid([
    0x28, 0x73, 0x2A, 0xC1, 0x1F, 0xF8, 0xD2, 0x11, 0xBA, 0x4B, 0x00, 0xA0, 0xC9, 0x3E, 0xC9, 0x3B,
]);
pub(crate) const BASIC_DATA: Guid = Guid([
    0xA2, 0xA0, 0xD0, 0xEB, 0xE5, 0xB9, 0x33, 0x44, 0x87, 0xC0, 0x68, 0xB6, 0xB7, 0x26, 0x99, 0xC7,
]);

/// The types of MBR partitions that hold FAT32 volumes: FAT32 with CHS and with LBA addresses, the
/// same hidden, and EFI system partitions.
pub(crate) const MBR_KINDS: [u8; 5] = [0x0B, 0x0C, 0x1B, 0x1C, 0xEF];

/// A stretch of an image that may hold a volume, in LBAs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) first: u64,
    pub(crate) len: u64,
}

/// The partitions that may hold a FAT32 volume: those of the GPT, or of the MBR without one.
///
/// Tables that cannot be read have none.
pub(crate) fn places(image: &dyn ReadAt) -> Vec<Place> {
    let header = GptHeader::read(image, 1).ok().flatten();
    if let Some(entries) =
        header.and_then(|header| Some((header, header.read_entries(image).ok()?)))
    {
        let (header, entries) = entries;
        let partitions = header.partitions(&entries).into_iter();
        return partitions
            .filter(|partition| [EFI_SYSTEM, BASIC_DATA].contains(&partition.kind))
            .filter_map(|partition| {
                let len = partition.last.checked_sub(partition.first)?.checked_add(1)?;
                Some(Place { first: partition.first, len })
            })
            .collect();
    }
    let Some(mbr) = Mbr::read(image).ok().flatten() else { return Vec::new() };
    let partitions = mbr.partitions.iter();
    partitions
        .filter(|partition| MBR_KINDS.contains(&partition.kind))
        .map(|partition| Place { first: partition.first.into(), len: partition.len.into() })
        .collect()
}
