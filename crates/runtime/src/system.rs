//! What a provider that works on disks needs of the computer beside its [`Host`](crate::provider::Host).

use std::path::PathBuf;

use crate::computer::VOLUMES;
use crate::disk::DeviceFolders;
use crate::partition::{Kernel, LinuxKernel};

/// The computer as the kernel shows it. Tests make one up.
pub struct System {
    /// Where the kernel shows its devices.
    pub folders: DeviceFolders,
    /// What is mounted at `/proc`.
    pub proc: PathBuf,
    /// The folder that volumes are mounted below.
    pub volumes: PathBuf,
    /// The kernel.
    pub kernel: Box<dyn Kernel>,
}

impl Default for System {
    /// The computer that this runs on.
    fn default() -> Self {
        Self {
            folders: DeviceFolders::default(),
            proc: "/proc".into(),
            volumes: VOLUMES.into(),
            kernel: Box::new(LinuxKernel),
        }
    }
}
