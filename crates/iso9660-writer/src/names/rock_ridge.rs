//! Rock Ridge names: the tree's own, as long as a reader takes them.

use std::collections::HashMap;

use image::{DirectoryEntry, NodeId, ValidTree};

use super::unique::{EXTENSION_LEN_MAX, Mangled, Numbering, make_unique};

/// The most bytes of a name: what one NM entry holds. Linux cuts names of 254 bytes and more, and
/// only a name of more than 83 characters outside Latin can be longer than this and fit into UDF.
const BYTES_MAX: usize = 250;

/// Adds names for those children of a directory whose own are too long.
pub(super) fn rename<B>(
    tree: &ValidTree<B>,
    entry: &DirectoryEntry,
    renamed: &mut HashMap<NodeId, Box<[u8]>>,
) {
    if entry.children().all(|child| tree.node(child).name.len() <= BYTES_MAX) {
        return;
    }
    let mut names: Vec<_> = entry.children().map(|child| mangled(&tree.node(child).name)).collect();
    make_unique(&mut names, &Numbering { max: BYTES_MAX, mark: b'~' });
    for (child, name) in entry.children().zip(names) {
        let name = name.joined();
        if name != tree.node(child).name.as_bytes() {
            renamed.insert(child, name.into());
        }
    }
}

fn mangled(name: &str) -> Mangled<u8> {
    let mut stem = name.as_bytes().to_vec();
    let extension = match name.rfind('.') {
        Some(dot) if dot > 0 && name.len() - dot - 1 <= EXTENSION_LEN_MAX => stem.split_off(dot),
        _ => Vec::new(),
    };
    let mut result = Mangled { stem, extension, faithful: name.len() <= BYTES_MAX };
    result.shorten(BYTES_MAX);
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_names_are_cut_between_characters_and_keep_their_extension() {
        let name = format!("{}.txt", "漢".repeat(100));
        let cut = mangled(&name).joined();
        assert_eq!(String::from_utf8(cut).unwrap(), format!("{}.txt", "漢".repeat(82)));
    }
}
