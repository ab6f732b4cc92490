use std::fmt;

use image::ByteCount;

use crate::Timestamp;
use crate::names::{LabelLimit, NameLimit};

/// Why a tree cannot become an exFAT volume.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LayoutError {
    /// Files and directories that exFAT cannot hold: all of them, in the order of the tree.
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
    /// The files do not fit into the given size.
    #[error("the volume needs {min} bytes with these clusters; its size is given as {size}")]
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
    /// The cluster size is no power of two from 4096 to 33,554,432 bytes.
    #[error("clusters have 4096, 8192, … or 33554432 bytes, not {bytes}")]
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
}

/// A file or directory that exFAT cannot hold.
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
    /// A directory has at most 256 MiB: 8,388,608 entries, of which each file takes 3 to 19.
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
        "{} files or directories cannot be stored on exFAT: {}{more}",
        problems.len(),
        shown.join("; ")
    )
}
