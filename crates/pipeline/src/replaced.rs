//! What a build would replace: nothing but media that a build has made.

use std::fs;
use std::path::{Path, PathBuf};

use content::manifest::MediaManifest;

use crate::Error;
use crate::image_file::ImageFile;
use crate::output::OutputPaths;
use crate::verify;

/// The files that are there with the names of a set, and what they are.
pub struct Replaced {
    files: Vec<(Option<u32>, PathBuf)>,
    /// The parts of a WIM that belong together, and the media that they are.
    parts: Option<(Vec<PathBuf>, MediaManifest)>,
}

impl Replaced {
    /// Looks at what is there, and makes sure that nothing but media of ours is replaced by `count`
    /// files: whoever mistypes a path must not lose what is there, and neither a disc of other
    /// media that has such a name.
    pub fn look(output: &OutputPaths, count: u32) -> Result<Self, Error> {
        let parts = if output.are_parts() { parts(&output.disc(1, 2)) } else { None };
        let found = Self { files: output.numbered(), parts };
        for file in 1..=count {
            found.check(&output.disc(file, count), Some(file).filter(|_| count > 1))?;
        }
        Ok(found)
    }

    fn check(&self, path: &Path, number: Option<u32>) -> Result<(), Error> {
        if fs::metadata(path).map_or(true, |there| there.len() == 0) {
            return Ok(());
        }
        let is_part = number.is_some()
            && self.parts.as_ref().is_some_and(|(parts, _)| parts.iter().any(|part| part == path));
        if is_part || manifest(path).is_some_and(|old| is_disc(&old, number)) {
            return Ok(());
        }
        let what = match number {
            None => "is no media of one disc that a build has made".to_owned(),
            Some(number) => format!("is not disc {number} of a set that a build has made"),
        };
        let message = format!("is there and {what}; remove it, or choose another `output.path`");
        Err(Error::Input { path: path.to_owned(), message })
    }

    /// The files of an older set of the same media that `count` new ones do not replace. Whatever
    /// else has such a name stays: no media of ours, or those of another definition.
    pub fn stale(&self, output: &OutputPaths, count: u32, new: &MediaManifest) -> Vec<PathBuf> {
        let replaced: Vec<PathBuf> = (1..=count).map(|file| output.disc(file, count)).collect();
        let left = self.files.iter().filter(|(_, path)| !replaced.contains(path));
        let stale = left.filter(|(number, path)| {
            let old = match &self.parts {
                Some((parts, old)) if number.is_some() => {
                    return parts.contains(path) && same_media(old, new);
                }
                _ => manifest(path),
            };
            old.is_some_and(|old| is_disc(&old, *number) && same_media(&old, new))
        });
        stale.map(|(_, path)| path.clone()).collect()
    }
}

/// The parts of the WIM that begins with this file, if it is media of ours.
fn parts(first: &Path) -> Option<(Vec<PathBuf>, MediaManifest)> {
    let image = ImageFile::open(first).ok()?;
    let manifest = verify::read_media_manifest(&image).ok()?;
    Some((image.paths().map(Path::to_owned).collect(), manifest))
}

fn manifest(path: &Path) -> Option<MediaManifest> {
    let image = ImageFile::open(path).ok()?;
    verify::read_media_manifest(&image).ok()
}

/// Whether this is the disc that a build gave a name with this number, or without one.
fn is_disc(manifest: &MediaManifest, number: Option<u32>) -> bool {
    let MediaManifest { disc, discs, .. } = *manifest;
    match number {
        None => disc == 1 && discs == 1,
        Some(number) => disc == number && discs > 1 && (1..=discs).contains(&number),
    }
}

/// Whether two sets were made for the same purpose, as far as media say it.
fn same_media(old: &MediaManifest, new: &MediaManifest) -> bool {
    let sequence =
        |manifest: &MediaManifest| manifest.task_sequence.as_ref().map(|named| named.id.clone());
    old.media_type == new.media_type && old.label == new.label && sequence(old) == sequence(new)
}
