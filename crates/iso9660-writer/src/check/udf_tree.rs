use std::collections::{HashMap, VecDeque};

use super::space::Use;
use super::tree::{NodeIndex, ROOT, Tree};
use super::udf_file_entry::CheckedEntry;
use super::udf_volume::UdfVolume;
use super::{Checker, rules};
use crate::read::iso::SECTOR;
use crate::read::limits::MAX_DEPTH;
use crate::read::source::Window;
use crate::read::udf::volume::Partition;
use crate::read::walk::Guard;
use crate::read::{DataExtent, Namespace};

/// A directory that waits to be read.
pub(super) struct UdfDirectory {
    pub(super) node: NodeIndex,
    pub(super) block: u32,
    pub(super) parent_block: u32,
    pub(super) len: u64,
    pub(super) extents: Vec<DataExtent>,
    pub(super) depth: usize,
}

/// What is remembered of a file entry until all names are known.
pub(super) struct SeenEntry {
    pub(super) node: NodeIndex,
    offset: u64,
    unique_id: u64,
    link_count: u16,
    /// How many names lead to it.
    pub(super) names: u32,
    pub(super) is_directory: bool,
}

/// What a walk through the tree keeps.
pub(super) struct UdfWalk<'a, 'v> {
    pub(super) partition: &'v Partition,
    pub(super) tree: Tree,
    pub(super) guard: Guard,
    /// By block of the partition.
    by_block: HashMap<u32, u32>,
    seen: Vec<SeenEntry>,
    pub(super) queue: VecDeque<UdfDirectory>,
    pub(super) directories: Window<'a>,
    pub(super) entries: Window<'a>,
}

impl UdfWalk<'_, '_> {
    pub(super) fn seen(&mut self, block: u32) -> Option<&mut SeenEntry> {
        let &index = self.by_block.get(&block)?;
        self.seen.get_mut(index as usize)
    }

    pub(super) fn remember(&mut self, block: u32, node: NodeIndex, checked: &CheckedEntry) {
        self.by_block.insert(block, self.seen.len() as u32);
        self.seen.push(SeenEntry {
            node,
            offset: checked.offset,
            unique_id: checked.entry.unique_id,
            link_count: checked.entry.link_count,
            names: 1,
            is_directory: checked.entry.is_directory(),
        });
    }
}

impl<'a> Checker<'a> {
    /// Checks the file set, every directory and every file entry.
    pub(super) fn check_udf_tree(&mut self, volume: &UdfVolume) -> Option<Tree> {
        let root = self.check_file_set(volume)?;
        let partition = &volume.partition;
        let offset = partition.offset_of(root.block);
        let in_partition = partition.contains(root.block, SECTOR);
        let bytes = if in_partition { self.sector("UDF file entry", offset) } else { None };
        let Some(bytes) = bytes else {
            let message = format!("the root's block {} is outside the partition", root.block);
            self.report.add(rules::UDF_FILE_SET, offset, message);
            return None;
        };
        let checked = self.check_file_entry(partition, root.block, &bytes[..], &String::new)?;
        if !checked.entry.is_directory() {
            let message = "the root is no directory";
            self.report.add(rules::UDF_ICB_TYPE, offset, message);
            return None;
        }
        let mut walk = UdfWalk {
            partition,
            tree: Tree::new(Namespace::Udf, offset),
            guard: Guard::new("UDF directory", self.image),
            by_block: HashMap::new(),
            seen: Vec::new(),
            queue: VecDeque::new(),
            directories: Window::new(self.image),
            entries: Window::new(self.image),
        };
        walk.remember(root.block, ROOT, &checked);
        // No name leads to the root but those of the parent entries.
        walk.seen[0].names = 0;
        walk.queue.push_back(UdfDirectory {
            node: ROOT,
            block: root.block,
            parent_block: root.block,
            len: checked.entry.information_len,
            extents: checked.extents,
            depth: 1,
        });
        while let Some(directory) = walk.queue.pop_front() {
            self.enter_directory(&mut walk, directory);
        }
        self.check_links(&walk);
        self.check_unique_ids(&walk, volume);
        self.check_counts(&walk, volume);
        Some(walk.tree)
    }

    fn enter_directory(&mut self, walk: &mut UdfWalk<'a, '_>, directory: UdfDirectory) {
        let offset = walk.partition.offset_of(directory.block);
        let path = walk.tree.path(directory.node);
        if let Err(error) = walk.guard.enter(offset, directory.len, &path) {
            self.report.add_error(rules::UDF_TREE_LOOP, || path, &error);
            return;
        }
        if directory.depth > MAX_DEPTH {
            let message = format!("more than {MAX_DEPTH} directories inside each other");
            self.report.add_at(rules::UDF_FID, offset, || path, message);
            return;
        }
        for extent in &directory.extents {
            self.claim(Use::UdfDirectory, extent.offset, extent.len);
        }
        if let Err(error) = self.check_udf_directory(walk, &directory) {
            self.report.add_error(rules::UDF_FID, || path, &error);
        }
    }

    fn check_links(&mut self, walk: &UdfWalk<'_, '_>) {
        for entry in &walk.seen {
            if u32::from(entry.link_count) != entry.names {
                let path = || walk.tree.path(entry.node);
                let message = format!(
                    "link count {}, but {} names lead to it",
                    entry.link_count, entry.names
                );
                self.report.add_at(rules::UDF_LINK_COUNT, entry.offset + 48, path, message);
            }
        }
    }

    fn check_unique_ids(&mut self, walk: &UdfWalk<'_, '_>, volume: &UdfVolume) {
        let mut ids: Vec<(u64, usize)> =
            walk.seen.iter().enumerate().map(|(index, entry)| (entry.unique_id, index)).collect();
        ids.sort_unstable();
        let mut before = None;
        for (id, index) in ids {
            let entry = &walk.seen[index];
            let is_root = entry.node == ROOT;
            let wrong = if before == Some(id) {
                Some("which another entry has too")
            } else if is_root != (id == 0) {
                Some("where the root has 0 and all others 16 or more")
            } else if !is_root && id < 16 {
                Some("which is reserved")
            } else {
                None
            };
            if let Some(wrong) = wrong {
                let path = || walk.tree.path(entry.node);
                let message = format!("unique id {id}, {wrong}");
                self.report.add_at(rules::UDF_UNIQUE_ID, entry.offset + 160, path, message);
            }
            before = Some(id);
        }
        let Some(integrity) = &volume.integrity else { return };
        if before.is_some_and(|highest| integrity.next_unique_id <= highest)
            || integrity.next_unique_id < 16
        {
            let message = format!("the next unique id {} is in use", integrity.next_unique_id);
            self.report.add(rules::UDF_INTEGRITY_UNIQUE_ID, integrity.offset + 40, message);
        }
    }

    fn check_counts(&mut self, walk: &UdfWalk<'_, '_>, volume: &UdfVolume) {
        let Some(integrity) = &volume.integrity else { return };
        let directories = walk.seen.iter().filter(|entry| entry.is_directory).count() as u32;
        let files = walk.seen.len() as u32 - directories;
        if (integrity.files, integrity.directories) != (files, directories) {
            let message = format!(
                "{} files and {} directories, but the tree has {files} and {directories}",
                integrity.files, integrity.directories
            );
            self.report.add(rules::UDF_INTEGRITY_COUNTS, integrity.offset + 120, message);
        }
    }
}
