use std::fs;
use std::path::{Path, PathBuf};

use rustix::mount::{UnmountFlags, mount_bind, unmount};

use super::{Applied, BootError};
use crate::disk;
use crate::tool::Tool;

/// What the image's programs need of the running system.
const BOUND: [&str; 3] = ["dev", "proc", "sys"];

/// Has the image's own `grub-install` write the boot code of the disk.
pub(super) fn install(applied: &Applied<'_>) -> Result<String, BootError> {
    let root = applied.root;
    let is_there =
        root.join("usr/sbin/grub-install").exists() && root.join("usr/lib/grub/i386-pc").is_dir();
    if !is_there {
        return Err(BootError::NoLoader {
            firmware: "a BIOS",
            lacks: "usr/sbin/grub-install and usr/lib/grub/i386-pc (the packages grub2-common and \
                    grub-pc-bin)",
        });
    }
    let device = device_of(applied)?;
    let bound = Bound::new(root)?;
    let chroot = Tool::new("chroot", "coreutils")
        .args([root])
        .args(["/usr/sbin/grub-install", "--target=i386-pc", "--no-floppy"])
        .args([&device]);
    chroot.run().map_err(BootError::Install)?;
    bound.release()?;
    Ok(format!("the image's GRUB is on `{}`", device.display()))
}

/// The device of the disk that the volume is on.
fn device_of(applied: &Applied<'_>) -> Result<PathBuf, BootError> {
    let folders = &applied.system.folders;
    let all = disk::disks(folders, None).unwrap_or_default();
    let holds = |disk: &&disk::Disk| {
        let parts = disk::partitions(folders, disk);
        parts.iter().any(|partition| partition.device == applied.volume.device)
    };
    let found = all.iter().find(holds).map(|disk| disk.device.clone());
    found.ok_or_else(|| BootError::NoIdentity { device: applied.volume.device.clone() })
}

/// Folders of the running system inside of another root; they leave it with the value.
struct Bound(Vec<PathBuf>);

impl Bound {
    fn new(root: &Path) -> Result<Self, BootError> {
        let mut bound = Self(Vec::new());
        for name in BOUND {
            let target = root.join(name);
            fs::create_dir_all(&target)
                .map_err(|source| BootError::io("create", &target, source))?;
            mount_bind(Path::new("/").join(name), &target)
                .map_err(|error| BootError::io("mount", &target, error.into()))?;
            bound.0.push(target);
        }
        Ok(bound)
    }

    fn release(mut self) -> Result<(), BootError> {
        while let Some(target) = self.0.pop() {
            unmount(&target, UnmountFlags::DETACH)
                .map_err(|error| BootError::io("unmount", &target, error.into()))?;
        }
        Ok(())
    }
}

impl Drop for Bound {
    fn drop(&mut self) {
        for target in self.0.iter().rev() {
            // After an error, which is reported; a folder that stays is found when the disk is let
            // go of.
            let _ = unmount(target, UnmountFlags::DETACH);
        }
    }
}
