//! `tsmedia ts check`: what would fail in a task sequence.

use std::collections::BTreeSet;

use content::{
    Catalog, ContentId, ObjectKind, Place, Problem, ProblemClass, SequenceEntry, Severity,
};
use pipeline::load::{self, SitePath};
use serde_json::json;
use tasksequence::children::follow;
use tasksequence::lint::{self, Architecture, BootImage, CheckContext, ContentState, RULES};

use tasksequence::{Finding, TaskSequence};

use super::columns::columns;
use super::list::is_of_sequence;
use super::sequence::{self, NamedSequence};
use crate::args::{Global, Target, TsCheckArgs};
use crate::exit::{CommandError, Exit};
use crate::report::{self, count};
use crate::runtime_program::without_provider;
use crate::session;

pub(super) fn run(global: &Global, args: &TsCheckArgs) -> Result<Exit, CommandError> {
    if args.rules {
        return rules(global);
    }
    let mut names = Vec::new();
    let mut problems = Vec::new();
    let (files, ids): (Vec<&String>, Vec<&String>) =
        args.sequences.iter().partition(|argument| sequence::is_file(argument));
    for file in &files {
        let named = sequence::read_file(file)?;
        names.push(file.to_string());
        problems.extend(of_file(&named, args.target));
    }
    if files.is_empty() || !ids.is_empty() {
        let (checked, found) = of_site(global, &ids, args.target)?;
        names.extend(checked);
        problems.extend(found);
    }
    problems.sort();
    // What is wrong in a child is found from each sequence that runs it.
    problems.dedup();
    if global.json {
        report::print_json(&json!({
            "sequences": names,
            "problems": report::problems_json(&problems),
        }))?;
    } else {
        let mut text = String::new();
        for problem in &problems {
            text += &format!("{problem}\n");
        }
        let sequences = count(names.len() as u64, "task sequence");
        text += &format!("{sequences}: {}\n", count(problems.len() as u64, "finding"));
        report::print(&text)?;
    }
    Ok(exit(&problems))
}

/// Warnings count too: on the target, most of them end in a failed step. Notes do not.
fn exit(problems: &[Problem]) -> Exit {
    let serious = problems.iter().any(|problem| problem.severity != Severity::Note);
    match report::exit_of(problems) {
        Some(Exit::Usage) => Exit::Usage,
        _ if serious => Exit::Findings,
        _ => Exit::Done,
    }
}

fn rules(global: &Global) -> Result<Exit, CommandError> {
    if global.json {
        let rules = RULES
            .iter()
            .map(|rule| json!({ "rule": rule.id, "severity": rule.severity, "finds": rule.finds }));
        report::print_json(&json!({ "rules": rules.collect::<Vec<_>>() }))?;
    } else {
        let head = ["RULE", "SEVERITY", "FINDS"].map(str::to_owned);
        let rows = RULES
            .iter()
            .map(|rule| [rule.id.to_owned(), rule.severity.to_string(), rule.finds.to_owned()]);
        report::print(&columns(&[head].into_iter().chain(rows).collect::<Vec<_>>()))?;
    }
    Ok(Exit::Done)
}

/// Checks the sequences of a file, of which nothing is known but what the file says.
fn of_file(named: &[NamedSequence], target: Option<Target>) -> Vec<Problem> {
    let exported = |id: &str| {
        let all = named.iter().filter_map(NamedSequence::exported);
        all.into_iter().find(|exported| exported.object.id().eq_ignore_ascii_case(id))
    };
    let has_boot_image = |id: &str| exported(id).is_some_and(|e| e.object.boot_image().is_some());
    let child = |id: &str| exported(id).map(|exported| &exported.sequence);
    let mut problems = Vec::new();
    for one in named {
        let context = match one.exported() {
            None => CheckContext::default(),
            Some(exported) => CheckContext {
                id: exported.object.id(),
                boot_image: match exported.object.boot_image() {
                    Some(id) => BootImage::Named { id, architecture: None, powershell: None },
                    None => BootImage::Absent,
                },
                has_boot_image: Some(&has_boot_image),
                // An export with one sequence never holds the children: they are not missing.
                sequences: if named.len() > 1 { Some(&child) } else { None },
                ..CheckContext::default()
            },
        };
        let mut found = lint::check(one.sequence(), &context);
        found.extend(undone(one.sequence(), target));
        problems.extend(one.problems.iter().chain(&found).map(|finding| one.problem(finding)));
    }
    problems
}

/// Checks sequences of the site with all that the catalog knows; all of them if no id is given.
fn of_site(
    global: &Global,
    arguments: &[&String],
    target: Option<Target>,
) -> Result<(Vec<String>, Vec<Problem>), CommandError> {
    let path = session::site_path(global)?;
    let (site, catalog, found) = load::catalog(&path)?;
    let mut ids: Vec<ContentId> = Vec::new();
    for argument in arguments {
        let id = argument.parse().map_err(|error| CommandError::usage(format!("{error}")))?;
        let file = path.task_sequences().join(format!("{id}.xml"));
        if !file.exists() {
            let message = format!("the site has no task sequence `{id}`");
            return Err(CommandError::usage(message).hint("`tsmedia ts list` shows the ids"));
        }
        ids.push(id);
    }
    let wanted = |problem: &Problem| {
        let named = |id: &ContentId| {
            let stem = format!("task-sequences/{id}.");
            problem.place.file.as_ref().is_some_and(|file| file.starts_with(&stem))
        };
        is_of_sequence(problem) && (ids.is_empty() || ids.iter().any(named))
    };
    let mut problems: Vec<Problem> = found.into_iter().filter(wanted).collect();
    if ids.is_empty() {
        ids = catalog.task_sequences.keys().cloned().collect();
    }
    let variables = media_variables(&path)?;
    problems.extend(lint_all(&ids, &catalog, &site.code, &variables));
    problems.extend(undone_of_site(&ids, &catalog, target));
    Ok((ids.iter().map(ToString::to_string).collect(), problems))
}

/// The steps that nothing on the target does.
fn undone(sequence: &TaskSequence, target: Option<Target>) -> Vec<Finding> {
    match target {
        Some(Target::Linux) => without_provider(sequence),
        None => Vec::new(),
    }
}

/// The same of these sequences and all that they run.
fn undone_of_site(ids: &[ContentId], catalog: &Catalog, target: Option<Target>) -> Vec<Problem> {
    let names = catalog.names();
    let entry_of = |id: &str| catalog.task_sequences.get(names.task_sequence(id)?);
    let child = |id: &str| -> Option<&TaskSequence> { entry_of(id).map(|entry| &entry.sequence) };
    let mut problems = Vec::new();
    for entry in ids.iter().filter_map(|id| catalog.task_sequences.get(id)) {
        let followed = follow(entry.id.as_str(), &entry.sequence, &child).sequences;
        for entry in followed.iter().filter_map(|followed| entry_of(&followed.id)) {
            let found = undone(&entry.sequence, target).into_iter();
            problems
                .extend(found.map(|finding| Problem::of_sequence(finding, &entry.id, &entry.file)));
        }
    }
    problems
}

/// The names of all variables that media of the site set; definitions that cannot be read set none.
fn media_variables(path: &SitePath) -> Result<BTreeSet<String>, CommandError> {
    let mut variables = BTreeSet::new();
    for name in load::definition_names(path)? {
        if let Ok((named, _)) = load::definition(path, &name) {
            variables.extend(named.definition.customization.variables.into_keys());
        }
    }
    Ok(variables)
}

fn lint_all(
    ids: &[ContentId],
    catalog: &Catalog,
    site_code: &str,
    variables: &BTreeSet<String>,
) -> Vec<Problem> {
    let names = catalog.names();
    let entry_of = |id: &str| catalog.task_sequences.get(names.task_sequence(id)?);
    let content = |id: &str| -> ContentState {
        let Some(object) = names.object(id) else { return ContentState::Absent };
        // An application that nobody has described has no content that could be there.
        let described = match &object.kind {
            ObjectKind::Application(application) => !application.deployment_types.is_empty(),
            _ => true,
        };
        let located = described
            && object.contents().iter().all(|c| catalog.locations.contains_key(c.content));
        if located { ContentState::Present } else { ContentState::WithoutFiles }
    };
    let image_architecture = |id: &str| match &names.object(id)?.kind {
        ObjectKind::OsImage { images } => lint_architecture(images.first()?.architecture?),
        ObjectKind::OsUpgrade { architecture } => lint_architecture((*architecture)?),
        _ => None,
    };
    let child = |id: &str| -> Option<&TaskSequence> { entry_of(id).map(|entry| &entry.sequence) };
    let has_boot_image =
        |id: &str| entry_of(id).is_some_and(|entry| entry.info.boot_image.is_some());
    let site_codes = [site_code];
    let variables: Vec<&str> = variables.iter().map(String::as_str).collect();
    let mut problems = Vec::new();
    for entry in ids.iter().filter_map(|id| catalog.task_sequences.get(id)) {
        let boot_image = entry.info.boot_image.as_ref();
        let context = CheckContext {
            id: entry.id.as_str(),
            boot_image: match boot_image {
                None => BootImage::Absent,
                Some(id) => {
                    let object = catalog.objects.get(id);
                    let architecture = object.and_then(|object| match &object.kind {
                        ObjectKind::BootImage { architecture, .. } => {
                            lint_architecture(*architecture)
                        }
                        _ => None,
                    });
                    BootImage::Named { id: id.as_str(), architecture, powershell: None }
                }
            },
            content: Some(&content),
            image_architecture: Some(&image_architecture),
            sequences: Some(&child),
            has_boot_image: Some(&has_boot_image),
            media_variables: &variables,
            site_codes: &site_codes,
            ..CheckContext::default()
        };
        let found = lint::check(&entry.sequence, &context).into_iter();
        problems.extend(found.map(|found| {
            let home = found.child.as_deref().and_then(entry_of).unwrap_or(entry);
            Problem::of_sequence(found, &home.id, &home.file)
        }));
        problems.extend(boot_image.and_then(|id| without_files(id, entry, catalog)));
    }
    problems
}

/// The problem of a boot image that the site cannot give.
fn without_files(id: &ContentId, entry: &SequenceEntry, catalog: &Catalog) -> Option<Problem> {
    if catalog.locations.contains_key(id) {
        return None;
    }
    let message = format!("the boot image `{id}` is absent or has no files");
    let place = Place { file: Some(entry.file.clone()), ..Place::sequence(&entry.id) };
    let remedy = format!(
        "`tsmedia content add boot-image NAME --id {id} --architecture ARCHITECTURE --source PATH`, \
         or `tsmedia content update {id} --source PATH`"
    );
    let problem = Problem::error("boot-image-missing", ProblemClass::Missing, message);
    Some(problem.remedy(remedy).at(place))
}

fn lint_architecture(architecture: content::Architecture) -> Option<Architecture> {
    Some(match architecture {
        content::Architecture::X86 => Architecture::X86,
        content::Architecture::X64 => Architecture::X64,
        content::Architecture::Arm64 => Architecture::Arm64,
    })
}
