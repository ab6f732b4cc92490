//! The partitions of an image that may hold an exFAT volume (UEFI 2.10 §5).

use super::bytes::{array, le32, le64};
use super::{ReadAt, source};

/// The logical block that both tables count in.
pub(crate) const LBA: u64 = 512;

/// The largest partition entry array that is read: four times the usual 16 KiB.
const MAX_ENTRIES_BYTES: u64 = 64 * 1024;

/// The type of an MBR partition with exFAT or NTFS.
const MBR_KIND: u8 = 0x07;

/// The type of a GPT partition with files.
const BASIC_DATA: [u8; 16] = [
    0xA2, 0xA0, 0xD0, 0xEB, 0xE5, 0xB9, 0x33, 0x44, 0x87, 0xC0, 0x68, 0xB6, 0xB7, 0x26, 0x99, 0xC7,
];

/// A stretch of an image that may hold a volume, in LBAs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) first: u64,
    pub(crate) len: u64,
}

/// The partitions that may hold a volume: those of the GPT, or of the MBR without one.
///
/// Tables that cannot be read have none.
pub(crate) fn places(image: &dyn ReadAt) -> Vec<Place> {
    gpt_places(image).or_else(|| mbr_places(image)).unwrap_or_default()
}

fn gpt_places(image: &dyn ReadAt) -> Option<Vec<Place>> {
    let mut header = [0; LBA as usize];
    source::read_exact(image, "GPT header", LBA, &mut header).ok()?;
    let (count, size) = (u64::from(le32(&header, 80)), u64::from(le32(&header, 84)));
    let len = count.checked_mul(size).filter(|len| *len <= MAX_ENTRIES_BYTES)?;
    if &header[..8] != b"EFI PART" || size < 128 {
        return None;
    }
    let mut entries = vec![0; len as usize];
    let offset = le64(&header, 72).checked_mul(LBA)?;
    source::read_exact(image, "GPT partition entries", offset, &mut entries).ok()?;
    let place = |entry: &[u8]| {
        let (first, last) = (le64(entry, 32), le64(entry, 40));
        let len = last.checked_sub(first)?.checked_add(1)?;
        (entry[..16] == BASIC_DATA).then_some(Place { first, len })
    };
    Some(entries.chunks_exact(size as usize).filter_map(place).collect())
}

fn mbr_places(image: &dyn ReadAt) -> Option<Vec<Place>> {
    let mut sector = [0; LBA as usize];
    source::read_exact(image, "MBR", 0, &mut sector).ok()?;
    let is_mbr = sector[510..] == [0x55, 0xAA];
    let entries = (0..4).map(|index| array::<16>(&sector, 446 + 16 * index));
    let used = entries.filter(|entry| is_mbr && entry[4] == MBR_KIND);
    let place =
        |entry: [u8; 16]| Place { first: le32(&entry, 8).into(), len: le32(&entry, 12).into() };
    Some(used.map(place).collect())
}
