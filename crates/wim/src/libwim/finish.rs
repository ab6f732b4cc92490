//! Fixes what libwim writes anew each time, and adds the integrity table.
//!
//! libwim writes blobs, then the metadata, the blob table and the XML data. Everything from the
//! metadata on is a small part of the file and is written once more here, with what is fixed.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::Path;

use super::codec::{DEFAULT_LEVEL, compress};
use super::failure::failure;
use super::metadata::{self, Moments};
use super::options::{Fixed, WriteOptions};
use super::watch::{Observe, Progress};
use super::wim::{Origin, Wim};
use super::xml;
use crate::Error;
use crate::format::{BLOB_ENTRY_SIZE, BlobEntry, Header, ResourceHeader, Sha1, resource_flags};
use crate::read::{FileSource, ReadAt, ReadError, WimReader, integrity};

/// Finishes the WIM that libwim wrote to a file.
pub(super) fn finish(
    file: &Path,
    wim: &Wim,
    options: &WriteOptions,
    observe: Observe<'_>,
) -> Result<(), Error> {
    if options.fixed.is_none() && !options.integrity {
        return Ok(());
    }
    let failed = |source| Error::io("write", file, source);
    let target = OpenOptions::new().write(true).open(file).map_err(failed)?;
    let source = FileSource::open(file)?;
    let read = |source| Error::Read { path: file.to_owned(), source };
    let mut header = WimReader::open(&source).map_err(read)?.header().clone();
    if let Some(fixed) = &options.fixed {
        let tail = Tail { source: &source, wim, fixed, options };
        let (start, bytes) = tail.encode(&mut header, file)?;
        target.set_len(start).map_err(failed)?;
        target.write_all_at(&bytes, start).map_err(failed)?;
    }
    if options.integrity {
        add_integrity(file, &target, &mut header, observe)?;
    }
    target.write_all_at(&header.to_bytes(), 0).map_err(failed)
}

/// Gives a WIM another GUID, which no other part of it depends on.
pub(super) fn set_guid(file: &Path, guid: crate::Guid) -> Result<(), Error> {
    let source = FileSource::open(file)?;
    let reader =
        WimReader::open(&source).map_err(|source| Error::Read { path: file.to_owned(), source })?;
    let header = Header { guid, ..reader.header().clone() };
    let failed = |source| Error::io("write", file, source);
    let target = OpenOptions::new().write(true).open(file).map_err(failed)?;
    target.write_all_at(&header.to_bytes(), 0).map_err(failed)
}

/// What comes behind the blobs.
struct Tail<'a> {
    source: &'a FileSource,
    wim: &'a Wim,
    fixed: &'a Fixed,
    options: &'a WriteOptions,
}

impl Tail<'_> {
    /// Where the tail starts and its bytes; the header is brought in line.
    fn encode(&self, header: &mut Header, file: &Path) -> Result<(u64, Vec<u8>), Error> {
        let read = |source| Error::Read { path: file.to_owned(), source };
        let reader = WimReader::open(self.source).map_err(read)?;
        let mut entries = self.entries(header).map_err(read)?;
        let start = tail_start(&entries, header).ok_or_else(|| {
            read(ReadError::malformed(
                "the blob table",
                header.blob_table.offset,
                "blobs lie behind the metadata",
            ))
        })?;
        let xml = reader.xml().map_err(read)?;
        let mut bytes = Vec::new();
        let metadata = entries.iter_mut().filter(|entry| entry.resource.is_metadata());
        for (number, entry) in (1..).zip(metadata) {
            let offset = start + bytes.len() as u64;
            self.encode_metadata(&reader, number, entry, offset, &mut bytes, file)?;
            if number == header.boot_index {
                header.boot_metadata = entry.resource;
            }
        }
        header.guid = self.fixed.guid;
        let table: Vec<u8> = entries.iter().flat_map(|entry| entry.to_bytes()).collect();
        header.blob_table = placed(start, &mut bytes, &table);
        let total = start + bytes.len() as u64;
        let xml = xml::fix(&xml, &self.wim.images, self.fixed.time, total).ok_or_else(|| {
            read(ReadError::malformed("the XML data", header.xml.offset, "it is not as expected"))
        })?;
        let xml: Vec<u8> =
            format!("\u{feff}{xml}").encode_utf16().flat_map(u16::to_le_bytes).collect();
        header.xml = placed(start, &mut bytes, &xml);
        Ok((start, bytes))
    }

    /// All entries of the blob table, as they are.
    fn entries(&self, header: &Header) -> Result<Vec<BlobEntry>, ReadError> {
        let table = &header.blob_table;
        let limit = crate::read::limits::MAX_BLOBS * BLOB_ENTRY_SIZE as u64;
        let structure = "the blob table";
        let bytes =
            crate::read::resource::read_resource(self.source, header, structure, table, limit)?;
        let (entries, _) = bytes.as_chunks::<BLOB_ENTRY_SIZE>();
        Ok(entries.iter().map(BlobEntry::from_bytes).collect())
    }

    fn encode_metadata(
        &self,
        reader: &WimReader<'_>,
        number: u32,
        entry: &mut BlobEntry,
        offset: u64,
        out: &mut Vec<u8>,
        file: &Path,
    ) -> Result<(), Error> {
        let read = |source| Error::Read { path: file.to_owned(), source };
        let origin = self.wim.images[number as usize - 1];
        if origin == Origin::Kept {
            let old = entry.resource;
            let mut stored = vec![0; old.stored as usize];
            self.source
                .read_exact_at(old.offset, &mut stored)
                .map_err(|source| Error::io("read", file, source))?;
            entry.resource.offset = offset;
            out.extend_from_slice(&stored);
            return Ok(());
        }
        let mut bytes = reader.tree(number).map_err(read)?.into_bytes();
        let since = self.wim.since.unwrap_or(self.fixed.time);
        let moments = Moments { time: self.fixed.time, since };
        metadata::fix(&mut bytes, moments, origin).ok_or_else(|| {
            let reason = "its entries do not follow each other".to_owned();
            read(ReadError::Metadata { image: number, offset: 0, reason })
        })?;
        let header = reader.header();
        let algorithm = header.algorithm().unwrap_or(crate::Algorithm::None);
        let level = self.options.compression.level.filter(|&level| level != 0);
        let (stored, is_compressed) = compress(
            &bytes,
            algorithm,
            header.chunk_size,
            level.unwrap_or(DEFAULT_LEVEL),
            self.options.threads,
        )
        .map_err(|code| failure(code, "compress the metadata of", file))?;
        entry.sha1 = Sha1::of(&bytes);
        entry.resource = ResourceHeader {
            stored: stored.len() as u64,
            flags: resource_flags::METADATA
                | if is_compressed { resource_flags::COMPRESSED } else { 0 },
            offset,
            original: bytes.len() as u64,
        };
        out.extend_from_slice(&stored);
        Ok(())
    }
}

/// Where the metadata starts, if all blobs lie before it; without metadata, the blob table.
fn tail_start(entries: &[BlobEntry], header: &Header) -> Option<u64> {
    let metadata = entries.iter().filter(|entry| entry.resource.is_metadata());
    let metadata = metadata.map(|entry| entry.resource.offset);
    let start = metadata.chain([header.blob_table.offset]).min()?;
    let is_before = |entry: &BlobEntry| {
        let resource = &entry.resource;
        let inside_solid = resource.is_solid() && !entry.is_solid_resource();
        resource.is_metadata() || inside_solid || resource.end().is_some_and(|end| end <= start)
    };
    entries.iter().all(is_before).then_some(start)
}

/// Appends an uncompressed resource to what lies from `start` on.
fn placed(start: u64, out: &mut Vec<u8>, bytes: &[u8]) -> ResourceHeader {
    let len = bytes.len() as u64;
    let offset = start + out.len() as u64;
    out.extend_from_slice(bytes);
    ResourceHeader { stored: len, flags: resource_flags::METADATA, offset, original: len }
}

/// Appends the integrity table behind the XML data.
fn add_integrity(
    file: &Path,
    target: &File,
    header: &mut Header,
    observe: Observe<'_>,
) -> Result<(), Error> {
    let source = FileSource::open(file)?;
    let end = header.blob_table.offset + header.blob_table.stored;
    let total = end - crate::format::HEADER_SIZE as u64;
    let digests = integrity::digests(&source, end, integrity::CHUNK, &mut |done| {
        observe(Progress::Integrity { done, total })
    })
    .map_err(|source| Error::Read { path: file.to_owned(), source })?
    .ok_or(Error::Cancelled)?;
    let len = crate::format::INTEGRITY_HEAD_SIZE + digests.len() * 20;
    let mut bytes = Vec::with_capacity(len);
    for number in [len as u32, digests.len() as u32, integrity::CHUNK] {
        bytes.extend_from_slice(&number.to_le_bytes());
    }
    bytes.extend(digests.iter().flat_map(|digest| digest.0));
    let offset = header.xml.offset + header.xml.stored;
    target.write_all_at(&bytes, offset).map_err(|source| Error::io("write", file, source))?;
    let len = len as u64;
    header.integrity = ResourceHeader { stored: len, flags: 0, offset, original: len };
    Ok(())
}
