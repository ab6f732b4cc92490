//! A computer whose disks are loop devices.

use std::fs;
use std::io;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, MutexGuard, PoisonError};

use runtime::disk::DeviceFolders;
use runtime::mount::{Access, mount, unmount};
use runtime::partition::{Kernel, ToolError};
use runtime::system::System;
use runtime::volume::FileSystem;
use tempfile::TempDir;

use crate::tool;

/// One test at a time: a program that another test starts holds all open files of this one for a
/// moment, and a disk that somebody holds is in use.
static ONE: Mutex<()> = Mutex::new(());

/// Keeps other tests waiting.
pub fn alone() -> MutexGuard<'static, ()> {
    ONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A computer with a `/sys`, `/dev` and `/proc` of its own. Its disks are called `vda`, `vdb`, ….
pub struct Machine {
    pub folder: TempDir,
    pub loops: Vec<PathBuf>,
    _alone: MutexGuard<'static, ()>,
}

/// The kernel of such a computer: this one, which reads no partition tables by itself here and has
/// no FAT and no NTFS. A folder in memory stands for a mounted volume of those.
struct LoopKernel {
    dev: PathBuf,
}

impl Kernel for LoopKernel {
    fn read_partitions(&self, disk: &Path) -> Result<(), ToolError> {
        let real = fs::canonicalize(disk).unwrap();
        let real = real.display();
        tool(&format!("partx -d {real} 2>/dev/null; partx -a {real}"));
        link_partitions(&fs::canonicalize(disk).unwrap(), &self.dev);
        Ok(())
    }

    fn mount(
        &self,
        device: &Path,
        folder: &Path,
        file_system: FileSystem,
        access: Access,
    ) -> io::Result<()> {
        match file_system {
            FileSystem::Ext4 => mount(device, folder, "ext4", access, ""),
            FileSystem::Fat32 | FileSystem::Ntfs => {
                mount(Path::new("none"), folder, "tmpfs", access, "size=64m")
            }
        }
    }
}

/// Shows the partitions of a loop device in the computer's `/dev`.
fn link_partitions(device: &Path, dev: &Path) {
    let name = device.file_name().unwrap().to_string_lossy().into_owned();
    for entry in fs::read_dir(Path::new("/sys/block").join(&name)).unwrap() {
        let part = entry.unwrap().file_name();
        if part.to_string_lossy().starts_with(&name) {
            let link = dev.join(&part);
            let _ = fs::remove_file(&link);
            symlink(Path::new("/dev").join(&part), link).unwrap();
        }
    }
}

impl Machine {
    /// A computer with disks of so many bytes.
    pub fn new(disks: &[u64]) -> Self {
        let _alone = alone();
        let folder = tempfile::Builder::new().prefix("machine-").tempdir().unwrap();
        for name in ["sys/block", "sys/firmware", "dev", "proc", "volumes"] {
            fs::create_dir_all(folder.path().join(name)).unwrap();
        }
        let mut machine = Self { folder, loops: Vec::new(), _alone };
        for (bytes, letter) in disks.iter().zip('a'..) {
            let file = machine.folder.path().join(format!("vd{letter}.img"));
            fs::File::create(&file).unwrap().set_len(*bytes).unwrap();
            let device = tool(&format!("losetup -f --show {}", file.display()));
            let device = PathBuf::from(device.trim());
            let link = format!("vd{letter}");
            symlink(&device, machine.path("dev").join(&link)).unwrap();
            let real = Path::new("/sys/block").join(device.file_name().unwrap());
            symlink(real, machine.path("sys/block").join(&link)).unwrap();
            machine.loops.push(device);
        }
        machine
    }

    pub fn path(&self, below: &str) -> PathBuf {
        self.folder.path().join(below)
    }

    pub fn system(&self) -> System {
        System {
            folders: DeviceFolders { sys: self.path("sys"), dev: self.path("dev") },
            proc: self.path("proc"),
            volumes: self.path("volumes"),
            kernel: Box::new(LoopKernel { dev: self.path("dev") }),
        }
    }

    /// Shows partitions that were made by other means.
    pub fn see_partitions(&self, disk: usize) {
        link_partitions(&self.loops[disk], &self.path("dev"));
    }

    /// Unmounts everything of the computer.
    pub fn unmount_all(&self) {
        self.mounts().iter().rev().for_each(|folder| unmount(folder).unwrap());
    }

    fn mounts(&self) -> Vec<PathBuf> {
        let mounts = fs::read_to_string("/proc/self/mounts").unwrap();
        let folders = mounts.lines().filter_map(|line| line.split(' ').nth(1)).map(PathBuf::from);
        folders.filter(|folder| folder.starts_with(self.folder.path())).collect()
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        for folder in self.mounts().iter().rev() {
            let _ = Command::new("umount").arg("-l").arg(folder).output();
        }
        for device in &self.loops {
            let _ = Command::new("partx").arg("-d").arg(device).output();
            let _ = Command::new("losetup").arg("-d").arg(device).output();
        }
    }
}
