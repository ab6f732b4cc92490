use std::ops::ControlFlow;

use super::SECTOR;
use super::directory::{Directory, MultiExtent, RecordReader};
use super::record::{DirectoryRecord, flags};
use super::susp::{self, SystemUse};
use super::volume_descriptor::{Descriptors, FIRST_DESCRIPTOR, TreeDescriptor};
use crate::read::DataExtent;
use crate::read::entry::Entry;
use crate::read::limits::MAX_ENTRIES;
use crate::read::source::Window;
use crate::read::walk::{self, Child, Directories};
use crate::read::{Namespace, ReadAt, ReadError};

/// Reads the ISO 9660 side of an image: plain, Joliet and Rock Ridge names.
pub struct IsoReader<'a> {
    image: &'a dyn ReadAt,
    primary: TreeDescriptor,
    joliet: Option<TreeDescriptor>,
    /// What each system use field is preceded by, if the primary tree has Rock Ridge names.
    rock_ridge: Option<u8>,
}

impl<'a> IsoReader<'a> {
    /// Reads the volume descriptors.
    ///
    /// Err if there is no primary descriptor or its logical block is not 2048 bytes.
    pub fn open(image: &'a dyn ReadAt) -> Result<Self, ReadError> {
        let descriptors = Descriptors::read(image)?;
        let Some(primary) = descriptors.primary() else {
            let reason = "no primary volume descriptor before the terminator";
            let structure = "ISO 9660 volume descriptors";
            return Err(ReadError::malformed(structure, FIRST_DESCRIPTOR, reason));
        };
        let primary = TreeDescriptor::parse(primary)?;
        let joliet = descriptors.joliet().map(TreeDescriptor::parse).transpose()?;
        for descriptor in [Some(&primary), joliet.as_ref()].into_iter().flatten() {
            let size = descriptor.block_size.little;
            if u64::from(size) != SECTOR {
                let reason = format!("a logical block of {size} bytes");
                let structure = "ISO 9660 volume descriptor";
                return Err(ReadError::unsupported(structure, descriptor.offset, reason));
            }
        }
        let rock_ridge = rock_ridge_of(image, &primary)?;
        Ok(Self { image, primary, joliet, rock_ridge })
    }

    /// The trees that the image holds, [`Namespace::Iso9660`] always among them.
    pub fn namespaces(&self) -> Vec<Namespace> {
        let rock_ridge = self.rock_ridge.map(|_| Namespace::RockRidge);
        let joliet = self.joliet.as_ref().map(|_| Namespace::Joliet);
        [Some(Namespace::Iso9660), joliet, rock_ridge].into_iter().flatten().collect()
    }

    /// The volume identifier, without the spaces that fill it up; None if the tree is not there.
    pub fn label(&self, namespace: Namespace) -> Option<&str> {
        self.descriptor(namespace).ok().map(|descriptor| descriptor.volume_id.as_str())
    }

    /// The size of the volume that the primary descriptor states, in bytes.
    pub fn volume_bytes(&self) -> u64 {
        u64::from(self.primary.space_size.little) * SECTOR
    }

    /// Visits every entry of a tree: a directory before its children, the children of a directory
    /// in the order of the bytes of their names. `visit` ends the walk with `Break`.
    ///
    /// Memory is that of the directories on the way from the root, so a tree of a million files is
    /// walked in a few MiB.
    pub fn walk(
        &self,
        namespace: Namespace,
        visit: &mut dyn FnMut(&Entry) -> ControlFlow<()>,
    ) -> Result<(), ReadError> {
        walk::walk(&mut self.tree(namespace)?, self.image, visit)
    }

    /// The entry at `path`, reading only the directories on the way.
    pub fn find(&self, namespace: Namespace, path: &str) -> Result<Entry, ReadError> {
        walk::find(&mut self.tree(namespace)?, self.image, path)
    }

    fn descriptor(&self, namespace: Namespace) -> Result<&TreeDescriptor, ReadError> {
        let descriptor = match namespace {
            Namespace::Iso9660 => Some(&self.primary),
            Namespace::RockRidge => self.rock_ridge.map(|_| &self.primary),
            Namespace::Joliet => self.joliet.as_ref(),
            Namespace::Udf => None,
        };
        descriptor.ok_or(ReadError::NoNamespace { namespace })
    }

    fn tree(&self, namespace: Namespace) -> Result<IsoTree<'a, '_>, ReadError> {
        Ok(IsoTree {
            image: self.image,
            descriptor: self.descriptor(namespace)?,
            rock_ridge: self.rock_ridge.filter(|_| namespace == Namespace::RockRidge),
            window: Window::new(self.image),
        })
    }
}

/// Whether the first record of the root directory says that the primary tree has system use
/// entries, and one of its records or of its children's carries a Rock Ridge name or mode.
fn rock_ridge_of(image: &dyn ReadAt, primary: &TreeDescriptor) -> Result<Option<u8>, ReadError> {
    let mut window = Window::new(image);
    let mut records = RecordReader::new(image, &mut window, Directory::of(&primary.root))?;
    let Some((offset, dot)) = records.next()? else { return Ok(None) };
    let Some(skipped) = susp::skipped_bytes(&dot.system_use) else { return Ok(None) };
    let entries = SystemUse::read(image, system_use_offset(offset, &dot), &dot.system_use)?;
    Ok(entries.get(b"PX").map(|_| skipped))
}

/// Where the system use field of a record at `offset` starts.
pub(crate) fn system_use_offset(offset: u64, record: &DirectoryRecord) -> u64 {
    offset + u64::from(record.len) - record.system_use.len() as u64
}

struct IsoTree<'a, 'r> {
    image: &'a dyn ReadAt,
    descriptor: &'r TreeDescriptor,
    rock_ridge: Option<u8>,
    window: Window<'a>,
}

/// What Rock Ridge says of a record.
struct Posix {
    name: Option<String>,
    child_link: Option<u32>,
    hidden: bool,
}

impl IsoTree<'_, '_> {
    fn posix(&self, offset: u64, record: &DirectoryRecord) -> Result<Posix, ReadError> {
        let Some(skipped) = self.rock_ridge else {
            return Ok(Posix { name: None, child_link: None, hidden: false });
        };
        let offset = system_use_offset(offset, record) + u64::from(skipped);
        let field = record.system_use.get(usize::from(skipped)..).unwrap_or(&[]);
        let entries = SystemUse::read(self.image, offset, field)?;
        Ok(Posix {
            name: entries.name(),
            child_link: entries.child_link(),
            hidden: entries.is_relocated(),
        })
    }

    /// The directory at a block that a child link names: its length stands in its own record.
    fn linked_directory(&self, block: u32) -> Result<Directory, ReadError> {
        const STRUCTURE: &str = "relocated directory";
        let offset = u64::from(block) * SECTOR;
        let mut sector = [0; SECTOR as usize];
        crate::read::source::read_exact(self.image, STRUCTURE, offset, &mut sector)?;
        let dot = DirectoryRecord::parse(&sector)
            .map_err(|reason| ReadError::malformed(STRUCTURE, offset, reason))?;
        Ok(Directory { offset, len: u64::from(dot.data_len.little) })
    }

    fn check_inside(&self, offset: u64, extents: &[DataExtent]) -> Result<(), ReadError> {
        for extent in extents {
            if extent.offset.checked_add(extent.len).is_none_or(|end| end > self.image.len()) {
                let reason = format!(
                    "its data of {} bytes at byte {} ends behind the end of the image",
                    extent.len, extent.offset
                );
                return Err(ReadError::malformed("ISO 9660 directory record", offset, reason));
            }
        }
        Ok(())
    }
}

impl Directories for IsoTree<'_, '_> {
    type Directory = Directory;

    const STRUCTURE: &'static str = "ISO 9660 directory";

    fn root(&self) -> Directory {
        Directory::of(&self.descriptor.root)
    }

    fn identity(&self, directory: &Directory) -> u64 {
        directory.offset
    }

    fn bytes(&self, directory: &Directory) -> u64 {
        directory.len
    }

    fn children(&mut self, directory: &Directory) -> Result<Vec<Child<Directory>>, ReadError> {
        const STRUCTURE: &str = "ISO 9660 directory record";
        let mut window = std::mem::replace(&mut self.window, Window::new(self.image));
        let mut records = RecordReader::new(self.image, &mut window, *directory)?;
        let mut sections = MultiExtent::default();
        let mut children = Vec::new();
        while let Some((offset, record)) = records.next()? {
            if record.is_dot() || record.flags & flags::ASSOCIATED != 0 {
                continue;
            }
            let joined = if record.is_directory() {
                None
            } else {
                let joined = sections
                    .push(&record)
                    .map_err(|reason| ReadError::malformed(STRUCTURE, offset, reason))?;
                let Some(joined) = joined else { continue };
                Some(joined)
            };
            let posix = self.posix(offset, &record)?;
            if posix.hidden {
                continue;
            }
            let directory = match (posix.child_link, &joined) {
                (Some(block), _) => Some(self.linked_directory(block)?),
                (None, None) => Some(Directory::of(&record)),
                (None, Some(_)) => None,
            };
            let (len, extents) = match joined {
                Some(joined) if directory.is_none() => (joined.len, joined.extents),
                _ => (0, Vec::new()),
            };
            self.check_inside(offset, &extents)?;
            children.push(Child {
                name: posix.name.unwrap_or_else(|| record.name(self.descriptor.joliet)),
                directory,
                len,
                extents,
                record_offset: offset,
            });
            if children.len() as u64 > MAX_ENTRIES {
                let (structure, limit) = (STRUCTURE, MAX_ENTRIES);
                return Err(ReadError::Limit { structure, offset, limit, what: "entries" });
            }
        }
        if sections.is_open() {
            let reason = "its last file has no last section";
            return Err(ReadError::malformed(Self::STRUCTURE, directory.offset, reason));
        }
        self.window = window;
        Ok(children)
    }
}
