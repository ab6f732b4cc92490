use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use super::tree::{NodeIndex, ROOT, Tree};
use super::{Checker, rules};
use crate::read::Namespace;

impl Checker<'_> {
    /// Checks that all trees have the same shape over the same data, and the same names where a
    /// tree can hold them.
    pub(super) fn check_agreement(&mut self, trees: &[Tree]) {
        let richness = |tree: &&Tree| match tree.namespace {
            Namespace::Iso9660 => 0,
            Namespace::Joliet => 1,
            Namespace::RockRidge => 2,
            Namespace::Udf => 3,
        };
        let Some(base) = trees.iter().max_by_key(richness) else { return };
        let base_shapes = shapes(base);
        for other in trees {
            if other.namespace != base.namespace {
                let pair = Pair { base, base_shapes: &base_shapes, other, shapes: shapes(other) };
                self.compare_trees(&pair);
            }
        }
    }

    fn compare_trees(&mut self, pair: &Pair<'_>) {
        let mut stack = vec![(ROOT, ROOT)];
        while let Some(directories) = stack.pop() {
            let matched = pair.match_children(directories);
            for (base, other) in matched.pairs {
                self.compare_nodes(pair, base, other);
                if pair.base.is_directory(base) && pair.other.is_directory(other) {
                    stack.push((base, other));
                }
            }
            for (base, other) in matched.alike {
                self.compare_nodes(pair, base, other);
            }
            for base in matched.base_only {
                let message = format!("nothing in the {} tree is like it", pair.other.namespace);
                let path = || pair.base.path(base);
                let offset = pair.base.record_offset(base);
                self.report.add_at(rules::TREES_DIFFER, offset, path, message);
            }
            for other in matched.other_only {
                let message = format!("nothing in the {} tree is like it", pair.base.namespace);
                let path = || pair.other.path(other);
                let offset = pair.other.record_offset(other);
                self.report.add_at(rules::TREES_DIFFER, offset, path, message);
            }
        }
    }

    fn compare_nodes(&mut self, pair: &Pair<'_>, base: NodeIndex, other: NodeIndex) {
        let Pair { base: tree, other: other_tree, .. } = pair;
        let same = tree.is_directory(base) == other_tree.is_directory(other)
            && tree.file_len(base) == other_tree.file_len(other)
            && tree.extents(base) == other_tree.extents(other);
        let offset = other_tree.record_offset(other);
        if !same {
            let message = format!(
                "the {} tree says {}, the {} tree {}",
                tree.namespace,
                described(tree, base),
                other_tree.namespace,
                described(other_tree, other)
            );
            self.report.add_at(rules::TREES_DIFFER, offset, || tree.path(base), message);
        }
        if let Some(name) = pair.name_in_other(base)
            && other_tree.namespace != Namespace::Iso9660
            && name != other_tree.name(other)
        {
            let message = format!(
                "the {} tree calls it `{}`",
                other_tree.namespace,
                other_tree.name(other).escape_debug()
            );
            self.report.add_at(rules::NAMES_DIFFER, offset, || tree.path(base), message);
        }
    }
}

fn described(tree: &Tree, node: NodeIndex) -> String {
    if tree.is_directory(node) {
        return "a directory".to_owned();
    }
    let extents: Vec<String> = tree
        .extents(node)
        .iter()
        .take(4)
        .map(|extent| format!("{} at byte {}", extent.len, extent.offset))
        .collect();
    format!("{} bytes ({})", tree.file_len(node), extents.join(", "))
}

/// Two trees that should have the same shape.
struct Pair<'t> {
    base: &'t Tree,
    base_shapes: &'t [u64],
    other: &'t Tree,
    shapes: Vec<u64>,
}

/// The children of two directories, matched.
#[derive(Default)]
struct Matched {
    pairs: Vec<(NodeIndex, NodeIndex)>,
    /// Directories that were renamed and of which several hold the same data in the same shape.
    /// Which of them is which cannot be told, so the names inside are not compared.
    alike: Vec<(NodeIndex, NodeIndex)>,
    base_only: Vec<NodeIndex>,
    other_only: Vec<NodeIndex>,
}

impl Pair<'_> {
    /// Matches by name where the other tree can hold the name, then by shape: a tree with shorter
    /// names may have changed them, but not what lies behind them.
    fn match_children(&self, (base, other): (NodeIndex, NodeIndex)) -> Matched {
        let mut matched = Matched::default();
        let mut by_name: HashMap<&str, NodeIndex> =
            self.other.children(other).map(|child| (self.other.name(child), child)).collect();
        let mut rest = Vec::new();
        for child in self.base.children(base) {
            let name = self.name_in_other(child);
            match name.and_then(|name| by_name.remove(name.as_str())) {
                Some(twin) => matched.pairs.push((child, twin)),
                None => rest.push(child),
            }
        }
        let taken: std::collections::HashSet<NodeIndex> =
            matched.pairs.iter().map(|&(_, other)| other).collect();
        let mut others: Vec<NodeIndex> =
            self.other.children(other).filter(|child| !taken.contains(child)).collect();
        rest.sort_by_key(|&child| self.base_shape(child));
        others.sort_by_key(|&child| self.other_shape(child));
        self.match_shapes(&rest, &others, &mut matched);
        matched.pair_lone_directories(self);
        matched
    }

    /// Merges two lists that are sorted by shape.
    fn match_shapes(&self, rest: &[NodeIndex], others: &[NodeIndex], matched: &mut Matched) {
        let base_runs = rest.chunk_by(|&a, &b| self.base_shape(a) == self.base_shape(b));
        let other_runs = others.chunk_by(|&a, &b| self.other_shape(a) == self.other_shape(b));
        let (mut base_runs, mut other_runs) = (base_runs.peekable(), other_runs.peekable());
        while let (Some(&base), Some(&other)) = (base_runs.peek(), other_runs.peek()) {
            let (base_shape, other_shape) = (self.base_shape(base[0]), self.other_shape(other[0]));
            if base_shape <= other_shape {
                base_runs.next();
            }
            if other_shape <= base_shape {
                other_runs.next();
            }
            match base_shape.cmp(&other_shape) {
                std::cmp::Ordering::Equal => self.match_run(base, other, matched),
                std::cmp::Ordering::Less => matched.base_only.extend(base),
                std::cmp::Ordering::Greater => matched.other_only.extend(other),
            }
        }
        matched.base_only.extend(base_runs.flatten());
        matched.other_only.extend(other_runs.flatten());
    }

    /// Pairs nodes that all have one shape.
    fn match_run(&self, base: &[NodeIndex], other: &[NodeIndex], matched: &mut Matched) {
        let is_certain = base.len() == 1 && other.len() == 1;
        let pairs = base.iter().copied().zip(other.iter().copied());
        if is_certain { &mut matched.pairs } else { &mut matched.alike }.extend(pairs);
        matched.base_only.extend(base.iter().skip(other.len()));
        matched.other_only.extend(other.iter().skip(base.len()));
    }

    /// The name that the other tree must give to a node of the base, None if it may be another
    /// one.
    fn name_in_other(&self, node: NodeIndex) -> Option<String> {
        let name = self.base.name(node);
        let holds = match self.other.namespace {
            Namespace::Udf => true,
            // One `NM` entry of 255 bytes; writers differ in whether they use a second one.
            Namespace::RockRidge => name.len() <= 250,
            Namespace::Joliet => {
                name.encode_utf16().count() <= 64
                    && !name.contains(['*', '/', ':', ';', '?', '\\'])
                    && !name.ends_with(['.', ' '])
            }
            // Some writers keep the dot of a directory's name, which ECMA-119 §7.6 does not allow.
            Namespace::Iso9660 if self.base.is_directory(node) && name.contains('.') => false,
            // What Joliet calls `__` may have been `_.`, which is another name in ISO 9660.
            Namespace::Iso9660 if self.base.namespace == Namespace::Joliet => {
                return iso_name(name).filter(|name| !name.contains('_'));
            }
            Namespace::Iso9660 => return iso_name(name),
        };
        holds.then(|| name.to_owned())
    }

    fn base_shape(&self, node: NodeIndex) -> u64 {
        self.base_shapes[node as usize]
    }

    fn other_shape(&self, node: NodeIndex) -> u64 {
        self.shapes[node as usize]
    }
}

impl Matched {
    /// Pairs the only directory on one side with the only one on the other, so that a difference
    /// deep inside is reported where it is.
    fn pair_lone_directories(&mut self, pair: &Pair<'_>) {
        let lone = |tree: &Tree, nodes: &[NodeIndex]| {
            let mut directories = nodes.iter().copied().filter(|&node| tree.is_directory(node));
            directories.next().filter(|_| directories.next().is_none())
        };
        let base = lone(pair.base, &self.base_only);
        let other = lone(pair.other, &self.other_only);
        if let (Some(base), Some(other)) = (base, other) {
            self.base_only.retain(|&node| node != base);
            self.other_only.retain(|&node| node != other);
            self.pairs.push((base, other));
        }
    }
}

/// The upper case of a name that ISO 9660 holds without any other change, at any level.
fn iso_name(name: &str) -> Option<String> {
    let (stem, extension) = name.split_once('.').unwrap_or((name, ""));
    let plain = |part: &str| part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    let fits = (1..=8).contains(&stem.len()) && extension.len() <= 3;
    (fits && plain(stem) && plain(extension)).then(|| name.to_ascii_uppercase())
}

/// A number for each node that is the same for nodes of the same shape: files over the same data,
/// directories of children of the same shapes, whatever they are called.
fn shapes(tree: &Tree) -> Vec<u64> {
    let mut shapes = vec![0; tree.len()];
    // Children come after their directories.
    for node in (0..tree.len() as NodeIndex).rev() {
        let mut hasher = DefaultHasher::new();
        if tree.is_directory(node) {
            let mut children: Vec<u64> =
                tree.children(node).map(|child| shapes[child as usize]).collect();
            children.sort_unstable();
            children.hash(&mut hasher);
        } else {
            (tree.file_len(node), tree.extents(node)).hash(&mut hasher);
        }
        shapes[node as usize] = hasher.finish();
    }
    shapes
}
