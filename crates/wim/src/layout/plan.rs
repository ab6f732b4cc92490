//! Positions: of blobs, of metadata, and of every directory in it.

use std::collections::HashMap;
use std::hash::Hash;

use image::{ByteCount, ByteOffset, FileData, NodeId, NodeKind};

use super::names::sort_key;
use super::{ALIGNMENT, LayoutError, PlannedBlob, PlannedImage, WimOptions};
use crate::format::{
    BLOB_ENTRY_SIZE, DENTRY_ALIGNMENT, DENTRY_SIZE, HEADER_SIZE, ResourceHeader, name_space,
};
use crate::read::limits::MAX_METADATA_BYTES;

/// The bytes of security data without descriptors.
pub(super) const SECURITY_SIZE: u64 = 8;

/// The bytes of what ends the entries of a directory.
pub(super) const END_SIZE: u64 = 8;

/// What a node without blob has in place of a blob's number.
const NO_BLOB: u32 = u32::MAX;

/// The place of everything but the XML data.
#[derive(Clone, Debug)]
pub(super) struct Plan<B> {
    pub(super) options: WimOptions,
    pub(super) blobs: Vec<PlannedBlob<B>>,
    pub(super) images: Vec<ImagePlan<B>>,
    /// Where the blob table starts.
    pub(super) blob_table: u64,
}

/// An image and the place of its metadata.
#[derive(Clone, Debug)]
pub(super) struct ImagePlan<B> {
    pub(super) image: PlannedImage<B>,
    /// Where the metadata starts in the file, a multiple of 4096, and how long it is.
    pub(super) start: u64,
    pub(super) len: u64,
    /// By node: where the entries of a directory start in the metadata; 0 if there are none.
    pub(super) children: Vec<u64>,
    /// By node: the number of its blob.
    blobs: Vec<u32>,
    /// The bytes of all files.
    pub(super) total_bytes: u64,
}

#[derive(PartialEq, Eq, Hash)]
enum Key<'a, B> {
    Bytes(&'a [u8]),
    Blob(B, ByteOffset, ByteCount),
}

impl<B> ImagePlan<B> {
    pub(super) fn blob(&self, node: NodeId) -> Option<usize> {
        Some(self.blobs[node.index()]).filter(|&blob| blob != NO_BLOB).map(|blob| blob as usize)
    }

    /// The children of a directory in the order of their names' capitals; none for a file.
    pub(super) fn sorted_children(&self, node: NodeId) -> Vec<NodeId> {
        let tree = &self.image.tree;
        let NodeKind::Directory(entry) = &tree.node(node).kind else { return Vec::new() };
        let mut children: Vec<NodeId> = entry.children().collect();
        children.sort_by_cached_key(|&child| sort_key(&tree.node(child).name));
        children
    }
}

/// What the entry of a node with this name takes.
pub(super) fn dentry_len(name: &str) -> u64 {
    let names = name_space(name.encode_utf16().count() * 2);
    (DENTRY_SIZE + names).next_multiple_of(DENTRY_ALIGNMENT) as u64
}

impl<B: Copy + Eq + Hash> Plan<B> {
    pub(super) fn new(
        images: Vec<PlannedImage<B>>,
        options: WimOptions,
    ) -> Result<Self, LayoutError> {
        let (blobs, numbers, mut end) = place_blobs(&images)?;
        let mut plans = Vec::with_capacity(images.len());
        for ((number, image), blobs) in (1..).zip(images).zip(numbers) {
            let (children, len) = place_directories(&image);
            if len > MAX_METADATA_BYTES {
                let max = MAX_METADATA_BYTES;
                return Err(LayoutError::TreeTooLarge { image: number, len, max });
            }
            let start = end.next_multiple_of(ALIGNMENT);
            let total_bytes = image.tree.nodes().map(|(_, node)| file_len(&node.kind)).sum();
            plans.push(ImagePlan { image, start, len, children, blobs, total_bytes });
            end = start + len;
        }
        Ok(Self { options, blobs, images: plans, blob_table: end })
    }
}

impl<B> Plan<B> {
    /// Where the late tables start: with the metadata of the first image.
    pub(super) fn tables_start(&self) -> u64 {
        self.images[0].start
    }

    /// Where the late tables end: behind the blob table.
    pub(super) fn tables_end(&self) -> u64 {
        let entries = self.blobs.len() + self.images.len();
        self.blob_table + (entries * BLOB_ENTRY_SIZE) as u64
    }
}

fn file_len<B>(kind: &NodeKind<B>) -> u64 {
    match kind {
        NodeKind::File { data, .. } => data.len().0,
        NodeKind::Directory(_) => 0,
    }
}

/// Blobs, by image and node their numbers, and where the last blob ends.
type PlacedBlobs<B> = (Vec<PlannedBlob<B>>, Vec<Vec<u32>>, u64);

fn place_blobs<B: Copy + Eq + Hash>(
    images: &[PlannedImage<B>],
) -> Result<PlacedBlobs<B>, LayoutError> {
    let files = images.iter().enumerate().flat_map(|(image, planned)| {
        planned.tree.nodes().filter_map(move |(id, node)| match &node.kind {
            NodeKind::File { data, rank } if !data.is_empty() => Some((*rank, image, id, data)),
            _ => None,
        })
    });
    let mut files: Vec<_> = files.collect();
    files.sort_by_key(|&(rank, ..)| rank);

    // What 55 bits hold leaves room for all metadata below the 56 bits of a resource header.
    let max = ResourceHeader::STORED_MAX / 2;
    let mut numbers: Vec<Vec<u32>> =
        images.iter().map(|image| vec![NO_BLOB; image.tree.node_count()]).collect();
    let mut known: HashMap<Key<'_, B>, u32> = HashMap::with_capacity(files.len());
    let mut blobs: Vec<PlannedBlob<B>> = Vec::new();
    let mut end = HEADER_SIZE as u64;
    for (_, image, id, data) in files {
        let key = match data {
            FileData::Bytes(bytes) => Key::Bytes(bytes),
            FileData::Blob { blob, offset, len } => Key::Blob(*blob, *offset, *len),
        };
        let number = *known.entry(key).or_insert(blobs.len() as u32);
        numbers[image][id.index()] = number;
        if let Some(blob) = blobs.get_mut(number as usize) {
            blob.references += 1;
            continue;
        }
        let start = end.next_multiple_of(ALIGNMENT);
        end = start
            .checked_add(data.len().0)
            .filter(|&end| end <= max)
            .ok_or(LayoutError::TooLarge { max })?;
        blobs.push(PlannedBlob { data: data.clone(), start: ByteOffset(start), references: 1 });
    }
    Ok((blobs, numbers, end))
}

/// By node, where the entries of a directory start; and how long the metadata is.
fn place_directories<B>(image: &PlannedImage<B>) -> (Vec<u64>, u64) {
    let tree = &image.tree;
    let mut children = vec![0; tree.node_count()];
    let mut end = SECURITY_SIZE + dentry_len("") + END_SIZE;
    for (id, node) in tree.nodes() {
        let NodeKind::Directory(entry) = &node.kind else { continue };
        if entry.children().len() == 0 {
            continue;
        }
        children[id.index()] = end;
        let entries: u64 = entry.children().map(|child| dentry_len(&tree.node(child).name)).sum();
        end += entries + END_SIZE;
    }
    (children, end)
}
