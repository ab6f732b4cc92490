//! `tsmedia ts list`: the task sequences of the site.

use content::{Problem, SequenceEntry};
use pipeline::load;
use serde_json::{Value, json};

use super::columns::columns;
use crate::args::Global;
use crate::exit::{CommandError, Exit};
use crate::report;
use crate::session;

pub fn run(global: &Global) -> Result<Exit, CommandError> {
    let path = session::site_path(global)?;
    let (catalog, problems) = load::entries(&path)?;
    let problems: Vec<Problem> = problems.into_iter().filter(is_of_sequence).collect();
    let entries = catalog.task_sequences.values();
    if global.json {
        report::print_json(&json!({
            "sequences": entries.map(document).collect::<Vec<_>>(),
            "problems": report::problems_json(&problems),
        }))?;
    } else {
        let head = ["ID", "FORMAT", "STEPS", "BOOT IMAGE", "NAME"].map(str::to_owned);
        let rows = entries.map(|entry| {
            let boot_image = entry.info.boot_image.as_ref();
            [
                entry.id.to_string(),
                format(entry),
                counts(entry).0.to_string(),
                boot_image.map_or("-".to_owned(), ToString::to_string),
                entry.info.name.clone(),
            ]
        });
        report::print(&columns(&[head].into_iter().chain(rows).collect::<Vec<_>>()))?;
        report::tell_problems(&problems, false);
    }
    Ok(report::exit_of(&problems).unwrap_or(Exit::Done))
}

/// Whether a problem of the site is about a task sequence.
pub(super) fn is_of_sequence(problem: &Problem) -> bool {
    problem.place.file.as_ref().is_some_and(|file| file.starts_with("task-sequences/"))
}

fn format(entry: &SequenceEntry) -> String {
    format!("{} {}", entry.sequence.dialect().as_str(), entry.sequence.version())
}

fn counts(entry: &SequenceEntry) -> (usize, usize) {
    let placed = entry.sequence.walk();
    let steps = placed.iter().filter(|placed| placed.step().is_some()).count();
    (steps, placed.len() - steps)
}

fn document(entry: &SequenceEntry) -> Value {
    let (steps, groups) = counts(entry);
    json!({
        "id": entry.id,
        "name": entry.info.name,
        "description": entry.info.description,
        "format": entry.sequence.dialect().as_str(),
        "version": entry.sequence.version(),
        "steps": steps,
        "groups": groups,
        "boot_image": entry.info.boot_image,
        "file": entry.file,
    })
}
