//! What an interrupted change leaves, and what takes it away.

use std::collections::HashMap;
use std::io;

use super::chains::chain;
use super::directory::DELETED;
use super::fat::{self, FatEdit};
use super::free_space::Run;
use super::{Editor, UpdateError};
use crate::read::boot_sector::{FIRST_CLUSTER, Geometry};
use crate::read::directory::{self, Named};
use crate::read::fat::ENTRY_MASK;
use crate::read::slot::{LAST_LONG, Slot};
use crate::read::{ReadError, source};

/// The mark of a cluster that cannot be used.
const BAD: u32 = 0x0FFF_FFF7;

impl Editor<'_> {
    /// Frees clusters that belong to nothing, deletes parts of long names that do, and makes all
    /// FATs like the first one.
    ///
    /// To be done before anything else, and only where it is known that such a change was
    /// interrupted: in other cases the clusters may be all that is left of somebody's file.
    pub fn mend(
        &mut self,
        write: &mut dyn FnMut(u64, &[u8]) -> io::Result<()>,
    ) -> Result<(), UpdateError> {
        let (used, orphans) = self.used()?;
        let mut lost: Vec<Run> = Vec::new();
        fat::entries(self.image, &self.geometry, &mut |cluster, entry| {
            let is_lost = !matches!(entry & ENTRY_MASK, 0 | BAD) && !used.has(cluster);
            if is_lost {
                match lost.last_mut() {
                    Some(run) if run.first + run.count == cluster => run.count += 1,
                    _ => lost.push(Run { first: cluster, count: 1 }),
                }
            }
        })?;
        fat::copy_first(self.image, &self.geometry, write)?;
        self.delete(&orphans, write)?;
        let edits: Vec<FatEdit> = lost.iter().map(|run| FatEdit::free(*run)).collect();
        self.apply(&edits, write)?;
        lost.into_iter().for_each(|run| self.free.give(run));
        Ok(())
    }

    /// Marks these entries as deleted.
    fn delete(
        &self,
        entries: &[u64],
        write: &mut dyn FnMut(u64, &[u8]) -> io::Result<()>,
    ) -> Result<(), UpdateError> {
        let Geometry { volume, sector, .. } = self.geometry;
        for entry in entries {
            let inside = (entry - volume) % sector;
            let offset = entry - inside;
            let mut bytes = vec![0; sector as usize];
            source::read_exact(self.image, directory::STRUCTURE, offset, &mut bytes)
                .map_err(ReadError::from)?;
            bytes[inside as usize] = DELETED;
            write(offset, &bytes).map_err(|source| {
                let structure = directory::STRUCTURE;
                UpdateError::Read(ReadError::Io { structure, offset, source })
            })?;
        }
        Ok(())
    }

    /// The clusters that belong to directories and files, and the places of entries that are parts
    /// of no name.
    fn used(&self) -> Result<(Used, Vec<u64>), UpdateError> {
        let mut orphans = Vec::new();
        let mut used = Used(vec![0; (self.geometry.clusters as usize).div_ceil(64)]);
        let mut directories = vec![self.geometry.root_cluster];
        while let Some(first) = directories.pop() {
            if !self.geometry.has(first) || used.has(first) {
                continue;
            }
            used.insert_all(&chain(self.image, &self.geometry, first)?);
            let mut fat = crate::read::fat::Fat::new(self.image, self.geometry);
            let slots = directory::read_slots(self.image, &self.geometry, &mut fat, first)?;
            let found = directory::named(&slots, &mut |_, _| ());
            orphans.extend(parts_of_nothing(&slots, &found));
            for found in found {
                let slot: &Slot = &found.slot;
                if slot.is_label() || slot.is_dot() {
                    continue;
                }
                if slot.is_directory() {
                    directories.push(slot.first_cluster());
                } else {
                    used.insert_all(&chain(self.image, &self.geometry, slot.first_cluster())?);
                }
            }
        }
        Ok((used, orphans))
    }
}

/// The places of long-name entries that belong to none of these names.
fn parts_of_nothing(slots: &[Slot], found: &[Named]) -> Vec<u64> {
    let names = found.iter().map(|named| (named.slot.offset, named.long.is_some()));
    let names: HashMap<u64, bool> = names.collect();
    let mut orphans = Vec::new();
    // From the end: what a name has before it belongs to it.
    let mut belongs = false;
    for slot in slots.iter().rev() {
        if slot.is_long() && !slot.is_deleted() {
            if !belongs {
                orphans.push(slot.offset);
            }
            // The end of the name stands first.
            belongs &= slot.bytes[0] & LAST_LONG == 0;
        } else {
            belongs = names.get(&slot.offset).copied().unwrap_or_default();
        }
    }
    orphans
}

/// A bit for each cluster.
struct Used(Vec<u64>);

impl Used {
    fn has(&self, cluster: u32) -> bool {
        let index = (cluster - FIRST_CLUSTER) as usize;
        self.0[index / 64] & 1 << (index % 64) != 0
    }

    fn insert_all(&mut self, runs: &[Run]) {
        for cluster in runs.iter().flat_map(|run| run.first..run.first + run.count) {
            let index = (cluster - FIRST_CLUSTER) as usize;
            self.0[index / 64] |= 1 << (index % 64);
        }
    }
}
