//! Cuts the work of writing images into tasks that threads can do in any order.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::ops::Range;
use std::sync::OnceLock;

use content::BlobId;
use image::{Image, Source};
use wim::Sha1;

use super::buffer::ALIGNMENT;
use super::clone::clone_range;
use super::target::Target;
use super::{Digests, MediaExtent, WriteContext};
use crate::checksum::{StripeTable, WithSha1};
use crate::hash_cache::HashCache;
use crate::scan::Scan;

/// What a file on the media is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MediaBlob {
    /// A file of a content.
    Content(BlobId),
    /// A file whose length is known before its bytes are: a manifest.
    Late(LateId),
}

/// Which late file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LateId(pub u32);

/// What is gathered into one write, and the piece in which a large file is read: large enough for
/// the full speed of a device, small enough that a dozen fit any memory.
pub const PIECE: u64 = 4 << 20;

/// Extents of zeros from this size on are left as the holes that they are.
const HOLE: u64 = 1 << 20;

/// A file from this size on is read ahead by a thread of its own.
pub const LARGE: u64 = 64 << 20;

/// A place of a blob's bytes in an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment {
    pub disc: usize,
    pub start: u64,
    pub offset: u64,
    pub len: u64,
}

impl Segment {
    /// The segment in runs of at most [`PIECE`] bytes.
    pub fn pieces(self) -> impl Iterator<Item = Self> {
        (0..self.len).step_by(PIECE as usize).map(move |done| Self {
            start: self.start + done,
            offset: self.offset + done,
            len: PIECE.min(self.len - done),
            ..self
        })
    }
}

/// A piece of work.
#[derive(Debug)]
pub enum Task {
    /// Extents that follow each other and are written at once; `hash` are those among them (by
    /// index in the image) whose blob has to be hashed.
    Batch { disc: usize, extents: Range<usize>, hash: Vec<usize> },
    /// A blob that is read from its beginning to its end, because it has to be hashed, and
    /// written to its segments, which are sorted by offset and do not overlap.
    Stream { blob: BlobId, segments: Vec<Segment>, parts: bool },
    /// A piece of a blob whose digest is known.
    Copy { blob: BlobId, segment: Segment },
    /// A run of a blob that may be shared with the source.
    Clone { blob: BlobId, segment: Segment, hash: bool },
}

/// What is known of blobs without reading them.
pub struct Known<'a> {
    pub scan: &'a Scan,
    pub cache: &'a HashCache,
    pub digests: &'a Digests,
}

impl Known<'_> {
    /// Whether every digest that is asked for is known and true.
    fn digests(&self, blob: BlobId) -> bool {
        let sha1 = self.digests.sha1.is_empty() || self.digests.sha1(blob).is_some();
        self.scan.index.blob(blob).digest_checked && sha1
    }

    /// Whether the sums of the stripes are known; notes them if they are.
    fn stripes(&self, blob: BlobId) -> bool {
        let stripes = self.cache.stripes(&self.scan.sources.key(blob));
        stripes.inspect(|stripes| self.digests.stripes.set(blob, 0, stripes)).is_some()
    }
}

/// Sorts the extents of all images into tasks, the largest streams first.
pub fn schedule(
    images: &[Image<super::MediaBlob>],
    targets: &[Target],
    known: &Known<'_>,
) -> Vec<Task> {
    let mut schedule = Schedule {
        scan: known.scan,
        known,
        hashed: HashSet::new(),
        streams: HashMap::new(),
        tasks: Vec::new(),
    };
    for (disc, image) in images.iter().enumerate() {
        schedule.image(disc, image, &targets[disc].clones);
    }
    schedule.finish()
}

struct Schedule<'a> {
    scan: &'a Scan,
    known: &'a Known<'a>,
    /// Blobs that some task hashes.
    hashed: HashSet<BlobId>,
    streams: HashMap<BlobId, Vec<Segment>>,
    tasks: Vec<Task>,
}

impl Schedule<'_> {
    fn image(&mut self, disc: usize, image: &Image<MediaBlob>, clonable: &HashSet<u64>) {
        let mut batch = Batch::default();
        let sources = &self.scan.sources;
        let clones =
            |blob, len| len >= ALIGNMENT as u64 && clonable.contains(&sources.stamp(blob).device);
        for (index, extent) in image.extents().iter().enumerate() {
            match extent.source {
                Source::Zeros if batch.is_empty() || extent.len.0 >= HOLE => {
                    self.close(disc, &mut batch);
                }
                Source::Blob { blob: MediaBlob::Late(_), .. } => self.close(disc, &mut batch),
                Source::Blob { blob: MediaBlob::Content(blob), offset }
                    if clones(blob, extent.len.0)
                        || extent.len.0 > PIECE / 4
                        || self.is_cut(blob, extent) =>
                {
                    self.close(disc, &mut batch);
                    let segment = Segment {
                        disc,
                        start: extent.start.0,
                        offset: offset.0,
                        len: extent.len.0,
                    };
                    self.alone(blob, segment, clones(blob, extent.len.0));
                }
                Source::Blob { blob: MediaBlob::Content(blob), .. } => {
                    self.make_room(disc, &mut batch, extent);
                    if self.must_hash(blob) {
                        batch.hash.push(index);
                    }
                    batch.add(index, extent);
                }
                Source::Bytes(_) | Source::Encoded { .. } | Source::Zeros => {
                    self.make_room(disc, &mut batch, extent);
                    batch.add(index, extent);
                }
            }
        }
        self.close(disc, &mut batch);
    }

    fn is_cut(&self, blob: BlobId, extent: &MediaExtent) -> bool {
        self.scan.index.blob(blob).size != extent.len
    }

    /// Whether the bytes of this blob have to be hashed, and no other task does it.
    fn must_hash(&mut self, blob: BlobId) -> bool {
        !self.known.digests(blob) && self.hashed.insert(blob)
    }

    fn alone(&mut self, blob: BlobId, segment: Segment, clones: bool) {
        let size = self.scan.index.blob(blob).size.0;
        let cut = segment.len != size;
        if cut {
            self.streams.entry(blob).or_default().push(segment);
        } else if clones {
            let hash =
                self.must_hash(blob) || !self.known.stripes(blob) && self.hashed.insert(blob);
            self.tasks.push(Task::Clone { blob, segment, hash });
        } else if self.must_hash(blob) {
            self.streams.entry(blob).or_default().push(segment);
        } else {
            self.tasks.extend(segment.pieces().map(|segment| Task::Copy { blob, segment }));
        }
    }

    /// Ends the batch before this extent if it would grow too large.
    fn make_room(&mut self, disc: usize, batch: &mut Batch, extent: &MediaExtent) {
        if batch.len + extent.len.0 > PIECE {
            self.close(disc, batch);
        }
    }

    fn close(&mut self, disc: usize, batch: &mut Batch) {
        let batch = std::mem::take(batch);
        if let Some(extents) = batch.extents {
            self.tasks.push(Task::Batch { disc, extents, hash: batch.hash });
        }
    }

    fn finish(self) -> Vec<Task> {
        let mut streams: Vec<Task> = self
            .streams
            .into_iter()
            .map(|(blob, mut segments)| {
                segments.sort_by_key(|segment| segment.offset);
                let size = self.scan.index.blob(blob).size.0;
                let parts = segments.iter().any(|segment| segment.len != size);
                Task::Stream { blob, segments, parts }
            })
            .collect();
        let size = |task: &Task| match task {
            Task::Stream { blob, .. } => (self.scan.index.blob(*blob).size, *blob),
            _ => unreachable!("only streams are collected here"),
        };
        streams.sort_by_key(|task| std::cmp::Reverse(size(task)));
        streams.extend(self.tasks);
        streams
    }
}

#[derive(Default)]
struct Batch {
    extents: Option<Range<usize>>,
    hash: Vec<usize>,
    len: u64,
}

impl Batch {
    fn is_empty(&self) -> bool {
        self.extents.is_none()
    }

    fn add(&mut self, index: usize, extent: &MediaExtent) {
        self.extents.get_or_insert(index..index).end = index + 1;
        self.len += extent.len.0;
    }
}

/// The devices of the sources with which a target can share blocks.
///
/// Tries to share one block of each: whether it works depends on both file systems and is not told
/// otherwise.
pub fn clonable_devices(image: &Image<MediaBlob>, scan: &Scan, target: &Target) -> HashSet<u64> {
    let mut tried: HashMap<u64, bool> = HashMap::new();
    for extent in image.extents() {
        if let Source::Blob { blob: MediaBlob::Content(blob), offset } = extent.source
            && extent.len.0 >= ALIGNMENT as u64
        {
            let try_one = || -> std::io::Result<()> {
                let source = File::open(scan.sources.path(&scan.index, blob))?;
                // Of a file that is less long than a block nothing would be shared.
                let offset = if scan.sources.composed(blob).is_some() { 0 } else { offset.0 };
                let len = ALIGNMENT as u64;
                Ok(clone_range(&source, offset, len, target.file(), extent.start.0)?)
            };
            tried.entry(scan.sources.stamp(blob).device).or_insert_with(|| try_one().is_ok());
        }
    }
    tried.into_iter().filter(|(_, clones)| *clones).map(|(device, _)| device).collect()
}

/// How many bytes of an image can share their blocks with the sources, as far as alignment allows.
pub fn clonable_bytes(image: &Image<MediaBlob>, scan: &Scan, target: &Target) -> u64 {
    let of_extent = |extent: &MediaExtent| match extent.source {
        Source::Blob { blob: MediaBlob::Content(blob), .. }
            if target.clones.contains(&scan.sources.stamp(blob).device)
                && scan.index.blob(blob).size == extent.len =>
        {
            extent.len.0 / ALIGNMENT as u64 * ALIGNMENT as u64
        }
        _ => 0,
    };
    image.extents().iter().map(of_extent).sum()
}

/// Where each late file lies.
pub fn late_places(images: &[Image<MediaBlob>]) -> HashMap<LateId, Vec<Segment>> {
    let mut places: HashMap<LateId, Vec<Segment>> = HashMap::new();
    for (disc, image) in images.iter().enumerate() {
        for extent in image.extents() {
            if let Source::Blob { blob: MediaBlob::Late(late), offset } = extent.source {
                let (start, len) = (extent.start.0, extent.len.0);
                places.entry(late).or_default().push(Segment {
                    disc,
                    start,
                    offset: offset.0,
                    len,
                });
            }
        }
    }
    places
}

/// The digests that need no reading, and room for the others.
pub fn known_digests(images: &[Image<MediaBlob>], context: &WriteContext<'_>) -> Digests {
    let WriteContext { scan, cache, with_sha1, .. } = *context;
    let whole = scan.index.blobs.iter().map(|blob| match blob.digest {
        Some(digest) if blob.digest_checked => OnceLock::from(digest),
        _ => OnceLock::new(),
    });
    let mut parts = HashMap::new();
    for extent in images.iter().flat_map(Image::extents) {
        if let Source::Blob { blob: MediaBlob::Content(blob), offset } = extent.source
            && scan.index.blob(blob).size != extent.len
        {
            parts.insert((blob, offset.0), OnceLock::new());
        }
    }
    let sha1 = |(id, blob): (u32, &content::Blob)| match blob.size.0 {
        0 => OnceLock::from(Sha1::of(&[])),
        _ if !blob.digest_checked => OnceLock::new(),
        _ => cache.sha1(&scan.sources.key(BlobId(id))).map_or_else(OnceLock::new, OnceLock::from),
    };
    let sha1 = match with_sha1 {
        WithSha1::Yes => (0..).zip(&scan.index.blobs).map(sha1).collect(),
        WithSha1::No => Vec::new(),
    };
    Digests { whole: whole.collect(), stripes: StripeTable::new(&scan.index), sha1, parts }
}
