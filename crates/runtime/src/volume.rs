//! The partitions that a run has made, and where they are mounted.

use std::fmt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// A file system that a partition can be formatted with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FileSystem {
    /// FAT32.
    Fat32,
    /// ext4.
    Ext4,
    /// NTFS.
    Ntfs,
}

impl fmt::Display for FileSystem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Fat32 => "FAT32",
            Self::Ext4 => "ext4",
            Self::Ntfs => "NTFS",
        })
    }
}

/// What a partition is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum VolumeRole {
    /// The EFI system partition.
    Efi,
    /// Anything that holds files of a system or a user.
    Data,
    /// Microsoft's reserved partition, which holds no file system.
    Msr,
    /// A recovery partition.
    Recovery,
}

/// A partition of a disk of the target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Volume {
    /// The number of its disk, from 0 as in a task sequence.
    pub disk: u32,
    /// Its number on the disk, from 1.
    pub partition: u32,
    /// What it is for.
    pub role: VolumeRole,
    /// Its file system; `None` when it has none.
    pub file_system: Option<FileSystem>,
    /// How it is told from all others after a restart: the partition's GUID of a GPT, or the MBR's
    /// signature and the number, as Linux writes a `PARTUUID`, in lower case.
    pub partition_uuid: String,
    /// The device, such as `/dev/vda2`; may be another one after a restart.
    pub device: PathBuf,
    /// Where it is mounted; `None` when it is not.
    pub mount: Option<PathBuf>,
    /// Whether an operating system or a data image was applied to it.
    pub applied: bool,
    /// Whether the system that the disk starts is on it.
    pub system: bool,
}

/// The partitions that a run has made, in the order of disk and partition.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Volumes(pub Vec<Volume>);

impl Volumes {
    /// Finds a partition by its disk, from 0, and its number, from 1.
    pub fn find(&self, disk: u32, partition: u32) -> Option<&Volume> {
        self.0.iter().find(|volume| volume.disk == disk && volume.partition == partition)
    }

    /// Finds the partition that holds a path.
    pub fn holding(&self, path: &Path) -> Option<&Volume> {
        let mounted =
            self.0.iter().filter(|it| it.mount.as_ref().is_some_and(|at| path.starts_with(at)));
        mounted.max_by_key(|volume| volume.mount.as_ref().map(|at| at.components().count()))
    }

    /// The partition with the system that the disk starts.
    pub fn system(&self) -> Option<&Volume> {
        self.0.iter().find(|volume| volume.system)
    }
}
