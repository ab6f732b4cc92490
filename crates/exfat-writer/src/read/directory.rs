//! The entries of a directory, put together to sets (exFAT specification, sections 6 and 7).

use super::boot_sector::Geometry;
use super::bytes::{array, le16, le32, le64, utf16};
use super::clusters::{Allocation, Fat};
use super::limits::MAX_DIRECTORY_BYTES;
use super::{ReadAt, ReadError, source};

pub(crate) const STRUCTURE: &str = "exFAT directory";

/// The bytes of an entry.
pub(crate) const LEN: usize = 32;

/// EntryType of what a volume holds.
pub(crate) const BITMAP: u8 = 0x81;
pub(crate) const UPCASE: u8 = 0x82;
pub(crate) const LABEL: u8 = 0x83;
pub(crate) const FILE: u8 = 0x85;
pub(crate) const STREAM: u8 = 0xC0;
pub(crate) const NAME: u8 = 0xC1;

/// EntryType: in use, and of the second kind, which belongs to a set.
const IN_USE: u8 = 0x80;
const SECONDARY: u8 = 0x40;

/// FileAttributes.
const DIRECTORY: u16 = 0x10;

/// GeneralSecondaryFlags.
const NO_FAT_CHAIN: u8 = 2;

/// How much of a directory is read at once: what lies behind its end costs no memory.
const STEP: u64 = 64 * 1024;

/// An entry and where it lies in the image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Slot {
    pub(crate) offset: u64,
    pub(crate) bytes: [u8; LEN],
}

impl Slot {
    pub(crate) fn kind(&self) -> u8 {
        self.bytes[0]
    }

    pub(crate) fn is_end(&self) -> bool {
        self.kind() == 0
    }

    pub(crate) fn is_in_use(&self) -> bool {
        self.kind() & IN_USE != 0
    }

    pub(crate) fn is_secondary(&self) -> bool {
        self.kind() & SECONDARY != 0
    }

    /// The clusters that a bitmap, an up-case table or a stream names.
    pub(crate) fn allocation(&self) -> Allocation {
        Allocation {
            first_cluster: le32(&self.bytes, 20),
            len: Some(le64(&self.bytes, 24)),
            is_run: self.kind() == STREAM && self.bytes[1] & NO_FAT_CHAIN != 0,
        }
    }

    /// The text of a volume label.
    pub(crate) fn label(&self) -> String {
        let units = self.bytes[2..24].chunks_exact(2).map(|unit| le16(unit, 0));
        utf16(units.take(usize::from(self.bytes[1])))
    }
}

/// A file or directory: its File entry, and those that follow.
#[derive(Clone, Debug)]
pub(crate) struct EntrySet {
    pub(crate) file: Slot,
    pub(crate) stream: Slot,
    pub(crate) names: Vec<Slot>,
}

impl EntrySet {
    pub(crate) fn units(&self) -> Vec<u16> {
        let units = self.names.iter().flat_map(|slot| slot.bytes[2..].chunks_exact(2));
        units.map(|unit| le16(unit, 0)).take(usize::from(self.stream.bytes[3])).collect()
    }

    pub(crate) fn name(&self) -> String {
        utf16(self.units())
    }

    pub(crate) fn is_directory(&self) -> bool {
        le16(&self.file.bytes, 4) & DIRECTORY != 0
    }

    pub(crate) fn len(&self) -> u64 {
        le64(&self.stream.bytes, 24)
    }

    pub(crate) fn valid_len(&self) -> u64 {
        le64(&self.stream.bytes, 8)
    }

    /// All entries in their order.
    pub(crate) fn slots(&self) -> impl Iterator<Item = &Slot> {
        [&self.file, &self.stream].into_iter().chain(&self.names)
    }
}

/// Something of a directory.
#[derive(Clone, Debug)]
pub(crate) enum Item {
    /// A file or directory.
    Set(EntrySet),
    /// A File entry without the entries that it says follow: why.
    Broken(Slot, &'static str),
    /// Another entry that is in use.
    Other(Slot),
    /// An entry that is not in use.
    Unused(Slot),
}

/// Reads the slots of a directory up to its end mark.
pub(crate) fn read_slots(
    image: &dyn ReadAt,
    geometry: &Geometry,
    fat: &mut Fat<'_>,
    allocation: Allocation,
    offset: u64,
) -> Result<Vec<Slot>, ReadError> {
    if allocation.len.is_some_and(|len| len > MAX_DIRECTORY_BYTES) {
        let (structure, limit) = (STRUCTURE, MAX_DIRECTORY_BYTES);
        return Err(ReadError::Limit { structure, offset, limit, what: "bytes of a directory" });
    }
    let mut slots = Vec::new();
    for extent in fat.extents(allocation, MAX_DIRECTORY_BYTES.max(geometry.cluster_size))? {
        let mut at = extent.offset;
        while at < extent.offset + extent.len {
            let mut bytes = vec![0; STEP.min(extent.offset + extent.len - at) as usize];
            source::read_exact(image, STRUCTURE, at, &mut bytes)?;
            for (number, bytes) in bytes.chunks_exact(LEN).enumerate() {
                let slot = Slot { offset: at + (number * LEN) as u64, bytes: array(bytes, 0) };
                if slot.is_end() {
                    return Ok(slots);
                }
                slots.push(slot);
            }
            at += bytes.len() as u64;
        }
    }
    Ok(slots)
}

/// Puts slots together.
pub(crate) fn items(slots: &[Slot]) -> Vec<Item> {
    let mut items = Vec::new();
    let mut at = 0;
    while let Some(slot) = slots.get(at) {
        at += 1;
        if !slot.is_in_use() {
            items.push(Item::Unused(*slot));
        } else if slot.kind() == FILE {
            match entry_set(*slot, &slots[at..]) {
                Ok(set) => {
                    at += usize::from(slot.bytes[1]);
                    items.push(Item::Set(set));
                }
                Err(reason) => {
                    items.push(Item::Broken(*slot, reason));
                    let rest = slots[at..].iter();
                    at += rest.take_while(|slot| slot.is_in_use() && slot.is_secondary()).count();
                }
            }
        } else {
            items.push(Item::Other(*slot));
        }
    }
    items
}

fn entry_set(file: Slot, behind: &[Slot]) -> Result<EntrySet, &'static str> {
    let count = usize::from(file.bytes[1]);
    let following = behind.get(..count).ok_or("the directory ends within its entries")?;
    let [stream, others @ ..] = following else { return Err("no Stream Extension entry follows") };
    if stream.kind() != STREAM {
        return Err("no Stream Extension entry follows");
    }
    // What vendors add stands behind the name, and is passed over.
    let names = others.iter().take_while(|slot| slot.kind() == NAME).copied().collect::<Vec<_>>();
    let vendors = &others[names.len()..];
    if vendors.iter().any(|slot| !slot.is_in_use() || !slot.is_secondary()) {
        return Err("fewer entries follow than it says");
    }
    if names.len() != usize::from(stream.bytes[3]).div_ceil(15) || names.is_empty() {
        return Err("the name has another length than its entries");
    }
    Ok(EntrySet { file, stream: *stream, names })
}
