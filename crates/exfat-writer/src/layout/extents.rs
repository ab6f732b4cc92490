//! Positions → the extents of a volume.

use std::fmt::Debug;
use std::sync::Arc;

use image::{ByteCount, ByteOffset, Encode, Extent, FileData, Image, NodeKind, Source, ValidTree};

use super::{Plan, len_of};
use crate::encode::{
    BitmapPart, MetadataEncoder, Part, boot_regions, directory_len, fat, upcase_table,
};
use crate::format::SECTOR;
use crate::format::fat::FIRST_CLUSTER;

/// Lists the extents of a laid out tree.
pub(super) fn image<B>(tree: Arc<ValidTree<B>>, plan: Arc<Plan>) -> Image<B>
where
    B: Copy + Debug + Send + Sync + 'static,
{
    let encoder = Arc::new(MetadataEncoder { tree: tree.clone(), plan: plan.clone() });
    let mut extents = Extents { extents: Vec::new(), end: ByteOffset::ZERO, encoder };
    extents.bytes(0, boot_regions(&plan).into());
    extents.bytes(u64::from(plan.geometry.fat_start()) * SECTOR, fat(&plan).into());
    extents.metadata(&plan);
    extents.data(&tree, &plan);
    extents.zeros_up_to(ByteOffset::ZERO + plan.len());
    Image::new(extents.extents).expect("because every position lies behind the one before it")
}

/// Extents so far; what lies between two of them is zeros.
struct Extents<B> {
    extents: Vec<Extent<B>>,
    end: ByteOffset,
    encoder: Arc<dyn Encode>,
}

impl<B: Copy> Extents<B> {
    fn push(&mut self, start: u64, len: ByteCount, source: Source<B>) {
        if len == ByteCount::ZERO {
            return;
        }
        let start = ByteOffset(start);
        self.zeros_up_to(start);
        self.extents.push(Extent { start, len, source });
        self.end = start + len;
    }

    fn zeros_up_to(&mut self, end: ByteOffset) {
        if end > self.end {
            let (start, len) = (self.end, end - self.end);
            self.extents.push(Extent { start, len, source: Source::Zeros });
            self.end = end;
        }
    }

    fn bytes(&mut self, start: u64, bytes: Arc<[u8]>) {
        self.push(start, ByteCount(bytes.len() as u64), Source::Bytes(bytes));
    }

    fn encoded(&mut self, part: Part, start: u64, len: u64) {
        let source = Source::Encoded { encoder: self.encoder.clone(), part: part.number() };
        self.push(start, ByteCount(len), source);
    }

    fn metadata(&mut self, plan: &Plan) {
        let bitmap = plan.geometry.cluster_start(FIRST_CLUSTER);
        for part in BitmapPart::all(plan) {
            self.encoded(Part::Bitmap(part), bitmap + part.offset(), part.len(plan));
        }
        self.bytes(plan.geometry.cluster_start(plan.upcase_table), upcase_table());
        for (number, &directory) in (0..).zip(&plan.directories) {
            let start = plan.offset(directory).0;
            self.encoded(Part::Directory(number), start, directory_len(plan, number as usize));
        }
    }

    fn data(&mut self, tree: &ValidTree<B>, plan: &Plan) {
        for &file in &plan.files {
            let NodeKind::File { data, .. } = &tree.node(file).kind else { continue };
            let source = match data {
                FileData::Bytes(bytes) => Source::Bytes(bytes.clone()),
                FileData::Blob { blob, offset, .. } => {
                    Source::Blob { blob: *blob, offset: *offset }
                }
            };
            self.push(plan.offset(file).0, len_of(tree, file), source);
        }
    }
}
