//! UDF directories and file entries.

use image::{NodeKind, ValidTree};

use super::FILE_ENTRIES_PER_PART;
use crate::format::output::{Buffer, Counter, Output};
use crate::format::udf::{FileEntry, FileIdentifier};
use crate::layout::{Plan, len_of};

/// The length of the file identifiers of the directory with this number.
pub(crate) fn measure<B>(tree: &ValidTree<B>, plan: &Plan, number: usize) -> u64 {
    let mut counter = Counter::default();
    put_identifiers(tree, plan, number, &mut counter);
    counter.position()
}

/// Appends the file entry and the file identifiers of the directory with this number.
pub(super) fn encode_directory<B>(
    tree: &ValidTree<B>,
    plan: &Plan,
    number: usize,
    out: &mut Vec<u8>,
) {
    let directory = &plan.directories[number];
    let location = plan.in_partition(directory.udf);
    let links = u16::try_from(directory.subdirectories + 1)
        .expect("because the layout limits all directories to 65,535");
    let entry = FileEntry {
        is_directory: true,
        links,
        len: directory.udf_len.into(),
        data: location + 1,
        unique_id: plan.unique_id(directory.node),
        recorded: plan.created,
        location,
    };
    entry.put(&mut Buffer::new(out));
    let mut identifiers = Buffer::new(out);
    put_identifiers(tree, plan, number, &mut identifiers);
    identifiers.pad_to_block();
}

/// Puts the file identifiers of a directory: its parent, then its children.
fn put_identifiers<B, O: Output>(tree: &ValidTree<B>, plan: &Plan, number: usize, output: &mut O) {
    let directory = &plan.directories[number];
    let content = tree.node(directory.node);
    let NodeKind::Directory(entry) = &content.kind else { return };
    let directory_data = plan.in_partition(directory.udf).wrapping_add(1);
    let mut room = Vec::new();
    let parent = std::iter::once((content.parent, "", true));
    let children = entry.children().map(|child| {
        let node = tree.node(child);
        (child, &*node.name, matches!(node.kind, NodeKind::Directory(_)))
    });
    for (node, name, is_directory) in parent.chain(children) {
        let identifier = FileIdentifier {
            name,
            is_directory,
            entry: plan.in_partition(plan.udf_entry(node, is_directory)),
            unique_id: plan.unique_id(node),
            directory_data,
        };
        identifier.put(&mut room, output);
    }
}

/// Appends the file entries of a part: those of the files from number `first` on.
pub(super) fn encode_file_entries<B>(
    tree: &ValidTree<B>,
    plan: &Plan,
    first: usize,
    out: &mut Vec<u8>,
) {
    let mut output = Buffer::new(out);
    for &file in plan.files[first..].iter().take(FILE_ENTRIES_PER_PART) {
        let entry = FileEntry {
            is_directory: false,
            links: 1,
            len: len_of(tree, file).0,
            data: plan.in_partition(plan.file_block(file)),
            unique_id: plan.unique_id(file),
            recorded: plan.created,
            location: plan.in_partition(plan.udf_entry(file, false)),
        };
        entry.put(&mut output);
    }
}
