use super::SECTOR;

/// The bytes of boot code that fit before the disk signature.
pub const BOOT_CODE_LEN: usize = 440;

/// A master boot record, sector 0 of a disk (UEFI 2.10 section 5.2.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mbr {
    /// The code that the BIOS starts; zeros where there is none.
    pub boot_code: [u8; BOOT_CODE_LEN],
    /// The number by which Windows knows the disk; 0 on a disk with a GPT that nobody boots from.
    pub disk_signature: u32,
    /// The four slots.
    pub partitions: [Option<MbrPartition>; 4],
}

/// A slot of a master boot record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MbrPartition {
    /// Whether the BIOS shall take it for bootable (0x80).
    pub active: bool,
    /// The partition type, for example 0xEE for a protective entry and 0xEF for an ESP.
    pub kind: u8,
    /// The first sector.
    pub first: u32,
    /// The number of sectors.
    pub sectors: u32,
}

impl MbrPartition {
    /// The entry that keeps tools which know no GPT away from a disk of `disk_sectors` sectors.
    ///
    /// A disk that is too large for the field gets its largest value (UEFI 2.10 section 5.2.3).
    pub fn protective(disk_sectors: u64) -> Self {
        let sectors = u32::try_from(disk_sectors.saturating_sub(1)).unwrap_or(u32::MAX);
        Self { active: false, kind: 0xEE, first: 1, sectors }
    }

    /// An entry without a type that is active and covers the MBR itself.
    ///
    /// Some BIOSes start no disk without an active partition, and a protective entry must not be
    /// one. Systems that read the GPT ignore entries of type 0.
    pub fn active_dummy() -> Self {
        Self { active: true, kind: 0x00, first: 0, sectors: 1 }
    }

    fn encode(&self) -> [u8; 16] {
        let mut entry = [0; 16];
        entry[0] = if self.active { 0x80 } else { 0x00 };
        entry[1..4].copy_from_slice(&chs(self.first.into()));
        entry[4] = self.kind;
        let last = u64::from(self.first) + u64::from(self.sectors.max(1)) - 1;
        // The protective entry's end is fixed (UEFI 2.10 table 5.4), whatever the disk's size.
        let end = if self.kind == 0xEE { [0xFF; 3] } else { chs(last) };
        entry[5..8].copy_from_slice(&end);
        entry[8..12].copy_from_slice(&self.first.to_le_bytes());
        entry[12..16].copy_from_slice(&self.sectors.to_le_bytes());
        entry
    }
}

impl Mbr {
    /// The sector's bytes.
    pub fn encode(&self) -> [u8; SECTOR as usize] {
        let mut sector = [0; SECTOR as usize];
        sector[..BOOT_CODE_LEN].copy_from_slice(&self.boot_code);
        sector[440..444].copy_from_slice(&self.disk_signature.to_le_bytes());
        for (slot, partition) in self.partitions.iter().enumerate() {
            if let Some(partition) = partition {
                sector[446 + 16 * slot..][..16].copy_from_slice(&partition.encode());
            }
        }
        sector[510..].copy_from_slice(&[0x55, 0xAA]);
        sector
    }
}

/// Cylinder, head and sector for the geometry of 255 heads and 63 sectors that BIOSes translate
/// large disks to; the largest value where the sector lies beyond it.
fn chs(lba: u64) -> [u8; 3] {
    let (cylinder, head, sector) = (lba / (255 * 63), lba / 63 % 255, lba % 63 + 1);
    if cylinder > 1023 {
        return [0xFE, 0xFF, 0xFF];
    }
    [head as u8, (sector | cylinder >> 8 << 6) as u8, cylinder as u8]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_protective_entry_covers_the_disk_from_sector_1_on() {
        let entry = MbrPartition::protective(1000).encode();
        assert_eq!(entry[..8], [0, 0, 2, 0, 0xEE, 0xFF, 0xFF, 0xFF]);
        assert_eq!(entry[8..], [1, 0, 0, 0, 0xE7, 3, 0, 0]);
        assert_eq!(MbrPartition::protective(1 << 40).sectors, u32::MAX);
    }

    #[test]
    fn chs_addresses_are_those_of_255_heads_and_63_sectors() {
        assert_eq!(chs(0), [0, 1, 0]);
        assert_eq!(chs(63), [1, 1, 0]);
        assert_eq!(chs(255 * 63 * 256), [0, 0x41, 0]);
        assert_eq!(chs(255 * 63 * 1024 - 1), [254, 0xFF, 0xFF]);
        assert_eq!(chs(255 * 63 * 1024), [0xFE, 0xFF, 0xFF]);
    }

    #[test]
    fn the_sector_holds_code_signature_slots_and_mark() {
        let dummy = Some(MbrPartition::active_dummy());
        let mbr = Mbr {
            boot_code: [0x90; BOOT_CODE_LEN],
            disk_signature: 0x0403_0201,
            partitions: [None, dummy, None, None],
        };
        let sector = mbr.encode();
        assert_eq!(sector[439..446], [0x90, 1, 2, 3, 4, 0, 0]);
        assert_eq!(sector[446..462], [0; 16]);
        assert_eq!(sector[462], 0x80);
        assert_eq!(sector[510..], [0x55, 0xAA]);
    }
}
