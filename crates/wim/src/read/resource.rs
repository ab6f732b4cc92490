//! Whole resources, decompressed.

use super::{ReadAt, ReadError};
use super::{check_inside, read_exact};
use crate::format::{Header, ResourceHeader};

/// Reads a resource that is held in memory as a whole, at most `limit` bytes of it.
pub(crate) fn read_resource(
    source: &dyn ReadAt,
    header: &Header,
    structure: &'static str,
    resource: &ResourceHeader,
    limit: u64,
) -> Result<Vec<u8>, ReadError> {
    let offset = resource.offset;
    check_inside(source, structure, offset, resource.stored)?;
    if resource.original > limit {
        return Err(ReadError::Limit { structure, offset, limit, what: "bytes" });
    }
    if resource.is_compressed() {
        return read_compressed(source, header, structure, resource);
    }
    check_uncompressed(structure, resource, offset)?;
    let mut bytes = vec![0; resource.original as usize];
    read_exact(source, structure, offset, &mut bytes)?;
    Ok(bytes)
}

/// Fails if a resource that is not compressed has two lengths.
pub(crate) fn check_uncompressed(
    structure: &'static str,
    resource: &ResourceHeader,
    place: u64,
) -> Result<(), ReadError> {
    if resource.stored != resource.original {
        let reason = format!(
            "it is not compressed, but takes {} bytes for {}",
            resource.stored, resource.original
        );
        return Err(ReadError::malformed(structure, place, reason));
    }
    Ok(())
}

#[cfg(not(feature = "libwim"))]
fn read_compressed(
    _: &dyn ReadAt,
    _: &Header,
    structure: &'static str,
    resource: &ResourceHeader,
) -> Result<Vec<u8>, ReadError> {
    Err(ReadError::Unsupported {
        structure,
        offset: resource.offset,
        reason: "it is compressed, and this build has no libwim to decompress it".to_owned(),
    })
}

#[cfg(feature = "libwim")]
fn read_compressed(
    source: &dyn ReadAt,
    header: &Header,
    structure: &'static str,
    resource: &ResourceHeader,
) -> Result<Vec<u8>, ReadError> {
    let (offset, chunk) = (resource.offset, header.chunk_size);
    let malformed = |reason: String| ReadError::malformed(structure, offset, reason);
    if !chunk.is_power_of_two() || !(4096..=super::limits::MAX_CHUNK_BYTES).contains(&chunk) {
        return Err(malformed(format!("it is compressed in chunks of {chunk} bytes")));
    }
    let algorithm = header
        .algorithm()
        .ok_or_else(|| malformed("the header names no algorithm of compression".to_owned()))?;
    let mut chunks = ChunkReader::new(source, structure, resource, chunk)?;
    let mut decompressor = crate::libwim::Decompressor::new(algorithm, chunk)
        .map_err(|code| malformed(format!("libwim takes no such compression ({code})")))?;
    let mut bytes = Vec::new();
    while let Some((stored, original)) = chunks.next()? {
        let start = bytes.len();
        // Memory grows with what has been decompressed, not with what the header promises.
        bytes.resize(start + original, 0);
        if stored.len() == original {
            bytes[start..].copy_from_slice(stored);
        } else if !decompressor.decompress(stored, &mut bytes[start..]) {
            return Err(malformed(format!("byte {start} on cannot be decompressed")));
        }
    }
    Ok(bytes)
}

/// The chunks of a compressed resource, in order.
///
/// A table of where each chunk but the first begins comes before them, in 4 bytes each, or 8 if
/// the resource has 4 GiB or more.
#[cfg(feature = "libwim")]
struct ChunkReader<'a> {
    source: &'a dyn ReadAt,
    structure: &'static str,
    /// Where the chunks begin in the file, and how long they are.
    data: u64,
    data_len: u64,
    /// Where each chunk starts, from `data` on.
    starts: Vec<u64>,
    original: u64,
    chunk: u64,
    next: usize,
    buffer: Vec<u8>,
}

#[cfg(feature = "libwim")]
impl<'a> ChunkReader<'a> {
    fn new(
        source: &'a dyn ReadAt,
        structure: &'static str,
        resource: &ResourceHeader,
        chunk: u32,
    ) -> Result<Self, ReadError> {
        let chunk = u64::from(chunk);
        let count = resource.original.div_ceil(chunk);
        // Below 4 GiB, which the limit of the caller is.
        let table_len = count.saturating_sub(1) * 4;
        let Some(data_len) = resource.stored.checked_sub(table_len) else {
            let reason = format!("{} bytes hold no table of {count} chunks", resource.stored);
            return Err(ReadError::malformed(structure, resource.offset, reason));
        };
        let mut table = vec![0; table_len as usize];
        read_exact(source, structure, resource.offset, &mut table)?;
        let (entries, _) = table.as_chunks::<4>();
        let starts = (count > 0).then_some(0).into_iter();
        let starts =
            starts.chain(entries.iter().map(|entry| u64::from(u32::from_le_bytes(*entry))));
        Ok(Self {
            source,
            structure,
            data: resource.offset + table_len,
            data_len,
            starts: starts.collect(),
            original: resource.original,
            chunk,
            next: 0,
            buffer: Vec::new(),
        })
    }

    /// The stored bytes of the next chunk and how many they become.
    fn next(&mut self) -> Result<Option<(&[u8], usize)>, ReadError> {
        let Some(&start) = self.starts.get(self.next) else { return Ok(None) };
        let end = self.starts.get(self.next + 1).copied().unwrap_or(self.data_len);
        let original = self.chunk.min(self.original - self.next as u64 * self.chunk);
        let stored = end.checked_sub(start).filter(|len| (1..=original).contains(len));
        let (Some(stored), true) = (stored, end <= self.data_len) else {
            let reason = format!("chunk {} has no sensible place", self.next);
            return Err(ReadError::malformed(self.structure, self.data, reason));
        };
        self.buffer.resize(stored as usize, 0);
        read_exact(self.source, self.structure, self.data + start, &mut self.buffer)?;
        self.next += 1;
        Ok(Some((&self.buffer, original as usize)))
    }
}
