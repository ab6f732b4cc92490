//! The parts of an image's metadata, encoded when they are wanted.

mod descriptors;
mod directory;
mod part;
mod path_table;
mod udf_directory;

pub(crate) use descriptors::descriptors;
pub(crate) use directory::{RecordsLen, measure as measure_records};
pub(crate) use part::{FILE_ENTRIES_PER_PART, MetadataEncoder, Part};
pub(crate) use path_table::measure as measure_path_table;
pub(crate) use udf_directory::measure as measure_udf;
