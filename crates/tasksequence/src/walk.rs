//! Walking the groups and steps of a sequence in document order.

use std::fmt;
use std::sync::Arc;

use crate::step::{Group, Item, Step};
use crate::xml::Element;

/// How many characters of a name a path shows.
const SHOWN_CHARACTERS: usize = 100;

/// Where a step or group stands: the names of the groups around it, its own name, and its number.
///
/// Names repeat in real sequences; kind and number together identify the item.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StepPath {
    /// Counts in document order from 1: steps with child sequences, and groups apart from them.
    pub number: usize,
    /// Whether the path leads to a group.
    pub is_group: bool,
    /// The names from the outermost group to the item itself, as written.
    pub names: Vec<Arc<str>>,
}

impl StepPath {
    /// Returns the item's own name, empty when it has none.
    pub fn name(&self) -> &str {
        self.names.last().map_or("", |name| name)
    }
}

impl fmt::Display for StepPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, name) in self.names.iter().enumerate() {
            if at > 0 {
                f.write_str("/")?;
            }
            // Names in damaged files can be megabytes long; the product allows 100 characters.
            match name.char_indices().nth(SHOWN_CHARACTERS) {
                Some((end, _)) => write!(f, "{}…", &name[..end])?,
                None => f.write_str(name)?,
            }
        }
        let kind = if self.is_group { "group" } else { "step" };
        write!(f, " ({kind} {})", self.number)
    }
}

/// One item of a walk.
#[derive(Debug, Clone)]
pub struct Placed<'a> {
    /// Where the item stands.
    pub path: StepPath,
    /// The group, step or child sequence.
    pub item: Item<'a>,
    /// Whether neither the item nor a group above it is disabled.
    pub enabled: bool,
    /// The groups around the item, outermost first.
    pub groups: Vec<Group<'a>>,
}

impl<'a> Placed<'a> {
    /// Returns the step, also that of a child sequence; `None` for a group.
    pub fn step(&self) -> Option<Step<'a>> {
        match self.item {
            Item::Group(_) => None,
            Item::Step(step) => Some(step),
            Item::ChildSequence(child) => Some(child.step()),
        }
    }
}

/// Lists all groups, steps and child sequences below an element in document order.
pub(crate) fn walk(root: &Element) -> Vec<Placed<'_>> {
    let mut walk = Walk {
        placed: Vec::new(),
        names: Vec::new(),
        groups: Vec::new(),
        steps: 0,
        groups_seen: 0,
    };
    walk.children(root, true);
    walk.placed
}

struct Walk<'a> {
    placed: Vec<Placed<'a>>,
    names: Vec<Arc<str>>,
    groups: Vec<Group<'a>>,
    steps: usize,
    groups_seen: usize,
}

impl<'a> Walk<'a> {
    fn children(&mut self, parent: &'a Element, enabled: bool) {
        for element in parent.elements() {
            let Some(item) = Item::of(element) else { continue };
            let enabled = enabled && !item.disabled();
            let is_group = matches!(item, Item::Group(_));
            let count = if is_group { &mut self.groups_seen } else { &mut self.steps };
            *count += 1;
            let number = *count;
            self.names.push(Arc::from(item.name()));
            let path = StepPath { number, is_group, names: self.names.clone() };
            self.placed.push(Placed { path, item, enabled, groups: self.groups.clone() });
            if let Item::Group(group) = item {
                self.groups.push(group);
                self.children(element, enabled);
                self.groups.pop();
            }
            self.names.pop();
        }
    }
}
