use std::cmp::Ordering;
use std::collections::VecDeque;

use super::dates::is_record_date;
use super::iso_names::{compare_identifiers, is_joliet_name, is_level_3_name};
use super::iso_volume::IsoVolume;
use super::space::Use;
use super::tree::{NewNode, NodeIndex, ROOT, Tree};
use super::{Checker, rules};
use crate::read::iso::record::{DirectoryRecord, flags};
use crate::read::iso::volume_descriptor::TreeDescriptor;
use crate::read::iso::{Directory, MultiExtent, RecordReader, SECTOR, susp};
use crate::read::limits::MAX_DEPTH;
use crate::read::source::Window;
use crate::read::walk::Guard;
use crate::read::{EntryKind, Namespace, ReadError};

/// A directory of an ISO 9660 tree.
#[derive(Clone, Debug)]
pub(super) struct IsoDirectory {
    pub(super) node: NodeIndex,
    pub(super) place: Directory,
    /// The place of the directory that holds it; the root holds itself.
    pub(super) parent: Directory,
    pub(super) identifier: Box<[u8]>,
    depth: usize,
}

/// What a walk through one tree keeps.
pub(super) struct IsoWalk<'d> {
    pub(super) descriptor: &'d TreeDescriptor,
    /// The names of the records.
    pub(super) tree: Tree,
    /// The Rock Ridge names of the same nodes, if the tree has them.
    pub(super) posix: Option<Tree>,
    /// How many bytes of each system use field belong to another protocol, with Rock Ridge.
    pub(super) rock_ridge: Option<u8>,
    pub(super) directories: Vec<IsoDirectory>,
    guard: Guard,
}

impl Checker<'_> {
    /// Checks the trees of both descriptors with their path tables.
    pub(super) fn check_iso_trees(&mut self, volume: &IsoVolume) -> Vec<Tree> {
        let mut trees = Vec::new();
        for descriptor in [Some(&volume.primary), volume.joliet.as_ref()].into_iter().flatten() {
            let walk = self.walk_iso_tree(descriptor);
            self.check_path_tables(&walk);
            // With Rock Ridge the plain names have served: its tree has the same nodes, and its
            // names tell more.
            trees.push(walk.posix.unwrap_or(walk.tree));
        }
        trees
    }

    fn walk_iso_tree<'d>(&mut self, descriptor: &'d TreeDescriptor) -> IsoWalk<'d> {
        let namespace = if descriptor.joliet { Namespace::Joliet } else { Namespace::Iso9660 };
        let root = Directory::of(&descriptor.root);
        let mut walk = IsoWalk {
            descriptor,
            tree: Tree::new(namespace, root.offset),
            posix: None,
            rock_ridge: None,
            directories: Vec::new(),
            guard: Guard::new("ISO 9660 directory", self.image),
        };
        self.check_root_record(descriptor);
        let mut queue = VecDeque::from([IsoDirectory {
            node: ROOT,
            place: root,
            parent: root,
            identifier: Box::new([0]),
            depth: 1,
        }]);
        while let Some(directory) = queue.pop_front() {
            let path = walk.tree.path(directory.node);
            let entered = walk.guard.enter(directory.place.offset, directory.place.len, &path);
            if let Err(error) = entered {
                self.report.add_error(rules::ISO_TREE_LOOP, || path, &error);
                continue;
            }
            if directory.depth > MAX_DEPTH {
                let message = format!("more than {MAX_DEPTH} directories inside each other");
                self.report.add(rules::ISO_DIRECTORY, directory.place.offset, message);
                continue;
            }
            if let Err(error) = self.check_directory(&mut walk, &directory, &mut queue) {
                self.report.add_error(rules::ISO_RECORD, || path, &error);
            }
            walk.directories.push(directory);
        }
        walk
    }

    fn check_root_record(&mut self, descriptor: &TreeDescriptor) {
        let record = &descriptor.root;
        let offset = descriptor.offset + 156;
        if !record.is_directory() || *record.identifier != [0] || record.len != 34 {
            let message = "the root record is not that of a directory named 0";
            self.report.add(rules::ISO_ROOT, offset, message);
        }
        self.check_record_fields(offset, record, &String::new);
    }

    /// Checks one directory's records, adds its children to the tree and its directories to
    /// `queue`. Err if the rest of the directory cannot be read.
    fn check_directory(
        &mut self,
        walk: &mut IsoWalk<'_>,
        directory: &IsoDirectory,
        queue: &mut VecDeque<IsoDirectory>,
    ) -> Result<(), ReadError> {
        let place = directory.place;
        if place.len == 0 || !place.len.is_multiple_of(SECTOR) {
            let message = format!("a directory of {} bytes", place.len);
            let path = || walk.tree.path(directory.node);
            self.report.add_at(rules::ISO_DIRECTORY, place.offset, path, message);
        }
        self.check_extent(place.offset, place.len, walk.descriptor, place.offset, &|| {
            walk.tree.path(directory.node)
        });
        let mut window = Window::new(self.image);
        let mut records = RecordReader::new(self.image, &mut window, place)?;
        self.claim(Use::IsoDirectory, place.offset, place.len);

        let mut sections = MultiExtent::default();
        let mut before: Option<DirectoryRecord> = None;
        let mut index = 0u64;
        while let Some((offset, record)) = records.next()? {
            if index < 2 {
                self.check_dot(walk, directory, index as u8, offset, &record);
            } else if record.is_dot() {
                let path = || walk.tree.path(directory.node);
                let message = "a further record of the directory itself or its parent";
                self.report.add_at(rules::ISO_DIRECTORY, offset, path, message);
            } else {
                let ordered = before.as_ref().map(|before| (before, sections.is_open()));
                self.check_order_of_records(walk, directory, offset, ordered, &record);
                self.check_child(walk, directory, offset, &record, &mut sections, queue)?;
                before = Some(record);
            }
            index += 1;
        }
        if index < 2 {
            let path = || walk.tree.path(directory.node);
            let message = "no records of the directory itself and its parent";
            self.report.add_at(rules::ISO_DIRECTORY, place.offset, path, message);
        }
        if sections.is_open() {
            let path = || walk.tree.path(directory.node);
            let message = "the last file of the directory has no last section";
            self.report.add_at(rules::ISO_MULTI_EXTENT, place.offset, path, message);
        }
        if let Some(offset) = records.dirty_padding {
            let path = || walk.tree.path(directory.node);
            let message = "bytes behind the last record of a sector that are not zero";
            self.report.add_at(rules::ISO_RECORD, offset, path, message);
        }
        Ok(())
    }

    fn check_dot(
        &mut self,
        walk: &mut IsoWalk<'_>,
        directory: &IsoDirectory,
        index: u8,
        offset: u64,
        record: &DirectoryRecord,
    ) {
        let meant = if index == 0 { directory.place } else { directory.parent };
        let right = *record.identifier == [index] && record.is_directory();
        if !right || Directory::of(record) != meant {
            let what = if index == 0 { "itself" } else { "its parent" };
            let message = format!("no record of {what} where it should be");
            let path = || walk.tree.path(directory.node);
            self.report.add_at(rules::ISO_DIRECTORY, offset, path, message);
        }
        if directory.node == ROOT && index == 0 && !walk.descriptor.joliet {
            walk.rock_ridge = susp::skipped_bytes(&record.system_use);
            let root_offset = walk.tree.record_offset(ROOT);
            walk.posix = walk.rock_ridge.map(|_| Tree::new(Namespace::RockRidge, root_offset));
        }
        let tree = &walk.tree;
        let path = || tree.path(directory.node);
        self.check_record_fields(offset, record, &path);
        self.check_system_use(walk.rock_ridge, offset, record, &path);
    }

    fn check_child(
        &mut self,
        walk: &mut IsoWalk<'_>,
        directory: &IsoDirectory,
        offset: u64,
        record: &DirectoryRecord,
        sections: &mut MultiExtent,
        queue: &mut VecDeque<IsoDirectory>,
    ) -> Result<(), ReadError> {
        let descriptor = walk.descriptor;
        let name = record.name(descriptor.joliet);
        let tree = &walk.tree;
        let path = || tree.path_of(directory.node, &name);
        self.check_record_fields(offset, record, &path);
        self.check_name(record, descriptor.joliet, offset, &path);
        let posix_name = self.check_system_use(walk.rock_ridge, offset, record, &path);
        let (len, extents) = if record.is_directory() {
            if record.is_multi_extent() {
                let message = "a directory of several sections";
                self.report.add_at(rules::ISO_MULTI_EXTENT, offset, path, message);
            }
            (0, Vec::new())
        } else {
            let len = u64::from(record.data_len.little);
            if record.is_multi_extent() && (len == 0 || !len.is_multiple_of(SECTOR)) {
                let message = format!("a section of {len} bytes that is not the last");
                self.report.add_at(rules::ISO_MULTI_EXTENT, offset, path, message);
            }
            match sections.push(record) {
                Ok(None) => return Ok(()),
                Ok(Some(file)) => (file.len, file.extents),
                Err(reason) => {
                    self.report.add_at(rules::ISO_MULTI_EXTENT, offset, path, reason);
                    *sections = MultiExtent::default();
                    return Ok(());
                }
            }
        };
        walk.guard.count(1, offset)?;
        for extent in &extents {
            self.check_extent(extent.offset, extent.len, descriptor, offset, &path);
        }
        let kind = if record.is_directory() { EntryKind::Directory } else { EntryKind::File };
        let new = NewNode {
            name: &name,
            is_directory: kind == EntryKind::Directory,
            len,
            extents: &extents,
            record_offset: offset,
        };
        if let Some(posix) = &mut walk.posix {
            let name = posix_name.as_deref().unwrap_or(&name);
            posix.push(directory.node, NewNode { name, ..new });
        }
        let node = walk.tree.push(directory.node, new);
        if kind == EntryKind::Directory {
            queue.push_back(IsoDirectory {
                node,
                place: Directory::of(record),
                parent: directory.place,
                identifier: record.identifier.clone(),
                depth: directory.depth + 1,
            });
        }
        Ok(())
    }

    /// Checks what is the same for every record.
    pub(super) fn check_record_fields(
        &mut self,
        offset: u64,
        record: &DirectoryRecord,
        path: &dyn Fn() -> String,
    ) {
        let agreements = [
            (2, record.extent.agrees(), "location of extent"),
            (10, record.data_len.agrees(), "data length"),
            (28, record.volume.agrees(), "volume sequence number"),
        ];
        for (at, _, what) in agreements.into_iter().filter(|(_, agrees, _)| !agrees) {
            let message = format!("the {what} differs in its two byte orders");
            self.report.add_at(rules::ISO_BOTH_ENDIAN, offset + at, path, message);
        }
        if !is_record_date(&record.date) {
            self.report.add_at(rules::ISO_DATE, offset + 18, path, "a date that is none");
        }
        let known = flags::HIDDEN | flags::DIRECTORY | flags::MULTI_EXTENT;
        let odd = [
            (record.flags & !known != 0, "unknown or unsupported file flags"),
            (record.interleave != [0, 0], "an interleaved file"),
            (record.extended_attribute_len != 0, "an extended attribute record"),
            (record.volume.little != 1, "a file on another volume of the set"),
            (record.padding.is_some_and(|byte| byte != 0), "padding that is not zero"),
            (!record.len.is_multiple_of(2), "a record of odd length"),
        ];
        for (_, what) in odd.into_iter().filter(|(is_odd, _)| *is_odd) {
            self.report.add_at(rules::ISO_RECORD, offset, path, what);
        }
    }

    fn check_extent(
        &mut self,
        start: u64,
        len: u64,
        descriptor: &TreeDescriptor,
        record_offset: u64,
        path: &dyn Fn() -> String,
    ) {
        let end = start.saturating_add(len);
        let space = u64::from(descriptor.space_size.little) * SECTOR;
        if end > space.min(self.image.len()) {
            let message = format!("{len} bytes at byte {start} leave the volume space");
            self.report.add_at(rules::ISO_EXTENT, record_offset, path, message);
        }
    }

    fn check_name(
        &mut self,
        record: &DirectoryRecord,
        joliet: bool,
        offset: u64,
        path: &dyn Fn() -> String,
    ) {
        let sound = match joliet {
            true => is_joliet_name(&record.identifier),
            false => is_level_3_name(&record.identifier, record.is_directory()),
        };
        if !sound {
            let message = "a name with characters or a length that its tree does not take";
            self.report.add_at(rules::ISO_NAME, offset, path, message);
        }
    }

    /// Compares a record with the one before it, of which it may be a further section.
    fn check_order_of_records(
        &mut self,
        walk: &IsoWalk<'_>,
        directory: &IsoDirectory,
        offset: u64,
        before: Option<(&DirectoryRecord, bool)>,
        record: &DirectoryRecord,
    ) {
        let Some((before, section_open)) = before else { return };
        let joliet = walk.descriptor.joliet;
        let path = || walk.tree.path_of(directory.node, &record.name(joliet));
        match compare_identifiers(&before.identifier, &record.identifier, joliet) {
            Ordering::Less => {}
            Ordering::Equal if section_open => {}
            Ordering::Equal => {
                let message = "a second entry of this name";
                self.report.add_at(rules::ISO_DUPLICATE_NAME, offset, path, message);
            }
            Ordering::Greater => {
                let message = "a record that belongs before the one before it";
                self.report.add_at(rules::ISO_RECORD_ORDER, offset, path, message);
            }
        }
    }
}
