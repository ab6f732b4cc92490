//! Every directory and every file.

use super::{Checker, rules};
use crate::read::DataExtent;
use crate::read::clusters::Allocation;
use crate::read::directory::{EntrySet, Slot};
use crate::read::limits::{MAX_DEPTH, MAX_DIRECTORY_BYTES, MAX_ENTRIES};

/// A directory that was found, as a link to the one that holds it: paths are put together only for
/// faults.
struct Directory {
    name: Box<str>,
    parent: usize,
    depth: usize,
    allocation: Allocation,
    /// Where it is named.
    offset: u64,
}

/// The directories that were found, the root first.
struct Directories(Vec<Directory>);

impl Directories {
    /// The path of something in a directory.
    fn path(&self, directory: usize, name: &str) -> String {
        let mut parts = Vec::from_iter((!name.is_empty()).then_some(name));
        let mut at = directory;
        while at != 0 {
            parts.push(&self.0[at].name);
            at = self.0[at].parent;
        }
        parts.reverse();
        parts.join("/")
    }
}

impl Checker<'_> {
    /// Returns the entry of the bitmap and where that lies.
    pub(super) fn check_tree(&mut self) -> Option<(Slot, Vec<DataExtent>)> {
        let root = Directory {
            name: "".into(),
            parent: 0,
            depth: 0,
            allocation: Allocation {
                first_cluster: self.geometry.root_cluster,
                len: None,
                is_run: false,
            },
            offset: self.geometry.volume + 96,
        };
        let mut directories = Directories(vec![root]);
        let mut bitmap = None;
        let mut entries_left = MAX_ENTRIES;
        let mut next = 0;
        while next < directories.0.len() {
            let Directory { allocation, offset, .. } = directories.0[next];
            let path = || directories.path(next, "");
            let clusters = self.take(allocation, offset, &path);
            let (sets, others) = self.check_directory(&clusters, next == 0, offset, &path);
            if next == 0 {
                bitmap = self.check_volume_entries(&others);
            }
            match entries_left.checked_sub(sets.len() as u64) {
                Some(left) => entries_left = left,
                None => {
                    let message = format!("more than {MAX_ENTRIES} entries");
                    self.report.add(rules::ENTRY_COUNT, offset, message);
                    return bitmap;
                }
            }
            // The up-case table of the root is known by now.
            self.check_names(&sets, &path);
            for set in sets {
                self.check_child(&mut directories, next, &set);
            }
            next += 1;
        }
        bitmap
    }

    fn check_child(&mut self, directories: &mut Directories, parent: usize, set: &EntrySet) {
        let path = || directories.path(parent, &set.name());
        self.check_set(set, &path);
        if !set.is_directory() {
            self.check_file(set, &path);
            return;
        }
        let (offset, len) = (set.file.offset, set.len());
        let is_whole = len != 0 && len.is_multiple_of(self.geometry.cluster_size);
        if !is_whole || len > MAX_DIRECTORY_BYTES.max(self.geometry.cluster_size) {
            let message = format!("a directory of {len} bytes");
            self.report.add_at(rules::DIRECTORY_LENGTH, set.stream.offset + 24, path, message);
            if len > MAX_DIRECTORY_BYTES {
                return;
            }
        }
        let depth = directories.0[parent].depth + 1;
        if depth > MAX_DEPTH {
            let message = format!("more than {MAX_DEPTH} directories inside each other");
            self.report.add(rules::DIRECTORY_DEPTH, offset, message);
            return;
        }
        let allocation = set.stream.allocation();
        directories.0.push(Directory {
            name: set.name().into(),
            parent,
            depth,
            allocation,
            offset,
        });
    }

    fn check_file(&mut self, set: &EntrySet, path: &dyn Fn() -> String) {
        let offset = set.stream.offset;
        let clusters = self.take(set.stream.allocation(), offset + 20, path);
        let alignment = self.options.data_alignment.max(1);
        let start = clusters.first().map_or(0, |extent| extent.offset);
        if !start.is_multiple_of(alignment) {
            let message = format!("the data at byte {start} is at no multiple of {alignment}");
            self.report.add_at(rules::DATA_ALIGNMENT, offset, path, message);
        }
        let room: u64 = clusters.iter().map(|extent| extent.len).sum();
        if let Some(last) = clusters.last()
            && self.options.slack
            && room >= set.len()
            && room - set.len() < self.geometry.cluster_size
        {
            let end = last.offset + last.len;
            self.check_zero(rules::SLACK_NOT_ZERO, end - (room - set.len()), end, path);
        }
    }
}
