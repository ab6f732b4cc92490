use std::path::Path;

use super::action::ApplyTarget;
use crate::mount::Access;
use crate::partition::mount_folder;
use crate::provider::{Host, StepFailure};
use crate::providers::existing::mount_existing;
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
                    let folder = mount_folder(&system.volumes, *disk, *partition);
                    let place = (*disk, *partition);
                    let access = Access::ReadWrite;
                    volumes.0.push(mount_existing(place, &folder, access, host, system)?);
                    volumes.0.len() - 1
                }
            }
        }
    };
    let volume = &volumes.0[index];
    if host.prestaged_device().is_some_and(|device| *device == volume.device) {
        return Err(StepFailure::new(format!(
            "partition {} of disk {} holds the prestaged media that this run uses: apply the image \
             to another one",
            volume.partition, volume.disk
        )));
    }
    if volume.mount.is_none() {
        return Err(StepFailure::new(format!(
            "partition {} of disk {} is not mounted: it has no file system, or is none for files",
            volume.partition, volume.disk
        )));
    }
    Ok((volumes, index))
}
