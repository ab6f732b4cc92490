use std::path::PathBuf;

use image::ByteCount;

use crate::{Algorithm, Filetime, Guid};

/// How file data is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Compression {
    /// The algorithm.
    pub algorithm: Algorithm,
    /// How hard it tries, from 1 on; None is libwim's default, 50. About 20 is fast, 100 slow.
    pub level: Option<u32>,
    /// How many bytes are compressed at once; None is libwim's default: 32 KiB for XPRESS and LZX,
    /// 128 KiB for LZMS, 64 MiB in solid resources. Software of Microsoft reads no other than the
    /// defaults.
    pub chunk: Option<ByteCount>,
    /// Whether blobs are compressed together, which is smaller, slow, and cannot be split.
    pub solid: bool,
}

impl Compression {
    /// An algorithm at its defaults.
    pub fn new(algorithm: Algorithm) -> Self {
        Self { algorithm, level: None, chunk: None, solid: false }
    }

    /// LZMS in solid resources, as in an `.esd`.
    pub fn solid() -> Self {
        Self { solid: true, ..Self::new(Algorithm::Lzms) }
    }
}

/// What is fixed so that the same input gives the same bytes.
///
/// Without it libwim draws a random GUID and writes the present time. With it, in images that were
/// captured or changed:
///
/// - times later than `time`, or later than the beginning of the run, become `time`: among them
///   those of directories that are in no source;
/// - the time of the last access becomes that of the last change;
/// - a file of a captured image is not called sparse, which depends on its file system;
/// - groups of hard links are numbered in the order of the tree.
///
/// Images that were exported or not changed keep their metadata and times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fixed {
    /// The GUID of the WIM.
    pub guid: Guid,
    /// When its images were made and last changed.
    pub time: Filetime,
}

/// How a WIM is written.
#[derive(Clone, Copy, Debug)]
pub struct WriteOptions {
    /// How file data is compressed. Resources of a WIM that have the same algorithm and chunks are
    /// copied as they are.
    pub compression: Compression,
    /// Whether resources that could be copied as they are are compressed anew all the same.
    pub recompress: bool,
    /// How many threads compress; 0 is one a processor.
    pub threads: u32,
    /// Whether there is a table of SHA-1 digests, one for 10 MiB of the file.
    pub integrity: bool,
    /// What is fixed; None lets GUID and times be those of the moment.
    pub fixed: Option<Fixed>,
    /// Whether the file is on its medium when the call returns, even if power fails then.
    pub sync: bool,
}

impl WriteOptions {
    /// Compressed like this, by all processors, without an integrity table, with nothing fixed,
    /// and synced.
    pub fn new(compression: Compression) -> Self {
        Self {
            compression,
            recompress: false,
            threads: 0,
            integrity: false,
            fixed: None,
            sync: true,
        }
    }
}

/// A file or folder of the host that goes into an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaptureSource {
    /// The file or folder.
    pub source: PathBuf,
    /// Where it goes, with `/` between the parts; empty for a folder whose entries lie in the root.
    /// Directories on the way are made as needed.
    pub target: String,
}

/// How sources are captured and images applied.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct UnixOptions {
    /// Whether owners, modes and extended attributes of Unix are stored or restored. Windows does
    /// not see them.
    pub metadata: bool,
    /// Whether what a symbolic link points to is captured in its place.
    pub follow_links: bool,
}

/// A change of an image. Names are found whatever their case, as Windows finds them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Adds a file or folder; files that are there are replaced, folders are merged.
    Add(CaptureSource),
    /// Removes a file, or a directory with all that is in it.
    Delete {
        /// Its path, with `/` between the parts.
        path: String,
        /// Whether it may be missing.
        may_be_missing: bool,
    },
    /// Gives a file or directory another path.
    Rename {
        /// Its path.
        from: String,
        /// Its new path.
        to: String,
    },
}
