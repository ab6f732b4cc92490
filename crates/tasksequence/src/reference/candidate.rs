//! Ids that rules and Set Variable steps put into variables: content that no reference list knows.

use std::collections::BTreeSet;

use crate::problem::Place;
use crate::sequence::TaskSequence;
use crate::step::Step;

use super::position::{first_argument, is_package_id};

/// A package id in a variable: the sequence may need that content, but nothing says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// The package id as written.
    pub id: String,
    /// The program, in a value of the form `ID:Program`.
    pub program: Option<String>,
    /// Where the variable is set.
    pub assignment: Assignment,
}

/// A variable that a step sets for the whole sequence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assignment {
    /// The name of the variable.
    pub variable: String,
    /// The value as written; empty when an export stripped it.
    pub value: String,
    /// Whether the value is a secret.
    pub secret: bool,
    /// The step.
    pub place: Place,
    /// The number of the dynamic rule in its step, from 1; `None` for a Set Variable step.
    pub rule: Option<usize>,
    /// Whether neither the step nor a group above it is disabled.
    pub enabled: bool,
}

impl TaskSequence {
    /// Lists the variables that Set Variable and Set Dynamic Variables steps set, in document order.
    ///
    /// Rules that cannot be read set nothing here; reading the sequence has reported them.
    pub fn assignments(&self) -> Vec<Assignment> {
        let mut found = Vec::new();
        for placed in self.walk() {
            let Some(step) = placed.step() else { continue };
            let place = Place::Step(placed.path.clone());
            let enabled = placed.enabled;
            if let Some((variable, value, secret)) = set_variable(step) {
                let place = place.clone();
                found.push(Assignment { variable, value, secret, place, rule: None, enabled });
            }
            let rules = step.dynamic_rules().and_then(Result::ok).unwrap_or_default();
            for (at, rule) in rules.into_iter().enumerate() {
                found.extend(rule.variables.into_iter().map(|variable| Assignment {
                    variable: variable.name,
                    value: variable.value,
                    secret: variable.secret,
                    place: place.clone(),
                    rule: Some(at + 1),
                    enabled,
                }));
            }
        }
        found
    }

    /// Lists the ids that variables are set to, in document order.
    ///
    /// A value counts only when the whole of it is an id, a list of ids or `ID:Program`, and when the
    /// site code is one of `site_codes` or that of a reference of the sequence: anything else of this
    /// shape is more likely a number.
    pub fn candidates(&self, site_codes: &[&str]) -> Vec<Candidate> {
        let mut known: BTreeSet<String> =
            site_codes.iter().map(|code| code.to_ascii_uppercase()).collect();
        let listed = self.reference_list().unwrap_or_default().into_iter().map(|entry| entry.id);
        let used = self.references().into_iter().map(|reference| reference.id);
        known.extend(listed.chain(used).filter(|id| is_package_id(id)).map(|id| site_code(&id)));
        let mut found = Vec::new();
        for assignment in self.assignments() {
            for (id, program) in ids_in(&assignment.value) {
                if known.contains(&site_code(id)) {
                    found.push(Candidate {
                        id: id.to_owned(),
                        program: program.map(str::to_owned),
                        assignment: assignment.clone(),
                    });
                }
            }
        }
        found
    }
}

fn site_code(id: &str) -> String {
    id[..3].to_ascii_uppercase()
}

/// The ids that make up a whole value; empty when any part is something else.
fn ids_in(value: &str) -> Vec<(&str, Option<&str>)> {
    let value = value.trim();
    if let Some((id, program)) = value.split_once(':')
        && is_package_id(id)
        && !program.trim().is_empty()
    {
        return vec![(id, Some(program.trim()))];
    }
    let ids: Vec<&str> = value.split(',').map(str::trim).collect();
    let all = ids.iter().all(|id| is_package_id(id));
    if all { ids.into_iter().map(|id| (id, None)).collect() } else { Vec::new() }
}

/// What a Set Variable step sets: from its variables, else from the action `tsenv.exe "NAME=VALUE"`.
fn set_variable(step: Step<'_>) -> Option<(String, String, bool)> {
    if step.stem() != "SetVariable" {
        return None;
    }
    let variables = step.variables();
    let hidden = variables
        .get("DoNotShowVariableValue")
        .is_some_and(|value| value.trim().eq_ignore_ascii_case("true"));
    if let Some(name) = variables.get("VariableName").map(str::trim)
        && !name.is_empty()
    {
        let value = variables.get("VariableValue").unwrap_or_default();
        return Some((name.to_owned(), value.to_owned(), hidden));
    }
    let action = step.action();
    let argument = first_argument(&action).strip_prefix('"')?;
    let assignment = &argument[..argument.rfind('"')?];
    let (name, value) = assignment.split_once('=')?;
    Some((name.trim().to_owned(), value.to_owned(), hidden))
}
