use content::{ContentIndex, IndexedContent};
use image::ByteCount;

use crate::{Piece, Placements};

/// What the planner must know of a kind of disc; every size comes from the code that writes.
///
/// Planning happens in rounds. The manifests of the whole set lie on every disc and their lengths
/// depend on the plan, so a round assumes what [`measure_set`](Self::measure_set) said of the plan
/// of the round before; a plan counts only once its discs fit with the sizes of its own manifests.
pub trait Medium {
    /// Why a disc or a set cannot be measured.
    type Error: std::error::Error + 'static;

    /// The sizes of what every disc holds about the whole set, such as the manifests' lengths.
    ///
    /// Two plans with equal sizes leave equally much room for content on each of their discs.
    type SetSizes: PartialEq;

    /// The capacity of each disc in bytes; `None` when there is no limit, and so only one disc.
    fn capacity(&self) -> Option<ByteCount>;

    /// The largest file that the file system holds, in bytes; a larger one is cut.
    fn max_file(&self) -> ByteCount;

    /// Measures what every disc must hold about this set: once a round, in time linear in its
    /// files.
    fn measure_set(&self, set: &SetDraft<'_>) -> Result<Self::SetSizes, Self::Error>;

    /// Returns the exact size of the image of this disc as the writer would make it.
    ///
    /// Everything counts: the boot tree of disc 1, the label, the manifests (whose sizes are in
    /// `sizes`), directory records, alignment. Neither the order of the pieces nor a duplicate of
    /// a blob that is already on the disc may make a difference to the data's size. A disc with
    /// one piece more should not be smaller; where it is, the plan stays right but fills less
    /// well. The planner calls this for some ten drafts a disc, each about as large as the disc.
    fn measure(
        &self,
        disc: &DiscDraft<'_>,
        sizes: &Self::SetSizes,
    ) -> Result<ByteCount, Self::Error>;
}

/// A disc that might be part of the plan.
#[derive(Clone, Copy, Debug)]
pub struct DiscDraft<'a> {
    /// Whose contents and files the pieces are.
    pub index: &'a ContentIndex,
    /// Which disc, from 1 on.
    pub number: u32,
    /// What lies on it, in no particular order.
    pub pieces: &'a [Piece],
    /// The contents (positions in the index) that start on this disc: their folders and empty
    /// directories lie here.
    pub starts: &'a [u32],
}

impl<'a> DiscDraft<'a> {
    /// The contents that start on this disc.
    pub fn starting(&self) -> impl Iterator<Item = &'a IndexedContent> + use<'a> {
        let index = self.index;
        self.starts.iter().map(move |&content| &index.contents[content as usize])
    }
}

/// A whole set of discs that might be the plan.
#[derive(Clone, Copy, Debug)]
pub struct SetDraft<'a> {
    /// Whose contents and files it holds.
    pub index: &'a ContentIndex,
    /// The contents of the set (positions in the index) in the order of first use.
    pub contents: &'a [u32],
    /// Where each of their files lies.
    pub placements: &'a Placements,
}
