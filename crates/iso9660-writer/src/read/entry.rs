use std::fmt;

use image::read::DataExtent;

/// One of the trees of names that an image can hold over the same data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Namespace {
    /// The plain ISO 9660 names.
    Iso9660,
    /// The UCS-2 names of the Joliet supplementary descriptor.
    Joliet,
    /// The POSIX names of Rock Ridge in the primary tree.
    RockRidge,
    /// The names of the UDF volume.
    Udf,
}

impl fmt::Display for Namespace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Iso9660 => "ISO 9660",
            Self::Joliet => "Joliet",
            Self::RockRidge => "Rock Ridge",
            Self::Udf => "UDF",
        })
    }
}

/// What an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EntryKind {
    /// A directory.
    Directory,
    /// A file, or anything else with data; a symbolic link reads as an empty file.
    File,
}

/// A file or directory of a tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The path from the root, with `/` between its parts; never empty.
    pub path: String,
    /// What it is.
    pub kind: EntryKind,
    /// The file's length in bytes; 0 for a directory.
    pub len: u64,
    /// Where the file's bytes lie, in their order; neighbouring runs are joined, their sum is
    /// `len`, and all lie inside the image. Empty for a directory.
    pub extents: Vec<DataExtent>,
    /// Where the entry's record starts, in bytes from the start of the image.
    pub record_offset: u64,
}

impl Entry {
    /// The name: the last part of the path.
    pub fn name(&self) -> &str {
        self.path.rsplit_once('/').map_or(&self.path, |(_, name)| name)
    }

    /// Whether the entry is a directory.
    pub fn is_directory(&self) -> bool {
        self.kind == EntryKind::Directory
    }
}

/// A whole tree in memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Volume {
    /// The volume's name as this namespace has it.
    pub label: String,
    /// Whose names these are.
    pub namespace: Namespace,
    /// Every entry but the root, a directory before its children, the children of a directory in
    /// the order of the bytes of their names.
    pub entries: Vec<Entry>,
}

impl Volume {
    /// The entry at `path`, if there is one.
    pub fn find(&self, path: &str) -> Option<&Entry> {
        let order = |entry: &Entry| entry.path.split('/').cmp(path.split('/'));
        let index = self.entries.binary_search_by(order).ok()?;
        Some(&self.entries[index])
    }
}

/// Appends a run to a file's extents and joins it with the last one where they touch.
pub(crate) fn push_extent(extents: &mut Vec<DataExtent>, offset: u64, len: u64) {
    if len == 0 {
        return;
    }
    match extents.last_mut() {
        Some(last) if last.offset + last.len == offset => last.len += len,
        _ => extents.push(DataExtent { offset, len }),
    }
}
