//! Changes to a volume that is there: which bytes have to be written, and in which order.
//!
//! An [`Editor`] reads a volume and takes files away and adds others in memory; each
//! [`Editor::commit`] returns a [`Change`], which says what to write, in parts of which each has
//! to be durable before the next one begins. Whoever keeps to that order has a volume that is
//! sound at any moment: what is interrupted leaves clusters and parts of long names that belong to
//! nothing, FATs of which the first one is right, and nothing else. [`Editor::mend`] takes that
//! away the next time.
//!
//! The rules behind the order: data and new directories lie in clusters that were free; the FAT
//! says so before a directory does; and what goes leaves its directory before its clusters are
//! given to others, which is not before the next commit.

mod chains;
mod directory;
mod editor;
mod error;
mod fat;
mod free_space;
mod mend;
mod record;

pub use editor::{Editor, Removed};
pub use error::UpdateError;
pub use fat::FatEdit;
pub use free_space::Run;

/// Bytes and their place in the image; both are whole sectors of the volume.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Write {
    /// Where they begin, in bytes from the start of the image.
    pub offset: u64,
    /// What is written.
    pub bytes: Vec<u8>,
}

/// What a commit writes: the fields in their order, each durable before the next one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// New clusters of directories; the data of added files goes with them.
    pub fresh: Vec<Write>,
    /// The entries of clusters that were free.
    pub chains: Vec<FatEdit>,
    /// The entries of clusters that were the last of a directory that grows.
    pub links: Vec<FatEdit>,
    /// Sectors of directories that are in use.
    pub entries: Vec<Write>,
    /// The entries of clusters that nothing uses any more.
    pub freed: Vec<FatEdit>,
}

impl Change {
    /// Whether nothing is to be written.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}
