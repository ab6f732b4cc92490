use std::ops::ControlFlow;

use super::boot_sector::{self, BootSector, Geometry};
use super::bytes::latin1;
use super::directory::slots_of_cluster;
use super::slot::Slot;
use super::walk::Walk;
use super::{Entry, ReadAt, ReadError, Volume, VolumeInfo};

/// Reads the FAT32 volume of an image.
pub struct FatReader<'a> {
    image: &'a dyn ReadAt,
    geometry: Geometry,
    info: VolumeInfo,
}

impl<'a> FatReader<'a> {
    /// Finds the volume: the image itself, else the first partition of its GPT or MBR that holds
    /// one.
    ///
    /// Err if there is none, or if its boot sector describes more than the image has.
    pub fn open(image: &'a dyn ReadAt) -> Result<Self, ReadError> {
        let (offset, boot_sector, _) = boot_sector::find(image)?;
        let geometry = boot_sector.geometry(offset, image.len())?;
        let info = VolumeInfo {
            offset,
            len: geometry.len,
            label: label(image, &boot_sector, &geometry)?,
            serial: boot_sector.serial,
            cluster_size: geometry.cluster_size,
            clusters: geometry.clusters,
        };
        Ok(Self { image, geometry, info })
    }

    /// What the volume says of itself.
    pub fn info(&self) -> &VolumeInfo {
        &self.info
    }

    /// Visits every entry: a directory before its children, the children of a directory in the
    /// order of the bytes of their names. `visit` ends the walk with `Break`.
    ///
    /// Memory is that of the directories on the way from the root, so a tree of a million files is
    /// walked in a few MiB. A name of which only the short one can be used is that one.
    pub fn walk(&self, visit: &mut dyn FnMut(&Entry) -> ControlFlow<()>) -> Result<(), ReadError> {
        Walk::new(self.image, self.geometry).run(visit)
    }

    /// The entry at `path`, reading only the directories on the way. Case does not matter, and
    /// short names count, as on Windows; the entry's path has the names as they are.
    pub fn find(&self, path: &str) -> Result<Entry, ReadError> {
        Walk::new(self.image, self.geometry).find(path)
    }

    /// Reads all entries into memory.
    pub fn read_volume(&self) -> Result<Volume, ReadError> {
        let mut entries = Vec::new();
        self.walk(&mut |entry| {
            entries.push(entry.clone());
            ControlFlow::Continue(())
        })?;
        Ok(Volume { info: self.info.clone(), entries })
    }
}

/// The label in the first cluster of the root directory, where every formatter puts it, else that
/// of the boot sector.
fn label(
    image: &dyn ReadAt,
    boot_sector: &BootSector,
    geometry: &Geometry,
) -> Result<String, ReadError> {
    if geometry.has(geometry.root_cluster) {
        let slots = slots_of_cluster(image, geometry, geometry.root_cluster)?;
        let mut used = slots.iter().take_while(|slot| !slot.is_end());
        if let Some(slot) = used.find(|slot: &&Slot| slot.is_label() && !slot.is_deleted()) {
            return Ok(latin1(&slot.name()));
        }
    }
    let recorded = boot_sector.signature == 0x29 && boot_sector.label != *b"NO NAME    ";
    Ok(if recorded { latin1(&boot_sector.label) } else { String::new() })
}
