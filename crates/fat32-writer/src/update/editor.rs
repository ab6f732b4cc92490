//! A volume whose directories are changed in memory.

use std::collections::HashMap;

use super::chains::chain;
use super::directory::Directory;
use super::fat::{self, FatEdit};
use super::free_space::{FreeSpace, Run};
use super::record::{self, BootRecord};
use super::{Change, UpdateError, Write};
use crate::Timestamp;
use crate::format::directory_entry::Attributes;
use crate::format::time::DosTime;
use crate::names::label_field;
use crate::read::boot_sector::{self, BootSector, FIRST_CLUSTER, Geometry};
use crate::read::{DataExtent, ReadAt, ReadError};

/// What became of a path that was to be removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Removed {
    /// It is gone.
    Yes,
    /// There was nothing.
    NotThere,
    /// It is a directory with something in it, and stays.
    NotEmpty,
}

/// A FAT32 volume and what becomes of it.
///
/// A change is to add or to remove, not both; clusters that one change frees are given out from the
/// next one on.
pub struct Editor<'a> {
    pub(super) image: &'a dyn ReadAt,
    pub(super) geometry: Geometry,
    pub(super) boot_sector: BootSector,
    pub(super) free: FreeSpace,
    time: DosTime,
    /// By their paths in upper case; the root's is empty.
    directories: HashMap<String, Directory>,
    /// The chains of files that were added, which the volume does not know yet.
    added: HashMap<u32, Vec<Run>>,
    chains: Vec<FatEdit>,
    freed: Vec<Run>,
    has_removed: bool,
    /// Clusters that were wanted so far, and those of them that there were not.
    wanted: u64,
    missing: u64,
}

impl<'a> Editor<'a> {
    /// Reads the volume of an image: the image itself, else the first partition that holds one.
    ///
    /// What is added bears the time `created`. The volume must be sound, as
    /// [`check`](crate::check::check) finds it with `own_layout` off.
    pub fn open(image: &'a dyn ReadAt, created: Timestamp) -> Result<Self, UpdateError> {
        /// The bit of BPB_ExtFlags for FATs that are not kept alike.
        const ONE_ACTIVE_FAT: u16 = 0x80;
        let (offset, boot_sector, _) = boot_sector::find(image)?;
        let geometry = boot_sector.geometry(offset, image.len())?;
        if boot_sector.flags & ONE_ACTIVE_FAT != 0 {
            return Err(UpdateError::OneActiveFat);
        }
        let mut free = FreeSpace::default();
        fat::free_runs(image, &geometry, &mut |run| free.give(run))?;
        Ok(Self {
            image,
            geometry,
            boot_sector,
            free,
            time: DosTime::new(created)?,
            directories: HashMap::new(),
            added: HashMap::new(),
            chains: Vec::new(),
            freed: Vec::new(),
            has_removed: false,
            wanted: 0,
            missing: 0,
        })
    }

    /// The bytes of a cluster.
    pub fn cluster_size(&self) -> u64 {
        self.geometry.cluster_size
    }

    /// How many clusters are free at present.
    pub fn free_clusters(&self) -> u64 {
        self.free.count()
    }

    /// How many clusters were wanted so far, by files, directories and what these grew.
    pub fn wanted_clusters(&self) -> u64 {
        self.wanted
    }

    /// How many of them there were not. If any, the changes are good for nothing but the numbers.
    pub fn missing_clusters(&self) -> u64 {
        self.missing
    }

    /// Removes a file, or a directory if nothing is in it. Case does not matter.
    pub fn remove(&mut self, path: &str) -> Result<Removed, UpdateError> {
        let (parent, name) = split(path);
        if !self.load(parent)? {
            return Ok(Removed::NotThere);
        }
        let Some(child) = self.directory(parent).child(name).cloned() else {
            return Ok(Removed::NotThere);
        };
        if child.is_directory {
            self.load(path)?;
            if !self.directory(path).is_empty() {
                return Ok(Removed::NotEmpty);
            }
            self.directories.remove(&path.to_uppercase());
        }
        self.directory(parent).remove(name);
        self.has_removed = true;
        let runs = match self.added.remove(&child.first_cluster) {
            Some(runs) => runs,
            None => chain(self.image, &self.geometry, child.first_cluster)?,
        };
        self.freed.extend(runs);
        Ok(Removed::Yes)
    }

    /// Makes sure that there is a directory, and those above it.
    pub fn add_directory(&mut self, path: &str) -> Result<(), UpdateError> {
        if self.load(path)? {
            return Ok(());
        }
        let (parent, name) = split(path);
        self.add_directory(parent)?;
        if self.directory(parent).child(name).is_some() {
            return Err(UpdateError::NotADirectory { path: path.to_owned() });
        }
        let own = self.take(1).first().map_or(FIRST_CLUSTER, |run| run.first);
        let parent_cluster = match parent {
            "" => 0,
            _ => self.directory(parent).clusters.first().copied().unwrap_or_default(),
        };
        let directory = Directory::new(&self.geometry, own, parent_cluster, self.time);
        self.insert(parent, name, Attributes::Directory, (own, 0))?;
        self.directories.insert(path.to_uppercase(), directory);
        Ok(())
    }

    /// Adds a file of `len` bytes where none is, and returns where its bytes lie: whole clusters,
    /// of which the last one is to be filled up with zeros.
    pub fn add_file(&mut self, path: &str, len: u32) -> Result<Vec<DataExtent>, UpdateError> {
        let (parent, name) = split(path);
        self.add_directory(parent)?;
        let runs = self.take(u64::from(len).div_ceil(self.geometry.cluster_size));
        let first = runs.first().map_or(0, |run| run.first);
        self.insert(parent, name, Attributes::Archive, (first, len))?;
        self.chains.extend(FatEdit::chain_of(&runs));
        let extents = runs.iter().map(|run| DataExtent {
            offset: self.geometry.cluster(run.first),
            len: u64::from(run.count) * self.geometry.cluster_size,
        });
        let extents = extents.collect();
        self.added.insert(first, runs);
        Ok(extents)
    }

    /// Gives the volume a label; nothing is changed if it has that one.
    pub fn set_label(&mut self, label: &str) -> Result<(), UpdateError> {
        self.load("")?;
        let root = self.directory("");
        if root.label() == Some(label_field(label)) {
            return Ok(());
        }
        if root.label().is_none() {
            // A name of one entry needs as much room as a label.
            self.make_room("", "A")?;
        }
        let time = self.time;
        self.directory("").set_label(label, time);
        Ok(())
    }

    /// What all that has been done since the last commit writes.
    pub fn commit(&mut self) -> Change {
        let mut change = Change { chains: std::mem::take(&mut self.chains), ..Change::default() };
        if self.missing > 0 {
            return Change::default();
        }
        let mut directories: Vec<&mut Directory> = self.directories.values_mut().collect();
        directories.sort_by_key(|directory| directory.clusters.first().copied());
        for directory in directories {
            let (known, new) = directory.new_clusters();
            let new = super::chains::runs(new.iter().copied());
            if let (Some(last), Some(first)) = (known, new.first()) {
                let last = Run { first: last, count: 1 };
                change.links.push(FatEdit::chain(last, first.first));
            }
            change.chains.extend(FatEdit::chain_of(&new));
            let entries = directory.commit(&self.geometry, &mut change.fresh);
            change.entries.extend(entries);
        }
        // A short name that lost a part of its long one would be another file: what goes begins
        // with its end, and what comes ends with it.
        match std::mem::take(&mut self.has_removed) {
            true => change.entries.reverse(),
            false => change.entries = joined(change.entries),
        }
        for run in std::mem::take(&mut self.freed) {
            change.freed.push(FatEdit::free(run));
            self.free.give(run);
        }
        change
    }

    /// What marks the volume as being written to, so that operating systems check it if that never
    /// ends.
    pub fn mark_dirty(&self) -> Result<Vec<Write>, ReadError> {
        BootRecord::read(self)?.marked(self, record::State::Dirty)
    }

    /// What takes that mark away, counts the free clusters once more and puts the label into the
    /// boot sector. Only what differs from what is there is written.
    pub fn finish(&self, label: Option<&str>) -> Result<Vec<Write>, ReadError> {
        let mut record = BootRecord::read(self)?;
        if let Some(label) = label {
            record.set_label(label_field(label));
        }
        record.set_free(self.free.count() as u32, self.free.first().unwrap_or(u32::MAX));
        record.marked(self, record::State::Clean)
    }

    /// Writes edits into all FATs; `write` is given whole sectors and their place in the image.
    pub fn apply(
        &self,
        edits: &[FatEdit],
        write: &mut dyn FnMut(u64, &[u8]) -> std::io::Result<()>,
    ) -> Result<(), ReadError> {
        fat::apply(self.image, &self.geometry, edits, write)
    }

    fn directory(&mut self, path: &str) -> &mut Directory {
        self.directories.get_mut(&path.to_uppercase()).expect("because it was loaded")
    }

    /// Reads a directory, and whether there is one.
    fn load(&mut self, path: &str) -> Result<bool, UpdateError> {
        let key = path.to_uppercase();
        if self.directories.contains_key(&key) {
            return Ok(true);
        }
        let first = if path.is_empty() {
            self.geometry.root_cluster
        } else {
            let (parent, name) = split(path);
            if !self.load(parent)? {
                return Ok(false);
            }
            match self.directory(parent).child(name) {
                Some(child) if child.is_directory => child.first_cluster,
                _ => return Ok(false),
            }
        };
        let directory = Directory::read(self.image, &self.geometry, first)?;
        self.directories.insert(key, directory);
        Ok(true)
    }

    fn insert(
        &mut self,
        parent: &str,
        name: &str,
        attributes: Attributes,
        place: (u32, u32),
    ) -> Result<(), UpdateError> {
        self.make_room(parent, name)?;
        let time = self.time;
        let path = || if parent.is_empty() { name.to_owned() } else { format!("{parent}/{name}") };
        let inserted = self.directory(parent).insert(name, attributes, place, time);
        inserted.ok_or_else(|| UpdateError::NameTaken { path: path() })
    }

    fn make_room(&mut self, path: &str, name: &str) -> Result<(), UpdateError> {
        for _ in 0..self.directory(path).lacks(name) {
            let cluster = self.take(1).first().map_or(FIRST_CLUSTER, |run| run.first);
            self.directory(path).grow(cluster, path)?;
        }
        Ok(())
    }

    fn take(&mut self, count: u64) -> Vec<Run> {
        self.wanted += count;
        self.free.take(count).unwrap_or_else(|| {
            self.missing += count;
            Vec::new()
        })
    }
}

/// Makes one write of those that follow each other.
fn joined(writes: Vec<Write>) -> Vec<Write> {
    let mut joined: Vec<Write> = Vec::with_capacity(writes.len());
    for write in writes {
        match joined.last_mut() {
            Some(last) if last.offset + last.bytes.len() as u64 == write.offset => {
                last.bytes.extend(write.bytes);
            }
            _ => joined.push(write),
        }
    }
    joined
}

/// The path of the directory, and the name in it.
fn split(path: &str) -> (&str, &str) {
    path.rsplit_once('/').unwrap_or(("", path))
}
