use std::ops::ControlFlow;

use super::boot_sector::{self, Geometry};
use super::clusters::Fat;
use super::directory::{LABEL, Slot, UPCASE, read_slots};
use super::upcase::{LEN_MAX, UpcaseTable};
use super::walk::{Walk, root};
use super::{Entry, ReadAt, ReadError, Volume, VolumeInfo, source};

/// Reads the exFAT volume of an image.
pub struct ExfatReader<'a> {
    image: &'a dyn ReadAt,
    geometry: Geometry,
    info: VolumeInfo,
    upcase: UpcaseTable,
}

/// Where the volume of an image starts, in bytes: what [`ExfatReader::open`] opens, whether that
/// can be read or not.
///
/// Err if there is none, or the places where one could be cannot be read.
pub fn find(image: &dyn ReadAt) -> Result<u64, ReadError> {
    boot_sector::find(image).map(|(offset, _, _)| offset)
}

impl<'a> ExfatReader<'a> {
    /// Finds the volume: the image itself, else the first partition of its GPT or MBR that holds
    /// one.
    ///
    /// Err if there is none, if its boot sector describes more than the image has, or if its root
    /// directory cannot be read.
    pub fn open(image: &'a dyn ReadAt) -> Result<Self, ReadError> {
        let (offset, boot_sector, _) = boot_sector::find(image)?;
        let geometry = boot_sector.geometry(offset, image.len())?;
        let mut fat = Fat::new(image, geometry);
        let slots = read_slots(image, &geometry, &mut fat, root(&geometry), offset)?;
        let label = slots.iter().find(|slot| slot.kind() == LABEL);
        let upcase = slots.iter().find(|slot| slot.kind() == UPCASE);
        let table = |slot: &Slot| {
            let allocation = slot.allocation();
            let len = allocation.len.filter(|len| *len <= LEN_MAX)?;
            let mut bytes = vec![0; len as usize];
            let mut done = 0;
            for extent in fat.extents(allocation, len).ok()? {
                let part = &mut bytes[done..done + extent.len as usize];
                source::read_exact(image, "up-case table", extent.offset, part).ok()?;
                done += extent.len as usize;
            }
            UpcaseTable::parse(&bytes)
        };
        Ok(Self {
            image,
            geometry,
            info: VolumeInfo {
                offset,
                len: geometry.len,
                label: label.map(|slot| slot.label()).unwrap_or_default(),
                serial: boot_sector.serial,
                cluster_size: geometry.cluster_size,
                clusters: geometry.clusters,
            },
            // Names can be looked up all the same, those of ASCII as ever.
            upcase: upcase.and_then(table).unwrap_or_else(UpcaseTable::ascii),
        })
    }

    /// What the volume says of itself.
    pub fn info(&self) -> &VolumeInfo {
        &self.info
    }

    /// Visits every entry: a directory before its children, the children of a directory in the
    /// order of the bytes of their names. `visit` ends the walk with `Break`.
    ///
    /// Memory is that of the directories on the way from the root, so a tree of a million files is
    /// walked in a few MiB.
    pub fn walk(&self, visit: &mut dyn FnMut(&Entry) -> ControlFlow<()>) -> Result<(), ReadError> {
        Walk::new(self.image, self.geometry).run(visit)
    }

    /// The entry at `path`, reading only the directories on the way. Case does not matter, by the
    /// volume's own table; the entry's path has the names as they are.
    pub fn find(&self, path: &str) -> Result<Entry, ReadError> {
        Walk::new(self.image, self.geometry).find(path, &self.upcase)
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
