//! A WIM as an image: its files, and where their bytes lie.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::ops::ControlFlow;

use iso9660_writer::read::{DataExtent, Entry, EntryKind};
use rayon::prelude::*;
use wim::Sha1;
use wim::read::{Blob, BlobPlace, ReadAt, ReadError, WimReader, inspect};

use super::Fault;
use super::file_chain::FileChain;
use crate::Error;

/// The files and directories of all images, sorted by path; where there are several images, each
/// path begins with the number of its own.
#[derive(Debug)]
pub struct WimContents {
    entries: Vec<Entry>,
    blobs: HashMap<Sha1, Blob>,
    /// The digest that the tree states for each entry with bytes, in the order of the entries.
    stated: Vec<Option<Sha1>>,
}

/// One file of a chain.
struct Part<'a> {
    chain: &'a FileChain,
    start: u64,
    len: u64,
}

impl ReadAt for Part<'_> {
    fn read_exact_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<()> {
        let end = offset.checked_add(buf.len() as u64).filter(|end| *end <= self.len);
        end.ok_or(io::ErrorKind::UnexpectedEof)?;
        self.chain.read_exact_at(buf, self.start + offset)
    }

    fn len(&self) -> u64 {
        self.len
    }
}

fn parts(chain: &FileChain) -> Vec<Part<'_>> {
    chain.parts().map(|(_, start, len)| Part { chain, start, len }).collect()
}

/// Makes sure that the files are the parts of one WIM, in their order.
pub fn check_parts(image: &super::ImageFile) -> Result<(), Error> {
    let mut guid = None;
    let files = image.files.parts().zip(parts(&image.files)).zip(1..);
    let count = image.files.parts().count();
    for (((path, _, _), part), number) in files {
        let wrong = |what: String| Error::Integrity(format!("`{}` {what}", path.display()));
        let wim = WimReader::open(&part).map_err(|error| wrong(error.to_string()))?;
        let header = wim.header();
        if (header.part, usize::from(header.parts)) != (number, count) {
            let what =
                format!("is part {} of {}, not {number} of {count}", header.part, header.parts);
            return Err(wrong(what));
        }
        if *guid.get_or_insert(header.guid) != header.guid {
            return Err(wrong("is a part of another WIM".to_owned()));
        }
    }
    Ok(())
}

/// The blobs of all parts, with places in the chain.
fn all_blobs(parts: &[Part<'_>]) -> Result<HashMap<Sha1, Blob>, ReadError> {
    let mut all = HashMap::new();
    for part in parts {
        for blob in WimReader::open(part)?.blobs()?.blobs() {
            let place = match blob.place {
                BlobPlace::Plain { offset } => BlobPlace::Plain { offset: part.start + offset },
                other => other,
            };
            all.entry(blob.sha1).or_insert(Blob { place, ..*blob });
        }
    }
    Ok(all)
}

impl WimContents {
    pub fn read(chain: &FileChain) -> Result<Self, ReadError> {
        let parts = parts(chain);
        let Some(first) = parts.first() else {
            return Err(ReadError::NotWim { reason: "it has no parts" });
        };
        let wim = WimReader::open(first)?;
        let blobs = all_blobs(&parts)?;
        let count = wim.header().image_count;
        let mut found: BTreeMap<String, (Entry, Option<Sha1>)> = BTreeMap::new();
        for image in 1..=count {
            let prefix = if count > 1 { format!("{image}/") } else { String::new() };
            wim.tree(image)?.walk(&mut |entry| {
                if !entry.path.is_empty() || count > 1 {
                    let path = format!("{prefix}{}", entry.path);
                    let path = path.trim_end_matches('/').to_owned();
                    let sha1 = entry.sha1.filter(|_| entry.is_file());
                    found.insert(path.clone(), (of_wim(entry, path, &blobs), sha1));
                }
                ControlFlow::Continue(())
            })?;
        }
        let (entries, stated) = found.into_values().unzip();
        Ok(Self { entries, blobs, stated })
    }

    pub fn find(&self, path: &str) -> Option<&Entry> {
        let place = self.entries.binary_search_by(|entry| entry.path.as_str().cmp(path)).ok()?;
        Some(&self.entries[place])
    }

    pub fn walk(&self, visit: &mut dyn FnMut(&Entry) -> ControlFlow<()>) {
        let _ = self.entries.iter().try_for_each(visit);
    }
}

fn of_wim(entry: &wim::read::Entry, path: String, blobs: &HashMap<Sha1, Blob>) -> Entry {
    let blob = entry.sha1.filter(|_| entry.is_file()).and_then(|sha1| blobs.get(&sha1));
    let extents = match blob.map(|blob| (blob.place, blob.len)) {
        Some((BlobPlace::Plain { offset }, len)) => vec![DataExtent { offset, len }],
        _ => Vec::new(),
    };
    Entry {
        kind: if entry.is_directory() { EntryKind::Directory } else { EntryKind::File },
        len: blob.map_or(0, |blob| blob.len),
        extents,
        record_offset: 0,
        path,
    }
}

/// Checks the structures of a WIM; with `bytes` also the digest of every blob that is not
/// compressed.
pub fn faults(
    chain: &FileChain,
    contents: &Result<WimContents, String>,
    bytes: bool,
) -> Vec<Fault> {
    let fault = |rule, offset, path, message| Fault { rule, offset, path, message };
    for part in parts(chain) {
        if let Err(error) = inspect(&part) {
            let offset = part.start + error.offset().unwrap_or(0);
            return vec![fault("wim-structure", offset, None, error.to_string())];
        }
    }
    let contents = match contents {
        Ok(contents) => contents,
        Err(error) => return vec![fault("wim-structure", 0, None, error.clone())],
    };
    let stated = contents.entries.iter().zip(&contents.stated);
    let lost = stated.filter_map(|(entry, sha1)| Some((entry, (*sha1)?)));
    let lost = lost.filter(|(_, sha1)| !contents.blobs.contains_key(sha1));
    let mut faults: Vec<Fault> = lost
        .map(|(entry, sha1)| {
            let message = format!("its bytes (SHA-1 {sha1}) are not in the blob table");
            fault("wim-blob-missing", 0, Some(entry.path.clone()), message)
        })
        .collect();
    if bytes {
        let wrong = contents.blobs.par_iter().map(|(_, blob)| blob).filter_map(|blob| {
            let BlobPlace::Plain { offset } = blob.place else { return None };
            let found = sha1_of(chain, offset, blob.len);
            let message = match found {
                Ok(found) if found == blob.sha1 => return None,
                Ok(found) => format!("a blob has SHA-1 {found}, the table says {}", blob.sha1),
                Err(error) => format!("a blob cannot be read: {error}"),
            };
            Some(fault("wim-digest", offset, None, message))
        });
        faults.extend(wrong.collect::<Vec<_>>());
    }
    faults
}

fn sha1_of(chain: &FileChain, offset: u64, len: u64) -> io::Result<Sha1> {
    const READ: u64 = 256 * 1024;
    let mut hash = sha1::Sha1::default();
    let mut buffer = vec![0; READ.min(len) as usize];
    for done in (0..len).step_by(READ as usize) {
        let bytes = &mut buffer[..READ.min(len - done) as usize];
        chain.read_exact_at(bytes, offset + done)?;
        sha1::Digest::update(&mut hash, &*bytes);
    }
    Ok(Sha1(sha1::Digest::finalize(hash).into()))
}
