use std::fs::File;
use std::path::Path;

use super::action::ApplyTarget;
use crate::disk;
use crate::mount::Access;
use crate::partition::{file_system_of, mount_folder, partition_uuid};
use crate::provider::{Host, StepFailure};
use crate::system::System;
use crate::volume::{Volume, VolumeRole, Volumes};

/// Finds the volume that an image goes to; it is mounted, and on the list that is returned.
pub(super) fn find(
    target: &ApplyTarget,
    host: &dyn Host,
    system: &System,
) -> Result<(Volumes, usize), StepFailure> {
    let mut volumes = host.volumes().clone();
    let at = |wanted: &dyn Fn(&Volume) -> bool| host.volumes().0.iter().position(wanted);
    let index = match target {
        ApplyTarget::Next => at(&|it| {
            it.role == VolumeRole::Data && it.mount.is_some() && !it.applied
        })
        .ok_or_else(|| {
            StepFailure::new(
                "there is no partition left that no image was applied to; Format and Partition \
                 Disk has to make one with a file system",
            )
        })?,
        ApplyTarget::Path(path) => {
            let path = Path::new(path);
            at(&|it| it.mount.as_deref() == Some(path)).ok_or_else(|| {
                let path = path.display();
                StepFailure::new(format!("no partition of the run is mounted at `{path}`"))
            })?
        }
        ApplyTarget::Partition(disk, partition) => {
            let is_it = |it: &Volume| it.disk == *disk && it.partition == *partition;
            match at(&is_it) {
                Some(index) => index,
                None => {
                    volumes.0.push(existing(*disk, *partition, host, system)?);
                    volumes.0.len() - 1
                }
            }
        }
    };
    let volume = &volumes.0[index];
    if volume.mount.is_none() {
        return Err(StepFailure::new(format!(
            "partition {} of disk {} is not mounted: it has no file system, or is none for files",
            volume.partition, volume.disk
        )));
    }
    Ok((volumes, index))
}

/// Mounts a partition that was there before the run.
fn existing(
    number: u32,
    partition: u32,
    host: &dyn Host,
    system: &System,
) -> Result<Volume, StepFailure> {
    let disk = disk::disk(&system.folders, host.media_device(), number)
        .map_err(|error| StepFailure::because(&error))?;
    let all = disk::partitions(&system.folders, &disk);
    let Some(found) = all.iter().find(|it| it.number == partition) else {
        let count = all.len();
        return Err(StepFailure::new(format!(
            "disk {number} has no partition {partition}; it has {count}"
        )));
    };
    let failed = |error: std::io::Error| {
        StepFailure::new(format!("cannot mount `{}`: {error}", found.device.display()))
    };
    let held = file_system_of(&found.device).map_err(failed)?.ok_or_else(|| {
        StepFailure::new(format!(
            "partition {partition} of disk {number} has neither ext4 nor FAT32 nor NTFS"
        ))
    })?;
    let uuid = File::open(&disk.device).and_then(|file| partition_uuid(&file, partition));
    let folder = mount_folder(&system.volumes, number, partition);
    system
        .kernel
        .mount(&found.device, &folder, held.file_system, Access::ReadWrite)
        .map_err(failed)?;
    Ok(Volume {
        disk: number,
        partition,
        role: VolumeRole::Data,
        file_system: Some(held.file_system),
        partition_uuid: uuid.map_err(failed)?.unwrap_or_default(),
        device: found.device.clone(),
        mount: Some(folder),
        applied: false,
        system: false,
    })
}
