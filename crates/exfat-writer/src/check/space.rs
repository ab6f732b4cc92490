//! What nothing uses.

use super::{Checker, rules};
use crate::read::boot_sector::FIRST_CLUSTER;
use crate::read::bytes::all_zero;
use crate::read::source;

/// How much is read at once.
const CHUNK: u64 = 64 * 1024;

/// The sectors of both boot regions.
const BOOT_REGIONS: u64 = 24;

impl Checker<'_> {
    pub(super) fn check_space(&mut self) {
        let geometry = self.geometry;
        let boot_end = geometry.volume + BOOT_REGIONS * geometry.sector;
        let fat_end = geometry.fat + geometry.fat_len;
        let clusters = u64::from(geometry.clusters) * geometry.cluster_size;
        let gaps = [
            (boot_end, geometry.fat),
            (fat_end, geometry.heap),
            (geometry.heap + clusters, geometry.volume + geometry.len),
        ];
        for (start, end) in gaps {
            self.check_zero(rules::GAP_NOT_ZERO, start, end, &String::new);
        }
        if self.options.free_space {
            self.check_free_space();
        }
    }

    fn check_free_space(&mut self) {
        let geometry = self.geometry;
        // The last cluster has a number of 32 bits, and so has the one behind it.
        let end = FIRST_CLUSTER + geometry.clusters;
        for cluster in FIRST_CLUSTER..end {
            if !self.clusters.has(cluster) {
                let start = geometry.cluster(cluster);
                let end = start + geometry.cluster_size;
                self.check_zero(rules::FREE_NOT_ZERO, start, end, &String::new);
            }
        }
    }

    /// Reports the first byte of each chunk that is not 0.
    pub(super) fn check_zero(
        &mut self,
        rule: &'static str,
        start: u64,
        end: u64,
        path: &dyn Fn() -> String,
    ) {
        let mut bytes = vec![0; CHUNK.min(end.saturating_sub(start)) as usize];
        let mut at = start;
        while at < end {
            let len = CHUNK.min(end - at) as usize;
            let chunk = &mut bytes[..len];
            if let Err(error) = source::read_exact(self.image, "unused space", at, chunk) {
                self.unreadable(&error.into());
                return;
            }
            if !all_zero(chunk) {
                let dirty = chunk.iter().position(|&byte| byte != 0).unwrap_or_default();
                let message = format!("byte {:#04x} where nothing is", chunk[dirty]);
                self.report.add_at(rule, at + dirty as u64, path, message);
            }
            at += len as u64;
        }
    }
}
