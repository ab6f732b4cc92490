use std::collections::{BTreeMap, BTreeSet};

use crate::{Application, Catalog, ContentId, ObjectKind, Place, Problem, ProblemClass};

/// What happens to an application on the target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Use {
    /// It is removed because a newer one replaces it: its own content is needed, and no more.
    Replaced,
    /// It is installed, after everything that it depends on.
    Installed,
}

/// Which applications have been visited, and for which use at most.
#[derive(Debug, Default)]
pub(super) struct Visited<'c>(BTreeMap<&'c ContentId, Use>);

impl<'c> Visited<'c> {
    /// Notes a visit; `false` if it brings nothing new.
    fn insert(&mut self, (id, using): (&'c ContentId, Use)) -> bool {
        let before = self.0.insert(id, using);
        let news = before < Some(using);
        if let (false, Some(before)) = (news, before) {
            self.0.insert(id, before);
        }
        news
    }
}

/// Every application of every dependency group: which one a computer needs is known there only.
pub(super) fn dependencies(application: &Application) -> impl Iterator<Item = &ContentId> {
    let groups = application.deployment_types.iter().flat_map(|kind| &kind.dependencies);
    groups.flat_map(|group| &group.0)
}

/// The application of this id, if the catalog has it and it is one.
fn application<'c>(catalog: &'c Catalog, id: &ContentId) -> Option<&'c Application> {
    match &catalog.objects.get(id)?.kind {
        ObjectKind::Application(application) => Some(application),
        _ => None,
    }
}

/// An application, its use, and which of its neighbours are still to be visited, the next one last.
type Visit<'c> = (&'c ContentId, Vec<(&'c ContentId, Use)>);

fn visit<'c>((id, using): (&'c ContentId, Use), catalog: &'c Catalog) -> Visit<'c> {
    let Some(application) = application(catalog, id) else { return (id, Vec::new()) };
    let replaced = application.supersedes.iter().map(|id| (id, Use::Replaced));
    let installed = dependencies(application).map(|id| (id, Use::Installed));
    let mut neighbours: Vec<_> = match using {
        Use::Installed => replaced.chain(installed).collect(),
        Use::Replaced => replaced.collect(),
    };
    neighbours.reverse();
    (id, neighbours)
}

/// The application and all that it leads to, each after what it needs.
///
/// `visited` holds what earlier calls have returned; it is left out. Does not recurse: a catalog's
/// chain of dependencies may be as long as the catalog.
pub(super) fn closure<'c>(
    start: &'c ContentId,
    catalog: &'c Catalog,
    visited: &mut Visited<'c>,
) -> Vec<&'c ContentId> {
    let mut ordered = Vec::new();
    let start = (start, Use::Installed);
    if !visited.insert(start) {
        return ordered;
    }
    let mut stack = vec![visit(start, catalog)];
    while let Some((id, neighbours)) = stack.last_mut() {
        match neighbours.pop() {
            Some(next) if visited.insert(next) => stack.push(visit(next, catalog)),
            Some(_) => {}
            None => {
                ordered.push(*id);
                stack.pop();
            }
        }
    }
    ordered
}

/// Reports every cycle among what these applications lead to, with its path, each once.
pub(super) fn cycles(applications: BTreeSet<&ContentId>, catalog: &Catalog) -> Vec<Problem> {
    #[derive(PartialEq)]
    enum State {
        Open,
        Closed,
    }
    let mut states: BTreeMap<&ContentId, State> = BTreeMap::new();
    let mut found: BTreeSet<Vec<&ContentId>> = BTreeSet::new();
    for start in applications {
        let Some((start, _)) = catalog.objects.get_key_value(start) else { continue };
        if states.contains_key(start) {
            continue;
        }
        states.insert(start, State::Open);
        let mut stack = vec![visit((start, Use::Installed), catalog)];
        while let Some((id, neighbours)) = stack.last_mut() {
            let id = *id;
            let Some((next, _)) = neighbours.pop() else {
                states.insert(id, State::Closed);
                stack.pop();
                continue;
            };
            match states.get(next) {
                Some(State::Closed) => {}
                Some(State::Open) => {
                    let from = stack.iter().position(|(open, _)| *open == next).unwrap_or(0);
                    found.insert(rotated(stack[from..].iter().map(|(open, _)| *open).collect()));
                }
                None => {
                    states.insert(next, State::Open);
                    stack.push(visit((next, Use::Installed), catalog));
                }
            }
        }
    }
    found.iter().map(|path| cycle(path)).collect()
}

/// The cycle with its smallest id first, so that it is the same wherever it was entered.
fn rotated(mut path: Vec<&ContentId>) -> Vec<&ContentId> {
    let smallest = path.iter().enumerate().min_by_key(|(_, id)| **id).map_or(0, |(at, _)| at);
    path.rotate_left(smallest);
    path
}

fn cycle(path: &[&ContentId]) -> Problem {
    let mut words: Vec<&str> = path.iter().map(|id| id.as_str()).collect();
    words.push(words[0]);
    let message = format!("applications need or supersede each other: {}", words.join(" → "));
    Problem::error("application-cycle", ProblemClass::Finding, message)
        .remedy("remove one of these dependencies or supersedences")
        .at(Place::object(path[0]))
}
