//! `tsmedia content verify`: reads the files of contents.

use content::{ContentId, Problem};
use pipeline::catalog_edit;
use serde_json::json;

use super::id;
use crate::args::{ContentVerifyArgs, Global};
use crate::commands::ts::columns::columns;
use crate::exit::{CommandError, Exit};
use crate::interruption::{self, CANCEL};
use crate::report::{self, count, size};
use crate::session;

pub(super) fn run(global: &Global, args: &ContentVerifyArgs) -> Result<Exit, CommandError> {
    interruption::catch_interruption()?;
    let path = session::site_path(global)?;
    let ids: Vec<ContentId> = args.ids.iter().map(|text| id(text)).collect::<Result<_, _>>()?;
    let report = catalog_edit::verify(&path, &ids, &CANCEL)?;
    if global.json {
        let contents = report.contents.iter().map(|content| {
            json!({
                "id": content.id,
                "files": content.files,
                "bytes": content.bytes,
                "checked": content.checked,
            })
        });
        report::print_json(&json!({
            "contents": contents.collect::<Vec<_>>(),
            "problems": report::problems_json(&report.problems),
        }))?;
    } else {
        let rows = report.contents.iter().map(|content| {
            [
                content.id.to_string(),
                count(content.files, "file"),
                size(content.bytes),
                format!("{} with a stated digest", content.checked),
            ]
        });
        let mut text = columns(&rows.collect::<Vec<_>>());
        for problem in &report.problems {
            text += &format!("{problem}\n");
        }
        let contents = count(report.contents.len() as u64, "content");
        text += &format!("{contents}: {}\n", count(report.problems.len() as u64, "problem"));
        report::print(&text)?;
    }
    Ok(exit(&report.problems))
}

/// Bytes that differ from what a library states are damage, whatever else is wrong.
fn exit(problems: &[Problem]) -> Exit {
    let damaged =
        |problem: &Problem| matches!(problem.rule, "content-digest" | "content-directory-hash");
    let serious = |problem: &Problem| problem.severity != content::Severity::Note;
    if problems.iter().any(|problem| damaged(problem) && serious(problem)) {
        return Exit::Integrity;
    }
    report::exit_of(problems).unwrap_or(Exit::Done)
}
