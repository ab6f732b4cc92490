//! A computer whose disks are loop devices.

use std::fs;
use std::io;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use runtime::disk::DeviceFolders;
use runtime::mount::{Access, mount, unmount};
use runtime::partition::{Kernel, ToolError};
use runtime::system::System;
use runtime::volume::FileSystem;
use tempfile::TempDir;

use crate::tool;

/// A computer with a `/sys`, `/dev` and `/proc` of its own. Its disks are called `vda`, `vdb`, ….
pub struct Machine {
    pub folder: TempDir,
    pub loops: Vec<PathBuf>,
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
        let name = fs::canonicalize(disk).unwrap().file_name().unwrap().to_owned();
        for entry in fs::read_dir(Path::new("/sys/block").join(&name)).unwrap() {
            let part = entry.unwrap().file_name();
            if part.to_string_lossy().starts_with(&*name.to_string_lossy()) {
                let link = self.dev.join(&part);
                let _ = fs::remove_file(&link);
                symlink(Path::new("/dev").join(&part), link).unwrap();
            }
        }
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

impl Machine {
    /// A computer with disks of so many bytes.
    pub fn new(disks: &[u64]) -> Self {
        let folder = tempfile::Builder::new().prefix("machine-").tempdir().unwrap();
        for name in ["sys/block", "sys/firmware", "dev", "proc", "volumes"] {
            fs::create_dir_all(folder.path().join(name)).unwrap();
        }
        let mut machine = Self { folder, loops: Vec::new() };
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

    /// Unmounts everything of the computer.
    pub fn unmount_all(&self) {
        let mounts = fs::read_to_string("/proc/self/mounts").unwrap();
        let root = self.folder.path().to_string_lossy().into_owned();
        let folders = mounts.lines().filter_map(|line| line.split(' ').nth(1));
        let own: Vec<_> = folders.filter(|folder| folder.starts_with(&root)).collect();
        own.iter().rev().for_each(|folder| unmount(Path::new(folder)).unwrap());
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let _ = std::panic::catch_unwind(|| self.unmount_all());
        } else {
            self.unmount_all();
        }
        for device in &self.loops {
            let _ = Command::new("partx").arg("-d").arg(device).output();
            let _ = Command::new("losetup").arg("-d").arg(device).output();
        }
    }
}
