//! `tsmedia plan`: what would be built.

use std::collections::BTreeMap;

use content::{ContentId, Problem};
use pipeline::HashCache;
use pipeline::plan_media::{MediaPlan, MediaSecrets};
use pipeline::progress::Progress;
use pipeline::scan::Scan;
use pipeline::split_wims::{SplitWim, StagedState, StagedWim};
use serde_json::{Value, json};

use crate::args::{Global, PlanArgs};
use crate::concerned::{concerned, part_of};
use crate::exit::{CommandError, Exit};
use crate::interruption;
use crate::report::{self, count, size};
use crate::runtime_program::Runtime;
use crate::session::{self, Session};

pub fn run(global: &Global, args: &PlanArgs) -> Result<Exit, CommandError> {
    interruption::catch_interruption()?;
    let mut session = Session::open(global, &args.definitions)?;
    session.require_found()?;
    session.runtime = Runtime::find(&args.runtime)?;
    let mut outcomes: Vec<Outcome> = (0..session.definitions.len())
        .map(|position| match session.require_buildable(position) {
            Ok(()) => Outcome::Open,
            Err(error) => Outcome::Refused(error.exit),
        })
        .collect();
    let mut secrets = BTreeMap::new();
    for (position, outcome) in outcomes.iter_mut().enumerate() {
        if !matches!(outcome, Outcome::Open) {
            continue;
        }
        match session.secrets(position) {
            Ok((of_definition, problems)) => {
                secrets.insert(position, of_definition);
                session.problems.extend(problems);
            }
            Err(error) => *outcome = failed(&session, position, error)?,
        }
    }
    let cache = session::cache(&args.cache)?;
    let progress = crate::progress::progress(global.progress);
    let scan = scan(&mut session, &mut outcomes, &cache, &*progress);
    drop(progress);
    // What was learnt before a failure is true all the same.
    session::keep(&cache);
    let scan = scan?;
    if let Some(scan) = &scan {
        for (position, secrets) in secrets {
            if let Outcome::Open = outcomes[position] {
                outcomes[position] = plan(&mut session, position, scan, secrets, args, &cache)?;
            }
        }
    }
    show(global, args, &session, &outcomes, scan.as_ref())?;
    let exits = outcomes.iter().find_map(|outcome| match outcome {
        Outcome::Refused(exit) => Some(*exit),
        Outcome::Open | Outcome::Planned(_) => None,
    });
    // An error of the site stands against all of them, even against none.
    Ok(exits.or_else(|| session.prevented().filter(|_| outcomes.is_empty())).unwrap_or(Exit::Done))
}

/// What has become of a definition.
enum Outcome {
    /// Nothing speaks against it yet.
    Open,
    /// Why there is no plan stands among the session's problems or was told.
    Refused(Exit),
    Planned(Box<MediaPlan>),
}

/// One of several definitions fails alone; the only one is the command's own error.
fn failed(
    session: &Session,
    position: usize,
    error: CommandError,
) -> Result<Outcome, CommandError> {
    if session.asked.len() == 1 {
        return Err(error);
    }
    report::tell_error(&error, Some(&session.definitions[position].name));
    Ok(Outcome::Refused(error.exit))
}

/// Lists and hashes the files of the definitions that are open. Those whose files cannot be used
/// are refused, and the others go on.
fn scan(
    session: &mut Session,
    outcomes: &mut [Outcome],
    cache: &HashCache,
    progress: &dyn Progress,
) -> Result<Option<Scan>, CommandError> {
    loop {
        let open = outcomes.iter().enumerate().filter(|(_, known)| matches!(known, Outcome::Open));
        let positions: Vec<usize> = open.map(|(position, _)| position).collect();
        if positions.is_empty() {
            return Ok(None);
        }
        let error = match session.scan(&positions, cache, progress) {
            Ok(scan) => return Ok(Some(scan)),
            Err(error) => error,
        };
        let concerned = concerned(session, &positions, &error);
        if let pipeline::Error::Content(unusable) = &error {
            session.problems.extend(unusable.iter().map(report::content_problem));
            concerned.iter().for_each(|at| outcomes[*at] = Outcome::Refused(Exit::ContentMissing));
            continue;
        }
        for position in concerned {
            let error = part_of(session, position, &error);
            outcomes[position] = failed(session, position, error)?;
        }
    }
}

fn plan(
    session: &mut Session,
    position: usize,
    scan: &Scan,
    secrets: MediaSecrets,
    args: &PlanArgs,
    cache: &HashCache,
) -> Result<Outcome, CommandError> {
    let mut problems = session.file_problems(position, scan);
    problems.extend(session.boot_problems(position, scan)?);
    let prevents = problems.iter().filter(|problem| problem.prevents_build());
    let exit = report::exit_of(prevents);
    session.problems.extend(problems);
    if let Some(exit) = exit {
        return Ok(Outcome::Refused(exit));
    }
    let (staging, _) = session.staging(position, &args.staging);
    match session.plan(position, scan, secrets, &staging, cache) {
        Ok(plan) => Ok(Outcome::Planned(Box::new(plan))),
        Err(error) => failed(session, position, error),
    }
}

fn show(
    global: &Global,
    args: &PlanArgs,
    session: &Session,
    outcomes: &[Outcome],
    scan: Option<&Scan>,
) -> Result<(), CommandError> {
    if !global.json {
        report::tell_problems(&session.problems, true);
    }
    let mut documents = Vec::with_capacity(outcomes.len());
    for (position, outcome) in outcomes.iter().enumerate() {
        match (outcome, scan) {
            (Outcome::Planned(plan), Some(scan)) if global.json => {
                documents.push(document(session, position, plan, scan, args)?);
            }
            (Outcome::Planned(plan), Some(scan)) => {
                report::print(&text(session, position, plan, scan, args)?)?;
            }
            _ => documents.push(no_plan(session, position)),
        }
    }
    match &documents[..] {
        _ if !global.json => Ok(()),
        _ if session.asked.len() > 1 => report::print_json(&json!({
            "plans": documents,
            // Those of definitions that cannot be read stand in no plan.
            "problems": report::problems_json(&session.problems),
        })),
        [document] => report::print_json(document),
        _ => report::print_json(&without_plan(None, &session.problems)),
    }
}

/// The document of a definition of which there is no plan.
fn no_plan(session: &Session, position: usize) -> Value {
    let name = &session.definitions[position].name;
    without_plan(Some(name), &problems_of(session, position))
}

fn without_plan(definition: Option<&str>, problems: &[Problem]) -> Value {
    json!({
        "definition": definition,
        "media": null,
        "discs": [],
        "content": null,
        "swaps": null,
        "lower_bound_discs": null,
        "problems": report::problems_json(problems),
    })
}

fn problems_of(session: &Session, position: usize) -> Vec<Problem> {
    let name = &session.definitions[position].name;
    let concerns = |problem: &&Problem| {
        problem.place.definition.as_ref().is_none_or(|definition| definition == name)
    };
    // What several definitions share, the session's list tells of the first one only.
    let own = session.graph.media[position].problems.iter();
    let own = own.map(|problem| problem.clone().in_definition(name));
    let told = session.problems.iter().filter(concerns).cloned();
    let mut problems: Vec<Problem> = told.chain(own).collect();
    problems.sort();
    problems.dedup();
    problems
}

/// The contents of these media that several task sequences use, and which ones.
fn shared(session: &Session, position: usize) -> Vec<(&ContentId, Vec<&ContentId>)> {
    let held = session.graph.shared().filter(|(id, _)| session.needs(position, id));
    held.map(|(id, content)| (id, content.used_by.iter().collect())).collect()
}

/// The document of `plan --json`.
fn document(
    session: &Session,
    position: usize,
    plan: &MediaPlan,
    scan: &Scan,
    args: &PlanArgs,
) -> Result<Value, CommandError> {
    let scan = plan.files(scan);
    let paths = plan.paths(&session.output(position)?);
    let span = &plan.span;
    let discs = span.discs.iter().zip(&paths).map(|(disc, path)| {
        let contents = disc.contents.iter().map(|content| {
            json!({
                "id": content.id,
                "bytes": content.bytes.0,
                "files": content.files,
                "reason": content.reason.to_string(),
            })
        });
        json!({
            "number": disc.number,
            "path": path,
            "bytes": disc.bytes.0,
            "at_most": !plan.is_exact(),
            "capacity": disc.capacity.map(|capacity| capacity.0),
            "waste": disc.waste.0,
            "contents": contents.collect::<Vec<_>>(),
        })
    });
    let mut document = json!({
        "definition": session.definitions[position].name,
        "media": {
            "type": plan.facts.media_type.as_str(),
            "label": plan.facts.label,
            "set": {
                "discs": span.discs.len(),
                "bytes": plan.bytes().0,
                "at_most": !plan.is_exact(),
            },
            "created": plan.facts.created.to_string(),
            "boots": plan.boot.starts(plan.format),
        },
        "discs": discs.collect::<Vec<_>>(),
        "content": {
            "files": span.files,
            "bytes": span.bytes.0,
            "unique_files": span.unique_files,
            "unique_bytes": span.unique_bytes.0,
            "at_most": !plan.is_exact(),
        },
        "cuts": cuts(plan, scan),
        "splits": splits(plan, scan),
        "staging": staging_json(session, position, plan, args),
        "second_partition": second_partition(plan, scan),
        "shared": shared(session, position)
            .into_iter()
            .map(|(content, used_by)| json!({ "content": content, "used_by": used_by }))
            .collect::<Vec<_>>(),
        "swaps": span.swaps,
        "lower_bound_discs": span.lower_bound_discs,
        "waste": span.waste().0,
        "reserved": span.reserved.0,
        "problems": report::problems_json(&problems_of(session, position)),
    });
    if args.explain {
        document["explain"] = json!(explanation(plan, scan));
    }
    Ok(document)
}

/// Why what lies where it lies.
fn explanation(plan: &MediaPlan, scan: &Scan) -> Vec<String> {
    let mut lines = plan::explain(&plan.span, &scan.index);
    for second in &plan.second {
        let id = &scan.index.contents[second.content as usize].id;
        for (path, size) in &second.oversize {
            lines.push(format!(
                "{id} lies on the second partition, because `{path}` has {size} bytes and FAT32 \
                 holds at most {}",
                fat32_writer::FILE_LEN_MAX
            ));
        }
    }
    lines
}

/// The WIMs that are too long for the file system, and what becomes of each.
fn splits(plan: &MediaPlan, scan: &Scan) -> Vec<Value> {
    let id = |content: u32| &scan.index.contents[content as usize].id;
    let split = plan.wims.split.iter().map(|wim| {
        json!({
            "content": id(wim.content),
            "path": wim.path,
            "parts": wim.parts,
            "at_most": wim.export.as_ref().is_some_and(StagedWim::is_missing),
            "export": wim.export.as_ref().map(|staged| json!({
                "path": staged.export.target,
                "reserved": staged.export.reserved.0,
                "exists": !staged.is_missing(),
                "may_be_cut": matches!(staged.state, StagedState::Missing { may_be_cut: true }),
            })),
        })
    });
    let unsplit =
        plan.wims.unsplit.iter().map(
            |wim| json!({ "content": id(wim.content), "path": wim.path, "reason": wim.reason }),
        );
    split.chain(unsplit).collect()
}

/// What becomes of a WIM that is too long for the file system.
fn split_text(wim: &SplitWim, id: &ContentId) -> String {
    let (path, parts) = (&wim.path, count(wim.parts as u64, "part"));
    let Some(staged) = &wim.export else {
        return format!("split: `{path}` of {id} into {parts} that FAT32 holds\n");
    };
    let (target, reserved) = (staged.export.target.display(), size(staged.export.reserved.0));
    let mut text = match staged.state {
        StagedState::Missing { .. } => format!(
            "export: `{path}` of {id} is solid; a build exports it to {target} ({reserved} set \
             aside), and splits that into at most {parts} that FAT32 holds\n"
        ),
        StagedState::Unverified | StagedState::Known if wim.parts == 1 => {
            format!("exported: `{path}` of {id} is solid; in its place is {target}\n")
        }
        StagedState::Unverified | StagedState::Known => format!(
            "split: `{path}` of {id}, which is solid, into {parts} of {target} that FAT32 holds\n"
        ),
    };
    if let StagedState::Missing { may_be_cut: true } = staged.state {
        text += "  if a file of it then still is longer than a part, it is cut like any other\n";
    }
    text
}

/// What the staging folder is needed for; null if for nothing.
fn staging_json(session: &Session, position: usize, plan: &MediaPlan, args: &PlanArgs) -> Value {
    if plan.is_exact() {
        return Value::Null;
    }
    let (folder, _) = session.staging(position, &args.staging);
    json!({ "folder": folder, "reserved": plan.wims.reserved().0 })
}

/// The same in words; nothing unless it is needed or somebody named it.
fn staging_text(session: &Session, position: usize, plan: &MediaPlan, args: &PlanArgs) -> String {
    let (folder, is_named) = session.staging(position, &args.staging);
    let holds = session.definitions[position].definition.output.size.bytes();
    let mut text = String::new();
    if !plan.is_exact() {
        let reserved = size(plan.wims.reserved().0);
        text += &format!("staging: {reserved} set aside in {}\n", folder.display());
        if let Some(holds) = holds.filter(|holds| plan.bytes() > *holds) {
            text += &format!(
                "the stick holds {}, which may be too little: the build says so before it writes \
                 the image\n",
                size(holds.0)
            );
        }
    } else if is_named && plan.wims.split.iter().all(|wim| wim.export.is_none()) {
        text += &format!("staging: not needed, nothing goes to {}\n", folder.display());
    }
    text
}

/// The contents on the second partition, and the files that keep each from the first.
fn second_partition(plan: &MediaPlan, scan: &Scan) -> Vec<Value> {
    let contents = plan.second.iter().map(|second| {
        let files =
            second.oversize.iter().map(|(path, size)| json!({ "path": path, "size": size.0 }));
        json!({
            "content": scan.index.contents[second.content as usize].id,
            "oversize": files.collect::<Vec<_>>(),
        })
    });
    contents.collect()
}

/// The files that are cut, with their parts.
fn cuts(plan: &MediaPlan, scan: &Scan) -> Vec<Value> {
    let parts = plan.span.discs.iter().flat_map(|disc| {
        disc.pieces.iter().filter(|piece| piece.part.is_some()).map(move |piece| (disc, piece))
    });
    parts
        .map(|(disc, piece)| {
            json!({
                "content": piece.content(&scan.index).id,
                "path": piece.file(&scan.index).path,
                "disc": disc.number,
                "offset": piece.offset.0,
                "length": piece.len.0,
            })
        })
        .collect()
}

fn text(
    session: &Session,
    position: usize,
    plan: &MediaPlan,
    scan: &Scan,
    args: &PlanArgs,
) -> Result<String, CommandError> {
    let scan = plan.files(scan);
    let paths = plan.paths(&session.output(position)?);
    let span = &plan.span;
    let name = &session.definitions[position].name;
    let mut text = format!(
        "{name}: {} media \"{}\", {}\n",
        plan.facts.media_type.as_str(),
        plan.facts.label,
        count(span.discs.len() as u64, "disc"),
    );
    let at_most = if plan.is_exact() { "" } else { "at most " };
    text += &format!(
        "content: {at_most}{} in {}, {} in {} once duplicates are stored once\n",
        size(span.bytes.0),
        count(span.files, "file"),
        size(span.unique_bytes.0),
        count(span.unique_files, "file"),
    );
    for (disc, path) in span.discs.iter().zip(&paths) {
        let filled = match disc.capacity {
            Some(capacity) => format!(
                "{} of {} ({:.1} %), {} left",
                size(disc.bytes.0),
                size(capacity.0),
                disc.bytes.0 as f64 * 100.0 / capacity.0 as f64,
                size(disc.waste.0),
            ),
            None => size(disc.bytes.0),
        };
        text += &format!("disc {}: {at_most}{filled} -> {}\n", disc.number, path.display());
        for content in &disc.contents {
            let label = session.graph.content_name(&content.id);
            let files = count(content.files, "file");
            text += &format!(
                "  {:<10} {:>10}  {label} ({files})\n",
                content.id.as_str(),
                size(content.bytes.0)
            );
        }
    }
    for (content, used_by) in shared(session, position) {
        let used_by: Vec<&str> = used_by.into_iter().map(ContentId::as_str).collect();
        text += &format!("shared: {content} by {}\n", used_by.join(", "));
    }
    for wim in &plan.wims.split {
        text += &split_text(wim, &scan.index.contents[wim.content as usize].id);
    }
    text += &staging_text(session, position, plan, args);
    for wim in &plan.wims.unsplit {
        let id = &scan.index.contents[wim.content as usize].id;
        text += &format!("not split but cut: `{}` of {id}: {}\n", wim.path, wim.reason);
    }
    for second in &plan.second {
        let id = &scan.index.contents[second.content as usize].id;
        let files = count(second.oversize.len() as u64, "file");
        text +=
            &format!("second partition (exFAT): {id}, which has {files} that FAT32 cannot hold\n");
    }
    let cut = cuts(plan, scan);
    if !cut.is_empty() {
        text +=
            &format!("cut: {} of files too large for one disc\n", count(cut.len() as u64, "part"));
    }
    text += &format!(
        "{}; lower bound by bytes alone {}; {} left over\n",
        count(u64::from(span.swaps), "swap"),
        count(u64::from(span.lower_bound_discs), "disc"),
        size(span.waste().0),
    );
    if args.explain {
        for line in explanation(plan, scan) {
            text += &format!("{line}\n");
        }
    }
    Ok(text)
}
