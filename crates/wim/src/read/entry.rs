use crate::Filetime;
use crate::format::{Sha1, attributes};

/// A file, directory or link of an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The path from the root, with `/` between its parts; empty for the root. A lone surrogate of
    /// a name is U+FFFD here.
    pub path: String,
    /// The attributes, as Windows counts them.
    pub attributes: u32,
    /// The number of its security descriptor in the image; None if it has none.
    pub security_id: Option<u32>,
    /// When it was created.
    pub created: Filetime,
    /// When it was last read.
    pub accessed: Filetime,
    /// When it was last written.
    pub written: Filetime,
    /// The digest of its bytes, by which a [`BlobIndex`](super::BlobIndex) finds them; None if it
    /// has none. Of a link, of what describes it.
    pub sha1: Option<Sha1>,
    /// Files with the same number other than 0 are one file with several names.
    pub link_group: u64,
    /// The tag of a reparse point, such as a symbolic link; None for what is none.
    pub reparse_tag: Option<u32>,
    /// The name of 8 and 3 characters beside the long one; empty if there is none.
    pub short_name: String,
    /// Further streams with names.
    pub streams: Vec<Stream>,
}

/// A stream with a name, beside the bytes of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stream {
    /// Its name.
    pub name: String,
    /// The digest of its bytes; None if it has none.
    pub sha1: Option<Sha1>,
}

impl Entry {
    /// Whether it is a directory, and no link to one.
    pub fn is_directory(&self) -> bool {
        self.attributes & attributes::DIRECTORY != 0 && self.reparse_tag.is_none()
    }

    /// Whether it is a file with bytes of its own: no directory and no link.
    pub fn is_file(&self) -> bool {
        self.attributes & attributes::DIRECTORY == 0 && self.reparse_tag.is_none()
    }
}
