//! Copying and comparing files in one pass: while one thread reads and hashes, another writes.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use content::Digest;
use sha2::{Digest as _, Sha256};

use super::ContentError;

/// Large enough that a drive streams, small enough that four of them are nothing.
const BUFFER: usize = 1 << 20;
/// How many buffers are on their way.
const BUFFERS: usize = 4;
/// Files up to this are not worth a thread.
const SMALL: u64 = BUFFER as u64;

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

    fn open(&self) -> Result<File, ContentError> {
        if let Some(parent) = self.path.parent() {
            fs::create_dir_all(parent).map_err(|source| self.unwritable(source))?;
        }
        let mut options = OpenOptions::new();
        // Pieces come in any order, so what is there of others stays.
        options.write(true).create(true).truncate(false);
        let open = || {
            let mut file = options.open(&self.path)?;
            if file.metadata()?.len() != self.file_len {
                file.set_len(self.file_len)?;
            }
            file.seek(SeekFrom::Start(self.offset))?;
            Ok(file)
        };
        open().map_err(|source| self.unwritable(source))
    }

    fn unwritable(&self, source: io::Error) -> ContentError {
        ContentError::Unwritable { path: self.path.clone(), source }
    }
}

/// Copies a file of `len` bytes that has this digest; what was written of one that has not is no
/// part of the cache. `step` is told the bytes as they go by.
pub(super) fn copy_file(
    source: &Path,
    len: u64,
    digest: Digest,
    target: &Target,
    step: &mut dyn FnMut(u64),
) -> Result<(), ContentError> {
    let mut reader = Reader::open(source, len)?;
    let mut file = target.open()?;
    if len <= SMALL {
        let mut buffer = vec![0; BUFFER.min(len as usize + 1)];
        while let Some(read) = reader.next(&mut buffer)? {
            file.write_all(&buffer[..read]).map_err(|source| target.unwritable(source))?;
            step(read as u64);
        }
    } else {
        copy_with_thread(&mut reader, file, target, step)?;
    }
    reader.finish(digest)
}

fn copy_with_thread(
    reader: &mut Reader<'_>,
    file: File,
    target: &Target,
    step: &mut dyn FnMut(u64),
) -> Result<(), ContentError> {
    let (full, to_write) = sync_channel::<(Vec<u8>, usize)>(BUFFERS);
    let (empty, to_fill) = sync_channel::<Vec<u8>>(BUFFERS);
    for _ in 0..BUFFERS {
        // There is room for all of them.
        let _ = empty.send(vec![0; BUFFER]);
    }
    thread::scope(|scope| {
        let writer = scope.spawn(move || write_all(file, &to_write, &empty));
        let read = fill(reader, &full, &to_fill, step);
        drop(full);
        let written = writer.join().unwrap_or_else(|_| Err(io::ErrorKind::Other.into()));
        // A writer that gave up is why the reader had nowhere to put its bytes.
        written.map_err(|source| target.unwritable(source))?;
        read
    })
}

fn fill(
    reader: &mut Reader<'_>,
    full: &SyncSender<(Vec<u8>, usize)>,
    to_fill: &Receiver<Vec<u8>>,
    step: &mut dyn FnMut(u64),
) -> Result<(), ContentError> {
    while let Ok(mut buffer) = to_fill.recv() {
        let Some(read) = reader.next(&mut buffer)? else { break };
        step(read as u64);
        if full.send((buffer, read)).is_err() {
            break;
        }
    }
    Ok(())
}

fn write_all(
    mut file: File,
    to_write: &Receiver<(Vec<u8>, usize)>,
    empty: &SyncSender<Vec<u8>>,
) -> io::Result<()> {
    while let Ok((buffer, len)) = to_write.recv() {
        file.write_all(&buffer[..len])?;
        // Nobody fills it any more at the end.
        let _ = empty.send(buffer);
    }
    Ok(())
}

/// Reads a file and compares it.
pub(super) fn verify_file(
    path: &Path,
    len: u64,
    digest: Digest,
    step: &mut dyn FnMut(u64),
) -> Result<(), ContentError> {
    let mut reader = Reader::open(path, len)?;
    let mut buffer = vec![0; BUFFER.min(len as usize + 1)];
    while let Some(read) = reader.next(&mut buffer)? {
        step(read as u64);
    }
    reader.finish(digest)
}

/// A file that is hashed while it is read.
struct Reader<'a> {
    path: &'a Path,
    file: File,
    hash: Sha256,
    len: u64,
    done: u64,
}

impl<'a> Reader<'a> {
    fn open(path: &'a Path, len: u64) -> Result<Self, ContentError> {
        let file = File::open(path).map_err(|source| unreadable(path, source))?;
        let found = file.metadata().map_err(|source| unreadable(path, source))?;
        if !found.is_file() || found.len() != len {
            let what = format!("it has {} bytes, and should have {len}", found.len());
            return Err(damaged(path, what));
        }
        Ok(Self { path, file, hash: Sha256::new(), len, done: 0 })
    }

    /// Reads as much as fits; `None` at the end.
    fn next(&mut self, buffer: &mut [u8]) -> Result<Option<usize>, ContentError> {
        let mut filled = 0;
        while filled < buffer.len() {
            match self.file.read(&mut buffer[filled..]) {
                Ok(0) => break,
                Ok(read) => filled += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(unreadable(self.path, error)),
            }
        }
        self.hash.update(&buffer[..filled]);
        self.done += filled as u64;
        Ok((filled > 0).then_some(filled))
    }

    fn finish(self, digest: Digest) -> Result<(), ContentError> {
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
