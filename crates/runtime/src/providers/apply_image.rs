mod action;
mod empty;
mod target;
mod wim_files;

use std::fs::File;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use cmtrace::LogType;
use tasksequence::run::{StepEnd, StepRun, Value};
use wim::libwim::{Progress, UnixOptions, Wim};
use wim::read::{FileSource, ImageInfo, WimReader};

use self::action::ApplyAction;
use super::done;
use super::existing::add_efi_partition;
use crate::provider::{Host, Provider, StepFailure, value_of};
use crate::system::System;
use crate::system_boot::make_startable;
use crate::volume::{FileSystem, Volume};

/// Apply Operating System: an image of a Linux system, which the disk starts afterwards.
pub struct ApplyOperatingSystem;

/// Apply Data Image.
pub struct ApplyDataImage;

impl Provider for ApplyOperatingSystem {
    fn run(&self, step: &StepRun, host: &mut dyn Host) -> Result<StepEnd, StepFailure> {
        Self::run_on(step, host, &System::default())
    }
}

impl ApplyOperatingSystem {
    /// Does the step on this computer.
    pub fn run_on(
        step: &StepRun,
        host: &mut dyn Host,
        system: &System,
    ) -> Result<StepEnd, StepFailure> {
        apply(step, host, system, true)
    }
}

impl Provider for ApplyDataImage {
    fn run(&self, step: &StepRun, host: &mut dyn Host) -> Result<StepEnd, StepFailure> {
        Self::run_on(step, host, &System::default())
    }
}

impl ApplyDataImage {
    /// Does the step on this computer.
    pub fn run_on(
        step: &StepRun,
        host: &mut dyn Host,
        system: &System,
    ) -> Result<StepEnd, StepFailure> {
        apply(step, host, system, false)
    }
}

fn apply(
    step: &StepRun,
    host: &mut dyn Host,
    system: &System,
    is_system: bool,
) -> Result<StepEnd, StepFailure> {
    let action = ApplyAction::parse(step.action.text())?;
    if action.has_answer_file {
        let text = "the answer file of the step is left out: it is one for Windows Setup";
        host.log(LogType::Warning, text);
    }
    let files = wim_files::wim_files(&host.content(&action.content)?)?;
    // All that can be known is looked at before anything on the target changes.
    let mut wim = Wim::open_parts(&files).map_err(|error| StepFailure::because(&error))?;
    let image = examine(&files, action.index, is_system)?;
    let (mut volumes, index) = target::find(&action.target, host, system)?;
    let volume = volumes.0[index].clone();
    let root = volume.mount.clone().unwrap_or_default();
    if is_system {
        add_efi_partition(volume.disk, &mut volumes, host, system)?;
    }
    if is_system && volume.file_system != Some(FileSystem::Ext4) {
        return Err(StepFailure::new(format!(
            "a Linux system needs owners and permissions, which {} has not: give partition {} of \
             disk {} the file system ext4",
            volume.file_system.map(|it| it.to_string()).unwrap_or_default(),
            volume.partition,
            volume.disk
        )));
    }

    // From here on the volume holds nothing that a later step may count on.
    mark(&mut volumes.0[index], false, false);
    host.set_volumes(volumes.clone())?;
    if is_system || is_true(step, host, "OSDWipeDestinationPartition", true) {
        empty_target(step, host, &root)?;
    }
    check_room(&image, &root, &volume)?;
    extract(&mut wim, action.index, &volume, &root, host)?;
    if is_system {
        for text in make_startable(&volume, &volumes, system)
            .map_err(|error| StepFailure::because(&error))?
        {
            host.log(LogType::Info, &text);
        }
        volumes.0.iter_mut().for_each(|it| it.system = false);
        host.set_variable("OSDTargetSystemDrive", Value::plain(root.to_string_lossy()))?;
    }
    mark(&mut volumes.0[index], true, is_system);
    host.set_volumes(volumes)?;
    Ok(done())
}

fn mark(volume: &mut Volume, applied: bool, system: bool) {
    volume.applied = applied;
    volume.system = system;
}

fn is_true(step: &StepRun, host: &dyn Host, name: &str, default: bool) -> bool {
    match value_of(step, host, name).text().trim() {
        "" => default,
        text => text.eq_ignore_ascii_case("true"),
    }
}

/// Looks at what the WIM says of the image, and whether it is one for this computer.
fn examine(files: &[PathBuf], index: u32, is_system: bool) -> Result<ImageInfo, StepFailure> {
    let failed = |error: &dyn std::error::Error| StepFailure::because(error);
    for path in files {
        let file = FileSource::open(path).map_err(|error| failed(&error))?;
        let reader = WimReader::open(&file).map_err(|error| failed(&error))?;
        if reader.header().part != 1 {
            continue;
        }
        let images = reader.images().map_err(|error| failed(&error))?;
        let count = images.len();
        let Some(image) = images.into_iter().find(|image| image.index == index) else {
            let path = path.display();
            return Err(StepFailure::new(format!(
                "there is no image {index} in `{path}`, which has {count}; OSDImageIndex says which"
            )));
        };
        if is_system && has_windows(&reader, &image)? {
            return Err(StepFailure::new(format!(
                "image {index} of `{}` is a Windows, and needs the Windows runtime: start the \
                 target from Windows PE",
                path.display()
            )));
        }
        return Ok(image);
    }
    Err(StepFailure::new("the first part of the split WIM is missing"))
}

fn has_windows(reader: &WimReader<'_>, image: &ImageInfo) -> Result<bool, StepFailure> {
    if image.windows.is_some() {
        return Ok(true);
    }
    let mut found = false;
    let tree = reader.tree(image.index).map_err(|error| StepFailure::because(&error))?;
    tree.walk(&mut |entry| {
        found = entry.path.eq_ignore_ascii_case("windows/system32");
        if found { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })
    .map_err(|error| StepFailure::because(&error))?;
    Ok(found)
}

fn empty_target(step: &StepRun, host: &mut dyn Host, root: &Path) -> Result<(), StepFailure> {
    let mut kept = vec![root.join(host.own_folder())];
    let state = value_of(step, host, "_SMSTSUserStatePath");
    if !state.text().is_empty() {
        kept.push(PathBuf::from(state.text()));
    }
    host.log(LogType::Info, &format!("removing what is on `{}`", root.display()));
    empty::empty_volume(root, &kept)
        .map_err(|error| StepFailure::new(format!("cannot empty `{}`: {error}", root.display())))
}

/// Compares what the image takes with what the volume has, in bytes and in files.
fn check_room(image: &ImageInfo, root: &Path, volume: &Volume) -> Result<(), StepFailure> {
    let free = rustix::fs::statvfs(root).map_err(|error| {
        StepFailure::new(format!("cannot ask for the room on `{}`: {error}", root.display()))
    })?;
    let bytes = image.total_bytes.unwrap_or(0).saturating_sub(image.hard_link_bytes.unwrap_or(0));
    let room = free.f_bavail.saturating_mul(free.f_frsize);
    let place = format!("partition {} of disk {}", volume.partition, volume.disk);
    if bytes > room {
        return Err(StepFailure::new(format!(
            "image {} needs {bytes} bytes, and {place} has {room} left: {} bytes are missing",
            image.index,
            bytes - room
        )));
    }
    let files = image.files.unwrap_or(0).saturating_add(image.directories.unwrap_or(0));
    // FAT and NTFS count no inodes.
    if free.f_files > 0 && files > free.f_favail {
        return Err(StepFailure::new(format!(
            "image {} has {files} files and folders, and {place} has room for {}",
            image.index, free.f_favail
        )));
    }
    Ok(())
}

/// Extracts the image; libwim compares every byte with its SHA-1. When this returns, all of it is
/// on the disk.
fn extract(
    wim: &mut Wim,
    index: u32,
    volume: &Volume,
    root: &Path,
    host: &mut dyn Host,
) -> Result<(), StepFailure> {
    // FAT has no owners, and what Linux keeps of them on NTFS no Windows reads.
    let options =
        UnixOptions { metadata: volume.file_system == Some(FileSystem::Ext4), follow_links: false };
    let mut observe = |progress| {
        if let Progress::Apply { done, total } = progress {
            host.progress(done, total);
        }
        ControlFlow::Continue(())
    };
    wim.apply(index, root, &options, &mut observe).map_err(|error| match &error {
        wim::Error::Library { source: Some(host), .. }
            if host.kind() == std::io::ErrorKind::StorageFull =>
        {
            let (partition, disk) = (volume.partition, volume.disk);
            StepFailure::new(format!(
                "partition {partition} of disk {disk} is full: the image does not fit; {error}"
            ))
        }
        _ => StepFailure::because(&error),
    })?;
    File::open(root).and_then(|it| Ok(rustix::fs::syncfs(it)?)).map_err(|error| {
        StepFailure::new(format!("cannot write `{}` to its disk: {error}", root.display()))
    })
}
