//! The bytes that hold digests: header, metadata and blob table.

use std::collections::HashMap;

use image::{NodeId, NodeKind};

use super::parted::PartPlan;
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

/// The late pieces of each part; a WIM of one file is one part.
pub(super) fn encode_parts<B>(
    plan: &Plan<B>,
    parts: &[PartPlan],
    digests: &[Sha1],
    xml_len: u64,
) -> Vec<Late> {
    let entries = blob_entries(plan, parts, digests);
    let late = |(number, part): (usize, &PartPlan)| {
        let of_part = Numbered { part, number: number as u16 + 1, count: parts.len() as u16 };
        encode(plan, &of_part, &entries[number], digests, xml_len)
    };
    parts.iter().enumerate().map(late).collect()
}

/// A part and which one it is.
struct Numbered<'a> {
    part: &'a PartPlan,
    number: u16,
    count: u16,
}

fn encode<B>(
    plan: &Plan<B>,
    of_part: &Numbered<'_>,
    blobs: &[BlobEntry],
    digests: &[Sha1],
    xml_len: u64,
) -> Late {
    let part = of_part.part;
    let start = part.tables_start();
    let mut tables = Vec::with_capacity((part.tables_end() - start) as usize);
    let mut metadata = Vec::with_capacity(part.metadata.len());
    for (image, &image_start) in plan.images.iter().zip(&part.metadata) {
        tables.resize((image_start - start) as usize, 0);
        encode_metadata(image, digests, &mut tables);
        let bytes = &tables[(image_start - start) as usize..];
        assert_eq!(bytes.len() as u64, image.len, "metadata is as long as was planned");
        metadata.push(BlobEntry {
            resource: uncompressed(image_start, image.len, resource_flags::METADATA),
            part: of_part.number,
            references: 1,
            sha1: Sha1::of(bytes),
        });
    }
    let table_start = tables.len();
    for entry in blobs.iter().chain(&metadata) {
        tables.extend_from_slice(&entry.to_bytes());
    }
    let table_len = (tables.len() - table_start) as u64;
    // Entries that equal blobs save leave zeros.
    tables.resize((part.tables_end() - start) as usize, 0);
    let header = header(plan, of_part, &metadata, table_len, xml_len).to_bytes();
    Late { header, tables }
}

const _: () = assert!(HEADER_SIZE == 208, "the array of `Late` is as long as a header");

fn uncompressed(offset: u64, len: u64, flags: u8) -> ResourceHeader {
    ResourceHeader { stored: len, flags, offset, original: len }
}

fn header<B>(
    plan: &Plan<B>,
    of_part: &Numbered<'_>,
    metadata: &[BlobEntry],
    table_len: u64,
    xml_len: u64,
) -> Header {
    let boot_index = plan.options.boot_index;
    let boot = boot_index.checked_sub(1).and_then(|index| metadata.get(index as usize));
    Header {
        version: VERSION_DEFAULT,
        flags: HeaderFlags(if of_part.count > 1 { HeaderFlags::SPANNED } else { 0 }),
        chunk_size: 0,
        guid: plan.options.guid,
        part: of_part.number,
        parts: of_part.count,
        image_count: plan.images.len() as u32,
        blob_table: uncompressed(of_part.part.table, table_len, resource_flags::METADATA),
        xml: uncompressed(of_part.part.tables_end(), xml_len, resource_flags::METADATA),
        boot_metadata: boot.map(|entry| entry.resource).unwrap_or_default(),
        boot_index,
        integrity: ResourceHeader::default(),
    }
}

/// The entries of the blobs of each part. No two have the same digest: readers would drop all but
/// the first.
fn blob_entries<B>(plan: &Plan<B>, parts: &[PartPlan], digests: &[Sha1]) -> Vec<Vec<BlobEntry>> {
    let mut entries: Vec<Vec<BlobEntry>> = parts.iter().map(|_| Vec::new()).collect();
    let mut known: HashMap<Sha1, (usize, usize)> = HashMap::with_capacity(digests.len());
    for (number, part) in parts.iter().enumerate() {
        for (blob, &sha1) in plan.blobs[part.blobs.clone()].iter().zip(&digests[part.blobs.clone()])
        {
            let (of_part, index) = *known.entry(sha1).or_insert((number, entries[number].len()));
            if let Some(entry) = entries[of_part].get_mut(index) {
                entry.references = entry.references.saturating_add(blob.references);
                continue;
            }
            entries[number].push(BlobEntry {
                resource: uncompressed(part.start(blob.start), blob.data.len().0, 0),
                part: number as u16 + 1,
                references: blob.references,
                sha1,
            });
        }
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
