//! Going on with a run after a restart, whether it was asked for or the power failed.

use std::path::Path;
use std::time::Duration;

use cmtrace::{Log, LogType};
use content::documents::PolicyDocument;
use tasksequence::run::{Machine, Running, State};

use super::start::Prepared;
use super::{Options, Refusal, SessionExit, Surroundings};
use crate::contents::Contents;
use crate::facts::LinuxFacts;
use crate::media::{Bootstrap, MEDIA_JSON, Medium, block_devices, detect_device, parse_media};
use crate::mount::{Access, mount, unmount};
use crate::place::{OWN_FOLDER, RunFolder, Saved};
use crate::provider::chain;
use crate::run::{LOG_COMPONENT, LOG_NAME, Run, RunEnd, needed};
use crate::screen::Tone;
use crate::status::{RunState, Status};
use crate::volume::Volumes;

/// Goes on with the run of a folder.
pub(super) fn resume(
    options: &Options,
    folder: &Path,
    around: &mut Surroundings<'_>,
) -> Result<RunEnd, Refusal> {
    let folder = RunFolder::new(folder.to_owned());
    let saved = folder.load().map_err(|why| Refusal::new(SessionExit::Integrity, why))?;
    let Some(saved) = saved else {
        let why = format!("`{}` holds no run that could go on", folder.path().display());
        return Err(Refusal::new(SessionExit::Failed, why));
    };
    go_on(options, folder, saved, None, around)
}

/// Looks for a run of these media that was interrupted on the disks of the computer, and goes on
/// with it.
pub(super) fn offer(
    options: &Options,
    medium: &Medium,
    around: &mut Surroundings<'_>,
) -> Result<Option<RunEnd>, Refusal> {
    if around.running != Running::WinPe || medium.device.is_none() {
        return Ok(None);
    }
    let Some((folder, saved)) = find(options, medium) else { return Ok(None) };
    around.screen.say(Tone::Plain, "A run of these media was interrupted; it goes on");
    go_on(options, folder, saved, Some(medium.clone()), around).map(Some)
}

/// Looks at each partition of a disk. What is found there stays mounted; its partition is one of
/// the run's volumes.
fn find(options: &Options, medium: &Medium) -> Option<(RunFolder, Saved)> {
    let devices = block_devices(Path::new("/sys"), Path::new("/dev")).ok()?;
    let own = medium.device.as_ref();
    for device in devices.iter().filter(|it| !it.optical && Some(&it.path) != own) {
        let Some(kind) = detect_device(&device.path).into_iter().next() else { continue };
        if !matches!(kind, "ext4" | "ntfs3") {
            continue;
        }
        let at = options.folder.join("found").join(&device.name);
        // Its journal has to be replayed: the power may have failed.
        if mount(&device.path, &at, kind, Access::ReadWrite, "").is_err() {
            continue;
        }
        let folder = RunFolder::new(at.join(OWN_FOLDER));
        let set = medium.manifest.set;
        let is_of = |it: &Saved| it.set == set || it.prestaged == Some(set);
        let saved = folder.load().ok().flatten().filter(is_of);
        let inside = saved.filter(|saved| {
            saved.volumes.0.iter().any(|volume| volume.partition_uuid == device.partition_uuid)
        });
        let volume = inside.as_ref().and_then(|saved| {
            saved.volumes.0.iter().find(|it| it.partition_uuid == device.partition_uuid).cloned()
        });
        // It is mounted where the run expects it.
        let _ = unmount(&at);
        if let (Some(saved), Some(volume)) = (inside, volume) {
            let point = crate::computer::mount_point(volume.disk, volume.partition);
            return Some((RunFolder::new(point.join(OWN_FOLDER)), saved));
        }
    }
    None
}

fn go_on(
    options: &Options,
    folder: RunFolder,
    saved: Saved,
    medium: Option<Medium>,
    around: &mut Surroundings<'_>,
) -> Result<RunEnd, Refusal> {
    let mut volumes = saved.volumes.clone();
    volumes.0.iter_mut().for_each(|volume| volume.mount = None);
    around.computer.mount(&mut volumes).map_err(|error| {
        Refusal::new(
            SessionExit::Failed,
            format!("a partition of the run cannot be mounted: {error}"),
        )
    })?;
    let damaged = |why: String| Refusal::new(SessionExit::Integrity, why);
    let policy = folder.policy().map_err(|error| {
        damaged(format!("the task sequence of the run cannot be read: {error}"))
    })?;
    let policy = PolicyDocument::parse(&policy).map_err(|error| damaged(chain(&error)))?;
    let prepared = Prepared::of(&policy)?;
    let bytes = serde_json::to_vec(&saved.machine).map_err(|error| damaged(error.to_string()))?;
    let state = State::parse(&bytes).map_err(|error| damaged(chain(&error)))?;
    let machine = Machine::resume(&prepared.deployments, state)
        .map_err(|error| damaged(format!("the run cannot go on: {}", chain(&error))))?;
    let media = std::fs::read(folder.path().join(MEDIA_JSON))
        .map_err(|error| error.to_string())
        .and_then(|bytes| parse_media(&bytes))
        .map_err(|why| damaged(format!("`{MEDIA_JSON}` of the run: {why}")))?;
    let mut log = Log::open(&folder.logs().join(LOG_NAME), LOG_COMPONENT).map_err(|error| {
        Refusal::new(SessionExit::Failed, format!("the log cannot be written: {error}"))
    })?;
    log.write(LogType::Info, "the computer has started again");
    let mut status =
        Status::read(&folder.logs()).unwrap_or_else(|| Status::begin(saved.set.to_string()));
    status.state = RunState::Running;
    let bootstrap = Bootstrap {
        media_type: if saved.stand_alone { "FullMedia".to_owned() } else { String::new() },
        password_required: false,
        unattended: saved.unattended,
    };
    let contents = Contents::new(media, folder.path().to_owned(), folder.cache());
    let mut run = Run {
        set: saved.set,
        in_memory: options.folder.join(OWN_FOLDER),
        needed: needed(&prepared.deployments[0].policy, &prepared.objects),
        prestart_package: None,
        objects: &prepared.objects,
        machine,
        contents,
        drives: around.drives,
        medium: None,
        prestaged: None,
        screen: around.screen,
        computer: around.computer,
        linux: LinuxFacts::default(),
        bootstrap,
        folder,
        running: around.running,
        volumes: Volumes::default(),
        log,
        status,
        at_step: 0,
        step_time: Duration::ZERO,
    };
    run.volumes = volumes;
    match (saved.prestaged, medium) {
        (None, medium) => run.medium = medium,
        (Some(set), Some(medium)) if medium.manifest.set == set => run.hold_and_stage(medium),
        (Some(set), medium) => {
            run.medium = medium;
            run.stage_again(set);
        }
    }
    run.restarted();
    Ok(run.go())
}
