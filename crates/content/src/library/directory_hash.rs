use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest as _, Sha256};

use crate::Digest;

/// What a directory hash says of a content's files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DirectoryHash {
    /// The hash.
    pub digest: Digest,
    /// Whether all names are ASCII. The order of others is not proven: a difference then says
    /// nothing.
    pub certain: bool,
}

/// The files and sub-directories of a directory, by lower-case relative paths with backslashes.
#[derive(Default)]
struct Directory {
    directories: BTreeSet<String>,
    files: BTreeMap<String, Digest>,
}

/// Hashes the names and digests of a content's files as `[Info] Hash` of a library does.
///
/// Paths have `/` between their parts. SHA-256 over one stream of UTF-16LE text without
/// separators: parents before children, directories in ascending order; for each the paths of its
/// sub-directories, the paths of its files, and the files' digests in upper-case digits.
pub fn directory_hash<'f>(
    files: impl IntoIterator<Item = (&'f str, Digest)>,
    empty_directories: impl IntoIterator<Item = &'f str>,
) -> DirectoryHash {
    let mut directories: BTreeMap<String, Directory> = BTreeMap::new();
    directories.entry(String::new()).or_default();
    let mut certain = true;
    for (path, digest) in files {
        certain &= path.is_ascii();
        let path = path.to_lowercase().replace('/', "\\");
        let parent = path.rsplit_once('\\').map_or("", |(parent, _)| parent).to_owned();
        add_directory(&mut directories, &parent);
        directories.entry(parent).or_default().files.insert(path, digest);
    }
    for path in empty_directories {
        certain &= path.is_ascii();
        add_directory(&mut directories, &path.to_lowercase().replace('/', "\\"));
    }
    let mut hash = Sha256::new();
    let mut stack = vec![""];
    while let Some(path) = stack.pop() {
        let directory = &directories[path];
        directory.directories.iter().chain(directory.files.keys()).for_each(|name| {
            update(&mut hash, name);
        });
        directory.files.values().for_each(|digest| {
            update(&mut hash, &digest.to_string().to_ascii_uppercase());
        });
        stack.extend(directory.directories.iter().rev().map(String::as_str));
    }
    DirectoryHash { digest: Digest(hash.finalize().into()), certain }
}

/// Adds a directory and all above it.
fn add_directory(directories: &mut BTreeMap<String, Directory>, path: &str) {
    let mut path = path;
    while !path.is_empty() {
        let parent = path.rsplit_once('\\').map_or("", |(parent, _)| parent);
        directories.entry(path.to_owned()).or_default();
        let siblings = &mut directories.entry(parent.to_owned()).or_default().directories;
        if !siblings.insert(path.to_owned()) {
            return;
        }
        path = parent;
    }
}

fn update(hash: &mut Sha256, text: &str) {
    text.encode_utf16().for_each(|unit| hash.update(unit.to_le_bytes()));
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The stream as it is described, written out by hand.
    fn of_stream(parts: &[&str]) -> Digest {
        let text = parts.concat();
        let bytes: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        Digest(Sha256::digest(bytes).into())
    }

    #[test]
    fn parents_come_before_children_and_names_before_digests() {
        let (one, two) = (Digest([0xab; 32]), Digest([0xcd; 32]));
        let files = [("Sub/B.exe", two), ("Setup.exe", one), ("sub/deep/c.txt", one)];
        let hash = directory_hash(files, ["Empty"]);
        let (one, two) = ("AB".repeat(32), "CD".repeat(32));
        let expected = of_stream(&[
            "empty",
            "sub",
            "setup.exe",
            &one, // the root; then `empty`, which adds nothing
            "sub\\deep",
            "sub\\b.exe",
            &two, //
            "sub\\deep\\c.txt",
            &one,
        ]);
        assert_eq!(hash, DirectoryHash { digest: expected, certain: true });
    }

    #[test]
    fn names_outside_of_ascii_make_it_uncertain() {
        assert!(!directory_hash([("é", Digest([0; 32]))], []).certain);
        assert!(!directory_hash([], ["ü"]).certain);
    }

    #[test]
    fn nothing_hashes_to_the_empty_stream() {
        assert_eq!(directory_hash([], []).digest, of_stream(&[]));
    }
}
