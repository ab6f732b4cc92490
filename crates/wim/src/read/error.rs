use std::io;

use image::read::BytesError;

/// Why a WIM could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The bytes behind a structure cannot be read.
    #[error("{structure} at byte {offset} cannot be read")]
    Io {
        /// What was being read.
        structure: &'static str,
        /// Where it starts, in bytes from the start of the file.
        offset: u64,
        /// What the source of the bytes said.
        source: io::Error,
    },
    /// The file does not begin as a WIM does.
    #[error("is not a WIM: {reason}")]
    NotWim {
        /// What it lacks.
        reason: &'static str,
    },
    /// Whoever wrote the file has not finished.
    #[error("the WIM is being written, or whoever wrote it was interrupted")]
    Unfinished,
    /// A structure ends behind the end of the file.
    #[error("{structure} at byte {offset} has {len} bytes and ends behind the end of the file")]
    Truncated {
        /// What was being read.
        structure: &'static str,
        /// Where it starts, in bytes from the start of the file.
        offset: u64,
        /// How long it says it is, in bytes.
        len: u64,
    },
    /// A structure contradicts the format.
    #[error("{structure} at byte {offset}: {reason}")]
    Malformed {
        /// What was being read.
        structure: &'static str,
        /// Where it starts, in bytes from the start of the file.
        offset: u64,
        /// What is wrong with it.
        reason: String,
    },
    /// The directory tree of an image contradicts the format.
    #[error("the metadata of image {image}, byte {offset}: {reason}")]
    Metadata {
        /// The image's number, from 1 on.
        image: u32,
        /// Where the trouble is, in bytes from the start of the decompressed metadata.
        offset: u64,
        /// What is wrong with it.
        reason: String,
    },
    /// A structure is sound, but of a kind that this reader does not take.
    #[error("{structure} at byte {offset}: {reason}")]
    Unsupported {
        /// What was being read.
        structure: &'static str,
        /// Where it starts, in bytes from the start of the file.
        offset: u64,
        /// What it uses that is not supported.
        reason: String,
    },
    /// The file has more of something than this reader takes.
    #[error("{structure} at byte {offset}: more than {limit} {what}")]
    Limit {
        /// What was being read.
        structure: &'static str,
        /// Where it starts, in bytes from the start of the file.
        offset: u64,
        /// The bound.
        limit: u64,
        /// What is bounded.
        what: &'static str,
    },
    /// There is no such image.
    #[error("there is no image {index}; {}", images(*.count))]
    NoSuchImage {
        /// The number that was asked for; the first image has 1.
        index: u32,
        /// How many images there are.
        count: u32,
    },
    /// The file is a part of a split WIM that holds no directory trees; the first part does.
    #[error("part {part} of {parts} holds no directory trees, the first part does")]
    NotFirstPart {
        /// Which part it is.
        part: u16,
        /// How many there are.
        parts: u16,
    },
}

pub(crate) fn images(count: u32) -> String {
    match count {
        0 => "the WIM holds none".to_owned(),
        1 => "the WIM holds 1".to_owned(),
        _ => format!("the WIM holds 1 to {count}"),
    }
}

impl From<BytesError> for ReadError {
    fn from(error: BytesError) -> Self {
        match error {
            BytesError::Io { structure, offset, source } => Self::Io { structure, offset, source },
            BytesError::Truncated { structure, offset, len } => {
                Self::Truncated { structure, offset, len }
            }
        }
    }
}

impl ReadError {
    pub(crate) fn malformed(
        structure: &'static str,
        offset: u64,
        reason: impl Into<String>,
    ) -> Self {
        Self::Malformed { structure, offset, reason: reason.into() }
    }

    /// Where in the file the trouble is, in bytes, if it has a place there.
    pub fn offset(&self) -> Option<u64> {
        match self {
            Self::Io { offset, .. }
            | Self::Truncated { offset, .. }
            | Self::Malformed { offset, .. }
            | Self::Unsupported { offset, .. }
            | Self::Limit { offset, .. } => Some(*offset),
            _ => None,
        }
    }
}
