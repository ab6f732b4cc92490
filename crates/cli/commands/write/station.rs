//! A station that writes to whatever stick is put in.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use pipeline::device::{Device, write_all};

use super::{Source, append, refusal, tell};
use crate::args::{Global, WriteArgs};
use crate::exit::{CommandError, Exit};
use crate::interruption::CANCEL;
use crate::report;

/// How often the station looks for new sticks.
const LOOK: Duration = Duration::from_millis(500);

/// Writes to every removable disk that appears while the station runs. Those that are there at its
/// start are never written, even if they go away for a moment: they may be somebody's.
pub(super) fn run(
    global: &Global,
    args: &WriteArgs,
    source: &Source,
    mut log: Option<&mut File>,
) -> Result<Exit, CommandError> {
    if args.force && args.devices.is_empty() {
        let message = "a station that takes disks which cannot be taken out needs their places";
        return Err(CommandError::usage(message).hint("name them, as in /dev/disk/by-path"));
    }
    let at_start = disks(&args.devices);
    let mut seen: BTreeSet<(PathBuf, u64)> = at_start.iter().map(key).collect();
    let serials: BTreeSet<String> =
        at_start.into_iter().map(|device| device.serial).filter(|one| !one.is_empty()).collect();
    report::warn("everything on the sticks that are put in from now on is lost; Ctrl-C ends it");
    let mut exit = Exit::Done;
    while CANCEL.check().is_ok() {
        let mut new = disks(&args.devices);
        let present: BTreeSet<(PathBuf, u64)> = new.iter().map(key).collect();
        new.retain(|device| !seen.contains(&key(device)) && !serials.contains(&device.serial));
        seen.retain(|one| present.contains(one));
        let (usable, refused): (Vec<Device>, Vec<Device>) =
            new.into_iter().partition(|device| refusal(device, source, args.force).is_none());
        for device in &refused {
            if let Some((exit_of_one, message)) = refusal(device, source, args.force) {
                report::tell_error(&CommandError::new(exit_of_one, message), None);
            }
        }
        seen.extend(usable.iter().chain(&refused).map(key));
        if usable.is_empty() {
            thread::sleep(LOOK);
            continue;
        }
        let progress = crate::progress::progress(global.progress);
        let (digest, written) = write_all(&source.image, &usable, &CANCEL, &*progress);
        drop(progress);
        let logged = append(log.as_deref_mut(), args.log.as_deref(), source, &written);
        let told = tell(global, source, digest, written)?;
        logged?;
        if told != Exit::Done {
            exit = told;
        }
    }
    Ok(exit)
}

/// What tells a disk from the next one at its place.
fn key(device: &Device) -> (PathBuf, u64) {
    (device.path.clone(), device.sequence)
}

/// The disks that hold a medium: all that hang on the computer, or those at these places.
fn disks(places: &[PathBuf]) -> Vec<Device> {
    let paths = if places.is_empty() { attached() } else { places.to_vec() };
    let devices = paths.iter().filter_map(|path| Device::look(path).ok());
    devices.filter(|device| device.bytes > 0).collect()
}

/// The disks behind a device: not those that only programs made.
fn attached() -> Vec<PathBuf> {
    let entries = fs::read_dir("/sys/block").into_iter().flatten().flatten();
    let real = entries.filter(|entry| entry.path().join("device").exists());
    real.map(|entry| PathBuf::from("/dev").join(entry.file_name())).collect()
}
