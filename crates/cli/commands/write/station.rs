//! A station that writes to whatever stick is put in.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use pipeline::device::{Device, write_all};

use super::{Source, log, refusal, tell};
use crate::args::{Global, WriteArgs};
use crate::exit::{CommandError, Exit};
use crate::interruption::CANCEL;
use crate::report;

/// How often the station looks for new sticks.
const LOOK: Duration = Duration::from_millis(500);

/// Writes to every removable disk that appears while the station runs; those that are there at its
/// start stay as they are until they are taken out and put in again.
pub(super) fn run(
    global: &Global,
    args: &WriteArgs,
    source: &Source,
) -> Result<Exit, CommandError> {
    let mut seen = disks(&args.devices);
    report::warn("everything on the sticks that are put in from now on is lost; Ctrl-C ends it");
    let mut exit = Exit::Done;
    while CANCEL.check().is_ok() {
        let present = disks(&args.devices);
        let new: Vec<Device> = present.difference(&seen).filter_map(|path| ready(path)).collect();
        // One that has no medium yet, or is not ready, is looked at again.
        seen.retain(|path| present.contains(path));
        let (usable, refused): (Vec<Device>, Vec<Device>) =
            new.into_iter().partition(|device| refusal(device, source, args.force).is_none());
        for device in &refused {
            if let Some((exit_of_one, message)) = refusal(device, source, args.force) {
                report::tell_error(&CommandError::new(exit_of_one, message), None);
            }
        }
        seen.extend(usable.iter().chain(&refused).map(|device| device.path.clone()));
        if usable.is_empty() {
            thread::sleep(LOOK);
            continue;
        }
        let progress = crate::progress::progress(global.progress);
        let written = write_all(&source.path, &usable, &CANCEL, &*progress);
        drop(progress);
        let (digest, written) = written?;
        log(args.log.as_deref(), source, &written)?;
        let told = tell(global, source, digest, written)?;
        if told != Exit::Done {
            exit = told;
        }
    }
    Ok(exit)
}

/// The disks that hold a medium: all of the computer, or those of these places.
fn disks(places: &[PathBuf]) -> BTreeSet<PathBuf> {
    if !places.is_empty() {
        let devices = places.iter().filter_map(|place| ready(place));
        return devices.filter(|device| device.bytes > 0).map(|device| device.path).collect();
    }
    let entries = fs::read_dir("/sys/block").into_iter().flatten().flatten();
    let holds_medium = |folder: &PathBuf| {
        fs::read_to_string(folder.join("size")).is_ok_and(|size| size.trim() != "0")
    };
    let named = entries.map(|entry| (entry.path(), entry.file_name()));
    named
        .filter(|(folder, _)| holds_medium(folder))
        .map(|(_, name)| PathBuf::from("/dev").join(name))
        .collect()
}

/// What a disk is, once the system lets it be opened.
fn ready(path: &std::path::Path) -> Option<Device> {
    Device::look(path).ok()
}
