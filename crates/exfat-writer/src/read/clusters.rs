//! Where the clusters of something lie: a run, or a chain in the FAT (exFAT specification, section
//! 4).

use super::boot_sector::Geometry;
use super::bytes::le32;
use super::source::Window;
use super::{DataExtent, ReadAt, ReadError};

pub(crate) const STRUCTURE: &str = "FAT";

/// What names the clusters of a file, a directory or the volume's own tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Allocation {
    pub(crate) first_cluster: u32,
    /// In bytes; of the root directory not known.
    pub(crate) len: Option<u64>,
    /// Whether it is one run of which the FAT says nothing (NoFatChain).
    pub(crate) is_run: bool,
}

/// What the FAT says of a cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Link {
    /// The next cluster of the chain, which the volume has.
    Next(u32),
    /// The chain ends here.
    End,
    /// A number that means nothing in a chain.
    Invalid(u32),
}

impl Link {
    pub(crate) fn of(entry: u32, geometry: &Geometry) -> Self {
        match entry {
            0xFFFF_FFFF => Self::End,
            next if geometry.has(next) => Self::Next(next),
            other => Self::Invalid(other),
        }
    }
}

/// Follows chains.
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

    /// Where the bytes lie, in their order; neighbouring runs are joined. Without a length those of
    /// all clusters of the chain, of which `max` bytes are taken.
    pub(crate) fn extents(
        &mut self,
        allocation: Allocation,
        max: u64,
    ) -> Result<Vec<DataExtent>, ReadError> {
        let Allocation { first_cluster, len, is_run } = allocation;
        let size = self.geometry.cluster_size;
        let malformed = |at, reason: String| ReadError::malformed(STRUCTURE, at, reason);
        if len == Some(0) {
            return Ok(Vec::new());
        }
        if let (true, Some(len)) = (is_run, len) {
            if !self.geometry.has_run(first_cluster, len.div_ceil(size)) {
                let reason =
                    format!("{len} bytes from cluster {first_cluster} on, which cannot be");
                return Err(malformed(self.geometry.heap, reason));
            }
            return Ok(vec![DataExtent { offset: self.geometry.cluster(first_cluster), len }]);
        }
        let mut extents = Vec::new();
        let mut left = len.unwrap_or(max);
        let mut next = Link::of(first_cluster, &self.geometry);
        let mut at = self.geometry.fat;
        while left > 0 {
            let cluster = match next {
                Link::Next(cluster) => cluster,
                Link::End if len.is_none() => break,
                link => {
                    let reason = format!("a chain is cut: {link:?} where a cluster should be");
                    return Err(malformed(at, reason));
                }
            };
            self.left = self
                .left
                .checked_sub(1)
                .ok_or_else(|| malformed(at, "the chains are longer than the volume".to_owned()))?;
            let piece = left.min(size);
            push_extent(&mut extents, self.geometry.cluster(cluster), piece);
            left -= piece;
            if left > 0 {
                at = self.geometry.entry(cluster);
                next = self.link(cluster)?;
            }
        }
        Ok(extents)
    }
}

/// Appends a run to a file's extents and joins it with the last one where they touch.
fn push_extent(extents: &mut Vec<DataExtent>, offset: u64, len: u64) {
    match extents.last_mut() {
        Some(last) if last.offset + last.len == offset => last.len += len,
        _ => extents.push(DataExtent { offset, len }),
    }
}
