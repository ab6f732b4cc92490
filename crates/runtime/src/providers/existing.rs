use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use crate::disk::{self, Disk, DiskPartition};
use crate::mount::{self, Access};
use crate::partition::{file_system_of, is_efi_system, mount_folder, partition_uuid};
use crate::provider::{Host, StepFailure};
use crate::system::System;
use crate::volume::{Volume, VolumeRole, Volumes};

/// Mounts a partition that was there before the run at a folder.
pub(super) fn mount_existing(
    (number, partition): (u32, u32),
    folder: &Path,
    access: Access,
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
    let volume = mount_found(&disk, found, folder, access, system).map_err(|error| {
        StepFailure::new(format!("cannot mount `{}`: {error}", found.device.display()))
    })?;
    volume.ok_or_else(|| {
        StepFailure::new(format!(
            "partition {partition} of disk {number} has neither ext4 nor FAT32 nor NTFS"
        ))
    })
}

/// Mounts a partition; `None` when its file system is none of ours.
pub(super) fn mount_found(
    disk: &Disk,
    found: &DiskPartition,
    folder: &Path,
    access: Access,
    system: &System,
) -> io::Result<Option<Volume>> {
    let Some(held) = file_system_of(&found.device)? else { return Ok(None) };
    let table = File::open(&disk.device)?;
    let uuid = partition_uuid(&table, found.number)?;
    let is_efi = is_efi_system(&table, found.number)?;
    std::fs::create_dir_all(folder)?;
    system.kernel.mount(&found.device, folder, held.file_system, access)?;
    Ok(Some(Volume {
        disk: disk.number,
        partition: found.number,
        role: if is_efi { VolumeRole::Efi } else { VolumeRole::Data },
        file_system: Some(held.file_system),
        partition_uuid: uuid.unwrap_or_default(),
        device: found.device.clone(),
        mount: Some(folder.to_owned()),
        applied: false,
        system: false,
    }))
}

/// Mounts the EFI system partition that a disk has had before the run, unless it is on the list.
pub(super) fn add_efi_partition(
    number: u32,
    volumes: &mut Volumes,
    host: &dyn Host,
    system: &System,
) -> Result<(), StepFailure> {
    let is_efi = |it: &Volume| it.disk == number && it.role == VolumeRole::Efi;
    if volumes.0.iter().any(is_efi) {
        return Ok(());
    }
    let disk = disk::disk(&system.folders, host.media_device(), number)
        .map_err(|error| StepFailure::because(&error))?;
    let failed =
        |error| StepFailure::new(format!("cannot read `{}`: {error}", disk.device.display()));
    let table = File::open(&disk.device).map_err(failed)?;
    for partition in disk::partitions(&system.folders, &disk) {
        if !is_efi_system(&table, partition.number).map_err(failed)? {
            continue;
        }
        let folder = mount_folder(&system.volumes, number, partition.number);
        let mounted = mount_found(&disk, &partition, &folder, Access::ReadWrite, system);
        let mounted = mounted.map_err(|error| {
            StepFailure::new(format!("cannot mount `{}`: {error}", partition.device.display()))
        })?;
        volumes.0.extend(mounted);
        return Ok(());
    }
    Ok(())
}

/// A folder where something is mounted for as long as the step runs.
pub(super) struct Mounted(Option<PathBuf>);

impl Mounted {
    /// What is mounted at this folder.
    pub fn at(folder: PathBuf) -> Self {
        Self(Some(folder))
    }

    /// Unmounts it; what was written is on its disk then.
    pub fn release(mut self) -> Result<(), StepFailure> {
        let Some(folder) = self.0.take() else { return Ok(()) };
        mount::unmount(&folder).map_err(|error| {
            StepFailure::new(format!("cannot unmount `{}`: {error}", folder.display()))
        })
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        if let Some(folder) = &self.0 {
            // After an error, which is what the step ends with.
            let _ = mount::unmount(folder);
        }
    }
}
