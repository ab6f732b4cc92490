//! A planned WIM in parts: where everything of each part lies.

use std::ops::Range;
use std::sync::Arc;

use image::{ByteCount, ByteOffset, FileData, Image, Source};

use super::late::{self, Late};
use super::plan::Plan;
use super::{ALIGNMENT, Extents, LatePart, LayoutError, WimLayout};
use crate::format::{BLOB_ENTRY_SIZE, HEADER_SIZE, Sha1};

/// A planned WIM in one or more parts, each a file: `oem.swm`, `oem2.swm` and so on.
///
/// The metadata of all images lies in the first part, and no blob is divided.
#[derive(Clone, Debug)]
pub struct PartedLayout<B> {
    whole: WimLayout<B>,
    parts: Vec<PartPlan>,
}

/// Where things lie in a part.
#[derive(Clone, Debug)]
pub(super) struct PartPlan {
    /// The blobs in it, by their numbers.
    pub(super) blobs: Range<usize>,
    /// What the place of a blob in the whole WIM is more than that in the part.
    moved: u64,
    /// Where the metadata of each image starts; only in the first part there is any.
    pub(super) metadata: Vec<u64>,
    /// Where the blob table starts.
    pub(super) table: u64,
    /// Room for how many entries the table has.
    entries: usize,
}

impl PartPlan {
    /// The first part with these blobs and all metadata.
    pub(super) fn first<B>(plan: &Plan<B>, blobs: Range<usize>) -> Self {
        let mut end = blobs_end(plan, &blobs, 0);
        let metadata = plan.images.iter().map(|image| {
            let start = end.next_multiple_of(ALIGNMENT);
            end = start + image.len;
            start
        });
        let metadata = metadata.collect();
        let entries = blobs.len() + plan.images.len();
        Self { blobs, moved: 0, metadata, table: end, entries }
    }

    /// A further part with these blobs.
    fn further<B>(plan: &Plan<B>, blobs: Range<usize>) -> Self {
        let first = plan.blobs.get(blobs.start).map_or(0, |blob| blob.start.0);
        let moved = first.saturating_sub(ALIGNMENT);
        let (table, entries) = (blobs_end(plan, &blobs, moved), blobs.len());
        Self { blobs, moved, metadata: Vec::new(), table, entries }
    }

    /// Where a blob starts in the part.
    pub(super) fn start(&self, in_whole: ByteOffset) -> u64 {
        in_whole.0 - self.moved
    }

    /// Where the late tables start: with the metadata of the first image, or the blob table.
    pub(super) fn tables_start(&self) -> u64 {
        self.metadata.first().copied().unwrap_or(self.table)
    }

    /// Where the late tables end: behind the blob table.
    pub(super) fn tables_end(&self) -> u64 {
        self.table + (self.entries * BLOB_ENTRY_SIZE) as u64
    }
}

fn blobs_end<B>(plan: &Plan<B>, blobs: &Range<usize>, moved: u64) -> u64 {
    let last = plan.blobs[blobs.clone()].last();
    last.map_or(HEADER_SIZE as u64, |blob| blob.start.0 - moved + blob.data.len().0)
}

impl<B: Copy> WimLayout<B> {
    /// The same WIM as one file, with the methods of one in parts.
    pub fn whole(self) -> PartedLayout<B> {
        let parts = vec![PartPlan::first(&self.plan, 0..self.plan.blobs.len())];
        PartedLayout { whole: self, parts }
    }

    /// The same WIM in parts of at most `max` bytes; in one, if it is no longer.
    ///
    /// # Errors
    ///
    /// [`LayoutError::PartTooSmall`] if a file, or the metadata of all images, takes more.
    pub fn parted(self, max: ByteCount) -> Result<PartedLayout<B>, LayoutError> {
        let (plan, xml_len) = (&self.plan, self.xml.len() as u64);
        let len = |part: &PartPlan| part.tables_end() + xml_len;
        let too_small = |part: &PartPlan| LayoutError::PartTooSmall { len: len(part), max: max.0 };
        let mut part = PartPlan::first(plan, 0..0);
        if len(&part) > max.0 {
            return Err(too_small(&part));
        }
        let mut parts = Vec::new();
        for number in 0..plan.blobs.len() {
            let longer = match parts.len() {
                0 => PartPlan::first(plan, 0..number + 1),
                _ => PartPlan::further(plan, part.blobs.start..number + 1),
            };
            if len(&longer) <= max.0 {
                part = longer;
                continue;
            }
            parts.push(std::mem::replace(&mut part, PartPlan::further(plan, number..number + 1)));
            if len(&part) > max.0 {
                return Err(too_small(&part));
            }
        }
        parts.push(part);
        if parts.len() > usize::from(u16::MAX) {
            return Err(LayoutError::TooManyParts { count: parts.len(), max: u16::MAX.into() });
        }
        Ok(PartedLayout { whole: self, parts })
    }
}

impl<B: Copy> PartedLayout<B> {
    /// How many parts there are.
    pub fn count(&self) -> usize {
        self.parts.len()
    }

    /// The length of a part in bytes; the first has number 0.
    pub fn len(&self, part: usize) -> ByteCount {
        ByteCount(self.parts[part].tables_end() + self.whole.xml.len() as u64)
    }

    /// The digests that [`Self::encode_late`] wants; see [`WimLayout::digests`].
    pub fn digests(&self, of: impl FnMut(B, ByteOffset, ByteCount) -> Sha1) -> Vec<Sha1> {
        self.whole.digests(of)
    }

    /// The bytes of the late pieces of each part, once the digest of each blob is known.
    ///
    /// # Panics
    ///
    /// If there is not one digest for each blob.
    pub fn encode_late(&self, digests: &[Sha1]) -> Vec<Late> {
        let plan = &self.whole.plan;
        assert_eq!(digests.len(), plan.blobs.len(), "one digest for each blob");
        late::encode_parts(plan, &self.parts, digests, self.whole.xml.len() as u64)
    }

    /// The list of a part's extents, in which the late pieces are blobs that `late` names.
    pub fn image(&self, part: usize, mut late: impl FnMut(LatePart) -> B) -> Image<B> {
        let (plan, part) = (&self.whole.plan, &self.parts[part]);
        let late = |part| Source::Blob { blob: late(part), offset: ByteOffset::ZERO };
        part_image(plan, part, &self.whole.xml, late)
    }
}

pub(super) fn part_image<B: Copy>(
    plan: &Plan<B>,
    part: &PartPlan,
    xml: &Arc<[u8]>,
    mut late: impl FnMut(LatePart) -> Source<B>,
) -> Image<B> {
    let mut extents = Extents::default();
    extents.push(ByteOffset::ZERO, ByteCount(HEADER_SIZE as u64), late(LatePart::Header));
    for blob in &plan.blobs[part.blobs.clone()] {
        let source = match &blob.data {
            FileData::Bytes(bytes) => Source::Bytes(bytes.clone()),
            FileData::Blob { blob, offset, .. } => Source::Blob { blob: *blob, offset: *offset },
        };
        extents.push(ByteOffset(part.start(blob.start)), blob.data.len(), source);
    }
    let (start, end) = (part.tables_start(), part.tables_end());
    extents.push(ByteOffset(start), ByteCount(end - start), late(LatePart::Tables));
    extents.push(ByteOffset(end), ByteCount(xml.len() as u64), Source::Bytes(xml.clone()));
    Image::new(extents.extents).expect("because every position lies behind the one before it")
}
