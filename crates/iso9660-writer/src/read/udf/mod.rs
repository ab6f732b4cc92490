//! UDF 1.02 on ECMA-167: one physical partition, blocks of 2048 bytes.

pub(crate) mod descriptor;
pub(crate) mod file_entry;
pub(crate) mod file_identifier;
mod reader;
pub(crate) mod recognition;
pub(crate) mod tag;
pub(crate) mod volume;

pub use reader::UdfReader;
pub(crate) use reader::data_extents;

/// The logical block and sector size that this crate reads.
pub(crate) const BLOCK: u64 = 2048;
