//! What lies before the directories and is small: boot regions, FAT, up-case table.

use std::sync::Arc;

use super::pad;
use crate::format::boot_region::BootSector;
use crate::format::fat::{END, FIRST, SECOND};
use crate::format::{SECTOR, upcase};
use crate::layout::Plan;

/// The main boot region and its backup, which are the same.
pub(crate) fn boot_regions(plan: &Plan) -> Vec<u8> {
    let geometry = &plan.geometry;
    let percent = u64::from(plan.used_clusters()) * 100 / u64::from(geometry.clusters);
    let boot_sector = BootSector {
        partition_offset: plan.options.partition_offset,
        volume_length: geometry.sectors,
        fat_offset: geometry.fat_start(),
        fat_length: geometry.fat,
        cluster_heap_offset: geometry.heap,
        cluster_count: geometry.clusters,
        root_cluster: plan.chains()[2],
        serial: plan.options.serial,
        sectors_per_cluster: geometry.cluster_size / SECTOR as u32,
        percent_in_use: percent as u8,
    };
    let region = boot_sector.region();
    let mut both = region.clone();
    both.extend(region);
    pad(&mut both);
    both
}

/// The entries of the FAT up to the last one that says something.
pub(crate) fn fat(plan: &Plan) -> Vec<u8> {
    let [start, _, _, end] = plan.chains();
    let mut bytes = [FIRST, SECOND].map(u32::to_le_bytes).concat();
    for cluster in start..end {
        let ends = plan.chains().contains(&(cluster + 1));
        let entry = if ends { END } else { cluster + 1 };
        bytes.extend(entry.to_le_bytes());
    }
    pad(&mut bytes);
    bytes
}

/// The up-case table.
pub(crate) fn upcase_table() -> Arc<[u8]> {
    let mut bytes = upcase::encoded();
    pad(&mut bytes);
    bytes.into()
}
