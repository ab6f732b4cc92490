use std::path::{Path, PathBuf};

use crate::disk;
use crate::mount::Access;
use crate::provider::{Host, StepFailure};
use crate::providers::existing::{Mounted, mount_existing, mount_found};
use crate::system::System;
use crate::volume::FileSystem;

/// The system of the reference computer.
pub(super) struct Reference {
    /// Where its root is.
    pub root: PathBuf,
    /// What keeps it there; `None` where the run has mounted it.
    pub mounted: Option<Mounted>,
    /// Disk and partition.
    pub place: (u32, u32),
}

/// Finds the one partition with a system, or takes the one that `OSDCaptureSource` names; it is
/// mounted, and if nobody else has done that, read-only.
pub(super) fn find(
    wanted: &str,
    host: &dyn Host,
    system: &System,
) -> Result<Reference, StepFailure> {
    if !wanted.trim().is_empty() {
        return named(wanted, host, system);
    }
    let mut found = Vec::new();
    for volume in &host.volumes().0 {
        if let Some(root) = volume.mount.as_ref().filter(|root| has_system(root)) {
            let place = (volume.disk, volume.partition);
            found.push(Reference { root: root.clone(), mounted: None, place });
        }
    }
    let disks = disk::disks(&system.folders, host.media_device())
        .map_err(|error| StepFailure::because(&error))?;
    for disk in &disks {
        for partition in disk::partitions(&system.folders, disk) {
            let place = (disk.number, partition.number);
            if host.volumes().find(place.0, place.1).is_some() {
                continue;
            }
            let folder = folder_of(place, host);
            // One that cannot be mounted is damaged or in use; the one that is wanted would be
            // missing below, and can be named for the reason.
            let mounted = mount_found(disk, &partition, &folder, Access::ReadOnly, system);
            let Ok(Some(_)) = mounted else { continue };
            let mounted = Mounted::at(folder.clone());
            if has_system(&folder) {
                found.push(Reference { root: folder, mounted: Some(mounted), place });
            }
        }
    }
    if found.len() > 1 {
        let places: Vec<_> =
            found.iter().map(|it| format!("{},{}", it.place.0, it.place.1)).collect();
        return Err(StepFailure::new(format!(
            "there are several systems that could be captured, on the partitions {}; \
             OSDCaptureSource says which",
            places.join(" and ")
        )));
    }
    let found = found.pop().ok_or_else(|| {
        StepFailure::new(format!(
            "no partition has a system that could be captured; the disks are {}",
            disk::shown(&disks)
        ))
    })?;
    checked(found)
}

fn named(wanted: &str, host: &dyn Host, system: &System) -> Result<Reference, StepFailure> {
    let numbers = wanted.split_once(',').and_then(|(disk, partition)| {
        Some((disk.trim().parse().ok()?, partition.trim().parse().ok()?))
    });
    let Some(place) = numbers else {
        return Err(StepFailure::new(format!(
            "OSDCaptureSource is `{wanted}`; it has to be a disk and a partition, such as `0,2`"
        )));
    };
    let own = host.volumes().find(place.0, place.1).and_then(|volume| volume.mount.clone());
    if let Some(root) = own {
        return checked(Reference { root, mounted: None, place });
    }
    let folder = folder_of(place, host);
    mount_existing(place, &folder, Access::ReadOnly, host, system)?;
    let mounted = Some(Mounted::at(folder.clone()));
    checked(Reference { root: folder, mounted, place })
}

/// Refuses what would not be whole: on NTFS, Linux sees no security descriptors and no streams.
fn checked(found: Reference) -> Result<Reference, StepFailure> {
    let (disk, partition) = found.place;
    if has_windows(&found.root) {
        let ntfs = FileSystem::Ntfs;
        return Err(StepFailure::new(format!(
            "partition {partition} of disk {disk} has a Windows on {ntfs}: it can be captured from \
             Windows PE only, since Linux sees no security descriptors"
        )));
    }
    if !has_system(&found.root) {
        return Err(StepFailure::new(format!(
            "partition {partition} of disk {disk} has no system: there is no etc/os-release"
        )));
    }
    Ok(found)
}

fn folder_of((disk, partition): (u32, u32), host: &dyn Host) -> PathBuf {
    host.scratch_folder().join(format!("capture-disk{disk}-part{partition}"))
}

fn has_system(root: &Path) -> bool {
    // The links of systemd lead to usr/lib, and absolute ones out of the partition.
    let files = ["etc/os-release", "usr/lib/os-release"];
    files.iter().any(|file| root.join(file).symlink_metadata().is_ok()) || has_windows(root)
}

fn has_windows(root: &Path) -> bool {
    ["Windows/System32", "WINDOWS/system32"].iter().any(|folder| root.join(folder).is_dir())
}
