use std::fmt;

use image::ByteCount;

use crate::Timestamp;
use crate::names::{LabelLimit, NameLimit};

/// Why a tree cannot become a FAT32 image.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LayoutError {
    /// Files and directories that FAT32 cannot hold: all of them, in the order of the tree.
    #[error("{}", problems(.0))]
    Tree(Vec<Problem>),
    /// The files take more clusters than a volume can number.
    #[error(
        "the volume takes {clusters} clusters of {cluster_size} bytes; it may take at most {max}"
    )]
    TooManyClusters {
        /// How many it takes.
        clusters: u64,
        /// How many it may take.
        max: u64,
        /// The bytes of a cluster.
        cluster_size: u32,
    },
    /// Sector numbers have 32 bits, so a volume ends before 2 TiB.
    #[error(transparent)]
    VolumeTooLarge(#[from] VolumeTooLarge),
    /// The files do not fit into the given size.
    #[error("the image needs {min} bytes with these clusters; its size is given as {size}")]
    SizeTooSmall {
        /// The size as given.
        size: ByteCount,
        /// The smallest size that would do.
        min: ByteCount,
    },
    /// The given size is no whole number of sectors of 512 bytes.
    #[error("the size of {size} bytes is no multiple of 512")]
    SizeNotSectors {
        /// The size as given.
        size: ByteCount,
    },
    /// The cluster size is none of 4096, 8192, 16384 and 32768 bytes.
    #[error("clusters have 4096, 8192, 16384 or 32768 bytes, not {bytes}")]
    ClusterSize {
        /// The size as given.
        bytes: u32,
    },
    /// The time lies outside the years 1980 to 2107.
    #[error("the time {} lies outside the years 1980 to 2107", .0.0)]
    TimeOutOfRange(Timestamp),
    /// The volume label is none.
    #[error("the volume label `{}` {why}", label.escape_debug())]
    VolumeLabel {
        /// The label as given.
        label: String,
        /// What is wrong with it.
        why: LabelLimit,
    },
    /// The partition's name is longer than 36 UTF-16 units.
    #[error("the partition name `{}` is longer than 36 characters", name.escape_debug())]
    PartitionName {
        /// The name as given.
        name: String,
    },
    /// A second partition needs a partition table, which a bare volume has not.
    #[error("a second partition needs a partitioned image")]
    NoRoomForSecondPartition,
    /// The second partition is empty or has no whole number of MiB.
    #[error("the second partition has {len} bytes, which is no multiple of 1 MiB")]
    SecondPartitionLength {
        /// Its length as given.
        len: ByteCount,
    },
    /// Boot code for a BIOS needs a place before the volume, which a bare volume has not.
    #[error("boot code for a BIOS needs a partitioned image")]
    NoRoomForBootCode,
}

/// A volume of more sectors than its fields can count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the volume takes {sectors} sectors of 512 bytes; it may take at most {max}")]
pub struct VolumeTooLarge {
    /// How many it takes.
    pub sectors: u64,
    /// How many it may take.
    pub max: u64,
}

/// A file or directory that FAT32 cannot hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Its path in the tree; empty for the root.
    pub path: String,
    /// What is wrong with it.
    pub why: Limit,
}

/// What a file or directory breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Limit {
    /// Its name.
    Name(NameLimit),
    /// The length field of a file has 32 bits.
    FileTooLong {
        /// Its length in bytes.
        len: u64,
        /// How long it may be.
        max: u64,
    },
    /// A directory holds 65,536 entries of 32 bytes: one for each short name, up to 20 for each
    /// long one.
    DirectoryTooLarge {
        /// How many entries it needs.
        entries: u64,
        /// How many it may have.
        max: u64,
    },
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(why) => write!(f, "the name {why}"),
            Self::FileTooLong { len, max } => {
                write!(f, "the file is {len} bytes long; FAT32 holds at most {max}")
            }
            Self::DirectoryTooLarge { entries, max } => {
                write!(f, "the directory takes {entries} entries; it may have at most {max}")
            }
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.path {
            "" => write!(f, "the root: {}", self.why),
            path => write!(f, "`{}`: {}", path.escape_debug(), self.why),
        }
    }
}

/// How many problems a message lists; the error holds all.
const SHOWN_MAX: usize = 10;

fn problems(problems: &[Problem]) -> String {
    let shown: Vec<String> = problems.iter().take(SHOWN_MAX).map(ToString::to_string).collect();
    let more = if problems.len() > SHOWN_MAX { "; …" } else { "" };
    format!(
        "{} files or directories cannot be stored on FAT32: {}{more}",
        problems.len(),
        shown.join("; ")
    )
}
