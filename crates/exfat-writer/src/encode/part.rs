use std::fmt;
use std::sync::Arc;

use image::{Encode, ValidTree};

use super::{BitmapPart, directory};
use crate::layout::Plan;

/// A part of a volume's metadata.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// A part of the allocation bitmap.
    Bitmap(BitmapPart),
    /// The entries of the directory with this number.
    Directory(u32),
}

/// Kinds of parts, in the upper half of a part's number.
const BITMAP: u32 = 0;
const DIRECTORY: u32 = 1;

impl Part {
    pub(crate) fn number(self) -> u64 {
        let (kind, index) = match self {
            Self::Bitmap(BitmapPart(index)) => (BITMAP, index),
            Self::Directory(index) => (DIRECTORY, index),
        };
        u64::from(kind) << 32 | u64::from(index)
    }

    fn of_number(number: u64) -> Option<Self> {
        let (kind, index) = ((number >> 32) as u32, number as u32);
        match kind {
            BITMAP => Some(Self::Bitmap(BitmapPart(index))),
            DIRECTORY => Some(Self::Directory(index)),
            _ => None,
        }
    }
}

/// Encodes the parts of a laid out tree.
pub(crate) struct MetadataEncoder<B> {
    pub(crate) tree: Arc<ValidTree<B>>,
    pub(crate) plan: Arc<Plan>,
}

impl<B> fmt::Debug for MetadataEncoder<B> {
    /// Without the tree, which every extent of an image would repeat.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MetadataEncoder").field("nodes", &self.tree.node_count()).finish()
    }
}

impl<B: fmt::Debug + Send + Sync> Encode for MetadataEncoder<B> {
    fn encode(&self, part: u64, out: &mut Vec<u8>) {
        let part = Part::of_number(part).expect("because extents name parts by Part::number");
        match part {
            Part::Bitmap(part) => part.encode(&self.plan, out),
            Part::Directory(number) => {
                directory::encode(&self.tree, &self.plan, number as usize, out);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_name_their_parts() {
        for part in
            [Part::Bitmap(BitmapPart(0)), Part::Bitmap(BitmapPart(7)), Part::Directory(u32::MAX)]
        {
            assert_eq!(Part::of_number(part.number()), Some(part));
        }
        assert_eq!(Part::of_number(2 << 32), None);
    }
}
