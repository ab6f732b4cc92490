//! Every directory and every file.

use super::chain::Chain;
use super::{Checker, rules};
use crate::read::boot_sector::BootSector;
use crate::read::bytes::all_zero;
use crate::read::directory::Named;
use crate::read::limits::{MAX_DEPTH, MAX_ENTRIES};

/// A directory that was found, as a link to the one that holds it: paths are put together only for
/// faults.
struct Directory {
    name: Box<str>,
    parent: usize,
    depth: usize,
    first_cluster: u32,
    /// The cluster that `..` shall name.
    parent_cluster: u32,
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
    pub(super) fn check_tree(&mut self, boot_sector: &BootSector) {
        let root = Directory {
            name: "".into(),
            parent: 0,
            depth: 0,
            first_cluster: self.geometry.root_cluster,
            parent_cluster: 0,
            offset: self.geometry.volume + 44,
        };
        let mut directories = Directories(vec![root]);
        let mut entries_left = MAX_ENTRIES;
        let mut next = 0;
        while next < directories.0.len() {
            let children = self.check_directory_at(&directories, next, boot_sector);
            match entries_left.checked_sub(children.len() as u64) {
                Some(left) => entries_left = left,
                None => {
                    let message = format!("more than {MAX_ENTRIES} entries");
                    self.report.add(rules::ENTRY_COUNT, directories.0[next].offset, message);
                    return;
                }
            }
            for child in children {
                self.check_child(&mut directories, next, &child);
            }
            next += 1;
        }
    }

    fn check_directory_at(
        &mut self,
        directories: &Directories,
        index: usize,
        boot_sector: &BootSector,
    ) -> Vec<Named> {
        let directory = &directories.0[index];
        let path = || directories.path(index, "");
        let chain = self.follow(directory.first_cluster, directory.offset, &path);
        self.check_contiguous(&chain, directory.offset, &path);
        let root = (index == 0).then_some(boot_sector);
        let own = (directory.first_cluster, directory.parent_cluster);
        self.check_directory(&chain, root, own, directory.offset, &path)
    }

    fn check_child(&mut self, directories: &mut Directories, parent: usize, child: &Named) {
        let slot = &child.slot;
        if !slot.is_directory() {
            let path = || directories.path(parent, &child.name());
            self.check_file(child, &path);
            return;
        }
        let depth = directories.0[parent].depth + 1;
        if slot.len() != 0 {
            let message = format!("a directory with a size of {}", slot.len());
            let path = || directories.path(parent, &child.name());
            self.report.add_at(rules::DIRECTORY_SIZE, slot.offset + 28, path, message);
        }
        if depth > MAX_DEPTH {
            let message = format!("more than {MAX_DEPTH} directories inside each other");
            self.report.add(rules::DIRECTORY_DEPTH, slot.offset, message);
            return;
        }
        let first = directories.0[parent].first_cluster;
        directories.0.push(Directory {
            name: child.name().into(),
            parent,
            depth,
            first_cluster: slot.first_cluster(),
            parent_cluster: if parent == 0 { 0 } else { first },
            offset: slot.offset,
        });
    }

    fn check_file(&mut self, file: &Named, path: &dyn Fn() -> String) {
        let (slot, len) = (&file.slot, u64::from(file.slot.len()));
        if slot.first_cluster() == 0 {
            if len != 0 {
                let message = format!("{len} bytes without a cluster");
                self.report.add_at(rules::CHAIN_SHORT, slot.offset + 28, path, message);
            }
            return;
        }
        let chain = self.follow(slot.first_cluster(), slot.offset, path);
        self.check_contiguous(&chain, slot.offset, path);
        let (count, needed) = (chain.count(), len.div_ceil(self.geometry.cluster_size));
        let is_short = count < needed || count == needed && !chain.is_whole;
        let rule = if is_short { rules::CHAIN_SHORT } else { rules::CHAIN_LONG };
        if is_short || count > needed {
            let end = if chain.is_whole { "" } else { " and no end" };
            let message = format!("{count} clusters{end} for {len} bytes");
            self.report.add_at(rule, slot.offset + 28, path, message);
        }
        self.check_place(&chain, slot.offset, path);
        if count == needed {
            self.check_slack(&chain, len, path);
        }
    }

    fn check_place(&mut self, chain: &Chain, offset: u64, path: &dyn Fn() -> String) {
        let alignment = self.options.data_alignment.max(1);
        let start = chain.runs.first().map_or(0, |run| self.geometry.cluster(run.first));
        if !start.is_multiple_of(alignment) {
            let message = format!("the data at byte {start} is at no multiple of {alignment}");
            self.report.add_at(rules::DATA_ALIGNMENT, offset, path, message);
        }
    }

    /// Checks the rest of a file's last cluster.
    fn check_slack(&mut self, chain: &Chain, len: u64, path: &dyn Fn() -> String) {
        let used = len % self.geometry.cluster_size;
        let Some(run) = chain.runs.last().filter(|_| self.options.slack && used != 0) else {
            return;
        };
        let start = self.geometry.cluster(run.first + run.count - 1) + used;
        let rest = (self.geometry.cluster_size - used) as usize;
        match self.window.get("slack of a file", start, rest) {
            Ok(bytes) if all_zero(bytes) => {}
            Ok(bytes) => {
                let at = bytes.iter().position(|&byte| byte != 0).unwrap_or_default();
                let message = "a byte behind the end of the file is not 0";
                self.report.add_at(rules::SLACK_NOT_ZERO, start + at as u64, path, message);
            }
            Err(error) => self.unreadable(&error.into()),
        }
    }
}
