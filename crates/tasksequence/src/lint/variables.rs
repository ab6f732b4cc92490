//! Variables that only a site can supply.

use std::collections::BTreeSet;

use super::Check;
use crate::condition::Expression;
use crate::problem::Severity;
use crate::sequence::Dialect;
use crate::step::Step;

/// Variables of the environment: Windows sets them.
const ENVIRONMENT: &[&str] = &[
    "ALLUSERSPROFILE",
    "APPDATA",
    "CD",
    "COMMONPROGRAMFILES",
    "COMMONPROGRAMFILES(X86)",
    "COMPUTERNAME",
    "COMSPEC",
    "DATE",
    "ERRORLEVEL",
    "HOMEDRIVE",
    "HOMEPATH",
    "LOCALAPPDATA",
    "LOGONSERVER",
    "NUMBER_OF_PROCESSORS",
    "OS",
    "PATH",
    "PATHEXT",
    "PROCESSOR_ARCHITECTURE",
    "PROGRAMDATA",
    "PROGRAMFILES",
    "PROGRAMFILES(X86)",
    "PROGRAMW6432",
    "PUBLIC",
    "RANDOM",
    "SYSTEMDRIVE",
    "SYSTEMROOT",
    "TEMP",
    "TIME",
    "TMP",
    "USERDOMAIN",
    "USERNAME",
    "USERPROFILE",
    "WINDIR",
];

/// Variables whose value is the name of a variable that the step sets.
const OUTPUTS: &[&str] = &[
    "OSDRunPowerShellScriptOutputVariableName",
    "SMSTSRunCommandLineOutputVariableName",
    "OSDDownloadDestinationVariable",
];

/// Prefixes of the names that the client knows: a value that nobody sets is the default there.
const BUILT_IN: &[&str] = &["_", "OSD", "SMSTS", "SMS"];

pub(super) fn check(check: &mut Check<'_, '_>) {
    if check.sequence.dialect() != Dialect::ConfigMgr {
        // MDT fills variables from its rules, which are not part of the sequence.
        return;
    }
    let known = Known::of(check);
    let mut reported: BTreeSet<String> = BTreeSet::new();
    for placed in &check.steps() {
        let Some(step) = placed.step() else { continue };
        let mut names = texts_of(step);
        names.extend(conditions_of(&placed.item.condition()));
        for group in &placed.groups {
            names.extend(conditions_of(&group.condition()));
        }
        for name in names {
            if !known.sets(&name) && reported.insert(name.to_ascii_uppercase()) {
                let message = format!("the variable `{name}` is read and never set");
                let remedy = "add it to the media variables, or set it in the sequence";
                let rule = "standalone-collection-variables";
                check.add_for_media(rule, Severity::Warning, placed, &message, remedy);
            }
        }
    }
}

/// The names that something sets, in upper case.
struct Known {
    names: BTreeSet<String>,
    /// Results come numbered: `BASE01`, `BASE02`, ….
    bases: BTreeSet<String>,
}

impl Known {
    fn of(check: &Check<'_, '_>) -> Self {
        let mut known = Self { names: BTreeSet::new(), bases: BTreeSet::new() };
        let upper = |name: &str| name.trim().to_ascii_uppercase();
        known.names.extend(ENVIRONMENT.iter().map(|name| (*name).to_owned()));
        known.names.extend(check.context.media_variables.iter().map(|name| upper(name)));
        known.names.extend(check.sequence.global_variables().iter().map(|v| upper(v.name)));
        let assignments = check.sequence.assignments();
        known.names.extend(assignments.iter().map(|assignment| upper(&assignment.variable)));
        for placed in check.steps() {
            let Some(step) = placed.step() else { continue };
            let variables = step.variables();
            for variable in variables.iter() {
                known.names.insert(upper(variable.name));
                let is_output = OUTPUTS.iter().any(|o| o.eq_ignore_ascii_case(variable.name))
                    || upper(variable.name).ends_with("VOLUMELETTERVARIABLE");
                if is_output && !variable.value.trim().is_empty() {
                    known.names.insert(upper(&variable.value));
                    known.bases.insert(upper(&variable.value));
                }
            }
            if let Some(Ok(script)) = step.inline_script() {
                // A script that mentions a variable may set it.
                let words = script.split(|c: char| !c.is_alphanumeric() && c != '_' && c != '-');
                known.names.extend(words.map(upper));
            }
        }
        known
    }

    fn sets(&self, name: &str) -> bool {
        let name = name.to_ascii_uppercase();
        BUILT_IN.iter().any(|prefix| name.starts_with(prefix))
            || self.names.contains(&name)
            || self.has_base(&name)
    }

    /// Whether the name is a base with a number; the base itself may end with digits.
    fn has_base(&self, name: &str) -> bool {
        let digits = name.bytes().rev().take_while(u8::is_ascii_digit).count();
        (1..=digits).any(|count| self.bases.contains(&name[..name.len() - count]))
    }
}

fn conditions_of(condition: &crate::condition::Condition) -> Vec<String> {
    let expressions = condition.expressions().into_iter();
    let names = expressions.filter_map(|expression| match expression {
        Expression::Variable { name, .. } if !name.is_empty() => Some(name.clone()),
        _ => None,
    });
    names.collect()
}

/// The names between percent signs in the action and the variables of a step.
fn texts_of(step: Step<'_>) -> Vec<String> {
    let mut names = names_in(&step.action());
    for variable in step.variables().iter() {
        // Rules hold wildcards, and scripts hold the remainder operator.
        let nested = ["OSDSetDynamicVariablesRules", "OSDRunPowerShellScriptSourceScript"];
        if !nested.iter().any(|name| name.eq_ignore_ascii_case(variable.name)) {
            names.extend(names_in(&variable.value));
        }
    }
    names
}

/// Finds `%NAME%` where NAME begins with a letter and holds what names may hold.
fn names_in(text: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut rest = text;
    while let Some(open) = rest.find('%') {
        rest = &rest[open + 1..];
        let Some(close) = rest.find('%') else { break };
        let name = &rest[..close];
        let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && name.chars().all(|c| c.is_ascii_alphanumeric() || "_-()".contains(c));
        if is_name {
            names.push(name.to_owned());
            rest = &rest[close + 1..];
        }
    }
    names
}
