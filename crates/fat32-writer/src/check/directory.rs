//! The entries of one directory.

use super::chain::Chain;
use super::names::{DirectoryNames, label_fault};
use super::{Checker, rules};
use crate::read::boot_sector::BootSector;
use crate::read::bytes::{all_zero, latin1, le16};
use crate::read::directory::{LongFault, Named, named, slots_of_cluster};
use crate::read::limits::MAX_DIRECTORY_BYTES;
use crate::read::slot::{LOWER_EXTENSION, LOWER_STEM, Slot, attributes};

impl Checker<'_> {
    /// Checks a directory and returns its children; `root` is the boot sector if it is the root,
    /// and `own` the clusters that its first two entries name.
    pub(super) fn check_directory(
        &mut self,
        chain: &Chain,
        root: Option<&BootSector>,
        own: (u32, u32),
        offset: u64,
        path: &dyn Fn() -> String,
    ) -> Vec<Named> {
        let Some(slots) = self.slots(chain, offset, path) else { return Vec::new() };
        let deleted = slots.iter().filter(|slot| slot.is_deleted());
        for slot in deleted {
            self.report.add_at(rules::ENTRY_DELETED, slot.offset, path, "a deleted entry");
        }
        let mut faults = Vec::new();
        let mut found = named(&slots, &mut |fault, offset| faults.push((fault, offset)));
        for (fault, offset) in faults {
            let (rule, message) = described(fault);
            self.report.add_at(rule, offset, path, message);
        }
        match root {
            Some(boot_sector) => self.check_label(boot_sector, &found),
            None => self.check_dots(&found, own, offset, path),
        }
        for named in &found {
            self.check_entry(named, root.is_some(), path);
        }
        found.retain(|named| !named.slot.is_label() && !named.slot.is_dot());
        let mut names = DirectoryNames::default();
        for named in &found {
            names.check(named, path, &mut self.report);
        }
        found
    }

    /// The slots up to the end mark, of a directory that is not too long.
    fn slots(
        &mut self,
        chain: &Chain,
        offset: u64,
        path: &dyn Fn() -> String,
    ) -> Option<Vec<Slot>> {
        if chain.count() * self.geometry.cluster_size > MAX_DIRECTORY_BYTES {
            let message = format!("a directory of {} clusters", chain.count());
            self.report.add_at(rules::DIRECTORY_TOO_LARGE, offset, path, message);
            return None;
        }
        let mut slots: Vec<Slot> = Vec::new();
        let mut has_ended = false;
        for cluster in chain.clusters() {
            if has_ended {
                let message = "clusters behind the end of the directory";
                self.report.add_at(rules::CHAIN_LONG, offset, path, message);
                break;
            }
            let found = match slots_of_cluster(self.image, &self.geometry, cluster) {
                Ok(found) => found,
                Err(error) => {
                    self.unreadable(&error);
                    break;
                }
            };
            let end = found.iter().position(Slot::is_end);
            let (used, rest) = found.split_at(end.unwrap_or(found.len()));
            slots.extend_from_slice(used);
            has_ended = end.is_some();
            if let Some(slot) = rest.iter().find(|slot| !all_zero(&slot.bytes)) {
                let message = "an entry behind the end of the directory";
                self.report.add_at(rules::DIRECTORY_END, slot.offset, path, message);
            }
        }
        Some(slots)
    }

    fn check_dots(
        &mut self,
        found: &[Named],
        (own, parent): (u32, u32),
        offset: u64,
        path: &dyn Fn() -> String,
    ) {
        let expected = [(b".          ", own), (b"..         ", parent)];
        for (index, (name, cluster)) in expected.into_iter().enumerate() {
            let slot = found.get(index).map(|named| named.slot);
            let is_sound = slot.is_some_and(|slot| {
                slot.name() == *name
                    && slot.is_directory()
                    && slot.first_cluster() == cluster
                    && slot.len() == 0
            });
            if !is_sound {
                let text = latin1(name);
                let message = format!("no sound entry `{text}` for cluster {cluster}");
                let offset = slot.map_or(offset, |slot| slot.offset);
                self.report.add_at(rules::DIRECTORY_DOTS, offset, path, message);
            }
        }
        for named in found.iter().skip(2).filter(|named| named.slot.is_dot()) {
            let message = "an entry for a directory itself behind its first two";
            self.report.add_at(rules::DIRECTORY_DOTS, named.slot.offset, path, message);
        }
    }

    /// Checks the label in the root and that it is the one in the boot sector.
    fn check_label(&mut self, boot_sector: &BootSector, found: &[Named]) {
        for named in found.iter().filter(|named| named.slot.is_dot()) {
            let message = "the root has no entry for itself";
            self.report.add(rules::DIRECTORY_DOTS, named.slot.offset, message);
        }
        let mut labels = found.iter().map(|named| &named.slot).filter(|slot| slot.is_label());
        let label = labels.next();
        for slot in labels {
            self.report.add(rules::LABEL, slot.offset, "a second label");
        }
        if let Some(slot) = label
            && let Some(message) = label_fault(slot)
        {
            self.report.add(rules::LABEL, slot.offset, message);
        }
        let in_root = label.map_or(*b"NO NAME    ", Slot::name);
        if boot_sector.label != in_root {
            let message = format!(
                "`{}` in the boot sector, `{}` in the root",
                latin1(&boot_sector.label),
                latin1(&in_root)
            );
            self.report.add(rules::LABEL_DIFFERS, self.geometry.volume + 71, message);
        }
    }

    fn check_entry(&mut self, named: &Named, in_root: bool, path: &dyn Fn() -> String) {
        let slot = &named.slot;
        let (at, bits) = (slot.offset, slot.attributes());
        let is_both = attributes::VOLUME_ID | attributes::DIRECTORY;
        if bits & attributes::RESERVED != 0 || bits & is_both == is_both {
            let message = format!("attributes {bits:#04x}");
            self.report.add_at(rules::ENTRY_ATTRIBUTES, at + 11, path, message);
        }
        if slot.is_label() && !in_root {
            self.report.add_at(rules::LABEL, at, path, "a label outside of the root");
        }
        if slot.bytes[12] & !(LOWER_STEM | LOWER_EXTENSION) != 0 {
            let message = format!("reserved byte {:#04x}", slot.bytes[12]);
            self.report.add_at(rules::ENTRY_RESERVED, at + 12, path, message);
        }
        let created = slot.bytes[13] < 200
            && is_date(le16(&slot.bytes, 16), true)
            && is_time(le16(&slot.bytes, 14));
        let accessed = is_date(le16(&slot.bytes, 18), true);
        let written = is_date(le16(&slot.bytes, 24), false) && is_time(le16(&slot.bytes, 22));
        for (field, is_sound) in [(13, created), (18, accessed), (22, written)] {
            if !is_sound {
                let message = "what stands for a time is none";
                self.report.add_at(rules::ENTRY_TIME, at + field, path, message);
            }
        }
    }
}

/// Whether a field is a date (Microsoft FAT specification, section 6.3), or 0 where it may be
/// absent.
fn is_date(date: u16, may_be_absent: bool) -> bool {
    let (year, month, day) = (1980 + (date >> 9), date >> 5 & 15, date & 31);
    let is_leap = year.is_multiple_of(4) && year != 2100;
    let days = match month {
        2 if is_leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => 0,
    };
    (1..=days).contains(&day) || date == 0 && may_be_absent
}

fn is_time(time: u16) -> bool {
    time >> 11 < 24 && time >> 5 & 63 < 60 && time & 31 < 30
}

fn described(fault: LongFault) -> (&'static str, &'static str) {
    match fault {
        LongFault::Orphan => (rules::LONG_NAME_ORPHAN, "a long name without a short one"),
        LongFault::Order => (rules::LONG_NAME_ORDER, "the entries are not numbered in order"),
        LongFault::Checksum => (rules::LONG_NAME_CHECKSUM, "the checksum is not the short name's"),
        LongFault::Padding => {
            (rules::LONG_NAME_PADDING, "the name ends before its last entry, or not with ones")
        }
        LongFault::Reserved => (rules::LONG_NAME_RESERVED, "the type or the cluster is not 0"),
    }
}
