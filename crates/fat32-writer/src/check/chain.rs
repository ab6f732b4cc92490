//! Chains of clusters, each cluster in one of them.

use super::{Checker, rules};
use crate::read::boot_sector::FIRST_CLUSTER;
use crate::read::bytes::le32;
use crate::read::fat::{self, Link};

/// Which clusters belong to a chain: a bit each, so 32 MiB for the largest volume.
pub(super) struct Clusters {
    bits: Vec<u64>,
}

impl Clusters {
    pub(super) fn new(count: u32) -> Self {
        Self { bits: vec![0; (count as usize).div_ceil(64)] }
    }

    fn place(cluster: u32) -> (usize, u64) {
        let index = cluster - FIRST_CLUSTER;
        (index as usize / 64, 1 << (index % 64))
    }

    /// Whether a cluster of the volume belongs to a chain.
    pub(super) fn has(&self, cluster: u32) -> bool {
        let (word, bit) = Self::place(cluster);
        self.bits[word] & bit != 0
    }

    /// `false` if it was there before.
    fn insert(&mut self, cluster: u32) -> bool {
        let (word, bit) = Self::place(cluster);
        let is_new = self.bits[word] & bit == 0;
        self.bits[word] |= bit;
        is_new
    }
}

/// Clusters that follow each other on the volume and in the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Run {
    pub(super) first: u32,
    pub(super) count: u32,
}

impl Run {
    fn has(&self, cluster: u32) -> bool {
        (self.first..self.first + self.count).contains(&cluster)
    }
}

/// The runs of a chain, as far as it could be followed.
pub(super) struct Chain {
    pub(super) runs: Vec<Run>,
    /// Whether it ends with an end mark.
    pub(super) is_whole: bool,
}

impl Chain {
    /// How many clusters it has.
    pub(super) fn count(&self) -> u64 {
        self.runs.iter().map(|run| u64::from(run.count)).sum()
    }

    pub(super) fn clusters(&self) -> impl Iterator<Item = u32> {
        self.runs.iter().flat_map(|run| run.first..run.first + run.count)
    }
}

impl Checker<'_> {
    /// The link of a cluster of the volume.
    pub(super) fn link(&mut self, cluster: u32) -> Option<Link> {
        match self.links.get(fat::STRUCTURE, self.geometry.entry(cluster), 4) {
            Ok(bytes) => Some(Link::of(le32(bytes, 0), &self.geometry)),
            Err(error) => {
                self.unreadable(&error.into());
                None
            }
        }
    }

    /// Follows a chain to its end, or to the first cluster that belongs to one already; so no
    /// cluster is looked at twice, however many entries name it.
    ///
    /// `offset` is where its first cluster is named.
    pub(super) fn follow(&mut self, first: u32, offset: u64, path: &dyn Fn() -> String) -> Chain {
        let mut chain = Chain { runs: Vec::new(), is_whole: false };
        let (mut at, mut link) = (offset, Link::of(first, &self.geometry));
        // The bits above the lower 28 count for nothing in the FAT, but in an entry they are the
        // cluster's number.
        if first > fat::ENTRY_MASK {
            link = Link::Invalid(first);
        }
        loop {
            let cluster = match link {
                Link::Next(cluster) => cluster,
                Link::End if !chain.runs.is_empty() => {
                    chain.is_whole = true;
                    return chain;
                }
                _ => {
                    let message = format!("{link:?} where a cluster should be");
                    self.report.add_at(rules::CHAIN_LINK, at, path, message);
                    return chain;
                }
            };
            if !self.clusters.insert(cluster) {
                let is_own = chain.runs.iter().any(|run| run.has(cluster));
                let (rule, whose) = if is_own {
                    (rules::CHAIN_CYCLE, "the chain itself")
                } else {
                    (rules::CHAIN_CROSS_LINK, "another chain")
                };
                let message = format!("cluster {cluster} belongs to {whose}");
                self.report.add_at(rule, at, path, message);
                return chain;
            }
            match chain.runs.last_mut() {
                Some(run) if run.first + run.count == cluster => run.count += 1,
                _ => chain.runs.push(Run { first: cluster, count: 1 }),
            }
            at = self.geometry.entry(cluster);
            match self.link(cluster) {
                Some(next) => link = next,
                None => return chain,
            }
        }
    }

    /// Reports a chain that is more than one run.
    pub(super) fn check_contiguous(
        &mut self,
        chain: &Chain,
        offset: u64,
        path: &dyn Fn() -> String,
    ) {
        if self.options.contiguous && chain.runs.len() > 1 {
            let message = format!("the clusters are {} runs", chain.runs.len());
            self.report.add_at(rules::CHAIN_FRAGMENTED, offset, path, message);
        }
    }
}
