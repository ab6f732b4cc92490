//! Making the disk start the Linux system that was applied to it.
//!
//! Under UEFI the image's own signed shim and GRUB go to the EFI system partition, where firmware
//! looks without being told; under a BIOS the image's own `grub-install` writes the boot code. The
//! menu of GRUB lies where the system's own `update-grub` writes it later.

mod bios;
mod fstab;
mod grub_config;
mod kernels;
mod uefi;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

pub(crate) use self::grub_config::title_of;
use crate::partition::{Found, file_system_of};
use crate::system::System;
use crate::tool::ToolError;
use crate::volume::{Volume, VolumeRole, Volumes};

/// Why a disk will not start the system.
#[derive(Debug, thiserror::Error)]
pub enum BootError {
    /// The image holds no kernel that could be started.
    #[error("the image cannot start: it has neither boot/vmlinuz-* nor vmlinuz with its initrd")]
    NoKernel,
    /// There is no partition that UEFI firmware would look on.
    #[error(
        "disk {disk} has no EFI system partition that is mounted: Format and Partition Disk has to \
         make one of the type EFI"
    )]
    NoEfiPartition {
        /// The disk.
        disk: u32,
    },
    /// The image holds no boot loader for this firmware.
    #[error("the image cannot start from {firmware}: it lacks {lacks}")]
    NoLoader {
        /// The firmware.
        firmware: &'static str,
        /// What it lacks.
        lacks: &'static str,
    },
    /// The file system of the volume is not one that is known.
    #[error("`{}` has no file system by which GRUB could find it", device.display())]
    NoIdentity {
        /// The device.
        device: PathBuf,
    },
    /// A file cannot be read or written.
    #[error("cannot {verb} `{}`", path.display())]
    Io {
        /// What was being done.
        verb: &'static str,
        /// To what.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The image's boot loader cannot be installed.
    #[error("the boot loader of the image cannot be installed")]
    Install(#[source] ToolError),
}

impl BootError {
    fn io(verb: &'static str, path: &Path, source: io::Error) -> Self {
        Self::Io { verb, path: path.to_owned(), source }
    }
}

/// The system that was applied, and what it starts from.
struct Applied<'a> {
    root: &'a Path,
    identity: Found,
    volume: &'a Volume,
    efi: Option<&'a Volume>,
    system: &'a System,
}

/// Makes a disk start the system on a volume; returns what was done, a line each.
pub fn make_startable(
    volume: &Volume,
    volumes: &Volumes,
    system: &System,
) -> Result<Vec<String>, BootError> {
    let no_identity = || BootError::NoIdentity { device: volume.device.clone() };
    let root = volume.mount.as_deref().ok_or_else(no_identity)?;
    let identity = identity_of(&volume.device)?.ok_or_else(no_identity)?;
    let is_efi = |it: &&Volume| it.role == VolumeRole::Efi && it.mount.is_some();
    let own = volumes.0.iter().filter(is_efi).find(|it| it.disk == volume.disk);
    let efi = own.or_else(|| volumes.0.iter().find(is_efi));
    let applied = Applied { root, identity, volume, efi, system };

    let kernels = kernels::find(root);
    if kernels.is_empty() {
        return Err(BootError::NoKernel);
    }
    let mut lines = vec![if system.folders.sys.join("firmware/efi").exists() {
        uefi::install(&applied)?
    } else {
        bios::install(&applied)?
    }];
    let title = title_of(root);
    let words = console_words(&system.proc);
    let config = grub_config::menu(&title, &applied.identity.uuid, &kernels, &words);
    write(&root.join("boot/grub/grub.cfg"), &config)?;
    lines.push(format!("the disk starts {title} with {}", kernels[0].kernel));
    lines.extend(fstab::write(&applied)?);
    sync(root)?;
    Ok(lines)
}

fn identity_of(device: &Path) -> Result<Option<Found>, BootError> {
    file_system_of(device).map_err(|source| BootError::io("read", device, source))
}

/// What the running kernel was told of consoles: the installed one shall use the same.
fn console_words(proc: &Path) -> Vec<String> {
    let words = fs::read_to_string(proc.join("cmdline")).unwrap_or_default();
    let is_plain =
        |word: &&str| word.bytes().all(|it| it.is_ascii_alphanumeric() || b"=,.:-".contains(&it));
    let consoles = words.split_whitespace().filter(|word| word.starts_with("console="));
    consoles.filter(is_plain).map(str::to_owned).collect()
}

fn write(path: &Path, text: &str) -> Result<(), BootError> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(|source| BootError::io("create", folder, source))?;
    }
    fs::write(path, text).map_err(|source| BootError::io("write", path, source))
}

fn sync(folder: &Path) -> Result<(), BootError> {
    let synced = fs::File::open(folder).and_then(|it| Ok(rustix::fs::syncfs(it)?));
    synced.map_err(|source| BootError::io("write", folder, source))
}
