//! How many clusters of which size, and where FATs and clusters lie.

use image::ByteCount;

use crate::disk::{self, ALIGNMENT, Disk};
use crate::format::SECTOR;
use crate::format::fat::{CLUSTERS_MAX, CLUSTERS_MIN, ENTRY_LEN, FIRST_CLUSTER};
use crate::options::CLUSTER_SIZES;
use crate::{FatOptions, LayoutError};

/// The fewest clusters that are made: some readers decide one off, so Microsoft's specification
/// asks to stay 16 clusters away from the limit (section 3.5).
const CLUSTERS_MADE_MIN: u64 = CLUSTERS_MIN as u64 + 16;

/// The sectors before the first FAT at least, as formatters have them.
const RESERVED_MIN: u64 = 32;

/// FATs and the space before them are multiples of 4096 bytes, which is how devices write.
const FAT_GRANULARITY: u64 = 8;

/// The default cluster size of Microsoft's formatter up to a volume size, both in bytes.
const MICROSOFT: [(u64, u32); 3] = [(8 << 30, 4096), (16 << 30, 8192), (32 << 30, 16_384)];

/// Above them.
const MICROSOFT_LARGEST: u32 = 32_768;

/// The parts of a volume, in sectors unless said otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Geometry {
    pub(crate) sectors: u32,
    pub(crate) reserved: u16,
    /// The length of each of the two FATs.
    pub(crate) fat: u32,
    /// In bytes.
    pub(crate) cluster_size: u32,
    /// How many there are.
    pub(crate) clusters: u32,
}

impl Geometry {
    /// The first sector of a FAT, 0 or 1.
    pub(crate) fn fat_start(&self, number: u32) -> u64 {
        u64::from(self.reserved) + u64::from(number) * u64::from(self.fat)
    }

    /// Where a cluster starts, in bytes from the start of the volume.
    pub(crate) fn cluster_start(&self, cluster: u32) -> u64 {
        let first = self.fat_start(2) * SECTOR;
        first + u64::from(cluster - FIRST_CLUSTER) * u64::from(self.cluster_size)
    }

    /// Divides a volume of `sectors` sectors; `None` if it has no room for as many clusters as
    /// FAT32 needs.
    ///
    /// The clusters start at a multiple of 1 MiB of the image, as the volume does.
    fn new(sectors: u32, cluster_size: u32) -> Option<Self> {
        let per_cluster = u64::from(cluster_size) / SECTOR;
        let total = u64::from(sectors);
        // With too long a FAT there are fewer clusters than it could have, with too short a one
        // more. Shortening it step by step finds the shortest that has enough entries.
        let mut fat = fat_sectors(total / per_cluster);
        let mut clusters = clusters_behind(total, fat, per_cluster)?;
        while fat_sectors(clusters) < fat {
            let shorter = fat - FAT_GRANULARITY;
            let more = clusters_behind(total, shorter, per_cluster)?;
            if fat_sectors(more) > shorter {
                break;
            }
            (fat, clusters) = (shorter, more);
        }
        let is_fat32 = (CLUSTERS_MADE_MIN..=u64::from(CLUSTERS_MAX)).contains(&clusters);
        is_fat32.then_some(Self {
            sectors,
            reserved: reserved(fat) as u16,
            fat: fat as u32,
            cluster_size,
            clusters: clusters as u32,
        })
    }
}

/// The length of a FAT for so many clusters.
fn fat_sectors(clusters: u64) -> u64 {
    let len = (clusters + u64::from(FIRST_CLUSTER)) * ENTRY_LEN;
    len.div_ceil(SECTOR).next_multiple_of(FAT_GRANULARITY)
}

/// The sectors before the first FAT, so that the clusters start at a multiple of 1 MiB.
fn reserved(fat: u64) -> u64 {
    (RESERVED_MIN + 2 * fat).next_multiple_of(ALIGNMENT) - 2 * fat
}

/// The clusters behind two FATs of this length; `None` if not even the FATs have room.
fn clusters_behind(sectors: u64, fat: u64, per_cluster: u64) -> Option<u64> {
    Some(sectors.checked_sub(reserved(fat) + 2 * fat)? / per_cluster)
}

/// The default cluster size of Microsoft's formatter for a volume of this many bytes.
fn microsoft(volume_len: u64) -> u32 {
    let row = MICROSOFT.iter().find(|(limit, _)| volume_len < *limit);
    row.map_or(MICROSOFT_LARGEST, |(_, cluster_size)| *cluster_size)
}

/// Chooses cluster size and volume size: `clusters` says how many clusters of a size the files
/// take.
pub(super) fn choose(
    options: &FatOptions,
    clusters: impl Fn(u32) -> u64,
) -> Result<(Geometry, Disk), LayoutError> {
    match (options.size, options.cluster_size) {
        (None, Some(cluster_size)) => smallest(options, cluster_size, &clusters),
        (None, None) => smallest_with_microsofts_clusters(options, &clusters),
        (Some(size), Some(cluster_size)) => sized(options, size, cluster_size, &clusters),
        (Some(size), None) => sized_with_largest_clusters(options, size, &clusters),
    }
}

/// The smallest volume with these clusters.
fn smallest(
    options: &FatOptions,
    cluster_size: u32,
    clusters: &dyn Fn(u32) -> u64,
) -> Result<(Geometry, Disk), LayoutError> {
    let needed = clusters(cluster_size).max(CLUSTERS_MADE_MIN);
    check_clusters(needed, cluster_size)?;
    let fat = fat_sectors(needed);
    let data = needed * (u64::from(cluster_size) / SECTOR);
    let granularity = disk::volume_granularity(options);
    let mut sectors = (reserved(fat) + 2 * fat + data).next_multiple_of(granularity);
    let start = disk::volume_start(options);
    loop {
        let checked = options.check_sectors(start, sectors)?;
        match Geometry::new(checked, cluster_size) {
            Some(geometry) if u64::from(geometry.clusters) >= needed => {
                let disk = Disk { start, sectors: disk::image_around(options, sectors) };
                return Ok((geometry, disk));
            }
            Some(_) => {}
            // Rounding up may give more clusters than there are numbers for.
            None => check_clusters(sectors / (u64::from(cluster_size) / SECTOR), cluster_size)?,
        }
        // Or it may need a longer FAT that leaves less than there was.
        sectors += ALIGNMENT;
    }
}

/// The smallest volume whose clusters are not smaller than Microsoft's formatter makes them in it.
fn smallest_with_microsofts_clusters(
    options: &FatOptions,
    clusters: &dyn Fn(u32) -> u64,
) -> Result<(Geometry, Disk), LayoutError> {
    let mut result = smallest(options, CLUSTER_SIZES[0], clusters);
    for cluster_size in CLUSTER_SIZES.into_iter().skip(1) {
        let is_enough = |(geometry, _): &(Geometry, Disk)| {
            microsoft(u64::from(geometry.sectors) * SECTOR) <= geometry.cluster_size
        };
        if result.as_ref().is_ok_and(is_enough) {
            break;
        }
        result = smallest(options, cluster_size, clusters);
    }
    result
}

/// The volume with these clusters in an image of `size` bytes.
fn sized(
    options: &FatOptions,
    size: ByteCount,
    cluster_size: u32,
    clusters: &dyn Fn(u32) -> u64,
) -> Result<(Geometry, Disk), LayoutError> {
    let needed = clusters(cluster_size);
    check_clusters(needed, cluster_size)?;
    let start = disk::volume_start(options);
    let sectors = size.0 / SECTOR;
    let room = disk::volume_in(options, sectors).unwrap_or(0);
    let volume = options.check_sectors(start, room)?;
    if let Some(geometry) = Geometry::new(volume, cluster_size)
        && u64::from(geometry.clusters) >= needed
    {
        return Ok((geometry, Disk { start, sectors }));
    }
    check_clusters(room / (u64::from(cluster_size) / SECTOR), cluster_size)?;
    let (_, disk) = smallest(options, cluster_size, clusters)?;
    Err(LayoutError::SizeTooSmall { size, min: ByteCount(disk.sectors * SECTOR) })
}

/// The volume in an image of `size` bytes with clusters as Microsoft's formatter makes them, or
/// with the largest smaller ones with which the files fit.
fn sized_with_largest_clusters(
    options: &FatOptions,
    size: ByteCount,
    clusters: &dyn Fn(u32) -> u64,
) -> Result<(Geometry, Disk), LayoutError> {
    let volume = disk::volume_in(options, size.0 / SECTOR).unwrap_or(0);
    let largest = microsoft(volume * SECTOR);
    let mut result = sized(options, size, CLUSTER_SIZES[0], clusters);
    for cluster_size in CLUSTER_SIZES.into_iter().skip(1).filter(|size| *size <= largest) {
        let larger = sized(options, size, cluster_size, clusters);
        if larger.is_ok() || matches!(result, Err(LayoutError::TooManyClusters { .. })) {
            result = larger;
        }
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
    use crate::Partitioning;

    fn sound(geometry: &Geometry) {
        let Geometry { sectors, reserved, fat, cluster_size, clusters } = *geometry;
        let data = u64::from(reserved) + 2 * u64::from(fat);
        assert_eq!(data % ALIGNMENT, 0, "{geometry:?}");
        assert!(u64::from(reserved) >= RESERVED_MIN, "{geometry:?}");
        // As every driver computes it.
        let counted = (u64::from(sectors) - data) / (u64::from(cluster_size) / SECTOR);
        assert_eq!(counted, u64::from(clusters), "{geometry:?}");
        assert!(u64::from(fat) * SECTOR >= (counted + 2) * 4, "{geometry:?}");
        assert!((CLUSTERS_MIN..=CLUSTERS_MAX).contains(&clusters), "{geometry:?}");
    }

    #[test]
    fn every_size_gives_a_volume_that_drivers_understand() {
        for cluster_size in CLUSTER_SIZES {
            let smallest = CLUSTERS_MADE_MIN * u64::from(cluster_size) / SECTOR;
            let mut found = 0;
            for step in 0..5000u64 {
                let sectors = smallest + step * 7;
                if let Some(geometry) = Geometry::new(sectors as u32, cluster_size) {
                    sound(&geometry);
                    found += 1;
                }
            }
            assert!(found > 100, "{cluster_size}: {found}");
        }
        for sectors in (1 << 20..u32::MAX).step_by(104_729 * 512) {
            let cluster_size = microsoft(u64::from(sectors) * SECTOR);
            sound(&Geometry::new(sectors, cluster_size).unwrap());
        }
        sound(&Geometry::new(u32::MAX, 32_768).unwrap());
    }

    #[test]
    fn the_smallest_volume_has_the_clusters_that_are_needed() {
        let gpt = Partitioning::Gpt {
            kind: crate::PartitionKind::BasicData,
            name: String::new(),
            id: [0; 16],
        };
        for partitioning in [Partitioning::None, gpt] {
            let options = FatOptions { partitioning, ..FatOptions::default() };
            for needed in (0..5_000_000).step_by(99_991) {
                let (geometry, disk) = smallest(&options, 4096, &|_| needed).unwrap();
                sound(&geometry);
                let clusters = u64::from(geometry.clusters);
                assert!(clusters >= needed);
                // No more than rounding to 1 MiB and the alignment of the clusters cost.
                assert!(clusters <= needed.max(CLUSTERS_MADE_MIN) + 256, "{geometry:?}");
                let smaller = ByteCount(disk.sectors * SECTOR - (4 << 20));
                assert!(matches!(
                    sized(&options, smaller, 4096, &|_| needed),
                    Err(LayoutError::SizeTooSmall { .. })
                ));
                let same = ByteCount(disk.sectors * SECTOR);
                assert!(sized(&options, same, 4096, &|_| needed).is_ok());
            }
        }
    }

    #[test]
    fn clusters_grow_with_the_volume_as_microsofts_do() {
        let bytes = |gib: u64| move |cluster_size: u32| (gib << 30) / u64::from(cluster_size);
        for (gib, expected) in [(1, 4096), (7, 4096), (9, 8192), (20, 16_384), (40, 32_768)] {
            let options = FatOptions::default();
            let (geometry, _) = choose(&options, bytes(gib)).unwrap();
            assert_eq!(geometry.cluster_size, expected, "{gib} GiB of files");
            let size = Some(ByteCount((gib << 30) + (1 << 29)));
            let (geometry, _) = choose(&FatOptions { size, ..options }, bytes(gib)).unwrap();
            assert_eq!(geometry.cluster_size, expected, "in {gib}.5 GiB");
        }
    }

    #[test]
    fn smaller_clusters_are_taken_where_the_files_would_not_fit() {
        // Two million files of one cluster each.
        let options = FatOptions { size: Some(ByteCount(33 << 30)), ..FatOptions::default() };
        let (geometry, _) = choose(&options, |_| 2_000_000).unwrap();
        assert_eq!(geometry.cluster_size, 16_384);
        let too_many = choose(&options, |_| 20_000_000).unwrap_err();
        assert!(matches!(too_many, LayoutError::SizeTooSmall { .. }), "{too_many}");
    }

    #[test]
    fn a_volume_ends_before_2_tib() {
        let bytes = |len: u64| move |cluster_size: u32| len.div_ceil(u64::from(cluster_size));
        let options = FatOptions::default();
        let (geometry, _) = choose(&options, bytes((2 << 40) - (1 << 30))).unwrap();
        sound(&geometry);
        for error in [
            choose(&options, bytes(2 << 40)),
            choose(&FatOptions { size: Some(ByteCount(2 << 40)), ..options.clone() }, |_| 1),
        ] {
            assert!(matches!(error, Err(LayoutError::VolumeTooLarge(_))), "{error:?}");
        }
        let cluster_size = Some(4096);
        let partitioning = Partitioning::Mbr { disk_signature: 0 };
        let partitioned = FatOptions { cluster_size, partitioning, ..options.clone() };
        let error = choose(&partitioned, |_| u64::from(CLUSTERS_MAX));
        assert!(matches!(error, Err(LayoutError::TooManyClusters { .. })), "{error:?}");
        let error = choose(&FatOptions { cluster_size, ..options.clone() }, bytes(3 << 39));
        assert!(matches!(error, Err(LayoutError::TooManyClusters { .. })), "{error:?}");
        let size = Some(ByteCount(3 << 39));
        let error = choose(&FatOptions { cluster_size, size, ..options }, |_| 1);
        assert!(matches!(error, Err(LayoutError::TooManyClusters { .. })), "{error:?}");
    }
}
