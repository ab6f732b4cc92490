//! The bytes that hold digests: header, metadata and blob table.

use std::collections::HashMap;

use image::{NodeId, NodeKind};

use super::plan::{END_SIZE, ImagePlan, Plan, SECURITY_SIZE, dentry_len};
use crate::format::{
    BlobEntry, DENTRY_ALIGNMENT, Dentry, HEADER_SIZE, Header, HeaderFlags, ResourceHeader, Sha1,
    VERSION_DEFAULT, name_bytes, resource_flags,
};

/// The bytes of the parts that hold digests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Late {
    /// The header.
    pub header: [u8; 208],
    /// The metadata of all images and the blob table, with the zeros between them.
    pub tables: Vec<u8>,
}

pub(super) fn encode<B>(plan: &Plan<B>, digests: &[Sha1], xml_len: u64) -> Late {
    let start = plan.tables_start();
    let mut tables = Vec::with_capacity((plan.tables_end() - start) as usize);
    let mut metadata = Vec::with_capacity(plan.images.len());
    for image in &plan.images {
        tables.resize((image.start - start) as usize, 0);
        encode_metadata(image, digests, &mut tables);
        let bytes = &tables[(image.start - start) as usize..];
        assert_eq!(bytes.len() as u64, image.len, "metadata is as long as was planned");
        metadata.push(BlobEntry {
            resource: uncompressed(image.start, image.len, resource_flags::METADATA),
            part: 1,
            references: 1,
            sha1: Sha1::of(bytes),
        });
    }
    let table_start = tables.len();
    for entry in blob_entries(plan, digests).iter().chain(&metadata) {
        tables.extend_from_slice(&entry.to_bytes());
    }
    let table_len = (tables.len() - table_start) as u64;
    // Entries that equal blobs save leave zeros.
    tables.resize((plan.tables_end() - start) as usize, 0);
    let header = header(plan, &metadata, table_len, xml_len).to_bytes();
    Late { header, tables }
}

const _: () = assert!(HEADER_SIZE == 208, "the array of `Late` is as long as a header");

fn uncompressed(offset: u64, len: u64, flags: u8) -> ResourceHeader {
    ResourceHeader { stored: len, flags, offset, original: len }
}

fn header<B>(plan: &Plan<B>, metadata: &[BlobEntry], table_len: u64, xml_len: u64) -> Header {
    let boot_index = plan.options.boot_index;
    let boot = boot_index.checked_sub(1).map(|index| metadata[index as usize].resource);
    Header {
        version: VERSION_DEFAULT,
        flags: HeaderFlags(0),
        chunk_size: 0,
        guid: plan.options.guid,
        part: 1,
        parts: 1,
        image_count: plan.images.len() as u32,
        blob_table: uncompressed(plan.blob_table, table_len, resource_flags::METADATA),
        xml: uncompressed(plan.tables_end(), xml_len, resource_flags::METADATA),
        boot_metadata: boot.unwrap_or_default(),
        boot_index,
        integrity: ResourceHeader::default(),
    }
}

/// The entries of the blobs. No two have the same digest: readers would drop all but the first.
fn blob_entries<B>(plan: &Plan<B>, digests: &[Sha1]) -> Vec<BlobEntry> {
    let mut entries: Vec<BlobEntry> = Vec::with_capacity(digests.len());
    let mut known: HashMap<Sha1, usize> = HashMap::with_capacity(digests.len());
    for (blob, &sha1) in plan.blobs.iter().zip(digests) {
        let index = *known.entry(sha1).or_insert(entries.len());
        if let Some(entry) = entries.get_mut(index) {
            entry.references = entry.references.saturating_add(blob.references);
            continue;
        }
        entries.push(BlobEntry {
            resource: uncompressed(blob.start.0, blob.data.len().0, 0),
            part: 1,
            references: blob.references,
            sha1,
        });
    }
    entries
}

/// Appends the metadata of an image: security data without descriptors, the root, and the entries
/// of every directory in the order of the tree.
fn encode_metadata<B>(image: &ImagePlan<B>, digests: &[Sha1], out: &mut Vec<u8>) {
    out.extend_from_slice(&(SECURITY_SIZE as u32).to_le_bytes());
    out.extend_from_slice(&0u32.to_le_bytes());
    encode_dentry(image, NodeId::ROOT, digests, out);
    end_directory(out);
    for (id, _) in image.image.tree.nodes().filter(|(id, _)| image.children[id.index()] != 0) {
        for child in image.sorted_children(id) {
            encode_dentry(image, child, digests, out);
        }
        end_directory(out);
    }
}

fn end_directory(out: &mut Vec<u8>) {
    out.extend_from_slice(&[0; END_SIZE as usize]);
}

fn encode_dentry<B>(image: &ImagePlan<B>, id: NodeId, digests: &[Sha1], out: &mut Vec<u8>) {
    let node = image.image.tree.node(id);
    let facts = image.image.facts.of(id);
    let len = dentry_len(&node.name);
    let name_start = out.len();
    let dentry = Dentry {
        len,
        attributes: facts.attributes(matches!(node.kind, NodeKind::Directory(_))),
        security_id: -1,
        children: image.children[id.index()],
        created: facts.created,
        accessed: facts.accessed,
        written: facts.written,
        sha1: image.blob(id).map_or(Sha1::ZERO, |blob| digests[blob]),
        link: 0,
        streams: 0,
        short_name_len: 0,
        name_len: (node.name.encode_utf16().count() * 2) as u16,
    };
    out.extend_from_slice(&dentry.to_bytes());
    out.extend(name_bytes(&node.name));
    // The zero behind a name, and what fills up to the next entry.
    out.resize(name_start + len as usize, 0);
    debug_assert_eq!(len as usize % DENTRY_ALIGNMENT, 0);
}
