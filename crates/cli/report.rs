//! Puts data on standard output, and problems into words.

use std::io::{self, ErrorKind, Write};
use std::sync::atomic::{AtomicBool, Ordering};

use content::{Place, Problem, ProblemClass, Severity};
use pipeline::ContentProblem;
use serde::Serialize;
use serde_json::{Value, json};

use crate::exit::{CommandError, Exit};
use crate::progress::SCHEMA_VERSION;

/// Whether the last word of a command that fails is a JSON object.
static JSON_ERRORS: AtomicBool = AtomicBool::new(false);
/// Whether standard error holds nothing but JSON objects, one a line.
static JSON_LINES: AtomicBool = AtomicBool::new(false);

/// Says in which form standard error tells errors, and everything else.
pub fn stderr_holds_json(errors: bool, everything: bool) {
    JSON_ERRORS.store(errors, Ordering::Relaxed);
    JSON_LINES.store(everything, Ordering::Relaxed);
}

/// Writes text to standard output. A reader that has seen enough closes it, which is no failure.
pub fn print(text: &str) -> Result<(), CommandError> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        result => Ok(result?),
    }
}

/// Writes one JSON document to standard output.
pub fn print_json(document: &impl Serialize) -> Result<(), CommandError> {
    let text = serde_json::to_string_pretty(document)
        .map_err(|error| CommandError::new(Exit::Failed, error.to_string()))?;
    print(&(text + "\n"))
}

/// Writes a line to standard error; one that nobody reads is lost.
fn tell(line: &str) {
    let _ = writeln!(io::stderr(), "{line}");
}

/// Writes a JSON object to standard error, in one line.
fn tell_json(message_type: &str, mut message: Value) {
    message["message_type"] = message_type.into();
    message["schema_version"] = SCHEMA_VERSION.into();
    tell(&message.to_string());
}

/// Tells of something that went wrong and does not keep the command from its work.
pub fn warn(text: &str) {
    if JSON_LINES.load(Ordering::Relaxed) {
        tell_json("warning", json!({ "message": text }));
    } else {
        tell(&format!("warning: {text}"));
    }
}

/// Tells why a command failed; `definition` is which of several, if it goes on with others.
pub fn tell_error(error: &CommandError, definition: Option<&str>) {
    if JSON_ERRORS.load(Ordering::Relaxed) {
        let mut message = error_json(error);
        if let Some(name) = definition {
            message["definition"] = name.into();
        }
        tell_json("error", message);
    } else if let Some(name) = definition {
        tell(
            &CommandError { message: format!("{name}: {}", error.message), ..error.clone() }
                .to_string(),
        );
    } else {
        tell(&error.to_string());
    }
}

/// An error in JSON documents.
pub fn error_json(error: &CommandError) -> Value {
    json!({
        "code": error.exit.name(),
        "exit": error.exit as u8,
        "message": error.message,
        "hints": error.hints,
    })
}

/// Fails if there is any of these problems, each of which keeps media from being built.
pub fn require_none<'p>(errors: impl Iterator<Item = &'p Problem>) -> Result<(), CommandError> {
    let errors: Vec<&Problem> = errors.collect();
    let Some(exit) = exit_of(errors.iter().copied()) else { return Ok(()) };
    let errors = count(errors.len() as u64, "error");
    Err(CommandError::new(exit, format!("nothing was built because of {errors}")))
}

/// A file that cannot go onto media, as a problem.
pub fn content_problem(unusable: &ContentProblem) -> Problem {
    Problem::error("content-unusable", ProblemClass::Missing, unusable.to_string())
        .at(Place::object(&unusable.content))
}

/// A problem in JSON documents.
#[derive(Debug, Serialize)]
pub struct ProblemJson {
    /// The id of the rule.
    rule: &'static str,
    /// `error`, `warning` or `note`.
    severity: &'static str,
    /// What is wrong.
    message: String,
    /// Where.
    #[serde(rename = "where")]
    place: String,
    /// What mends it.
    remedy: String,
}

impl From<&Problem> for ProblemJson {
    fn from(problem: &Problem) -> Self {
        Self {
            rule: problem.rule,
            severity: problem.severity.as_str(),
            message: problem.message.clone(),
            place: problem.place.to_string(),
            remedy: problem.remedy.clone(),
        }
    }
}

/// All problems for a JSON document.
pub fn problems_json(problems: &[Problem]) -> Vec<ProblemJson> {
    problems.iter().map(ProblemJson::from).collect()
}

/// Tells problems, errors and warnings always, notes only if asked.
pub fn tell_problems(problems: &[Problem], notes: bool) {
    for problem in problems.iter().filter(|problem| notes || problem.severity != Severity::Note) {
        if JSON_LINES.load(Ordering::Relaxed) {
            tell_json("problem", json!(ProblemJson::from(problem)));
        } else {
            tell(&problem.to_string());
        }
    }
}

/// The exit code that the errors among these problems call for; `None` without errors.
///
/// What is wrong in a file comes first, because it may be the cause of the rest.
pub fn exit_of<'p>(problems: impl IntoIterator<Item = &'p Problem>) -> Option<Exit> {
    let errors = problems.into_iter().filter(|problem| problem.severity == Severity::Error);
    let exits = errors.map(|problem| match problem.class {
        ProblemClass::Definition => Exit::Usage,
        ProblemClass::Missing => Exit::ContentMissing,
        ProblemClass::Finding => Exit::Findings,
    });
    let urgency = |exit: &Exit| match exit {
        Exit::Usage => 0,
        Exit::ContentMissing => 1,
        _ => 2,
    };
    exits.min_by_key(urgency)
}

/// Bytes for people: `4.70 GB`.
pub fn size(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["bytes", "kB", "MB", "GB", "TB"];
    let mut value = bytes as f64;
    let mut unit = 0;
    while value >= 999.5 && unit + 1 < UNITS.len() {
        value /= 1000.0;
        unit += 1;
    }
    if unit == 0 { format!("{bytes} bytes") } else { format!("{value:.2} {}", UNITS[unit]) }
}

/// A number and its noun: `1 disc`, `2 discs`.
pub fn count(number: u64, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}
