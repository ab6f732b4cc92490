//! Steps and texts that need the network, and paths that no reference covers.

use super::Check;
use crate::problem::{Place, Severity};
use crate::sequence::Dialect;
use crate::step::Step;
use crate::walk::Placed;

const RULE: &str = "standalone-network-step";
const REMEDY: &str = "put the content on the medium, or add a condition that excludes FullMedia";

pub(super) fn check(check: &mut Check<'_, '_>) {
    for placed in &check.steps() {
        let Some(step) = placed.step() else { continue };
        if check.sequence.dialect() == Dialect::ConfigMgr
            && let Some(message) = needs_network(step)
        {
            check.add_for_media(RULE, Severity::Warning, placed, message, REMEDY);
        } else if let Some(message) = network_text(step) {
            check.add_for_media(RULE, Severity::Warning, placed, &message, REMEDY);
        }
        content_path(check, placed, step);
    }
}

fn needs_network(step: Step<'_>) -> Option<&'static str> {
    let variables = step.variables();
    let joins = |name: &str| variables.get(name).is_some_and(|value| value.trim() == "0");
    match step.stem() {
        "ConnectNetworkFolder" => Some("the step connects to a network folder"),
        "RequestStateStore" | "ReleaseStateStore" => Some("the step needs a state migration point"),
        "ApplyNetworkSettings" if joins("OSDNetworkJoinType") => Some("the step joins a domain"),
        "JoinDomainWorkgroup" if joins("OSDJoinType") => Some("the step joins a domain"),
        _ => None,
    }
}

/// Names the first share or address in the action, the variables and the script of a step.
fn network_text(step: Step<'_>) -> Option<String> {
    let action = step.action();
    if let Some(found) = network_place(&action) {
        return Some(format!("the command line uses {found}"));
    }
    let variables = step.variables();
    let texts = variables.iter().filter(|variable| {
        // Both are read decoded, below and by their own rules.
        !variable.name.eq_ignore_ascii_case("OSDRunPowerShellScriptSourceScript")
            && !variable.name.eq_ignore_ascii_case("OSDSetDynamicVariablesRules")
    });
    for variable in texts {
        if let Some(found) = network_place(&variable.value) {
            return Some(format!("the variable `{}` names {found}", variable.name));
        }
    }
    let script = step.inline_script()?.ok()?;
    network_place(&script).map(|found| format!("the script uses {found}"))
}

fn network_place(text: &str) -> Option<&'static str> {
    let lower = text.to_ascii_lowercase();
    if lower.contains("http://") || lower.contains("https://") {
        Some("a web address")
    } else if has_share(text) {
        Some("a network share")
    } else {
        None
    }
}

/// Whether the text holds `\\server\share`. Device paths (`\\.\`, `\\?\`) have no letter after the backslashes.
fn has_share(text: &str) -> bool {
    text.match_indices(r"\\").any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let starts = before.is_none_or(|c| c.is_whitespace() || "\"'=(,;:`".contains(c));
        let mut rest = text[at + 2..].splitn(2, '\\');
        let server = rest.next().unwrap_or_default();
        let share = rest.next().unwrap_or_default();
        let named = |c: char| c.is_alphanumeric() || "%$-_.".contains(c);
        starts
            && server.starts_with(|c: char| c.is_alphanumeric() || c == '%' || c == '$')
            && server.chars().all(named)
            && share.starts_with(|c: char| c.is_alphanumeric() || c == '%' || c == '$')
    })
}

fn content_path(check: &mut Check<'_, '_>, placed: &Placed<'_>, step: Step<'_>) {
    let action = step.action().to_ascii_lowercase();
    if action.contains(r"%_smstsmdatapath%\packages\") {
        check.add(
            "content-path",
            Severity::Note,
            Place::Step(placed.path.clone()),
            "the command line reads a package from the cache by its path".to_owned(),
            "make sure that a step references the package, or list it as extra content",
        );
    }
}
