use std::collections::HashSet;

use super::tree::NewNode;
use super::udf_file_entry::CheckedEntry;
use super::udf_tree::{UdfDirectory, UdfWalk};
use super::{Checker, rules};
use crate::read::ReadError;
use crate::read::iso::SECTOR;
use crate::read::source::Window;
use crate::read::udf::file_identifier::{FileIdentifier, IdentifierReader, characteristics};

impl<'a> Checker<'a> {
    /// Checks one directory's file identifiers and the file entries behind them, and adds its
    /// children to the tree. Err if the rest of the directory cannot be read.
    pub(super) fn check_udf_directory(
        &mut self,
        walk: &mut UdfWalk<'a, '_>,
        directory: &UdfDirectory,
    ) -> Result<(), ReadError> {
        let mut window = std::mem::replace(&mut walk.directories, Window::new(self.image));
        let mut identifiers =
            IdentifierReader::new(self.image, &mut window, directory.extents.clone())?;
        let mut names = HashSet::new();
        let mut index = 0;
        while let Some(identifier) = identifiers.next()? {
            let name = identifier.name();
            let shown = name.clone().unwrap_or_default();
            let tree = &walk.tree;
            let path = || tree.path_of(directory.node, &shown);
            let sound = self.check_identifier(walk.partition, &identifier, &path);
            if index == 0 || identifier.is_parent() {
                self.check_parent(walk, directory, index, &identifier);
            } else if sound {
                match name {
                    Ok(name) if is_plain_name(&name) && names.insert(name.clone()) => {}
                    Ok(_) => {
                        let message = "a name that is there twice or no part of a path";
                        self.report.add_at(rules::UDF_NAME, identifier.offset, path, message);
                    }
                    Err(reason) => {
                        self.report.add_at(rules::UDF_NAME, identifier.offset, path, reason);
                    }
                }
                walk.guard.count(1, identifier.offset)?;
                self.check_named_entry(walk, directory, &identifier, &shown);
            }
            index += 1;
        }
        if index == 0 {
            let path = || walk.tree.path(directory.node);
            let offset = walk.partition.offset_of(directory.block);
            let message = "a directory without the name of its parent";
            self.report.add_at(rules::UDF_FID_PARENT, offset, path, message);
        }
        walk.directories = window;
        Ok(())
    }

    /// Checks a descriptor by itself; false if its fields are not to be trusted.
    fn check_identifier(
        &mut self,
        partition: &crate::read::udf::volume::Partition,
        identifier: &FileIdentifier,
        path: &dyn Fn() -> String,
    ) -> bool {
        let offset = identifier.offset;
        if let Some(fault) = identifier.tag_fault {
            self.add_tag_fault(fault, offset, path);
            return false;
        }
        // The block in which the descriptor starts, counted from the partition's first.
        let block = (offset / SECTOR).saturating_sub(u64::from(partition.start));
        let len = 38 + identifier.identifier.len() + usize::from(identifier.implementation_use_len);
        let len = len.next_multiple_of(4);
        self.check_tag_fields(identifier.tag, offset, block as u32, len, path);
        let icb = identifier.icb;
        let known = characteristics::DIRECTORY | characteristics::PARENT | 1;
        let checks = [
            (identifier.version == 1, "a file version other than 1"),
            (identifier.characteristics & !known == 0, "deleted, or unknown characteristics"),
            (identifier.implementation_use_len == 0, "implementation use"),
            (identifier.padding_is_zero, "padding that is not zero"),
            (
                (icb.kind, u64::from(icb.len), icb.partition) == (0, SECTOR, 0),
                "an ICB that is not one block of the partition",
            ),
            (partition.contains(icb.block, SECTOR), "an ICB outside the partition"),
        ];
        for (_, what) in checks.into_iter().filter(|(holds, _)| !holds) {
            self.report.add_at(rules::UDF_FID, offset, path, what);
        }
        !identifier.is_deleted() && partition.contains(icb.block, SECTOR)
    }

    fn check_parent(
        &mut self,
        walk: &mut UdfWalk<'a, '_>,
        directory: &UdfDirectory,
        index: usize,
        identifier: &FileIdentifier,
    ) {
        let both = characteristics::DIRECTORY | characteristics::PARENT;
        let right = index == 0
            && identifier.characteristics == both
            && identifier.identifier.is_empty()
            && identifier.icb.block == directory.parent_block;
        if !right {
            let path = || walk.tree.path(directory.node);
            let message = "not one entry of the parent, and that the first";
            self.report.add_at(rules::UDF_FID_PARENT, identifier.offset, path, message);
        }
        if let Some(parent) = walk.seen(identifier.icb.block) {
            parent.names += 1;
        }
    }

    fn check_named_entry(
        &mut self,
        walk: &mut UdfWalk<'a, '_>,
        directory: &UdfDirectory,
        identifier: &FileIdentifier,
        name: &str,
    ) {
        let block = identifier.icb.block;
        if let Some(seen) = walk.seen(block) {
            seen.names += 1;
            let (twin, is_directory) = (seen.node, seen.is_directory);
            let path = || walk.tree.path_of(directory.node, name);
            if is_directory != identifier.is_directory() {
                let message = "a second name of an entry, and of another kind";
                self.report.add_at(rules::UDF_ICB_TYPE, identifier.offset, path, message);
            } else if is_directory {
                let message = "a second name of a directory";
                self.report.add_at(rules::UDF_TREE_LOOP, identifier.offset, path, message);
            } else {
                walk.tree.push_twin(directory.node, name, twin, identifier.offset);
            }
            return;
        }
        let Some(checked) = self.entry_of(walk, directory, identifier, name) else { return };
        let is_directory = checked.entry.is_directory();
        let extents: &[_] = if is_directory { &[] } else { &checked.extents };
        let len = if is_directory { 0 } else { checked.entry.information_len };
        let new = NewNode { name, is_directory, len, extents, record_offset: identifier.offset };
        let node = walk.tree.push(directory.node, new);
        self.check_named_type(walk, node, identifier, &checked);
        walk.remember(block, node, &checked);
        if is_directory {
            walk.queue.push_back(UdfDirectory {
                node,
                block,
                parent_block: directory.block,
                len: checked.entry.information_len,
                extents: checked.extents,
                depth: directory.depth + 1,
            });
        }
    }

    fn entry_of(
        &mut self,
        walk: &mut UdfWalk<'a, '_>,
        directory: &UdfDirectory,
        identifier: &FileIdentifier,
        name: &str,
    ) -> Option<CheckedEntry> {
        let tree = &walk.tree;
        let path = || tree.path_of(directory.node, name);
        let block = identifier.icb.block;
        let offset = walk.partition.offset_of(block);
        match walk.entries.get("UDF file entry", offset, SECTOR as usize) {
            Ok(bytes) => self.check_file_entry(walk.partition, block, bytes, &path),
            Err(error) => {
                self.report.add_error(rules::UDF_FID, path, &error.into());
                None
            }
        }
    }

    fn check_named_type(
        &mut self,
        walk: &UdfWalk<'_, '_>,
        node: super::tree::NodeIndex,
        identifier: &FileIdentifier,
        checked: &CheckedEntry,
    ) {
        let path = || walk.tree.path(node);
        if identifier.is_directory() != checked.entry.is_directory() {
            let message =
                format!("file type {} behind another kind of name", checked.entry.file_type);
            self.report.add_at(rules::UDF_ICB_TYPE, checked.offset + 27, path, message);
        }
        // UDF 1.02 leaves the field to implementations; later ones repeat the id in it.
        let repeated = identifier.unique_id();
        if repeated != 0 && repeated != checked.entry.unique_id as u32 {
            let message = format!(
                "the name says unique id {repeated}, the entry {}",
                checked.entry.unique_id
            );
            self.report.add_at(rules::UDF_UNIQUE_ID, identifier.offset + 32, path, message);
        }
    }
}

fn is_plain_name(name: &str) -> bool {
    !matches!(name, "" | "." | "..") && !name.contains(['/', '\0'])
}
