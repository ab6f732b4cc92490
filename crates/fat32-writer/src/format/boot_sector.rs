//! The boot sector and the FSInfo sector (Microsoft FAT specification, sections 3 and 5).

use super::{MARK, SECTOR, fat};

/// Where the FSInfo sector lies (BPB_FSInfo), in sectors of the volume.
pub(crate) const FS_INFO_SECTOR: u16 = 1;

/// Where the copies of the first three sectors lie (BPB_BkBootSec): no other value is allowed
/// (section 3.3).
pub(crate) const BACKUP_SECTOR: u16 = 6;

/// How many sectors the boot record has: boot sector, FSInfo, and one with nothing but its mark.
pub(crate) const BOOT_RECORD_SECTORS: u16 = 3;

/// What stands for a label in a volume that has none (section 3.3, BS_VolLab).
pub(crate) const NO_LABEL: [u8; 11] = *b"NO NAME    ";

/// The geometry that BIOSes translate large disks to. Only CHS addresses depend on it.
const SECTORS_PER_TRACK: u16 = 63;
const HEADS: u16 = 255;

/// The drive number of the first hard disk, as a BIOS counts.
const DRIVE: u8 = 0x80;

/// The signature that says: serial, label and type follow.
const EXTENDED_SIGNATURE: u8 = 0x29;

/// What a BIOS runs if it starts the volume: `int 18h`, which asks for the next device, and, where
/// it returns, a halt for ever.
const CODE: [u8; 5] = [0xCD, 0x18, 0xF4, 0xEB, 0xFD];

/// Where the code stands: behind the fields.
const CODE_OFFSET: usize = 90;

/// The fields of a boot sector that differ from volume to volume.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BootSector {
    /// BS_OEMName (offset 3).
    pub(crate) oem_name: [u8; 8],
    /// BPB_SecPerClus (offset 13).
    pub(crate) sectors_per_cluster: u8,
    /// BPB_RsvdSecCnt (offset 14).
    pub(crate) reserved_sectors: u16,
    /// BPB_HiddSec (offset 28): the sectors of the disk before the volume.
    pub(crate) hidden_sectors: u32,
    /// BPB_TotSec32 (offset 32).
    pub(crate) total_sectors: u32,
    /// BPB_FATSz32 (offset 36).
    pub(crate) fat_sectors: u32,
    /// BPB_RootClus (offset 44).
    pub(crate) root_cluster: u32,
    /// BS_VolID (offset 67).
    pub(crate) serial: u32,
    /// BS_VolLab (offset 71).
    pub(crate) label: [u8; 11],
}

impl BootSector {
    /// The sector's bytes.
    pub(crate) fn encode(&self) -> [u8; SECTOR as usize] {
        let mut sector = [0; SECTOR as usize];
        let mut set = |offset: usize, bytes: &[u8]| {
            sector[offset..offset + bytes.len()].copy_from_slice(bytes);
        };
        set(0, &[0xEB, CODE_OFFSET as u8 - 2, 0x90]);
        set(3, &self.oem_name);
        set(11, &(SECTOR as u16).to_le_bytes());
        set(13, &[self.sectors_per_cluster]);
        set(14, &self.reserved_sectors.to_le_bytes());
        set(16, &[2]);
        set(21, &[fat::MEDIA]);
        set(24, &SECTORS_PER_TRACK.to_le_bytes());
        set(26, &HEADS.to_le_bytes());
        set(28, &self.hidden_sectors.to_le_bytes());
        set(32, &self.total_sectors.to_le_bytes());
        set(36, &self.fat_sectors.to_le_bytes());
        set(44, &self.root_cluster.to_le_bytes());
        set(48, &FS_INFO_SECTOR.to_le_bytes());
        set(50, &BACKUP_SECTOR.to_le_bytes());
        set(64, &[DRIVE]);
        set(66, &[EXTENDED_SIGNATURE]);
        set(67, &self.serial.to_le_bytes());
        set(71, &self.label);
        set(82, b"FAT32   ");
        set(CODE_OFFSET, &CODE);
        set(510, &MARK);
        sector
    }
}

/// The FSInfo sector (section 5): how many clusters are free, and where the search for one starts.
pub(crate) fn fs_info(free_clusters: u32, next_free: u32) -> [u8; SECTOR as usize] {
    let mut sector = [0; SECTOR as usize];
    sector[..4].copy_from_slice(b"RRaA");
    sector[484..488].copy_from_slice(b"rrAa");
    sector[488..492].copy_from_slice(&free_clusters.to_le_bytes());
    sector[492..496].copy_from_slice(&next_free.to_le_bytes());
    sector[510..].copy_from_slice(&MARK);
    sector
}

/// The third sector of the boot record: nothing but its mark.
pub(crate) fn third_sector() -> [u8; SECTOR as usize] {
    let mut sector = [0; SECTOR as usize];
    sector[510..].copy_from_slice(&MARK);
    sector
}
