//! The FAT and the chains in it (Microsoft FAT specification, section 4).

use super::boot_sector::Geometry;
use super::bytes::le32;
use super::source::Window;
use super::{DataExtent, ReadAt, ReadError};

pub(crate) const STRUCTURE: &str = "FAT";

/// The bits of an entry that count; the upper four are reserved.
pub(crate) const ENTRY_MASK: u32 = 0x0FFF_FFFF;

/// What the entry of a cluster says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Link {
    /// The next cluster of the chain, which the volume has.
    Next(u32),
    /// The chain ends here.
    End,
    /// The cluster is free.
    Free,
    /// The cluster is marked as unusable.
    Bad,
    /// A number that means nothing.
    Invalid(u32),
}

impl Link {
    pub(crate) fn of(entry: u32, geometry: &Geometry) -> Self {
        match entry & ENTRY_MASK {
            0 => Self::Free,
            0x0FFF_FFF7 => Self::Bad,
            0x0FFF_FFF8.. => Self::End,
            next if geometry.has(next) => Self::Next(next),
            other => Self::Invalid(other),
        }
    }
}

/// The first FAT of a volume.
pub(crate) struct Fat<'a> {
    window: Window<'a>,
    geometry: Geometry,
    /// How many clusters may still be followed: a sound volume has each in one chain.
    left: u64,
}

impl<'a> Fat<'a> {
    pub(crate) fn new(image: &'a dyn ReadAt, geometry: Geometry) -> Self {
        Self { window: Window::new(image), geometry, left: u64::from(geometry.clusters) }
    }

    /// The link of a cluster that the volume has.
    pub(crate) fn link(&mut self, cluster: u32) -> Result<Link, ReadError> {
        let bytes = self.window.get(STRUCTURE, self.geometry.entry(cluster), 4)?;
        Ok(Link::of(le32(bytes, 0), &self.geometry))
    }

    /// The bytes of the first `len` bytes of the chain that starts at `first`.
    ///
    /// Err if the chain is shorter, or if all chains together are longer than the volume.
    pub(crate) fn extents(&mut self, first: u32, len: u64) -> Result<Vec<DataExtent>, ReadError> {
        let mut extents = Vec::new();
        let mut next = Link::of(first, &self.geometry);
        let mut left = len;
        let mut at = self.geometry.entry(0);
        while left > 0 {
            let cluster = self.follow(next, at)?;
            let piece = left.min(self.geometry.cluster_size);
            push_extent(&mut extents, self.geometry.cluster(cluster), piece);
            left -= piece;
            if left > 0 {
                at = self.geometry.entry(cluster);
                next = self.link(cluster)?;
            }
        }
        Ok(extents)
    }

    /// All clusters of the chain that starts at `first`, of which there may be `max`.
    pub(crate) fn chain(&mut self, first: u32, max: u64) -> Result<Vec<u32>, ReadError> {
        let mut clusters = Vec::new();
        let mut next = Link::of(first, &self.geometry);
        let mut at = self.geometry.entry(0);
        while next != Link::End {
            let cluster = self.follow(next, at)?;
            if clusters.len() as u64 == max {
                let what = "clusters of a directory";
                return Err(ReadError::Limit {
                    structure: STRUCTURE,
                    offset: at,
                    limit: max,
                    what,
                });
            }
            clusters.push(cluster);
            at = self.geometry.entry(cluster);
            next = self.link(cluster)?;
        }
        Ok(clusters)
    }

    fn follow(&mut self, link: Link, at: u64) -> Result<u32, ReadError> {
        let Link::Next(cluster) = link else {
            let reason = format!("a chain is cut: {link:?} where a cluster should be");
            return Err(ReadError::malformed(STRUCTURE, at, reason));
        };
        match self.left.checked_sub(1) {
            Some(left) => self.left = left,
            None => {
                let reason = "the chains are longer than the volume";
                return Err(ReadError::malformed(STRUCTURE, at, reason));
            }
        }
        Ok(cluster)
    }
}

/// Appends a run to a file's extents and joins it with the last one where they touch.
fn push_extent(extents: &mut Vec<DataExtent>, offset: u64, len: u64) {
    match extents.last_mut() {
        Some(last) if last.offset + last.len == offset => last.len += len,
        _ => extents.push(DataExtent { offset, len }),
    }
}
