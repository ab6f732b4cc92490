//! Hashes the files of images with all cores.

use std::collections::{HashMap, HashSet};

use content::manifest::{ManifestLine, MediaManifest};
use content::{Digest, StripeSums};
use image::read::{DataExtent, ReadAt};
use rayon::prelude::*;
use sha2::{Digest as _, Sha256};

use super::expected::{self, Expected};
use super::locate::{Difference, FileBytes, SECTOR};
use super::{Disc, ExpectedFile, FoundFile};
use crate::image_file::ImageFile;
use crate::progress::{Amount, Cancel, Progress};
use crate::{Error, IoContext};

/// What is read at once: it stays in a core's own cache until it is hashed.
const READ: usize = 256 * 1024;

/// Hashes every file, data that several share once, and compares. Returns the bytes hashed.
pub fn files(
    disc: &mut Disc<'_>,
    manifest: &MediaManifest,
    expected: &Expected,
    files: &[FoundFile],
    cancel: &Cancel,
    progress: &dyn Progress,
) -> Result<u64, Error> {
    let mut by_extents: HashMap<&[DataExtent], Vec<usize>> = HashMap::new();
    for (place, file) in files.iter().enumerate() {
        by_extents.entry(&file.extents).or_default().push(place);
    }
    let mut runs: Vec<(&[DataExtent], Vec<usize>)> = by_extents.into_iter().collect();
    runs.sort_unstable_by_key(|(extents, _)| extents.first().copied());
    let image = disc.image;
    let wrong: Vec<Wrong<'_>> = runs
        .par_iter()
        .with_max_len(8)
        .map(|(extents, places)| {
            let found = match digest(image, extents, cancel) {
                // What lies elsewhere can be read yet.
                Err(Error::Io { source, .. }) => Err(source.to_string()),
                result => Ok(result?),
            };
            let len = extents.iter().map(|extent| extent.len).sum();
            progress.advance(Amount { bytes: len, files: places.len() as u64 });
            let differs = |file: &&ExpectedFile| found.as_ref() != Ok(&file.sha256);
            let files = places.iter().map(|place| &expected.files[files[*place].expected]);
            let bytes = FileBytes { image, extents };
            let wrong = |file| Wrong { file, bytes, found: found.clone() };
            Ok(files.filter(differs).map(wrong).collect())
        })
        .collect::<Result<Vec<Vec<_>>, Error>>()?
        .concat();
    let paths: HashSet<&str> = wrong.iter().map(|wrong| &*wrong.file.path).collect();
    let sums = match paths.is_empty() {
        true => HashMap::new(),
        false => expected::sums(image, manifest, &paths),
    };
    for wrong in wrong {
        cancel.check()?;
        wrong.tell(disc, sums.get(&*wrong.file.path));
    }
    Ok(runs.iter().flat_map(|(extents, _)| extents.iter()).map(|extent| extent.len).sum())
}

/// A file that is not what it should be.
#[derive(Clone)]
struct Wrong<'a> {
    file: &'a ExpectedFile,
    bytes: FileBytes<'a>,
    /// Its digest, or why it has none.
    found: Result<Digest, String>,
}

impl Wrong<'_> {
    fn tell(&self, disc: &mut Disc<'_>, sums: Option<&StripeSums>) {
        let difference = sums.and_then(|sums| self.bytes.first_difference(self.file.sha256, sums));
        let place = match difference {
            None => String::new(),
            Some(Difference::Byte { at, found, expected }) => {
                format!("byte {at} is {found:#04x} and should be {expected:#04x}; ")
            }
            Some(Difference::Stripe { at, len }) => {
                format!("the first difference is among the {len} bytes from {at} on; ")
            }
            Some(Difference::Unreadable { at }) => {
                format!("the {SECTOR} bytes from {at} on cannot be read; ")
            }
        };
        let (rule, what) = match &self.found {
            Ok(found) => {
                ("digest", format!("has SHA-256 {found}, the manifest says {}", self.file.sha256))
            }
            Err(error) => ("unreadable", error.clone()),
        };
        let offset = self.bytes.offset_in_image(difference.map_or(0, |found| found.at()));
        disc.add(offset, Some(self.file.path.to_string()), rule, format!("{place}{what}"));
    }
}

fn digest(image: &ImageFile, extents: &[DataExtent], cancel: &Cancel) -> Result<Digest, Error> {
    let mut hash = Sha256::new();
    update(&mut hash, image, extents, cancel)?;
    Ok(Digest(hash.finalize().into()))
}

fn update(
    hash: &mut Sha256,
    image: &ImageFile,
    extents: &[DataExtent],
    cancel: &Cancel,
) -> Result<(), Error> {
    thread_local! {
        static BUFFER: std::cell::RefCell<Vec<u8>> = const { std::cell::RefCell::new(Vec::new()) };
    }
    BUFFER.with_borrow_mut(|buffer| {
        buffer.resize(READ, 0);
        for extent in extents {
            let mut done = 0;
            while done < extent.len {
                cancel.check()?;
                let len = (extent.len - done).min(READ as u64) as usize;
                let bytes = &mut buffer[..len];
                image.read_exact_at(extent.offset + done, bytes).at("read", image.path())?;
                hash.update(bytes);
                done += len as u64;
            }
        }
        Ok(())
    })
}

/// The digest of a cut file, read part by part from the discs; `None` if a part is not there.
pub fn joined(
    images: &HashMap<u32, &ImageFile>,
    line: &ManifestLine,
    cancel: &Cancel,
) -> Result<Option<Digest>, Error> {
    let mut hash = Sha256::new();
    let mut at = 0;
    for part in &line.parts {
        let Some(image) = images.get(&part.disc) else { return Ok(None) };
        let Ok(entry) = image.find(&part.path) else { return Ok(None) };
        if part.offset != at || entry.len != part.length {
            return Ok(None);
        }
        update(&mut hash, image, &entry.extents, cancel)?;
        at += part.length;
    }
    Ok((at == line.size).then(|| Digest(hash.finalize().into())))
}
