//! Writes images: every blob where the layout put it, hashed on the way where its digest is not
//! known, metadata around it, and last what depends on the digests.
//!
//! The data of all images of a set goes first ([`Writer::write_data`]), because the manifests on
//! each disc name the digests of the whole set; then the files that were late
//! ([`Writer::write_late`]); then [`Writer::finish`] makes everything durable. Until the caller
//! renames them, the images have temporary names.

mod buffer;
mod clone;
mod execute;
mod schedule;
mod target;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use content::{BlobId, Digest, StripeSums};
use image::{ByteOffset, Extent, Image};
use wim::Sha1;

use crate::Error;
use crate::checksum::{Checksum, StripeTable, WithSha1};
use crate::hash_cache::HashCache;
use crate::output::available_bytes;
use crate::progress::{Cancel, Progress};
use crate::scan::Scan;
pub(crate) use buffer::{ALIGNMENT, Buffer};
use schedule::Segment;
pub use schedule::{LateId, MediaBlob};
use target::Target;

/// How many bytes of the images came which way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MethodBytes {
    /// Shared with the source by the file system (`FICLONERANGE`).
    pub cloned: u64,
    /// Read, and written past the page cache where the file system can.
    pub copied: u64,
    /// Metadata and small files that were made here.
    pub encoded: u64,
    /// Zeros between extents that needed no writing.
    pub holes: u64,
}

impl std::ops::AddAssign for MethodBytes {
    fn add_assign(&mut self, other: Self) {
        self.cloned += other.cloned;
        self.copied += other.copied;
        self.encoded += other.encoded;
        self.holes += other.holes;
    }
}

/// The digests that a run knows once all data is written.
#[derive(Debug)]
pub struct Digests {
    whole: Vec<OnceLock<Digest>>,
    stripes: StripeTable,
    /// Empty if nobody asks for them.
    sha1: Vec<OnceLock<Sha1>>,
    parts: HashMap<(BlobId, u64), OnceLock<Checksum>>,
}

impl Digests {
    /// The digest of a whole blob; `None` if it lies on no disc and was never read.
    pub fn whole(&self, blob: BlobId) -> Option<Digest> {
        self.whole[blob.0 as usize].get().copied()
    }

    /// The sums of a blob whose digest is known.
    pub fn stripes(&self, blob: BlobId) -> StripeSums {
        self.stripes.get(blob)
    }

    /// The digest by which a WIM names a blob; `None` if the images are none.
    pub fn sha1(&self, blob: BlobId) -> Option<Sha1> {
        self.sha1.get(blob.0 as usize)?.get().copied()
    }

    /// The checksum of the piece of a cut blob that starts at this offset.
    pub fn part(&self, blob: BlobId, offset: ByteOffset) -> Option<&Checksum> {
        self.parts.get(&(blob, offset.0))?.get()
    }
}

/// The images of a set under temporary names.
pub struct Writer {
    images: Vec<Image<MediaBlob>>,
    targets: Vec<Target>,
    late: HashMap<LateId, Vec<Segment>>,
    methods: MethodBytes,
}

/// What is read and what it is written with.
#[derive(Clone, Copy)]
pub struct WriteContext<'a> {
    /// The files.
    pub scan: &'a Scan,
    /// Takes the digests of files that were read.
    pub cache: &'a HashCache,
    /// Asked between pieces of work.
    pub cancel: &'a Cancel,
    /// Told after each.
    pub progress: &'a dyn Progress,
    /// Whether the images are WIMs.
    pub with_sha1: WithSha1,
}

impl Writer {
    /// Creates a file for each image, with room for all of it.
    ///
    /// Where the file system can share blocks with the sources, room is not reserved, since the
    /// data needs none. Existing files of these names are lost: they are names that only this run
    /// uses. If one cannot be created, none is left behind.
    pub fn create(
        images: Vec<Image<MediaBlob>>,
        paths: &[PathBuf],
        scan: &Scan,
    ) -> Result<Self, Error> {
        let mut targets = Vec::with_capacity(images.len());
        for (image, path) in images.iter().zip(paths) {
            let mut target = Target::create(path, image.len().0)?;
            target.clones = schedule::clonable_devices(image, scan, &target);
            targets.push(target);
        }
        reserve(&images, &targets, scan)?;
        let late = schedule::late_places(&images);
        Ok(Self { images, targets, late, methods: MethodBytes::default() })
    }

    /// Writes all data whose bytes are known or can be read, and hashes what has no checked digest.
    pub fn write_data(&mut self, context: &WriteContext<'_>) -> Result<Digests, Error> {
        let digests = schedule::known_digests(&self.images, context);
        let known = schedule::Known { scan: context.scan, cache: context.cache, digests: &digests };
        let schedule = schedule::schedule(&self.images, &self.targets, &known);
        self.methods += execute::run(&schedule, &self.images, &self.targets, &digests, context)?;
        Ok(digests)
    }

    /// Writes a late file wherever an image has it. It must be as long as the layout was told.
    pub fn write_late(&mut self, late: LateId, bytes: &[u8]) -> Result<(), Error> {
        for place in self.late.get(&late).into_iter().flatten() {
            assert_eq!(place.len, bytes.len() as u64, "a late file is as long as was planned");
            self.targets[place.disc].write_plain(bytes, place.start)?;
            self.methods.encoded += place.len;
        }
        Ok(())
    }

    /// Makes the images durable and says how their bytes were written. What was known of their
    /// extents is let go.
    pub fn finish(&mut self) -> Result<MethodBytes, Error> {
        self.targets.iter().try_for_each(Target::sync)?;
        let len: u64 = self.images.drain(..).map(|image| image.len().0).sum();
        let MethodBytes { cloned, copied, encoded, .. } = self.methods;
        self.methods.holes = len - cloned - copied - encoded;
        Ok(self.methods)
    }

    /// Keeps the files: from now on it is the caller who removes or renames them.
    pub fn keep(self) -> Vec<PathBuf> {
        self.targets.into_iter().map(Target::keep).collect()
    }
}

/// Makes sure that there is room, and takes it where all of an image needs it.
///
/// Data that shares its blocks with the sources needs none.
fn reserve(images: &[Image<MediaBlob>], targets: &[Target], scan: &Scan) -> Result<(), Error> {
    let needed: u64 = images
        .iter()
        .zip(targets)
        .map(|(image, target)| image.len().0 - schedule::clonable_bytes(image, scan, target))
        .sum();
    let Some(first) = targets.first() else { return Ok(()) };
    let folder = first.path().parent().unwrap_or(Path::new("."));
    let available = available_bytes(folder)?;
    if available < needed {
        return Err(Error::NoSpace { path: folder.to_owned(), needed, available });
    }
    let mut without_clones =
        images.iter().zip(targets).filter(|(_, target)| target.clones.is_empty());
    without_clones.try_for_each(|(image, target)| target.allocate(image.len().0))
}

type MediaExtent = Extent<MediaBlob>;
