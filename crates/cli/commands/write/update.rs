//! Sticks that keep what else is on them.

use std::fs::File;

use pipeline::device::{Figures, Stick, UpdateSource, look_all, update_all};
use serde_json::{Value, json};

use super::{Source, append, confirm, described, devices, tell};
use crate::args::{Global, WriteArgs};
use crate::exit::{CommandError, Exit};
use crate::interruption::CANCEL;
use crate::report::{count, size};

/// Updates the sticks that were named, if all of them can be.
pub(super) fn run(
    global: &Global,
    args: &WriteArgs,
    source: &Source,
    log: Option<&mut File>,
) -> Result<Exit, CommandError> {
    if args.station {
        let message = "a station does not update: it cannot ask whose files are on what is put in";
        return Err(CommandError::usage(message).hint("name the disks, or leave out --station"));
    }
    let devices = devices(&args.devices, source, args.force)?;
    let media = UpdateSource::read(&source.image)?;
    let mut sticks: Vec<Stick> = Vec::with_capacity(devices.len());
    let mut refused: Vec<(Exit, String)> = Vec::new();
    for look in look_all(&media, &devices, &CANCEL) {
        match look {
            Ok(stick) => sticks.push(stick),
            Err(error) => {
                let error = CommandError::from(error);
                refused.push((error.exit, error.message));
            }
        }
    }
    if let Some((exit, _)) = refused.first() {
        let exit = *exit;
        let messages: Vec<String> = refused.into_iter().map(|(_, message)| message).collect();
        return Err(CommandError::new(exit, messages.join("; "))
            .hint("nothing was written to any of the disks"));
    }
    if !args.yes {
        ask(source, &sticks)?;
    }
    let progress = crate::progress::progress(global.progress);
    let written = update_all(&media, sticks, &CANCEL, &*progress);
    drop(progress);
    let logged = append(log, args.log.as_deref(), source, &written);
    let exit = tell(global, source, None, written)?;
    logged?;
    Ok(exit)
}

/// Shows what would change, and goes on only if the user says `yes`.
fn ask(source: &Source, sticks: &[Stick]) -> Result<(), CommandError> {
    let lines = sticks.iter().map(|stick| {
        format!("\n  {}: {}", described(&stick.device), summary(&stick.figures, "will be"))
    });
    let list: String = lines.collect();
    let question = format!("{} comes onto{list}", source.image.path().display());
    confirm(&question, "the disks may be changed")
}

/// What an update does, in one line.
fn summary(figures: &Figures, verb: &str) -> String {
    let Figures { written, kept, removed, others, .. } = figures;
    format!(
        "{} ({}) {verb} written, {} there already, {removed} removed, {} of others left alone",
        count(written.files, "file"),
        size(written.bytes),
        kept.files,
        count(*others, "file"),
    )
}

/// What a stick starts under.
fn starts(figures: &Figures) -> &'static str {
    match (figures.starts_bios, figures.starts_uefi) {
        (true, true) => "starts under BIOS and UEFI",
        (true, false) => "starts under a BIOS",
        (false, true) => "starts under UEFI; boot code for a BIOS is not written by an update",
        (false, false) => {
            "no firmware starts it: it has no boot program for UEFI, and boot code \
                           for a BIOS is not written by an update"
        }
    }
}

/// What is said of a stick that was updated.
pub(super) fn told(figures: &Figures) -> String {
    let did = match figures.has_changes {
        true => summary(figures, "were"),
        false => "nothing to do".to_owned(),
    };
    format!("{did}; {}", starts(figures))
}

/// The figures in `--json` and in the log.
pub(super) fn document(figures: &Figures) -> Value {
    let firmware: Vec<&str> = [(figures.starts_bios, "bios"), (figures.starts_uefi, "uefi")]
        .into_iter()
        .filter_map(|(starts, name)| starts.then_some(name))
        .collect();
    json!({
        "bytes_written": figures.bytes_written,
        "files_written": figures.written.files,
        "files_kept": figures.kept.files,
        "files_removed": figures.removed,
        "files_of_others": figures.others,
        "resumed": figures.goes_on,
        "starts_under": firmware,
    })
}

/// What helps a stick whose update failed.
pub(super) const HINT: &str =
    "it may hold no media now; update it again, which goes on where this ended";
