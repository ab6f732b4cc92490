//! From definitions and the catalog to one graph of everything that the media need.

mod applications;
mod check;
mod graph;
mod lint;
mod media;
mod prestaged;
mod steps;

use std::collections::BTreeSet;

use rayon::prelude::*;

pub use check::absent_content;
pub use graph::{ContentGraph, ResolvedMedia, SequenceUses, SharedContent, StepUse};

use crate::{Catalog, ContentId, MediaDefinition, Problem};

/// A media definition and the name of its file without the extension.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedDefinition {
    /// The name.
    pub name: String,
    /// The definition.
    pub definition: MediaDefinition,
}

/// Finds everything that the media of these definitions need, and everything that is wrong.
///
/// All definitions give one graph, so that what they share is known. The result does not depend on
/// the number of threads. Problems are sorted and each occurs once; where several definitions share
/// it, it names the first one.
pub fn resolve(definitions: &[NamedDefinition], catalog: &Catalog) -> (ContentGraph, Vec<Problem>) {
    let names = catalog.names();
    let roots = definitions.iter().filter_map(|named| named.definition.task_sequence.clone());
    let sequences = steps::reachable(roots.collect(), catalog, &names);
    let resolved: Vec<media::Resolution> = definitions
        .par_iter()
        .map(|named| media::resolve(named, catalog, &names, &sequences))
        .collect();
    let applications: BTreeSet<&ContentId> =
        resolved.iter().flat_map(|media| media.applications.iter().copied()).collect();
    let mut problems = applications::cycles(applications, catalog);
    let mut graph = ContentGraph::default();
    for (name, resolution) in definitions.iter().map(|named| &named.name).zip(resolved) {
        problems.extend(resolution.problems.into_iter().map(|p| p.in_definition(name)));
        graph.add(resolution.media, catalog, &names);
    }
    graph.take_uses(sequences);
    (graph, once(problems))
}

/// Sorts problems and keeps the first of those that differ in nothing but the definition.
fn once(mut problems: Vec<Problem>) -> Vec<Problem> {
    problems.sort();
    let mut seen = BTreeSet::new();
    problems.retain(|problem| {
        let mut anywhere = problem.clone();
        anywhere.place.definition = None;
        seen.insert(anywhere)
    });
    problems
}
