//! What nothing uses.

use super::{Checker, rules};
use crate::read::boot_sector::FIRST_CLUSTER;
use crate::read::bytes::all_zero;
use crate::read::partition::{GptHeader, LBA, Mbr};
use crate::read::source;

/// How much is read at once.
const CHUNK: u64 = 64 * 1024;

/// The sectors of the boot record, and of its copies behind them.
const BOOT_RECORD: u64 = 3;
const COPIES: (u64, u64) = (6, 9);

impl Checker<'_> {
    pub(super) fn check_space(&mut self) {
        let geometry = self.geometry;
        let sector = |number: u64| geometry.volume + number * geometry.sector;
        for (start, end) in
            [(sector(BOOT_RECORD), sector(COPIES.0)), (sector(COPIES.1), geometry.fat)]
        {
            self.check_zero(rules::RESERVED_NOT_ZERO, start, end);
        }
        let clusters_end = geometry.cluster(FIRST_CLUSTER + geometry.clusters);
        self.check_zero(rules::GAP_NOT_ZERO, clusters_end, geometry.volume + geometry.len);
        self.check_outside();
        if self.options.free_space {
            self.check_free_space();
        }
    }

    /// Checks what lies before and behind the volume: partition tables, boot code and other
    /// partitions aside.
    fn check_outside(&mut self) {
        let (image, geometry) = (self.image, self.geometry);
        let mut used = vec![(geometry.volume, geometry.volume + geometry.len)];
        let header =
            if geometry.volume == 0 { None } else { GptHeader::read(image, 1).ok().flatten() };
        match header {
            Some(header) => {
                let tables = 34 * LBA;
                used.extend([(0, tables), (image.len().saturating_sub(33 * LBA), image.len())]);
                let entries = header.read_entries(image).unwrap_or_default();
                used.extend(header.partitions(&entries).iter().map(|partition| {
                    let end = partition.last.saturating_add(1).saturating_mul(LBA);
                    (partition.first.saturating_mul(LBA), end)
                }));
            }
            None => used.extend(self.used_beside_mbr()),
        }
        used.sort_unstable();
        let mut at = 0;
        for (start, end) in used {
            self.check_zero(rules::GAP_NOT_ZERO, at, start.min(image.len()));
            at = at.max(end);
        }
        self.check_zero(rules::GAP_NOT_ZERO, at, image.len());
    }

    /// What is used beside a volume without a GPT.
    fn used_beside_mbr(&self) -> Vec<(u64, u64)> {
        let volume = self.geometry.volume;
        let mbr = Mbr::read(self.image).ok().flatten().filter(|_| volume != 0);
        let Some(mbr) = mbr else { return Vec::new() };
        // Boot code lies where it likes between the MBR and the first partition.
        let mut used = vec![(0, if mbr.has_code { volume } else { LBA })];
        used.extend(mbr.partitions.iter().map(|partition| {
            let (first, len) = (u64::from(partition.first), u64::from(partition.len));
            (first * LBA, (first + len) * LBA)
        }));
        used
    }

    fn check_free_space(&mut self) {
        let geometry = self.geometry;
        let end = FIRST_CLUSTER + geometry.clusters;
        let mut cluster = FIRST_CLUSTER;
        while cluster < end {
            let first = cluster;
            while cluster < end && !self.clusters.has(cluster) {
                cluster += 1;
            }
            if first < cluster {
                let (start, end) = (geometry.cluster(first), geometry.cluster(cluster));
                self.check_zero(rules::FREE_NOT_ZERO, start, end);
            }
            cluster += 1;
        }
    }

    /// Reports the first byte of each chunk that is not 0.
    fn check_zero(&mut self, rule: &'static str, start: u64, end: u64) {
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
                self.report.add(rule, at + dirty as u64, message);
            }
            at += len as u64;
        }
    }
}
