//! `tsmedia import`: takes over what other products exported.

use content::{Problem, Severity};
use pipeline::chain;
use pipeline::import::{
    Action, ImportError, ImportOptions, ImportReport, ImportedItem, ItemKind, SourceKind, import,
};
use serde_json::{Value, json};

use crate::args::{Global, ImportArgs};
use crate::commands::ts::columns::columns;
use crate::exit::{CommandError, Exit};
use crate::report::{self, count};
use crate::session;

pub fn run(global: &Global, args: &ImportArgs) -> Result<Exit, CommandError> {
    let site = session::site_path(global)?;
    let options = ImportOptions { overwrite: args.overwrite };
    let report = import(&site, &args.source, &options)?;
    if global.json {
        report::print_json(&document(&report))?;
    } else {
        report::print(&text(&report))?;
        report::tell_problems(&report.problems, true);
    }
    Ok(exit(&report.problems))
}

impl From<ImportError> for CommandError {
    fn from(error: ImportError) -> Self {
        let text = chain(&error);
        match error {
            ImportError::Site(error) => error.into(),
            ImportError::Io(error) => error.into(),
            ImportError::Unknown(path) => {
                let error = Self::usage(text)
                    .hint("name the .zip, the folder with `Control`, or the one with `PkgLib`");
                if path.extension().is_some_and(|found| found.eq_ignore_ascii_case("xml")) {
                    error.hint("a task sequence alone is copied to `task-sequences/ID.xml`")
                } else {
                    error
                }
            }
            ImportError::Export { .. } => Self::usage(text)
                .hint("export the task sequence again in the Configuration Manager console"),
            ImportError::Mdt { .. } | ImportError::Sequence { .. } => Self::usage(text)
                .hint("open the share in the Deployment Workbench, or restore the file"),
            _ => Self::new(Exit::Failed, text),
        }
    }
}

/// Something of the source that was left out is a finding; what is odd in a sequence is told here,
/// but judged by `ts check`.
fn exit(problems: &[Problem]) -> Exit {
    let left_out = |problem: &Problem| {
        problem.severity == Severity::Warning && problem.rule.starts_with("import-")
    };
    let findings = problems.iter().any(left_out).then_some(Exit::Findings);
    report::exit_of(problems).or(findings).unwrap_or(Exit::Done)
}

fn kind(item: &ImportedItem) -> &'static str {
    match item.kind {
        ItemKind::TaskSequence => "task-sequence",
        ItemKind::Object => "object",
        ItemKind::DistributionPoint => "distribution-point",
    }
}

fn document(report: &ImportReport) -> Value {
    let of = |action: Action| -> Vec<Value> {
        let items = report.items.iter().filter(|item| item.action == action);
        let entry = |item: &ImportedItem| json!({ "kind": kind(item), "id": item.id, "name": item.name, "file": item.file });
        items.map(entry).collect()
    };
    json!({
        "source": match report.source {
            SourceKind::ConfigMgrExport => "configmgr-export",
            SourceKind::MdtShare => "mdt-share",
            SourceKind::ContentLibrary => "content-library",
        },
        "created": of(Action::Created),
        "updated": of(Action::Updated),
        "unchanged": of(Action::Unchanged),
        "kept": of(Action::Kept),
        "problems": report::problems_json(&report.problems),
    })
}

fn text(report: &ImportReport) -> String {
    let rows: Vec<[String; 4]> = report
        .items
        .iter()
        .map(|item| {
            let action = item.action.as_str().to_owned();
            [action, kind(item).to_owned(), item.file.clone(), item.name.clone()]
        })
        .collect();
    let actions = [Action::Created, Action::Updated, Action::Unchanged, Action::Kept];
    let counts = actions.map(|action| {
        let items = report.items.iter().filter(|item| item.action == action);
        format!("{} {}", items.count(), action.as_str())
    });
    let source = match report.source {
        SourceKind::ConfigMgrExport => "task sequence export",
        SourceKind::MdtShare => "MDT deployment share",
        SourceKind::ContentLibrary => "content library",
    };
    let problems = count(report.problems.len() as u64, "problem");
    format!("{}{source}: {}, {problems}\n", columns(&rows), counts.join(", "))
}
