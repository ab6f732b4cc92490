//! `tsmedia plan`: what would be built.

use content::{ContentId, Problem};
use pipeline::plan_media::MediaPlan;
use pipeline::scan::Scan;
use serde_json::{Value, json};

use crate::args::{Global, PlanArgs};
use crate::exit::{CommandError, Exit};
use crate::interruption;
use crate::report::{self, count, size};
use crate::session::{self, Session};

pub fn run(global: &Global, args: &PlanArgs) -> Result<Exit, CommandError> {
    interruption::catch_interruption()?;
    let mut session = Session::open(global, &args.definitions)?;
    session.require_found()?;
    if let Some(exit) = session.prevented() {
        return refused(global, &session, exit);
    }
    let positions: Vec<usize> = (0..session.definitions.len()).collect();
    let mut all_secrets = Vec::with_capacity(positions.len());
    for position in &positions {
        let (secrets, problems) = session.secrets(*position)?;
        all_secrets.push(secrets);
        session.problems.extend(problems);
    }
    let cache = session::cache(&args.cache);
    let progress = crate::progress::progress(global.progress);
    let scanned = session.scan(&positions, &cache, &*progress);
    drop(progress);
    // What was learnt before a failure is true all the same.
    session::keep(&cache);
    let scan = match scanned {
        Ok(scan) => scan,
        Err(pipeline::Error::Content(unusable)) => {
            session.problems.extend(unusable.iter().map(report::content_problem));
            return refused(global, &session, Exit::ContentMissing);
        }
        Err(error) => return Err(error.into()),
    };
    for position in &positions {
        session.problems.extend(session.name_problems(*position, &scan));
        session.problems.extend(session.boot_problems(*position, &scan)?);
    }
    if let Some(exit) = session.prevented() {
        return refused(global, &session, exit);
    }
    let plans: Vec<MediaPlan> = positions
        .iter()
        .zip(all_secrets)
        .map(|(position, secrets)| session.plan(*position, &scan, secrets, &cache))
        .collect::<Result<_, _>>()?;
    if global.json {
        let documents: Vec<Value> = plans
            .iter()
            .enumerate()
            .map(|(position, plan)| document(&session, position, plan, &scan, args.explain))
            .collect::<Result<_, _>>()?;
        match &documents[..] {
            [document] => report::print_json(document)?,
            _ => report::print_json(&json!({ "plans": documents }))?,
        }
    } else {
        report::tell_problems(&session.problems, true);
        for (position, plan) in plans.iter().enumerate() {
            report::print(&text(&session, position, plan, &scan, args.explain)?)?;
        }
    }
    Ok(Exit::Done)
}

/// Tells what keeps the media from being built.
fn refused(global: &Global, session: &Session, exit: Exit) -> Result<Exit, CommandError> {
    if global.json {
        report::print_json(&json!({
            "media": null,
            "discs": [],
            "content": null,
            "swaps": null,
            "lower_bound_discs": null,
            "problems": report::problems_json(&session.problems),
        }))?;
    } else {
        report::tell_problems(&session.problems, true);
    }
    Ok(exit)
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
    explain: bool,
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
            "set": { "discs": span.discs.len(), "bytes": plan.bytes().0 },
            "created": plan.facts.created.to_string(),
            "boots": plan.boot.starts(plan.format),
        },
        "discs": discs.collect::<Vec<_>>(),
        "content": {
            "files": span.files,
            "bytes": span.bytes.0,
            "unique_files": span.unique_files,
            "unique_bytes": span.unique_bytes.0,
        },
        "cuts": cuts(plan, scan),
        "splits": splits(plan, scan),
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
    if explain {
        document["explain"] = json!(plan::explain(span, &scan.index));
    }
    Ok(document)
}

/// The WIMs that are too long for the file system, and what becomes of each.
fn splits(plan: &MediaPlan, scan: &Scan) -> Vec<Value> {
    let id = |content: u32| &scan.index.contents[content as usize].id;
    let split = plan
        .wims
        .split
        .iter()
        .map(|wim| json!({ "content": id(wim.content), "path": wim.path, "parts": wim.parts }));
    let unsplit =
        plan.wims.unsplit.iter().map(
            |wim| json!({ "content": id(wim.content), "path": wim.path, "reason": wim.reason }),
        );
    split.chain(unsplit).collect()
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
    explain: bool,
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
    text += &format!(
        "content: {} in {}, {} in {} once duplicates are stored once\n",
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
        text += &format!("disc {}: {filled} -> {}\n", disc.number, path.display());
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
        let id = &scan.index.contents[wim.content as usize].id;
        let parts = count(wim.parts as u64, "part");
        text += &format!("split: `{}` of {id} into {parts} that FAT32 holds\n", wim.path);
    }
    for wim in &plan.wims.unsplit {
        let id = &scan.index.contents[wim.content as usize].id;
        text += &format!("not split but cut: `{}` of {id}: {}\n", wim.path, wim.reason);
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
    if explain {
        for line in plan::explain(span, &scan.index) {
            text += &format!("{line}\n");
        }
    }
    Ok(text)
}
