//! What `doctor` finds, each with its rule.

use content::{Problem, ProblemClass};

/// Something that keeps the medium from starting, or that it must not be.
pub(super) fn error(rule: &'static str, message: impl Into<String>) -> Problem {
    Problem::error(rule, ProblemClass::Finding, message)
}

/// Something that keeps some computers from starting it, or that could not be looked at.
pub(super) fn warning(rule: &'static str, message: impl Into<String>) -> Problem {
    Problem::warning(rule, message)
}

/// Something worth knowing.
pub(super) fn note(rule: &'static str, message: impl Into<String>) -> Problem {
    Problem::note(rule, message)
}
