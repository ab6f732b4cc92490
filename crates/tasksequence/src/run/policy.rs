//! A sequence and the sequences that it runs, merged into one list of items.

use std::collections::{HashMap, HashSet};
use std::fmt;

use crate::children::MAX_CHILD_DEPTH;
use crate::condition::Condition;
use crate::problem::Place;
use crate::rules::DynamicRule;
use crate::sequence::{Dialect, TaskSequence};
use crate::step::{Item, RunIn, Step};
use crate::walk::StepPath;

use super::machine::does;
use super::value::Value;

/// The most groups and steps of a policy: a child counts each time that it is run.
pub const MAX_POLICY_ITEMS: usize = 50_000;
/// The deepest nesting of groups and children together: real sequences nest three groups, and merging recurses.
pub const MAX_NESTING: usize = 400;

/// A child sequence that a site or a medium has.
#[derive(Debug, Clone, Copy)]
pub struct Child<'a> {
    /// The sequence.
    pub sequence: &'a TaskSequence,
    /// Whether the sequence as a whole is enabled.
    pub enabled: bool,
}

/// Finds a child sequence by its package id; `None` when it is not there.
pub type ChildLookup<'a> = &'a dyn Fn(&str) -> Option<Child<'a>>;

/// What a run works off: every group and step of a sequence and its children, in document order.
#[derive(Clone, PartialEq, Eq)]
pub struct Policy {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) fingerprint: u64,
    pub(super) globals: Vec<(String, Value)>,
    pub(super) entries: Vec<Entry>,
    pub(super) steps: usize,
}

/// A step of a policy, as far as it is known before it runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PolicyStep<'a> {
    /// The id of the sequence that it stands in.
    pub sequence: &'a str,
    /// Where it stands there.
    pub path: &'a StepPath,
    /// Its number among all steps of the policy, from 1.
    pub number: usize,
    /// Whose step it is.
    pub dialect: Dialect,
    /// The type as written; empty when the document names none.
    pub type_name: &'a str,
    /// Whether the run does it itself.
    pub is_done_by_the_run: bool,
    /// The ids that it names and needs: contents and applications.
    pub contents: &'a [String],
}

/// A group, a step or a child sequence with all below it.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Entry {
    /// The id of the sequence that it stands in.
    pub sequence: String,
    pub path: StepPath,
    /// Counts steps in the whole policy from 1; 0 for what is no step.
    pub number: usize,
    /// The group or child around it.
    pub parent: Option<usize>,
    /// The first entry behind everything below it.
    pub end: usize,
    pub disabled: bool,
    pub continue_on_error: bool,
    pub condition: Condition,
    pub kind: Kind,
}

#[derive(Clone, PartialEq, Eq)]
pub(super) enum Kind {
    Group,
    Step(Box<StepEntry>),
    Child { enabled: bool, globals: Vec<(String, Value)> },
}

/// What the document says about a step.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct StepEntry {
    pub dialect: Dialect,
    pub type_name: String,
    pub stem: String,
    pub action: String,
    pub variables: Vec<(String, Value)>,
    pub timeout_seconds: Option<u32>,
    pub success_codes: Vec<i64>,
    pub retry_count: u32,
    pub run_in: RunIn,
    pub start_in: String,
    /// The rules of Set Dynamic Variables; `None` when they cannot be read.
    pub rules: Option<Vec<DynamicRule>>,
    /// The ids of the contents that it needs.
    pub contents: Vec<String>,
}

/// A reason why a sequence and its children are no policy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PolicyError {
    /// Sequences run each other.
    #[error("task sequences run each other in a circle: {}", path.join(" → "))]
    Cycle {
        /// The ids on the way; the last one is among those before it.
        path: Vec<String>,
    },
    /// A chain of children is longer than [`MAX_CHILD_DEPTH`].
    #[error("child sequences nest deeper than {MAX_CHILD_DEPTH} levels: {}", path.join(" → "))]
    Depth {
        /// The ids on the way.
        path: Vec<String>,
    },
    /// A child that an enabled step runs is not there.
    #[error("child sequence `{id}`, which {place} runs, is not there")]
    ChildMissing {
        /// Its id, empty when the step names none.
        id: String,
        /// The step.
        place: StepPath,
    },
    /// Groups and children together nest deeper than [`MAX_NESTING`].
    #[error("groups and child sequences nest deeper than {MAX_NESTING} levels at {place}")]
    TooDeep {
        /// The first item that is too deep.
        place: StepPath,
    },
    /// There are more groups and steps than [`MAX_POLICY_ITEMS`].
    #[error("the sequence and its children have more than {MAX_POLICY_ITEMS} groups and steps")]
    TooManyItems,
}

impl Policy {
    /// Merges a sequence with the children that its enabled steps run, each at every place that runs it.
    ///
    /// Only MDT writes a name into the document, so `name` says it. `Err` for cycles, chains that
    /// are too long, missing children and too many items.
    pub fn merge(
        id: &str,
        name: &str,
        sequence: &TaskSequence,
        lookup: ChildLookup<'_>,
    ) -> Result<Self, PolicyError> {
        let mut merge = Merge {
            lookup,
            entries: Vec::new(),
            steps: 0,
            path: Vec::new(),
            depth: 0,
            hash: Fnv::new(),
            hashed: HashSet::new(),
        };
        merge.sequence(id, sequence, None, true)?;
        Ok(Self {
            id: id.to_owned(),
            name: name.to_owned(),
            fingerprint: merge.hash.0,
            globals: globals_of(sequence),
            entries: merge.entries,
            steps: merge.steps,
        })
    }

    /// Returns the package id of the sequence.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Returns the name of the sequence.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the number of steps, children's and disabled ones included.
    pub fn steps(&self) -> usize {
        self.steps
    }

    /// Returns what tells this policy from others and from earlier versions of itself: no protection against forgery.
    pub fn fingerprint(&self) -> u64 {
        self.fingerprint
    }

    /// Lists the steps that may run, children's included, in document order: neither they nor
    /// anything around them is disabled.
    pub fn enabled_steps(&self) -> Vec<PolicyStep<'_>> {
        let (mut steps, mut at) = (Vec::new(), 0);
        while let Some(entry) = self.entries.get(at) {
            match &entry.kind {
                _ if entry.disabled => at = entry.end,
                Kind::Step(step) => {
                    steps.push(PolicyStep {
                        sequence: &entry.sequence,
                        path: &entry.path,
                        number: entry.number,
                        dialect: step.dialect,
                        type_name: &step.type_name,
                        is_done_by_the_run: does(step.dialect, &step.stem, &step.action),
                        contents: &step.contents,
                    });
                    at += 1;
                }
                _ => at += 1,
            }
        }
        steps
    }

    /// Whether an enabled step installs an operating system.
    pub(super) fn installs_system(&self) -> bool {
        let mut at = 0;
        while let Some(entry) = self.entries.get(at) {
            match &entry.kind {
                _ if entry.disabled => at = entry.end,
                Kind::Step(step)
                    if ["ApplyOperatingSystem", "UpgradeOperatingSystem", "BDD_InstallOS"]
                        .contains(&step.stem.as_str()) =>
                {
                    return true;
                }
                _ => at += 1,
            }
        }
        false
    }
}

/// Without the steps: their texts hold secrets.
impl fmt::Debug for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Policy");
        shown.field("id", &self.id).field("name", &self.name).field("steps", &self.steps);
        shown.finish_non_exhaustive()
    }
}

struct Merge<'a> {
    lookup: ChildLookup<'a>,
    entries: Vec<Entry>,
    steps: usize,
    path: Vec<String>,
    depth: usize,
    hash: Fnv,
    /// The ids of the sequences whose text went into the hash.
    hashed: HashSet<String>,
}

/// What is the same for all items of one sequence.
struct Origin<'a> {
    id: &'a str,
    dialect: Dialect,
    contents: HashMap<StepPath, Vec<String>>,
}

impl Merge<'_> {
    fn sequence(
        &mut self,
        id: &str,
        sequence: &TaskSequence,
        parent: Option<usize>,
        enabled: bool,
    ) -> Result<(), PolicyError> {
        self.hash.add(id);
        if self.hashed.insert(id.to_uppercase()) {
            self.hash.add(&sequence.to_xml());
        }
        self.path.push(id.to_owned());
        let mut paths = sequence.walk().into_iter().map(|placed| placed.path);
        let origin = Origin { id, dialect: sequence.dialect(), contents: contents_of(sequence) };
        for item in sequence.items() {
            self.item(item, &origin, &mut paths, parent, enabled)?;
        }
        self.path.pop();
        Ok(())
    }

    fn item(
        &mut self,
        item: Item<'_>,
        origin: &Origin<'_>,
        paths: &mut dyn Iterator<Item = StepPath>,
        parent: Option<usize>,
        enabled: bool,
    ) -> Result<(), PolicyError> {
        let path = paths.next().expect("the walk lists the same items in the same order");
        if self.entries.len() == MAX_POLICY_ITEMS {
            return Err(PolicyError::TooManyItems);
        }
        if self.depth == MAX_NESTING {
            return Err(PolicyError::TooDeep { place: path });
        }
        let at = self.add(item, origin, &path, parent);
        let enabled = enabled && !item.disabled();
        self.depth += 1;
        match item {
            Item::Group(group) => {
                for item in group.items() {
                    self.item(item, origin, paths, Some(at), enabled)?;
                }
            }
            Item::Step(step) => {
                let contents = origin.contents.get(&path).cloned().unwrap_or_default();
                self.entries[at].kind =
                    Kind::Step(Box::new(step_of(step, origin.dialect, contents)));
            }
            Item::ChildSequence(child) => {
                self.entries[at].kind = Kind::Child { enabled: true, globals: Vec::new() };
                if enabled {
                    self.child(&child.id(), &path, at)?;
                }
            }
        }
        self.depth -= 1;
        self.entries[at].end = self.entries.len();
        Ok(())
    }

    fn add(
        &mut self,
        item: Item<'_>,
        origin: &Origin<'_>,
        path: &StepPath,
        parent: Option<usize>,
    ) -> usize {
        let step = !matches!(item, Item::Group(_));
        self.steps += usize::from(step);
        self.entries.push(Entry {
            sequence: origin.id.to_owned(),
            path: path.clone(),
            number: if step { self.steps } else { 0 },
            parent,
            end: self.entries.len() + 1,
            disabled: item.disabled(),
            continue_on_error: item.continue_on_error(),
            condition: item.condition(),
            kind: Kind::Group,
        });
        self.entries.len() - 1
    }

    fn child(&mut self, id: &str, place: &StepPath, at: usize) -> Result<(), PolicyError> {
        let way = || self.path.iter().cloned().chain([id.to_owned()]).collect();
        if self.path.iter().any(|above| above.eq_ignore_ascii_case(id)) {
            return Err(PolicyError::Cycle { path: way() });
        }
        if self.path.len() > MAX_CHILD_DEPTH {
            return Err(PolicyError::Depth { path: way() });
        }
        let Some(child) = (self.lookup)(id) else {
            return Err(PolicyError::ChildMissing { id: id.to_owned(), place: place.clone() });
        };
        self.hash.add(if child.enabled { "enabled" } else { "disabled" });
        self.entries[at].kind =
            Kind::Child { enabled: child.enabled, globals: globals_of(child.sequence) };
        self.sequence(id, child.sequence, Some(at), true)
    }
}

fn step_of(step: Step<'_>, dialect: Dialect, contents: Vec<String>) -> StepEntry {
    let variables = step.variables();
    let rules = match step.dynamic_rules() {
        None => Some(Vec::new()),
        Some(rules) => rules.ok(),
    };
    StepEntry {
        dialect,
        type_name: step.type_name().unwrap_or_default().to_owned(),
        stem: step.stem().to_owned(),
        action: step.action().into_owned(),
        variables: pairs(&variables),
        timeout_seconds: step.timeout_seconds(),
        success_codes: step.success_codes(),
        retry_count: step.retry_count(),
        run_in: step.run_in().unwrap_or(RunIn::Both),
        start_in: step.start_in().to_owned(),
        rules,
        contents,
    }
}

fn globals_of(sequence: &TaskSequence) -> Vec<(String, Value)> {
    pairs(&sequence.global_variables())
}

/// The variables of a list; of a repeated one the last counts, at the place of the first.
fn pairs(variables: &crate::variables::Variables<'_>) -> Vec<(String, Value)> {
    let mut pairs: Vec<(String, Value)> = Vec::new();
    let mut known: HashMap<String, usize> = HashMap::new();
    for variable in variables.iter() {
        let text = variable.value.clone().into_owned();
        let secret = crate::lint::is_secret_name(variable.name);
        let value = if secret { Value::secret(text) } else { Value::plain(text) };
        match known.get(&variable.name.to_uppercase()) {
            Some(&at) => pairs[at].1 = value,
            None => {
                known.insert(variable.name.to_uppercase(), pairs.len());
                pairs.push((variable.name.to_owned(), value));
            }
        }
    }
    pairs
}

fn contents_of(sequence: &TaskSequence) -> HashMap<StepPath, Vec<String>> {
    let mut contents: HashMap<StepPath, Vec<String>> = HashMap::new();
    for reference in sequence.references() {
        for used in &reference.uses {
            let Place::Step(path) = &used.place else { continue };
            let ids = contents.entry(path.clone()).or_default();
            if ids.last() != Some(&reference.id) {
                ids.push(reference.id.clone());
            }
        }
    }
    contents
}

/// FNV-1a in 64 bits: it tells versions of a sequence apart and protects nothing.
struct Fnv(u64);

impl Fnv {
    fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }

    fn add(&mut self, text: &str) {
        // The end of a text counts too: `ab` and `c` are not `a` and `bc`.
        for byte in text.bytes().chain([0xff]) {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}
