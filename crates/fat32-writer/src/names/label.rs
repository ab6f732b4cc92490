//! Volume labels: eleven characters of the short kind, spaces among them.

use std::fmt;

use super::short::is_short_character;
use crate::format::boot_sector::NO_LABEL;

/// The characters of a label.
const LEN: usize = 11;

/// What keeps a text from being a volume label.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LabelLimit {
    /// It is longer than eleven characters.
    TooLong,
    /// It holds a character that is neither an upper-case letter of ASCII, a digit, a space nor
    /// one of ``!#$%&'()-@^_`{}~``.
    Character(char),
    /// It begins or ends with a space, which nobody would see.
    OuterSpace,
}

impl fmt::Display for LabelLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong => write!(f, "is longer than {LEN} characters"),
            Self::Character(character) => write!(f, "holds `{}`", character.escape_debug()),
            Self::OuterSpace => write!(f, "begins or ends with a space"),
        }
    }
}

impl std::error::Error for LabelLimit {}

fn is_label_character(character: char) -> bool {
    character == ' ' || is_short_character(character)
}

/// Whether a volume can have this label; the empty one stands for none.
///
/// # Errors
///
/// What is wrong with it; the first thing if there are several.
pub fn check_label(label: &str) -> Result<(), LabelLimit> {
    if let Some(character) = label.chars().find(|&character| !is_label_character(character)) {
        return Err(LabelLimit::Character(character));
    }
    if label.len() > LEN {
        return Err(LabelLimit::TooLong);
    }
    if label.starts_with(' ') || label.ends_with(' ') {
        return Err(LabelLimit::OuterSpace);
    }
    Ok(())
}

/// The label that says most of a text: its first eleven characters in upper case, with `_` for
/// those that a label cannot hold.
///
/// ```
/// use fat32_writer::names::label_of;
///
/// assert_eq!(label_of("Windows 11 24H2"), "WINDOWS 11");
/// assert_eq!(label_of("Grüße"), "GR_SSE");
/// ```
pub fn label_of(text: &str) -> String {
    let upper = text.trim().chars().flat_map(char::to_uppercase);
    let allowed = |character| if is_label_character(character) { character } else { '_' };
    let label: String = upper.map(allowed).take(LEN).collect();
    label.trim_end().to_owned()
}

/// The label as the boot sector has it and, unless it is empty, the root directory.
pub(crate) fn field(label: &str) -> [u8; LEN] {
    if label.is_empty() {
        return NO_LABEL;
    }
    let mut field = [b' '; LEN];
    for (to, from) in field.iter_mut().zip(label.bytes()) {
        *to = from;
    }
    field
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_of_a_text_is_one() {
        for (text, label) in [
            ("Windows 11 24H2", "WINDOWS 11"),
            ("  spaces  ", "SPACES"),
            ("Grüße", "GR_SSE"),
            ("a.b/c:d*e?f|g", "A_B_C_D_E_F"),
            ("", ""),
            ("日本語", "___"),
        ] {
            assert_eq!(label_of(text), label);
            assert_eq!(check_label(label), Ok(()));
        }
    }

    #[test]
    fn other_labels_are_refused() {
        assert_eq!(check_label("TWELVE CHARS"), Err(LabelLimit::TooLong));
        assert_eq!(check_label("lower"), Err(LabelLimit::Character('l')));
        assert_eq!(check_label("A.B"), Err(LabelLimit::Character('.')));
        assert_eq!(check_label("A "), Err(LabelLimit::OuterSpace));
    }

    #[test]
    fn the_field_is_padded_and_says_when_there_is_no_label() {
        assert_eq!(field("AB"), *b"AB         ");
        assert_eq!(field(""), *b"NO NAME    ");
    }
}
