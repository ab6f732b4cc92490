//! A folder as an image: media that are mounted, or were copied or applied somewhere.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use iso9660_writer::read::{DataExtent, Entry, EntryKind};

use super::file_chain::FileChain;
use crate::{Error, IoContext};

/// What operating systems make by themselves in the root of a volume.
const OF_SYSTEMS: [&str; 3] = ["lost+found", "System Volume Information", "$RECYCLE.BIN"];

/// Folders in folders: deeper than any media.
const DEPTH_MAX: usize = 128;

/// The files of a folder behind one another, and its entries sorted by path.
pub fn read(root: &Path) -> Result<(FileChain, Vec<Entry>), Error> {
    let mut found = BTreeMap::new();
    list(root, "", 0, &mut found)?;
    let mut end = 0;
    let mut entries = Vec::with_capacity(found.len());
    let mut files = Vec::new();
    for (path, len) in found {
        let extents = len.filter(|len| *len > 0).map(|len| DataExtent { offset: end, len });
        entries.push(Entry {
            kind: if len.is_some() { EntryKind::File } else { EntryKind::Directory },
            len: len.unwrap_or(0),
            extents: extents.into_iter().collect(),
            record_offset: end,
            path: path.clone(),
        });
        if let Some(len) = len {
            files.push((root.join(path), len));
            end += len;
        }
    }
    Ok((FileChain::of_many(files), entries))
}

/// Adds what is in a folder: the lengths of files, none for folders.
fn list(
    folder: &Path,
    prefix: &str,
    depth: usize,
    found: &mut BTreeMap<String, Option<u64>>,
) -> Result<(), Error> {
    for entry in fs::read_dir(folder).at("list", folder)? {
        let entry = entry.at("list", folder)?;
        let path: PathBuf = entry.path();
        let wrong = |what: &str| Error::Input { path: path.clone(), message: what.to_owned() };
        let name = entry.file_name();
        let name = name.to_str().ok_or_else(|| wrong("has a name that is not UTF-8"))?;
        if depth == 0 && OF_SYSTEMS.contains(&name) {
            continue;
        }
        // Links are not followed: media have none.
        let metadata = fs::symlink_metadata(&path).at("look at", &path)?;
        let inside = format!("{prefix}{name}");
        if metadata.is_dir() {
            if depth == DEPTH_MAX {
                return Err(wrong("lies deeper than any media"));
            }
            found.insert(inside.clone(), None);
            list(&path, &format!("{inside}/"), depth + 1, found)?;
        } else if metadata.is_file() {
            found.insert(inside, Some(metadata.len()));
        } else {
            return Err(wrong("is neither a file nor a folder, so this is no medium"));
        }
    }
    Ok(())
}
