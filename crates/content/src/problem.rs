use std::fmt;

use crate::ContentId;

/// Something wrong in what people wrote or provided, with its place and its remedy.
///
/// Problems are collected and reported together; an error type is for what stops the work.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// Where it is.
    pub place: Place,
    /// The id of the rule that found it: `content-missing`.
    pub rule: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// What kind of problem it is.
    pub class: ProblemClass,
    /// What is wrong, in one sentence: lower-case start, no full stop, values in backticks.
    pub message: String,
    /// What mends it; empty where the message says it all.
    pub remedy: String,
}

/// How bad a [`Problem`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Nothing is built while it stands.
    Error,
    /// The media are built, but something on them will probably fail.
    Warning,
    /// Worth knowing.
    Note,
}

/// What kind a [`Problem`] is; the command line derives its exit code from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ProblemClass {
    /// A file of the site or a definition says something that it must not.
    Definition,
    /// Content, a boot image or a task sequence is not there.
    Missing,
    /// A rule about task sequences and media found something.
    Finding,
}

/// Where a [`Problem`] is: as much of it as is known.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The media definition.
    pub definition: Option<String>,
    /// The file.
    pub file: Option<String>,
    /// The line in the file, from 1 on.
    pub line: Option<u32>,
    /// That line as it stands in the file; without the value where that could be a secret.
    pub text: Option<String>,
    /// The task sequence.
    pub sequence: Option<ContentId>,
    /// The step, with the groups around it and its number: `Install/Office (step 12)`.
    pub step: Option<String>,
    /// The catalog object.
    pub object: Option<ContentId>,
}

impl Problem {
    /// Makes an error.
    pub fn error(rule: &'static str, class: ProblemClass, message: impl Into<String>) -> Self {
        Self::new(rule, Severity::Error, class, message)
    }

    /// Makes a warning of class [`ProblemClass::Finding`].
    pub fn warning(rule: &'static str, message: impl Into<String>) -> Self {
        Self::new(rule, Severity::Warning, ProblemClass::Finding, message)
    }

    /// Makes a note of class [`ProblemClass::Finding`].
    pub fn note(rule: &'static str, message: impl Into<String>) -> Self {
        Self::new(rule, Severity::Note, ProblemClass::Finding, message)
    }

    /// Makes a problem whose place and remedy are not said yet.
    pub fn new(
        rule: &'static str,
        severity: Severity,
        class: ProblemClass,
        message: impl Into<String>,
    ) -> Self {
        let (place, remedy) = (Place::default(), String::new());
        Self { place, rule, severity, class, message: message.into(), remedy }
    }

    /// Takes over what the rules about task sequences found in this sequence; of what they found
    /// in a child, `sequence` and `file` are the child's.
    pub fn of_sequence(finding: tasksequence::Finding, sequence: &ContentId, file: &str) -> Self {
        let severity = match finding.severity {
            tasksequence::Severity::Note => Severity::Note,
            tasksequence::Severity::Warning => Severity::Warning,
            tasksequence::Severity::Error => Severity::Error,
        };
        let step = finding.place.to_string();
        let place =
            Place { file: Some(file.to_owned()), step: Some(step), ..Place::sequence(sequence) };
        Self::new(finding.rule, severity, ProblemClass::Finding, finding.message)
            .remedy(finding.remedy)
            .at(place)
    }

    /// Whether no media must be built while it stands.
    ///
    /// Findings about steps are for people to weigh, as a medium may serve more than the rules
    /// know; those named here would make media that cannot start or never come to an end.
    pub fn prevents_build(&self) -> bool {
        const FATAL: [&str; 6] = [
            "application-cycle",
            "boot-image-arch",
            "boot-image-differs",
            "child-cycle",
            "child-depth",
            "name-windows",
        ];
        self.severity == Severity::Error
            && (self.class != ProblemClass::Finding || FATAL.contains(&self.rule))
    }

    /// Says what mends it.
    pub fn remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = remedy.into();
        self
    }

    /// Says where it is.
    pub fn at(mut self, place: Place) -> Self {
        self.place = place;
        self
    }

    /// Says in which file it is.
    pub fn in_file(mut self, file: impl Into<String>) -> Self {
        self.place.file = Some(file.into());
        self
    }

    /// Says in which media definition it is.
    pub fn in_definition(mut self, definition: impl Into<String>) -> Self {
        self.place.definition = Some(definition.into());
        self
    }
}

impl Place {
    /// The place of a catalog object.
    pub fn object(id: &ContentId) -> Self {
        Self { object: Some(id.clone()), ..Self::default() }
    }

    /// The place of a task sequence.
    pub fn sequence(id: &ContentId) -> Self {
        Self { sequence: Some(id.clone()), ..Self::default() }
    }
}

impl Severity {
    /// The word for it: `error`, `warning`, `note`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The parts that are known, from the widest to the narrowest, with `, ` between them.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let file = match (&self.file, self.line) {
            (Some(file), Some(line)) => Some(format!("{file}:{line}")),
            (Some(file), None) => Some(file.clone()),
            (None, Some(line)) => Some(format!("line {line}")),
            (None, None) => None,
        };
        let parts = [
            self.definition.as_ref().map(|name| format!("definition {name}")),
            file,
            self.sequence.as_ref().map(|id| format!("task sequence {id}")),
            self.step.as_ref().cloned(),
            self.object.as_ref().map(|id| format!("object {id}")),
        ];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        f.write_str(&parts.join(", "))
    }
}

/// The problem in one paragraph: severity, rule, place, message and remedy.
impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}[{}]: {}", self.severity, self.rule, self.message)?;
        let place = self.place.to_string();
        if !place.is_empty() {
            write!(f, "\n  at {place}")?;
        }
        if let Some(text) = &self.place.text {
            write!(f, "\n   | {text}")?;
        }
        if !self.remedy.is_empty() {
            write!(f, "\n  remedy: {}", self.remedy)?;
        }
        Ok(())
    }
}
