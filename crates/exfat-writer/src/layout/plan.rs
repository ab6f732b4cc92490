use image::{ByteCount, ByteOffset, DirectoryEntry, NodeId, NodeKind, ValidTree};

use super::geometry::{self, Geometry, bitmap_len};
use super::len_of;
use crate::format::directory_entry::ENTRY_LEN;
use crate::format::fat::FIRST_CLUSTER;
use crate::format::time::ExfatTime;
use crate::format::{SECTOR, upcase};
use crate::names;
use crate::{DIRECTORY_ENTRIES_MAX, ExfatOptions, LayoutError, Limit, Problem};

/// The place of everything in a volume.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) options: ExfatOptions,
    pub(crate) created: ExfatTime,
    pub(crate) geometry: Geometry,
    /// The directories in the order of their clusters, which is that of the tree; the root first.
    pub(crate) directories: Vec<NodeId>,
    /// The entries of each directory.
    pub(crate) entries: Vec<u32>,
    /// The files in the order of their clusters: by rank, then in the order of the tree.
    pub(crate) files: Vec<NodeId>,
    /// The first cluster of the up-case table, behind the bitmap at the first of all.
    pub(crate) upcase_table: u32,
    /// The first cluster of each node; 0 for empty files.
    first_clusters: Vec<u32>,
    /// The cluster behind the last one in use.
    pub(crate) end: u32,
}

impl Plan {
    pub(crate) fn new<B>(tree: &ValidTree<B>, options: &ExfatOptions) -> Result<Self, LayoutError> {
        options.check()?;
        let created = ExfatTime::new(options.created)?;
        let counts = Counts::new(tree, options)?;
        let geometry = geometry::choose(options, |size| counts.clusters(tree, size))?;
        let Counts { directories, entries, mut files } = counts;
        files.sort_by_key(|&file| rank(tree, file));
        let mut plan = Self {
            options: options.clone(),
            created,
            geometry,
            directories,
            entries,
            files,
            upcase_table: 0,
            first_clusters: vec![0; tree.node_count()],
            end: FIRST_CLUSTER,
        };
        plan.place(tree);
        Ok(plan)
    }

    fn place<B>(&mut self, tree: &ValidTree<B>) {
        self.take(bitmap_len(self.geometry.clusters));
        self.upcase_table = self.take(upcase::LEN);
        for index in 0..self.directories.len() {
            let directory = self.directories[index];
            self.first_clusters[directory.index()] = self.take(self.entries_len(index));
        }
        for index in 0..self.files.len() {
            let file = self.files[index];
            let len = len_of(tree, file).0;
            if len != 0 {
                self.first_clusters[file.index()] = self.take(len);
            }
        }
    }

    /// Takes the next clusters for so many bytes, at least one, and returns the first.
    fn take(&mut self, len: u64) -> u32 {
        let first = self.end;
        // The geometry has room for all of them, and their numbers have 32 bits.
        self.end += len.max(1).div_ceil(self.geometry.cluster_size.into()) as u32;
        first
    }

    pub(crate) fn len(&self) -> ByteCount {
        ByteCount(self.geometry.sectors * SECTOR)
    }

    /// The bytes of the entries of the directory with this number.
    pub(crate) fn entries_len(&self, number: usize) -> u64 {
        u64::from(self.entries[number]) * ENTRY_LEN as u64
    }

    /// The length of a directory: that of its clusters.
    pub(crate) fn directory_len(&self, directory: NodeId) -> u64 {
        // Directories are in the order of the tree, which is that of their ids.
        let number = self.directories.binary_search(&directory);
        let number = number.expect("because every directory of the tree is counted");
        self.entries_len(number).max(1).next_multiple_of(self.geometry.cluster_size.into())
    }

    /// The first cluster of a node; 0 for an empty file.
    pub(crate) fn first_cluster(&self, node: NodeId) -> u32 {
        self.first_clusters[node.index()]
    }

    /// Where a node's data starts in the volume; 0 for an empty file.
    pub(crate) fn offset(&self, node: NodeId) -> ByteOffset {
        match self.first_cluster(node) {
            0 => ByteOffset::ZERO,
            cluster => ByteOffset(self.geometry.cluster_start(cluster)),
        }
    }

    pub(crate) fn used_clusters(&self) -> u32 {
        self.end - FIRST_CLUSTER
    }

    pub(crate) fn free_clusters(&self) -> u32 {
        self.geometry.clusters - self.used_clusters()
    }

    /// Where each run of clusters starts that is a chain in the FAT, and where the last one ends:
    /// bitmap, up-case table and root directory (exFAT specification, sections 3.1.10, 7.1 and
    /// 7.2). All others are runs of which the FAT says nothing.
    pub(crate) fn chains(&self) -> [u32; 4] {
        let root = self.first_cluster(NodeId::ROOT);
        let clusters = self.entries_len(0).max(1).div_ceil(self.geometry.cluster_size.into());
        [FIRST_CLUSTER, self.upcase_table, root, root + clusters as u32]
    }
}

/// What a tree holds, before anything has a place.
struct Counts {
    directories: Vec<NodeId>,
    entries: Vec<u32>,
    files: Vec<NodeId>,
}

impl Counts {
    /// Counts, or reports everything that exFAT cannot hold.
    fn new<B>(tree: &ValidTree<B>, options: &ExfatOptions) -> Result<Self, LayoutError> {
        let mut counts = Self { directories: Vec::new(), entries: Vec::new(), files: Vec::new() };
        let mut problems = Vec::new();
        for (id, node) in tree.nodes() {
            let mut report = |why| problems.push(Problem { path: tree.path(id), why });
            if id != NodeId::ROOT
                && let Err(why) = names::check(&node.name)
            {
                report(Limit::Name(why));
            }
            let NodeKind::Directory(directory) = &node.kind else {
                counts.files.push(id);
                continue;
            };
            let (entries, max) = (entries(tree, id, directory, options), DIRECTORY_ENTRIES_MAX);
            if entries > max {
                report(Limit::DirectoryTooLarge { entries, max });
            }
            counts.directories.push(id);
            counts.entries.push(entries as u32);
        }
        if problems.is_empty() { Ok(counts) } else { Err(LayoutError::Tree(problems)) }
    }

    /// How many clusters of this size everything takes.
    fn clusters<B>(&self, tree: &ValidTree<B>, cluster_size: u32) -> u64 {
        let size = u64::from(cluster_size);
        let of_directory =
            |&entries: &u32| (u64::from(entries) * ENTRY_LEN as u64).div_ceil(size).max(1);
        let of_file = |&file: &NodeId| len_of(tree, file).div_ceil(size);
        let directories = self.entries.iter().map(of_directory);
        // Files of a planned tree may be longer in sum than 64 bits can say.
        directories.chain(self.files.iter().map(of_file)).fold(0, u64::saturating_add)
    }
}

/// The entries of a directory: those of its children and, in the root, those of the volume.
fn entries<B>(
    tree: &ValidTree<B>,
    node: NodeId,
    directory: &DirectoryEntry,
    options: &ExfatOptions,
) -> u64 {
    let children = directory.children().map(|child| names::entries(&tree.node(child).name));
    let of_volume = match node {
        NodeId::ROOT => 2 + u64::from(!options.volume_label.is_empty()),
        _ => 0,
    };
    of_volume + children.sum::<u64>()
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
