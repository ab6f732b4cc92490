//! The descriptors that are encoded at once: there are few of them.

use image::{NodeId, ValidTree};

use crate::boot;
use crate::format::Block;
use crate::format::ecma119::{
    DirectoryRecord, FLAG_DIRECTORY, Namespace, SELF, SYSTEM_AREA_BLOCKS, VolumeDescriptor,
    terminator,
};
use crate::format::el_torito::{BOOT_RECORD_BLOCK, boot_record};
use crate::format::udf::{self, Volume};
use crate::layout::{PathTables, Plan};

/// Encoded bytes and the block at which they lie.
pub(crate) struct DescriptorExtent {
    pub(crate) block: u64,
    pub(crate) bytes: Vec<u8>,
}

/// All descriptors before the directories, in the order of the image.
pub(crate) fn descriptors<B>(tree: &ValidTree<B>, plan: &Plan) -> Vec<DescriptorExtent> {
    let mut extents = Vec::new();
    if let Some(bytes) = boot::system_area(tree, plan) {
        extents.push(DescriptorExtent { block: 0, bytes });
    }
    let volumes = joined(&volume_descriptors(plan));
    extents.push(DescriptorExtent { block: SYSTEM_AREA_BLOCKS, bytes: volumes });
    if plan.options.udf {
        let volume = udf_volume(plan);
        let mut add = |block, blocks: &[Block]| {
            extents.push(DescriptorExtent { block, bytes: joined(blocks) });
        };
        add(udf::MAIN_SEQUENCE, &volume.descriptor_sequence(udf::MAIN_SEQUENCE));
        add(udf::RESERVE_SEQUENCE, &volume.descriptor_sequence(udf::RESERVE_SEQUENCE));
        add(udf::INTEGRITY_SEQUENCE, &volume.integrity_sequence());
        add(udf::ANCHOR, &[udf::anchor(udf::ANCHOR)]);
        add(udf::PARTITION, &volume.file_set_sequence());
    }
    if let (Some(block), Some(bytes)) = (plan.boot_catalog, boot::boot_catalog(tree, plan)) {
        extents.push(DescriptorExtent { block: block.into(), bytes });
    }
    extents
}

fn joined(blocks: &[Block]) -> Vec<u8> {
    blocks.iter().flat_map(Block::bytes).copied().collect()
}

/// The blocks from the primary volume descriptor to the end of the recognition sequence.
fn volume_descriptors(plan: &Plan) -> Vec<Block> {
    let mut blocks = vec![volume_descriptor(plan, Namespace::Primary, plan.path_tables)];
    if let Some(catalog) = plan.boot_catalog {
        debug_assert_eq!(SYSTEM_AREA_BLOCKS + blocks.len() as u64, BOOT_RECORD_BLOCK);
        blocks.push(boot_record(catalog));
    }
    if let Some(tables) = plan.joliet_path_tables {
        blocks.push(volume_descriptor(plan, Namespace::Joliet, tables));
    }
    blocks.push(terminator());
    if plan.options.udf {
        blocks.extend(Volume::recognition_sequence());
    }
    blocks
}

fn volume_descriptor(plan: &Plan, namespace: Namespace, tables: PathTables) -> Block {
    let root = plan.records_of(NodeId::ROOT, namespace);
    let options = &plan.options;
    VolumeDescriptor {
        namespace,
        volume: &options.volume_label,
        publisher: &options.publisher,
        data_preparer: &options.data_preparer,
        application: &options.application,
        blocks: plan.blocks as u32,
        path_table_len: tables.len,
        path_table_l: tables.l,
        path_table_m: tables.m,
        root: DirectoryRecord {
            extent: root.first,
            data_len: root.len(),
            flags: FLAG_DIRECTORY,
            identifier: SELF,
            system_use: &[],
        },
        created: plan.created,
    }
    .encode()
}

fn udf_volume(plan: &Plan) -> Volume<'_> {
    let end = plan.last_anchor.unwrap_or(plan.blocks);
    Volume {
        label: &plan.options.volume_label,
        serial: plan.options.serial,
        created: plan.created,
        partition_blocks: (end - udf::PARTITION) as u32,
        root: plan.in_partition(plan.udf_entry(NodeId::ROOT, true)),
        files: plan.files.len() as u32,
        directories: plan.directories.len() as u32,
        next_unique_id: udf::FIRST_UNIQUE_ID + plan.numbers.len() as u64 - 1,
    }
}
