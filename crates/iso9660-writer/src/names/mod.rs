//! The names that each namespace gives to the nodes of a tree, and their order in it.
//!
//! ISO 9660 names are always mangled; Joliet and Rock Ridge names only where they do not fit. A
//! mangled name depends on nothing but the names of its directory.

mod cs0;
mod iso;
mod joliet;
mod rock_ridge;
mod unique;

use std::collections::HashMap;
use std::ops::Range;

use image::{DirectoryEntry, NodeId, NodeKind, ValidTree};

pub(crate) use cs0::{cs0, dstring};

use crate::{IsoOptions, LayoutError, NameLimit, NameProblem};

/// The most bytes of a UDF file identifier (ECMA-167 4/14.4.4: its length field has 8 bits).
const UDF_IDENTIFIER_LEN_MAX: usize = 255;

/// The names of a tree's nodes in every namespace of an image.
#[derive(Debug)]
pub(crate) struct Names {
    /// The ISO 9660 names one after another, without versions.
    iso: Vec<u8>,
    /// Where the ISO 9660 name of each node ends.
    iso_ends: Vec<usize>,
    /// The nodes, with the children of each directory in the order of their ISO 9660 names.
    iso_order: Vec<NodeId>,
    /// The same for Joliet; empty without it.
    joliet_order: Vec<NodeId>,
    /// The Joliet names that are not the names of the tree.
    joliet: HashMap<NodeId, Box<[u16]>>,
    /// The Rock Ridge names that are not the names of the tree.
    rock_ridge: HashMap<NodeId, Box<[u8]>>,
}

impl Names {
    pub(crate) fn new<B>(tree: &ValidTree<B>, options: &IsoOptions) -> Result<Self, LayoutError> {
        if options.udf {
            check_udf_names(tree)?;
        }
        let order: Vec<NodeId> = tree.nodes().map(|(id, _)| id).collect();
        let mut names = Self {
            iso: Vec::with_capacity(16 * order.len()),
            iso_ends: Vec::with_capacity(order.len()),
            joliet_order: if options.joliet { order.clone() } else { Vec::new() },
            iso_order: order,
            joliet: HashMap::new(),
            rock_ridge: HashMap::new(),
        };
        names.iso_ends.push(0);
        for (_, node) in tree.nodes() {
            let NodeKind::Directory(entry) = &node.kind else { continue };
            names.add_iso(tree, entry);
            if options.joliet {
                names.add_joliet(tree, entry);
            }
            if options.rock_ridge {
                rock_ridge::rename(tree, entry, &mut names.rock_ridge);
            }
        }
        Ok(names)
    }

    /// The ISO 9660 identifier without a version; that of a file has exactly one dot.
    pub(crate) fn iso(&self, node: NodeId) -> &[u8] {
        &self.iso[self.iso_range(node)]
    }

    fn iso_range(&self, node: NodeId) -> Range<usize> {
        let start = node.index().checked_sub(1).map_or(0, |before| self.iso_ends[before]);
        start..self.iso_ends[node.index()]
    }

    /// Appends the Joliet identifier, big-endian (ECMA-119 allows d1-characters, Joliet makes them
    /// UCS-2).
    pub(crate) fn put_joliet<B>(&self, tree: &ValidTree<B>, node: NodeId, out: &mut Vec<u8>) {
        match self.joliet.get(&node) {
            Some(units) => out.extend(units.iter().flat_map(|unit| unit.to_be_bytes())),
            None => {
                out.extend(tree.node(node).name.encode_utf16().flat_map(u16::to_be_bytes));
            }
        }
    }

    /// The Rock Ridge name.
    pub(crate) fn rock_ridge<'a, B>(&'a self, tree: &'a ValidTree<B>, node: NodeId) -> &'a [u8] {
        match self.rock_ridge.get(&node) {
            Some(name) => name,
            None => tree.node(node).name.as_bytes(),
        }
    }

    /// The children of a directory in the order of their ISO 9660 names.
    pub(crate) fn iso_children(&self, entry: &DirectoryEntry) -> &[NodeId] {
        &self.iso_order[indexes(entry)]
    }

    /// The children of a directory in the order of their Joliet names.
    pub(crate) fn joliet_children(&self, entry: &DirectoryEntry) -> &[NodeId] {
        &self.joliet_order[indexes(entry)]
    }

    fn add_iso<B>(&mut self, tree: &ValidTree<B>, entry: &DirectoryEntry) {
        let start = self.iso.len();
        for child in entry.children() {
            iso::mangle(&tree.node(child).name, is_directory(tree, child), &mut self.iso);
            self.iso_ends.push(self.iso.len());
        }
        if !self.sort_iso(entry) {
            self.iso.truncate(start);
            self.iso_ends.truncate(self.iso_ends.len() - entry.children().len());
            for name in iso::unique(tree, entry) {
                self.iso.extend(name);
                self.iso_ends.push(self.iso.len());
            }
            self.sort_iso(entry);
        }
    }

    /// Sorts a directory's children; `false` if two have the same name for a reader.
    ///
    /// Without versions and with a dot that sorts before every other character, comparing bytes is
    /// the order of ECMA-119 §9.3.
    fn sort_iso(&mut self, entry: &DirectoryEntry) -> bool {
        let mut order = std::mem::take(&mut self.iso_order);
        let children = &mut order[indexes(entry)];
        children.sort_unstable_by(|&a, &b| (self.iso(a), a).cmp(&(self.iso(b), b)));
        let shown = |node| iso::without_last_dot(self.iso(node));
        let unique = children.windows(2).all(|pair| shown(pair[0]) != shown(pair[1]));
        self.iso_order = order;
        unique
    }

    fn add_joliet<B>(&mut self, tree: &ValidTree<B>, entry: &DirectoryEntry) {
        // Sorting by UTF-8 bytes and by UTF-16 units differs only for names outside the BMP, so a
        // directory of plain names keeps the order of the tree.
        if entry.children().all(|child| joliet::is_plain(&tree.node(child).name)) {
            return;
        }
        let names = joliet::unique(tree, entry);
        let first = indexes(entry).start;
        let children = &mut self.joliet_order[indexes(entry)];
        children.sort_unstable_by(|a, b| names[a.index() - first].cmp(&names[b.index() - first]));
        for (child, name) in entry.children().zip(names) {
            if !tree.node(child).name.encode_utf16().eq(name.iter().copied()) {
                self.joliet.insert(child, name.into());
            }
        }
    }
}

/// The node indexes of a directory's children.
fn indexes(entry: &DirectoryEntry) -> Range<usize> {
    let mut children = entry.children();
    let count = children.len();
    children.next().map_or(0..0, |first| first.index()..first.index() + count)
}

fn is_directory<B>(tree: &ValidTree<B>, node: NodeId) -> bool {
    matches!(tree.node(node).kind, NodeKind::Directory(_))
}

fn check_udf_names<B>(tree: &ValidTree<B>) -> Result<(), LayoutError> {
    let mut problems = Vec::new();
    for (id, node) in tree.nodes() {
        let bytes = cs0::encoded_len(&node.name);
        if bytes > UDF_IDENTIFIER_LEN_MAX {
            let why = NameLimit::UdfTooLong { bytes };
            problems.push(NameProblem { path: tree.path(id), why });
        }
    }
    if problems.is_empty() { Ok(()) } else { Err(LayoutError::Names(problems)) }
}
