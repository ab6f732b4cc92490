use super::BLOCK;
use super::descriptor::{AllocationDescriptor, ExtentAd, dstring_lossy};
use super::tag::{Tag, id};
use crate::read::bytes::{le16, le32, le64};
use crate::read::limits::MAX_DESCRIPTORS;
use crate::read::source::Window;
use crate::read::{ReadAt, ReadError};

/// The sector of the first anchor (ECMA-167 3/8.4.2.1).
pub(crate) const FIRST_ANCHOR: u64 = 256;

/// An anchor volume descriptor pointer (ECMA-167 3/10.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Anchor {
    pub(crate) offset: u64,
    /// Main Volume Descriptor Sequence Extent (BP 16).
    pub(crate) main: ExtentAd,
    /// Reserve Volume Descriptor Sequence Extent (BP 24).
    pub(crate) reserve: ExtentAd,
}

impl Anchor {
    /// The sectors in which an anchor may lie: 256, and for the end 256 before the last and the
    /// last one (ECMA-167 3/8.4.2.1).
    ///
    /// In a small image the sector 256 before the last lies among the descriptors: there it is
    /// none.
    pub(crate) fn places(image_len: u64) -> [Option<u64>; 3] {
        let last = (image_len / BLOCK).checked_sub(1);
        let before_last = last.and_then(|last| last.checked_sub(256));
        let before_last = before_last.filter(|&sector| sector > FIRST_ANCHOR);
        [Some(FIRST_ANCHOR), before_last, last]
    }

    /// The anchor in `sector`, None if the sector holds no sound one.
    pub(crate) fn read(window: &mut Window<'_>, sector: u64) -> Result<Option<Self>, ReadError> {
        let offset = sector * BLOCK;
        let bytes = window.get("UDF anchor", offset, BLOCK as usize)?;
        let Ok(location) = u32::try_from(sector) else { return Ok(None) };
        if Tag::check_at(bytes, id::ANCHOR, location).is_err() {
            return Ok(None);
        }
        Ok(Some(Self { offset, main: ExtentAd::at(bytes, 16), reserve: ExtentAd::at(bytes, 24) }))
    }
}

/// A partition descriptor (ECMA-167 3/10.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Partition {
    /// Partition Number (BP 22).
    pub(crate) number: u16,
    /// Partition Starting Location (BP 188), a sector.
    pub(crate) start: u32,
    /// Partition Length (BP 192), in sectors.
    pub(crate) len: u32,
}

impl Partition {
    pub(crate) fn parse(bytes: &[u8]) -> Self {
        Self { number: le16(bytes, 22), start: le32(bytes, 188), len: le32(bytes, 192) }
    }

    /// Where a block of the partition lies, in bytes from the start of the image.
    pub(crate) fn offset_of(&self, block: u32) -> u64 {
        (u64::from(self.start) + u64::from(block)) * BLOCK
    }

    /// Whether `len` bytes from `block` on lie inside the partition.
    pub(crate) fn contains(&self, block: u32, len: u64) -> bool {
        u64::from(block) + len.div_ceil(BLOCK) <= u64::from(self.len)
    }
}

/// A logical volume descriptor (ECMA-167 3/10.6).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LogicalVolume {
    pub(crate) offset: u64,
    /// Logical Volume Identifier (BP 84).
    pub(crate) label: String,
    /// Logical Block Size (BP 212).
    pub(crate) block_size: u32,
    /// Logical Volume Contents Use (BP 248): where the file set descriptor lies.
    pub(crate) file_set: AllocationDescriptor,
    /// Number of Partition Maps (BP 268).
    pub(crate) map_count: u32,
    /// The type and the partition number of the first map (BP 440).
    pub(crate) first_map: (u8, u16),
    /// Integrity Sequence Extent (BP 432).
    pub(crate) integrity: ExtentAd,
}

impl LogicalVolume {
    pub(crate) fn parse(bytes: &[u8], offset: u64) -> Self {
        Self {
            offset,
            label: dstring_lossy(&bytes[84..212]),
            block_size: le32(bytes, 212),
            file_set: AllocationDescriptor::long(bytes, 248),
            map_count: le32(bytes, 268),
            first_map: (bytes[440], le16(bytes, 444)),
            integrity: ExtentAd::at(bytes, 432),
        }
    }
}

/// A logical volume integrity descriptor with one partition (ECMA-167 3/10.10, UDF 2.2.6).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Integrity {
    pub(crate) offset: u64,
    /// Integrity Type (BP 28): 0 open, 1 closed.
    pub(crate) kind: u32,
    /// Next Integrity Extent (BP 32).
    pub(crate) next: ExtentAd,
    /// Unique ID of the Logical Volume Header (BP 40).
    pub(crate) next_unique_id: u64,
    /// Number of Partitions (BP 72).
    pub(crate) partitions: u32,
    /// Length of Implementation Use (BP 76).
    pub(crate) implementation_use_len: u32,
    /// Free Space Table (BP 80), its first entry.
    pub(crate) free: u32,
    /// Size Table, its first entry.
    pub(crate) size: u32,
    /// Number of Files and of Directories, and the three revisions (UDF 2.2.6.4).
    pub(crate) files: u32,
    pub(crate) directories: u32,
    pub(crate) revisions: [u16; 3],
}

impl Integrity {
    pub(crate) fn parse(bytes: &[u8], offset: u64) -> Self {
        Self {
            offset,
            kind: le32(bytes, 28),
            next: ExtentAd::at(bytes, 32),
            next_unique_id: le64(bytes, 40),
            partitions: le32(bytes, 72),
            implementation_use_len: le32(bytes, 76),
            free: le32(bytes, 80),
            size: le32(bytes, 84),
            files: le32(bytes, 120),
            directories: le32(bytes, 124),
            revisions: [le16(bytes, 128), le16(bytes, 130), le16(bytes, 132)],
        }
    }
}

/// What the volume descriptor sequence says, as far as a reader needs it.
#[derive(Clone, Debug)]
pub(crate) struct VolumeInfo {
    pub(crate) logical_volume: LogicalVolume,
    pub(crate) partition: Partition,
}

impl VolumeInfo {
    /// Reads the main sequence, or the reserve one where the main one is damaged.
    pub(crate) fn read(image: &dyn ReadAt) -> Result<Self, ReadError> {
        let mut window = Window::new(image);
        let mut reason =
            ReadError::malformed("UDF anchor", FIRST_ANCHOR * BLOCK, "no sound anchor");
        for sector in Anchor::places(image.len()).into_iter().flatten() {
            if (sector + 1) * BLOCK > image.len() {
                continue;
            }
            let Some(anchor) = Anchor::read(&mut window, sector)? else { continue };
            for extent in [anchor.main, anchor.reserve] {
                match Self::from_sequence(&mut window, extent) {
                    Ok(info) => return Ok(info),
                    Err(error) => reason = error,
                }
            }
        }
        Err(reason)
    }

    /// Takes from each kind of descriptor the one with the highest sequence number
    /// (ECMA-167 3/8.4.3).
    fn from_sequence(window: &mut Window<'_>, extent: ExtentAd) -> Result<Self, ReadError> {
        const STRUCTURE: &str = "UDF volume descriptor sequence";
        let mut logical_volume: Option<(u32, LogicalVolume)> = None;
        let mut partition: Option<(u32, Partition)> = None;
        let sectors = (extent.len / BLOCK as u32).min(MAX_DESCRIPTORS);
        for index in 0..sectors {
            let sector = u64::from(extent.location) + u64::from(index);
            let offset = sector * BLOCK;
            let bytes = window.get(STRUCTURE, offset, BLOCK as usize)?;
            let tag = Tag::parse(bytes);
            if matches!(tag.id, 0 | id::TERMINATING) {
                break;
            }
            let location = u32::try_from(sector).unwrap_or(u32::MAX);
            Tag::check_at(bytes, tag.id, location)
                .map_err(|fault| ReadError::malformed(STRUCTURE, offset, fault.to_string()))?;
            let number = le32(bytes, 16);
            let newer = |old: Option<u32>| old.is_none_or(|old| old <= number);
            match tag.id {
                id::PARTITION if newer(partition.map(|(number, _)| number)) => {
                    partition = Some((number, Partition::parse(bytes)));
                }
                id::LOGICAL_VOLUME if newer(logical_volume.as_ref().map(|old| old.0)) => {
                    logical_volume = Some((number, LogicalVolume::parse(bytes, offset)));
                }
                _ => {}
            }
        }
        let offset = u64::from(extent.location) * BLOCK;
        let missing = |what| ReadError::malformed(STRUCTURE, offset, format!("no {what}"));
        let (_, partition) = partition.ok_or_else(|| missing("partition descriptor"))?;
        let (_, logical_volume) =
            logical_volume.ok_or_else(|| missing("logical volume descriptor"))?;
        let info = Self { logical_volume, partition };
        info.check_supported()?;
        Ok(info)
    }

    fn check_supported(&self) -> Result<(), ReadError> {
        let volume = &self.logical_volume;
        let refuse = |reason| {
            Err(ReadError::unsupported("UDF logical volume descriptor", volume.offset, reason))
        };
        if u64::from(volume.block_size) != BLOCK {
            return refuse(format!("a logical block of {} bytes", volume.block_size));
        }
        if volume.map_count != 1 || volume.first_map.0 != 1 {
            return refuse(format!(
                "a volume of {} partition maps, the first of type {},",
                volume.map_count, volume.first_map.0
            ));
        }
        if volume.first_map.1 != self.partition.number {
            return refuse(format!(
                "a map to partition {} where {} is described",
                volume.first_map.1, self.partition.number
            ));
        }
        Ok(())
    }
}
