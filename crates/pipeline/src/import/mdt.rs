//! Deployment shares of the Microsoft Deployment Toolkit.
//!
//! Dates and the names of the people who changed things stay behind.

use std::fs;
use std::path::{Path, PathBuf};

use content::{ContentId, Problem, SequenceInfo};
use tasksequence::mdt::{self, MdtError, TaskSequenceEntry};
use tasksequence::{TaskSequence, encoding};

use super::mdt_content::Share;
use super::mdt_paths::child;
use super::plan::Plan;
use super::{ImportError, ImportOptions, distribution_point};
use crate::{Error, IoContext};

/// The largest document that is read; lists of tens of thousands of drivers stay below it.
const DOCUMENT_MAX: u64 = 256 << 20;

/// The list of the task sequences.
const SEQUENCES: &str = "TaskSequences.xml";

/// The folder with the documents of a share.
pub(super) struct Control(PathBuf);

impl Control {
    pub(super) fn of(share: &Path) -> Self {
        Self(child(share, "Control").unwrap_or_else(|| share.join("Control")))
    }

    /// Reads a list; one that is not there is empty.
    pub(super) fn list<T>(
        &self,
        name: &str,
        read: impl Fn(&str) -> Result<Vec<T>, MdtError>,
    ) -> Result<Vec<T>, ImportError> {
        let Some(path) = child(&self.0, name) else { return Ok(Vec::new()) };
        read(&text(&path)?).map_err(|source| ImportError::Mdt { path, source })
    }

    /// The names of the folders that hold a `ts.xml`, sorted.
    fn sequence_folders(&self) -> Result<Vec<String>, Error> {
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.0).at("list", &self.0)? {
            let path = entry.at("list", &self.0)?.path();
            if path.is_dir() && child(&path, "ts.xml").is_some() {
                names.extend(path.file_name().map(|name| name.to_string_lossy().into_owned()));
            }
        }
        names.sort();
        Ok(names)
    }
}

pub(super) fn plan(
    source: &Path,
    options: &ImportOptions,
    plan: &mut Plan,
) -> Result<(), ImportError> {
    let control = Control::of(source);
    let mut share = Share::read(source, &control, plan)?;
    share.operating_systems(plan);
    share.applications(plan);
    let entries = control.list(SEQUENCES, mdt::task_sequences)?;
    unlisted(&control, &entries, plan)?;
    for entry in entries {
        if let Some(sequence) = sequence(&control, &entry, options, plan)? {
            share.profiles(&sequence, plan);
        }
    }
    distribution_point::add("folder", source, plan)
}

/// Reports the task sequences that no list names: nobody would miss them before the media are made.
fn unlisted(
    control: &Control,
    entries: &[TaskSequenceEntry],
    plan: &mut Plan,
) -> Result<(), ImportError> {
    let listed = |id: &str| entries.iter().any(|entry| entry.id.eq_ignore_ascii_case(id));
    let folders = control.sequence_folders()?;
    let mut warn = |message: String, remedy: String| {
        plan.problems.push(Problem::warning("import-sequence", message).remedy(remedy));
    };
    if !folders.is_empty() && child(&control.0, SEQUENCES).is_none() {
        let message = format!("the share has no `Control\\{SEQUENCES}`, the list of its sequences");
        warn(message, "restore that file, and import again".to_owned());
    }
    for id in folders.iter().filter(|id| !listed(id)) {
        let message = format!("`Control\\{id}\\ts.xml` was left out: no list names it");
        let remedy = format!(
            "list it in `Control\\{SEQUENCES}`, or copy it to the site as `task-sequences/{id}.xml`"
        );
        warn(message, remedy);
    }
    Ok(())
}

/// Takes a task sequence; `None` if it cannot be taken, and then a problem says why.
fn sequence(
    control: &Control,
    entry: &TaskSequenceEntry,
    options: &ImportOptions,
    plan: &mut Plan,
) -> Result<Option<TaskSequence>, ImportError> {
    let name = &entry.entry.name;
    let mut left_out = |message: String, remedy: &str| {
        plan.problems.push(Problem::warning("import-sequence", message).remedy(remedy));
        Ok(None)
    };
    let Ok(id) = entry.id.parse::<ContentId>() else {
        let message = format!("task sequence `{name}` was left out: its id `{}` is none", entry.id);
        return left_out(message, "give it an id of letters and digits");
    };
    let folder = child(&control.0, &entry.id);
    let Some(path) = folder.and_then(|folder| child(&folder, "ts.xml")) else {
        let message = format!("task sequence `{name}` was left out: `Control\\{id}` has no ts.xml");
        return left_out(message, "remove it from the share, or restore the file");
    };
    let text = text(&path)?;
    let (sequence, found) = TaskSequence::parse(&text)
        .map_err(|source| ImportError::Sequence { path: path.clone(), source })?;
    let file = path.display().to_string();
    plan.problems.extend(found.into_iter().map(|found| Problem::of_sequence(found, &id, &file)));
    let info = SequenceInfo {
        name: name.clone(),
        description: entry.comments.clone(),
        version: entry.version.clone(),
        ..SequenceInfo::default()
    };
    plan.task_sequence(&id, &text, &info, options.overwrite)?;
    Ok(Some(sequence))
}

fn text(path: &Path) -> Result<String, Error> {
    let wrong = |message: String| Error::Input { path: path.to_owned(), message };
    if fs::metadata(path).at("look at", path)?.len() > DOCUMENT_MAX {
        return Err(wrong(format!("is larger than {DOCUMENT_MAX} bytes")));
    }
    let bytes = fs::read(path).at("read", path)?;
    encoding::decode(&bytes).map_err(|error| wrong(error.to_string()))
}
