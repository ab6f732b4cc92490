use cmtrace::LogType;
use tasksequence::run::{StepEnd, StepRun, Value};

use super::done;
use crate::disk::{self, Disk};
use crate::partition::{DiskRequest, PartitionPlan, execute, plan};
use crate::provider::{Host, Provider, StepFailure, value_of};
use crate::system::System;
use crate::volume::Volumes;

/// Format and Partition Disk.
///
/// Its own file system beside those of Configuration Manager is `ext4`.
pub struct PartitionDisk;

impl Provider for PartitionDisk {
    fn run(&self, step: &StepRun, host: &mut dyn Host) -> Result<StepEnd, StepFailure> {
        Self::run_on(step, host, &System::default())
    }
}

impl PartitionDisk {
    /// Does the step on this computer.
    pub fn run_on(
        step: &StepRun,
        host: &mut dyn Host,
        system: &System,
    ) -> Result<StepEnd, StepFailure> {
        let text = |name: &str| value_of(step, host, name).text().to_owned();
        let request = DiskRequest::read(&text).map_err(|error| StepFailure::because(&error))?;
        let disk = disk::disk(&system.folders, host.media_device(), request.disk)
            .map_err(|error| StepFailure::because(&error))?;
        let plan = plan(&request, disk.bytes).map_err(|error| StepFailure::because(&error))?;
        refuse_prestaged(&disk, host, system)?;
        let shown = disk::shown(std::slice::from_ref(&disk));
        host.log(LogType::Warning, &format!("erasing disk {shown}"));
        host.release_disk(disk.number)?;
        forget(host, disk.number)?;
        host.log(LogType::Info, &plan.to_string());
        let made = execute(&plan, &disk, system).map_err(|error| StepFailure::because(&error))?;
        let mut volumes = host.volumes().clone();
        volumes.0.extend(made.0.iter().cloned());
        volumes.0.sort_by_key(|volume| (volume.disk, volume.partition));
        host.set_volumes(volumes)?;
        set_letters(&plan, &made, host)?;
        Ok(done())
    }
}

/// Fails if the disk holds what the run was started from.
fn refuse_prestaged(disk: &Disk, host: &dyn Host, system: &System) -> Result<(), StepFailure> {
    let Some(device) = host.prestaged_device() else { return Ok(()) };
    let partitions = disk::partitions(&system.folders, disk);
    if disk.device != device && partitions.iter().all(|it| it.device != device) {
        return Ok(());
    }
    Err(StepFailure::new(format!(
        "disk {} holds the prestaged media that this run uses, on `{}`: a step that erases it needs \
         the condition that _SMSTSMediaType is not OEMMedia",
        disk.number,
        device.display()
    )))
}

/// Takes the partitions that are about to vanish off the list, so that no later step, not even
/// after a failure, finds one that is not there.
fn forget(host: &mut dyn Host, disk: u32) -> Result<(), StepFailure> {
    let mut volumes: Volumes = host.volumes().clone();
    volumes.0.retain(|volume| volume.disk != disk);
    host.set_volumes(volumes)
}

/// Says in variables where volumes are mounted.
fn set_letters(
    plan: &PartitionPlan,
    made: &Volumes,
    host: &mut dyn Host,
) -> Result<(), StepFailure> {
    for partition in &plan.partitions {
        let Some(variable) = &partition.letter_variable else { continue };
        let volume = made.find(plan.disk, partition.number);
        let Some(folder) = volume.and_then(|volume| volume.mount.as_ref()) else {
            let number = partition.number;
            let text = format!("{variable} gets no value: partition {number} is not mounted");
            host.log(LogType::Warning, &text);
            continue;
        };
        host.set_variable(variable, Value::plain(folder.to_string_lossy()))?;
    }
    Ok(())
}
