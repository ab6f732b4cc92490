use crate::read::{DataExtent, Namespace};

/// A tree of names as compact as a million files want it: the children of a directory follow each
/// other, names and extents lie in one vector each.
#[derive(Debug)]
pub(super) struct Tree {
    pub(super) namespace: Namespace,
    nodes: Vec<Node>,
    names: String,
    extents: Vec<DataExtent>,
}

/// The place of a node in its tree.
pub(super) type NodeIndex = u32;

/// The directory that holds everything.
pub(super) const ROOT: NodeIndex = 0;

#[derive(Clone, Debug)]
struct Node {
    parent: NodeIndex,
    name_at: u32,
    name_len: u16,
    is_directory: bool,
    extents_at: u32,
    extent_count: u32,
    first_child: NodeIndex,
    child_count: u32,
    len: u64,
    record_offset: u64,
}

/// What is known of an entry when it is added.
pub(super) struct NewNode<'a> {
    pub(super) name: &'a str,
    pub(super) is_directory: bool,
    pub(super) len: u64,
    pub(super) extents: &'a [DataExtent],
    pub(super) record_offset: u64,
}

impl Tree {
    pub(super) fn new(namespace: Namespace, root_offset: u64) -> Self {
        let root = Node {
            parent: ROOT,
            name_at: 0,
            name_len: 0,
            is_directory: true,
            extents_at: 0,
            extent_count: 0,
            first_child: 0,
            child_count: 0,
            len: 0,
            record_offset: root_offset,
        };
        Self { namespace, nodes: vec![root], names: String::new(), extents: Vec::new() }
    }

    /// Adds a child; all children of a directory are added one after another.
    pub(super) fn push(&mut self, parent: NodeIndex, new: NewNode<'_>) -> NodeIndex {
        let index = self.nodes.len() as NodeIndex;
        let owner = &mut self.nodes[parent as usize];
        if owner.child_count == 0 {
            owner.first_child = index;
        }
        debug_assert_eq!(owner.first_child + owner.child_count, index);
        owner.child_count += 1;
        // No standard has names of more than some hundred bytes; a longer one is hostile.
        let name = &new.name[..new.name.floor_char_boundary(usize::from(u16::MAX))];
        self.nodes.push(Node {
            parent,
            name_at: self.names.len() as u32,
            name_len: name.len() as u16,
            is_directory: new.is_directory,
            extents_at: self.extents.len() as u32,
            extent_count: new.extents.len() as u32,
            first_child: 0,
            child_count: 0,
            len: new.len,
            record_offset: new.record_offset,
        });
        self.names.push_str(name);
        self.extents.extend_from_slice(new.extents);
        index
    }

    /// Adds a file with the data of another one.
    pub(super) fn push_twin(
        &mut self,
        parent: NodeIndex,
        name: &str,
        twin: NodeIndex,
        record_offset: u64,
    ) {
        let extents = self.extents(twin).to_vec();
        let len = self.file_len(twin);
        let new = NewNode { name, is_directory: false, len, extents: &extents, record_offset };
        self.push(parent, new);
    }

    pub(super) fn len(&self) -> usize {
        self.nodes.len()
    }

    pub(super) fn is_directory(&self, node: NodeIndex) -> bool {
        self.nodes[node as usize].is_directory
    }

    pub(super) fn file_len(&self, node: NodeIndex) -> u64 {
        self.nodes[node as usize].len
    }

    pub(super) fn record_offset(&self, node: NodeIndex) -> u64 {
        self.nodes[node as usize].record_offset
    }

    pub(super) fn parent(&self, node: NodeIndex) -> NodeIndex {
        self.nodes[node as usize].parent
    }

    pub(super) fn name(&self, node: NodeIndex) -> &str {
        let Node { name_at, name_len, .. } = self.nodes[node as usize];
        &self.names[name_at as usize..name_at as usize + usize::from(name_len)]
    }

    pub(super) fn extents(&self, node: NodeIndex) -> &[DataExtent] {
        let Node { extents_at, extent_count, .. } = self.nodes[node as usize];
        &self.extents[extents_at as usize..][..extent_count as usize]
    }

    pub(super) fn children(&self, node: NodeIndex) -> std::ops::Range<NodeIndex> {
        let Node { first_child, child_count, .. } = self.nodes[node as usize];
        first_child..first_child + child_count
    }

    pub(super) fn files(&self) -> impl Iterator<Item = NodeIndex> + '_ {
        (0..self.nodes.len() as NodeIndex).filter(|&node| !self.is_directory(node))
    }

    /// The path from the root, with `/` between its parts; empty for the root.
    pub(super) fn path(&self, node: NodeIndex) -> String {
        let mut parts = Vec::new();
        let mut node = node;
        while node != ROOT {
            parts.push(self.name(node));
            node = self.parent(node);
        }
        parts.reverse();
        parts.join("/")
    }

    /// The path of a child that is not in the tree yet.
    pub(super) fn path_of(&self, parent: NodeIndex, name: &str) -> String {
        let parent = self.path(parent);
        if parent.is_empty() { name.to_owned() } else { format!("{parent}/{name}") }
    }
}
