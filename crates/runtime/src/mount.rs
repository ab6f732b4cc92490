//! Mounting and unmounting.

use std::fs;
use std::io;
use std::path::Path;

use rustix::mount::{MountFlags, UnmountFlags};

/// Whether a mounted file system may be changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// It is only read.
    ReadOnly,
    /// It is read and written.
    ReadWrite,
}

/// Mounts a device, making the folder if it is missing. `file_system` is the kernel's name of it,
/// such as `udf`; options are the file system's own, separated by commas.
pub fn mount(
    device: &Path,
    folder: &Path,
    file_system: &str,
    access: Access,
    options: &str,
) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let flags = flags(access);
    let options = std::ffi::CString::new(options).map_err(|_| io::ErrorKind::InvalidInput)?;
    let options = (!options.is_empty()).then_some(&*options);
    Ok(rustix::mount::mount(device, folder, file_system, flags, options)?)
}

/// Changes whether what is mounted at a folder may be changed.
pub fn remount(folder: &Path, access: Access) -> io::Result<()> {
    Ok(rustix::mount::mount_remount(folder, flags(access), "")?)
}

fn flags(access: Access) -> MountFlags {
    match access {
        Access::ReadOnly => MountFlags::NOATIME | MountFlags::RDONLY,
        Access::ReadWrite => MountFlags::NOATIME,
    }
}

/// Takes what is mounted at a folder out of sight, and unmounts it once nothing is read from it.
pub fn detach(folder: &Path) -> io::Result<()> {
    Ok(rustix::mount::unmount(folder, UnmountFlags::DETACH)?)
}

/// Unmounts what is mounted at a folder.
pub fn unmount(folder: &Path) -> io::Result<()> {
    Ok(rustix::mount::unmount(folder, UnmountFlags::empty())?)
}
