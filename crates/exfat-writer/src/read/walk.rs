//! The walk through the directories of a volume.

use std::collections::HashSet;
use std::ops::ControlFlow;

use super::boot_sector::Geometry;
use super::clusters::{Allocation, Fat};
use super::directory::{EntrySet, Item, STRUCTURE, items, read_slots};
use super::limits::{MAX_DEPTH, MAX_ENTRIES};
use super::upcase::UpcaseTable;
use super::{Entry, EntryKind, ReadAt, ReadError};

/// Follows directories, none of them twice: what a sound volume holds is no more than its
/// clusters.
pub(super) struct Walk<'a> {
    image: &'a dyn ReadAt,
    geometry: Geometry,
    fat: Fat<'a>,
    seen: HashSet<u32>,
    entries_left: u64,
}

/// The root directory, whose length is that of its chain.
pub(crate) fn root(geometry: &Geometry) -> Allocation {
    Allocation { first_cluster: geometry.root_cluster, len: None, is_run: false }
}

impl<'a> Walk<'a> {
    pub(super) fn new(image: &'a dyn ReadAt, geometry: Geometry) -> Self {
        let fat = Fat::new(image, geometry);
        Self { image, geometry, fat, seen: HashSet::new(), entries_left: MAX_ENTRIES }
    }

    /// Visits every entry, directories before their children and the children of a directory in
    /// the order of the bytes of their names; `visit` ends the walk with `Break`.
    pub(super) fn run(
        mut self,
        visit: &mut dyn FnMut(&Entry) -> ControlFlow<()>,
    ) -> Result<(), ReadError> {
        let children = self.children(root(&self.geometry), self.geometry.volume)?;
        let mut stack = vec![(children.into_iter(), 0)];
        let mut path = String::new();
        while let Some((children, path_len)) = stack.last_mut() {
            path.truncate(*path_len);
            let Some((name, child)) = children.next() else {
                stack.pop();
                continue;
            };
            if !path.is_empty() {
                path.push('/');
            }
            path.push_str(&name);
            if visit(&self.entry(path.clone(), &child)?).is_break() {
                return Ok(());
            }
            if child.is_directory() {
                if stack.len() >= MAX_DEPTH {
                    return Err(ReadError::Limit {
                        structure: STRUCTURE,
                        offset: child.file.offset,
                        limit: MAX_DEPTH as u64,
                        what: "directories inside each other",
                    });
                }
                let children = self.children(child.stream.allocation(), child.file.offset)?;
                stack.push((children.into_iter(), path.len()));
            }
        }
        Ok(())
    }

    /// Follows `path` from the root, reading only the directories on the way.
    pub(super) fn find(mut self, path: &str, upcase: &UpcaseTable) -> Result<Entry, ReadError> {
        let missing = || ReadError::NotFound { path: path.to_owned() };
        let mut directory = Some((root(&self.geometry), self.geometry.volume));
        let mut found: Option<(String, EntrySet)> = None;
        for part in path.split('/') {
            let (allocation, offset) = directory.take().ok_or_else(missing)?;
            let folded = upcase.fold(&part.encode_utf16().collect::<Vec<_>>());
            let children = self.children(allocation, offset)?;
            let is_it = |(_, child): &(String, EntrySet)| upcase.fold(&child.units()) == folded;
            let (name, child) = children.into_iter().find(is_it).ok_or_else(missing)?;
            let below = (child.stream.allocation(), child.file.offset);
            directory = child.is_directory().then_some(below);
            let before = found.map_or(String::new(), |(path, _)| path + "/");
            found = Some((before + &name, child));
        }
        let (path, child) = found.ok_or_else(missing)?;
        self.entry(path, &child)
    }

    fn entry(&mut self, path: String, child: &EntrySet) -> Result<Entry, ReadError> {
        let is_directory = child.is_directory();
        if !is_directory && child.valid_len() != child.len() {
            let reason = format!("`{}`, of which a part was never written,", path.escape_debug());
            return Err(ReadError::unsupported(STRUCTURE, child.stream.offset, reason));
        }
        let len = if is_directory { 0 } else { child.len() };
        let allocation = Allocation { len: Some(len), ..child.stream.allocation() };
        Ok(Entry {
            path,
            kind: if is_directory { EntryKind::Directory } else { EntryKind::File },
            len,
            extents: self.fat.extents(allocation, len)?,
            record_offset: child.file.offset,
        })
    }

    /// The children of a directory with their names, sorted; `offset` is where it is named.
    fn children(
        &mut self,
        allocation: Allocation,
        offset: u64,
    ) -> Result<Vec<(String, EntrySet)>, ReadError> {
        if allocation.len != Some(0) && !self.seen.insert(allocation.first_cluster) {
            let reason = "it leads to a directory that was met before";
            return Err(ReadError::malformed(STRUCTURE, offset, reason));
        }
        let slots = read_slots(self.image, &self.geometry, &mut self.fat, allocation, offset)?;
        let mut children = Vec::new();
        for item in items(&slots) {
            match item {
                Item::Set(set) => children.push((set.name(), set)),
                Item::Broken(slot, reason) => {
                    return Err(ReadError::malformed(STRUCTURE, slot.offset, reason));
                }
                Item::Other(_) | Item::Unused(_) => {}
            }
        }
        match self.entries_left.checked_sub(children.len() as u64) {
            Some(left) => self.entries_left = left,
            None => {
                let (structure, limit) = (STRUCTURE, MAX_ENTRIES);
                return Err(ReadError::Limit { structure, offset, limit, what: "entries" });
            }
        }
        if let Some((name, child)) = children.iter().find(|(name, _)| !is_plain_name(name)) {
            let reason = format!("`{}` is not the name of a file", name.escape_debug());
            return Err(ReadError::malformed(STRUCTURE, child.file.offset, reason));
        }
        children.sort_by(|(a, _), (b, _)| a.cmp(b));
        Ok(children)
    }
}

/// Whether a name is one part of a path: whoever extracts files by their paths must not be led out
/// of the target.
fn is_plain_name(name: &str) -> bool {
    !matches!(name, "" | "." | "..") && !name.contains(['/', '\0'])
}
