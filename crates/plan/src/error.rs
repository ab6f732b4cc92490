use content::ContentId;
use image::ByteCount;
use thiserror::Error;

use crate::cut::CUT_ALIGNMENT;
use crate::pack::{MAX_DISCS, MAX_PARTS};

/// Why there is no plan.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SpanError<E: std::error::Error + 'static> {
    /// The index does not have a content that is needed.
    #[error("content `{id}` is needed, but the index does not have it")]
    UnknownContent {
        /// Which content.
        id: ContentId,
    },
    /// What a disc must hold beside content, such as the boot tree and the manifests, is too much.
    #[error("disc {disc} needs {bytes} bytes before any content, and holds only {capacity}")]
    NothingFits {
        /// Which disc.
        disc: u32,
        /// The size of its image without content.
        bytes: ByteCount,
        /// The size of the disc.
        capacity: ByteCount,
    },
    /// A disc has room for its own files, but not for the smallest piece of what comes next.
    #[error(
        "disc {disc} with nothing but the smallest piece of `{path}` in content `{content}` needs \
         {bytes} bytes, and holds only {capacity}"
    )]
    NoProgress {
        /// Which disc.
        disc: u32,
        /// Whose file.
        content: ContentId,
        /// The file's path below the content's root; empty for a content without files.
        path: String,
        /// The size of the disc's image with the smallest piece.
        bytes: ByteCount,
        /// The size of the disc.
        capacity: ByteCount,
    },
    /// A file must be cut, but the file system takes no file as long as the alignment of a cut.
    #[error(
        "`{path}` in content `{content}` must be cut at multiples of {CUT_ALIGNMENT} bytes, and \
         the file system holds no file over {max_file} bytes"
    )]
    MaxFileTooSmall {
        /// Whose file.
        content: ContentId,
        /// The file's path below the content's root.
        path: String,
        /// The largest file that the file system holds.
        max_file: ByteCount,
    },
    /// A file would be cut into more ranges than any real file.
    #[error(
        "`{path}` in content `{content}` has {size} bytes and would be cut into more than \
         {MAX_PARTS} parts"
    )]
    TooManyParts {
        /// Whose file.
        content: ContentId,
        /// The file's path below the content's root.
        path: String,
        /// Its size.
        size: ByteCount,
    },
    /// The set would be larger than any real one.
    #[error("the contents need more than {MAX_DISCS} discs")]
    TooManyDiscs,
    /// The sizes of the files add up to 2^63 bytes or more.
    #[error("the sizes of the contents add up to more than any medium holds")]
    TooManyBytes,
    /// The medium could not be measured.
    #[error("the medium cannot be measured")]
    Medium(#[source] E),
}
