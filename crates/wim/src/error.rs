use std::io;
use std::path::{Path, PathBuf};

use crate::read::ReadError;

/// Why a WIM could not be made, changed or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The host refused something.
    #[error("cannot {verb} `{}`", path.display())]
    Io {
        /// What was being done: `open`, `create`, ….
        verb: &'static str,
        /// To what.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A file cannot be read as a WIM: it is none, is damaged, or is cut off.
    #[error("cannot read `{}` as a WIM", path.display())]
    Read {
        /// Which file.
        path: PathBuf,
        /// What is wrong, and where.
        source: ReadError,
    },
    /// There is no such image.
    #[error("there is no image {index} in `{}`; {}", path.display(), crate::read::images(*.count))]
    NoSuchImage {
        /// Which WIM.
        path: PathBuf,
        /// The number that was asked for; the first image has 1.
        index: u32,
        /// How many images there are.
        count: u32,
    },
    /// A WIM with solid resources cannot be split; exported without them it can.
    #[error(
        "`{}` is solid and cannot be split; export its images to a WIM that is not first",
        path.display()
    )]
    Solid {
        /// Which WIM.
        path: PathBuf,
    },
    /// A split WIM has no one file that could be replaced; it can be written to another.
    #[error("`{}` is a part of a split WIM and cannot be changed", path.display())]
    Split {
        /// The first part.
        path: PathBuf,
    },
    /// A part would be too small for what cannot be divided.
    #[error(
        "`{}` cannot be split into parts of {part_bytes} bytes: its metadata or its largest file \
         needs {needed}",
        path.display()
    )]
    PartTooSmall {
        /// Which WIM.
        path: PathBuf,
        /// The least that a part may have, in bytes.
        needed: u64,
        /// What was asked for, in bytes.
        part_bytes: u64,
    },
    /// Parts of a split WIM were not given.
    #[error(
        "`{}` is one of {parts} parts, of which these are missing: {}",
        path.display(),
        missing.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
    )]
    PartsMissing {
        /// A part that was given.
        path: PathBuf,
        /// How many parts there are.
        parts: u16,
        /// The numbers of those that were not given.
        missing: Vec<u16>,
    },
    /// A file is no part of the split WIM that another belongs to, or the same part as another.
    #[error("`{}` and `{}` are not two parts of one WIM", path.display(), other.display())]
    OtherSet {
        /// The file.
        path: PathBuf,
        /// The part that it was compared with.
        other: PathBuf,
    },
    /// A WIM holds bytes that are not those it states, or contradicts itself.
    #[error("`{}` is damaged: {message} (wimlib error {code})", path.display())]
    Damaged {
        /// Which WIM.
        path: PathBuf,
        /// What libwim says of it.
        message: String,
        /// libwim's number for it.
        code: u32,
    },
    /// libwim could not do what it was asked for.
    #[error("cannot {doing} `{}`: {message} (wimlib error {code})", path.display())]
    Library {
        /// What was being done.
        doing: &'static str,
        /// To what: the file that was in the way if libwim named one, else the WIM.
        path: PathBuf,
        /// What libwim says.
        message: String,
        /// libwim's number for it.
        code: u32,
        /// What the host said, where it was the host.
        source: Option<io::Error>,
    },
    /// A path or text that libwim cannot take: it holds a zero byte, or a path is no UTF-8.
    #[error("`{text}` cannot be used: {reason}")]
    Text {
        /// The text, as far as it can be shown.
        text: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The caller stopped the run.
    #[error("interrupted")]
    Cancelled,
}

impl Error {
    pub(crate) fn io(verb: &'static str, path: &Path, source: io::Error) -> Self {
        Self::Io { verb, path: path.to_owned(), source }
    }
}
