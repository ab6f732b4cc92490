//! The bytes of a volume's metadata: small ones at once, the others when they are wanted.

mod bitmap;
mod directory;
mod part;
mod start;

pub(crate) use bitmap::BitmapPart;
pub(crate) use directory::len as directory_len;
pub(crate) use part::{MetadataEncoder, Part};
pub(crate) use start::{boot_regions, fat, upcase_table};

/// What metadata is padded to, with zeros: whole blocks are written without reading what is beside
/// them.
const BLOCK: u64 = 4096;

/// Fills the last block.
fn pad(bytes: &mut Vec<u8>) {
    bytes.resize(bytes.len().next_multiple_of(BLOCK as usize), 0);
}
