use std::collections::HashMap;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use crate::{ByteCount, ByteOffset};

/// Files and directories that shall become an image, in any order.
///
/// Paths are relative, with `/` between their parts; directories on the way are made as needed.
#[derive(Clone, Debug)]
pub struct FileTree<B> {
    nodes: Vec<Node<B>>,
    directories: HashMap<(u32, Box<str>), u32>,
}

#[derive(Clone, Debug)]
struct Node<B> {
    name: Box<str>,
    parent: u32,
    file: Option<(FileData<B>, u32)>,
}

/// Where a file's bytes come from.
///
/// Two files with equal blob, offset and length share their extent in an image that can share.
#[derive(Clone, Debug)]
pub enum FileData<B> {
    /// These bytes.
    Bytes(Arc<[u8]>),
    /// `len` bytes of `blob` from `offset` on.
    Blob {
        /// Whose bytes.
        blob: B,
        /// Where in the blob they start.
        offset: ByteOffset,
        /// How many.
        len: ByteCount,
    },
}

impl<B> FileData<B> {
    /// All `len` bytes of `blob`.
    pub fn blob(blob: B, len: ByteCount) -> Self {
        Self::Blob { blob, offset: ByteOffset::ZERO, len }
    }

    /// The file's length.
    pub fn len(&self) -> ByteCount {
        match self {
            Self::Bytes(bytes) => ByteCount(bytes.len() as u64),
            Self::Blob { len, .. } => *len,
        }
    }

    /// Whether the file has no bytes.
    pub fn is_empty(&self) -> bool {
        self.len() == ByteCount::ZERO
    }
}

/// A path that no tree can hold: absolute, empty, with an empty part, `.`, `..`, or through a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathError {
    /// The path as given.
    pub path: String,
}

impl fmt::Display for PathError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is not a plain relative path", self.path)
    }
}

impl std::error::Error for PathError {}

/// Something in a tree that keeps it from becoming an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TreeProblem {
    /// Two entries have the same path.
    Duplicate {
        /// The path of both.
        path: String,
    },
    /// The names of two entries of one directory differ only in case.
    CaseCollision {
        /// The path of the first.
        path: String,
        /// The name of the other.
        other: String,
    },
    /// A name holds a control character.
    ControlCharacter {
        /// The path of the entry.
        path: String,
    },
}

impl fmt::Display for TreeProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Duplicate { path } => write!(f, "`{path}` is there twice"),
            Self::CaseCollision { path, other } => {
                write!(f, "`{path}` and `{other}` beside it differ only in case")
            }
            Self::ControlCharacter { path } => {
                write!(f, "the name of `{}` holds a control character", path.escape_debug())
            }
        }
    }
}

impl std::error::Error for TreeProblem {}

impl<B> Default for FileTree<B> {
    fn default() -> Self {
        Self::new()
    }
}

impl<B> FileTree<B> {
    /// A tree with nothing but its root.
    pub fn new() -> Self {
        let root = Node { name: "".into(), parent: 0, file: None };
        Self { nodes: vec![root], directories: HashMap::new() }
    }

    /// Adds a file whose data may lie anywhere.
    pub fn add_file(&mut self, path: &str, data: FileData<B>) -> Result<(), PathError> {
        self.add_file_ranked(path, data, u32::MAX)
    }

    /// Adds a file whose data lies before that of files with a higher `rank`.
    ///
    /// Boot files want the beginning of a disc; content wants the order in which it is read.
    pub fn add_file_ranked(
        &mut self,
        path: &str,
        data: FileData<B>,
        rank: u32,
    ) -> Result<(), PathError> {
        let (parent, name) = match path.rsplit_once('/') {
            Some((directory, name)) => (self.directory(directory, path)?, name),
            None => (0, path),
        };
        check_part(name, path)?;
        self.nodes.push(Node { name: name.into(), parent, file: Some((data, rank)) });
        Ok(())
    }

    /// Adds a directory, which may be there already.
    pub fn add_directory(&mut self, path: &str) -> Result<(), PathError> {
        self.directory(path, path).map(drop)
    }

    fn directory(&mut self, directory: &str, path: &str) -> Result<u32, PathError> {
        if let Some((parent, name)) = directory.rsplit_once('/') {
            let parent = self.directory(parent, path)?;
            return self.child_directory(parent, name, path);
        }
        self.child_directory(0, directory, path)
    }

    fn child_directory(&mut self, parent: u32, name: &str, path: &str) -> Result<u32, PathError> {
        check_part(name, path)?;
        let key = (parent, Box::from(name));
        if let Some(&id) = self.directories.get(&key) {
            return Ok(id);
        }
        let id = self.nodes.len() as u32;
        self.nodes.push(Node { name: name.into(), parent, file: None });
        self.directories.insert(key, id);
        Ok(id)
    }

    /// Sorts the tree and checks its names, or returns everything that is wrong with it.
    ///
    /// Children are sorted by the bytes of their names. Limits of a format (lengths, reserved
    /// characters, counts) are the business of that format's layout.
    pub fn validate(self) -> Result<ValidTree<B>, Vec<TreeProblem>> {
        let tree = ValidTree::sorted(self.nodes);
        let problems = tree.problems();
        if problems.is_empty() { Ok(tree) } else { Err(problems) }
    }
}

fn check_part(name: &str, path: &str) -> Result<(), PathError> {
    if matches!(name, "" | "." | "..") {
        return Err(PathError { path: path.to_owned() });
    }
    Ok(())
}

/// The place of a node in a [`ValidTree`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(u32);

impl NodeId {
    /// The directory that holds everything.
    pub const ROOT: Self = Self(0);

    /// The node's index in breadth-first order; the root's is 0.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// A tree whose names are sound, in a fixed order: breadth first, the children of a directory
/// sorted by the bytes of their names.
#[derive(Clone, Debug)]
pub struct ValidTree<B> {
    nodes: Vec<ValidNode<B>>,
}

/// A file or directory of a [`ValidTree`].
#[derive(Clone, Debug)]
pub struct ValidNode<B> {
    /// The name; empty for the root.
    pub name: Box<str>,
    /// The directory that holds it; the root holds itself.
    pub parent: NodeId,
    /// What it is.
    pub kind: NodeKind<B>,
}

/// What a node is.
#[derive(Clone, Debug)]
pub enum NodeKind<B> {
    /// A directory and its children, which follow each other in the tree.
    Directory(DirectoryEntry),
    /// A file.
    File {
        /// Its bytes.
        data: FileData<B>,
        /// Its place in the order of data: lower first, then in tree order.
        rank: u32,
    },
}

/// The children of a directory, as a range of node indexes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DirectoryEntry {
    first: u32,
    end: u32,
}

impl DirectoryEntry {
    /// The children in the order of their names.
    pub fn children(&self) -> impl ExactSizeIterator<Item = NodeId> + Clone + use<> {
        Range { start: self.first, end: self.end }.map(NodeId)
    }
}

impl<B> ValidTree<B> {
    fn sorted(nodes: Vec<Node<B>>) -> Self {
        let mut children: Vec<u32> = (1..nodes.len() as u32).collect();
        children.sort_unstable_by(|&a, &b| {
            let (a, b) = (&nodes[a as usize], &nodes[b as usize]);
            (a.parent, &a.name).cmp(&(b.parent, &b.name))
        });
        let mut first_child = vec![0u32; nodes.len() + 1];
        for &child in &children {
            first_child[nodes[child as usize].parent as usize + 1] += 1;
        }
        for index in 1..first_child.len() {
            first_child[index] += first_child[index - 1];
        }

        let count = nodes.len();
        let mut unplaced: Vec<Option<Node<B>>> = nodes.into_iter().map(Some).collect();
        let mut order = Vec::with_capacity(count);
        order.push((0u32, NodeId::ROOT));
        let mut placed = Vec::with_capacity(count);
        let mut next = 0;
        while next < order.len() {
            let (old, parent) = order[next];
            let node = unplaced[old as usize].take().expect("each node has one parent");
            let kind = match node.file {
                Some((data, rank)) => NodeKind::File { data, rank },
                None => {
                    let first = order.len() as u32;
                    let range =
                        first_child[old as usize] as usize..first_child[old as usize + 1] as usize;
                    order.extend(children[range].iter().map(|&child| (child, NodeId(next as u32))));
                    NodeKind::Directory(DirectoryEntry { first, end: order.len() as u32 })
                }
            };
            placed.push(ValidNode { name: node.name, parent, kind });
            next += 1;
        }
        Self { nodes: placed }
    }

    fn problems(&self) -> Vec<TreeProblem> {
        let mut problems = Vec::new();
        for (id, node) in self.nodes() {
            if node.name.chars().any(char::is_control) {
                problems.push(TreeProblem::ControlCharacter { path: self.path(id) });
            }
            if let NodeKind::Directory(entry) = &node.kind {
                self.collisions(entry, &mut problems);
            }
        }
        problems
    }

    fn collisions(&self, entry: &DirectoryEntry, problems: &mut Vec<TreeProblem>) {
        let mut folded: Vec<(String, NodeId)> =
            entry.children().map(|child| (fold_case(&self.node(child).name), child)).collect();
        folded.sort();
        for pair in folded.windows(2) {
            let [(first_folded, first), (second_folded, second)] = pair else { continue };
            if first_folded != second_folded {
                continue;
            }
            let path = self.path(*first);
            let other = &self.node(*second).name;
            problems.push(if self.node(*first).name == *other {
                TreeProblem::Duplicate { path }
            } else {
                TreeProblem::CaseCollision { path, other: other.to_string() }
            });
        }
    }

    /// The nodes in breadth-first order, the root first.
    pub fn nodes(&self) -> impl ExactSizeIterator<Item = (NodeId, &ValidNode<B>)> + Clone {
        self.nodes.iter().enumerate().map(|(index, node)| (NodeId(index as u32), node))
    }

    /// The node with this id.
    pub fn node(&self, id: NodeId) -> &ValidNode<B> {
        &self.nodes[id.index()]
    }

    /// The number of nodes, the root included.
    pub fn node_count(&self) -> usize {
        self.nodes.len()
    }

    /// The number of files.
    pub fn file_count(&self) -> usize {
        self.nodes.iter().filter(|node| matches!(node.kind, NodeKind::File { .. })).count()
    }

    /// The number of directories, the root included.
    pub fn directory_count(&self) -> usize {
        self.node_count() - self.file_count()
    }

    /// The path from the root, with `/` between its parts; empty for the root.
    pub fn path(&self, id: NodeId) -> String {
        let mut parts = Vec::new();
        let mut id = id;
        while id != NodeId::ROOT {
            let node = self.node(id);
            parts.push(&*node.name);
            id = node.parent;
        }
        parts.reverse();
        parts.join("/")
    }

    /// The node at this path, with `/` between the parts; the root for an empty one.
    pub fn find(&self, path: &str) -> Option<NodeId> {
        let mut id = NodeId::ROOT;
        for part in path.split('/').filter(|part| !part.is_empty()) {
            let NodeKind::Directory(entry) = &self.node(id).kind else { return None };
            let children = &self.nodes[entry.first as usize..entry.end as usize];
            let index = children.binary_search_by(|child| (*child.name).cmp(part)).ok()?;
            id = NodeId(entry.first + index as u32);
        }
        Some(id)
    }
}

/// Folds case the way that makes two names collide on Windows: by upper-case letters.
fn fold_case(name: &str) -> String {
    if name.is_ascii() {
        return name.to_ascii_uppercase();
    }
    name.chars().flat_map(char::to_uppercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(paths: &[&str]) -> FileTree<u32> {
        let mut tree = FileTree::new();
        for path in paths {
            tree.add_file(path, FileData::blob(1, ByteCount(1))).unwrap();
        }
        tree
    }

    fn paths(tree: &ValidTree<u32>) -> Vec<String> {
        tree.nodes().map(|(id, _)| tree.path(id)).collect()
    }

    #[test]
    fn nodes_are_breadth_first_and_sorted_whatever_the_input_order() {
        let expected = ["", "a", "b", "c.txt", "a/x", "a/y", "b/1", "a/y/deep"];
        for input in [["c.txt", "b/1", "a/y/deep", "a/x"], ["a/x", "a/y/deep", "b/1", "c.txt"]] {
            assert_eq!(paths(&tree(&input).validate().unwrap()), expected);
        }
    }

    #[test]
    fn find_is_the_inverse_of_path() {
        let tree = tree(&["c.txt", "b/1", "a/y/deep", "a/x"]).validate().unwrap();
        for (id, _) in tree.nodes() {
            assert_eq!(tree.find(&tree.path(id)), Some(id));
        }
        assert_eq!(tree.find("a/z"), None);
        assert_eq!(tree.find("c.txt/z"), None);
    }

    #[test]
    fn paths_that_leave_the_tree_are_refused() {
        for path in ["", "/a", "a//b", "../a", "a/./b", "a/"] {
            let mut tree = FileTree::<u32>::new();
            let result = tree.add_file(path, FileData::blob(1, ByteCount(1)));
            assert_eq!(result, Err(PathError { path: path.to_owned() }), "{path}");
        }
    }

    #[test]
    fn every_collision_is_reported() {
        let problems = tree(&["a/x", "a/X", "b", "b", "b/c"]).validate().unwrap_err();
        let texts: Vec<String> = problems.iter().map(ToString::to_string).collect();
        assert_eq!(
            texts,
            [
                "`b` is there twice",
                "`b` is there twice",
                "`a/X` and `x` beside it differ only in case"
            ]
        );
    }

    #[test]
    fn names_with_control_characters_are_reported() {
        let problems = tree(&["a\u{7}"]).validate().unwrap_err();
        assert_eq!(problems, [TreeProblem::ControlCharacter { path: "a\u{7}".into() }]);
    }
}
