//! Performs the tasks of a schedule.
//!
//! Threads that read and hash fill buffers, other threads write them: a device that is waited for
//! does not keep a core from hashing.

use std::fs::File;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use content::BlobId;
use crossbeam_channel::{Receiver, Sender, bounded};
use image::{Image, Source};

use super::buffer::{ALIGNMENT, Buffer, Pool};
use super::clone::{cannot_clone, clone_range};
use super::schedule::{LARGE, MediaBlob, PIECE, Segment, Task};
use super::target::Target;
use super::{Digests, MethodBytes, WriteContext};
use crate::checksum::{Checksum, Checksummer, WithSha1, stripes_of};
use crate::progress::{Amount, Phase};
use crate::read::{check_unchanged, open_unchanged, read_exact};
use crate::{Error, IoContext};

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
        let path = self.path(blob);
        let file = File::open(&path).at("open", &path)?;
        read_exact(&file, &path, bytes, 0)?;
        check_unchanged(&file, &path, &self.context.scan.sources.stamp(blob))?;
        if hash {
            return self.learn(blob, &path, &Checksum::of(bytes, self.context.with_sha1));
        }
        self.digests.stripes.set(blob, 0, &stripes_of(bytes));
        Ok(())
    }

    fn path(&self, blob: BlobId) -> std::path::PathBuf {
        self.context.scan.sources.path(&self.context.scan.index, blob)
    }

    fn learn(&self, blob: BlobId, path: &Path, checksum: &Checksum) -> Result<(), Error> {
        let found = checksum.digest;
        if let Some(stated) = self.context.scan.index.blob(blob).digest
            && stated != found
        {
            return Err(Error::WrongDigest { path: path.to_owned(), stated, found });
        }
        self.digests.whole[blob.0 as usize].get_or_init(|| found);
        self.digests.stripes.set(blob, 0, &checksum.stripes);
        if let (Some(sha1), Some(place)) = (checksum.sha1, self.digests.sha1.get(blob.0 as usize)) {
            place.get_or_init(|| sha1);
        }
        self.context.cache.learn(self.context.scan.sources.stamp(blob), checksum);
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
        let path = self.path(blob);
        let stamp = self.context.scan.sources.stamp(blob);
        let file = open_unchanged(&path, &stamp)?;
        let mut buffer = self.pool.take();
        buffer.resize(segment.len as usize, segment.start);
        let read = read_exact(&file, &path, buffer.bytes_mut(), segment.offset)
            .and_then(|()| check_unchanged(&file, &path, &stamp));
        let stripes = stripes_of(buffer.bytes());
        self.digests.stripes.set(blob, segment.offset, &stripes);
        match read {
            Ok(()) => self.send(segment.disc, segment.start, buffer, filled),
            Err(_) => self.pool.give(buffer),
        }
        read.map(|()| MethodBytes { copied: segment.len, ..Default::default() })
    }

    fn clone(
        &self,
        blob: BlobId,
        segment: Segment,
        hash: bool,
        filled: &Sender<Filled>,
    ) -> Result<MethodBytes, Error> {
        let path = self.path(blob);
        let stamp = self.context.scan.sources.stamp(blob);
        let file = open_unchanged(&path, &stamp)?;
        let target = &self.targets[segment.disc];
        let whole = segment.len / ALIGNMENT as u64 * ALIGNMENT as u64;
        if whole > 0
            && let Err(error) =
                clone_range(&file, segment.offset, whole, target.file(), segment.start)
        {
            if !cannot_clone(error) {
                return Err(error).at("share the blocks of", &path);
            }
            return self.stream_or_copy(blob, segment, hash, filled);
        }
        let mut tail = vec![0; (segment.len - whole) as usize];
        read_exact(&file, &path, &mut tail, segment.offset + whole)?;
        target.write_plain(&tail, segment.start + whole)?;
        if hash {
            self.hash_only(blob, &path, &file)?;
        }
        check_unchanged(&file, &path, &stamp)?;
        self.context.progress.advance(Amount { bytes: segment.len, files: 0 });
        Ok(MethodBytes { cloned: whole, copied: tail.len() as u64, ..Default::default() })
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

    fn hash_only(&self, blob: BlobId, path: &Path, file: &File) -> Result<(), Error> {
        let size = self.context.scan.index.blob(blob).size.0;
        let mut sums = Checksummer::new(self.context.with_sha1);
        let mut buffer = self.pool.take();
        buffer.resize(PIECE.min(size) as usize, 0);
        let mut done = 0;
        let mut result = Ok(());
        while done < size && result.is_ok() {
            let len = PIECE.min(size - done) as usize;
            let bytes = &mut buffer.bytes_mut()[..len];
            result = self.context.cancel.check().and_then(|()| read_exact(file, path, bytes, done));
            sums.update(bytes);
            done += len as u64;
        }
        self.pool.give(buffer);
        result?;
        self.learn(blob, path, &sums.finish())
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
        let path = self.path(blob);
        let stamp = self.context.scan.sources.stamp(blob);
        let file = open_unchanged(&path, &stamp)?;
        let pieces: Vec<Segment> = segments.iter().flat_map(|segment| segment.pieces()).collect();
        let mut whole = Checksummer::new(self.context.with_sha1);
        let new_part = || Checksummer::new(WithSha1::No);
        let mut part = new_part();
        let mut part_of = 0;
        self.read_ahead(&file, &path, &pieces, stamp.size, |piece, buffer| {
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
        check_unchanged(&file, &path, &stamp)?;
        self.learn(blob, &path, &whole.finish())?;
        let copied = segments.iter().map(|segment| segment.len).sum();
        Ok(MethodBytes { copied, ..Default::default() })
    }

    /// Hands the pieces of a file over in order; those of a large file are read by another thread
    /// while the one before is hashed.
    fn read_ahead(
        &self,
        file: &File,
        path: &Path,
        pieces: &[Segment],
        size: u64,
        mut each: impl FnMut(&Segment, Buffer),
    ) -> Result<(), Error> {
        let read = |piece: &Segment| {
            self.context.cancel.check()?;
            let mut buffer = self.pool.take();
            buffer.resize(piece.len as usize, piece.start);
            match read_exact(file, path, buffer.bytes_mut(), piece.offset) {
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

/// Whether there is nothing but zeros, which a new file holds already.
fn is_zero(bytes: &[u8]) -> bool {
    let (words, rest) = bytes.as_chunks::<64>();
    words.iter().all(|word| *word == [0; 64]) && rest.iter().all(|byte| *byte == 0)
}
