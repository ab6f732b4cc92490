//! The images that were named on the command line, each by itself or as a whole set.

use std::path::{Path, PathBuf};

use content::manifest::MediaManifest;
use pipeline::image_file::ImageFile;
use pipeline::output::OutputPaths;
use pipeline::verify::read_media_manifest;

use crate::exit::{CommandError, Exit};

/// Images, and which of them were named as a set.
pub struct GivenImages {
    /// All images, in the order in which they were named.
    pub paths: Vec<PathBuf>,
    sets: Vec<GivenSet>,
}

/// A path that is no image, but the name of a set: the discs that are there.
struct GivenSet {
    name: PathBuf,
    discs: Vec<PathBuf>,
}

/// A disc that a set that was named should have.
pub struct MissingDisc {
    /// The path that names the set.
    pub set: PathBuf,
    /// The disc's number.
    pub disc: u32,
    /// How many discs the set has.
    pub discs: u32,
}

impl MissingDisc {
    /// What is wrong, in one sentence.
    pub fn message(&self) -> String {
        format!("disc {} of {} is not there", self.disc, self.discs)
    }
}

impl GivenImages {
    /// Finds what these paths stand for: an image, or the discs of the set of that name.
    pub fn find(paths: &[PathBuf]) -> Result<Self, CommandError> {
        let mut given = Self { paths: Vec::new(), sets: Vec::new() };
        for path in paths {
            if path.exists() {
                given.paths.push(path.clone());
                continue;
            }
            let discs = OutputPaths::new(path).map(|output| output.existing()).unwrap_or_default();
            if let (true, Some(first)) = (discs.is_empty(), first_part(path)) {
                given.paths.push(first);
                continue;
            }
            if discs.is_empty() {
                let message =
                    format!("there is neither `{}` nor a set of that name", path.display());
                return Err(CommandError::new(Exit::Failed, message));
            }
            given.paths.extend(discs.iter().cloned());
            given.sets.push(GivenSet { name: path.clone(), discs });
        }
        // The first part of a WIM stands for all; a pattern names the others too.
        let all = given.paths.clone();
        given.paths.retain(|path| !is_further_part(path, &all));
        Ok(given)
    }

    /// The discs that sets which were named as such lack. `manifest` says what an image is; for
    /// one that cannot be read nothing.
    pub fn missing<'m>(
        &self,
        manifest: impl Fn(&Path) -> Option<&'m MediaManifest>,
    ) -> Vec<MissingDisc> {
        let mut missing = Vec::new();
        for set in &self.sets {
            let known: Vec<&MediaManifest> =
                set.discs.iter().filter_map(|path| manifest(path)).collect();
            let Some(first) = known.first() else { continue };
            let there = |disc: &u32| known.iter().any(|m| m.set == first.set && m.disc == *disc);
            missing.extend((1..=first.discs).filter(|disc| !there(disc)).map(|disc| MissingDisc {
                set: set.name.clone(),
                disc,
                discs: first.discs,
            }));
        }
        missing
    }

    /// The discs that are missing, as far as the images can be read.
    pub fn read_missing(&self) -> Vec<MissingDisc> {
        let read = |path: &PathBuf| {
            let image = ImageFile::open(path).ok()?;
            Some((path.clone(), read_media_manifest(&image).ok()?))
        };
        let discs = self.sets.iter().flat_map(|set| &set.discs);
        let manifests: Vec<(PathBuf, MediaManifest)> = discs.filter_map(read).collect();
        self.missing(|path| {
            manifests.iter().find(|(known, _)| known == path).map(|(_, manifest)| manifest)
        })
    }
}

/// The first of the parts that a WIM of this name has come in, if they are there.
fn first_part(path: &Path) -> Option<PathBuf> {
    let parts = OutputPaths::new(path)?.in_parts();
    Some(parts.disc(1, 2)).filter(|first| first.exists())
}

/// Whether this is `oem2.swm`, and `oem.swm` is among the others.
fn is_further_part(path: &Path, others: &[PathBuf]) -> bool {
    let is_part = path.extension().is_some_and(|extension| extension == "swm");
    let stem = path.file_stem().and_then(|stem| stem.to_str()).filter(|_| is_part);
    let whole = stem.map(|stem| stem.trim_end_matches(|c: char| c.is_ascii_digit()));
    let first = whole.map(|whole| path.with_file_name(format!("{whole}.swm")));
    first.is_some_and(|first| first != path && others.contains(&first))
}
