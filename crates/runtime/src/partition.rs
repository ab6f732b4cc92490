//! Partitions: from the variables of a step to mounted volumes.
//!
//! [`DiskRequest`] is what a Format and Partition Disk step asks for, [`PartitionPlan`] where on
//! the disk that lies, and [`TableWrite`] the bytes of its tables. All of these are pure; [`execute()`]
//! writes, formats and mounts.

mod execute;
mod format;
mod identity;
mod kernel;
mod plan;
mod probe;
mod request;
mod table;

pub use execute::{ExecuteError, execute, mount_folder};
pub use format::FormatError;
pub use identity::{is_efi_system, partition_uuid};
pub use kernel::{Kernel, LinuxKernel};
pub use plan::{PartitionPlan, PlanError, PlannedPartition, plan};
pub use probe::{Found, file_system_of};
pub use request::{
    DiskRequest, PartitionRequest, PartitionSize, PartitionStyle, PartitionType, RequestError,
};
pub use table::{Identities, TableWrite};

pub use crate::tool::ToolError;
