//! The table of rules.

use crate::problem::Severity::{self, Error, Note, Warning};

/// A rule: its id, how bad a finding usually is, and what it finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// The id that findings carry.
    pub id: &'static str,
    /// The severity of a finding that nothing mitigates.
    pub severity: Severity,
    /// What it finds, in one line.
    pub finds: &'static str,
}

const fn rule(id: &'static str, severity: Severity, finds: &'static str) -> Rule {
    Rule { id, severity, finds }
}

/// Every rule about a sequence, those that reading applies included, sorted by id.
pub const RULES: &[Rule] = &[
    rule("attribute-invalid", Warning, "an attribute with a value that means nothing"),
    rule(
        "boot-image-arch",
        Error,
        "a boot image for another architecture than the operating system",
    ),
    rule("child-boot-image", Warning, "a child sequence with a boot image of its own"),
    rule("child-cycle", Error, "task sequences that run each other in a circle"),
    rule("child-depth", Error, "child sequences that nest too deep"),
    rule("child-missing", Error, "a child sequence that is not there"),
    rule("condition-operator-empty", Warning, "an operator without operands"),
    rule("condition-unknown", Warning, "a condition of an unknown kind"),
    rule("content-candidate", Warning, "content that only variables name"),
    rule("content-disabled-only", Note, "content that only disabled steps use"),
    rule("content-dynamic", Note, "an id that a variable supplies at run time"),
    rule("content-missing", Error, "referenced content that is absent or has no files"),
    rule("content-path", Note, "a path to content that no reference covers"),
    rule("element-unknown", Note, "an unknown element"),
    rule("limit-command-line", Error, "a command line that is too long"),
    rule(
        "limit-condition",
        Error,
        "a query or value name in a condition that is too long or empty",
    ),
    rule("limit-description", Warning, "a description that is too long"),
    rule("limit-name", Error, "a name that is empty or too long"),
    rule("limit-start-in", Error, "a start-in folder that is too long"),
    rule("limit-timeout", Warning, "a time limit outside 1 to 999 minutes"),
    rule("limit-value", Error, "a setting outside its range"),
    rule("limit-variable", Error, "a variable with an impossible name or a value that is too long"),
    rule("no-provider", Error, "a step that nothing on the target's platform does"),
    rule("password-none", Warning, "secrets on a medium without a password"),
    rule("prestart-powershell", Error, "a PowerShell step in a boot image without PowerShell"),
    rule(
        "reference-list-differs",
        Warning,
        "a reference list that differs from what the steps use",
    ),
    rule("reference-malformed", Warning, "a value that is no id where one belongs"),
    rule("rules-unreadable", Warning, "dynamic rules that are not XML"),
    rule("schema-version", Warning, "an unknown schema version"),
    rule("script-unreadable", Warning, "an inline script that cannot be decoded"),
    rule("secret-in-clear", Warning, "a password that can be read on the medium"),
    rule("secret-missing", Warning, "a secret that the export has stripped"),
    rule("setup-coe", Warning, "continue on error where it has no effect"),
    rule("standalone-affinity", Error, "user device affinity"),
    rule("standalone-auto-apply-drivers", Error, "Auto Apply Drivers"),
    rule("standalone-collection-variables", Warning, "a variable that is read and never set"),
    rule("standalone-download-content", Error, "Download Package Content"),
    rule("standalone-dynamic-applications", Error, "a list of applications known only at run time"),
    rule("standalone-dynamic-packages", Error, "a list of packages known only at run time"),
    rule("standalone-feature-update", Error, "an upgrade by feature update"),
    rule("standalone-install-package", Note, "Install Package"),
    rule("standalone-network-step", Warning, "a step that needs the network"),
    rule("standalone-no-boot-image", Error, "a sequence without boot image"),
    rule("standalone-not-os", Note, "a sequence that installs no operating system"),
    rule("standalone-preproduction-client", Error, "the pre-production client package"),
    rule("standalone-software-before-os", Error, "software installed before Setup Windows"),
    rule("standalone-software-updates", Error, "Install Software Updates"),
    rule("step-type-unknown", Note, "an unknown step type"),
    rule("success-codes-differ", Warning, "two different lists of success codes"),
    rule("variable-conflict", Warning, "a variable with several values in one list"),
];
