//! The entries of a directory, long names put together.

use super::boot_sector::Geometry;
use super::bytes::{array, utf16};
use super::fat::Fat;
use super::limits::MAX_DIRECTORY_BYTES;
use super::slot::{self, LAST_LONG, Slot, checksum};
use super::{ReadAt, ReadError, source};

pub(crate) const STRUCTURE: &str = "FAT32 directory";

/// The most long-name entries of a name (section 7).
const LONG_MAX: usize = 20;

/// Reads the slots of the directory whose chain starts at `first`, up to the end mark.
pub(crate) fn read_slots(
    image: &dyn ReadAt,
    geometry: &Geometry,
    fat: &mut Fat<'_>,
    first: u32,
) -> Result<Vec<Slot>, ReadError> {
    let clusters = fat.chain(first, MAX_DIRECTORY_BYTES.div_ceil(geometry.cluster_size))?;
    let mut slots = Vec::new();
    for cluster in clusters {
        let found = slots_of_cluster(image, geometry, cluster)?;
        let end = found.iter().position(Slot::is_end);
        slots.extend_from_slice(&found[..end.unwrap_or(found.len())]);
        if end.is_some() {
            break;
        }
    }
    Ok(slots)
}

/// Reads all slots of a cluster.
pub(crate) fn slots_of_cluster(
    image: &dyn ReadAt,
    geometry: &Geometry,
    cluster: u32,
) -> Result<Vec<Slot>, ReadError> {
    let start = geometry.cluster(cluster);
    // At most 128 sectors of 4096 bytes.
    let mut bytes = vec![0; geometry.cluster_size as usize];
    source::read_exact(image, STRUCTURE, start, &mut bytes)?;
    let slots = (start..).step_by(slot::LEN).zip(bytes.chunks_exact(slot::LEN));
    Ok(slots.map(|(offset, bytes)| Slot { offset, bytes: array(bytes, 0) }).collect())
}

/// What is wrong with long-name entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LongFault {
    /// No short entry follows.
    Orphan,
    /// Their numbers are not those of a name from its end to its beginning.
    Order,
    /// Their checksum is not that of the short name.
    Checksum,
    /// Behind the end of the name is something else than ones.
    Padding,
    /// A field that must be 0 is not.
    Reserved,
}

/// A short entry with the long name before it.
#[derive(Clone, Debug)]
pub(crate) struct Named {
    pub(crate) slot: Slot,
    /// The units of the long name; `None` if there is none, or none that could be used.
    pub(crate) long: Option<Vec<u16>>,
}

impl Named {
    /// The name: the long one, else the short one.
    pub(crate) fn name(&self) -> String {
        match &self.long {
            Some(units) => utf16(units.iter().copied()),
            None => self.slot.shown_name(),
        }
    }
}

/// Puts long and short entries together and tells `fault` what is wrong with long ones; deleted
/// entries are left out.
pub(crate) fn named(slots: &[Slot], fault: &mut dyn FnMut(LongFault, u64)) -> Vec<Named> {
    let mut found = Vec::new();
    let mut pending: Vec<Slot> = Vec::new();
    let orphans = |pending: &mut Vec<Slot>, fault: &mut dyn FnMut(LongFault, u64)| {
        if let Some(first) = pending.first() {
            fault(LongFault::Orphan, first.offset);
        }
        pending.clear();
    };
    for slot in slots {
        if slot.is_long() && !slot.is_deleted() {
            if slot.bytes[0] & LAST_LONG != 0 {
                orphans(&mut pending, fault);
            }
            pending.push(*slot);
            continue;
        }
        if slot.is_deleted() || slot.is_label() {
            orphans(&mut pending, fault);
        }
        if !slot.is_deleted() {
            let long = long_name(&pending, &slot.name(), fault);
            pending.clear();
            found.push(Named { slot: *slot, long });
        }
    }
    orphans(&mut pending, fault);
    found
}

fn long_name(
    slots: &[Slot],
    short: &[u8; 11],
    fault: &mut dyn FnMut(LongFault, u64),
) -> Option<Vec<u16>> {
    let first = slots.first()?;
    let ordinals = (1..=slots.len()).rev().zip(slots).all(|(ordinal, slot)| {
        let last = if slot.offset == first.offset { LAST_LONG } else { 0 };
        usize::from(slot.bytes[0]) == ordinal | usize::from(last)
    });
    if !ordinals || slots.len() > LONG_MAX {
        fault(LongFault::Order, first.offset);
        return None;
    }
    let sum = checksum(short);
    if let Some(slot) = slots.iter().find(|slot| slot.bytes[13] != sum) {
        fault(LongFault::Checksum, slot.offset);
        return None;
    }
    if let Some(slot) =
        slots.iter().find(|slot| slot.bytes[12] != 0 || slot.bytes[26..28] != [0, 0])
    {
        fault(LongFault::Reserved, slot.offset);
    }
    let mut units: Vec<u16> = slots.iter().rev().flat_map(Slot::units).collect();
    if let Some(end) = units.iter().position(|&unit| unit == 0) {
        let is_padding = units[end + 1..].iter().all(|&unit| unit == 0xFFFF);
        // A name that ends before its last entry has one entry too many.
        let is_used = end > (slots.len() - 1) * 13;
        if !is_padding || !is_used {
            fault(LongFault::Padding, first.offset);
        }
        units.truncate(end);
    }
    (!units.is_empty()).then_some(units)
}
