//! The partition tables of a hybrid image: MBR and GPT (UEFI 2.10 §5).

use super::bytes::{all_zero, array, le16, le32, le64};
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
    /// The 512-byte sector that hybrid boot code is told (bytes 432 to 439), None without code.
    pub boot_sector: Option<u64>,
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
            boot_sector: (!all_zero(&bytes[..432])).then(|| le64(&bytes, 432)),
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
    char::decode_utf16(units.take_while(|&unit| unit != 0))
        .map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER))
        .collect()
}
