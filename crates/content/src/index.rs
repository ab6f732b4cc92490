use image::ByteCount;

use crate::{ContentId, Digest};

/// Every file of every content of a run: what it is called, how long it is, which bytes it holds.
///
/// Which file of the host holds a blob's bytes is known to whoever made the index.
///
/// Files with equal bytes have the same [`BlobId`], across all contents of all task sequences.
#[derive(Clone, Debug, Default)]
pub struct ContentIndex {
    /// The distinct file contents; [`BlobId`] is the position here.
    pub blobs: Vec<Blob>,
    /// The contents, sorted by id.
    pub contents: Vec<IndexedContent>,
}

/// The position of a [`Blob`] in its [`ContentIndex`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BlobId(pub u32);

/// The bytes of one or more files.
#[derive(Clone, Debug)]
pub struct Blob {
    /// How many.
    pub size: ByteCount,
    /// Their digest, if it is known before they are written.
    pub digest: Option<Digest>,
    /// Whether the bytes were read and found to have that digest, in this run or, the file being
    /// unchanged, in an earlier one. A content library only states its digests.
    pub digest_checked: bool,
}

/// The files of one content, sorted by path.
#[derive(Clone, Debug)]
pub struct IndexedContent {
    /// Whose files.
    pub id: ContentId,
    /// The files, sorted by the bytes of their paths.
    pub files: Vec<IndexedFile>,
    /// Directories that hold nothing, sorted.
    pub empty_directories: Vec<Box<str>>,
}

/// A file of a content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IndexedFile {
    /// The path below the content's root, with `/` between its parts.
    pub path: Box<str>,
    /// Its bytes.
    pub blob: BlobId,
}

impl ContentIndex {
    /// The blob with this id.
    pub fn blob(&self, id: BlobId) -> &Blob {
        &self.blobs[id.0 as usize]
    }

    /// The content with this id, if the run has it.
    pub fn content(&self, id: &ContentId) -> Option<&IndexedContent> {
        let index = self.contents.binary_search_by(|content| content.id.cmp(id)).ok()?;
        Some(&self.contents[index])
    }

    /// The size of a file.
    pub fn size(&self, file: &IndexedFile) -> ByteCount {
        self.blob(file.blob).size
    }

    /// The sum of the sizes of a content's files, duplicates counted as often as they occur.
    pub fn content_bytes(&self, content: &IndexedContent) -> ByteCount {
        content.files.iter().map(|file| self.size(file)).sum()
    }
}
