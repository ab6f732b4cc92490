//! MBR and GPT as pure bytes.
//!
//! Everything is counted in sectors of 512 bytes ([`SECTOR`]). Identifiers come in as arguments,
//! so that the same content gives the same table.
//!
//! [`Mbr`] is sector 0. [`Gpt`] gives the two tables: [`Gpt::primary`] for sectors 1 to 33 and
//! [`Gpt::backup`] for the last 33. A disk with a GPT also needs an MBR with
//! [`MbrPartition::protective`] in it.

mod gpt;
mod guid;
mod mbr;

pub use gpt::{Gpt, GptError, GptPartition, TABLE_SECTORS};
pub use guid::Guid;
pub use mbr::{BOOT_CODE_LEN, Mbr, MbrPartition};

/// The bytes of a sector, the unit of both tables.
pub const SECTOR: u64 = 512;
