use std::collections::HashMap;

use super::iso_names::compare_identifiers;
use super::iso_tree::{IsoDirectory, IsoWalk};
use super::space::Use;
use super::{Checker, rules};
use crate::read::iso::SECTOR;
use crate::read::iso::path_table::{self, PathTableRecord};
use crate::read::limits::MAX_PATH_TABLE_BYTES;
use crate::read::source;

const STRUCTURE: &str = "path table";

impl Checker<'_> {
    /// Checks the L and the M table of a tree against its directories, and against each other.
    pub(super) fn check_path_tables(&mut self, walk: &IsoWalk<'_>) {
        let descriptor = walk.descriptor;
        let mut by_order = Vec::new();
        for (places, big_endian) in
            [(descriptor.path_tables_l, false), (descriptor.path_tables_m, true)]
        {
            let [main, optional] = places;
            let Some((bytes, records)) = self.read_path_table(walk, main, big_endian) else {
                return;
            };
            self.check_path_table(walk, main, &records);
            if optional != 0 {
                let second = self.read_path_table(walk, optional, big_endian);
                if second.is_some_and(|(second, _)| second != bytes) {
                    let message = "the optional path table is not that of the main one";
                    let offset = u64::from(optional) * SECTOR;
                    self.report.add(rules::ISO_PATH_TABLES_DIFFER, offset, message);
                }
            }
            by_order.push(records);
        }
        if by_order[0] != by_order[1] {
            let offset = u64::from(descriptor.path_tables_m[0]) * SECTOR;
            let message = "the path tables L and M differ";
            self.report.add(rules::ISO_PATH_TABLES_DIFFER, offset, message);
        }
    }

    fn read_path_table(
        &mut self,
        walk: &IsoWalk<'_>,
        sector: u32,
        big_endian: bool,
    ) -> Option<(Vec<u8>, Vec<PathTableRecord>)> {
        let offset = u64::from(sector) * SECTOR;
        let len = u64::from(walk.descriptor.path_table_size.little);
        if len > MAX_PATH_TABLE_BYTES {
            let message = format!("a path table of {len} bytes");
            self.report.add(rules::ISO_PATH_TABLE, offset, message);
            return None;
        }
        let mut bytes = vec![0; len as usize];
        if let Err(error) = source::read_exact(self.image, STRUCTURE, offset, &mut bytes) {
            self.report.add_error(rules::ISO_PATH_TABLE, String::new, &error.into());
            return None;
        }
        self.claim(Use::PathTable, offset, len);
        match path_table::parse(&bytes, big_endian) {
            Ok(records) => Some((bytes, records)),
            Err((at, reason)) => {
                self.report.add(rules::ISO_PATH_TABLE, offset + at as u64, reason);
                None
            }
        }
    }

    fn check_path_table(&mut self, walk: &IsoWalk<'_>, sector: u32, records: &[PathTableRecord]) {
        let offset = u64::from(sector) * SECTOR;
        if records.len() != walk.directories.len() {
            let message =
                format!("{} records for {} directories", records.len(), walk.directories.len());
            self.report.add(rules::ISO_PATH_TABLE, offset, message);
        }
        let by_place: HashMap<u64, &IsoDirectory> =
            walk.directories.iter().map(|dir| (dir.place.offset, dir)).collect();
        for (index, record) in records.iter().enumerate() {
            let place = u64::from(record.extent) * SECTOR;
            let Some(directory) = by_place.get(&place) else {
                let message = format!("block {} is of no directory", record.extent);
                self.report.add(rules::ISO_PATH_TABLE, offset + record.at as u64, message);
                continue;
            };
            let problem = record_problem(walk, records, index, directory);
            if let Some(problem) = problem {
                let path = || walk.tree.path(directory.node);
                let offset = offset + record.at as u64;
                self.report.add_at(rules::ISO_PATH_TABLE, offset, path, problem);
            }
        }
    }
}

fn record_problem(
    walk: &IsoWalk<'_>,
    records: &[PathTableRecord],
    index: usize,
    directory: &IsoDirectory,
) -> Option<&'static str> {
    let record = &records[index];
    if record.identifier != directory.identifier {
        return Some("another identifier than the directory's record");
    }
    if record.extended_attribute_len != 0 {
        return Some("an extended attribute record");
    }
    if record.padding != 0 {
        return Some("padding that is not zero");
    }
    // Directories are numbered from 1, the root is its own parent (ECMA-119 §6.9.1).
    let Some(parent) = usize::from(record.parent).checked_sub(1) else {
        return Some("a parent number of 0");
    };
    if index > 0 && parent >= index {
        return Some("a parent behind its child");
    }
    let parent_place = records.get(parent).map(|parent| u64::from(parent.extent) * SECTOR);
    if parent_place != Some(directory.parent.offset) {
        return Some("another parent than the tree's");
    }
    let before = index.checked_sub(1).map(|before| &records[before])?;
    let by_identifier =
        compare_identifiers(&before.identifier, &record.identifier, walk.descriptor.joliet);
    // By level first: parents of one level have smaller numbers than those of the next.
    let ordered = before.parent.cmp(&record.parent).then(by_identifier).is_lt();
    (index > 1 && !ordered).then_some("a record that belongs before the one before it")
}
