//! Lengths and ranges that the product documents.

use super::Check;
use crate::condition::Expression;
use crate::problem::{Place, Severity};
use crate::step::Step;

const NAME_MAX: usize = 100;
/// The editor refuses longer names; files with them exist and run.
const NAME_EDITOR_MAX: usize = 50;
const DESCRIPTION_MAX: usize = 256;
const COMMAND_LINE_MAX: usize = 32_000;
const START_IN_MAX: usize = 255;
const START_IN_EDITOR_MAX: usize = 127;
const VARIABLE_NAME_MAX: usize = 256;
const VARIABLE_VALUE_MAX: usize = 4_000;
const QUERY_MAX: usize = 16_384;
const REGISTRY_VALUE_NAME_MAX: usize = 250;
/// 1 to 999 minutes, in seconds.
const TIMEOUT_SECONDS: std::ops::RangeInclusive<u32> = 60..=59_940;

/// The longest texts of settings.
const LENGTHS: &[(&str, usize)] = &[
    ("SMSRebootMessage", 512),
    ("OSDDomainName", 255),
    ("OSDJoinDomainName", 255),
    ("OSDDomainOUName", 32_767),
    ("OSDJoinDomainOUName", 32_767),
    ("OSDWorkgroupName", 32),
    ("OSDJoinWorkgroupName", 32),
    ("OSDImageCreator", 255),
    ("OSDImageDescription", 255),
    ("OSDImageVersion", 32),
];

/// The ranges of numeric settings.
const RANGES: &[(&str, u32, u32)] = &[
    ("OSDDiskIndex", 0, 99),
    ("OSDConvertDiskIndex", 0, 99),
    ("OSDImageIndex", 1, 2_147_483_647),
    ("OSDDataImageIndex", 1, 2_147_483_647),
    ("OSDInstallEditionIndex", 1, 2_147_483_647),
    ("OSDUpgradeInstallEditionIndex", 1, 2_147_483_647),
];

/// Variables that hold whole documents; their limits are those of the document.
const DOCUMENTS: &[&str] =
    &["OSDRunPowerShellScriptSourceScript", "OSDSetDynamicVariablesRules", "CommandLine"];

pub(super) fn check(check: &mut Check<'_, '_>) {
    let placed: Vec<_> = check.placed.iter().filter(|placed| placed.enabled).cloned().collect();
    for placed in placed {
        let place = Place::Step(placed.path.clone());
        name(check, placed.item.name(), &place);
        let description = placed.item.description();
        too_long(
            check,
            "limit-description",
            Severity::Warning,
            &place,
            "the description",
            description,
            DESCRIPTION_MAX,
        );
        for expression in placed.item.condition().expressions() {
            condition(check, expression, &place);
        }
        if let Some(step) = placed.step() {
            of_step(check, step, &place);
        }
    }
    for assignment in check.sequence.assignments().into_iter().filter(|a| a.enabled) {
        variable_name(check, &assignment.variable, &assignment.place);
        value(check, &assignment.variable, &assignment.value, &assignment.place);
    }
}

fn name(check: &mut Check<'_, '_>, name: &str, place: &Place) {
    let remedy = "choose another name";
    match length(name) {
        0 => {
            let message = "the item has no name".to_owned();
            check.add("limit-name", Severity::Warning, place.clone(), message, remedy);
        }
        long if long > NAME_MAX => {
            let message = format!("the name has {long} characters, {NAME_MAX} are allowed");
            check.add("limit-name", Severity::Error, place.clone(), message, remedy);
        }
        long if long > NAME_EDITOR_MAX => {
            let message =
                format!("the name has {long} characters, the editor takes {NAME_EDITOR_MAX}");
            check.add("limit-name", Severity::Note, place.clone(), message, remedy);
        }
        _ => {}
    }
}

fn of_step(check: &mut Check<'_, '_>, step: Step<'_>, place: &Place) {
    let action = step.action();
    let rule = "limit-command-line";
    too_long(check, rule, Severity::Error, place, "the command line", &action, COMMAND_LINE_MAX);
    let variables = step.variables();
    for folder in [step.start_in(), variables.get("WorkingDirectory").unwrap_or_default()] {
        let severity =
            if length(folder) > START_IN_MAX { Severity::Error } else { Severity::Warning };
        let what = "the start-in folder";
        too_long(check, "limit-start-in", severity, place, what, folder, START_IN_EDITOR_MAX);
    }
    if let Some(seconds) = step.timeout_seconds()
        && seconds != 0
        && !TIMEOUT_SECONDS.contains(&seconds)
    {
        let message = format!("a time limit of {seconds} seconds is outside 1 to 999 minutes");
        let remedy = "choose a time limit between 60 and 59940 seconds";
        check.add("limit-timeout", Severity::Warning, place.clone(), message, remedy);
    }
    for variable in variables.iter() {
        if !DOCUMENTS.iter().any(|name| name.eq_ignore_ascii_case(variable.name)) {
            value(check, variable.name, &variable.value, place);
        }
    }
    for (name, max) in LENGTHS {
        let what = format!("`{name}`");
        let text = variables.get(name).unwrap_or_default();
        too_long(check, "limit-value", Severity::Error, place, &what, text, *max);
    }
    for (name, min, max) in RANGES {
        let text = variables.get(name).unwrap_or_default().trim();
        let in_range = text.parse::<u32>().is_ok_and(|number| (*min..=*max).contains(&number));
        if !text.is_empty() && !text.contains('%') && !in_range {
            let message = format!("`{name}` is `{text}`, outside {min} to {max}");
            let remedy = "correct the setting";
            check.add("limit-value", Severity::Error, place.clone(), message, remedy);
        }
    }
}

fn condition(check: &mut Check<'_, '_>, expression: &Expression, place: &Place) {
    let rule = "limit-condition";
    match expression {
        Expression::Wmi { query, .. } if query.trim().is_empty() => {
            let message = "a WMI condition has no query".to_owned();
            let remedy = "enter a query or remove the condition";
            check.add(rule, Severity::Error, place.clone(), message, remedy);
        }
        Expression::Wmi { query, .. } => {
            too_long(check, rule, Severity::Error, place, "a WMI query", query, QUERY_MAX);
        }
        Expression::Registry(test) => {
            let what = "the value name of a registry condition";
            let name = &test.value_name;
            too_long(check, rule, Severity::Error, place, what, name, REGISTRY_VALUE_NAME_MAX);
        }
        _ => {}
    }
}

/// Names begin with a letter and hold letters, digits, `_` and `-`; a leading `_` means that only the engine sets it.
fn variable_name(check: &mut Check<'_, '_>, name: &str, place: &Place) {
    let allowed = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
    let message = if length(name) > VARIABLE_NAME_MAX {
        format!("a variable name has {} characters, {VARIABLE_NAME_MAX} are allowed", length(name))
    } else if name.starts_with('_') {
        format!("the variable `{name}` is read-only")
    } else if name.contains('%') {
        // The name comes from another variable.
        return;
    } else if !name.starts_with(char::is_alphabetic) || !name.chars().all(allowed) {
        format!("`{name}` is no variable name")
    } else {
        return;
    };
    let remedy = "choose a name of letters, digits, `_` and `-` that begins with a letter";
    check.add("limit-variable", Severity::Error, place.clone(), message, remedy);
}

fn value(check: &mut Check<'_, '_>, name: &str, value: &str, place: &Place) {
    let what = format!("the value of `{name}`");
    let rule = "limit-variable";
    too_long(check, rule, Severity::Error, place, &what, value, VARIABLE_VALUE_MAX);
}

fn too_long(
    check: &mut Check<'_, '_>,
    rule: &'static str,
    severity: Severity,
    place: &Place,
    what: &str,
    text: &str,
    max: usize,
) {
    let long = length(text);
    if long > max {
        let message = format!("{what} has {long} characters, {max} are allowed");
        check.add(rule, severity, place.clone(), message, "make it shorter");
    }
}

/// The product counts UTF-16 code units.
fn length(text: &str) -> usize {
    text.encode_utf16().count()
}
