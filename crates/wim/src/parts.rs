//! Where everything of the parts of a split WIM lies, before a byte of it is copied.
//!
//! A WIM that is one file becomes `install.swm`, `install2.swm` and so on, each no longer than
//! asked: what one resource holds is never divided. Header, blob table and XML data of the parts
//! are made here; the rest are a few runs of the WIM, each at a place that agrees with its own
//! modulo 4096, so that a file system can share their blocks.

use std::sync::Arc;

use crate::format::{
    BLOB_ENTRY_SIZE, BlobEntry, HEADER_SIZE, Header, HeaderFlags, ResourceHeader, resource_flags,
};
use crate::read::limits::MAX_XML_BYTES;
use crate::read::{ReadAt, ReadError, WimReader};

/// Runs start at places that agree with their own modulo this.
pub(crate) const ALIGNMENT: u64 = 4096;

/// A part as it will be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedPart {
    /// What it consists of, in order and without gaps.
    pub pieces: Vec<PartPiece>,
    /// Its length in bytes.
    pub len: u64,
}

/// Some bytes of a part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PartPiece {
    /// These.
    Bytes(Arc<[u8]>),
    /// A run of the WIM.
    Source {
        /// Where it starts there.
        offset: u64,
        /// How many bytes it has.
        len: u64,
    },
    /// So many zeros.
    Zeros(u64),
}

/// Why a WIM cannot be split.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PartError {
    /// It cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// Its blobs are compressed together.
    #[error("the WIM is solid: its files are compressed together and cannot be divided")]
    Solid,
    /// It is a part itself.
    #[error("it is part {part} of {parts} of a split WIM already")]
    Split {
        /// Which part.
        part: u16,
        /// Of how many.
        parts: u16,
    },
    /// What cannot be divided is longer than a part may be.
    #[error("a resource of {len} bytes takes a part of {needed} bytes, but {max} are the most")]
    TooSmall {
        /// The length of the resource in bytes.
        len: u64,
        /// How long a part with it would be.
        needed: u64,
        /// How long one may be.
        max: u64,
    },
    /// There would be more parts than a header can count.
    #[error("there would be more than {} parts", u16::MAX)]
    TooMany,
}

/// Plans the parts of a WIM, each of at most `max` bytes.
///
/// The metadata of all images lies in the first part. An integrity table is left out, since it is
/// one of the whole file. Reads header, blob table and XML data; holds some 60 bytes a blob.
///
/// # Errors
///
/// As [`PartError`] says; nothing is written here, so nothing has to be undone.
pub fn plan_parts(source: &dyn ReadAt, max: u64) -> Result<Vec<PlannedPart>, PartError> {
    let wim = WimReader::open(source)?;
    let header = wim.header().clone();
    if header.parts > 1 {
        return Err(PartError::Split { part: header.part, parts: header.parts });
    }
    let (metadata, mut blobs) = entries(&wim)?;
    blobs.sort_by_key(|entry| entry.resource.offset);
    let xml = xml_bytes(source, &header)?;
    let mut drafts = vec![Draft::new(xml.len() as u64, max)];
    for entry in metadata {
        // Images count in the order of the table, wherever their metadata lies.
        if !drafts[0].take(entry) {
            return Err(drafts[0].too_small(&entry));
        }
    }
    for entry in blobs {
        let fits = drafts.last_mut().is_some_and(|draft| draft.take(entry));
        if !fits {
            let mut next = Draft::new(xml.len() as u64, max);
            if !next.take(entry) {
                return Err(next.too_small(&entry));
            }
            drafts.push(next);
        }
    }
    let parts = u16::try_from(drafts.len()).map_err(|_| PartError::TooMany)?;
    let numbered = (1..=parts).zip(drafts);
    Ok(numbered.map(|(part, draft)| draft.finish(&header, part, parts, &xml)).collect())
}

/// The entries of metadata, in the order of their images, and those of blobs.
fn entries(wim: &WimReader<'_>) -> Result<(Vec<BlobEntry>, Vec<BlobEntry>), PartError> {
    let (mut metadata, mut blobs) = (Vec::new(), Vec::new());
    let mut is_solid = false;
    wim.visit_entries(&mut |entry| {
        is_solid |= entry.resource.is_solid();
        if entry.resource.is_metadata() {
            metadata.push(*entry);
        } else {
            blobs.push(*entry);
        }
    })?;
    if is_solid {
        return Err(PartError::Solid);
    }
    Ok((metadata, blobs))
}

/// The XML data as it stands in the file; every part has it.
fn xml_bytes(source: &dyn ReadAt, header: &Header) -> Result<Arc<[u8]>, ReadError> {
    let structure = "the XML data";
    let ResourceHeader { offset, stored, .. } = header.xml;
    if header.xml.is_compressed() || stored > MAX_XML_BYTES {
        let reason = "it is compressed, or longer than XML data ever is".to_owned();
        return Err(ReadError::Unsupported { structure, offset, reason });
    }
    let mut bytes = vec![0; stored as usize];
    crate::read::read_exact(source, structure, offset, &mut bytes)?;
    Ok(bytes.into())
}

/// A part that is being filled.
struct Draft {
    max: u64,
    xml_len: u64,
    runs: Vec<Run>,
    /// With the offsets that resources have in the part.
    entries: Vec<BlobEntry>,
    /// Where the resource of each entry lies in the WIM.
    sources: Vec<u64>,
    /// Where the last run ends in the part.
    end: u64,
}

/// A run of the WIM, and where it lies in the part.
#[derive(Clone, Copy)]
struct Run {
    start: u64,
    offset: u64,
    len: u64,
}

impl Draft {
    fn new(xml_len: u64, max: u64) -> Self {
        let (runs, entries, sources) = (Vec::new(), Vec::new(), Vec::new());
        Self { max, xml_len, runs, entries, sources, end: HEADER_SIZE as u64 }
    }

    /// Takes a resource, unless the part would become longer than it may be.
    fn take(&mut self, entry: BlobEntry) -> bool {
        let (run, is_new) = self.run_with(&entry);
        let end = run.start + run.len;
        if self.len_with(end) > self.max {
            return false;
        }
        if is_new {
            self.runs.push(run);
        } else if let Some(last) = self.runs.last_mut() {
            *last = run;
        }
        let offset = run.start + (entry.resource.offset - run.offset);
        self.sources.push(entry.resource.offset);
        self.entries
            .push(BlobEntry { resource: ResourceHeader { offset, ..entry.resource }, ..entry });
        self.end = self.end.max(end);
        true
    }

    /// The run that would hold a resource, and whether it is another than the last one. What lies
    /// close behind the last run lengthens it, with what is between them.
    fn run_with(&self, entry: &BlobEntry) -> (Run, bool) {
        let ResourceHeader { offset, stored, .. } = entry.resource;
        if let Some(last) = self.runs.last() {
            let gap = offset.checked_sub(last.offset + last.len);
            if gap.is_some_and(|gap| gap < ALIGNMENT) {
                return (Run { len: offset + stored - last.offset, ..*last }, false);
            }
        }
        let ahead = (offset % ALIGNMENT + ALIGNMENT - self.end % ALIGNMENT) % ALIGNMENT;
        (Run { start: self.end + ahead, offset, len: stored }, true)
    }

    /// How long the part would be with one more entry and its runs ending here.
    fn len_with(&self, end: u64) -> u64 {
        let entries = (self.entries.len() as u64 + 1) * BLOB_ENTRY_SIZE as u64;
        end.max(self.end) + entries + self.xml_len
    }

    fn too_small(&self, entry: &BlobEntry) -> PartError {
        let (run, _) = self.run_with(entry);
        let needed = self.len_with(run.start + run.len);
        PartError::TooSmall { len: entry.resource.stored, needed, max: self.max }
    }

    fn finish(self, of_whole: &Header, part: u16, parts: u16, xml: &Arc<[u8]>) -> PlannedPart {
        let table_len = (self.entries.len() * BLOB_ENTRY_SIZE) as u64;
        let plain = |offset, len| ResourceHeader {
            stored: len,
            flags: resource_flags::METADATA,
            offset,
            original: len,
        };
        let boot = of_whole.boot_metadata.offset;
        let boot = self.sources.iter().position(|source| boot != 0 && *source == boot);
        let header = Header {
            flags: HeaderFlags(of_whole.flags.0 | HeaderFlags::SPANNED),
            part,
            parts,
            blob_table: plain(self.end, table_len),
            xml: plain(self.end + table_len, self.xml_len),
            boot_metadata: boot.map(|at| self.entries[at].resource).unwrap_or_default(),
            integrity: ResourceHeader::default(),
            ..of_whole.clone()
        };
        let mut pieces = vec![PartPiece::Bytes(header.to_bytes().as_slice().into())];
        let mut at = HEADER_SIZE as u64;
        for run in self.runs {
            if run.start > at {
                pieces.push(PartPiece::Zeros(run.start - at));
            }
            pieces.push(PartPiece::Source { offset: run.offset, len: run.len });
            at = run.start + run.len;
        }
        let entries = self.entries.iter().map(|entry| BlobEntry { part, ..*entry });
        let table: Vec<u8> = entries.flat_map(|entry| entry.to_bytes()).collect();
        pieces.push(PartPiece::Bytes(table.into()));
        pieces.push(PartPiece::Bytes(Arc::clone(xml)));
        PlannedPart { pieces, len: at + table_len + self.xml_len }
    }
}
