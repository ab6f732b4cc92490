use image::ByteCount;

use crate::LayoutError;
use crate::names::check_label;

/// A point in time in seconds since 1970-01-01T00:00:00 UTC, leap seconds not counted.
///
/// Volumes can hold the years 1980 to 2107. The default is the start of 1980.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub i64);

impl Default for Timestamp {
    fn default() -> Self {
        Self(315_532_800)
    }
}

/// What a volume shall be besides its files.
///
/// The default is a volume without a label, as small as its files allow.
#[derive(Clone, Debug, Default)]
pub struct ExfatOptions {
    /// The volume's name, as [`names::check_label`](crate::names::check_label) takes it; empty for
    /// none. [`names::label_of`](crate::names::label_of) makes one of any text.
    pub volume_label: String,
    /// The number by which Windows tells volumes apart (VolumeSerialNumber).
    pub serial: u32,
    /// The time of every file and directory.
    pub created: Timestamp,
    /// The bytes of a cluster: a power of two from 4096 to 33,554,432. Without one, as Microsoft's
    /// formatter chooses for the volume's size, or less if the files would not fit into a given
    /// `size`.
    pub cluster_size: Option<u32>,
    /// The volume's length, a multiple of 512; without one, the smallest multiple of 1 MiB that
    /// holds the files.
    pub size: Option<ByteCount>,
    /// Where the volume starts on its disk, in sectors of 512 bytes (PartitionOffset); 0 for a
    /// volume without a disk around it.
    ///
    /// File data starts at multiples of 4096 bytes of the volume; whoever wants it there on the
    /// disk gives the volume such a place.
    pub partition_offset: u64,
}

/// The smallest and the largest cluster: smaller ones would put files at places that no file system
/// can share blocks with, larger ones are not allowed (exFAT specification, section 3.1.15).
const CLUSTER_SIZE_MIN: u32 = 4096;
const CLUSTER_SIZE_MAX: u32 = 32 << 20;

/// The cluster sizes that are offered.
pub(crate) fn cluster_sizes() -> impl DoubleEndedIterator<Item = u32> {
    (CLUSTER_SIZE_MIN.ilog2()..=CLUSTER_SIZE_MAX.ilog2()).map(|shift| 1 << shift)
}

impl ExfatOptions {
    pub(crate) fn check(&self) -> Result<(), LayoutError> {
        check_label(&self.volume_label)
            .map_err(|why| LayoutError::VolumeLabel { label: self.volume_label.clone(), why })?;
        if let Some(bytes) = self.cluster_size
            && !cluster_sizes().any(|size| size == bytes)
        {
            return Err(LayoutError::ClusterSize { bytes });
        }
        if let Some(size) = self.size
            && !size.0.is_multiple_of(crate::format::SECTOR)
        {
            return Err(LayoutError::SizeNotSectors { size });
        }
        Ok(())
    }
}
