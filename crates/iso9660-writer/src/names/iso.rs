//! ISO 9660 names of interchange level 3 (ECMA-119 §7.5, §7.6, §10.3): up to 31 characters of
//! `A`–`Z`, `0`–`9` and `_`.

use image::{DirectoryEntry, ValidTree};

use super::is_directory;
use super::unique::{EXTENSION_LEN_MAX, Mangled, Numbering, make_unique};

/// The most characters of a name and an extension together are 30 (ECMA-119 §7.5.1), and a dot.
/// Directories have 31 characters (§7.6.3).
const LEN_MAX: usize = 31;

/// Appends the name in d-characters: that of a file with one dot, that of a directory with none.
///
/// A character becomes its upper case where that is a d-character, else `_`. Returns how long the
/// part before the dot is.
pub(super) fn mangle(name: &str, is_directory: bool, out: &mut Vec<u8>) -> usize {
    let (stem, extension) = if is_directory { (name, "") } else { split(name) };
    let start = out.len();
    let extension_len = extension.chars().count().min(EXTENSION_LEN_MAX);
    let dot_len = if is_directory { 0 } else { 1 };
    out.extend(stem.chars().map(d_character).take(LEN_MAX - extension_len - dot_len));
    let stem_len = out.len() - start;
    if !is_directory {
        out.push(b'.');
        out.extend(extension.chars().map(d_character).take(extension_len));
    }
    stem_len
}

/// The unique names of a directory's children, in the order of the tree.
pub(super) fn unique<B>(
    tree: &ValidTree<B>,
    entry: &DirectoryEntry,
) -> impl Iterator<Item = Vec<u8>> {
    let mangled = |child| {
        let name = &tree.node(child).name;
        let mut stem = Vec::with_capacity(LEN_MAX);
        let stem_len = mangle(name, is_directory(tree, child), &mut stem);
        let faithful = is_faithful(name, &stem);
        let extension = without_last_dot(&stem[stem_len..]).to_vec();
        stem.truncate(stem_len);
        Mangled { stem, extension, faithful }
    };
    let mut names: Vec<_> = entry.children().map(mangled).collect();
    // One less than the most, for the dot of a file without an extension.
    make_unique(&mut names, &Numbering { max: LEN_MAX - 1, mark: b'_' });
    entry.children().zip(names).map(|(child, name)| {
        let needs_dot = name.extension.is_empty() && !is_directory(tree, child);
        let mut name = name.joined();
        if needs_dot {
            name.push(b'.');
        }
        name
    })
}

/// The name as readers show it: they take the dot off a file without an extension, so it may not
/// have the name of a directory before it.
pub(super) fn without_last_dot(name: &[u8]) -> &[u8] {
    name.strip_suffix(b".").unwrap_or(name)
}

fn is_faithful(name: &str, mangled: &[u8]) -> bool {
    name.as_bytes().eq_ignore_ascii_case(without_last_dot(mangled))
}

/// Cuts at the last dot, unless nothing stands before it.
fn split(name: &str) -> (&str, &str) {
    match name.rsplit_once('.') {
        Some((stem, extension)) if !stem.is_empty() => (stem, extension),
        _ => (name, ""),
    }
}

fn d_character(character: char) -> u8 {
    match character.to_ascii_uppercase() {
        upper @ ('A'..='Z' | '0'..='9') => upper as u8,
        _ => b'_',
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str) -> String {
        let mut out = Vec::new();
        mangle(name, false, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn files_have_one_dot_and_directories_none() {
        assert_eq!(file("isolinux.cfg"), "ISOLINUX.CFG");
        assert_eq!(file("README"), "README.");
        assert_eq!(file("a.tar.gz"), "A_TAR.GZ");
        assert_eq!(file(".hidden"), "_HIDDEN.");
        assert_eq!(file("dots.."), "DOTS_.");
        assert_eq!(file("Größe é.txt"), "GR__E__.TXT");
        let mut directory = Vec::new();
        mangle("v1.0 beta", true, &mut directory);
        assert_eq!(directory, b"V1_0_BETA");
    }

    #[test]
    fn long_names_lose_the_end_of_their_stem_and_long_extensions_theirs() {
        let long = file(&format!("{}.json", "n".repeat(60)));
        assert_eq!(long, format!("{}.JSON", "N".repeat(26)));
        let extension = file(&format!("name.{}", "e".repeat(60)));
        assert_eq!(extension, format!("NAME.{}", "E".repeat(16)));
    }
}
