//! A WIM as an image: its files, and where their bytes lie.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use iso9660_writer::read::{DataExtent, Entry, EntryKind};
use rayon::prelude::*;
use wim::Sha1;
use wim::read::{BlobIndex, BlobPlace, ReadAt, ReadError, WimReader, inspect};

use super::Fault;

/// The files and directories of all images, sorted by path; where there are several images, each
/// path begins with the number of its own.
#[derive(Debug)]
pub struct WimContents {
    entries: Vec<Entry>,
    blobs: BlobIndex,
    /// The digest that the tree states for each entry with bytes, in the order of the entries.
    stated: Vec<Option<Sha1>>,
}

impl WimContents {
    pub fn read(source: &dyn ReadAt) -> Result<Self, ReadError> {
        let wim = WimReader::open(source)?;
        let blobs = wim.blobs()?;
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

fn of_wim(entry: &wim::read::Entry, path: String, blobs: &BlobIndex) -> Entry {
    let blob = entry.sha1.filter(|_| entry.is_file()).and_then(|sha1| blobs.get(sha1));
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
    source: &dyn ReadAt,
    contents: &Result<WimContents, String>,
    bytes: bool,
) -> Vec<Fault> {
    let fault = |rule, offset, path, message| Fault { rule, offset, path, message };
    if let Err(error) = inspect(source) {
        let offset = error.offset().unwrap_or(0);
        return vec![fault("wim-structure", offset, None, error.to_string())];
    }
    let contents = match contents {
        Ok(contents) => contents,
        Err(error) => return vec![fault("wim-structure", 0, None, error.clone())],
    };
    let stated = contents.entries.iter().zip(&contents.stated);
    let lost = stated.filter_map(|(entry, sha1)| Some((entry, (*sha1)?)));
    let lost = lost.filter(|(_, sha1)| contents.blobs.get(*sha1).is_none());
    let mut faults: Vec<Fault> = lost
        .map(|(entry, sha1)| {
            let message = format!("its bytes (SHA-1 {sha1}) are not in the blob table");
            fault("wim-blob-missing", 0, Some(entry.path.clone()), message)
        })
        .collect();
    if bytes {
        let wrong = contents.blobs.blobs().par_iter().filter_map(|blob| {
            let BlobPlace::Plain { offset } = blob.place else { return None };
            let found = sha1_of(source, offset, blob.len);
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

fn sha1_of(source: &dyn ReadAt, offset: u64, len: u64) -> std::io::Result<Sha1> {
    const READ: u64 = 256 * 1024;
    let mut hash = sha1::Sha1::default();
    let mut buffer = vec![0; READ.min(len) as usize];
    for done in (0..len).step_by(READ as usize) {
        let bytes = &mut buffer[..READ.min(len - done) as usize];
        source.read_exact_at(offset + done, bytes)?;
        sha1::Digest::update(&mut hash, &*bytes);
    }
    Ok(Sha1(sha1::Digest::finalize(hash).into()))
}
