//! What the steps of each task sequence use: once per sequence, however many media hold it.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;
use tasksequence::{Place as Spot, Reference, ReferenceKind, ReferenceUse};

use super::{StepUse, check};
use crate::catalog::ObjectNames;
use crate::{Catalog, ContentId, Place, Problem, SequenceEntry};

/// The selection profile of MDT that selects nothing.
const PROFILE_NOTHING: &str = "Nothing";

/// What the steps of a task sequence use, and what is wrong with that.
#[derive(Debug, Default)]
pub(super) struct Walked {
    pub(super) steps: Vec<StepUse>,
    /// The objects that only the document's own list of references names: some step uses them in
    /// a way that no rule about steps knows.
    pub(super) listed: Vec<ContentId>,
    pub(super) candidates: Vec<Candidate>,
    pub(super) problems: Vec<Problem>,
}

/// An object that a variable's value names, so that a step may use it.
#[derive(Debug)]
pub(super) struct Candidate {
    pub(super) object: ContentId,
    pub(super) place: Place,
}

/// Walks these task sequences and all that they run; sequences that the site lacks are left out.
pub(super) fn reachable(
    roots: BTreeSet<ContentId>,
    catalog: &Catalog,
    names: &ObjectNames,
) -> BTreeMap<ContentId, Walked> {
    let site_codes = site_codes(catalog);
    let site_codes: Vec<&str> = site_codes.iter().map(String::as_str).collect();
    let mut all: BTreeMap<ContentId, Walked> = BTreeMap::new();
    let mut wave = roots;
    while !wave.is_empty() {
        let walked: Vec<(ContentId, Walked)> = wave
            .into_par_iter()
            .filter_map(|id| {
                let walked = walk(catalog.task_sequences.get(&id)?, names, &site_codes);
                Some((id, walked))
            })
            .collect();
        let steps = walked.iter().flat_map(|(_, walked)| &walked.steps);
        let children: BTreeSet<ContentId> = steps.filter_map(|step| step.child.clone()).collect();
        all.extend(walked);
        wave = children.into_iter().filter(|id| !all.contains_key(id)).collect();
    }
    all
}

/// The site codes with which the ids of the catalog begin: a value can only be an id of one.
fn site_codes(catalog: &Catalog) -> BTreeSet<String> {
    let ids = catalog.objects.keys().map(ContentId::as_str);
    ids.filter(|id| tasksequence::reference::is_package_id(id))
        .map(|id| id[..3].to_owned())
        .collect()
}

fn walk(entry: &SequenceEntry, names: &ObjectNames, site_codes: &[&str]) -> Walked {
    let mut walked = Walked::default();
    let mut steps: BTreeMap<usize, StepUse> = BTreeMap::new();
    let references = entry.sequence.references();
    take_listed(&references, entry, names, &mut walked);
    for reference in references {
        if !reference.enabled {
            walked.problems.extend(disabled_only(&reference, entry));
            continue;
        }
        // A step names an id in its action and again in a variable.
        let mut spots: Vec<&ReferenceUse> =
            reference.uses.iter().filter(|spot| spot.enabled).collect();
        spots.dedup_by(|later, earlier| later.place == earlier.place);
        for spot in spots {
            take(&reference, spot, entry, names, &mut steps, &mut walked.problems);
        }
    }
    for profile in entry.sequence.selection_profiles() {
        if !profile.enabled || profile.name.eq_ignore_ascii_case(PROFILE_NOTHING) {
            continue;
        }
        let objects = names.profile(&profile.name);
        if objects.is_empty() {
            let why = "a selection profile";
            let place = place(entry, &profile.place);
            let problem = check::unknown_object(&profile.name, check::ANY_KIND, why, place);
            walked.problems.push(problem.remedy(check::REMEDY_ALIAS));
        }
        let ids = objects.iter().map(|object| object.id.clone());
        step(&mut steps, &profile.place).objects.extend(ids);
    }
    walked.steps = steps.into_values().collect();
    walked.candidates = candidates(entry, names, site_codes);
    walked
}

/// Takes what the document's own list of references names and no step does.
fn take_listed(
    references: &[Reference],
    entry: &SequenceEntry,
    names: &ObjectNames,
    walked: &mut Walked,
) {
    let mut known: BTreeSet<String> =
        references.iter().map(|reference| reference.id.to_ascii_uppercase()).collect();
    known.extend(entry.info.boot_image.iter().map(|id| id.as_str().to_ascii_uppercase()));
    for listed in entry.sequence.reference_list().unwrap_or_default() {
        if !known.insert(listed.id.to_ascii_uppercase())
            || names.task_sequence(&listed.id).is_some()
        {
            continue;
        }
        match names.object(&listed.id) {
            Some(object) => walked.listed.push(object.id.clone()),
            None => {
                let kind = if listed.is_application { "application" } else { check::ANY_KIND };
                let place = place(entry, &Spot::document("referenceList"));
                let why = "the sequence's own list of references";
                walked.problems.push(check::unknown_object(&listed.id, kind, why, place));
            }
        }
    }
}

/// Adds one use of a reference to its step.
fn take(
    reference: &Reference,
    spot: &ReferenceUse,
    entry: &SequenceEntry,
    names: &ObjectNames,
    steps: &mut BTreeMap<usize, StepUse>,
    problems: &mut Vec<Problem>,
) {
    if reference.kind == ReferenceKind::TaskSequence {
        match names.task_sequence(&reference.id) {
            Some(child) => step(steps, &spot.place).child = Some(child.clone()),
            None => problems.push(check::missing_child(&reference.id, place(entry, &spot.place))),
        }
        return;
    }
    match names.object(&reference.id) {
        Some(object) => {
            let objects = &mut step(steps, &spot.place).objects;
            if !objects.contains(&object.id) {
                objects.push(object.id.clone());
            }
        }
        None => {
            let why = format!("{} of a step", spot.source);
            let kind = match reference.kind {
                ReferenceKind::Application => "application",
                _ => check::ANY_KIND,
            };
            let place = place(entry, &spot.place);
            problems.push(check::unknown_object(&reference.id, kind, &why, place));
        }
    }
}

fn step<'s>(steps: &'s mut BTreeMap<usize, StepUse>, spot: &Spot) -> &'s mut StepUse {
    let (number, name) = match spot {
        Spot::Step(path) => (path.number, path.name().to_owned()),
        // Variables of the whole sequence are set before its first step.
        Spot::Document(part) => (0, part.clone()),
    };
    steps.entry(number).or_insert_with(|| StepUse {
        number,
        path: spot.to_string(),
        name,
        objects: Vec::new(),
        child: None,
    })
}

fn place(entry: &SequenceEntry, spot: &Spot) -> Place {
    let file = Some(entry.file.clone());
    Place { file, step: Some(spot.to_string()), ..Place::sequence(&entry.id) }
}

fn disabled_only(reference: &Reference, entry: &SequenceEntry) -> Option<Problem> {
    let spot = reference.uses.first()?;
    let message = format!("only disabled steps use `{}`: the media do not hold it", reference.id);
    Some(
        Problem::note("content-disabled-only", message)
            .remedy("enable the step, or list it in the table [content]")
            .at(place(entry, &spot.place)),
    )
}

fn candidates(entry: &SequenceEntry, names: &ObjectNames, site_codes: &[&str]) -> Vec<Candidate> {
    let found = entry.sequence.candidates(site_codes).into_iter();
    let found = found.filter(|candidate| candidate.assignment.enabled);
    let found = found.filter_map(|candidate| {
        let object = names.object(&candidate.id)?.id.clone();
        Some(Candidate { object, place: place(entry, &candidate.assignment.place) })
    });
    found.collect()
}
