//! The entries of a directory.

use image::{NodeId, NodeKind, ValidTree};

use super::BLOCK;
use crate::format::directory_entry::{
    Attributes, DOT, DOT_DOT, ENTRY_LEN, ShortEntry, ShortName, put_long_name,
};
use crate::layout::{Plan, children_of, len_of};
use crate::names::{is_long, label_field};

/// The bytes of the directory with this number that are encoded; the rest of its clusters is
/// zeros.
pub(crate) fn len(plan: &Plan, number: usize) -> u64 {
    (u64::from(plan.entries[number]) * ENTRY_LEN as u64).next_multiple_of(BLOCK)
}

/// Appends the entries of the directory with this number.
pub(super) fn encode<B>(tree: &ValidTree<B>, plan: &Plan, number: usize, out: &mut Vec<u8>) {
    let start = out.len();
    let directory = plan.directories[number];
    let mut put = |name: ShortName, attributes, first_cluster, len| {
        ShortEntry { name, attributes, first_cluster, len }.put(plan.created, out);
    };
    if directory == NodeId::ROOT {
        if !plan.options.volume_label.is_empty() {
            put(label_field(&plan.options.volume_label), Attributes::VolumeId, 0, 0);
        }
    } else {
        let parent = tree.node(directory).parent;
        put(DOT, Attributes::Directory, plan.directory_cluster(directory), 0);
        put(DOT_DOT, Attributes::Directory, plan.directory_cluster(parent), 0);
    }
    for child in children_of(tree, directory).children() {
        put_child(tree, plan, child, out);
    }
    debug_assert_eq!((out.len() - start) / ENTRY_LEN, plan.entries[number] as usize);
    out.resize(start + len(plan, number) as usize, 0);
}

fn put_child<B>(tree: &ValidTree<B>, plan: &Plan, child: NodeId, out: &mut Vec<u8>) {
    let node = tree.node(child);
    let short = plan.short_name(child);
    if is_long(&node.name) {
        put_long_name(&node.name, short, out);
    }
    let attributes = match node.kind {
        NodeKind::Directory(_) => Attributes::Directory,
        NodeKind::File { .. } => Attributes::Archive,
    };
    // No file is longer than its field: the layout has refused the others.
    let len = len_of(tree, child).0 as u32;
    ShortEntry { name: *short, attributes, first_cluster: plan.first_cluster(child), len }
        .put(plan.created, out);
}
