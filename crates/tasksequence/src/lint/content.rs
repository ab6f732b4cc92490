//! References: missing, dynamic, malformed, used by disabled steps only, or not listed.

use std::collections::BTreeSet;

use super::{Check, ContentState};
use crate::problem::{Finding, Place, Severity};
use crate::reference::{DynamicKind, Reference, ReferenceKind};
use crate::sequence::{Dialect, TaskSequence};

pub(super) fn check(check: &mut Check<'_, '_>) {
    let references = check.sequence.references();
    missing(check);
    disabled_only(check, &references);
    candidates(check, &references);
    dynamic(check);
    malformed(check);
    if check.sequence.dialect() == Dialect::ConfigMgr {
        listed(check, &references);
    }
}

/// Looks through child sequences too, because their content must be on the medium as well.
fn missing(check: &mut Check<'_, '_>) {
    let Some(state_of) = check.context.content else { return };
    for (child, sequence) in sequences(check) {
        for reference in sequence.references().iter().filter(|reference| reference.enabled) {
            if reference.kind == ReferenceKind::TaskSequence {
                continue;
            }
            let (what, remedy) = match state_of(&reference.id) {
                ContentState::Present => continue,
                ContentState::Absent => ("is not there", "import the content or remove the step"),
                ContentState::WithoutFiles => (
                    "has no files on any distribution point",
                    "give the content a source with files",
                ),
            };
            let Some(first) = reference.uses.iter().find(|used| used.enabled) else { continue };
            check.findings.push(Finding {
                rule: "content-missing",
                severity: Severity::Error,
                message: format!("content `{}` ({}) {what}", reference.id, first.source),
                child: child.clone(),
                place: first.place.clone(),
                remedy: remedy.to_owned(),
            });
        }
    }
}

/// The sequence itself, then its children with their ids.
fn sequences<'s>(check: &Check<'s, '_>) -> Vec<(Option<String>, &'s TaskSequence)> {
    let mut found = vec![(None, check.sequence)];
    if let Some(followed) = &check.followed {
        let children = followed.sequences.iter().skip(1);
        found.extend(children.map(|child| (Some(child.id.clone()), child.sequence)));
    }
    found
}

fn disabled_only(check: &mut Check<'_, '_>, references: &[Reference]) {
    for reference in references.iter().filter(|reference| !reference.enabled) {
        let Some(first) = reference.uses.first() else { continue };
        let message = format!("only disabled steps use `{}`", reference.id);
        let remedy = "nothing to do; enable the step or list the content if it is wanted";
        check.add("content-disabled-only", Severity::Note, first.place.clone(), message, remedy);
    }
}

fn candidates(check: &mut Check<'_, '_>, references: &[Reference]) {
    let mut seen: BTreeSet<String> =
        references.iter().filter(|r| r.enabled).map(|r| r.id.to_ascii_uppercase()).collect();
    let candidates = check.sequence.candidates(check.context.site_codes);
    for candidate in candidates.into_iter().filter(|candidate| candidate.assignment.enabled) {
        if !seen.insert(candidate.id.to_ascii_uppercase()) {
            continue;
        }
        let assignment = candidate.assignment;
        let rule = assignment.rule.map(|rule| format!(" in rule {rule}")).unwrap_or_default();
        let message = format!(
            "the variable `{}` is set to `{}`{rule}, and nothing references that content",
            assignment.variable, candidate.id,
        );
        let remedy = "list it as extra content if the sequence needs it";
        check.add("content-candidate", Severity::Warning, assignment.place, message, remedy);
    }
}

fn dynamic(check: &mut Check<'_, '_>) {
    let lists = check.sequence.dynamic_lists().into_iter();
    for list in lists.filter(|list| list.enabled && list.kind == DynamicKind::Id) {
        let message = format!("`{}` stands for an id that is known only at run time", list.base);
        let remedy = "list what it may name as extra content";
        check.add("content-dynamic", Severity::Note, list.place, message, remedy);
    }
}

fn malformed(check: &mut Check<'_, '_>) {
    let values = check.sequence.malformed_references().into_iter();
    for malformed in values.filter(|malformed| malformed.enabled) {
        let message = format!("`{}` in `{}` is no id", malformed.value, malformed.source);
        let remedy = "choose the content again in the editor";
        check.add("reference-malformed", Severity::Warning, malformed.place, message, remedy);
    }
}

/// The product's list equals what enabled steps use; a difference means that the file was edited by hand.
fn listed(check: &mut Check<'_, '_>, references: &[Reference]) {
    let upper = |id: &str| id.to_ascii_uppercase();
    let list = check.sequence.reference_list().unwrap_or_default();
    let used: BTreeSet<String> =
        references.iter().filter(|r| r.enabled).map(|r| upper(&r.id)).collect();
    let listed: BTreeSet<String> = list.iter().map(|entry| upper(&entry.id)).collect();
    let place = Place::document("referenceList");
    let remedy = "save the sequence in the editor to renew the list";
    for id in used.difference(&listed) {
        let message = format!("a step uses `{id}`, which is not in the reference list");
        check.add("reference-list-differs", Severity::Warning, place.clone(), message, remedy);
    }
    for id in listed.difference(&used) {
        let message = format!("the reference list names `{id}`, which no enabled step uses");
        check.add("reference-list-differs", Severity::Warning, place.clone(), message, remedy);
    }
}
