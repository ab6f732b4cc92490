//! The names of a directory.

use std::collections::HashMap;

use super::{Checker, rules};
use crate::read::directory::EntrySet;

/// What Windows takes for a device, whatever extension follows.
const DEVICES: [&str; 6] = ["AUX", "CON", "CONIN$", "CONOUT$", "NUL", "PRN"];

impl Checker<'_> {
    /// Checks the names of a directory's files and directories.
    pub(super) fn check_names(&mut self, sets: &[EntrySet], path: &dyn Fn() -> String) {
        let mut known: HashMap<Vec<u16>, u64> = HashMap::new();
        for set in sets {
            let units = set.units();
            let name = set.name();
            if !is_sound(&name, &units) {
                let message = format!("the name `{}`", name.escape_debug());
                self.report.add_at(rules::NAME, set.file.offset, path, message);
            }
            if let Some(other) = known.insert(self.upcase.fold(&units), set.file.offset) {
                let message = format!("`{}` is at byte {other}, too", name.escape_debug());
                self.report.add_at(rules::NAME_DUPLICATE, set.file.offset, path, message);
            }
        }
    }
}

fn is_sound(name: &str, units: &[u16]) -> bool {
    let is_text = char::decode_utf16(units.iter().copied()).all(|unit| unit.is_ok());
    let forbidden = |c: char| c.is_control() || "\"*/:<>?\\|".contains(c);
    let stem = name.split('.').next().unwrap_or_default().trim_end_matches(' ');
    let upper = stem.to_ascii_uppercase();
    let mut letters = upper.chars();
    let is_port = upper.chars().count() == 4
        && (upper.starts_with("COM") || upper.starts_with("LPT"))
        && letters.next_back().is_some_and(|c| "123456789¹²³".contains(c));
    is_text
        && !name.contains(forbidden)
        && !name.ends_with(['.', ' '])
        && !is_port
        && !DEVICES.contains(&&*upper)
}
