use std::io;
use std::path::Path;

use crate::computer::kernel_name;
use crate::mount::{self, Access};
use crate::tool::{Tool, ToolError};
use crate::volume::FileSystem;

/// What the kernel does with disks.
pub trait Kernel: Sync {
    /// Has it read the partition table of a disk again.
    fn read_partitions(&self, disk: &Path) -> Result<(), ToolError>;

    /// Mounts a device, making the folder if it is missing.
    fn mount(
        &self,
        device: &Path,
        folder: &Path,
        file_system: FileSystem,
        access: Access,
    ) -> io::Result<()>;
}

/// The kernel that runs.
#[derive(Clone, Copy, Debug)]
pub struct LinuxKernel;

impl Kernel for LinuxKernel {
    /// By `blockdev`, which BusyBox has too: the call behind it (`BLKRRPART`) is none that safe
    /// Rust can make.
    fn read_partitions(&self, disk: &Path) -> Result<(), ToolError> {
        Tool::new("blockdev", "util-linux").args(["--rereadpt"]).args([disk]).run()
    }

    fn mount(
        &self,
        device: &Path,
        folder: &Path,
        file_system: FileSystem,
        access: Access,
    ) -> io::Result<()> {
        mount::mount(device, folder, kernel_name(file_system), access, "")
    }
}
