//! What can be wrong with a sequence, and where.

use std::fmt;

use serde::Serialize;

use crate::walk::StepPath;

/// Something wrong in a task sequence that does not stop the work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The rule that found it; [`crate::lint::RULES`] lists them all.
    pub rule: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong, in one sentence without a full stop.
    pub message: String,
    /// The id of the child sequence that it is in, as the step that runs the child writes it;
    /// `None` for the sequence that was looked at.
    pub child: Option<String>,
    /// Where in that sequence it is.
    pub place: Place,
    /// What would mend it.
    pub remedy: String,
}

/// A problem that a lint rule found; the same type, because parsing finds problems by rules too.
pub type Finding = Problem;

/// How bad a problem is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing; nothing fails because of it.
    Note,
    /// May fail, or will do something else than its author meant.
    Warning,
    /// Fails.
    Error,
}

/// A place in a task sequence or in the file that holds it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    /// A part of the document or of its file that is no step, such as `globalVarList` or `BootImageID`.
    Document(String),
    /// A step, a child sequence or a group.
    Step(StepPath),
}

impl Place {
    /// Names a part of the document.
    pub fn document(part: &str) -> Self {
        Self::Document(part.to_owned())
    }

    /// Returns the path of the step or group, `None` for a part of the document.
    pub fn step(&self) -> Option<&StepPath> {
        match self {
            Self::Document(_) => None,
            Self::Step(path) => Some(path),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Document(part) => f.write_str(part),
            Self::Step(path) => path.fmt(f),
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        })
    }
}
