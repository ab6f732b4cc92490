//! Joliet names: up to 64 UTF-16 units, without some characters that Windows refuses.

use image::{DirectoryEntry, ValidTree};

use super::unique::{EXTENSION_LEN_MAX, Mangled, Numbering, make_unique};

/// The most units of a name: the 128 bytes of the Joliet specification.
const UNITS_MAX: usize = 64;

/// Whether the name can stay as it is and sorts among such names as in the tree.
pub(super) fn is_plain(name: &str) -> bool {
    let short = name.len() <= UNITS_MAX || name.encode_utf16().count() <= UNITS_MAX;
    short
        && !name.ends_with(['.', ' '])
        && !name.chars().any(|character| is_forbidden(character) || character > '\u{FFFF}')
}

/// The unique names of a directory's children, in the order of the tree.
pub(super) fn unique<B>(tree: &ValidTree<B>, entry: &DirectoryEntry) -> Vec<Vec<u16>> {
    let mut names: Vec<_> = entry.children().map(|child| mangled(&tree.node(child).name)).collect();
    make_unique(&mut names, &Numbering { max: UNITS_MAX, mark: b'~' });
    names.into_iter().map(Mangled::joined).collect()
}

fn mangled(name: &str) -> Mangled<u16> {
    let mut changed: String = name
        .chars()
        .map(|character| if is_forbidden(character) { '_' } else { character })
        .collect();
    // Windows and Linux take dots off the end of a Joliet name, Windows spaces too.
    let kept = changed.trim_end_matches(['.', ' ']).len();
    changed.replace_range(kept.., &"_".repeat(changed.len() - kept));

    let mut stem: Vec<u16> = changed.encode_utf16().collect();
    let dot = stem.iter().rposition(|&unit| unit == u16::from(b'.'));
    let extension = match dot {
        Some(dot) if dot > 0 && stem.len() - dot - 1 <= EXTENSION_LEN_MAX => stem.split_off(dot),
        _ => Vec::new(),
    };
    let mut result = Mangled { stem, extension, faithful: false };
    result.shorten(UNITS_MAX);
    result.faithful = name.encode_utf16().eq(result.stem.iter().chain(&result.extension).copied());
    result
}

fn is_forbidden(character: char) -> bool {
    matches!(character, '*' | '/' | ':' | ';' | '?' | '\\')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(name: &str) -> String {
        String::from_utf16(&mangled(name).joined()).unwrap()
    }

    #[test]
    fn forbidden_characters_and_trailing_dots_become_underscores() {
        assert_eq!(text("a*b:c;d?e\\f"), "a_b_c_d_e_f");
        assert_eq!(text("name.. ."), "name____");
        assert_eq!(text("Größe.txt"), "Größe.txt");
    }

    #[test]
    fn long_names_keep_their_extension_and_whole_characters() {
        let long = format!("{}.json", "n".repeat(80));
        assert_eq!(text(&long), format!("{}.json", "n".repeat(59)));
        let pairs = format!("x{}", "😀".repeat(40));
        assert_eq!(text(&pairs), format!("x{}", "😀".repeat(31)));
    }

    #[test]
    fn plain_names_are_short_and_of_the_bmp() {
        assert!(is_plain(&"Ω".repeat(64)));
        for name in [&"Ω".repeat(65), "😀", "a:b", "dot."] {
            assert!(!is_plain(name), "{name}");
        }
    }
}
