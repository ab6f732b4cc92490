use image::{ByteCount, ByteOffset, DirectoryEntry, NodeId, NodeKind, ValidTree};

use super::geometry::{self, Geometry};
use super::len_of;
use crate::disk::Disk;
use crate::format::directory_entry::{ENTRY_LEN, ShortName};
use crate::format::fat::FIRST_CLUSTER;
use crate::format::time::DosTime;
use crate::format::{SECTOR, directory_entry};
use crate::names::{self, short_names};
use crate::{DIRECTORY_ENTRIES_MAX, FILE_LEN_MAX, FatOptions, LayoutError, Limit, Problem};

/// The place of everything in an image.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) options: FatOptions,
    pub(crate) created: DosTime,
    pub(crate) geometry: Geometry,
    pub(crate) disk: Disk,
    /// The directories in the order of their clusters, which is that of the tree.
    pub(crate) directories: Vec<NodeId>,
    /// The entries of each directory.
    pub(crate) entries: Vec<u32>,
    /// The files in the order of their clusters: by rank, then in the order of the tree.
    pub(crate) files: Vec<NodeId>,
    /// The short name of each node; the root's has no meaning.
    short_names: Vec<ShortName>,
    /// The first cluster of each node; 0 for empty files.
    first_clusters: Vec<u32>,
    /// The first clusters of everything that has clusters, in their order.
    pub(crate) starts: Vec<u32>,
    /// The cluster behind the last one in use.
    pub(crate) end: u32,
}

impl Plan {
    pub(crate) fn new<B>(tree: &ValidTree<B>, options: &FatOptions) -> Result<Self, LayoutError> {
        options.check()?;
        let created = DosTime::new(options.created)?;
        let counts = Counts::new(tree, options)?;
        let (geometry, disk) = geometry::choose(options, |size| counts.clusters(tree, size))?;
        let Counts { directories, entries, mut files } = counts;
        files.sort_by_key(|&file| rank(tree, file));
        let mut plan = Self {
            options: options.clone(),
            created,
            geometry,
            disk,
            directories,
            entries,
            files,
            short_names: Vec::with_capacity(tree.node_count()),
            first_clusters: vec![0; tree.node_count()],
            starts: Vec::with_capacity(tree.node_count()),
            end: FIRST_CLUSTER,
        };
        plan.name(tree);
        plan.place(tree);
        Ok(plan)
    }

    fn name<B>(&mut self, tree: &ValidTree<B>) {
        self.short_names.push([b' '; 11]);
        for &directory in &self.directories {
            // In breadth-first order the children of a directory follow those of the one before.
            short_names(tree, children_of(tree, directory), &mut self.short_names);
        }
    }

    fn place<B>(&mut self, tree: &ValidTree<B>) {
        for index in 0..self.directories.len() {
            let len = u64::from(self.entries[index]) * ENTRY_LEN as u64;
            self.take(self.directories[index], len.max(1));
        }
        for index in 0..self.files.len() {
            self.take(self.files[index], len_of(tree, self.files[index]).0);
        }
    }

    fn take(&mut self, node: NodeId, len: u64) {
        if len == 0 {
            return;
        }
        self.first_clusters[node.index()] = self.end;
        self.starts.push(self.end);
        // The geometry has room for all of them, and their numbers have 32 bits.
        self.end += len.div_ceil(self.geometry.cluster_size.into()) as u32;
    }

    pub(crate) fn len(&self) -> ByteCount {
        ByteCount(self.disk.sectors * SECTOR)
    }

    pub(crate) fn short_name(&self, node: NodeId) -> &ShortName {
        &self.short_names[node.index()]
    }

    /// The first cluster of a node; 0 for an empty file.
    pub(crate) fn first_cluster(&self, node: NodeId) -> u32 {
        self.first_clusters[node.index()]
    }

    /// The first cluster of a directory as its entries name it: 0 for the root (Microsoft FAT
    /// specification, section 6.5).
    pub(crate) fn directory_cluster(&self, directory: NodeId) -> u32 {
        if directory == NodeId::ROOT { 0 } else { self.first_cluster(directory) }
    }

    /// Where a sector of the volume lies in the image, in bytes.
    pub(crate) fn sector_offset(&self, sector: u64) -> u64 {
        (self.disk.start + sector) * SECTOR
    }

    /// Where a cluster lies in the image.
    pub(crate) fn cluster_offset(&self, cluster: u32) -> ByteOffset {
        ByteOffset(self.sector_offset(0) + self.geometry.cluster_start(cluster))
    }

    /// Where a node's data starts in the image; 0 for an empty file.
    pub(crate) fn offset(&self, node: NodeId) -> ByteOffset {
        match self.first_cluster(node) {
            0 => ByteOffset::ZERO,
            cluster => self.cluster_offset(cluster),
        }
    }

    pub(crate) fn free_clusters(&self) -> u32 {
        self.geometry.clusters - (self.end - FIRST_CLUSTER)
    }
}

/// What a tree holds, before anything has a place.
struct Counts {
    directories: Vec<NodeId>,
    entries: Vec<u32>,
    files: Vec<NodeId>,
}

impl Counts {
    /// Counts, or reports everything that FAT32 cannot hold.
    fn new<B>(tree: &ValidTree<B>, options: &FatOptions) -> Result<Self, LayoutError> {
        let mut counts = Self { directories: Vec::new(), entries: Vec::new(), files: Vec::new() };
        let mut problems = Vec::new();
        for (id, node) in tree.nodes() {
            let mut report = |why| problems.push(Problem { path: tree.path(id), why });
            if id != NodeId::ROOT
                && let Err(why) = names::check(&node.name)
            {
                report(Limit::Name(why));
            }
            match &node.kind {
                NodeKind::File { data, .. } => {
                    let (len, max) = (data.len().0, FILE_LEN_MAX.0);
                    if len > max {
                        report(Limit::FileTooLong { len, max });
                    }
                    counts.files.push(id);
                }
                NodeKind::Directory(directory) => {
                    let (entries, max) =
                        (entries(tree, id, directory, options), DIRECTORY_ENTRIES_MAX);
                    if entries > max {
                        report(Limit::DirectoryTooLarge { entries, max });
                    }
                    counts.directories.push(id);
                    counts.entries.push(entries as u32);
                }
            }
        }
        if problems.is_empty() { Ok(counts) } else { Err(LayoutError::Tree(problems)) }
    }

    /// How many clusters of this size everything takes.
    fn clusters<B>(&self, tree: &ValidTree<B>, cluster_size: u32) -> u64 {
        let cluster_size = u64::from(cluster_size);
        let entry_len = directory_entry::ENTRY_LEN as u64;
        let of_directory =
            |&entries: &u32| (u64::from(entries) * entry_len).div_ceil(cluster_size).max(1);
        let directories: u64 = self.entries.iter().map(of_directory).sum();
        let files: u64 =
            self.files.iter().map(|&file| len_of(tree, file).div_ceil(cluster_size)).sum();
        directories + files
    }
}

/// The entries of a directory: those of its children, its own and its parent's, and the label.
fn entries<B>(
    tree: &ValidTree<B>,
    node: NodeId,
    directory: &DirectoryEntry,
    options: &FatOptions,
) -> u64 {
    let children = directory.children().map(|child| names::entries(&tree.node(child).name));
    let others = match node {
        NodeId::ROOT => u64::from(!options.volume_label.is_empty()),
        _ => 2,
    };
    others + children.sum::<u64>()
}

/// The children of a node that is a directory.
pub(crate) fn children_of<B>(tree: &ValidTree<B>, directory: NodeId) -> &DirectoryEntry {
    match &tree.node(directory).kind {
        NodeKind::Directory(entry) => entry,
        NodeKind::File { .. } => unreachable!("because only directories are counted as such"),
    }
}

fn rank<B>(tree: &ValidTree<B>, node: NodeId) -> u32 {
    match tree.node(node).kind {
        NodeKind::File { rank, .. } => rank,
        NodeKind::Directory(_) => u32::MAX,
    }
}
