use std::ops::ControlFlow;

use super::BLOCK;
use super::descriptor::AllocationDescriptor;
use super::file_entry::{Allocation, FileEntry};
use super::file_identifier::IdentifierReader;
use super::recognition;
use super::tag::{Tag, id};
use super::volume::{Partition, VolumeInfo};
use crate::read::DataExtent;
use crate::read::bytes::le16;
use crate::read::entry::{Entry, push_extent};
use crate::read::limits::MAX_ENTRIES;
use crate::read::source::Window;
use crate::read::walk::{self, Child, Directories};
use crate::read::{ReadAt, ReadError};

const FILE_ENTRY: &str = "UDF file entry";

/// Reads the UDF side of an image.
///
/// It takes one physical partition with blocks of 2048 bytes, short and long allocation
/// descriptors and data embedded in the file entry; that is more than UDF 1.02 bridges have and
/// less than rewritable media need.
pub struct UdfReader<'a> {
    image: &'a dyn ReadAt,
    info: VolumeInfo,
    root: UdfDirectory,
}

impl<'a> UdfReader<'a> {
    /// Reads the recognition sequence, the anchors, a volume descriptor sequence, the file set
    /// descriptor and the root's file entry.
    pub fn open(image: &'a dyn ReadAt) -> Result<Self, ReadError> {
        let sequence = recognition::read(image)?;
        if !recognition::has_udf(&sequence) {
            let reason = "no `NSR02` or `NSR03`";
            let structure = "volume recognition sequence";
            return Err(ReadError::malformed(structure, 16 * BLOCK, reason));
        }
        let info = VolumeInfo::read(image)?;
        let root_icb = read_file_set(image, &info)?;
        let mut window = Window::new(image);
        let (offset, entry) = read_file_entry(&mut window, &info.partition, root_icb)?;
        let root = UdfDirectory::of(offset, &entry, &info.partition)?;
        Ok(Self { image, info, root })
    }

    /// The logical volume identifier.
    pub fn label(&self) -> &str {
        &self.info.logical_volume.label
    }

    /// Where the partition lies: start and length in bytes.
    pub fn partition(&self) -> DataExtent {
        let Partition { start, len, .. } = self.info.partition;
        DataExtent { offset: u64::from(start) * BLOCK, len: u64::from(len) * BLOCK }
    }

    /// Visits every entry: a directory before its children, the children of a directory in the
    /// order of the bytes of their names. `visit` ends the walk with `Break`.
    ///
    /// Memory is that of the directories on the way from the root.
    pub fn walk(&self, visit: &mut dyn FnMut(&Entry) -> ControlFlow<()>) -> Result<(), ReadError> {
        walk::walk(&mut self.tree(), self.image, visit)
    }

    /// The entry at `path`, reading only the directories on the way.
    pub fn find(&self, path: &str) -> Result<Entry, ReadError> {
        walk::find(&mut self.tree(), self.image, path)
    }

    fn tree(&self) -> UdfTree<'a, '_> {
        UdfTree {
            image: self.image,
            partition: &self.info.partition,
            root: &self.root,
            directories: Window::new(self.image),
            entries: Window::new(self.image),
        }
    }
}

/// Reads the file set descriptor (ECMA-167 4/14.1); its only use is to lead to the root's ICB.
fn read_file_set(image: &dyn ReadAt, info: &VolumeInfo) -> Result<AllocationDescriptor, ReadError> {
    const STRUCTURE: &str = "UDF file set descriptor";
    let block = info.logical_volume.file_set.block;
    let offset = info.partition.offset_of(block);
    let mut bytes = [0; BLOCK as usize];
    crate::read::source::read_exact(image, STRUCTURE, offset, &mut bytes)?;
    Tag::check_at(&bytes, id::FILE_SET, block)
        .map_err(|fault| ReadError::malformed(STRUCTURE, offset, fault.to_string()))?;
    Ok(AllocationDescriptor::long(&bytes, 400))
}

/// Reads the file entry that an ICB names, and says where it lies in the image.
fn read_file_entry(
    window: &mut Window<'_>,
    partition: &Partition,
    icb: AllocationDescriptor,
) -> Result<(u64, FileEntry), ReadError> {
    let offset = partition.offset_of(icb.block);
    let malformed = |reason| ReadError::malformed(FILE_ENTRY, offset, reason);
    if !partition.contains(icb.block, BLOCK) {
        return Err(malformed(format!("its block {} is outside the partition", icb.block)));
    }
    let bytes = window.get(FILE_ENTRY, offset, BLOCK as usize)?;
    let expected = match le16(bytes, 0) {
        id::EXTENDED_FILE_ENTRY => id::EXTENDED_FILE_ENTRY,
        _ => id::FILE_ENTRY,
    };
    Tag::check_at(bytes, expected, icb.block).map_err(|fault| malformed(fault.to_string()))?;
    let entry = FileEntry::parse(bytes).map_err(malformed)?;
    if entry.strategy != 4 {
        let reason = format!("ICB strategy {}", entry.strategy);
        return Err(ReadError::unsupported(FILE_ENTRY, offset, reason));
    }
    Ok((offset, entry))
}

/// The runs of an entry's data in the image; their sum is the information length.
pub(crate) fn data_extents(
    offset: u64,
    entry: &FileEntry,
    partition: &Partition,
) -> Result<Vec<DataExtent>, ReadError> {
    let malformed = |reason| Err(ReadError::malformed(FILE_ENTRY, offset, reason));
    let mut extents = Vec::new();
    let mut left = entry.information_len;
    let descriptors = match &entry.allocation {
        Allocation::Embedded => {
            if left > u64::from(entry.allocation_len) {
                return malformed(format!("{left} bytes of embedded data do not fit"));
            }
            push_extent(&mut extents, offset + entry.allocation_at as u64, left);
            return Ok(extents);
        }
        Allocation::Extents(descriptors) => descriptors,
    };
    for descriptor in descriptors.iter().take_while(|descriptor| descriptor.len != 0) {
        if descriptor.kind != 0 {
            let reason = format!("an allocation descriptor of type {}", descriptor.kind);
            return Err(ReadError::unsupported(FILE_ENTRY, offset, reason));
        }
        if !partition.contains(descriptor.block, u64::from(descriptor.len)) {
            return malformed(format!(
                "{} bytes from block {} on leave the partition",
                descriptor.len, descriptor.block
            ));
        }
        let len = u64::from(descriptor.len).min(left);
        push_extent(&mut extents, partition.offset_of(descriptor.block), len);
        left -= len;
    }
    if left > 0 {
        return malformed(format!(
            "the information length {} is more than its extents hold",
            entry.information_len
        ));
    }
    Ok(extents)
}

/// A directory as the walk knows it.
struct UdfDirectory {
    /// Where its file entry lies.
    offset: u64,
    len: u64,
    extents: Vec<DataExtent>,
}

impl UdfDirectory {
    fn of(offset: u64, entry: &FileEntry, partition: &Partition) -> Result<Self, ReadError> {
        if !entry.is_directory() {
            let reason = format!("file type {} where a directory is meant", entry.file_type);
            return Err(ReadError::malformed(FILE_ENTRY, offset, reason));
        }
        let extents = data_extents(offset, entry, partition)?;
        Ok(Self { offset, len: entry.information_len, extents })
    }
}

struct UdfTree<'a, 'r> {
    image: &'a dyn ReadAt,
    partition: &'r Partition,
    root: &'r UdfDirectory,
    /// Directories and file entries lie apart, so each has its own window.
    directories: Window<'a>,
    entries: Window<'a>,
}

impl UdfTree<'_, '_> {
    fn check_inside(&self, offset: u64, extents: &[DataExtent]) -> Result<(), ReadError> {
        let outside =
            |extent: &&DataExtent| extent.offset.checked_add(extent.len) > Some(self.image.len());
        match extents.iter().find(outside) {
            None => Ok(()),
            Some(extent) => {
                let reason = format!(
                    "its data of {} bytes at byte {} ends behind the end of the image",
                    extent.len, extent.offset
                );
                Err(ReadError::malformed(FILE_ENTRY, offset, reason))
            }
        }
    }
}

impl Directories for UdfTree<'_, '_> {
    type Directory = UdfDirectory;

    const STRUCTURE: &'static str = "UDF directory";

    fn root(&self) -> UdfDirectory {
        let UdfDirectory { offset, len, extents } = self.root;
        UdfDirectory { offset: *offset, len: *len, extents: extents.clone() }
    }

    fn identity(&self, directory: &UdfDirectory) -> u64 {
        directory.offset
    }

    fn bytes(&self, directory: &UdfDirectory) -> u64 {
        directory.len
    }

    fn children(
        &mut self,
        directory: &UdfDirectory,
    ) -> Result<Vec<Child<UdfDirectory>>, ReadError> {
        const STRUCTURE: &str = "UDF file identifier descriptor";
        let mut window = std::mem::replace(&mut self.directories, Window::new(self.image));
        let extents = directory.extents.clone();
        let mut identifiers = IdentifierReader::new(self.image, &mut window, extents)?;
        let mut children = Vec::new();
        while let Some(identifier) = identifiers.next()? {
            let offset = identifier.offset;
            let malformed = |reason| ReadError::malformed(STRUCTURE, offset, reason);
            if let Some(fault) = identifier.tag_fault {
                return Err(malformed(fault.to_string()));
            }
            if identifier.is_parent() || identifier.is_deleted() {
                continue;
            }
            let name = identifier.name().map_err(malformed)?;
            let (entry_offset, entry) =
                read_file_entry(&mut self.entries, self.partition, identifier.icb)?;
            if identifier.is_directory() != entry.is_directory() {
                let reason = "the descriptor and its file entry differ in what it is";
                return Err(malformed(reason.to_owned()));
            }
            let directory = match entry.is_directory() {
                true => Some(UdfDirectory::of(entry_offset, &entry, self.partition)?),
                false => None,
            };
            let (len, extents) = match directory {
                Some(_) => (0, Vec::new()),
                None => {
                    let extents = data_extents(entry_offset, &entry, self.partition)?;
                    (entry.information_len, extents)
                }
            };
            self.check_inside(entry_offset, &extents)?;
            children.push(Child { name, directory, len, extents, record_offset: offset });
            if children.len() as u64 > MAX_ENTRIES {
                let (structure, limit) = (STRUCTURE, MAX_ENTRIES);
                return Err(ReadError::Limit { structure, offset, limit, what: "entries" });
            }
        }
        self.directories = window;
        Ok(children)
    }
}
