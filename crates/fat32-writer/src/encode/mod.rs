//! The bytes of a volume's metadata, encoded when they are wanted.

mod boot_record;
mod directory;
mod fat;
mod part;

pub(crate) use boot_record::boot_record;
pub(crate) use directory::len as directory_len;
pub(crate) use fat::FatPart;
pub(crate) use part::{MetadataEncoder, Part};

/// What encoded metadata is padded to, with zeros: whole blocks are written without reading what
/// is beside them.
const BLOCK: u64 = 4096;
