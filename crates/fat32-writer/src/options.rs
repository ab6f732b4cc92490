use image::ByteCount;
use image::partition::Guid;

use crate::disk::{ALIGNMENT, GrubImages};
use crate::names::check_label;
use crate::{LayoutError, VolumeTooLarge};

/// A point in time in seconds since 1970-01-01T00:00:00 UTC, leap seconds not counted.
///
/// Volumes can hold the years 1980 to 2107. Directory entries say no time zone; this crate writes
/// UTC. The default is the start of 1980.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub i64);

impl Default for Timestamp {
    fn default() -> Self {
        Self(315_532_800)
    }
}

/// What a volume shall be besides its files.
///
/// The default is a bare volume without a label, as small as its files allow.
#[derive(Clone, Debug)]
pub struct FatOptions {
    /// The volume's name, as [`names::check_label`](crate::names::check_label) takes it; empty for
    /// none. [`names::label_of`](crate::names::label_of) makes one of any text.
    pub volume_label: String,
    /// The number by which Windows tells volumes apart (BS_VolID).
    pub serial: u32,
    /// The time of every file and directory.
    pub created: Timestamp,
    /// The bytes of a cluster: 4096, 8192, 16384 or 32768. Without one, as Microsoft's formatter
    /// chooses for the volume's size, or less if the files would not fit into a given `size`.
    pub cluster_size: Option<u32>,
    /// The image's length, a multiple of 512; without one, the smallest that holds the files.
    pub size: Option<ByteCount>,
    /// Who formatted the volume (BS_OEMName); some old drivers want a name they know.
    pub oem_name: [u8; 8],
    /// What the volume lies in.
    pub partitioning: Partitioning,
    /// What a BIOS starts from a partitioned image; UEFI needs nothing but its files.
    pub bios_boot: Option<GrubImages>,
    /// A partition behind the volume's, which is zeros in the image: somebody else puts a volume
    /// there.
    pub second_partition: Option<SecondPartition>,
}

/// A partition for a volume that FAT32 is not: of type 0x07 in an MBR, of basic data in a GPT.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecondPartition {
    /// Its length, a multiple of 1 MiB.
    pub len: ByteCount,
    /// Its name in a GPT: at most 36 UTF-16 units.
    pub name: String,
}

impl Default for FatOptions {
    fn default() -> Self {
        Self {
            volume_label: String::new(),
            serial: 0,
            created: Timestamp::default(),
            cluster_size: None,
            size: None,
            oem_name: *b"MSWIN4.1",
            partitioning: Partitioning::None,
            bios_boot: None,
            second_partition: None,
        }
    }
}

/// What a volume lies in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Partitioning {
    /// Nothing: the image is the volume.
    None,
    /// One active partition of type 0x0C (FAT32, LBA) in a master boot record, from 1 MiB on.
    Mbr {
        /// The number by which Windows knows the disk.
        disk_signature: u32,
    },
    /// One partition in a GUID partition table, from 1 MiB on; from 2 MiB on behind the BIOS boot
    /// partition if there is [`FatOptions::bios_boot`].
    Gpt {
        /// What the partition is for.
        kind: PartitionKind,
        /// Its name: at most 36 UTF-16 units.
        name: String,
        /// What makes this disk another than the next one: a digest of its content, say. The
        /// GUIDs of disk and partitions derive from it.
        id: [u8; 16],
    },
}

/// What a partition of a GPT is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PartitionKind {
    /// The partition that firmware starts from; Windows gives it no drive letter on fixed disks.
    EfiSystem,
    /// A partition with files. Firmware starts from it too where the medium is removable.
    BasicData,
}

impl PartitionKind {
    pub(crate) fn guid(self) -> Guid {
        match self {
            Self::EfiSystem => Guid::EFI_SYSTEM,
            Self::BasicData => Guid::BASIC_DATA,
        }
    }
}

/// The cluster sizes that are offered: smaller ones would put files at places that no file system
/// can share blocks with, larger ones are not allowed (Microsoft FAT specification, section 3.1).
pub(crate) const CLUSTER_SIZES: [u32; 4] = [4096, 8192, 16_384, 32_768];

impl FatOptions {
    pub(crate) fn check(&self) -> Result<(), LayoutError> {
        check_label(&self.volume_label)
            .map_err(|why| LayoutError::VolumeLabel { label: self.volume_label.clone(), why })?;
        if let Some(bytes) = self.cluster_size
            && !CLUSTER_SIZES.contains(&bytes)
        {
            return Err(LayoutError::ClusterSize { bytes });
        }
        if let Some(size) = self.size
            && !size.0.is_multiple_of(image::partition::SECTOR)
        {
            return Err(LayoutError::SizeNotSectors { size });
        }
        if let Partitioning::Gpt { name, .. } = &self.partitioning
            && name.encode_utf16().count() > 36
        {
            return Err(LayoutError::PartitionName { name: name.clone() });
        }
        if self.bios_boot.is_some() && self.partitioning == Partitioning::None {
            return Err(LayoutError::NoRoomForBootCode);
        }
        if let Some(second) = &self.second_partition {
            second.check(&self.partitioning)?;
        }
        Ok(())
    }

    /// The sectors of the second partition; 0 without one.
    pub(crate) fn second_sectors(&self) -> u64 {
        self.second_partition.as_ref().map_or(0, |second| second.len.0 / image::partition::SECTOR)
    }

    /// The number of a volume's sectors as its boot sector has it, in 32 bits; in an MBR those of
    /// the disk have no more.
    pub(crate) fn check_sectors(&self, start: u64, sectors: u64) -> Result<u32, LayoutError> {
        let is_mbr = matches!(self.partitioning, Partitioning::Mbr { .. });
        let beside = if is_mbr { start + self.second_sectors() } else { 0 };
        let max = u64::from(u32::MAX).saturating_sub(beside);
        match u32::try_from(sectors) {
            Ok(sectors) if u64::from(sectors) <= max => Ok(sectors),
            _ => Err(LayoutError::VolumeTooLarge(VolumeTooLarge { sectors, max })),
        }
    }
}

impl SecondPartition {
    fn check(&self, partitioning: &Partitioning) -> Result<(), LayoutError> {
        if *partitioning == Partitioning::None {
            return Err(LayoutError::NoRoomForSecondPartition);
        }
        let granularity = ALIGNMENT * image::partition::SECTOR;
        if self.len == ByteCount::ZERO || !self.len.0.is_multiple_of(granularity) {
            return Err(LayoutError::SecondPartitionLength { len: self.len });
        }
        if self.name.encode_utf16().count() > 36 {
            return Err(LayoutError::PartitionName { name: self.name.clone() });
        }
        Ok(())
    }
}
