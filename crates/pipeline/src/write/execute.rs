//! Performs the tasks of a schedule.
//!
//! Threads that read and hash fill buffers, other threads write them: a device that is waited for
//! does not keep a core from hashing.

use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use content::{BlobId, ContentIndex};
use crossbeam_channel::{Receiver, Sender, bounded};
use image::{Image, Source};

use super::buffer::{ALIGNMENT, Buffer, Pool};
use super::clone::{cannot_clone, clone_range};
use super::schedule::{LARGE, MediaBlob, PIECE, Segment, Task};
use super::target::Target;
use super::{Digests, MethodBytes, WriteContext};
use crate::blob_source::BlobSource;
use crate::checksum::{Checksum, Checksummer, WithSha1, stripes_of};
use crate::progress::{Amount, Phase};
use crate::{ContentFile, Error, IoContext};

/// Writes that wait for the device at the same time.
const WRITERS: usize = 4;

/// A filled buffer on its way to the device.
struct Filled {
    disc: usize,
    start: u64,
    buffer: Buffer,
}

pub fn run(
    tasks: &[Task],
    images: &[Image<MediaBlob>],
    targets: &[Target],
    digests: &Digests,
    context: &WriteContext<'_>,
) -> Result<MethodBytes, Error> {
    let readers = thread::available_parallelism().map_or(2, usize::from);
    let bytes = images.iter().map(|image| image.len().0).sum();
    context.progress.begin(Phase::Write, Amount { bytes, files: 0 });
    let (filled, to_write) = bounded(WRITERS);
    let run = Run {
        tasks,
        images,
        targets,
        digests,
        context,
        pool: Pool::new(readers * 3 + WRITERS * 2, PIECE as usize),
        next: AtomicUsize::new(0),
        failed: AtomicBool::new(false),
        error: Mutex::new(None),
        methods: Mutex::new(MethodBytes::default()),
    };
    thread::scope(|scope| {
        for _ in 0..WRITERS {
            scope.spawn(|| run.write_all(&to_write));
        }
        for _ in 0..readers {
            let filled = filled.clone();
            let run = &run;
            scope.spawn(move || run.read_all(&filled));
        }
        drop(filled);
    });
    match run.error.into_inner().expect("no thread panics with the lock") {
        Some(error) => Err(error),
        None => Ok(run.methods.into_inner().expect("no thread panics with the lock")),
    }
}

struct Run<'a> {
    tasks: &'a [Task],
    images: &'a [Image<MediaBlob>],
    targets: &'a [Target],
    digests: &'a Digests,
    context: &'a WriteContext<'a>,
    pool: Pool,
    next: AtomicUsize,
    failed: AtomicBool,
    error: Mutex<Option<Error>>,
    methods: Mutex<MethodBytes>,
}

impl Run<'_> {
    fn fail(&self, error: Error) {
        self.error.lock().expect("no thread panics with the lock").get_or_insert(error);
        // After the error itself, so that a thread that stops because of the flag cannot come
        // first with its own.
        self.failed.store(true, Ordering::Release);
    }

    fn write_all(&self, to_write: &Receiver<Filled>) {
        for Filled { disc, start, buffer } in to_write {
            if !self.failed.load(Ordering::Acquire) {
                let bytes = buffer.bytes();
                if !is_zero(bytes)
                    && let Err(error) = self.targets[disc].write(bytes, start)
                {
                    self.fail(error);
                }
                self.context.progress.advance(Amount { bytes: bytes.len() as u64, files: 0 });
            }
            self.pool.give(buffer);
        }
    }

    fn read_all(&self, filled: &Sender<Filled>) {
        let mut methods = MethodBytes::default();
        while let Some(task) = self.tasks.get(self.next.fetch_add(1, Ordering::Relaxed)) {
            if self.failed.load(Ordering::Acquire) {
                break;
            }
            let done = self.context.cancel.check().and_then(|()| self.perform(task, filled));
            match done {
                Ok(done) => methods += done,
                Err(error) => self.fail(error),
            }
        }
        self.count(methods);
    }

    fn count(&self, methods: MethodBytes) {
        *self.methods.lock().expect("no thread panics with the lock") += methods;
    }

    fn perform(&self, task: &Task, filled: &Sender<Filled>) -> Result<MethodBytes, Error> {
        match task {
            Task::Batch { disc, extents, hash } => self.batch(*disc, extents.clone(), hash, filled),
            Task::Stream { blob, segments, parts } => self.stream(*blob, segments, *parts, filled),
            Task::Copy { blob, segment } => self.copy(*blob, *segment, filled),
            Task::Clone { blob, segment, hash } => self.clone(*blob, *segment, *hash, filled),
        }
    }

    fn send(&self, disc: usize, start: u64, buffer: Buffer, filled: &Sender<Filled>) {
        filled.send(Filled { disc, start, buffer }).expect("the writers outlive the readers");
    }

    fn batch(
        &self,
        disc: usize,
        extents: std::ops::Range<usize>,
        hash: &[usize],
        filled: &Sender<Filled>,
    ) -> Result<MethodBytes, Error> {
        let all = self.images[disc].extents();
        let start = all[extents.start].start;
        let end = all[extents.end - 1].end();
        let mut methods = MethodBytes::default();
        let mut buffer = self.pool.take();
        buffer.resize((end - start).0 as usize, start.0);
        let mut encoded = Vec::new();
        let mut result = Ok(());
        for index in extents {
            let extent = &all[index];
            let at = (extent.start - start).0 as usize;
            let bytes = &mut buffer.bytes_mut()[at..at + extent.len.0 as usize];
            match &extent.source {
                Source::Zeros => bytes.fill(0),
                Source::Bytes(source) => bytes.copy_from_slice(source),
                Source::Encoded { encoder, part } => {
                    encoded.clear();
                    encoder.encode(*part, &mut encoded);
                    bytes.copy_from_slice(&encoded);
                }
                Source::Blob { blob: MediaBlob::Content(blob), .. } => {
                    let hash = hash.binary_search(&index).is_ok();
                    result = self.small(*blob, bytes, hash);
                    if result.is_err() {
                        break;
                    }
                }
                Source::Blob { blob: MediaBlob::Late(_), .. } => {
                    unreachable!("the schedule leaves late files out")
                }
            }
            match extent.source {
                Source::Blob { .. } => methods.copied += extent.len.0,
                _ => methods.encoded += extent.len.0,
            }
        }
        match result {
            Ok(()) => self.send(disc, start.0, buffer, filled),
            Err(_) => self.pool.give(buffer),
        }
        result.map(|()| methods)
    }

    /// Reads a whole small file, and hashes it if nobody did.
    fn small(&self, blob: BlobId, bytes: &mut [u8], hash: bool) -> Result<(), Error> {
        let source = BlobSource::open(self.context.scan, blob)?;
        source.read_exact(bytes, 0)?;
        source.check_unchanged()?;
        if hash {
            return self.learn(blob, source.path(), &Checksum::of(bytes, self.context.with_sha1));
        }
        self.digests.stripes.set(blob, 0, &stripes_of(bytes));
        Ok(())
    }

    fn learn(&self, blob: BlobId, path: &Path, checksum: &Checksum) -> Result<(), Error> {
        let found = checksum.digest;
        if let Some(stated) = self.context.scan.index.blob(blob).digest
            && stated != found
        {
            let file = first_file(&self.context.scan.index, blob);
            return Err(Error::WrongDigest { path: path.to_owned(), file, stated, found });
        }
        self.digests.whole[blob.0 as usize].get_or_init(|| found);
        self.digests.stripes.set(blob, 0, &checksum.stripes);
        if let (Some(sha1), Some(place)) = (checksum.sha1, self.digests.sha1.get(blob.0 as usize)) {
            place.get_or_init(|| sha1);
        }
        self.context.cache.learn(self.context.scan.sources.key(blob), checksum);
        for twin in self.context.scan.twins_of(blob) {
            self.context.cache.learn(twin, checksum);
        }
        Ok(())
    }

    fn copy(
        &self,
        blob: BlobId,
        segment: Segment,
        filled: &Sender<Filled>,
    ) -> Result<MethodBytes, Error> {
        let source = BlobSource::open_unchanged(self.context.scan, blob)?;
        let mut buffer = self.pool.take();
        buffer.resize(segment.len as usize, segment.start);
        let read = source
            .read_exact(buffer.bytes_mut(), segment.offset)
            .and_then(|()| source.check_unchanged());
        let stripes = stripes_of(buffer.bytes());
        self.digests.stripes.set(blob, segment.offset, &stripes);
        match read {
            Ok(()) => self.send(segment.disc, segment.start, buffer, filled),
            Err(_) => self.pool.give(buffer),
        }
        read.map(|()| MethodBytes { copied: segment.len, ..Default::default() })
    }

    /// Shares the whole blocks of a segment with the source and copies the rest.
    fn clone(
        &self,
        blob: BlobId,
        segment: Segment,
        hash: bool,
        filled: &Sender<Filled>,
    ) -> Result<MethodBytes, Error> {
        let source = BlobSource::open_unchanged(self.context.scan, blob)?;
        let target = &self.targets[segment.disc];
        let mut cloned = 0;
        // Where the segment has been written up to.
        let mut done = segment.start;
        for (at, offset, len) in source.runs(segment.offset, segment.len) {
            let start = segment.start + (at - segment.offset);
            let first = start.next_multiple_of(ALIGNMENT as u64);
            let end = (start + len) / ALIGNMENT as u64 * ALIGNMENT as u64;
            if end <= first {
                continue;
            }
            let (from, len) = (offset + (first - start), end - first);
            if let Err(error) = clone_range(source.file(), from, len, target.file(), first) {
                if !cannot_clone(error) {
                    return Err(error).at("share the blocks of", source.path());
                }
                return self.stream_or_copy(blob, segment, hash, filled);
            }
            self.copy_between(&source, segment, done..first)?;
            cloned += len;
            done = end;
        }
        self.copy_between(&source, segment, done..segment.start + segment.len)?;
        if hash {
            self.hash_only(blob, &source)?;
        }
        source.check_unchanged()?;
        self.context.progress.advance(Amount { bytes: segment.len, files: 0 });
        Ok(MethodBytes { cloned, copied: segment.len - cloned, ..Default::default() })
    }

    /// Copies what lies in this range of the image and in no shared block.
    fn copy_between(
        &self,
        source: &BlobSource,
        segment: Segment,
        range: std::ops::Range<u64>,
    ) -> Result<(), Error> {
        let mut bytes = Vec::new();
        for start in range.clone().step_by(PIECE as usize) {
            bytes.resize(PIECE.min(range.end - start) as usize, 0);
            source.read_exact(&mut bytes, segment.offset + (start - segment.start))?;
            self.targets[segment.disc].write_plain(&bytes, start)?;
        }
        Ok(())
    }

    fn stream_or_copy(
        &self,
        blob: BlobId,
        segment: Segment,
        hash: bool,
        filled: &Sender<Filled>,
    ) -> Result<MethodBytes, Error> {
        if hash {
            return self.stream(blob, &[segment], false, filled);
        }
        let mut methods = MethodBytes::default();
        for piece in segment.pieces() {
            methods += self.copy(blob, piece, filled)?;
        }
        Ok(methods)
    }

    fn hash_only(&self, blob: BlobId, source: &BlobSource) -> Result<(), Error> {
        let size = self.context.scan.index.blob(blob).size.0;
        let mut sums = Checksummer::new(self.context.with_sha1);
        let mut buffer = self.pool.take();
        buffer.resize(PIECE.min(size) as usize, 0);
        let mut done = 0;
        let mut result = Ok(());
        while done < size && result.is_ok() {
            let len = PIECE.min(size - done) as usize;
            let bytes = &mut buffer.bytes_mut()[..len];
            result = self.context.cancel.check().and_then(|()| source.read_exact(bytes, done));
            sums.update(bytes);
            done += len as u64;
        }
        self.pool.give(buffer);
        result?;
        self.learn(blob, source.path(), &sums.finish())
    }

    /// Reads a blob once, hashes the whole and, where it is cut, each part, and writes it to its
    /// segments.
    fn stream(
        &self,
        blob: BlobId,
        segments: &[Segment],
        parts: bool,
        filled: &Sender<Filled>,
    ) -> Result<MethodBytes, Error> {
        let source = BlobSource::open_unchanged(self.context.scan, blob)?;
        let size = self.context.scan.index.blob(blob).size.0;
        let pieces: Vec<Segment> = segments.iter().flat_map(|segment| segment.pieces()).collect();
        let mut whole = Checksummer::new(self.context.with_sha1);
        let new_part = || Checksummer::new(WithSha1::No);
        let mut part = new_part();
        let mut part_of = 0;
        self.read_ahead(&source, &pieces, size, |piece, buffer| {
            whole.update(buffer.bytes());
            if parts {
                part.update(buffer.bytes());
                let segment = &segments[part_of];
                if piece.offset + piece.len == segment.offset + segment.len {
                    let checksum = std::mem::replace(&mut part, new_part()).finish();
                    self.digests.parts[&(blob, segment.offset)].get_or_init(|| checksum);
                    part_of += 1;
                }
            }
            self.send(piece.disc, piece.start, buffer, filled);
        })?;
        source.check_unchanged()?;
        self.learn(blob, source.path(), &whole.finish())?;
        let copied = segments.iter().map(|segment| segment.len).sum();
        Ok(MethodBytes { copied, ..Default::default() })
    }

    /// Hands the pieces of a file over in order; those of a large file are read by another thread
    /// while the one before is hashed.
    fn read_ahead(
        &self,
        source: &BlobSource,
        pieces: &[Segment],
        size: u64,
        mut each: impl FnMut(&Segment, Buffer),
    ) -> Result<(), Error> {
        let read = |piece: &Segment| {
            self.context.cancel.check()?;
            let mut buffer = self.pool.take();
            buffer.resize(piece.len as usize, piece.start);
            match source.read_exact(buffer.bytes_mut(), piece.offset) {
                Ok(()) => Ok(buffer),
                Err(error) => {
                    self.pool.give(buffer);
                    Err(error)
                }
            }
        };
        if size < LARGE {
            return pieces
                .iter()
                .try_for_each(|piece| read(piece).map(|buffer| each(piece, buffer)));
        }
        thread::scope(|scope| {
            let (ready, next) = bounded(1);
            scope.spawn(move || {
                for piece in pieces {
                    let buffer = read(piece);
                    let failed = buffer.is_err();
                    if ready.send(buffer).is_err() || failed {
                        return;
                    }
                }
            });
            for piece in pieces {
                let buffer = next.recv().expect("the reader sends until it fails")?;
                each(piece, buffer);
                if self.failed.load(Ordering::Acquire) {
                    return Err(Error::Cancelled);
                }
            }
            Ok(())
        })
    }
}

/// The first file with the bytes of a blob: of a library, the path on the host is a digest only.
fn first_file(index: &ContentIndex, blob: BlobId) -> Option<ContentFile> {
    let mut files = index
        .contents
        .iter()
        .flat_map(|content| content.files.iter().map(move |file| (content, file)));
    let (content, file) = files.find(|(_, file)| file.blob == blob)?;
    Some(ContentFile { content: content.id.clone(), path: file.path.clone() })
}

/// Whether there is nothing but zeros, which a new file holds already.
fn is_zero(bytes: &[u8]) -> bool {
    let (words, rest) = bytes.as_chunks::<64>();
    words.iter().all(|word| *word == [0; 64]) && rest.iter().all(|byte| *byte == 0)
}
