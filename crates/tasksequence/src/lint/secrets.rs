//! Secrets: stripped at export, or readable by everybody. No message ever holds a value.

use std::collections::BTreeSet;

use super::Check;
use crate::problem::{Place, Severity};
use crate::step::{Step, boolean};
use crate::variables::Variables;
use crate::walk::Placed;

/// Variables whose values an export strips.
const SECRETS: &[&str] = &[
    "OSDJoinPassword",
    "OSDLocalAdminPassword",
    "SMSConnectNetworkFolderPassword",
    "OSDBitLockerPIN",
    "OSDMigrateLocalAccountPassword",
    "SMSTSRunCommandLineUserPassword",
    "SMSTSRunPowerShellUserPassword",
    "OSDCaptureAccountPassword",
];

/// Product keys, which an export strips as well; a step works without one where volume licensing is used.
const PRODUCT_KEYS: &[&str] = &["OSDProductKey", "OSDUpgradeOsProductKey"];

/// Returns whether a variable of this name holds a secret or a product key.
pub(crate) fn is_secret_name(name: &str) -> bool {
    SECRETS.iter().chain(PRODUCT_KEYS).any(|secret| secret.eq_ignore_ascii_case(name))
}

/// A secret that a step needs under a condition on its other variables.
struct Need {
    stem: &'static str,
    secret: &'static str,
    applies: fn(&Variables<'_>) -> bool,
}

const NEEDS: &[Need] = &[
    Need {
        stem: "ApplyNetworkSettings",
        secret: "OSDJoinPassword",
        applies: |v| is(v, "OSDNetworkJoinType", "0") && filled(v, "OSDJoinAccount"),
    },
    Need {
        stem: "JoinDomainWorkgroup",
        secret: "OSDJoinPassword",
        applies: |v| is(v, "OSDJoinType", "0") && filled(v, "OSDJoinAccount"),
    },
    Need {
        stem: "ApplyWindowsSettings",
        secret: "OSDLocalAdminPassword",
        applies: |v| is(v, "OSDRandomAdminPassword", "false"),
    },
    Need {
        stem: "ConnectNetworkFolder",
        secret: "SMSConnectNetworkFolderPassword",
        applies: |v| filled(v, "SMSConnectNetworkFolderAccount"),
    },
    Need {
        stem: "CaptureSystemImage",
        secret: "OSDCaptureAccountPassword",
        applies: |v| filled(v, "OSDCaptureAccount"),
    },
    Need {
        stem: "EnableBitLocker",
        secret: "OSDBitLockerPIN",
        applies: |v| {
            v.get("OSDBitLockerMode").is_some_and(|m| m.to_ascii_uppercase().contains("PIN"))
        },
    },
    Need {
        stem: "RestoreUserState",
        secret: "OSDMigrateLocalAccountPassword",
        applies: |v| on(v, "OSDMigrateLocalAccounts"),
    },
    Need {
        stem: "RunCommandLine",
        secret: "SMSTSRunCommandLineUserPassword",
        applies: |v| {
            on(v, "_SMSTSRunCommandLineAsUser")
                || on(v, "RunAsUser")
                || filled(v, "SMSTSRunCommandLineUserName")
        },
    },
    Need {
        stem: "RunPowerShellScript",
        secret: "SMSTSRunPowerShellUserPassword",
        applies: |v| on(v, "_SMSTSRunPowerShellAsUser") || filled(v, "SMSTSRunPowerShellUserName"),
    },
];

pub(super) fn check(check: &mut Check<'_, '_>) {
    let supplied = supplied(check);
    let mut holds_secrets = false;
    for placed in &check.steps() {
        let Some(step) = placed.step() else { continue };
        stripped(check, placed, step, &supplied);
        holds_secrets |= in_clear(check, placed, step);
    }
    for assignment in check.sequence.assignments().into_iter().filter(|a| a.enabled) {
        let name = &assignment.variable;
        let empty = assignment.value.trim().is_empty();
        if assignment.secret && empty && !supplied.contains(&name.to_ascii_uppercase()) {
            let message = format!("the secret value of `{name}` was stripped at export");
            let remedy = "supply the value in the media definition";
            check.add("secret-missing", Severity::Warning, assignment.place, message, remedy);
        } else if !assignment.secret
            && !empty
            && is_password_name(name)
            && !assignment.value.contains('%')
        {
            holds_secrets = true;
            let message = format!("the value of `{name}` can be read by everybody");
            let remedy = "mark the value as secret";
            check.add("secret-in-clear", Severity::Warning, assignment.place, message, remedy);
        } else {
            holds_secrets |= assignment.secret && !empty;
        }
    }
    if holds_secrets && check.context.password == Some(false) {
        let place = Place::document("sequence");
        let message = "the sequence holds secrets, and the medium has no password".to_owned();
        check.add("password-none", Severity::Warning, place, message, "set a password");
    }
}

/// The names, in upper case, that the medium or an earlier step gives a value.
fn supplied(check: &Check<'_, '_>) -> BTreeSet<String> {
    let assignments = check.sequence.assignments().into_iter();
    let set = assignments.filter(|a| a.enabled && !a.value.trim().is_empty()).map(|a| a.variable);
    let media = check.context.media_variables.iter().map(|name| (*name).to_owned());
    set.chain(media).map(|name| name.to_ascii_uppercase()).collect()
}

fn stripped(
    check: &mut Check<'_, '_>,
    placed: &Placed<'_>,
    step: Step<'_>,
    supplied: &BTreeSet<String>,
) {
    let variables = step.variables();
    let missing = |secret: &str| {
        !filled(&variables, secret) && !supplied.contains(&secret.to_ascii_uppercase())
    };
    let remedy = "supply the value in the media definition";
    for need in NEEDS.iter().filter(|need| need.stem == step.stem()) {
        if (need.applies)(&variables) && missing(need.secret) {
            let message = format!("the step needs `{}`, which was stripped at export", need.secret);
            let place = Place::Step(placed.path.clone());
            check.add("secret-missing", Severity::Warning, place, message, remedy);
        }
    }
    for key in PRODUCT_KEYS {
        // Absent and empty both occur; only the empty variable shows that the step has the setting.
        if variables.get(key).is_some() && missing(key) {
            let message =
                format!("`{key}` is empty: a product key may have been stripped at export");
            let place = Place::Step(placed.path.clone());
            check.add("secret-missing", Severity::Note, place, message, remedy);
        }
    }
}

/// Reports secrets that stand in a step, and returns whether there are any.
fn in_clear(check: &mut Check<'_, '_>, placed: &Placed<'_>, step: Step<'_>) -> bool {
    let variables = step.variables();
    let mut findings = Vec::new();
    for secret in SECRETS.iter().chain(PRODUCT_KEYS) {
        let value = variables.get(secret).unwrap_or_default();
        if !value.trim().is_empty() && !value.contains('%') {
            findings.push(format!("the value of `{secret}` stands in the sequence"));
        }
    }
    if holds_password(&step.action(), false) {
        findings.push("the command line holds a password".to_owned());
    }
    if let Some(Ok(script)) = step.inline_script()
        && holds_password(&script, true)
    {
        findings.push("the script holds a password".to_owned());
    }
    let any = !findings.is_empty();
    for message in findings {
        let place = Place::Step(placed.path.clone());
        let remedy = "use a secret variable";
        check.add("secret-in-clear", Severity::Warning, place, message, remedy);
    }
    any
}

/// Whether a text gives a password a literal value. In a script the value must be quoted: other words are code.
fn holds_password(text: &str, is_script: bool) -> bool {
    let lower = text.to_ascii_lowercase();
    ["password", "passwd", "pwd"].iter().any(|word| {
        lower.match_indices(word).any(|(at, _)| {
            let option = lower[..at].ends_with(['-', '/']);
            literal_follows(&lower[at + word.len()..], is_script, option)
        })
    }) || lower.match_indices("convertto-securestring").any(|(at, word)| {
        let rest = lower[at + word.len()..].trim_start();
        let rest = rest.strip_prefix("-string").unwrap_or(rest).trim_start();
        is_literal(rest, true)
    })
}

fn literal_follows(rest: &str, is_script: bool, option: bool) -> bool {
    let trimmed = rest.trim_start();
    if let Some(value) = trimmed.strip_prefix([':', '=']) {
        is_literal(value.trim_start(), is_script)
    } else {
        option && trimmed.len() < rest.len() && is_literal(trimmed, is_script)
    }
}

fn is_literal(value: &str, must_quote: bool) -> bool {
    let quoted = value.strip_prefix(['"', '\'']);
    let inner = quoted.unwrap_or(value);
    let starts =
        inner.starts_with(|c: char| !c.is_whitespace() && !"$%(){}[]<>*\"'-/=,;|&".contains(c));
    starts && (quoted.is_some() || !must_quote)
}

fn is_password_name(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["password", "passwd", "passphrase", "secret"].iter().any(|word| name.contains(word))
}

fn filled(variables: &Variables<'_>, name: &str) -> bool {
    variables.get(name).is_some_and(|value| !value.trim().is_empty())
}

fn is(variables: &Variables<'_>, name: &str, expected: &str) -> bool {
    variables.get(name).is_some_and(|value| value.trim().eq_ignore_ascii_case(expected))
}

fn on(variables: &Variables<'_>, name: &str) -> bool {
    variables.get(name).and_then(boolean).unwrap_or(false)
}
