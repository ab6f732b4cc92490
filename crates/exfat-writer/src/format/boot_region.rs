//! The main and the backup boot region (exFAT specification, section 3).

use super::SECTOR;

/// The sectors of one of the two regions.
pub(crate) const REGION_SECTORS: u64 = 12;

/// The sectors that the checksum covers: all before its own.
const CHECKED_SECTORS: usize = 11;

/// The extended boot sectors, which follow the first.
const EXTENDED_BOOT_SECTORS: usize = 8;

/// What ends an extended boot sector (section 3.2.2).
const EXTENDED_BOOT_SIGNATURE: [u8; 4] = 0xAA55_0000u32.to_le_bytes();

/// What fills a boot sector that starts nothing: the processor halts (section 3.1.18).
const HALT: u8 = 0xF4;

/// The fields of a boot sector that differ from volume to volume.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BootSector {
    /// PartitionOffset (offset 64): the sectors of the disk before the volume.
    pub(crate) partition_offset: u64,
    /// VolumeLength (offset 72), in sectors.
    pub(crate) volume_length: u64,
    /// FatOffset (offset 80), in sectors of the volume.
    pub(crate) fat_offset: u32,
    /// FatLength (offset 84), in sectors.
    pub(crate) fat_length: u32,
    /// ClusterHeapOffset (offset 88), in sectors of the volume.
    pub(crate) cluster_heap_offset: u32,
    /// ClusterCount (offset 92).
    pub(crate) cluster_count: u32,
    /// FirstClusterOfRootDirectory (offset 96).
    pub(crate) root_cluster: u32,
    /// VolumeSerialNumber (offset 100).
    pub(crate) serial: u32,
    /// SectorsPerClusterShift (offset 109), as the sectors themselves.
    pub(crate) sectors_per_cluster: u32,
    /// PercentInUse (offset 112).
    pub(crate) percent_in_use: u8,
}

impl BootSector {
    /// The sector's bytes.
    fn encode(&self) -> [u8; SECTOR as usize] {
        let mut sector = [0; SECTOR as usize];
        let mut set = |offset: usize, bytes: &[u8]| {
            sector[offset..offset + bytes.len()].copy_from_slice(bytes);
        };
        set(0, &[0xEB, 0x76, 0x90]);
        set(3, b"EXFAT   ");
        set(64, &self.partition_offset.to_le_bytes());
        set(72, &self.volume_length.to_le_bytes());
        set(80, &self.fat_offset.to_le_bytes());
        set(84, &self.fat_length.to_le_bytes());
        set(88, &self.cluster_heap_offset.to_le_bytes());
        set(92, &self.cluster_count.to_le_bytes());
        set(96, &self.root_cluster.to_le_bytes());
        set(100, &self.serial.to_le_bytes());
        // FileSystemRevision 1.00.
        set(104, &[0x00, 0x01]);
        set(108, &[SECTOR.ilog2() as u8, self.sectors_per_cluster.ilog2() as u8]);
        // NumberOfFats, and the drive that a BIOS would know the disk by.
        set(110, &[1, 0x80]);
        set(112, &[self.percent_in_use]);
        set(120, &[HALT; 390]);
        set(510, &[0x55, 0xAA]);
        sector
    }

    /// The twelve sectors of the region: this one, extended ones that start nothing, no OEM
    /// parameters, and the checksum.
    pub(crate) fn region(&self) -> Vec<u8> {
        let mut region = self.encode().to_vec();
        for sector in 2..=EXTENDED_BOOT_SECTORS + 1 {
            region.resize(sector * SECTOR as usize - EXTENDED_BOOT_SIGNATURE.len(), 0);
            region.extend(EXTENDED_BOOT_SIGNATURE);
        }
        region.resize(CHECKED_SECTORS * SECTOR as usize, 0);
        let checksum = checksum(&region).to_le_bytes();
        region.extend(checksum.iter().cycle().take(SECTOR as usize));
        debug_assert_eq!(region.len() as u64, REGION_SECTORS * SECTOR);
        region
    }
}

/// The sum over the sectors before it (section 3.4), without the fields that change while a volume
/// is in use: VolumeFlags and PercentInUse.
fn checksum(sectors: &[u8]) -> u32 {
    let counts = |(at, _): &(usize, &u8)| !matches!(at, 106 | 107 | 112);
    sectors
        .iter()
        .enumerate()
        .filter(counts)
        .fold(0u32, |sum, (_, &byte)| sum.rotate_right(1).wrapping_add(byte.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOOT_SECTOR: BootSector = BootSector {
        partition_offset: 2048,
        volume_length: 1 << 40,
        fat_offset: 128,
        fat_length: 8,
        cluster_heap_offset: 2048,
        cluster_count: 500,
        root_cluster: 5,
        serial: 0x1234_5678,
        sectors_per_cluster: 256,
        percent_in_use: 7,
    };

    #[test]
    fn a_region_has_twelve_sectors_and_ends_with_its_checksum_over_and_over() {
        let region = BOOT_SECTOR.region();
        assert_eq!(region.len() as u64, REGION_SECTORS * SECTOR);
        assert_eq!(region[..12], *b"\xEBv\x90EXFAT   \0");
        assert_eq!(region[108..113], [9, 8, 1, 0x80, 7]);
        for sector in 1..=8 {
            assert_eq!(region[sector * 512 + 508..][..4], [0, 0, 0x55, 0xAA]);
        }
        assert!(region[9 * 512..11 * 512].iter().all(|&byte| byte == 0));
        assert!(region[11 * 512..].chunks(4).all(|sum| sum == &region[11 * 512..][..4]));
    }

    #[test]
    fn the_checksum_leaves_out_what_changes_while_a_volume_is_in_use() {
        let sum = |sector: BootSector| sector.region()[11 * 512..][..4].to_vec();
        assert_eq!(sum(BOOT_SECTOR), sum(BootSector { percent_in_use: 8, ..BOOT_SECTOR }));
        assert_ne!(sum(BOOT_SECTOR), sum(BootSector { serial: 1, ..BOOT_SECTOR }));
        // 0x0001 rotated is 0x80000000.
        assert_eq!(checksum(&[1, 2]), 0x8000_0002);
    }
}
