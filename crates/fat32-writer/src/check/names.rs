//! Names: what they hold, and that there is no second one.

use std::collections::HashMap;

use super::report::Report;
use super::rules;
use crate::read::bytes::utf16;
use crate::read::directory::Named;
use crate::read::slot::Slot;

/// The names of a directory so far.
#[derive(Default)]
pub(super) struct DirectoryNames {
    /// Every short name, with where it stands.
    shorts: HashMap<[u8; 11], u64>,
    /// Every name in upper case, short or long, with the offset of the short entry that has it.
    names: HashMap<String, u64>,
}

impl DirectoryNames {
    pub(super) fn check(&mut self, named: &Named, path: &dyn Fn() -> String, report: &mut Report) {
        let (slot, name) = (&named.slot, named.name());
        let path = || match path() {
            directory if directory.is_empty() => name.clone(),
            directory => format!("{directory}/{name}"),
        };
        if let Some(message) = short_name_fault(slot) {
            report.add_at(rules::SHORT_NAME, slot.offset, path, message);
        }
        if let Some(message) = name_fault(named, &name) {
            report.add_at(rules::LONG_NAME, slot.offset, path, message);
        }
        if let Some(other) = self.shorts.insert(slot.name(), slot.offset) {
            let message = format!("the entry at byte {other} has the same short name");
            report.add_at(rules::SHORT_NAME_DUPLICATE, slot.offset, path, message);
        }
        let mut plain = *slot;
        // The bits for lower case do not make another name.
        plain.bytes[12] = 0;
        for folded in [plain.shown_name().to_uppercase(), name.to_uppercase()] {
            let other = *self.names.entry(folded).or_insert(slot.offset);
            if other != slot.offset {
                let message = format!("the entry at byte {other} has the same name");
                report.add_at(rules::LONG_NAME_DUPLICATE, slot.offset, path, message);
            }
        }
    }
}

/// The characters of short names and labels (Microsoft FAT specification, section 6.1), of ASCII.
fn is_short_byte(byte: u8) -> bool {
    matches!(byte, b'A'..=b'Z' | b'0'..=b'9') || b"!#$%&'()-@^_`{}~".contains(&byte)
}

/// Bytes outside of ASCII are characters of some code page; this crate writes none.
fn short_name_fault(slot: &Slot) -> Option<String> {
    let name = slot.name();
    let part = |bytes: &[u8]| {
        let end = bytes.iter().rposition(|&byte| byte != b' ').map_or(0, |last| last + 1);
        bytes[..end].iter().copied().find(|&byte| !is_short_byte(byte))
    };
    if name[0] == b' ' {
        return Some("the short name begins with a space".to_owned());
    }
    let bad = part(&name[..8]).or_else(|| part(&name[8..]))?;
    Some(format!("the short name holds `{}`", bad.escape_ascii()))
}

/// What is wrong with a label, if anything is.
pub(super) fn label_fault(slot: &Slot) -> Option<String> {
    let name = slot.name();
    if name[0] == b' ' {
        return Some("the label begins with a space".to_owned());
    }
    if slot.first_cluster() != 0 || slot.len() != 0 {
        return Some("the label has a cluster or a size".to_owned());
    }
    let bad = name.iter().find(|&&byte| !is_short_byte(byte) && byte != b' ')?;
    Some(format!("the label holds `{}`", bad.escape_ascii()))
}

/// What keeps Windows from opening a file of this name, if anything does.
fn name_fault(named: &Named, name: &str) -> Option<String> {
    if let Some(units) = &named.long {
        if units.len() > 255 {
            return Some(format!("a name of {} UTF-16 units", units.len()));
        }
        if char::decode_utf16(units.iter().copied()).any(|unit| unit.is_err()) {
            return Some(format!("half a surrogate pair in `{}`", utf16(units.iter().copied())));
        }
    }
    let is_bad = |c: &char| {
        c.is_control() || matches!(c, '"' | '*' | '/' | ':' | '<' | '>' | '?' | '\\' | '|')
    };
    if let Some(bad) = name.chars().find(is_bad) {
        return Some(format!("the name holds `{}`", bad.escape_debug()));
    }
    if name.ends_with(['.', ' ']) {
        return Some("the name ends in a dot or a space".to_owned());
    }
    is_device(name).then(|| "the name stands for a device".to_owned())
}

fn is_device(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or(name).trim_end_matches(' ').to_uppercase();
    let numbered = |kind: &str| {
        let number = stem.strip_prefix(kind).and_then(|rest| {
            let mut characters = rest.chars();
            characters.next().filter(|_| characters.next().is_none())
        });
        number.is_some_and(|number| matches!(number, '1'..='9' | '¹' | '²' | '³'))
    };
    matches!(&*stem, "CON" | "PRN" | "AUX" | "NUL" | "CONIN$" | "CONOUT$")
        || numbered("COM")
        || numbered("LPT")
}
