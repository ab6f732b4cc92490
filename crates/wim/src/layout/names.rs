//! What a name may be, and the order of names in a directory.

use super::NameLimit;

/// UTF-16 units of a name: what NTFS takes.
const NAME_UNITS_MAX: usize = 255;

/// What keeps Windows from having a file of this name; None if nothing does.
pub(super) fn name_limit(name: &str) -> Option<NameLimit> {
    let units = name.encode_utf16().count();
    if units > NAME_UNITS_MAX {
        return Some(NameLimit::TooLong { units });
    }
    let kept = |&character: &char| r#"<>:"/\|?*"#.contains(character);
    if let Some(character) = name.chars().find(kept) {
        return Some(NameLimit::Character(character));
    }
    name.ends_with(['.', ' ']).then_some(NameLimit::End)
}

/// What names of a directory are sorted by: NTFS puts them in the order of their capital letters.
pub(super) fn sort_key(name: &str) -> Vec<u16> {
    let capital = |character: char| {
        let mut capitals = character.to_uppercase();
        // NTFS maps single units, so what becomes two letters stays as it is.
        match (capitals.next(), capitals.next()) {
            (Some(capital), None) => capital,
            _ => character,
        }
    };
    let mut units = Vec::with_capacity(name.len());
    let mut buffer = [0; 2];
    for character in name.chars() {
        units.extend_from_slice(capital(character).encode_utf16(&mut buffer));
    }
    units
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_windows_cannot_have_is_found() {
        let check = |name: &str, expected| assert_eq!(name_limit(name), expected, "{name}");
        check("setup.exe", None);
        check(".hidden", None);
        check("a b", None);
        check(&"ä".repeat(255), None);
        check(&"ä".repeat(256), Some(NameLimit::TooLong { units: 256 }));
        check(&"🦀".repeat(128), Some(NameLimit::TooLong { units: 256 }));
        check("a:b", Some(NameLimit::Character(':')));
        check("a\\b", Some(NameLimit::Character('\\')));
        check("end.", Some(NameLimit::End));
        check("end ", Some(NameLimit::End));
    }

    #[test]
    fn names_are_sorted_by_their_capitals() {
        let mut names = ["b", "_", "C", "a", "ß", "ä"];
        names.sort_by_key(|name| sort_key(name));
        assert_eq!(names, ["a", "b", "C", "_", "ä", "ß"]);
    }
}
