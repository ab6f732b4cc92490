//! Positions → the extents of an image.

use std::fmt::Debug;
use std::sync::Arc;

use image::{ByteCount, ByteOffset, Encode, Extent, FileData, Image, NodeKind, Source, ValidTree};

use super::{Plan, len_of};
use crate::boot;
use crate::encode::{FILE_ENTRIES_PER_PART, MetadataEncoder, Part, descriptors};
use crate::format::ecma119::{ByteOrder, Namespace};
use crate::format::{BLOCK, udf};

/// Lists the extents of a laid out tree.
pub(super) fn image<B>(tree: Arc<ValidTree<B>>, plan: Arc<Plan>) -> Image<B>
where
    B: Copy + Debug + Send + Sync + 'static,
{
    let encoder = Arc::new(MetadataEncoder { tree: tree.clone(), plan: plan.clone() });
    let mut extents = Extents { extents: Vec::new(), end: ByteOffset::ZERO, encoder };
    for descriptor in descriptors(&tree, &plan) {
        extents.bytes(descriptor.block * BLOCK, descriptor.bytes.into());
    }
    extents.metadata(&plan);
    extents.data(&tree, &plan);
    if let Some(anchor) = plan.last_anchor {
        extents.bytes(anchor * BLOCK, udf::anchor(anchor).bytes().into());
    }
    let len = plan.len();
    if let Some(backup) = boot::backup_gpt(&tree, &plan) {
        extents.bytes(len.0 - backup.len() as u64, backup.into());
    }
    extents.zeros_up_to(ByteOffset::ZERO + len);
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

    fn encoded(&mut self, part: Part, first: u32, blocks: u64) {
        let source = Source::Encoded { encoder: self.encoder.clone(), part: part.number() };
        self.push(u64::from(first) * BLOCK, ByteCount(blocks * BLOCK), source);
    }

    fn metadata(&mut self, plan: &Plan) {
        let tables = [
            (Namespace::Primary, Some(plan.path_tables)),
            (Namespace::Joliet, plan.joliet_path_tables),
        ];
        for (namespace, tables) in tables {
            let Some(tables) = tables else { continue };
            let blocks = u64::from(tables.len).div_ceil(BLOCK);
            self.encoded(Part::PathTable(namespace, ByteOrder::Little), tables.l, blocks);
            self.encoded(Part::PathTable(namespace, ByteOrder::Big), tables.m, blocks);
        }
        let joliet = plan.options.joliet.then_some(Namespace::Joliet);
        for namespace in std::iter::once(Namespace::Primary).chain(joliet) {
            for (number, directory) in (0..).zip(&plan.directories) {
                let place = plan.records_of(directory.node, namespace);
                let blocks = u64::from(place.blocks) + u64::from(place.continuation_blocks);
                self.encoded(Part::Directory(namespace, number), place.first, blocks);
            }
        }
        if plan.options.udf {
            self.udf_metadata(plan);
        }
    }

    fn udf_metadata(&mut self, plan: &Plan) {
        for (number, directory) in (0..).zip(&plan.directories) {
            let blocks = 1 + u64::from(directory.udf_len).div_ceil(BLOCK);
            self.encoded(Part::UdfDirectory(number), directory.udf, blocks);
        }
        for first in (0..plan.files.len()).step_by(FILE_ENTRIES_PER_PART) {
            let count = FILE_ENTRIES_PER_PART.min(plan.files.len() - first);
            let block = plan.file_entries + first as u32;
            self.encoded(Part::FileEntries(first as u32), block, count as u64);
        }
    }

    fn data(&mut self, tree: &ValidTree<B>, plan: &Plan) {
        for extent in &plan.data_extents {
            let NodeKind::File { data, .. } = &tree.node(extent.node).kind else { continue };
            let patched = plan.patched.iter().find(|(node, _)| *node == extent.node);
            let source = match (patched, data) {
                (Some((_, bytes)), _) => Source::Bytes(bytes.clone()),
                (None, FileData::Bytes(bytes)) => Source::Bytes(bytes.clone()),
                (None, FileData::Blob { blob, offset, .. }) => {
                    Source::Blob { blob: *blob, offset: *offset }
                }
            };
            self.push(extent.block * BLOCK, len_of(tree, extent.node), source);
        }
    }
}
