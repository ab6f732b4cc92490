//! How many clusters of which size, and where FAT and clusters lie.

use image::ByteCount;

use crate::format::fat::{CLUSTERS_MAX, ENTRY_LEN, FIRST_CLUSTER};
use crate::format::{SECTOR, upcase};
use crate::options::cluster_sizes;
use crate::{ExfatOptions, LayoutError};

/// Volumes end, and their clusters start, at multiples of so many sectors: 1 MiB.
const ALIGNMENT: u64 = 2048;

/// Where the FAT starts, in sectors: 64 KiB, well behind both boot regions.
const FAT_OFFSET: u64 = 128;

/// The FAT is a multiple of 4096 bytes, which is how devices write.
const FAT_GRANULARITY: u64 = 8;

/// The default cluster size of Microsoft's formatter up to a volume size, both in bytes.
const MICROSOFT: [(u64, u32); 2] = [(256 << 20, 4096), (32 << 30, 32 << 10)];

/// Above them, up to 256 TiB; what is larger needs larger ones to be numbered at all.
const MICROSOFT_LARGEST: u32 = 128 << 10;

/// The parts of a volume.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Geometry {
    /// The volume's length.
    pub(crate) sectors: u64,
    /// The length of the FAT, in sectors.
    pub(crate) fat: u32,
    /// Where the clusters start, in sectors of the volume.
    pub(crate) heap: u32,
    /// In bytes.
    pub(crate) cluster_size: u32,
    /// How many there are.
    pub(crate) clusters: u32,
}

impl Geometry {
    /// The first sector of the FAT.
    pub(crate) fn fat_start(&self) -> u32 {
        FAT_OFFSET as u32
    }

    /// Where a cluster starts, in bytes from the start of the volume.
    pub(crate) fn cluster_start(&self, cluster: u32) -> u64 {
        let first = u64::from(self.heap) * SECTOR;
        first + u64::from(cluster - FIRST_CLUSTER) * u64::from(self.cluster_size)
    }

    /// Divides a volume of `sectors` sectors; `None` if it has no room for a cluster, or more of
    /// them than there are numbers for.
    fn new(sectors: u64, cluster_size: u32) -> Option<Self> {
        let per_cluster = u64::from(cluster_size) / SECTOR;
        // The sectors before the clusters make the FAT longer than need be, which is allowed.
        let (fat, heap) = before_clusters(sectors / per_cluster);
        let clusters = sectors.checked_sub(heap)? / per_cluster;
        (1..=u64::from(CLUSTERS_MAX)).contains(&clusters).then_some(Self {
            sectors,
            fat: u32::try_from(fat).ok()?,
            heap: u32::try_from(heap).ok()?,
            cluster_size,
            clusters: clusters as u32,
        })
    }
}

/// The length of a FAT for so many clusters, and where clusters start behind it.
fn before_clusters(clusters: u64) -> (u64, u64) {
    let len = (clusters + u64::from(FIRST_CLUSTER)) * ENTRY_LEN;
    let fat = len.div_ceil(SECTOR).next_multiple_of(FAT_GRANULARITY);
    (fat, (FAT_OFFSET + fat).next_multiple_of(ALIGNMENT))
}

/// The bytes of the allocation bitmap of so many clusters.
pub(crate) fn bitmap_len(clusters: u32) -> u64 {
    u64::from(clusters).div_ceil(8)
}

/// The clusters of this size that a volume of `clusters` clusters takes for itself and for files
/// that take `data` of them.
fn needed(data: u64, clusters: u32, cluster_size: u32) -> u64 {
    let size = u64::from(cluster_size);
    let own = bitmap_len(clusters).div_ceil(size) + upcase::LEN.div_ceil(size);
    data.saturating_add(own)
}

/// The default cluster size of Microsoft's formatter for a volume of this many bytes.
fn microsoft(volume_len: u64) -> u32 {
    let row = MICROSOFT.iter().find(|(limit, _)| volume_len <= *limit);
    row.map_or(MICROSOFT_LARGEST, |(_, cluster_size)| *cluster_size)
}

/// Chooses cluster size and volume size: `clusters` says how many clusters of a size directories
/// and files take.
pub(super) fn choose(
    options: &ExfatOptions,
    clusters: impl Fn(u32) -> u64,
) -> Result<Geometry, LayoutError> {
    match (options.size, options.cluster_size) {
        (None, Some(cluster_size)) => smallest(cluster_size, clusters(cluster_size)),
        (None, None) => smallest_with_microsofts_clusters(&clusters),
        (Some(size), Some(cluster_size)) => sized(size, cluster_size, clusters(cluster_size)),
        (Some(size), None) => sized_with_largest_clusters(size, &clusters),
    }
}

/// The smallest volume with these clusters, of which directories and files take `data`.
fn smallest(cluster_size: u32, data: u64) -> Result<Geometry, LayoutError> {
    let per_cluster = u64::from(cluster_size) / SECTOR;
    let mut clusters = needed(data, 0, cluster_size);
    loop {
        check_clusters(clusters, cluster_size)?;
        let (_, heap) = before_clusters(clusters);
        let sectors = (heap + clusters * per_cluster).next_multiple_of(ALIGNMENT);
        if let Some(geometry) = Geometry::new(sectors, cluster_size)
            && u64::from(geometry.clusters) >= needed(data, geometry.clusters, cluster_size)
        {
            return Ok(geometry);
        }
        // The bitmap of so many clusters, or a longer FAT, takes some of them.
        clusters += 1;
    }
}

/// The smallest volume whose clusters are not smaller than Microsoft's formatter makes them in it.
fn smallest_with_microsofts_clusters(
    clusters: &dyn Fn(u32) -> u64,
) -> Result<Geometry, LayoutError> {
    let microsofts = MICROSOFT.map(|(_, cluster_size)| cluster_size);
    let larger = cluster_sizes().filter(|size| *size >= MICROSOFT_LARGEST);
    let mut result = Err(LayoutError::Tree(Vec::new()));
    for cluster_size in microsofts.into_iter().chain(larger) {
        result = smallest(cluster_size, clusters(cluster_size));
        let is_enough =
            |geometry: &Geometry| microsoft(geometry.sectors * SECTOR) <= geometry.cluster_size;
        if result.as_ref().is_ok_and(is_enough) {
            break;
        }
    }
    result
}

/// The volume of `size` bytes with these clusters.
fn sized(size: ByteCount, cluster_size: u32, data: u64) -> Result<Geometry, LayoutError> {
    let sectors = size.0 / SECTOR;
    if let Some(geometry) = Geometry::new(sectors, cluster_size)
        && u64::from(geometry.clusters) >= needed(data, geometry.clusters, cluster_size)
    {
        return Ok(geometry);
    }
    check_clusters(sectors / (u64::from(cluster_size) / SECTOR), cluster_size)?;
    let min = ByteCount(smallest(cluster_size, data)?.sectors * SECTOR);
    Err(LayoutError::SizeTooSmall { size, min })
}

/// The volume of `size` bytes with clusters as Microsoft's formatter makes them, or the largest
/// smaller ones with which the files fit; larger ones where others could not be numbered.
fn sized_with_largest_clusters(
    size: ByteCount,
    clusters: &dyn Fn(u32) -> u64,
) -> Result<Geometry, LayoutError> {
    let default = microsoft(size.0);
    let smaller = cluster_sizes().rev().skip_while(|size| *size > default);
    let mut result = Err(LayoutError::Tree(Vec::new()));
    for cluster_size in smaller {
        result = sized(size, cluster_size, clusters(cluster_size));
        if !matches!(result, Err(LayoutError::SizeTooSmall { .. })) {
            break;
        }
    }
    for cluster_size in cluster_sizes().filter(|size| *size > default) {
        if !matches!(result, Err(LayoutError::TooManyClusters { .. })) {
            break;
        }
        result = sized(size, cluster_size, clusters(cluster_size));
    }
    result
}

fn check_clusters(clusters: u64, cluster_size: u32) -> Result<(), LayoutError> {
    let max = u64::from(CLUSTERS_MAX);
    if clusters > max {
        return Err(LayoutError::TooManyClusters { clusters, max, cluster_size });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The limits of the specification, sections 3.1.7 to 3.1.10.
    fn sound(geometry: &Geometry) {
        let Geometry { sectors, fat, heap, cluster_size, clusters } = *geometry;
        let (fat, heap, clusters) = (u64::from(fat), u64::from(heap), u64::from(clusters));
        assert!(sectors * SECTOR >= 1 << 20, "{geometry:?}");
        assert!(fat * SECTOR >= (clusters + 2) * ENTRY_LEN, "{geometry:?}");
        assert!(FAT_OFFSET >= 24 && FAT_OFFSET + fat <= heap, "{geometry:?}");
        assert_eq!(heap % ALIGNMENT, 0, "{geometry:?}");
        assert_eq!(clusters, (sectors - heap) / (u64::from(cluster_size) / SECTOR));
        assert!(clusters <= u64::from(CLUSTERS_MAX), "{geometry:?}");
    }

    #[test]
    fn the_smallest_volume_has_the_clusters_that_are_needed() {
        for cluster_size in [4096, 32_768, 131_072, 32 << 20] {
            for data in (1..50_000_000).step_by(1_299_709).chain([1, 2, 255, 256, 257]) {
                let geometry = smallest(cluster_size, data).unwrap();
                sound(&geometry);
                let spare =
                    u64::from(geometry.clusters) - needed(data, geometry.clusters, cluster_size);
                // No more than rounding to 1 MiB and the alignment of the clusters cost.
                assert!(spare <= 512, "{spare} of {geometry:?}");
                let smaller = ByteCount((geometry.sectors - 2 * ALIGNMENT) * SECTOR);
                if data > 512 {
                    assert!(matches!(
                        sized(smaller, cluster_size, data),
                        Err(LayoutError::SizeTooSmall { .. })
                    ));
                }
                let same = ByteCount(geometry.sectors * SECTOR);
                assert_eq!(sized(same, cluster_size, data).unwrap(), geometry);
            }
        }
    }

    #[test]
    fn clusters_are_those_of_microsofts_formatter() {
        let options =
            |size: u64| ExfatOptions { size: Some(ByteCount(size)), ..Default::default() };
        for (size, cluster_size) in [
            (16 << 20, 4096),
            (256 << 20, 4096),
            (257 << 20, 32_768),
            (32 << 30, 32_768),
            (33 << 30, 131_072),
            (200 << 40, 131_072),
            (600 << 40, 262_144),
            (1 << 56, 16 << 20),
        ] {
            let geometry = choose(&options(size), |_| 3).unwrap();
            sound(&geometry);
            assert_eq!((geometry.cluster_size, geometry.sectors * SECTOR), (cluster_size, size));
            let files = |cluster_size: u32| size.div_ceil(u64::from(cluster_size)) * 9 / 10;
            let geometry = choose(&ExfatOptions::default(), files).unwrap();
            sound(&geometry);
            if size > 17 << 20 && size != 257 << 20 && size != 33 << 30 {
                assert_eq!(geometry.cluster_size, cluster_size, "{size}");
            }
        }
    }

    #[test]
    fn smaller_clusters_are_taken_where_the_files_would_not_fit() {
        let options = ExfatOptions { size: Some(ByteCount(300 << 20)), ..Default::default() };
        // So many files of a byte.
        assert_eq!(choose(&options, |_| 5_000).unwrap().cluster_size, 32_768);
        assert_eq!(choose(&options, |_| 30_000).unwrap().cluster_size, 8_192);
        let error = choose(&options, |_| 100_000).unwrap_err();
        assert!(matches!(error, LayoutError::SizeTooSmall { .. }), "{error}");
    }

    #[test]
    fn more_than_can_be_numbered_is_refused() {
        let error = choose(&ExfatOptions::default(), |_| u64::MAX).unwrap_err();
        assert!(matches!(error, LayoutError::TooManyClusters { .. }), "{error}");
        let options = ExfatOptions { size: Some(ByteCount(1 << 60)), ..Default::default() };
        let error = choose(&options, |_| 1).unwrap_err();
        assert!(matches!(error, LayoutError::TooManyClusters { .. }), "{error}");
    }
}
