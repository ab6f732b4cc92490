//! What names exFAT can hold, for the layout and for whoever plans what goes onto a medium.

mod label;
mod reserved;

use std::fmt;

use crate::format::directory_entry;

pub use label::{LabelLimit, check_label, label_of};

/// The longest name in UTF-16 units (exFAT specification, section 7.6.3).
const NAME_UNITS_MAX: usize = 255;

/// The characters that no name may hold besides control characters (section 7.7.3).
const FORBIDDEN: &str = "\"*/:<>?\\|";

/// What is wrong with a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NameLimit {
    /// It is empty.
    Empty,
    /// It holds a control character or one of `" * / : < > ? \ |`.
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
                write!(f, "has {units} UTF-16 units; exFAT holds at most {NAME_UNITS_MAX}")
            }
        }
    }
}

impl std::error::Error for NameLimit {}

/// Whether exFAT can hold a file or directory of this name so that Windows can open it.
///
/// Names that differ only in case are one name on exFAT; [`image::FileTree::validate`] finds them.
///
/// # Errors
///
/// What is wrong with the name; the first thing if there are several.
pub fn check(name: &str) -> Result<(), NameLimit> {
    if name.is_empty() {
        return Err(NameLimit::Empty);
    }
    if let Some(character) = name.chars().find(is_forbidden) {
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

fn is_forbidden(character: &char) -> bool {
    character.is_control() || FORBIDDEN.contains(*character)
}

/// How many of a directory's 8,388,608 entries a file or directory of this name takes: 3 to 19.
pub fn entries(name: &str) -> u64 {
    directory_entry::entries(name)
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
}
