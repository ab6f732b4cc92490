//! WIMs that FAT32 cannot hold, as the parts that it can: side by side in their folder, usable as
//! they are.

use content::{BlobId, IndexedFile};
use image::ByteCount;
use wim::read::FileSource;
use wim::{PartError, plan_parts};

use crate::blob_source::Composed;
use crate::hash_cache::HashCache;
use crate::scan::Scan;
use crate::{Error, chain};

/// A WIM that is on the media in parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SplitWim {
    /// The content, by its position in the index.
    pub content: u32,
    /// The WIM's path in it.
    pub path: String,
    /// How many parts there are.
    pub parts: usize,
}

/// A WIM that cannot be parted, and so is cut like any other file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unsplit {
    /// The content, by its position in the index.
    pub content: u32,
    /// The WIM's path in it.
    pub path: String,
    /// Why.
    pub reason: String,
}

/// What became of the WIMs that are too long for a file system.
#[derive(Debug, Default)]
pub struct SplitWims {
    /// The files with parts in the place of WIMs; `None` if there is none to part.
    pub scan: Option<Scan>,
    /// The WIMs in parts.
    pub split: Vec<SplitWim>,
    /// The others.
    pub unsplit: Vec<Unsplit>,
}

/// Plans parts of at most `max` bytes for every longer WIM of these contents.
///
/// `Err` if a part would have the name of another file, or a WIM cannot be read.
pub fn split_wims(
    scan: &Scan,
    contents: &[u32],
    max: ByteCount,
    cache: &HashCache,
) -> Result<SplitWims, Error> {
    let mut result = SplitWims::default();
    for &position in contents {
        let content = &scan.index.contents[position as usize];
        let long = content.files.iter().filter(|file| scan.index.size(file) > max);
        for file in long.filter(|file| is_wim(&file.path)) {
            split_wim(scan, position, file, max, cache, &mut result)?;
        }
    }
    Ok(result)
}

fn is_wim(path: &str) -> bool {
    let name = path.to_ascii_lowercase();
    name.ends_with(".wim") || name.ends_with(".esd")
}

fn split_wim(
    scan: &Scan,
    content: u32,
    file: &IndexedFile,
    max: ByteCount,
    cache: &HashCache,
    result: &mut SplitWims,
) -> Result<(), Error> {
    let path = scan.sources.path(&scan.index, file.blob);
    let source = FileSource::open(&path).map_err(|error| Error::Integrity(chain(&error)))?;
    let parts = match plan_parts(&source, max.0) {
        Ok(parts) => parts,
        Err(PartError::Read(error)) => {
            return Err(Error::Integrity(format!("`{}`: {}", path.display(), chain(&error))));
        }
        Err(reason) => {
            let (path, reason) = (file.path.to_string(), reason.to_string());
            result.unsplit.push(Unsplit { content, path, reason });
            return Ok(());
        }
    };
    let stamp = scan.sources.stamp(file.blob);
    let count = parts.len();
    let split = result.scan.get_or_insert_with(|| scan.clone());
    let blobs: Vec<BlobId> = parts
        .into_iter()
        .map(|part| {
            split.add_composed(Composed::new(path.clone(), &stamp, part.pieces), stamp, cache)
        })
        .collect();
    let id = split.index.contents[content as usize].id.clone();
    let files = &mut split.index.contents[content as usize].files;
    files.retain(|known| known.path != file.path);
    for (number, blob) in (1..).zip(blobs) {
        let name = part_path(&file.path, number);
        if files.iter().any(|known| known.path.eq_ignore_ascii_case(&name)) {
            let message = format!(
                "has `{name}` beside `{}`, which FAT32 holds in parts of that name; remove one",
                file.path
            );
            return Err(Error::Input { path: id.as_str().into(), message });
        }
        files.push(IndexedFile { path: name.into(), blob });
    }
    files.sort_unstable_by(|a, b| a.path.cmp(&b.path));
    result.split.push(SplitWim { content, path: file.path.to_string(), parts: count });
    Ok(())
}

/// The path of a part, as Windows names them: `install.swm`, `install2.swm`.
pub fn part_path(wim: &str, part: usize) -> String {
    let (folder, name) = wim.rsplit_once('/').map_or(("", wim), |(folder, name)| (folder, name));
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    let number = if part == 1 { String::new() } else { part.to_string() };
    let slash = if folder.is_empty() { "" } else { "/" };
    format!("{folder}{slash}{stem}{number}.swm")
}

#[cfg(test)]
mod tests;
