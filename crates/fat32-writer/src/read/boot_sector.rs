//! The boot sector, as it is recorded and as a volume it describes (Microsoft FAT specification,
//! section 3).

use super::bytes::{array, le16, le32};
use super::{ReadAt, ReadError, partition, source};

/// The bytes of a boot sector that are read: the first 512 whatever the sector size is.
pub(crate) const LEN: usize = 512;

const STRUCTURE: &str = "FAT32 boot sector";

/// The number of the first cluster.
pub(crate) const FIRST_CLUSTER: u32 = 2;

/// The most clusters: larger numbers are marks.
pub(crate) const CLUSTERS_MAX: u64 = 0x0FFF_FFF4;

/// The fields as recorded, in the standard's order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BootSector {
    pub(crate) bytes: [u8; LEN],
    pub(crate) bytes_per_sector: u16,
    pub(crate) sectors_per_cluster: u8,
    pub(crate) reserved_sectors: u16,
    pub(crate) fats: u8,
    pub(crate) root_entries: u16,
    pub(crate) total_sectors_16: u16,
    pub(crate) media: u8,
    pub(crate) fat_sectors_16: u16,
    pub(crate) sectors_per_track: u16,
    pub(crate) heads: u16,
    pub(crate) hidden_sectors: u32,
    pub(crate) total_sectors: u32,
    pub(crate) fat_sectors: u32,
    pub(crate) flags: u16,
    pub(crate) version: u16,
    pub(crate) root_cluster: u32,
    pub(crate) fs_info: u16,
    pub(crate) backup: u16,
    pub(crate) reserved: [u8; 12],
    pub(crate) drive: u8,
    pub(crate) state: u8,
    pub(crate) signature: u8,
    pub(crate) serial: u32,
    pub(crate) label: [u8; 11],
    pub(crate) kind: [u8; 8],
}

/// Where everything of a volume lies, in bytes of the image unless said otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Geometry {
    pub(crate) volume: u64,
    /// The volume's length.
    pub(crate) len: u64,
    pub(crate) sector: u64,
    pub(crate) fat: u64,
    /// The length of one FAT.
    pub(crate) fat_len: u64,
    pub(crate) fats: u8,
    /// Where the first cluster starts.
    pub(crate) data: u64,
    pub(crate) cluster_size: u64,
    /// How many clusters there are.
    pub(crate) clusters: u32,
    pub(crate) root_cluster: u32,
}

impl BootSector {
    pub(crate) fn read(image: &dyn ReadAt, offset: u64) -> Result<Self, ReadError> {
        let mut bytes = [0; LEN];
        source::read_exact(image, STRUCTURE, offset, &mut bytes)?;
        Ok(Self::parse(bytes))
    }

    pub(crate) fn parse(bytes: [u8; LEN]) -> Self {
        Self {
            bytes_per_sector: le16(&bytes, 11),
            sectors_per_cluster: bytes[13],
            reserved_sectors: le16(&bytes, 14),
            fats: bytes[16],
            root_entries: le16(&bytes, 17),
            total_sectors_16: le16(&bytes, 19),
            media: bytes[21],
            fat_sectors_16: le16(&bytes, 22),
            sectors_per_track: le16(&bytes, 24),
            heads: le16(&bytes, 26),
            hidden_sectors: le32(&bytes, 28),
            total_sectors: le32(&bytes, 32),
            fat_sectors: le32(&bytes, 36),
            flags: le16(&bytes, 40),
            version: le16(&bytes, 42),
            root_cluster: le32(&bytes, 44),
            fs_info: le16(&bytes, 48),
            backup: le16(&bytes, 50),
            reserved: array(&bytes, 52),
            drive: bytes[64],
            state: bytes[65],
            signature: bytes[66],
            serial: le32(&bytes, 67),
            label: array(&bytes, 71),
            kind: array(&bytes, 82),
            bytes,
        }
    }

    /// Whether it is the boot sector of a FAT32 volume: the fields that a driver needs make sense,
    /// and the 16-bit length of a FAT is 0, by which Linux tells FAT32 from its elders.
    ///
    /// The number of clusters counts for others; the verifier looks at it.
    pub(crate) fn is_fat32(&self) -> bool {
        let size = self.bytes_per_sector;
        self.bytes[510..] == [0x55, 0xAA]
            && size.is_power_of_two()
            && (512..=4096).contains(&size)
            && self.sectors_per_cluster.is_power_of_two()
            && self.reserved_sectors != 0
            && self.fat_sectors_16 == 0
            && self.fat_sectors != 0
            && self.root_entries == 0
    }

    /// Divides the volume that starts at `offset` of an image of `image_len` bytes.
    pub(crate) fn geometry(&self, offset: u64, image_len: u64) -> Result<Geometry, ReadError> {
        let malformed = |reason: String| ReadError::malformed(STRUCTURE, offset, reason);
        if !self.is_fat32() {
            return Err(malformed("not that of a FAT32 volume".to_owned()));
        }
        if !(1..=2).contains(&self.fats) {
            return Err(ReadError::unsupported(STRUCTURE, offset, format!("{} FATs", self.fats)));
        }
        let sector = u64::from(self.bytes_per_sector);
        let cluster_size = u64::from(self.sectors_per_cluster) * sector;
        let len = u64::from(self.total_sectors) * sector;
        let fat_len = u64::from(self.fat_sectors) * sector;
        let before = u64::from(self.reserved_sectors) * sector + u64::from(self.fats) * fat_len;
        let Some(data_len) = len.checked_sub(before) else {
            return Err(malformed("its FATs are longer than the volume".to_owned()));
        };
        if offset.checked_add(len).is_none_or(|end| end > image_len) {
            return Err(ReadError::Truncated { structure: "FAT32 volume", offset, len });
        }
        let clusters = data_len / cluster_size;
        if clusters > CLUSTERS_MAX || (clusters + 2) * 4 > fat_len {
            return Err(malformed(format!("{clusters} clusters, which its FATs cannot number")));
        }
        let fat = offset + u64::from(self.reserved_sectors) * sector;
        Ok(Geometry {
            volume: offset,
            len,
            sector,
            fat,
            fat_len,
            fats: self.fats,
            data: offset + before,
            cluster_size,
            clusters: clusters as u32,
            root_cluster: self.root_cluster & 0x0FFF_FFFF,
        })
    }
}

impl Geometry {
    /// Where a cluster starts in the image; it must be one of the volume's.
    pub(crate) fn cluster(&self, cluster: u32) -> u64 {
        self.data + u64::from(cluster - FIRST_CLUSTER) * self.cluster_size
    }

    /// Whether the volume has a cluster of this number.
    pub(crate) fn has(&self, cluster: u32) -> bool {
        (FIRST_CLUSTER..FIRST_CLUSTER + self.clusters).contains(&cluster)
    }

    /// Where the entry of a cluster lies in the first FAT.
    pub(crate) fn entry(&self, cluster: u32) -> u64 {
        self.fat + u64::from(cluster) * 4
    }
}

/// Finds the volume of an image: the image itself, else the first partition that holds one.
///
/// Returns where it starts, and the partition if it is in one.
pub(crate) fn find(
    image: &dyn ReadAt,
) -> Result<(u64, BootSector, Option<partition::Place>), ReadError> {
    let bare = BootSector::read(image, 0)?;
    if bare.is_fat32() {
        return Ok((0, bare, None));
    }
    for place in partition::places(image) {
        let offset = place.first.saturating_mul(partition::LBA);
        match BootSector::read(image, offset) {
            Ok(boot_sector) if boot_sector.is_fat32() => {
                return Ok((offset, boot_sector, Some(place)));
            }
            Ok(_) | Err(ReadError::Truncated { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    Err(ReadError::NoVolume)
}
