use std::fmt;

use crate::Timestamp;

/// Why a tree cannot become an image.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LayoutError {
    /// Names that a namespace of the image cannot hold: all of them.
    #[error("{}", name_problems(.0))]
    Names(Vec<NameProblem>),
    /// Files that are longer than a namespace of the image can say: all of them.
    #[error("{}", file_problems(.0))]
    FilesTooLong(Vec<FileTooLong>),
    /// The path table of ISO 9660 numbers directories in 16 bits (ECMA-119 §9.4.4).
    #[error(
        "there are {count} directories; an ISO 9660 path table holds at most {max}, the root \
         included"
    )]
    TooManyDirectories {
        /// How many there are, the root included.
        count: usize,
        /// How many there may be.
        max: usize,
    },
    /// A directory's records take more bytes than a directory can be long.
    #[error("the directory `{path}` takes {len} bytes; it may take at most {max}")]
    DirectoryTooLarge {
        /// The directory.
        path: String,
        /// The length of its records.
        len: u64,
        /// How long it may be.
        max: u64,
    },
    /// Block numbers have 32 bits, so an image ends at 8 TiB.
    #[error("the image takes {blocks} blocks of 2048 bytes; it may take at most {max}")]
    ImageTooLarge {
        /// How many blocks of 2048 bytes the image would take.
        blocks: u64,
        /// How many it may take.
        max: u64,
    },
    /// The time lies outside the years 1900 to 2155.
    #[error("the time {} lies outside the years 1900 to 2155", .0.0)]
    TimeOutOfRange(Timestamp),
    /// The volume label is longer than 32 UTF-16 units or holds a control character.
    #[error(
        "the volume label `{}` is longer than 32 characters or holds a control character",
        label.escape_debug()
    )]
    VolumeLabel {
        /// The label as given.
        label: String,
    },
    /// A boot image cannot be used.
    #[error("the boot image `{path}` {why}")]
    BootImage {
        /// Its path in the tree.
        path: String,
        /// What is wrong with it.
        why: BootImageProblem,
    },
    /// A hybrid image needs MBR code for its BIOS boot image or a UEFI boot image.
    #[error("a hybrid image needs MBR code with a BIOS boot image, or a UEFI boot image")]
    NothingToStart,
}

/// A name that a namespace of the image cannot hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NameProblem {
    /// The path of the file or directory.
    pub path: String,
    /// What is wrong with its name.
    pub why: NameLimit,
}

/// What a name breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NameLimit {
    /// In UDF's compressed Unicode the name takes more than 255 bytes: 254 characters of Latin-1,
    /// or 127 UTF-16 units if one of them is not of Latin-1.
    UdfTooLong {
        /// How many it takes.
        bytes: usize,
    },
}

impl fmt::Display for NameLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UdfTooLong { bytes } => {
                write!(f, "the name takes {bytes} bytes in UDF, which holds at most 255")
            }
        }
    }
}

impl fmt::Display for NameProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`: {}", self.path, self.why)
    }
}

/// A file that is longer than one UDF file entry can describe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileTooLong {
    /// Its path in the tree.
    pub path: String,
    /// Its length in bytes.
    pub len: u64,
    /// How long it may be.
    pub max: u64,
}

impl fmt::Display for FileTooLong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, len, max } = self;
        write!(f, "`{path}` is {len} bytes long; a UDF file entry describes at most {max}")
    }
}

/// What is wrong with a boot image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BootImageProblem {
    /// There is nothing at this path.
    Missing,
    /// It is a directory.
    Directory,
    /// It has fewer bytes than what is loaded of it or patched into it.
    TooShort {
        /// How many bytes it needs at least.
        min: u64,
    },
    /// It shall be patched, but its bytes are not at hand.
    NotInMemory,
}

impl fmt::Display for BootImageProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => write!(f, "is not in the tree"),
            Self::Directory => write!(f, "is a directory"),
            Self::TooShort { min } => write!(f, "is shorter than the {min} bytes that it needs"),
            Self::NotInMemory => write!(f, "shall be patched, but is not given as bytes"),
        }
    }
}

/// How many problems a message lists; the error holds all.
const SHOWN_MAX: usize = 10;

fn name_problems(problems: &[NameProblem]) -> String {
    listed("names cannot be stored", problems)
}

fn file_problems(problems: &[FileTooLong]) -> String {
    listed("files are too long", problems)
}

fn listed<T: fmt::Display>(what: &str, problems: &[T]) -> String {
    let mut text = format!("{} {what}", problems.len());
    for (index, problem) in problems.iter().take(SHOWN_MAX).enumerate() {
        let separator = if index == 0 { ": " } else { "; " };
        text.push_str(&format!("{separator}{problem}"));
    }
    if problems.len() > SHOWN_MAX {
        text.push_str("; …");
    }
    text
}
