//! ISO 9660 with Joliet and Rock Ridge.

mod directory;
pub(crate) mod path_table;
mod reader;
pub(crate) mod record;
pub(crate) mod susp;
pub(crate) mod volume_descriptor;

pub(crate) use directory::{Directory, MultiExtent, RecordReader};
pub use reader::IsoReader;

/// The size of a sector, which is the logical block of every image this crate reads.
pub(crate) const SECTOR: u64 = 2048;
