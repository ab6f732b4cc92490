//! Hashes the files of images with all cores.

use std::collections::HashMap;

use content::Digest;
use content::manifest::ManifestLine;
use iso9660_writer::read::{DataExtent, ReadAt};
use rayon::prelude::*;
use sha2::{Digest as _, Sha256};

use super::expected::Expected;
use super::{Disc, FoundFile};
use crate::image_file::ImageFile;
use crate::progress::{Amount, Cancel, Progress};
use crate::{Error, IoContext};

/// What is read at once: it stays in a core's own cache until it is hashed.
const READ: usize = 256 * 1024;

/// Hashes every file, data that several share once, and compares. Returns the bytes hashed.
pub fn files(
    disc: &mut Disc<'_>,
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
    let wrong: Vec<(u64, usize, Digest)> = runs
        .par_iter()
        .with_max_len(8)
        .map(|(extents, places)| {
            let digest = digest(image, extents, cancel)?;
            let len = extents.iter().map(|extent| extent.len).sum();
            progress.advance(Amount { bytes: len, files: places.len() as u64 });
            let offset = extents.first().map_or(0, |extent| extent.offset);
            let differs = |place: &&usize| expected.files[files[**place].expected].sha256 != digest;
            Ok(places.iter().filter(differs).map(|place| (offset, *place, digest)).collect())
        })
        .collect::<Result<Vec<Vec<_>>, Error>>()?
        .concat();
    for (offset, place, found) in wrong {
        let file = &expected.files[files[place].expected];
        let message = format!("has SHA-256 {found}, the manifest says {}", file.sha256);
        disc.add(offset, Some(file.path.to_string()), "digest", message);
    }
    Ok(runs.iter().flat_map(|(extents, _)| extents.iter()).map(|extent| extent.len).sum())
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
