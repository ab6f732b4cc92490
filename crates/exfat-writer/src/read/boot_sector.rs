//! The boot sector, as it is recorded and as a volume it describes (exFAT specification, section
//! 3.1).

use super::bytes::{array, le16, le32, le64};
use super::partition::{LBA, Place, places};
use super::{ReadAt, ReadError, source};

/// The bytes of a boot sector that are read: the first 512 whatever the sector size is.
pub(crate) const LEN: usize = 512;

const STRUCTURE: &str = "exFAT boot sector";

/// The number of the first cluster.
pub(crate) const FIRST_CLUSTER: u32 = 2;

/// The most clusters: larger numbers are marks.
pub(crate) const CLUSTERS_MAX: u32 = u32::MAX - 10;

/// The fields as recorded, in the specification's order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BootSector {
    pub(crate) bytes: [u8; LEN],
    pub(crate) partition_offset: u64,
    pub(crate) volume_length: u64,
    pub(crate) fat_offset: u32,
    pub(crate) fat_length: u32,
    pub(crate) cluster_heap_offset: u32,
    pub(crate) cluster_count: u32,
    pub(crate) root_cluster: u32,
    pub(crate) serial: u32,
    pub(crate) revision: u16,
    pub(crate) flags: u16,
    pub(crate) sector_shift: u8,
    pub(crate) cluster_shift: u8,
    pub(crate) fats: u8,
    pub(crate) percent_in_use: u8,
}

/// Where everything of a volume lies, in bytes of the image unless said otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Geometry {
    pub(crate) volume: u64,
    /// The volume's length.
    pub(crate) len: u64,
    pub(crate) sector: u64,
    pub(crate) fat: u64,
    pub(crate) fat_len: u64,
    /// Where the first cluster starts.
    pub(crate) heap: u64,
    pub(crate) cluster_size: u64,
    /// How many clusters there are.
    pub(crate) clusters: u32,
    pub(crate) root_cluster: u32,
}

impl BootSector {
    pub(crate) fn read(image: &dyn ReadAt, offset: u64) -> Result<Self, ReadError> {
        let mut bytes = [0; LEN];
        source::read_exact(image, STRUCTURE, offset, &mut bytes)?;
        Ok(Self {
            partition_offset: le64(&bytes, 64),
            volume_length: le64(&bytes, 72),
            fat_offset: le32(&bytes, 80),
            fat_length: le32(&bytes, 84),
            cluster_heap_offset: le32(&bytes, 88),
            cluster_count: le32(&bytes, 92),
            root_cluster: le32(&bytes, 96),
            serial: le32(&bytes, 100),
            revision: le16(&bytes, 104),
            flags: le16(&bytes, 106),
            sector_shift: bytes[108],
            cluster_shift: bytes[109],
            fats: bytes[110],
            percent_in_use: bytes[112],
            bytes,
        })
    }

    /// Whether it is the boot sector of an exFAT volume.
    pub(crate) fn is_exfat(&self) -> bool {
        self.bytes[510..] == [0x55, 0xAA] && array::<8>(&self.bytes, 3) == *b"EXFAT   "
    }

    /// Divides the volume that starts at `offset` of an image of `image_len` bytes.
    pub(crate) fn geometry(&self, offset: u64, image_len: u64) -> Result<Geometry, ReadError> {
        let malformed = |reason: String| ReadError::malformed(STRUCTURE, offset, reason);
        if !self.is_exfat() {
            return Err(malformed("not that of an exFAT volume".to_owned()));
        }
        let (sector_shift, cluster_shift) = (self.sector_shift, self.cluster_shift);
        if !(9..=12).contains(&sector_shift) || cluster_shift > 25 - sector_shift {
            let reason = format!("sectors of 2^{sector_shift} bytes, 2^{cluster_shift} a cluster");
            return Err(malformed(reason));
        }
        if self.fats != 1 {
            return Err(ReadError::unsupported(STRUCTURE, offset, format!("{} FATs", self.fats)));
        }
        let sector = 1u64 << sector_shift;
        let cluster_size = sector << cluster_shift;
        let (fat, heap) = (u64::from(self.fat_offset), u64::from(self.cluster_heap_offset));
        let (fat_len, clusters) = (u64::from(self.fat_length), u64::from(self.cluster_count));
        let len = self.volume_length.checked_mul(sector);
        let Some(len) =
            len.filter(|len| offset.checked_add(*len).is_some_and(|end| end <= image_len))
        else {
            let len = self.volume_length.saturating_mul(sector);
            return Err(ReadError::Truncated { structure: "exFAT volume", offset, len });
        };
        // None of these has more than 58 bits.
        let fits = fat >= 24
            && fat + fat_len <= heap
            && (clusters + u64::from(FIRST_CLUSTER)) * 4 <= fat_len * sector
            && heap * sector + clusters * cluster_size <= len
            && clusters <= u64::from(CLUSTERS_MAX);
        if !fits {
            let reason = format!(
                "{clusters} clusters from sector {heap} on and a FAT of {fat_len} sectors from \
                 {fat} on, which cannot be"
            );
            return Err(malformed(reason));
        }
        Ok(Geometry {
            volume: offset,
            len,
            sector,
            fat: offset + fat * sector,
            fat_len: fat_len * sector,
            heap: offset + heap * sector,
            cluster_size,
            clusters: self.cluster_count,
            root_cluster: self.root_cluster,
        })
    }
}

impl Geometry {
    /// Where a cluster starts in the image; it must be one of the volume's.
    pub(crate) fn cluster(&self, cluster: u32) -> u64 {
        self.heap + u64::from(cluster - FIRST_CLUSTER) * self.cluster_size
    }

    /// Whether the volume has a cluster of this number.
    pub(crate) fn has(&self, cluster: u32) -> bool {
        cluster.checked_sub(FIRST_CLUSTER).is_some_and(|index| index < self.clusters)
    }

    /// Whether the volume has so many clusters from this one on.
    pub(crate) fn has_run(&self, first: u32, count: u64) -> bool {
        let index = first.checked_sub(FIRST_CLUSTER).map(u64::from);
        index
            .and_then(|index| index.checked_add(count))
            .is_some_and(|end| end <= self.clusters.into())
    }

    /// Where the entry of a cluster lies in the FAT.
    pub(crate) fn entry(&self, cluster: u32) -> u64 {
        self.fat + u64::from(cluster) * 4
    }
}

/// Finds the volume of an image: the image itself, else the first partition that holds one.
///
/// Returns where it starts, and the partition if it is in one.
pub(crate) fn find(image: &dyn ReadAt) -> Result<(u64, BootSector, Option<Place>), ReadError> {
    let bare = BootSector::read(image, 0)?;
    if bare.is_exfat() {
        return Ok((0, bare, None));
    }
    for place in places(image) {
        let offset = place.first.saturating_mul(LBA);
        match BootSector::read(image, offset) {
            Ok(boot_sector) if boot_sector.is_exfat() => {
                return Ok((offset, boot_sector, Some(place)));
            }
            Ok(_) | Err(ReadError::Truncated { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    Err(ReadError::NoVolume)
}
