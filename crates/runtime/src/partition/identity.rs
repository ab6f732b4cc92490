use std::io;
use std::os::unix::fs::FileExt;

use image::partition::{Guid, SECTOR};

const ENTRY_LEN: usize = 128;
const PROTECTIVE: u8 = 0xEE;

/// Reads how Linux tells a partition of a disk from all others, as `PARTUUID` in lower case;
/// `None` when the disk has no table or the table no such partition. Logical partitions of an MBR
/// are not looked for, and taken for there.
///
/// By it a partition is found again after a restart, when its disk may have another name.
pub fn partition_uuid(disk: &impl FileExt, number: u32) -> io::Result<Option<String>> {
    let mut mbr = [0; SECTOR as usize];
    disk.read_exact_at(&mut mbr, 0)?;
    if mbr[510..] != [0x55, 0xAA] || number == 0 {
        return Ok(None);
    }
    let is_protective = (0..4).any(|slot| mbr[446 + 16 * slot + 4] == PROTECTIVE);
    if is_protective {
        return gpt_uuid(disk, number);
    }
    let signature = u32::from_le_bytes([mbr[440], mbr[441], mbr[442], mbr[443]]);
    let is_empty = number <= 4 && mbr[446 + 16 * (number as usize - 1) + 4] == 0;
    Ok((!is_empty).then(|| format!("{signature:08x}-{number:02x}")))
}

/// The unique GUID of an entry (UEFI 2.10 table 5.6), by the header in sector 1 (table 5.5).
fn gpt_uuid(disk: &impl FileExt, number: u32) -> io::Result<Option<String>> {
    let mut header = [0; SECTOR as usize];
    disk.read_exact_at(&mut header, SECTOR)?;
    let field = |at: usize| u32::from_le_bytes([0, 1, 2, 3].map(|byte| header[at + byte]));
    let first = u64::from(field(72)) | u64::from(field(76)) << 32;
    let (count, length) = (field(80), field(84) as usize);
    if header[..8] != *b"EFI PART" || number > count || length < ENTRY_LEN {
        return Ok(None);
    }
    let offset = first
        .checked_mul(SECTOR)
        .and_then(|start| start.checked_add(u64::from(number - 1).checked_mul(length as u64)?));
    let Some(offset) = offset else { return Ok(None) };
    let mut entry = [0; 32];
    disk.read_exact_at(&mut entry, offset)?;
    let (kind, id) = entry.split_at(16);
    if kind.iter().all(|byte| *byte == 0) {
        return Ok(None);
    }
    let mut guid = Guid([0; 16]);
    guid.0.copy_from_slice(id);
    Ok(Some(guid.to_string().to_lowercase()))
}
