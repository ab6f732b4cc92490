//! The first sectors of a volume: boot sector, FSInfo, and their copies.

use crate::format::SECTOR;
use crate::format::boot_sector::{
    BACKUP_SECTOR, BOOT_RECORD_SECTORS, BootSector, fs_info, third_sector,
};
use crate::format::fat::FIRST_CLUSTER;
use crate::layout::{Plan, used_clusters};
use crate::names::label_field;

/// What FSInfo says where no cluster is free (Microsoft FAT specification, section 5): unknown.
const NO_NEXT_FREE: u32 = 0xFFFF_FFFF;

/// Sectors 0 to 8 of the volume.
pub(crate) fn boot_record(plan: &Plan) -> Vec<u8> {
    let geometry = &plan.geometry;
    let boot_sector = BootSector {
        oem_name: plan.options.oem_name,
        sectors_per_cluster: (u64::from(geometry.cluster_size) / SECTOR) as u8,
        reserved_sectors: geometry.reserved,
        hidden_sectors: plan.disk.start as u32,
        total_sectors: geometry.sectors,
        fat_sectors: geometry.fat,
        root_cluster: FIRST_CLUSTER,
        serial: plan.options.serial,
        label: label_field(&plan.options.volume_label),
    };
    let free = geometry.clusters - used_clusters(plan);
    let next_free = if free == 0 { NO_NEXT_FREE } else { plan.end };
    let sectors = [boot_sector.encode(), fs_info(free, next_free), third_sector()].concat();
    debug_assert_eq!(sectors.len() as u64, u64::from(BOOT_RECORD_SECTORS) * SECTOR);
    let mut record = sectors.clone();
    record.resize(usize::from(BACKUP_SECTOR) * SECTOR as usize, 0);
    record.extend(sectors);
    record
}
