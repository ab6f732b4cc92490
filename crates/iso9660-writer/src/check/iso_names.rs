//! What names ISO 9660 and Joliet take, and in which order.

use std::cmp::Ordering;

use super::iso_volume::is_d_character;
use crate::read::bytes::be16;

/// A name of interchange level 2 or 3: at most 30 characters and a dot, version 1 (ECMA-119 §7.5,
/// §7.6).
pub(super) fn is_level_3_name(identifier: &[u8], directory: bool) -> bool {
    if directory {
        return identifier.len() <= 31 && identifier.iter().all(|&byte| is_d_character(byte));
    }
    let Some(name) = identifier.strip_suffix(b";1") else { return false };
    let dots = name.iter().filter(|&&byte| byte == b'.').count();
    let others = name.iter().filter(|&&byte| byte != b'.');
    dots == 1 && (2..=31).contains(&name.len()) && others.into_iter().all(|&b| is_d_character(b))
}

/// At most 64 UCS-2 characters, none that Joliet forbids; files may have a version.
pub(super) fn is_joliet_name(identifier: &[u8]) -> bool {
    let units: Vec<u16> = identifier.chunks_exact(2).map(|unit| be16(unit, 0)).collect();
    let name = match units.as_slice() {
        [name @ .., semicolon, one] if (*semicolon, *one) == (u16::from(b';'), u16::from(b'1')) => {
            name
        }
        name => name,
    };
    let forbidden = |unit: &u16| *unit < 0x20 || b"*/:;?\\".map(u16::from).contains(unit);
    identifier.len().is_multiple_of(2)
        && (1..=64).contains(&name.len())
        && !name.iter().any(forbidden)
}

/// The order of records (ECMA-119 §9.3): name, extension, then the higher version first; Joliet
/// compares whole names, in which a dot is a character like others.
pub(super) fn compare_identifiers(a: &[u8], b: &[u8], joliet: bool) -> Ordering {
    if joliet {
        return a.cmp(b);
    }
    let (a, b) = (Identifier::of(a), Identifier::of(b));
    padded_cmp(a.name, b.name)
        .then_with(|| padded_cmp(a.extension, b.extension))
        .then_with(|| b.version.cmp(&a.version))
}

struct Identifier<'a> {
    name: &'a [u8],
    extension: &'a [u8],
    version: u32,
}

impl<'a> Identifier<'a> {
    fn of(bytes: &'a [u8]) -> Self {
        let (whole, version) = cut(bytes, b';');
        let (name, extension) = cut(whole, b'.');
        // A directory has none; the standard does not say where it sorts beside a file that is
        // equal up to the version, so it counts as first.
        let digits = version.iter().filter(|digit| digit.is_ascii_digit()).take(5);
        let number = digits.fold(0, |number, digit| number * 10 + u32::from(digit - b'0'));
        let version = if version.is_empty() { u32::MAX } else { number };
        Self { name, extension, version }
    }
}

fn cut(bytes: &[u8], at: u8) -> (&[u8], &[u8]) {
    match bytes.iter().position(|&byte| byte == at) {
        Some(position) => (&bytes[..position], &bytes[position + 1..]),
        None => (bytes, &[]),
    }
}

/// Compares as if the shorter one were filled up with spaces.
fn padded_cmp(a: &[u8], b: &[u8]) -> Ordering {
    let len = a.len().max(b.len());
    let at = |bytes: &[u8], index: usize| bytes.get(index).copied().unwrap_or(b' ');
    (0..len).map(|index| at(a, index)).cmp((0..len).map(|index| at(b, index)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shorter_name_sorts_first_whatever_its_extension() {
        let cmp = |a: &str, b: &str| compare_identifiers(a.as_bytes(), b.as_bytes(), false);
        assert_eq!(cmp("A.TXT;1", "A1.TXT;1"), Ordering::Less);
        assert_eq!(cmp("A.TXT;1", "A.BIN;1"), Ordering::Greater);
        assert_eq!(cmp("A.TXT;2", "A.TXT;1"), Ordering::Less);
        assert_eq!(cmp("A", "A.;1"), Ordering::Less);
        assert_eq!(cmp("A.TXT;1", "A.TXT;1"), Ordering::Equal);
    }

    #[test]
    fn names_of_level_3_have_one_dot_and_a_version() {
        assert!(is_level_3_name(b"README.TXT;1", false));
        assert!(is_level_3_name(b"README.;1", false));
        assert!(!is_level_3_name(b"README.TXT", false));
        assert!(!is_level_3_name(b"readme.txt;1", false));
        assert!(!is_level_3_name(b"A.TAR.GZ;1", false));
        assert!(is_level_3_name(b"SOURCES", true));
        assert!(!is_level_3_name(b"SOURCES.D", true));
    }
}
