//! `tsmedia ts show`: a task sequence at a glance.

use content::Problem;
use serde_json::{Value, json};
use tasksequence::Placed;
use tasksequence::show::{Show, ShownReference};
use tasksequence::step::{Item, Step};

use super::columns::{columns, plain};
use super::condition;
use super::sequence::{self, NamedSequence};
use crate::args::{Global, TsArgs};
use crate::exit::{CommandError, Exit};
use crate::report::{self, count};

pub(super) fn run(global: &Global, args: &TsArgs) -> Result<Exit, CommandError> {
    let named = sequence::read(global, &args.sequence)?;
    let shown: Vec<Show> = named.iter().map(NamedSequence::show).collect();
    if global.json {
        let documents: Vec<Value> =
            named.iter().zip(&shown).map(|(named, shown)| document(named, shown)).collect();
        match &documents[..] {
            [only] => report::print_json(only)?,
            _ => report::print_json(&json!({ "sequences": documents }))?,
        }
        return Ok(Exit::Done);
    }
    for (position, (named, shown)) in named.iter().zip(&shown).enumerate() {
        let gap = if position == 0 { "" } else { "\n" };
        report::print(&format!("{gap}{}", text(named, shown)))?;
        let problems: Vec<Problem> =
            named.problems.iter().map(|found| named.problem(found)).collect();
        report::tell_problems(&problems, true);
    }
    Ok(Exit::Done)
}

/// The sequence at a glance, and its groups and steps in document order.
fn document(named: &NamedSequence, shown: &Show) -> Value {
    let mut document = json!(shown);
    let items = named.sequence().walk().into_iter().map(|placed| {
        let (kind, what) = match placed.item {
            Item::Group(_) => ("group", None),
            Item::Step(step) => ("step", Some(what(&step))),
            Item::ChildSequence(child) => ("task-sequence", Some(child.id())),
        };
        json!({
            "kind": kind,
            "number": placed.path.number,
            "name": placed.item.name(),
            "groups": placed.groups.len(),
            "what": what,
            "enabled": placed.enabled,
            "continue_on_error": placed.item.continue_on_error(),
            "condition": condition::words(&placed.item.condition()),
        })
    });
    document["items"] = items.collect();
    document
}

fn text(named: &NamedSequence, shown: &Show) -> String {
    let name = shown.name.as_deref().unwrap_or(&named.file);
    let id = shown.id.as_ref().map(|id| format!(" ({id})")).unwrap_or_default();
    let mut text = format!("{}{id}\n", plain(name));
    if let Some(description) = &shown.description {
        text += &format!("{}\n", plain(description));
    }
    text += &format!(
        "{} {}: {} in {}, {} disabled\n\n",
        shown.format,
        shown.version,
        count(shown.steps as u64, "step"),
        count(shown.groups as u64, "group"),
        shown.disabled,
    );
    for placed in named.sequence().walk() {
        text += &item(&placed);
    }
    if !shown.references.is_empty() {
        text += "\n";
        text += &references(&shown.references);
    }
    text
}

/// A group or step, with its condition below it.
fn item(placed: &Placed<'_>) -> String {
    let indent = "  ".repeat(placed.groups.len());
    let name = plain(placed.item.name());
    let mut text = match placed.item {
        Item::Group(_) => format!("{indent}{name}/"),
        Item::Step(step) => {
            format!("{indent}{}. {name} [{}]", placed.path.number, plain(&what(&step)))
        }
        Item::ChildSequence(child) => {
            let (number, id) = (placed.path.number, child.id());
            format!("{indent}{number}. {name} [runs task sequence {}]", plain(&id))
        }
    };
    if placed.item.disabled() {
        text += " (disabled)";
    } else if !placed.enabled {
        text += " (disabled by its group)";
    }
    if placed.item.continue_on_error() {
        text += " (continues on error)";
    }
    text.push('\n');
    if let Some(words) = condition::words(&placed.item.condition()) {
        let below = if placed.step().is_some() { "     " } else { "  " };
        text += &format!("{indent}{below}if {}\n", plain(&words));
    }
    text
}

/// What a step does: its type, or its command line, by which MDT says all where it leaves the type
/// out.
fn what(step: &Step) -> String {
    let stem = step.stem();
    if stem.is_empty() { step.action().into() } else { stem.to_owned() }
}

fn references(references: &[ShownReference]) -> String {
    let head = ["REFERENCE", "KIND", "USED", "BY"].map(str::to_owned);
    let rows = references.iter().flat_map(|reference| {
        let kind = serde_json::to_value(reference.kind).unwrap_or_default();
        let kind = kind.as_str().unwrap_or_default().to_owned();
        let used = if reference.enabled { "yes" } else { "only by disabled steps" };
        let id = match reference.program.as_deref() {
            None | Some("*" | "") => reference.id.clone(),
            Some(program) => format!("{} ({program})", reference.id),
        };
        let mut firsts = Some([id, kind, used.to_owned()]);
        reference.places.iter().map(move |place| {
            let [id, kind, used] = firsts.take().unwrap_or_default();
            [id, kind, used, place.clone()]
        })
    });
    columns(&[head].into_iter().chain(rows).collect::<Vec<_>>())
}
