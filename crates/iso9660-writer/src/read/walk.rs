//! The walk through the directories of any tree.

use std::collections::HashSet;
use std::ops::ControlFlow;

use super::DataExtent;
use super::entry::{Entry, EntryKind};
use super::limits::{MAX_DEPTH, MAX_ENTRIES};
use super::{ReadAt, ReadError};

/// A child as a directory lists it.
pub(crate) struct Child<D> {
    pub(crate) name: String,
    /// The directory behind the entry, None for a file.
    pub(crate) directory: Option<D>,
    pub(crate) len: u64,
    pub(crate) extents: Vec<DataExtent>,
    pub(crate) record_offset: u64,
}

/// The directories of one tree.
pub(crate) trait Directories {
    /// What leads to a directory.
    type Directory;

    const STRUCTURE: &'static str;

    fn root(&self) -> Self::Directory;

    /// What makes a directory the same as another, for the search for loops.
    fn identity(&self, directory: &Self::Directory) -> u64;

    /// How many bytes of records the directory says it has.
    fn bytes(&self, directory: &Self::Directory) -> u64;

    fn children(
        &mut self,
        directory: &Self::Directory,
    ) -> Result<Vec<Child<Self::Directory>>, ReadError>;
}

/// Guards a walk against directories that are met twice, and against more work than the image is
/// long: directories of a sound image do not overlap, so their sum is below its length.
pub(crate) struct Guard {
    structure: &'static str,
    seen: HashSet<u64>,
    bytes_left: u64,
    entries_left: u64,
}

impl Guard {
    pub(crate) fn new(structure: &'static str, image: &dyn ReadAt) -> Self {
        Self { structure, seen: HashSet::new(), bytes_left: image.len(), entries_left: MAX_ENTRIES }
    }

    pub(crate) fn enter(&mut self, identity: u64, bytes: u64, path: &str) -> Result<(), ReadError> {
        let structure = self.structure;
        if !self.seen.insert(identity) {
            let reason = format!("`{path}` leads to a directory that was met before");
            return Err(ReadError::malformed(structure, identity, reason));
        }
        match self.bytes_left.checked_sub(bytes) {
            Some(left) => self.bytes_left = left,
            None => {
                let reason = "the directories are longer than the image";
                return Err(ReadError::malformed(structure, identity, reason));
            }
        }
        Ok(())
    }

    pub(crate) fn count(&mut self, entries: usize, offset: u64) -> Result<(), ReadError> {
        match self.entries_left.checked_sub(entries as u64) {
            Some(left) => self.entries_left = left,
            None => {
                let (structure, limit) = (self.structure, MAX_ENTRIES);
                return Err(ReadError::Limit { structure, offset, limit, what: "entries" });
            }
        }
        Ok(())
    }
}

/// Visits every entry of a tree, directories before their children and the children of a directory
/// in the order of the bytes of their names; `visit` ends the walk with `Break`.
pub(crate) fn walk<T: Directories>(
    tree: &mut T,
    image: &dyn ReadAt,
    visit: &mut dyn FnMut(&Entry) -> ControlFlow<()>,
) -> Result<(), ReadError> {
    let mut guard = Guard::new(T::STRUCTURE, image);
    let root = tree.root();
    let mut stack = vec![(sorted_children(tree, &root, &mut guard, "")?.into_iter(), 0)];
    let mut entry = Entry {
        path: String::new(),
        kind: EntryKind::File,
        len: 0,
        extents: Vec::new(),
        record_offset: 0,
    };
    while let Some((children, path_len)) = stack.last_mut() {
        entry.path.truncate(*path_len);
        let Some(child) = children.next() else {
            stack.pop();
            continue;
        };
        if !entry.path.is_empty() {
            entry.path.push('/');
        }
        entry.path.push_str(&child.name);
        entry.kind = if child.directory.is_some() { EntryKind::Directory } else { EntryKind::File };
        entry.len = child.len;
        entry.extents = child.extents;
        entry.record_offset = child.record_offset;
        if visit(&entry).is_break() {
            return Ok(());
        }
        if let Some(directory) = child.directory {
            if stack.len() >= MAX_DEPTH {
                return Err(ReadError::Limit {
                    structure: T::STRUCTURE,
                    offset: child.record_offset,
                    limit: MAX_DEPTH as u64,
                    what: "directories inside each other",
                });
            }
            let children = sorted_children(tree, &directory, &mut guard, &entry.path)?;
            stack.push((children.into_iter(), entry.path.len()));
        }
    }
    Ok(())
}

fn sorted_children<T: Directories>(
    tree: &mut T,
    directory: &T::Directory,
    guard: &mut Guard,
    path: &str,
) -> Result<Vec<Child<T::Directory>>, ReadError> {
    guard.enter(tree.identity(directory), tree.bytes(directory), path)?;
    let mut children = tree.children(directory)?;
    guard.count(children.len(), tree.identity(directory))?;
    children.sort_by(|a, b| a.name.cmp(&b.name));
    if let Some(child) = children.iter().find(|child| !is_plain_name(&child.name)) {
        let reason = format!("`{}` is not the name of a file", child.name.escape_debug());
        return Err(ReadError::malformed(T::STRUCTURE, child.record_offset, reason));
    }
    Ok(children)
}

/// Whether a name is one part of a path: whoever extracts files by their paths must not be led out
/// of the target.
fn is_plain_name(name: &str) -> bool {
    !matches!(name, "" | "." | "..") && !name.contains(['/', '\0'])
}

/// Follows `path` from the root, reading only the directories on the way.
pub(crate) fn find<T: Directories>(
    tree: &mut T,
    image: &dyn ReadAt,
    path: &str,
) -> Result<Entry, ReadError> {
    let missing = || ReadError::NotFound { path: path.to_owned() };
    let mut guard = Guard::new(T::STRUCTURE, image);
    let mut directory = Some(tree.root());
    let mut found = None;
    for part in path.split('/') {
        let inside = directory.take().ok_or_else(missing)?;
        let children = sorted_children(tree, &inside, &mut guard, path)?;
        let child = children.into_iter().find(|child| child.name == part).ok_or_else(missing)?;
        let kind = if child.directory.is_some() { EntryKind::Directory } else { EntryKind::File };
        directory = child.directory;
        found = Some(Entry {
            path: path.to_owned(),
            kind,
            len: child.len,
            extents: child.extents,
            record_offset: child.record_offset,
        });
    }
    found.ok_or_else(missing)
}
