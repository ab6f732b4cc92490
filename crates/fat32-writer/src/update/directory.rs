//! A directory in memory, with what of it has to be written.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::{UpdateError, Write};
use crate::format::directory_entry::{
    Attributes, DOT, DOT_DOT, ENTRY_LEN, ShortEntry, ShortName, put_long_name,
};
use crate::format::time::DosTime;
use crate::names::{is_long, label_field, short_form, short_name_beside};
use crate::read::boot_sector::Geometry;
use crate::read::bytes::array;
use crate::read::directory::{named, slots_of_cluster};
use crate::read::fat::Fat;
use crate::read::limits::MAX_DIRECTORY_BYTES;
use crate::read::slot::Slot;
use crate::read::{ReadAt, ReadError};

/// What marks a deleted entry.
pub(super) const DELETED: u8 = 0xE5;

/// A file or directory in a directory.
#[derive(Clone, Debug)]
pub(super) struct Child {
    pub(super) name: String,
    pub(super) is_directory: bool,
    pub(super) first_cluster: u32,
    /// Its entries, long ones included: the first one and how many.
    slots: (usize, usize),
    short: ShortName,
}

/// A directory of the volume.
#[derive(Debug)]
pub(super) struct Directory {
    pub(super) clusters: Vec<u32>,
    /// How many of the clusters the volume knows; those behind them are new in this change.
    known: usize,
    cluster_size: usize,
    bytes: Vec<u8>,
    /// The number of entries before the end mark.
    end: usize,
    /// Whether something stands behind the end mark, where nobody looks.
    has_rest: bool,
    /// The sectors that changed; of no meaning as long as no cluster is known.
    changed: BTreeSet<usize>,
    /// By names in upper case.
    children: HashMap<String, Child>,
    taken: HashSet<ShortName>,
    label: Option<usize>,
    /// Runs of deleted entries: the first one and how many.
    holes: BTreeMap<usize, usize>,
}

impl Directory {
    /// Reads the directory whose chain starts at `first`.
    pub(super) fn read(
        image: &dyn ReadAt,
        geometry: &Geometry,
        first: u32,
    ) -> Result<Self, ReadError> {
        let max = MAX_DIRECTORY_BYTES.div_ceil(geometry.cluster_size);
        let clusters = Fat::new(image, *geometry).chain(first, max)?;
        let mut slots = Vec::new();
        for cluster in &clusters {
            slots.extend(slots_of_cluster(image, geometry, *cluster)?);
        }
        let end = slots.iter().position(Slot::is_end).unwrap_or(slots.len());
        let mut directory = Self {
            known: clusters.len(),
            clusters,
            cluster_size: geometry.cluster_size as usize,
            bytes: slots.iter().flat_map(|slot| slot.bytes).collect(),
            end,
            has_rest: slots[end..].iter().any(|slot| slot.bytes != [0; ENTRY_LEN]),
            changed: BTreeSet::new(),
            children: HashMap::new(),
            taken: HashSet::new(),
            label: None,
            holes: BTreeMap::new(),
        };
        directory.find_children(&slots[..end]);
        directory.find_holes();
        Ok(directory)
    }

    /// A new directory in one cluster.
    pub(super) fn new(geometry: &Geometry, own: u32, parent: u32, time: DosTime) -> Self {
        let mut bytes = Vec::with_capacity(geometry.cluster_size as usize);
        for (name, first_cluster) in [(DOT, own), (DOT_DOT, parent)] {
            ShortEntry { name, attributes: Attributes::Directory, first_cluster, len: 0 }
                .put(time, &mut bytes);
        }
        bytes.resize(geometry.cluster_size as usize, 0);
        Self {
            clusters: vec![own],
            known: 0,
            cluster_size: bytes.len(),
            bytes,
            end: 2,
            has_rest: false,
            changed: BTreeSet::new(),
            children: HashMap::new(),
            taken: HashSet::new(),
            label: None,
            holes: BTreeMap::new(),
        }
    }

    fn find_children(&mut self, slots: &[Slot]) {
        let places: HashMap<u64, usize> = slots.iter().map(|slot| slot.offset).zip(0..).collect();
        for found in named(slots, &mut |_, _| ()) {
            let Some(&place) = places.get(&found.slot.offset) else { continue };
            if found.slot.is_label() {
                self.label.get_or_insert(place);
                continue;
            }
            if found.slot.is_dot() {
                continue;
            }
            let is_part = |slot: &&Slot| slot.is_long() && !slot.is_deleted();
            let before = slots[..place].iter().rev().take_while(is_part).count();
            self.insert_child(Child {
                name: found.name(),
                is_directory: found.slot.is_directory(),
                first_cluster: found.slot.first_cluster(),
                slots: (place - before, before + 1),
                short: found.slot.name(),
            });
        }
    }

    fn insert_child(&mut self, child: Child) {
        self.taken.insert(child.short);
        self.taken.extend(short_form(&child.name));
        self.children.insert(child.name.to_uppercase(), child);
    }

    /// Looks for runs of deleted entries, which may be used again once the volume knows that they
    /// are.
    fn find_holes(&mut self) {
        self.holes.clear();
        let mut start = None;
        for place in 0..=self.end {
            let is_hole = place < self.end && self.bytes[place * ENTRY_LEN] == DELETED;
            match (is_hole, start) {
                (true, None) => start = Some(place),
                (false, Some(first)) => {
                    self.holes.insert(first, place - first);
                    start = None;
                }
                _ => {}
            }
        }
    }

    /// The child of this name, whatever its case.
    pub(super) fn child(&self, name: &str) -> Option<&Child> {
        self.children.get(&name.to_uppercase())
    }

    /// Whether nothing lies in it.
    pub(super) fn is_empty(&self) -> bool {
        self.children.is_empty()
    }

    /// Marks the entries of a child as deleted.
    pub(super) fn remove(&mut self, name: &str) -> Option<Child> {
        let child = self.children.remove(&name.to_uppercase())?;
        let (first, count) = child.slots;
        for slot in first..first + count {
            self.bytes[slot * ENTRY_LEN] = DELETED;
        }
        self.mark(first, count);
        self.taken.remove(&child.short);
        Some(child)
    }

    /// How many clusters it lacks for one more entry of this name.
    pub(super) fn lacks(&self, name: &str) -> usize {
        let needed = crate::names::entries(name) as usize;
        if self.hole(needed).is_some() {
            return 0;
        }
        let bytes = (self.end + needed) * ENTRY_LEN;
        bytes.saturating_sub(self.bytes.len()).div_ceil(self.cluster_size)
    }

    /// Appends a cluster, which is all zeros.
    pub(super) fn grow(&mut self, cluster: u32, path: &str) -> Result<(), UpdateError> {
        if self.bytes.len() + self.cluster_size > MAX_DIRECTORY_BYTES as usize {
            return Err(UpdateError::DirectoryTooLarge { path: path.to_owned() });
        }
        self.clusters.push(cluster);
        self.bytes.resize(self.bytes.len() + self.cluster_size, 0);
        Ok(())
    }

    fn hole(&self, count: usize) -> Option<usize> {
        self.holes.iter().find(|(_, len)| **len >= count).map(|(first, _)| *first)
    }

    /// Adds an entry, for which there has to be room. `None` if its name is the short one of
    /// another file.
    pub(super) fn insert(
        &mut self,
        name: &str,
        attributes: Attributes,
        (first_cluster, len): (u32, u32),
        time: DosTime,
    ) -> Option<()> {
        let short = short_name_beside(name, &self.taken)?;
        let mut entries = Vec::new();
        if is_long(name) {
            put_long_name(name, &short, &mut entries);
        }
        ShortEntry { name: short, attributes, first_cluster, len }.put(time, &mut entries);
        let first = self.put(&entries);
        self.insert_child(Child {
            name: name.to_owned(),
            is_directory: attributes == Attributes::Directory,
            first_cluster,
            slots: (first, entries.len() / ENTRY_LEN),
            short,
        });
        Some(())
    }

    /// Writes entries into a hole or behind all others, and returns the place of the first one.
    fn put(&mut self, entries: &[u8]) -> usize {
        let count = entries.len() / ENTRY_LEN;
        let first = match self.hole(count) {
            Some(first) => {
                let len = self.holes.remove(&first).unwrap_or(count);
                if len > count {
                    self.holes.insert(first + count, len - count);
                }
                first
            }
            None => {
                self.clear_rest();
                let first = self.end;
                self.end += count;
                first
            }
        };
        self.bytes[first * ENTRY_LEN..(first + count) * ENTRY_LEN].copy_from_slice(entries);
        self.mark(first, count);
        first
    }

    /// Clears what stands behind the end, before a new entry uncovers it.
    fn clear_rest(&mut self) {
        if std::mem::take(&mut self.has_rest) {
            let end = self.bytes.len() / ENTRY_LEN;
            self.bytes[self.end * ENTRY_LEN..].fill(0);
            self.mark(self.end, end - self.end);
        }
    }

    /// The label, as recorded.
    pub(super) fn label(&self) -> Option<[u8; 11]> {
        self.label.map(|place| array(&self.bytes, place * ENTRY_LEN))
    }

    /// Changes the label, or adds one, for which there has to be room.
    pub(super) fn set_label(&mut self, label: &str, time: DosTime) {
        let mut entry = Vec::new();
        ShortEntry {
            name: label_field(label),
            attributes: Attributes::VolumeId,
            first_cluster: 0,
            len: 0,
        }
        .put(time, &mut entry);
        match self.label {
            Some(place) => {
                self.bytes[place * ENTRY_LEN..][..ENTRY_LEN].copy_from_slice(&entry);
                self.mark(place, 1);
            }
            None => self.label = Some(self.put(&entry)),
        }
    }

    fn mark(&mut self, first: usize, count: usize) {
        let (start, end) = (first * ENTRY_LEN, (first + count) * ENTRY_LEN);
        self.changed.extend(start / SECTOR..end.div_ceil(SECTOR));
    }

    /// The clusters that are new since the last change, behind the last known one if there is one.
    pub(super) fn new_clusters(&self) -> (Option<u32>, &[u32]) {
        let (known, new) = self.clusters.split_at(self.known);
        (known.last().copied(), new)
    }

    /// What has to be written: new clusters, and sectors of a directory that the volume knows.
    pub(super) fn commit(&mut self, geometry: &Geometry, fresh: &mut Vec<Write>) -> Vec<Write> {
        let size = self.cluster_size;
        let is_new = self.known == 0;
        for number in self.known..self.clusters.len() {
            let offset = geometry.cluster(self.clusters[number]);
            // What is added to a directory comes in order, so that its end mark is never passed.
            let bytes = match is_new {
                true => self.bytes[number * size..(number + 1) * size].to_vec(),
                false => vec![0; size],
            };
            fresh.push(Write { offset, bytes });
        }
        let sector = geometry.sector as usize;
        // Sectors of 4096 bytes have several of ours.
        let changed: BTreeSet<usize> = std::mem::take(&mut self.changed)
            .into_iter()
            .map(|place| place * SECTOR / sector * sector)
            .collect();
        let write = |start: usize| Write {
            offset: geometry.cluster(self.clusters[start / size]) + (start % size) as u64,
            bytes: self.bytes[start..start + sector].to_vec(),
        };
        let writes = if is_new { Vec::new() } else { changed.into_iter().map(write).collect() };
        self.known = self.clusters.len();
        self.find_holes();
        writes
    }
}

/// The unit in which changes are noted: the smallest sector.
const SECTOR: usize = 512;
