//! The path tables of ISO 9660 and Joliet.

use image::{NodeId, NodeKind, ValidTree};

use crate::format::ecma119::{ByteOrder, Namespace, SELF, put_path_table_record};
use crate::format::output::{Buffer, Counter, Output};
use crate::layout::Plan;

/// The length of a path table in bytes; that of both byte orders.
pub(crate) fn measure<B>(tree: &ValidTree<B>, plan: &Plan, namespace: Namespace) -> u64 {
    let mut counter = Counter::default();
    put(tree, plan, namespace, ByteOrder::Little, &mut counter);
    counter.position()
}

/// Appends a path table, filled up to a whole block.
pub(super) fn encode<B>(
    tree: &ValidTree<B>,
    plan: &Plan,
    namespace: Namespace,
    order: ByteOrder,
    out: &mut Vec<u8>,
) {
    let mut output = Buffer::new(out);
    put(tree, plan, namespace, order, &mut output);
    output.pad_to_block();
}

/// Puts the records: by depth, then by the number of the parent, then by name (ECMA-119 §6.9.1).
fn put<B, O: Output>(
    tree: &ValidTree<B>,
    plan: &Plan,
    namespace: Namespace,
    order: ByteOrder,
    output: &mut O,
) {
    let mut queue = Vec::with_capacity(plan.directories.len());
    queue.push((NodeId::ROOT, 1));
    let mut identifier = Vec::new();
    let mut next = 0;
    while let Some(&(directory, parent_number)) = queue.get(next) {
        next += 1;
        identifier.clear();
        match namespace {
            _ if directory == NodeId::ROOT => identifier.extend_from_slice(SELF),
            Namespace::Primary => identifier.extend_from_slice(plan.names.iso(directory)),
            Namespace::Joliet => plan.names.put_joliet(tree, directory, &mut identifier),
        }
        let extent = plan.records_of(directory, namespace).first;
        put_path_table_record(extent, parent_number, &identifier, order, output);
        if plan.directory(directory).subdirectories > 0 {
            let number = u16::try_from(next).expect("because the layout limits the directories");
            let children = subdirectories(tree, plan, namespace, directory);
            queue.extend(children.map(|child| (child, number)));
        }
    }
}

fn subdirectories<B>(
    tree: &ValidTree<B>,
    plan: &Plan,
    namespace: Namespace,
    directory: NodeId,
) -> impl Iterator<Item = NodeId> {
    let children = match (&tree.node(directory).kind, namespace) {
        (NodeKind::Directory(entry), Namespace::Primary) => plan.names.iso_children(entry),
        (NodeKind::Directory(entry), Namespace::Joliet) => plan.names.joliet_children(entry),
        (NodeKind::File { .. }, _) => &[],
    };
    let is_directory = |child: &NodeId| matches!(tree.node(*child).kind, NodeKind::Directory(_));
    children.iter().copied().filter(is_directory)
}
