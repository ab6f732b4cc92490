//! Following child sequences.

use std::collections::HashMap;

use crate::problem::{Place, Problem, Severity};
use crate::sequence::TaskSequence;
use crate::step::Item;

/// The deepest chain of child sequences: the product documents no limit, and no real site comes near.
pub const MAX_CHILD_DEPTH: usize = 32;

/// A place where a sequence runs another one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChildUse {
    /// The package id of the child, empty when none is named.
    pub id: String,
    /// The child's name as the parent remembers it.
    pub name: String,
    /// The step that runs it.
    pub place: Place,
    /// Whether neither the step nor a group above it is disabled.
    pub enabled: bool,
}

/// The sequences that a sequence runs, directly and through its children.
#[derive(Debug, Clone)]
pub struct Followed<'a> {
    /// Every sequence once, in order of first use, the parent first. Only enabled steps count.
    pub sequences: Vec<FollowedSequence<'a>>,
    /// Cycles, chains that are too deep, and children that are not at hand.
    pub problems: Vec<Problem>,
}

/// A sequence that was reached by following children.
#[derive(Debug, Clone)]
pub struct FollowedSequence<'a> {
    /// Its package id.
    pub id: String,
    /// The ids on the way to it, the parent first, itself last.
    pub path: Vec<String>,
    /// The sequence.
    pub sequence: &'a TaskSequence,
}

impl TaskSequence {
    /// Lists the places where the sequence runs another one, in document order.
    pub fn child_uses(&self) -> Vec<ChildUse> {
        let placed = self.walk().into_iter();
        let children = placed.filter_map(|placed| match placed.item {
            Item::ChildSequence(child) => Some(ChildUse {
                id: child.id(),
                name: child.sequence_name(),
                place: Place::Step(placed.path.clone()),
                enabled: placed.enabled,
            }),
            _ => None,
        });
        children.collect()
    }
}

/// Follows the children of a sequence through `lookup`, which finds a sequence by its package id.
///
/// Ids are compared without case. Each sequence is entered once, so that the cost is linear even
/// when many sequences share children.
pub fn follow<'a>(
    id: &str,
    sequence: &'a TaskSequence,
    lookup: &dyn Fn(&str) -> Option<&'a TaskSequence>,
) -> Followed<'a> {
    let followed = Followed { sequences: Vec::new(), problems: Vec::new() };
    let mut walk = Walk { lookup, followed, path: Vec::new(), heights: HashMap::new() };
    walk.enter(id, sequence);
    walk.followed
}

struct Walk<'a, 'l> {
    lookup: &'l dyn Fn(&str) -> Option<&'a TaskSequence>,
    followed: Followed<'a>,
    path: Vec<String>,
    /// For each finished sequence, how many levels its longest chain of children has.
    heights: HashMap<String, usize>,
}

impl<'a> Walk<'a, '_> {
    fn enter(&mut self, id: &str, sequence: &'a TaskSequence) -> usize {
        self.path.push(id.to_owned());
        let path = self.path.clone();
        self.followed.sequences.push(FollowedSequence { id: id.to_owned(), path, sequence });
        let mut height = 0;
        for child in sequence.child_uses().into_iter().filter(|child| child.enabled) {
            height = height.max(self.child(&child));
        }
        self.path.pop();
        self.heights.insert(id.to_ascii_uppercase(), height);
        height
    }

    /// Follows one use and returns the levels that it adds below the current sequence.
    fn child(&mut self, child: &ChildUse) -> usize {
        if let Some(at) = self.path.iter().position(|id| id.eq_ignore_ascii_case(&child.id)) {
            let cycle = chain(&self.path[at..], &child.id);
            let message = format!("task sequences run each other in a circle: {cycle}");
            let remedy = "remove one of the Run Task Sequence steps on the way";
            self.problem("child-cycle", message, child, remedy);
            return 0;
        }
        let below = self.heights.get(&child.id.to_ascii_uppercase()).copied();
        if self.path.len() + below.unwrap_or(0) > MAX_CHILD_DEPTH {
            let way = chain(&self.path, &child.id);
            let message =
                format!("child sequences nest deeper than {MAX_CHILD_DEPTH} levels: {way}");
            self.problem("child-depth", message, child, "make the chain of children shorter");
            return below.map_or(0, |below| below + 1);
        }
        if let Some(below) = below {
            return below + 1;
        }
        match (self.lookup)(&child.id) {
            Some(sequence) => self.enter(&child.id, sequence) + 1,
            None => {
                let message = if child.id.is_empty() {
                    "the step names no task sequence to run".to_owned()
                } else {
                    format!("child sequence `{}` ({}) is not there", child.id, child.name)
                };
                let remedy = "import the child sequence or remove the step";
                self.problem("child-missing", message, child, remedy);
                0
            }
        }
    }

    fn problem(&mut self, rule: &'static str, message: String, child: &ChildUse, remedy: &str) {
        // The step stands in the sequence that was entered last.
        let child_id = if self.path.len() > 1 { self.path.last().cloned() } else { None };
        self.followed.problems.push(Problem {
            rule,
            severity: Severity::Error,
            message,
            child: child_id,
            place: child.place.clone(),
            remedy: remedy.to_owned(),
        });
    }
}

fn chain(path: &[String], last: &str) -> String {
    let mut chain = path.join(" → ");
    chain.push_str(" → ");
    chain.push_str(last);
    chain
}
