//! The entries of one directory.

use super::{Checker, rules};
use crate::read::DataExtent;
use crate::read::bytes::array;
use crate::read::directory::{BITMAP, EntrySet, Item, LABEL, LEN, Slot, UPCASE, items};
use crate::read::source;

/// How much is read at once.
const CHUNK: u64 = 64 * 1024;

impl Checker<'_> {
    /// Checks the entries of a directory that lies there. Returns its files and directories, and
    /// the entries that are something else.
    pub(super) fn check_directory(
        &mut self,
        clusters: &[DataExtent],
        is_root: bool,
        offset: u64,
        path: &dyn Fn() -> String,
    ) -> (Vec<EntrySet>, Vec<Slot>) {
        let Some(slots) = self.slots(clusters, offset, path) else {
            return (Vec::new(), Vec::new());
        };
        let (mut sets, mut others) = (Vec::new(), Vec::new());
        for item in items(&slots) {
            match item {
                Item::Set(set) => sets.push(set),
                Item::Broken(slot, reason) => {
                    self.report.add_at(rules::SET_BROKEN, slot.offset, path, reason);
                }
                Item::Unused(slot) => {
                    let message = format!("type {:#04x}", slot.kind());
                    self.report.add_at(rules::ENTRY_UNUSED, slot.offset, path, message);
                }
                Item::Other(slot) if is_root && [BITMAP, UPCASE, LABEL].contains(&slot.kind()) => {
                    others.push(slot);
                }
                Item::Other(slot) => {
                    let message = format!("an entry of type {:#04x}", slot.kind());
                    self.report.add_at(rules::ENTRY_UNKNOWN, slot.offset, path, message);
                }
            }
        }
        (sets, others)
    }

    /// Reads the slots of a directory up to its end, and checks that nothing lies behind it.
    fn slots(
        &mut self,
        clusters: &[DataExtent],
        offset: u64,
        path: &dyn Fn() -> String,
    ) -> Option<Vec<Slot>> {
        let mut slots = Vec::new();
        let mut has_ended = false;
        for extent in clusters {
            let mut at = extent.offset;
            while at < extent.offset + extent.len {
                let end = extent.offset + extent.len;
                if has_ended {
                    self.check_zero(rules::DIRECTORY_END, at, end, path);
                    break;
                }
                let mut bytes = vec![0; CHUNK.min(end - at) as usize];
                if let Err(error) = source::read_exact(self.image, "directory", at, &mut bytes) {
                    self.report.add_error(rules::UNREADABLE, path, &error.into());
                    return None;
                }
                for (number, bytes) in bytes.chunks_exact(LEN).enumerate() {
                    let slot = Slot { offset: at + (number * LEN) as u64, bytes: array(bytes, 0) };
                    if slot.is_end() {
                        has_ended = true;
                        at = slot.offset;
                        break;
                    }
                    slots.push(slot);
                }
                if !has_ended {
                    at += bytes.len() as u64;
                }
            }
        }
        if clusters.is_empty() {
            let message = "a directory without a cluster";
            self.report.add_at(rules::DIRECTORY_LENGTH, offset, path, message);
            return None;
        }
        Some(slots)
    }
}
