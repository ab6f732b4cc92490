//! Where the data of files lies, and which files share theirs.

use std::collections::HashMap;
use std::hash::Hash;

use image::{ByteCount, ByteOffset, FileData, NodeId, NodeKind, ValidTree};

use super::DATA_ALIGNMENT;
use crate::format::BLOCK;

/// An extent of file data: that of `node`, from block `block` of the image on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DataExtent {
    pub(crate) node: NodeId,
    pub(crate) block: u64,
}

/// The placed data of a tree.
pub(crate) struct PlacedData {
    /// The first block of each file's data, by the file's number; 0 for empty files.
    pub(crate) blocks: Vec<u64>,
    /// The extents in the order of the image.
    pub(crate) extents: Vec<DataExtent>,
    /// The block behind the last extent.
    pub(crate) end: u64,
}

#[derive(PartialEq, Eq, Hash)]
enum Content<'a, B> {
    Bytes(&'a [u8]),
    Blob(B, ByteOffset, ByteCount),
}

/// Places the data of `files` from block `first` on: by rank, then in the order of the tree.
///
/// Files of equal content lie where the first of them lies; a file that `is_patched` shares with
/// none.
pub(crate) fn place<B: Copy + Eq + Hash>(
    tree: &ValidTree<B>,
    files: &[NodeId],
    is_patched: impl Fn(NodeId) -> bool,
    first: u64,
) -> PlacedData {
    let mut numbers: Vec<usize> = (0..files.len()).collect();
    numbers.sort_by_key(|&number| rank(tree, files[number]));

    let mut known: HashMap<Content<'_, B>, u64> = HashMap::with_capacity(files.len());
    let mut placed = PlacedData { blocks: vec![0; files.len()], extents: Vec::new(), end: first };
    for number in numbers {
        let node = files[number];
        let NodeKind::File { data, .. } = &tree.node(node).kind else { continue };
        if data.is_empty() {
            continue;
        }
        let content = match data {
            FileData::Bytes(bytes) => Content::Bytes(bytes),
            FileData::Blob { blob, offset, len } => Content::Blob(*blob, *offset, *len),
        };
        if !is_patched(node)
            && let Some(&block) = known.get(&content)
        {
            placed.blocks[number] = block;
            continue;
        }
        let block = placed.end.next_multiple_of(DATA_ALIGNMENT / BLOCK);
        placed.end = block + data.len().div_ceil(BLOCK);
        placed.blocks[number] = block;
        placed.extents.push(DataExtent { node, block });
        if !is_patched(node) {
            known.insert(content, block);
        }
    }
    placed
}

fn rank<B>(tree: &ValidTree<B>, node: NodeId) -> u32 {
    match tree.node(node).kind {
        NodeKind::File { rank, .. } => rank,
        NodeKind::Directory(_) => u32::MAX,
    }
}
