//! Bytes that can be made again wherever they are compared, and trees of them.

use std::collections::BTreeMap;
use std::sync::Arc;

use fat32_writer::{FatOptions, Timestamp};
use image::{ByteCount, FileData, FileTree, ValidTree};

/// Whose bytes a test's files hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Blob {
    /// Bytes without a pattern that a reader could mistake for other ones.
    Noise(u32),
    /// Zeros, but for the 8 bytes at every multiple of [`MARK_DISTANCE`], which hold their own
    /// offset plus one.
    Marked,
}

/// The distance of the marks of [`Blob::Marked`].
pub const MARK_DISTANCE: u64 = 1 << 20;

impl Blob {
    /// The bytes from `offset` on.
    pub fn bytes(self, offset: u64, len: usize) -> Vec<u8> {
        (offset..offset + len as u64).map(|position| self.byte(position)).collect()
    }

    fn byte(self, position: u64) -> u8 {
        match self {
            Self::Noise(seed) => {
                let mixed = (position ^ u64::from(seed) << 40).wrapping_mul(0x9E37_79B9_7F4A_7C15);
                (mixed >> 56) as u8
            }
            Self::Marked => {
                let (mark, index) = (position / MARK_DISTANCE, position % MARK_DISTANCE);
                let value = (mark * MARK_DISTANCE + 1).to_le_bytes();
                value.get(index as usize).copied().unwrap_or(0)
            }
        }
    }
}

/// Files with their bytes and directories without, by path.
pub type Listing = BTreeMap<String, Option<Vec<u8>>>;

/// Files by path, as a tree and as what readers shall find.
#[derive(Clone, Debug, Default)]
pub struct Files {
    files: BTreeMap<String, (FileData<Blob>, u32)>,
    directories: Vec<String>,
}

impl Files {
    pub fn noise(mut self, path: &str, seed: u32, len: u64) -> Self {
        self.add(path, FileData::blob(Blob::Noise(seed), ByteCount(len)), u32::MAX);
        self
    }

    pub fn text(mut self, path: &str, text: &str) -> Self {
        self.add(path, FileData::Bytes(text.as_bytes().into()), u32::MAX);
        self
    }

    pub fn bytes(mut self, path: &str, bytes: Vec<u8>) -> Self {
        self.add(path, FileData::Bytes(bytes.into()), u32::MAX);
        self
    }

    pub fn directory(mut self, path: &str) -> Self {
        self.directories.push(path.to_owned());
        self
    }

    pub fn add(&mut self, path: &str, data: FileData<Blob>, rank: u32) {
        self.files.insert(path.to_owned(), (data, rank));
    }

    pub fn tree(&self) -> Arc<ValidTree<Blob>> {
        self.tree_in_order(self.files.keys())
    }

    /// The same tree, made of the files in reverse order.
    pub fn reversed_tree(&self) -> Arc<ValidTree<Blob>> {
        self.tree_in_order(self.files.keys().rev())
    }

    fn tree_in_order<'a>(&self, paths: impl Iterator<Item = &'a String>) -> Arc<ValidTree<Blob>> {
        let mut tree = FileTree::new();
        for path in paths {
            let (data, rank) = &self.files[path];
            tree.add_file_ranked(path, data.clone(), *rank).unwrap();
        }
        for directory in &self.directories {
            tree.add_directory(directory).unwrap();
        }
        Arc::new(tree.validate().unwrap())
    }

    /// Every file's bytes by its path.
    pub fn contents(&self) -> BTreeMap<String, Vec<u8>> {
        let of = |data: &FileData<Blob>| match data {
            FileData::Bytes(bytes) => bytes.to_vec(),
            FileData::Blob { blob, offset, len } => blob.bytes(offset.0, len.0 as usize),
        };
        self.files.iter().map(|(path, (data, _))| (path.clone(), of(data))).collect()
    }

    /// What readers shall find: files with their bytes, directories without.
    pub fn listing(&self) -> Listing {
        let (tree, mut contents) = (self.tree(), self.contents());
        let nodes = tree.nodes().skip(1);
        nodes.map(|(id, _)| (tree.path(id), contents.remove(&tree.path(id)))).collect()
    }
}

/// Options as most tests use them.
pub fn options() -> FatOptions {
    FatOptions {
        volume_label: "TEST VOLUME".to_owned(),
        created: Timestamp(1_700_000_001),
        serial: 0x0123_CDEF,
        ..FatOptions::default()
    }
}
