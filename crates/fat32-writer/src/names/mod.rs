//! What FAT32 can call a file, a directory and a volume.
//!
//! Whoever plans what goes onto a FAT32 medium asks [`check`] long before anything is laid out.
//! The rules are those of long names (Microsoft FAT specification, section 7) as Windows enforces
//! them. That paths may have at most 260 characters is a rule of Windows programs, not of the
//! volume, and is not checked.

mod label;
mod reserved;
mod short;
mod unique;

use std::fmt;

pub use label::{LabelLimit, check_label, label_of};

use crate::format::directory_entry::long_entries;
pub(crate) use label::field as label_field;
pub(crate) use unique::{short_form, short_name_beside, short_names};

/// The most UTF-16 units of a name: 20 entries of 13 would hold 260, but readers take 255.
pub const NAME_UNITS_MAX: usize = 255;

/// The characters besides control characters that no name may have.
const FORBIDDEN: &str = "\"*/:<>?\\|";

/// What keeps a name from being one on FAT32.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NameLimit {
    /// It has no character.
    Empty,
    /// It holds a control character or one of `"*/:<>?\|`.
    Character(char),
    /// It ends in a dot or a space, which Windows cuts off whenever it opens a file.
    TrailingDotOrSpace,
    /// Windows takes it for a device, such as `CON` and `nul.txt`.
    Device(&'static str),
    /// It is longer than 255 UTF-16 units.
    TooLong {
        /// How many it has.
        units: usize,
    },
}

impl fmt::Display for NameLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => write!(f, "is empty"),
            Self::Character(character) => {
                write!(f, "holds `{}`", character.escape_debug())
            }
            Self::TrailingDotOrSpace => write!(f, "ends in a dot or a space"),
            Self::Device(device) => write!(f, "stands for the device `{device}` on Windows"),
            Self::TooLong { units } => {
                write!(f, "has {units} UTF-16 units; FAT32 holds at most {NAME_UNITS_MAX}")
            }
        }
    }
}

impl std::error::Error for NameLimit {}

/// Whether FAT32 can hold a file or directory of this name, unchanged.
///
/// Names that differ only in case are one name on FAT32; [`image::FileTree::validate`] finds them.
///
/// # Errors
///
/// What is wrong with the name; the first thing if there are several.
pub fn check(name: &str) -> Result<(), NameLimit> {
    if name.is_empty() {
        return Err(NameLimit::Empty);
    }
    let is_bad = |character: &char| character.is_control() || FORBIDDEN.contains(*character);
    if let Some(character) = name.chars().find(is_bad) {
        return Err(NameLimit::Character(character));
    }
    if name.ends_with(['.', ' ']) {
        return Err(NameLimit::TrailingDotOrSpace);
    }
    if let Some(device) = reserved::device(name) {
        return Err(NameLimit::Device(device));
    }
    let units = name.encode_utf16().count();
    if units > NAME_UNITS_MAX {
        return Err(NameLimit::TooLong { units });
    }
    Ok(())
}

/// How many of a directory's 65,536 entries a file or directory of this name takes: one for a name
/// of eight upper-case characters with an extension of three, else two to 21.
///
/// Besides them, every directory but the root has two, and the root has one if there is a volume
/// label.
pub fn entries(name: &str) -> u64 {
    if short::is_exact(name) { 1 } else { 1 + long_entries(name) as u64 }
}

/// Whether a name has entries of its own besides the short one.
pub(crate) fn is_long(name: &str) -> bool {
    !short::is_exact(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_windows_can_hold_are_taken() {
        let long = "l".repeat(255);
        let names =
            ["a", "A.B", ".hidden", " leading", "a.b.c", "+,;=[]", "console", "COM10", "日本"];
        for name in names.into_iter().chain(["💿", "nul_", "x.con", &long]) {
            assert_eq!(check(name), Ok(()), "{name}");
        }
    }

    #[test]
    fn what_is_wrong_with_other_names_is_said() {
        assert_eq!(check(""), Err(NameLimit::Empty));
        for character in FORBIDDEN.chars().chain(['\0', '\u{1F}', '\u{7F}']) {
            assert_eq!(check(&format!("a{character}")), Err(NameLimit::Character(character)));
        }
        for name in ["a.", "a ", ".", "..", "...", " "] {
            assert_eq!(check(name), Err(NameLimit::TrailingDotOrSpace), "{name}");
        }
        for (name, device) in [("con", "CON"), ("Nul.tar.gz", "NUL"), ("com1 .txt", "COM1")] {
            assert_eq!(check(name), Err(NameLimit::Device(device)), "{name}");
        }
        // A disc takes two units.
        assert_eq!(check(&"💿".repeat(128)), Err(NameLimit::TooLong { units: 256 }));
    }

    #[test]
    fn a_name_takes_an_entry_for_13_units_and_one_more() {
        let long = "l".repeat(255);
        for (name, expected) in
            [("README.TXT", 1), ("readme.txt", 2), ("thirteen char", 2), (&*long, 21)]
        {
            assert_eq!(entries(name), expected, "{name}");
        }
        assert_eq!(entries("fourteen chars"), 3);
    }
}
