//! Which clusters are used, and the marking of them.

use super::{Checker, rules};
use crate::read::DataExtent;
use crate::read::boot_sector::FIRST_CLUSTER;
use crate::read::clusters::{Allocation, Link};
use crate::read::limits::MAX_DIRECTORY_BYTES;

/// A bit for each cluster of a volume.
pub(super) struct Clusters {
    bits: Vec<u64>,
    count: u64,
}

impl Clusters {
    pub(super) fn new(clusters: u32) -> Self {
        Self { bits: vec![0; clusters.div_ceil(64) as usize], count: 0 }
    }

    fn place(cluster: u32) -> (usize, u64) {
        let index = cluster - FIRST_CLUSTER;
        ((index / 64) as usize, 1 << (index % 64))
    }

    /// Marks a cluster of the volume. Returns whether it was marked before.
    pub(super) fn mark(&mut self, cluster: u32) -> bool {
        let (word, bit) = Self::place(cluster);
        let was = self.bits[word] & bit != 0;
        self.bits[word] |= bit;
        self.count += u64::from(!was);
        was
    }

    pub(super) fn has(&self, cluster: u32) -> bool {
        let (word, bit) = Self::place(cluster);
        self.bits[word] & bit != 0
    }

    /// How many are marked.
    pub(super) fn count(&self) -> u64 {
        self.count
    }

    /// The bits of the clusters from the one with this index on, as the bitmap has them: 8 a byte.
    pub(super) fn byte(&self, index: u64) -> u8 {
        let word = self.bits.get((index / 8) as usize).copied().unwrap_or_default();
        word.to_le_bytes()[(index % 8) as usize]
    }
}

impl Checker<'_> {
    /// Marks the clusters of something and returns where they lie: as much of them as can be
    /// followed.
    pub(super) fn take(
        &mut self,
        allocation: Allocation,
        offset: u64,
        path: &dyn Fn() -> String,
    ) -> Vec<DataExtent> {
        let Allocation { first_cluster, len, is_run } = allocation;
        let size = self.geometry.cluster_size;
        if len == Some(0) {
            if first_cluster != 0 {
                let message = format!("cluster {first_cluster} for no bytes");
                self.report.add_at(rules::CLUSTER_RANGE, offset, path, message);
            }
            return Vec::new();
        }
        let count = len.unwrap_or(MAX_DIRECTORY_BYTES).div_ceil(size);
        match len {
            Some(_) if is_run => self.take_run(first_cluster, count, offset, path),
            _ => self.take_chain(first_cluster, count, len.is_some(), offset, path),
        }
    }

    fn take_run(
        &mut self,
        first: u32,
        count: u64,
        offset: u64,
        path: &dyn Fn() -> String,
    ) -> Vec<DataExtent> {
        if !self.geometry.has_run(first, count) {
            let message = format!("{count} clusters from {first} on, which the volume has not");
            self.report.add_at(rules::CLUSTER_RANGE, offset, path, message);
            return Vec::new();
        }
        for cluster in (first..).take(count as usize) {
            if self.clusters.mark(cluster) {
                let message = format!("cluster {cluster} belongs to something else, too");
                self.report.add_at(rules::CLUSTER_CROSS_LINK, offset, path, message);
                // Going on would take as long again for each file that says so.
                break;
            }
        }
        vec![DataExtent {
            offset: self.geometry.cluster(first),
            len: count * self.geometry.cluster_size,
        }]
    }

    fn take_chain(
        &mut self,
        first: u32,
        count: u64,
        is_exact: bool,
        offset: u64,
        path: &dyn Fn() -> String,
    ) -> Vec<DataExtent> {
        let mut extents: Vec<DataExtent> = Vec::new();
        let (mut next, mut taken) = (Link::of(first, &self.geometry), 0);
        let mut at = offset;
        loop {
            let cluster = match next {
                Link::Next(cluster) if taken < count => cluster,
                Link::End if taken == count || !is_exact && taken > 0 => break,
                Link::Next(_) => {
                    let message = format!("a chain of more than {count} clusters");
                    self.report.add_at(rules::FAT_CHAIN_LONG, at, path, message);
                    break;
                }
                link => {
                    let message =
                        format!("{link:?} where cluster {} of a chain should be", taken + 1);
                    let rule = if taken == 0 { rules::CLUSTER_RANGE } else { rules::FAT_CHAIN };
                    self.report.add_at(rule, at, path, message);
                    break;
                }
            };
            if self.clusters.mark(cluster) {
                let message = format!("cluster {cluster} belongs to something else, too");
                self.report.add_at(rules::CLUSTER_CROSS_LINK, at, path, message);
                break;
            }
            self.chained.mark(cluster);
            taken += 1;
            let (start, size) = (self.geometry.cluster(cluster), self.geometry.cluster_size);
            match extents.last_mut() {
                Some(last) if last.offset + last.len == start => last.len += size,
                _ => extents.push(DataExtent { offset: start, len: size }),
            }
            at = self.geometry.entry(cluster);
            next = match self.fat.link(cluster) {
                Ok(link) => link,
                Err(error) => {
                    self.unreadable(&error);
                    break;
                }
            };
        }
        extents
    }
}
