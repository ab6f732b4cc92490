//! Where everything of an image lies: tree → clusters.
//!
//! The order in an image: partition tables and boot code, boot sector with FSInfo and their
//! copies, both FATs, directories, file data, free space, backup GPT. Every directory and every
//! file is one run of clusters.

mod extents;
mod geometry;
mod plan;

use std::fmt::Debug;
use std::sync::Arc;

use image::{ByteCount, ByteOffset, Image, NodeId, NodeKind, ValidTree};

use crate::disk;
use crate::format::SECTOR;
use crate::format::fat::FIRST_CLUSTER;
use crate::{FatOptions, LayoutError};

pub(crate) use plan::{Plan, children_of};

/// The place of everything in an image, before any byte of it exists.
#[derive(Clone, Debug)]
pub struct Layout<B> {
    tree: Arc<ValidTree<B>>,
    plan: Arc<Plan>,
}

/// Where a file's data lies in an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileExtent {
    /// The file.
    pub node: NodeId,
    /// Where its data starts, a multiple of 4096; 0 for an empty file, which has no data.
    pub start: ByteOffset,
    /// How long it is.
    pub len: ByteCount,
}

/// The clusters behind the last file. Their bytes are zeros in the image, but a reader never looks
/// at them: whoever writes to a device may leave there what is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FreeSpace {
    /// Where it starts.
    pub start: ByteOffset,
    /// How long it is.
    pub len: ByteCount,
}

/// What is in an image, in numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LayoutSummary {
    /// The files.
    pub files: usize,
    /// The directories, the root included.
    pub directories: usize,
    /// The sum of the lengths of all files.
    pub data_bytes: ByteCount,
    /// Where the volume starts in the image.
    pub volume_start: ByteOffset,
    /// The volume's length.
    pub volume_len: ByteCount,
    /// The bytes of a cluster.
    pub cluster_size: u32,
    /// The clusters of the volume.
    pub clusters: u32,
    /// Those that nothing uses.
    pub free_clusters: u32,
}

/// Fixes where everything of an image lies.
///
/// The same tree and options give the same layout. Takes about half a microsecond a file on
/// current machines, a few where short names must be numbered, and holds about 30 bytes a node
/// besides the tree.
///
/// # Errors
///
/// Everything that FAT32 cannot hold comes together, each with its path, in
/// [`LayoutError::Tree`]; every other variant says what to change.
pub fn layout<B>(
    tree: impl Into<Arc<ValidTree<B>>>,
    options: &FatOptions,
) -> Result<Layout<B>, LayoutError> {
    let tree = tree.into();
    let plan = Arc::new(Plan::new(&tree, options)?);
    Ok(Layout { tree, plan })
}

/// The exact length of the image that [`layout`] would give, by the same code and at its cost.
///
/// # Errors
///
/// As [`layout`].
pub fn measure<B>(tree: &ValidTree<B>, options: &FatOptions) -> Result<ByteCount, LayoutError> {
    Ok(Plan::new(tree, options)?.len())
}

impl<B> Layout<B> {
    /// The image's length, a multiple of 512.
    pub fn len(&self) -> ByteCount {
        self.plan.len()
    }

    /// Never: an image has at least its boot sector.
    pub fn is_empty(&self) -> bool {
        false
    }

    /// The tree that was laid out.
    pub fn tree(&self) -> &Arc<ValidTree<B>> {
        &self.tree
    }

    /// The place of every file's data, in the order of the tree.
    pub fn file_extents(&self) -> impl Iterator<Item = FileExtent> {
        let files =
            self.tree.nodes().filter(|(_, node)| matches!(node.kind, NodeKind::File { .. }));
        files.map(|(node, _)| FileExtent {
            node,
            start: self.plan.offset(node),
            len: len_of(&self.tree, node),
        })
    }

    /// The clusters that nothing uses, which are the last ones; empty if there is none.
    pub fn free_space(&self) -> FreeSpace {
        let len = u64::from(self.plan.free_clusters()) * u64::from(self.plan.geometry.cluster_size);
        FreeSpace { start: self.plan.cluster_offset(self.plan.end), len: ByteCount(len) }
    }

    /// Where the second partition starts, a multiple of 1 MiB, if there is one.
    pub fn second_partition(&self) -> Option<ByteOffset> {
        let plan = &*self.plan;
        let start = disk::second_start(plan.disk, plan.geometry.sectors);
        plan.options.second_partition.as_ref().map(|_| ByteOffset(start * SECTOR))
    }

    /// The image in numbers.
    pub fn summary(&self) -> LayoutSummary {
        let plan = &*self.plan;
        LayoutSummary {
            files: plan.files.len(),
            directories: plan.directories.len(),
            data_bytes: plan.files.iter().map(|&file| len_of(&self.tree, file)).sum(),
            volume_start: ByteOffset(plan.disk.start * SECTOR),
            volume_len: ByteCount(u64::from(plan.geometry.sectors) * SECTOR),
            cluster_size: plan.geometry.cluster_size,
            clusters: plan.geometry.clusters,
            free_clusters: plan.free_clusters(),
        }
    }
}

impl<B> Layout<B>
where
    B: Copy + Debug + Send + Sync + 'static,
{
    /// Turns the layout into the list of the image's extents.
    pub fn into_image(self) -> Image<B> {
        extents::image(self.tree, self.plan)
    }
}

/// The length of a node's data; 0 for a directory.
pub(crate) fn len_of<B>(tree: &ValidTree<B>, node: NodeId) -> ByteCount {
    match &tree.node(node).kind {
        NodeKind::File { data, .. } => data.len(),
        NodeKind::Directory(_) => ByteCount::ZERO,
    }
}

/// The clusters that are in use.
pub(crate) fn used_clusters(plan: &Plan) -> u32 {
    plan.end - FIRST_CLUSTER
}
