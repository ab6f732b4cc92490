//! What a run can do to this computer as a whole.

use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::system::{RebootCommand, reboot};
use tasksequence::run::Running;

use crate::media::block_devices;
use crate::mount::{Access, detach, mount, unmount};
use crate::partition::mount_folder;
use crate::run::Computer;
use crate::volume::{FileSystem, Volumes};

/// A computer that runs Linux: the boot image, or the installed system.
#[derive(Clone, Copy, Debug)]
pub struct LinuxComputer {
    /// What runs on it.
    pub running: Running,
}

/// The folder that partitions are mounted below.
pub const VOLUMES: &str = "/volumes";

/// Where a partition is mounted: the same place each time, so that variables stay true.
pub fn mount_point(disk: u32, partition: u32) -> PathBuf {
    mount_folder(Path::new(VOLUMES), disk, partition)
}

/// The kernel's name of a file system.
pub fn kernel_name(file_system: FileSystem) -> &'static str {
    match file_system {
        FileSystem::Fat32 => "vfat",
        FileSystem::Ext4 => "ext4",
        FileSystem::Ntfs => "ntfs3",
    }
}

/// What runs on this computer: a boot image has its root in memory.
pub fn running_system(mounts: &str) -> Running {
    let mut root = mounts.lines().filter_map(|line| {
        let mut fields = line.split(' ').skip(1);
        (fields.next() == Some("/")).then(|| fields.next().unwrap_or_default())
    });
    match root.next_back() {
        Some("rootfs" | "tmpfs" | "ramfs") | None => Running::WinPe,
        Some(_) => Running::FullOs,
    }
}

impl Computer for LinuxComputer {
    fn restart(&mut self) -> io::Result<()> {
        rustix::fs::sync();
        if self.running == Running::FullOs {
            // The system ends its services first, this one among them.
            let status = Command::new("systemctl").args(["--no-block", "reboot"]).status();
            if status.is_ok_and(|status| status.success()) {
                return Ok(());
            }
        }
        Ok(reboot(RebootCommand::Restart)?)
    }

    fn mount(&mut self, volumes: &mut Volumes) -> io::Result<()> {
        let devices = block_devices(Path::new("/sys"), Path::new("/dev"))?;
        for volume in &mut volumes.0 {
            let found = devices.iter().find(|it| {
                !it.partition_uuid.is_empty() && it.partition_uuid == volume.partition_uuid
            });
            if let Some(device) = found {
                volume.device.clone_from(&device.path);
            }
            if volume.mount.is_some() {
                continue;
            }
            if self.running == Running::FullOs && volume.system {
                volume.mount = Some("/".into());
                continue;
            }
            let Some(file_system) = volume.file_system else { continue };
            let folder = mount_point(volume.disk, volume.partition);
            mount(&volume.device, &folder, kernel_name(file_system), Access::ReadWrite, "")?;
            volume.mount = Some(folder);
        }
        Ok(())
    }

    fn unmount(&mut self, volumes: &mut Volumes) {
        rustix::fs::sync();
        for volume in &mut volumes.0 {
            let Some(folder) = volume.mount.take().filter(|folder| folder != Path::new("/")) else {
                continue;
            };
            // What is still in use is written when it is let go.
            let _ = unmount(&folder).or_else(|_| detach(&folder));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_root_in_memory_is_a_boot_image() {
        for (mounts, running) in [
            ("rootfs / rootfs rw 0 0\nproc /proc proc rw 0 0\n", Running::WinPe),
            ("none / tmpfs rw 0 0\n", Running::WinPe),
            ("proc /proc proc rw 0 0\n", Running::WinPe),
            ("rootfs / rootfs rw 0 0\n/dev/vda2 / ext4 rw 0 0\n", Running::FullOs),
        ] {
            assert_eq!(running_system(mounts), running, "{mounts}");
        }
    }
}
