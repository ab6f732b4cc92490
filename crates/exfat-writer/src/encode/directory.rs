//! The entries of a directory.

use image::{NodeId, NodeKind, ValidTree};

use super::BLOCK;
use crate::format::directory_entry::{EntrySet, put_bitmap, put_label, put_upcase_table};
use crate::format::fat::FIRST_CLUSTER;
use crate::layout::{Plan, bitmap_len, children_of, len_of};

/// The bytes of the directory with this number that are encoded; the rest of its clusters is
/// zeros.
pub(crate) fn len(plan: &Plan, number: usize) -> u64 {
    plan.entries_len(number).next_multiple_of(BLOCK)
}

/// Appends the entries of the directory with this number.
pub(super) fn encode<B>(tree: &ValidTree<B>, plan: &Plan, number: usize, out: &mut Vec<u8>) {
    let start = out.len();
    let directory = plan.directories[number];
    if directory == NodeId::ROOT {
        if !plan.options.volume_label.is_empty() {
            put_label(&plan.options.volume_label, out);
        }
        put_bitmap(FIRST_CLUSTER, bitmap_len(plan.geometry.clusters), out);
        put_upcase_table(plan.upcase_table, out);
    }
    for child in children_of(tree, directory).children() {
        entry_set(tree, plan, child).put(plan.created, out);
    }
    debug_assert_eq!((out.len() - start) as u64, plan.entries_len(number));
    out.resize(start + len(plan, number) as usize, 0);
}

fn entry_set<'a, B>(tree: &'a ValidTree<B>, plan: &Plan, child: NodeId) -> EntrySet<'a> {
    let node = tree.node(child);
    let is_directory = matches!(node.kind, NodeKind::Directory(_));
    let len = if is_directory { plan.directory_len(child) } else { len_of(tree, child).0 };
    EntrySet { name: &node.name, is_directory, first_cluster: plan.first_cluster(child), len }
}
