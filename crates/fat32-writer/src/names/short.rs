//! Names of eight characters and an extension of three.

use crate::format::directory_entry::ShortName;

const STEM_LEN: usize = 8;
const EXTENSION_LEN: usize = 3;

/// Whether a short name may hold a character (Microsoft FAT specification, section 6.1), which is
/// one of ASCII here: what others mean depends on the code page of the reader.
pub(super) fn is_short_character(character: char) -> bool {
    character.is_ascii_uppercase()
        || character.is_ascii_digit()
        || "!#$%&'()-@^_`{}~".contains(character)
}

/// Whether a name is a short name as it is, in upper case, so that it needs no long one.
///
/// The bits that Windows NT has for names in lower case are not used: a long name says the same to
/// every reader.
pub(super) fn is_exact(name: &str) -> bool {
    parts(name).is_some_and(|(stem, extension)| {
        stem.chars().chain(extension.chars()).all(is_short_character)
    })
}

/// The stem and extension of a name that are short enough; an extension is not empty.
fn parts(name: &str) -> Option<(&str, &str)> {
    let (stem, extension) = name.split_once('.').unwrap_or((name, ""));
    let has_empty_extension = extension.is_empty() && stem.len() != name.len();
    let fits = !stem.is_empty() && stem.len() <= STEM_LEN && extension.len() <= EXTENSION_LEN;
    (fits && !has_empty_extension).then_some((stem, extension))
}

/// The short name that differs from this one at most in case.
pub(super) fn same_but_for_case(name: &str) -> Option<ShortName> {
    let upper = name.to_ascii_uppercase();
    if !is_exact(&upper) {
        return None;
    }
    let (stem, extension) = parts(&upper)?;
    Some(joined(stem.as_bytes(), extension.as_bytes()))
}

/// Puts stem and extension into their places.
pub(super) fn joined(stem: &[u8], extension: &[u8]) -> ShortName {
    let mut name = [b' '; STEM_LEN + EXTENSION_LEN];
    name[..stem.len()].copy_from_slice(stem);
    name[STEM_LEN..STEM_LEN + extension.len()].copy_from_slice(extension);
    name
}

/// What is left of a name for its short one, before a number makes it unique.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Basis {
    stem: [u8; STEM_LEN],
    stem_len: usize,
    extension: [u8; EXTENSION_LEN],
    extension_len: usize,
}

impl Basis {
    /// Upper case, without spaces and dots but for the last dot, `_` for what a short name cannot
    /// hold, and cut.
    pub(super) fn new(name: &str) -> Self {
        let name = name.trim_start_matches(['.', ' ']);
        let (stem, extension) = name.rsplit_once('.').unwrap_or((name, ""));
        let (mut stem, mut stem_len) = cut::<STEM_LEN>(stem);
        let (extension, extension_len) = cut::<EXTENSION_LEN>(extension);
        if stem_len == 0 {
            (stem[0], stem_len) = (b'_', 1);
        }
        Self { stem, stem_len, extension, extension_len }
    }

    /// The short name with `tail`, which is of ASCII, at the end of at most `keep` characters of
    /// the stem.
    pub(super) fn with_tail(&self, keep: usize, tail: &str) -> ShortName {
        let keep = self.stem_len.min(keep).min(STEM_LEN - tail.len());
        let mut stem = [0; STEM_LEN];
        stem[..keep].copy_from_slice(&self.stem[..keep]);
        stem[keep..keep + tail.len()].copy_from_slice(tail.as_bytes());
        joined(&stem[..keep + tail.len()], &self.extension[..self.extension_len])
    }
}

fn cut<const N: usize>(text: &str) -> ([u8; N], usize) {
    let (mut bytes, mut len) = ([0; N], 0);
    for character in text.chars().filter(|character| !matches!(character, '.' | ' ')).take(N) {
        let upper = character.to_ascii_uppercase();
        bytes[len] = if is_short_character(upper) { upper as u8 } else { b'_' };
        len += 1;
    }
    (bytes, len)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_upper_case_names_of_8_and_3_are_exact() {
        for name in ["A", "README.TXT", "A-B_C$.~1", "12345678.123"] {
            assert!(is_exact(name), "{name}");
        }
        for name in ["readme.txt", "A.", ".A", "A.B.C", "A B", "123456789", "A.1234", "A+B", "Ä"] {
            assert!(!is_exact(name), "{name}");
        }
    }

    #[test]
    fn a_name_in_lower_case_has_the_short_name_in_upper_case() {
        assert_eq!(same_but_for_case("Readme.txt"), Some(*b"README  TXT"));
        assert_eq!(same_but_for_case("a b"), None);
    }

    #[test]
    fn other_names_keep_what_a_short_name_can_hold() {
        for (name, expected) in [
            ("a long name.text", b"ALONGN~1TEX"),
            (".profile", b"PROFIL~1   "),
            ("a.b.c", b"AB~1    C  "),
            ("Größe+.d", b"GR__E_~1D  "),
            ("日本", b"__~1       "),
            ("..a", b"A~1        "),
            (" .x", b"X~1        "),
        ] {
            let name = Basis::new(name).with_tail(6, "~1");
            assert_eq!(name.escape_ascii().to_string(), expected.escape_ascii().to_string());
        }
    }
}
