use image::read::DataExtent;

/// What an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EntryKind {
    /// A directory.
    Directory,
    /// A file.
    File,
}

/// A file or directory of a volume.
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
    /// Where the File entry starts, in bytes from the start of the image.
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

/// What a volume says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VolumeInfo {
    /// Where it starts, in bytes from the start of the image.
    pub offset: u64,
    /// Its length in bytes, as its boot sector has it.
    pub len: u64,
    /// The label; empty without one.
    pub label: String,
    /// The serial number (VolumeSerialNumber).
    pub serial: u32,
    /// The bytes of a cluster.
    pub cluster_size: u64,
    /// How many clusters it has.
    pub clusters: u32,
}

/// A whole volume in memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Volume {
    /// What the volume says of itself.
    pub info: VolumeInfo,
    /// Every entry, a directory before its children, the children of a directory in the order of
    /// the bytes of their names.
    pub entries: Vec<Entry>,
}
