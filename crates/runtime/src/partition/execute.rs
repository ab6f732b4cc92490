use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use image::partition::{Guid, SECTOR};

use super::format::{FormatError, check, format};
use super::plan::{PartitionPlan, PlanError};
use super::table::Identities;
use crate::disk::{self, Disk, DiskPartition};
use crate::mount::{self, Access};
use crate::system::System;
use crate::tool::ToolError;
use crate::volume::{Volume, VolumeRole, Volumes};

/// How much of each end of a disk and of a partition is cleared: every signature of a file system,
/// a RAID and a partition table lies there.
const ENDS: u64 = 1 << 20;
/// How long the kernel may take to show partitions.
const PATIENCE: Duration = Duration::from_secs(15);
/// How often it is asked.
const INTERVAL: Duration = Duration::from_millis(20);

/// Why a disk could not be partitioned.
#[derive(Debug, thiserror::Error)]
pub enum ExecuteError {
    /// Something of the disk is mounted, or another program has it.
    #[error("disk {disk} (`{device}`) is in use: something on it is mounted or held")]
    Busy {
        /// The disk.
        disk: u32,
        /// Its device.
        device: String,
    },
    /// The disk has sectors of another size than tables are written for.
    #[error(
        "disk {disk} has sectors of {sector} bytes, and only 512 are supported; many such disks \
         can be set to 512"
    )]
    SectorSize {
        /// The disk.
        disk: u32,
        /// The bytes of its sectors.
        sector: u64,
    },
    /// The kernel's random numbers, the disk or a folder cannot be read or written.
    #[error("cannot {verb} `{}`", path.display())]
    Io {
        /// What was being done.
        verb: &'static str,
        /// To what.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The table cannot be made.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// The kernel did not read the table.
    #[error("the kernel does not take the new partitions of disk {disk}")]
    NotRead {
        /// The disk.
        disk: u32,
        /// What the program for that says.
        source: ToolError,
    },
    /// The kernel does not show a partition.
    #[error(
        "the kernel shows no partition {partition} of {bytes} bytes on disk {disk} within {} \
         seconds",
        PATIENCE.as_secs()
    )]
    NotShown {
        /// The disk.
        disk: u32,
        /// The partition.
        partition: u32,
        /// The bytes that it should have.
        bytes: u64,
    },
    /// A partition could not be formatted.
    #[error(transparent)]
    Format(#[from] FormatError),
}

/// Erases a disk and makes the partitions of a plan: tables, file systems, mounted volumes.
///
/// Everything on the disk is lost. Nothing of it may be mounted.
pub fn execute(
    plan: &PartitionPlan,
    disk: &Disk,
    system: &System,
) -> Result<Volumes, ExecuteError> {
    if disk.sector != SECTOR {
        return Err(ExecuteError::SectorSize { disk: disk.number, sector: disk.sector });
    }
    // Before the disk is erased: without its file systems it would be of no use.
    for partition in &plan.partitions {
        partition.file_system.map_or(Ok(()), |it| check(&disk.device, it))?;
    }
    let identities = draw_identities(plan)?;
    write(plan, disk, &identities)?;
    read_again(disk, system)?;
    let mut volumes = Vec::with_capacity(plan.partitions.len());
    for (index, partition) in plan.partitions.iter().enumerate() {
        let Some(role) = partition.role() else { continue };
        let device = wait_for(disk, system, partition.number, partition.sectors * SECTOR)?;
        if let Some(file_system) = partition.file_system {
            format(&device, file_system, &partition.name)?;
        }
        volumes.push(Volume {
            disk: disk.number,
            partition: partition.number,
            role,
            file_system: partition.file_system,
            partition_uuid: plan.partition_uuid(index, &identities).unwrap_or_default(),
            device,
            mount: None,
            applied: false,
            system: false,
        });
    }
    let mounted = volumes.iter_mut().try_for_each(|volume| mount_volume(volume, system));
    if mounted.is_err() {
        // Nobody else knows of them, and the disk would be in use for ever. The first error counts.
        for folder in volumes.iter().filter_map(|volume| volume.mount.as_ref()) {
            let _ = mount::unmount(folder);
        }
    }
    mounted.map(|()| Volumes(volumes))
}

/// The folder, below that of all volumes, where a partition is mounted.
pub fn mount_folder(volumes: &Path, disk: u32, partition: u32) -> PathBuf {
    volumes.join(format!("disk{disk}-part{partition}"))
}

fn draw_identities(plan: &PartitionPlan) -> Result<Identities, ExecuteError> {
    let path = Path::new("/dev/urandom");
    let failed = |source| ExecuteError::Io { verb: "read", path: path.to_owned(), source };
    let source = File::open(path).map_err(failed)?;
    let draw = || {
        let mut bytes = [0; 16];
        io::Read::read_exact(&mut &source, &mut bytes).map_err(failed)?;
        Ok(bytes)
    };
    let [a, b, c, d, ..] = draw()?;
    Ok(Identities {
        disk: Guid::from_random(draw()?),
        partitions: plan
            .partitions
            .iter()
            .map(|_| draw().map(Guid::from_random))
            .collect::<Result<_, ExecuteError>>()?,
        signature: u32::from_le_bytes([a, b, c, d]).max(1),
    })
}

/// Clears whatever says that there was something, and writes the tables.
fn write(plan: &PartitionPlan, disk: &Disk, identities: &Identities) -> Result<(), ExecuteError> {
    let failed = |verb, source| ExecuteError::Io { verb, path: disk.device.clone(), source };
    let flags = rustix::fs::OFlags::EXCL.bits() as i32;
    // On a block device this asks for it alone, which fails while a partition is mounted.
    let file = OpenOptions::new().read(true).write(true).custom_flags(flags).open(&disk.device);
    let file = file.map_err(|source| match source.kind() {
        io::ErrorKind::ResourceBusy => {
            let device = disk.device.display().to_string();
            ExecuteError::Busy { disk: disk.number, device }
        }
        _ => failed("open", source),
    })?;
    clear_ends(&file, 0, plan.sectors * SECTOR).map_err(|source| failed("erase", source))?;
    for partition in &plan.partitions {
        clear_ends(&file, partition.first * SECTOR, partition.sectors * SECTOR)
            .map_err(|source| failed("erase", source))?;
    }
    for table in plan.tables(identities)? {
        file.write_all_at(&table.bytes, table.offset).map_err(|source| failed("write", source))?;
    }
    file.sync_all().map_err(|source| failed("write", source))
}

fn clear_ends(file: &File, start: u64, bytes: u64) -> io::Result<()> {
    let zeros = vec![0; ENDS.min(bytes) as usize];
    file.write_all_at(&zeros, start)?;
    file.write_all_at(&zeros, start + bytes - zeros.len() as u64)
}

/// Has the kernel read the table, again while something else has the disk open for a moment.
fn read_again(disk: &Disk, system: &System) -> Result<(), ExecuteError> {
    let begin = Instant::now();
    loop {
        match system.kernel.read_partitions(&disk.device) {
            Ok(()) => return Ok(()),
            Err(ToolError::Failed { .. }) if begin.elapsed() < PATIENCE => thread::sleep(INTERVAL),
            Err(source) => {
                return Err(ExecuteError::NotRead { disk: disk.number, source });
            }
        }
    }
}

/// Waits until the kernel shows a partition of this size, and its device is there.
fn wait_for(
    disk: &Disk,
    system: &System,
    number: u32,
    bytes: u64,
) -> Result<PathBuf, ExecuteError> {
    let begin = Instant::now();
    loop {
        let shown = disk::partitions(&system.folders, disk);
        let is_it = |it: &&DiskPartition| it.number == number && it.bytes == bytes;
        if let Some(found) = shown.iter().find(is_it).filter(|it| it.device.exists()) {
            return Ok(found.device.clone());
        }
        if begin.elapsed() >= PATIENCE {
            return Err(ExecuteError::NotShown { disk: disk.number, partition: number, bytes });
        }
        thread::sleep(INTERVAL);
    }
}

/// Mounts what holds files that steps may want.
fn mount_volume(volume: &mut Volume, system: &System) -> Result<(), ExecuteError> {
    let Some(file_system) = volume.file_system else { return Ok(()) };
    if !matches!(volume.role, VolumeRole::Data | VolumeRole::Efi) {
        return Ok(());
    }
    let folder = mount_folder(&system.volumes, volume.disk, volume.partition);
    fs::create_dir_all(&folder)
        .and_then(|()| system.kernel.mount(&volume.device, &folder, file_system, Access::ReadWrite))
        .map_err(|source| ExecuteError::Io {
            verb: "mount",
            path: volume.device.clone(),
            source,
        })?;
    volume.mount = Some(folder);
    Ok(())
}
