//! The blob table: which bytes the file holds, where, and how often they are used.

use super::limits::MAX_BLOBS;
use super::resource::check_uncompressed;
use super::{ReadAt, ReadError};
use super::{check_inside, read_exact};
use crate::format::{BLOB_ENTRY_SIZE, BlobEntry, Header, Sha1, VERSION_SOLID};

/// How many entries are read at once: 50,000 bytes, so that the calls do not count.
const ENTRIES_AT_ONCE: u64 = 1000;

/// What the blob table says in sum.
///
/// A blob is the bytes of one or more equal files. Sums that do not fit 64 bits are the largest
/// number there is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Statistics {
    /// The blobs of files.
    pub blobs: u64,
    /// How many names of files in all images lead to one of them.
    pub references: u64,
    /// The bytes of all blobs, decompressed.
    pub blob_bytes: u64,
    /// The bytes that the files would take if each name had its own.
    pub referenced_bytes: u64,
    /// The bytes that the blobs take in this file, compressed as they are.
    pub stored_bytes: u64,
    /// The bytes that the largest resource of a blob takes in this file.
    pub largest_stored_bytes: u64,
    /// The solid resources, each with many blobs compressed as one.
    pub solid_resources: u64,
    /// The metadata resources: one an image.
    pub metadata_resources: u64,
    /// The bytes that the metadata resources take in this file.
    pub metadata_stored_bytes: u64,
}

impl Statistics {
    /// Whether blobs are compressed together; such a WIM cannot be split.
    pub fn is_solid(&self) -> bool {
        self.solid_resources > 0
    }

    /// The bytes that are saved because equal files are stored once.
    pub fn shared_bytes(&self) -> u64 {
        self.referenced_bytes.saturating_sub(self.blob_bytes)
    }

    pub(super) fn add(&mut self, entry: &BlobEntry) {
        let resource = &entry.resource;
        if entry.is_solid_resource() {
            self.solid_resources += 1;
            self.add_stored(resource.stored);
        } else if resource.is_metadata() {
            self.metadata_resources += 1;
            self.metadata_stored_bytes = self.metadata_stored_bytes.saturating_add(resource.stored);
        } else {
            let len = blob_len(entry);
            let references = u64::from(entry.references);
            self.blobs += 1;
            self.references = self.references.saturating_add(references);
            self.blob_bytes = self.blob_bytes.saturating_add(len);
            self.referenced_bytes =
                self.referenced_bytes.saturating_add(len.saturating_mul(references));
            if !resource.is_solid() {
                self.add_stored(resource.stored);
            }
        }
    }

    fn add_stored(&mut self, bytes: u64) {
        self.stored_bytes = self.stored_bytes.saturating_add(bytes);
        self.largest_stored_bytes = self.largest_stored_bytes.max(bytes);
    }
}

/// A blob and where its bytes lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Blob {
    /// The digest of its bytes.
    pub sha1: Sha1,
    /// How many bytes it has, decompressed.
    pub len: u64,
    /// How many names of files in all images lead to them.
    pub references: u32,
    /// Where they lie.
    pub place: BlobPlace,
}

/// Where the bytes of a blob lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BlobPlace {
    /// As they are, from `offset` on, counted from the start of the file.
    Plain {
        /// Where they start.
        offset: u64,
    },
    /// Compressed by themselves.
    Compressed {
        /// Where the resource starts, counted from the start of the file.
        offset: u64,
        /// How many bytes it takes.
        stored: u64,
    },
    /// Compressed together with others, in one of the solid resources.
    Solid,
}

/// The blobs of a WIM by their digests.
///
/// Takes 56 bytes a blob.
#[derive(Clone, Debug, Default)]
pub struct BlobIndex(Vec<Blob>);

impl BlobIndex {
    /// The blob with this digest; of several the first.
    pub fn get(&self, sha1: Sha1) -> Option<&Blob> {
        let index = self.0.partition_point(|blob| blob.sha1 < sha1);
        self.0.get(index).filter(|blob| blob.sha1 == sha1)
    }

    /// All blobs in the order of their digests.
    pub fn blobs(&self) -> &[Blob] {
        &self.0
    }

    pub(super) fn new(
        blobs: impl FnOnce(&mut Vec<Blob>) -> Result<(), ReadError>,
    ) -> Result<Self, ReadError> {
        let mut found = Vec::new();
        blobs(&mut found)?;
        found.sort_by_key(|blob| blob.sha1);
        Ok(Self(found))
    }
}

/// The decompressed length of a blob; in a solid resource it stands where others state what they
/// take in the file.
pub(crate) fn blob_len(entry: &BlobEntry) -> u64 {
    if entry.resource.is_solid() { entry.resource.stored } else { entry.resource.original }
}

pub(super) fn to_blob(entry: &BlobEntry) -> Blob {
    let resource = &entry.resource;
    let place = if resource.is_solid() {
        BlobPlace::Solid
    } else if resource.is_compressed() {
        BlobPlace::Compressed { offset: resource.offset, stored: resource.stored }
    } else {
        BlobPlace::Plain { offset: resource.offset }
    };
    Blob { sha1: entry.sha1, len: blob_len(entry), references: entry.references, place }
}

/// Gives every entry that counts to `visit`, in the order of the table; each lies in the file.
///
/// What libwim passes over is passed over here too: entries of other parts, entries without
/// digest, and metadata that no image refers to, which Windows has left in some boot images.
pub(super) fn visit_entries(
    source: &dyn ReadAt,
    header: &Header,
    visit: &mut dyn FnMut(&BlobEntry),
) -> Result<(), ReadError> {
    const TABLE: &str = "the blob table";
    let table = &header.blob_table;
    check_inside(source, TABLE, table.offset, table.stored)?;
    if table.is_compressed() {
        let reason = "it is compressed, which no known program does".to_owned();
        return Err(ReadError::Unsupported { structure: TABLE, offset: table.offset, reason });
    }
    check_uncompressed(TABLE, table, table.offset)?;
    let size = BLOB_ENTRY_SIZE as u64;
    if !table.stored.is_multiple_of(size) {
        let reason = format!("its {} bytes are no multiple of {size}", table.stored);
        return Err(ReadError::malformed(TABLE, table.offset, reason));
    }
    let count = table.stored / size;
    if count > MAX_BLOBS {
        let (limit, what) = (MAX_BLOBS, "entries");
        return Err(ReadError::Limit { structure: TABLE, offset: table.offset, limit, what });
    }
    let mut buffer = Vec::new();
    for first in (0..count).step_by(ENTRIES_AT_ONCE as usize) {
        let offset = table.offset + first * size;
        buffer.resize((ENTRIES_AT_ONCE.min(count - first) * size) as usize, 0);
        read_exact(source, TABLE, offset, &mut buffer)?;
        let (entries, _) = buffer.as_chunks::<BLOB_ENTRY_SIZE>();
        for (at, entry) in (offset..).step_by(BLOB_ENTRY_SIZE).zip(entries) {
            let entry = understood(BlobEntry::from_bytes(entry), header);
            if counts(&entry, header) {
                check_entry(source, &entry, at)?;
                visit(&entry);
            }
        }
    }
    Ok(())
}

/// The entry as the version of the file has it: only one version knows solid resources.
fn understood(mut entry: BlobEntry, header: &Header) -> BlobEntry {
    if header.version != VERSION_SOLID {
        entry.resource.flags &= !crate::format::resource_flags::SOLID;
    }
    entry
}

fn counts(entry: &BlobEntry, header: &Header) -> bool {
    if entry.is_solid_resource() {
        return true;
    }
    let used = entry.references > 0 || !entry.resource.is_metadata();
    entry.part == header.part && entry.sha1 != Sha1::ZERO && used && blob_len(entry) > 0
}

/// Fails unless the resource of an entry lies in the file; `at` is where the entry stands.
fn check_entry(source: &dyn ReadAt, entry: &BlobEntry, at: u64) -> Result<(), ReadError> {
    let resource = &entry.resource;
    if resource.is_solid() && !entry.is_solid_resource() {
        return Ok(());
    }
    let structure = if entry.is_solid_resource() {
        "the solid resource"
    } else if resource.is_metadata() {
        "the metadata resource"
    } else {
        "the resource"
    };
    check_inside(source, structure, resource.offset, resource.stored)?;
    if !resource.is_compressed() && !resource.is_solid() {
        check_uncompressed("the blob table's entry", resource, at)?;
    }
    Ok(())
}
