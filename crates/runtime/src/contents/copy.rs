//! Copying and comparing files in one pass: one thread reads, one hashes, and one writes.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use content::Digest;
use sha2::{Digest as _, Sha256};

use super::ContentError;
use super::small_files::copy_small;

/// Large enough that a drive streams, small enough that four of them are nothing.
const BUFFER: usize = 1 << 20;
/// How many buffers are on their way.
const BUFFERS: usize = 4;
/// Files up to this are read as a whole.
pub(super) const SMALL: u64 = BUFFER as u64;

/// A file, or a piece of one, that is copied and compared.
#[derive(Clone, Debug)]
pub(super) struct Job {
    pub source: PathBuf,
    pub len: u64,
    pub digest: Digest,
    pub target: Target,
}

/// Where the bytes go.
#[derive(Clone, Debug)]
pub(super) struct Target {
    pub path: PathBuf,
    /// Where in the file they begin.
    pub offset: u64,
    /// How long the file is once all its pieces are there.
    pub file_len: u64,
}

impl Target {
    pub(super) fn make_directory(&self) -> Result<(), ContentError> {
        fs::create_dir_all(&self.path).map_err(|source| self.unwritable(source))
    }

    /// Opens it to write `len` bytes, with the permissions of their source.
    pub(super) fn open(&self, len: u64, mode: u32) -> Result<File, ContentError> {
        let is_whole = self.offset == 0 && self.file_len == len;
        let mut options = OpenOptions::new();
        // Pieces come in any order, so what is there of others stays.
        options.write(true).create(true).truncate(is_whole);
        // What comes from media is read-only, and is replaced one day.
        options.mode(mode & 0o777 | 0o600);
        let open = || {
            let mut file = match options.open(&self.path) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    fs::create_dir_all(self.path.parent().unwrap_or(Path::new("/")))?;
                    options.open(&self.path)?
                }
                opened => opened?,
            };
            if !is_whole {
                if file.metadata()?.len() != self.file_len {
                    file.set_len(self.file_len)?;
                }
                file.seek(SeekFrom::Start(self.offset))?;
            }
            Ok(file)
        };
        open().map_err(|source| self.unwritable(source))
    }

    pub(super) fn unwritable(&self, source: io::Error) -> ContentError {
        ContentError::Unwritable { path: self.path.clone(), source }
    }
}

/// Copies files in their order, which is that of the medium: a drive is asked for one thing at a
/// time. What was written of one that is wrong is no part of the cache.
///
/// `step` is told the bytes as they go by, and `copied` the number of each job that is done.
pub(super) fn copy_all(
    jobs: &[Job],
    step: &mut dyn FnMut(u64),
    copied: &mut dyn FnMut(usize),
) -> Result<(), ContentError> {
    let mut at = 0;
    while at < jobs.len() {
        let small = jobs[at..].iter().take_while(|job| job.len <= SMALL).count();
        if small > 0 {
            copy_small(&jobs[at..at + small], &mut |number, len| {
                step(len);
                copied(at + number);
            })?;
            at += small;
        } else {
            copy_large(&jobs[at], step)?;
            copied(at);
            at += 1;
        }
    }
    Ok(())
}

fn copy_large(job: &Job, step: &mut dyn FnMut(u64)) -> Result<(), ContentError> {
    let file = Source::open(&job.source, job.len)?;
    let mut sink = Sink { file: job.target.open(job.len, file.mode())?, target: &job.target };
    read_through(file, job.digest, step, Some(&mut sink))
}

/// Reads a file and compares it.
pub(super) fn verify_file(
    path: &Path,
    len: u64,
    digest: Digest,
    step: &mut dyn FnMut(u64),
) -> Result<(), ContentError> {
    read_through(Source::open(path, len)?, digest, step, None)
}

/// Reads a file to its end, compares it, and writes it if there is somewhere to; only a large one
/// is ever written. Whatever takes
/// long goes on at the same time: a drive has to be asked for the next bytes before the last ones
/// are hashed and written.
fn read_through(
    mut source: Source<'_>,
    digest: Digest,
    step: &mut dyn FnMut(u64),
    sink: Option<&mut Sink<'_>>,
) -> Result<(), ContentError> {
    let mut check = Check::new(source.path, source.len);
    if source.len <= SMALL {
        let mut buffer = vec![0; source.len as usize + 1];
        while let Some(read) = source.next(&mut buffer)? {
            check.take(&buffer[..read]);
            step(read as u64);
        }
        return check.finish(digest);
    }
    thread::scope(|scope| {
        let (full, to_hash) = sync_channel::<Buffer>(BUFFERS);
        let (hashed, to_write) = sync_channel::<Buffer>(BUFFERS);
        let (empty, to_fill) = sync_channel::<Vec<u8>>(BUFFERS);
        for _ in 0..BUFFERS {
            // There is room for all of them.
            let _ = empty.send(vec![0; BUFFER]);
        }
        let reader = scope.spawn(move || source.fill(&full, &to_fill));
        let writer = scope.spawn(move || write_all(sink, &to_write, &empty));
        while let Ok((buffer, len)) = to_hash.recv() {
            check.take(&buffer[..len]);
            step(len as u64);
            if hashed.send((buffer, len)).is_err() {
                break;
            }
        }
        drop((to_hash, hashed));
        // A writer that gave up is why the reader had nowhere to put its bytes.
        joined(writer.join())?;
        joined(reader.join())?;
        check.finish(digest)
    })
}

/// Bytes, and how many of them count.
type Buffer = (Vec<u8>, usize);

/// What a thread came to; one that panicked goes on panicking here.
fn joined(ended: thread::Result<Result<(), ContentError>>) -> Result<(), ContentError> {
    ended.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

fn write_all(
    mut sink: Option<&mut Sink<'_>>,
    to_write: &Receiver<Buffer>,
    empty: &SyncSender<Vec<u8>>,
) -> Result<(), ContentError> {
    while let Ok((buffer, len)) = to_write.recv() {
        sink.as_mut().map_or(Ok(()), |sink| sink.write(&buffer[..len]))?;
        // Nobody fills it any more at the end.
        let _ = empty.send(buffer);
    }
    Ok(())
}

/// A file that is written.
struct Sink<'a> {
    file: File,
    target: &'a Target,
}

impl Sink<'_> {
    fn write(&mut self, bytes: &[u8]) -> Result<(), ContentError> {
        self.file.write_all(bytes).map_err(|source| self.target.unwritable(source))
    }
}

/// A file that is read.
pub(super) struct Source<'a> {
    path: &'a Path,
    file: File,
    len: u64,
    mode: u32,
}

impl<'a> Source<'a> {
    pub(super) fn open(path: &'a Path, len: u64) -> Result<Self, ContentError> {
        let file = File::open(path).map_err(|source| unreadable(path, source))?;
        let found = file.metadata().map_err(|source| unreadable(path, source))?;
        if !found.is_file() || found.len() != len {
            let what = format!("it has {} bytes, and should have {len}", found.len());
            return Err(damaged(path, what));
        }
        if len > SMALL {
            // The kernel reads further ahead then; one that does not know how reads all the same.
            let _ = rustix::fs::fadvise(&file, 0, None, rustix::fs::Advice::Sequential);
        }
        Ok(Self { path, file, len, mode: found.mode() })
    }

    /// The permissions of the file.
    pub(super) fn mode(&self) -> u32 {
        self.mode
    }

    /// Reads as much as fits; `None` at the end.
    pub(super) fn next(&mut self, buffer: &mut [u8]) -> Result<Option<usize>, ContentError> {
        let mut filled = 0;
        while filled < buffer.len() {
            match self.file.read(&mut buffer[filled..]) {
                Ok(0) => break,
                Ok(read) => filled += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(unreadable(self.path, error)),
            }
        }
        Ok((filled > 0).then_some(filled))
    }

    fn fill(
        mut self,
        full: &SyncSender<Buffer>,
        to_fill: &Receiver<Vec<u8>>,
    ) -> Result<(), ContentError> {
        while let Ok(mut buffer) = to_fill.recv() {
            let Some(read) = self.next(&mut buffer)? else { break };
            if full.send((buffer, read)).is_err() {
                break;
            }
        }
        Ok(())
    }
}

/// What has been read of a file so far.
pub(super) struct Check<'a> {
    path: &'a Path,
    hash: Sha256,
    len: u64,
    done: u64,
}

impl<'a> Check<'a> {
    pub(super) fn new(path: &'a Path, len: u64) -> Self {
        Self { path, hash: Sha256::new(), len, done: 0 }
    }

    pub(super) fn take(&mut self, bytes: &[u8]) {
        self.hash.update(bytes);
        self.done += bytes.len() as u64;
    }

    pub(super) fn finish(self, digest: Digest) -> Result<(), ContentError> {
        if self.done != self.len {
            return Err(damaged(self.path, format!("it ends after {} bytes", self.done)));
        }
        let found = Digest(self.hash.finalize().into());
        if found != digest {
            let what = format!("its SHA-256 is {found}, and should be {digest}");
            return Err(damaged(self.path, what));
        }
        Ok(())
    }
}

fn unreadable(path: &Path, source: io::Error) -> ContentError {
    ContentError::Unreadable { path: path.to_owned(), disc: String::new(), source }
}

fn damaged(path: &Path, what: String) -> ContentError {
    ContentError::Damaged { path: path.to_owned(), disc: String::new(), what }
}
