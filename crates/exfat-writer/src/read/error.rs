use std::io;

use image::read::BytesError;

/// Why a volume could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The bytes behind a structure cannot be read.
    #[error("{structure} at byte {offset} cannot be read")]
    Io {
        /// What was being read.
        structure: &'static str,
        /// Where it starts, in bytes from the start of the image.
        offset: u64,
        /// What the source of the image said.
        source: io::Error,
    },
    /// A structure ends behind the end of the image.
    #[error("{structure} at byte {offset} has {len} bytes and ends behind the end of the image")]
    Truncated {
        /// What was being read.
        structure: &'static str,
        /// Where it starts, in bytes from the start of the image.
        offset: u64,
        /// How long it says it is.
        len: u64,
    },
    /// A structure contradicts its standard.
    #[error("{structure} at byte {offset}: {reason}")]
    Malformed {
        /// What was being read.
        structure: &'static str,
        /// Where it starts, in bytes from the start of the image.
        offset: u64,
        /// What is wrong with it.
        reason: String,
    },
    /// A structure is sound, but of a kind that this reader does not take.
    #[error("{structure} at byte {offset}: {reason} is not supported")]
    Unsupported {
        /// What was being read.
        structure: &'static str,
        /// Where it starts, in bytes from the start of the image.
        offset: u64,
        /// What it uses.
        reason: String,
    },
    /// The volume has more of something than this reader takes.
    #[error("{structure} at byte {offset}: more than {limit} {what}")]
    Limit {
        /// What was being read.
        structure: &'static str,
        /// Where it starts, in bytes from the start of the image.
        offset: u64,
        /// How many it takes.
        limit: u64,
        /// What is bounded.
        what: &'static str,
    },
    /// The image holds no exFAT volume.
    #[error("the image holds no exFAT volume, neither by itself nor in a partition")]
    NoVolume,
    /// The volume has no such file or directory.
    #[error("`{path}` is not in the volume")]
    NotFound {
        /// The path that was asked for.
        path: String,
    },
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

    pub(crate) fn unsupported(
        structure: &'static str,
        offset: u64,
        reason: impl Into<String>,
    ) -> Self {
        Self::Unsupported { structure, offset, reason: reason.into() }
    }

    /// Where in the image the trouble is, if it has a place.
    pub fn offset(&self) -> Option<u64> {
        match self {
            Self::Io { offset, .. }
            | Self::Truncated { offset, .. }
            | Self::Malformed { offset, .. }
            | Self::Unsupported { offset, .. }
            | Self::Limit { offset, .. } => Some(*offset),
            Self::NoVolume | Self::NotFound { .. } => None,
        }
    }
}
