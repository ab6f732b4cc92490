//! The walk through the directories of a volume.

use std::collections::HashSet;
use std::ops::ControlFlow;

use super::boot_sector::Geometry;
use super::directory::{self, STRUCTURE};
use super::fat::Fat;
use super::limits::{MAX_DEPTH, MAX_ENTRIES};
use super::{Entry, EntryKind, ReadAt, ReadError};

/// A child as a directory lists it.
struct Child {
    name: String,
    short_name: String,
    is_directory: bool,
    first_cluster: u32,
    len: u64,
    record_offset: u64,
}

/// Follows directories, none of them twice: what a sound volume holds is no more than its
/// clusters, and the FAT gives out no more.
pub(super) struct Walk<'a> {
    image: &'a dyn ReadAt,
    geometry: Geometry,
    fat: Fat<'a>,
    seen: HashSet<u32>,
    entries_left: u64,
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
        let root = self.geometry.root_cluster;
        let mut stack = vec![(self.children(root, self.geometry.volume)?.into_iter(), 0)];
        let mut path = String::new();
        while let Some((children, path_len)) = stack.last_mut() {
            path.truncate(*path_len);
            let Some(child) = children.next() else {
                stack.pop();
                continue;
            };
            if !path.is_empty() {
                path.push('/');
            }
            path.push_str(&child.name);
            if visit(&self.entry(path.clone(), &child)?).is_break() {
                return Ok(());
            }
            if child.is_directory {
                if stack.len() >= MAX_DEPTH {
                    return Err(ReadError::Limit {
                        structure: STRUCTURE,
                        offset: child.record_offset,
                        limit: MAX_DEPTH as u64,
                        what: "directories inside each other",
                    });
                }
                let children = self.children(child.first_cluster, child.record_offset)?;
                stack.push((children.into_iter(), path.len()));
            }
        }
        Ok(())
    }

    /// Follows `path` from the root, reading only the directories on the way.
    pub(super) fn find(mut self, path: &str) -> Result<Entry, ReadError> {
        let missing = || ReadError::NotFound { path: path.to_owned() };
        let mut directory = Some((self.geometry.root_cluster, self.geometry.volume));
        let mut found: Option<(String, Child)> = None;
        for part in path.split('/') {
            let (cluster, offset) = directory.take().ok_or_else(missing)?;
            let folded = part.to_uppercase();
            let is_it = |child: &Child| {
                child.name.to_uppercase() == folded || child.short_name.to_uppercase() == folded
            };
            let children = self.children(cluster, offset)?;
            let child = children.into_iter().find(is_it).ok_or_else(missing)?;
            directory = child.is_directory.then_some((child.first_cluster, child.record_offset));
            let before = found.map_or(String::new(), |(path, _)| path + "/");
            found = Some((before + &child.name, child));
        }
        let (path, child) = found.ok_or_else(missing)?;
        self.entry(path, &child)
    }

    fn entry(&mut self, path: String, child: &Child) -> Result<Entry, ReadError> {
        let extents = if child.is_directory {
            Vec::new()
        } else {
            self.fat.extents(child.first_cluster, child.len)?
        };
        Ok(Entry {
            path,
            short_name: child.short_name.clone(),
            kind: if child.is_directory { EntryKind::Directory } else { EntryKind::File },
            len: child.len,
            extents,
            record_offset: child.record_offset,
        })
    }

    /// The children of a directory, sorted; `offset` is where it is named.
    fn children(&mut self, first_cluster: u32, offset: u64) -> Result<Vec<Child>, ReadError> {
        if !self.seen.insert(first_cluster) {
            let reason = "it leads to a directory that was met before";
            return Err(ReadError::malformed(STRUCTURE, offset, reason));
        }
        let slots =
            directory::read_slots(self.image, &self.geometry, &mut self.fat, first_cluster)?;
        let mut children: Vec<Child> = directory::named(&slots, &mut |_, _| ())
            .into_iter()
            .filter(|named| !named.slot.is_label() && !named.slot.is_dot())
            .map(|named| Child {
                name: named.name(),
                short_name: named.slot.shown_name(),
                is_directory: named.slot.is_directory(),
                first_cluster: named.slot.first_cluster(),
                len: if named.slot.is_directory() { 0 } else { named.slot.len().into() },
                record_offset: named.slot.offset,
            })
            .collect();
        match self.entries_left.checked_sub(children.len() as u64) {
            Some(left) => self.entries_left = left,
            None => {
                let (structure, limit) = (STRUCTURE, MAX_ENTRIES);
                return Err(ReadError::Limit { structure, offset, limit, what: "entries" });
            }
        }
        if let Some(child) = children.iter().find(|child| !is_plain_name(&child.name)) {
            let reason = format!("`{}` is not the name of a file", child.name.escape_debug());
            return Err(ReadError::malformed(STRUCTURE, child.record_offset, reason));
        }
        children.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(children)
    }
}

/// Whether a name is one part of a path: whoever extracts files by their paths must not be led out
/// of the target.
fn is_plain_name(name: &str) -> bool {
    !matches!(name, "" | "." | "..") && !name.contains(['/', '\0'])
}
