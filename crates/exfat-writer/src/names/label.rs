//! Volume labels: eleven UTF-16 units.

use std::fmt;

use super::is_forbidden;

/// The units of a label (exFAT specification, section 7.3.2).
const UNITS_MAX: usize = 11;

/// What keeps a text from being a volume label.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LabelLimit {
    /// It is longer than eleven UTF-16 units.
    TooLong,
    /// It holds a control character or one of `" * / : < > ? \ |`.
    Character(char),
    /// It begins or ends with a space, which nobody would see.
    OuterSpace,
}

impl fmt::Display for LabelLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong => write!(f, "is longer than {UNITS_MAX} UTF-16 units"),
            Self::Character(character) => write!(f, "holds `{}`", character.escape_debug()),
            Self::OuterSpace => write!(f, "begins or ends with a space"),
        }
    }
}

impl std::error::Error for LabelLimit {}

/// Whether a volume can have this label; the empty one stands for none.
///
/// # Errors
///
/// What is wrong with it; the first thing if there are several.
pub fn check_label(label: &str) -> Result<(), LabelLimit> {
    if let Some(character) = label.chars().find(is_forbidden) {
        return Err(LabelLimit::Character(character));
    }
    if label.encode_utf16().count() > UNITS_MAX {
        return Err(LabelLimit::TooLong);
    }
    if label.starts_with(' ') || label.ends_with(' ') {
        return Err(LabelLimit::OuterSpace);
    }
    Ok(())
}

/// The label that says most of a text: as many whole characters as fit, with `_` for those that a
/// label cannot hold.
///
/// ```
/// use exfat_writer::names::label_of;
///
/// assert_eq!(label_of("Windows 11 24H2"), "Windows 11");
/// assert_eq!(label_of("Grüße: 1/2"), "Grüße_ 1_2");
/// ```
pub fn label_of(text: &str) -> String {
    let mut units = 0;
    let fits = |character: &char| {
        units += character.len_utf16();
        units <= UNITS_MAX
    };
    let allowed = |character: char| if is_forbidden(&character) { '_' } else { character };
    let label: String = text.trim().chars().take_while(fits).map(allowed).collect();
    label.trim_end_matches(' ').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_of_a_text_is_one() {
        for (text, label) in [
            ("Windows 11 24H2", "Windows 11"),
            ("  spaces  ", "spaces"),
            ("a.b/c:d*e?f|g", "a.b_c_d_e_f"),
            ("", ""),
            ("日本語", "日本語"),
            ("💿💿💿💿💿💿", "💿💿💿💿💿"),
        ] {
            assert_eq!(label_of(text), label);
            assert_eq!(check_label(label), Ok(()));
        }
    }

    #[test]
    fn other_labels_are_refused() {
        assert_eq!(check_label("Twelve chars"), Err(LabelLimit::TooLong));
        assert_eq!(check_label("a:b"), Err(LabelLimit::Character(':')));
        assert_eq!(check_label("A "), Err(LabelLimit::OuterSpace));
    }
}
