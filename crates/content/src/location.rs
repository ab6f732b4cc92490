use std::path::PathBuf;

use crate::Digest;

/// Where the files of a content lie on the host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ContentLocation {
    /// A folder that holds the files under their own names, or a single file.
    Path(PathBuf),
    /// Files that lie elsewhere under other names, as in a content library.
    Files {
        /// Each file of the content.
        files: Vec<LocatedFile>,
        /// Directories that hold nothing, with `/` between the parts.
        empty_directories: Vec<String>,
    },
}

/// A file of a content library.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocatedFile {
    /// The path below the content's root, with `/` between its parts.
    pub path: String,
    /// The size that the library states, in bytes.
    pub size: u64,
    /// The digest that the library states; to be checked when the bytes are read.
    pub digest: Digest,
    /// The file of the host that holds the bytes.
    pub source: PathBuf,
}
