//! A sequence at a glance: the document that `ts show --json` prints.

use std::collections::{HashMap, HashSet};

use serde::Serialize;

use crate::export::ExportedSequence;
use crate::problem::{Problem, Severity};
use crate::reference::{Reference, ReferenceKind};
use crate::sequence::TaskSequence;

/// A sequence at a glance. The field names are the keys of the JSON document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Show {
    /// `configmgr` or `mdt`.
    pub format: &'static str,
    /// The schema version, such as `3.10`.
    pub version: String,
    /// The name; null when the document does not say.
    pub name: Option<String>,
    /// The package id; only for an exported sequence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The description; left out when there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The source version; only for an exported sequence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_version: Option<u32>,
    /// The number of steps, child sequences and disabled ones included.
    pub steps: usize,
    /// The number of groups, disabled ones included.
    pub groups: usize,
    /// The number of steps that do not run because they or a group above them are disabled.
    pub disabled: usize,
    /// What the sequence needs, in order of first use.
    pub references: Vec<ShownReference>,
    /// What is odd or wrong.
    pub problems: Vec<ShownProblem>,
}

/// A reference of a [`Show`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ShownReference {
    /// The id.
    pub id: String,
    /// The kind of object.
    pub kind: ReferenceKind,
    /// The program: that of the step, else that of the document's own list; null when neither names one.
    pub program: Option<String>,
    /// Whether an enabled step uses it.
    pub enabled: bool,
    /// The paths of the steps that use it, or parts of the document such as `BootImageID`.
    #[serde(rename = "where")]
    pub places: Vec<String>,
}

/// A problem of a [`Show`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ShownProblem {
    /// The rule that found it.
    pub rule: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong.
    pub message: String,
    /// Where it is.
    #[serde(rename = "where")]
    pub place: String,
    /// What would mend it.
    pub remedy: String,
}

/// Shows a sequence with the problems that were found in it.
pub fn show(sequence: &TaskSequence, problems: &[Problem]) -> Show {
    let name = sequence.name().map(str::to_owned);
    let description = sequence.description().filter(|text| !text.is_empty()).map(str::to_owned);
    let references = shown_references(sequence, &sequence.references());
    build(sequence, problems, name, description, references)
}

/// Shows an exported sequence: its boot image and its package's properties join in.
pub fn show_export(exported: &ExportedSequence, problems: &[Problem]) -> Show {
    let object = &exported.object;
    let sequence = &exported.sequence;
    let description = Some(object.description().to_owned()).filter(|text| !text.is_empty());
    let references = shown_references(sequence, &exported.references());
    let name = Some(object.name().to_owned());
    let mut show = build(sequence, problems, name, description, references);
    show.id = Some(object.id().to_owned());
    show.source_version = object.source_version();
    show
}

fn build(
    sequence: &TaskSequence,
    problems: &[Problem],
    name: Option<String>,
    description: Option<String>,
    references: Vec<ShownReference>,
) -> Show {
    let placed = sequence.walk();
    let steps = placed.iter().filter(|placed| placed.step().is_some());
    Show {
        format: sequence.dialect().as_str(),
        version: sequence.version().to_owned(),
        name,
        id: None,
        description,
        source_version: None,
        steps: steps.clone().count(),
        groups: placed.iter().filter(|placed| placed.step().is_none()).count(),
        disabled: steps.filter(|placed| !placed.enabled).count(),
        references,
        problems: problems.iter().map(shown_problem).collect(),
    }
}

/// The references that steps use, then those that only the document's own list names.
fn shown_references(sequence: &TaskSequence, used: &[Reference]) -> Vec<ShownReference> {
    let key = |id: &str| id.to_ascii_uppercase();
    let list = sequence.reference_list().unwrap_or_default();
    let programs: HashMap<String, &Option<String>> =
        list.iter().map(|entry| (key(&entry.id), &entry.program)).collect();
    let program_of = |id: &str| programs.get(&key(id)).and_then(|program| (*program).clone());
    let mut shown: Vec<ShownReference> = used
        .iter()
        .map(|reference| ShownReference {
            id: reference.id.clone(),
            kind: reference.kind,
            program: reference.program.clone().or_else(|| program_of(&reference.id)),
            enabled: reference.enabled,
            places: places(reference),
        })
        .collect();
    let mut known: HashSet<String> = used.iter().map(|reference| key(&reference.id)).collect();
    for entry in &list {
        if known.insert(key(&entry.id)) {
            let application = entry.is_application;
            shown.push(ShownReference {
                id: entry.id.clone(),
                kind: if application { ReferenceKind::Application } else { ReferenceKind::Package },
                program: entry.program.clone(),
                enabled: true,
                places: vec!["referenceList".to_owned()],
            });
        }
    }
    shown
}

/// A step that names an id in its action and in a variable is one place.
fn places(reference: &Reference) -> Vec<String> {
    let mut places: Vec<String> = Vec::new();
    for used in &reference.uses {
        let place = used.place.to_string();
        if places.last() != Some(&place) {
            places.push(place);
        }
    }
    places
}

fn shown_problem(problem: &Problem) -> ShownProblem {
    ShownProblem {
        rule: problem.rule,
        severity: problem.severity,
        message: problem.message.clone(),
        place: problem.place.to_string(),
        remedy: problem.remedy.clone(),
    }
}
