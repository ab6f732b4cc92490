use std::io;
use std::os::unix::fs::FileExt;

use image::partition::{Guid, SECTOR};

const ENTRY_LEN: usize = 128;
const PROTECTIVE: u8 = 0xEE;
const EFI_SYSTEM: u8 = 0xEF;

/// Reads how Linux tells a partition of a disk from all others, as `PARTUUID` in lower case;
/// `None` when the disk has no table or the table no such partition. Logical partitions of an MBR
/// are not looked for, and taken for there.
///
/// By it a partition is found again after a restart, when its disk may have another name.
pub fn partition_uuid(disk: &impl FileExt, number: u32) -> io::Result<Option<String>> {
    let Some(mbr) = table(disk)?.filter(|_| number > 0) else { return Ok(None) };
    if is_protective(&mbr) {
        let Some(entry) = gpt_entry(disk, number)? else { return Ok(None) };
        let mut guid = Guid([0; 16]);
        guid.0.copy_from_slice(&entry[16..]);
        return Ok(Some(guid.to_string().to_lowercase()));
    }
    let signature = u32::from_le_bytes([mbr[440], mbr[441], mbr[442], mbr[443]]);
    let is_empty = number <= 4 && kind(&mbr, number as usize - 1) == 0;
    Ok((!is_empty).then(|| format!("{signature:08x}-{number:02x}")))
}

/// Reads whether a partition is an EFI system partition, by its type (UEFI 2.10 table 5.7, and
/// section 5.2.2 for an MBR); logical partitions of an MBR are none.
pub fn is_efi_system(disk: &impl FileExt, number: u32) -> io::Result<bool> {
    let Some(mbr) = table(disk)?.filter(|_| number > 0) else { return Ok(false) };
    if is_protective(&mbr) {
        let entry = gpt_entry(disk, number)?;
        return Ok(entry.is_some_and(|entry| entry[..16] == Guid::EFI_SYSTEM.0));
    }
    Ok(number <= 4 && kind(&mbr, number as usize - 1) == EFI_SYSTEM)
}

/// The first sector, if it holds a partition table.
fn table(disk: &impl FileExt) -> io::Result<Option<[u8; SECTOR as usize]>> {
    let mut mbr = [0; SECTOR as usize];
    disk.read_exact_at(&mut mbr, 0)?;
    Ok((mbr[510..] == [0x55, 0xAA]).then_some(mbr))
}

fn kind(mbr: &[u8; SECTOR as usize], slot: usize) -> u8 {
    mbr[446 + 16 * slot + 4]
}

fn is_protective(mbr: &[u8; SECTOR as usize]) -> bool {
    (0..4).any(|slot| kind(mbr, slot) == PROTECTIVE)
}

/// The type and the unique GUID of an entry that is used (UEFI 2.10 table 5.6), by the header in
/// sector 1 (table 5.5).
fn gpt_entry(disk: &impl FileExt, number: u32) -> io::Result<Option<[u8; 32]>> {
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
    let is_used = entry[..16].iter().any(|byte| *byte != 0);
    Ok(is_used.then_some(entry))
}
