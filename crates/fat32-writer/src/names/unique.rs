//! A short name for every name of a directory, no two the same.

use std::collections::HashSet;

use image::{DirectoryEntry, ValidTree};

use super::short::{Basis, same_but_for_case};
use crate::format::directory_entry::ShortName;

/// How many numbers are tried before a digest of the name takes most of its place, as Windows
/// does: a directory of a thousand names that begin alike would try a thousand numbers for each.
const PLAIN_NUMBERS: u32 = 4;

/// How many characters stand before a number, and before a digest.
const BEFORE_NUMBER: usize = 6;
const BEFORE_DIGEST: usize = 2;

/// Appends the short names of a directory's children, in their order.
///
/// A name that is short but for its case has that short name. All others are numbered, in the
/// order of the tree, so what a name gets depends on nothing but the names beside it.
pub(crate) fn short_names<B>(
    tree: &ValidTree<B>,
    directory: &DirectoryEntry,
    out: &mut Vec<ShortName>,
) {
    let names = || directory.children().map(|child| &*tree.node(child).name);
    let mut taken: HashSet<ShortName> = names().filter_map(short_form).collect();
    for name in names() {
        let short = same_but_for_case(name)
            .unwrap_or_else(|| numbered(name, &mut |short| taken.insert(short)));
        out.push(short);
    }
}

/// A short name for one more name of a directory; `None` if it is the short name of another one.
///
/// `taken` has the short names that are there, and what [`short_form`] says of the long ones.
pub(crate) fn short_name_beside(name: &str, taken: &HashSet<ShortName>) -> Option<ShortName> {
    match same_but_for_case(name) {
        Some(short) => (!taken.contains(&short)).then_some(short),
        None => Some(numbered(name, &mut |short| !taken.contains(&short))),
    }
}

/// What no other name may have as its short one: a reader that ignores case would take one for the
/// other.
pub(crate) fn short_form(name: &str) -> Option<ShortName> {
    if name.is_ascii() {
        return same_but_for_case(name);
    }
    // Some letters outside of ASCII have upper-case letters inside it.
    same_but_for_case(&name.to_uppercase())
}

/// The first short name of `name` that `take` gives: one that nobody has taken.
fn numbered(name: &str, take: &mut dyn FnMut(ShortName) -> bool) -> ShortName {
    let basis = Basis::new(name);
    for number in 1..=PLAIN_NUMBERS {
        let short = basis.with_tail(BEFORE_NUMBER, &format!("~{number}"));
        if take(short) {
            return short;
        }
    }
    let mut digest = digest(name);
    // A directory has fewer names than there are tails, so the search ends.
    loop {
        for number in 1..=9 {
            let short = basis.with_tail(BEFORE_DIGEST, &format!("{digest:04X}~{number}"));
            if take(short) {
                return short;
            }
        }
        digest = digest.wrapping_add(1);
    }
}

/// Sixteen bits of a name: FNV-1a over its UTF-16 units, folded.
fn digest(name: &str) -> u16 {
    let hash = name
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .fold(0x811C_9DC5u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    (hash ^ hash >> 16) as u16
}

#[cfg(test)]
mod tests {
    use image::{ByteCount, FileData, FileTree, NodeId, NodeKind};

    use super::*;

    fn shorts(names: &[&str]) -> Vec<String> {
        let mut tree = FileTree::<u32>::new();
        for name in names {
            tree.add_file(name, FileData::blob(0, ByteCount(1))).unwrap();
        }
        let tree = tree.validate().unwrap();
        let NodeKind::Directory(root) = &tree.node(NodeId::ROOT).kind else { unreachable!() };
        let mut out = Vec::new();
        short_names(&tree, root, &mut out);
        out.iter().map(|name| String::from_utf8(name.to_vec()).unwrap()).collect()
    }

    #[test]
    fn numbers_pass_over_names_that_are_there() {
        let names = ["long name 1.txt", "long name 2.txt", "longna~1.txt"];
        assert_eq!(shorts(&names), ["LONGNA~2TXT", "LONGNA~3TXT", "LONGNA~1TXT"]);
    }

    #[test]
    fn the_fifth_name_of_a_kind_has_a_digest() {
        let names = ["same name 1", "same name 2", "same name 3", "same name 4", "same name 5"];
        let shorts = shorts(&names);
        assert_eq!(shorts[..4], ["SAMENA~1   ", "SAMENA~2   ", "SAMENA~3   ", "SAMENA~4   "]);
        assert_eq!(shorts[4], format!("SA{:04X}~1   ", digest("same name 5")));
    }

    #[test]
    fn letters_with_upper_case_inside_ascii_take_short_names() {
        // The long s in upper case is an S.
        assert_eq!(shorts(&["a b", "ab~ſ"]), ["AB~1       ", "AB~_~1     "]);
        assert_eq!(
            shorts(&["ſ~1", "s  "].map(|name| name.trim_end())),
            ["S          ", "_~1~1      "]
        );
    }

    /// This ends at once, or not before others have lost their patience.
    #[test]
    fn as_many_similar_names_as_a_directory_holds_are_all_different() {
        let names: Vec<String> = (0..32_000).map(|index| format!("similar {index:05}")).collect();
        let shorts = shorts(&names.iter().map(|name| &**name).collect::<Vec<_>>());
        assert_eq!(shorts.iter().collect::<HashSet<_>>().len(), names.len());
    }
}
