//! Digests of files that were read in earlier runs.
//!
//! One file, sorted by device and inode, so that a lookup is a binary search in a mapping and a
//! million entries cost no memory. Anything odd about it is as good as no cache: it can always be
//! made again.

mod format;

use std::fs::{self, File};
use std::io::BufWriter;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, RwLock};

use content::{Digest, StripeSums};
use wim::Sha1;

use crate::checksum::Checksum;
use crate::stamp::{FileStamp, Nanoseconds};
use crate::{Error, IoContext};
use format::{Learnt, Records, Sums};

/// Checksums by file stamp: those of earlier runs, and those learnt in this one.
#[derive(Debug)]
pub struct HashCache {
    path: Option<PathBuf>,
    known: RwLock<Records>,
    learnt: Mutex<Vec<Learnt>>,
    opened: Nanoseconds,
}

impl HashCache {
    /// A cache that knows nothing and is not kept.
    pub fn none() -> Self {
        Self {
            path: None,
            known: RwLock::default(),
            learnt: Mutex::default(),
            opened: Nanoseconds::now(),
        }
    }

    /// The cache in this file. One that is not there or is damaged counts as empty.
    ///
    /// `Err` for a file that is something else, which must not be replaced.
    pub fn open(path: &Path) -> Result<Self, Error> {
        check_replaceable(path)?;
        let known = RwLock::new(Records::open(path));
        Ok(Self { path: Some(path.to_owned()), known, ..Self::none() })
    }

    /// The moment since when files are watched: a file that is not older is hashed each time.
    pub fn opened(&self) -> Nanoseconds {
        self.opened
    }

    /// The digest of the file with this stamp, if it is known and must still be true. What this run
    /// learnt is known once it is written ([`HashCache::flush`]).
    pub fn get(&self, stamp: &FileStamp) -> Option<Digest> {
        self.if_sure(stamp, |known| known.digest(stamp))
    }

    /// The sums of the stripes of a file whose digest is known.
    pub fn stripes(&self, stamp: &FileStamp) -> Option<StripeSums> {
        self.if_sure(stamp, |known| known.stripes(stamp))
    }

    /// The digest by which a WIM names a file, if it was asked for when the file was read.
    pub fn sha1(&self, stamp: &FileStamp) -> Option<Sha1> {
        self.if_sure(stamp, |known| known.sha1(stamp))
    }

    fn if_sure<T>(&self, stamp: &FileStamp, get: impl FnOnce(&Records) -> Option<T>) -> Option<T> {
        if stamp.is_racy_at(self.opened) {
            return None;
        }
        get(&self.known.read().expect("no thread panics with the lock"))
    }

    /// Keeps a checksum for later, unless the file could have changed since without a trace.
    pub fn learn(&self, stamp: FileStamp, checksum: &Checksum) {
        if self.path.is_some() && !stamp.is_racy_at(self.opened) {
            let sums = Sums::of(&checksum.stripes);
            let sha1 = checksum.sha1.unwrap_or(Sha1::ZERO);
            let learnt = Learnt { stamp, digest: checksum.digest, sha1, sums };
            self.learnt.lock().expect("no thread panics with the lock").push(learnt);
        }
    }

    /// Writes what was learnt beside what was known, with one rename, and holds it no longer.
    ///
    /// Of one inode the newer stamp is kept. Does nothing if nothing was learnt.
    pub fn flush(&self) -> Result<(), Error> {
        let Some(path) = &self.path else { return Ok(()) };
        let mut learnt = self.learnt.lock().expect("no thread panics with the lock");
        if learnt.is_empty() {
            return Ok(());
        }
        let folder = path.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(folder).at("create", folder)?;
        // Another run may have saved what it learnt since this one began.
        let lock_path = lock_path(path);
        let mut options = File::options();
        let options = options.write(true).create(true).truncate(false);
        let lock = options.open(&lock_path).at("create", &lock_path)?;
        lock.lock().at("lock", &lock_path)?;
        check_replaceable(path)?;
        let present = Records::open(path);
        learnt.sort_unstable_by_key(|learnt| learnt.stamp);
        let file = tempfile::NamedTempFile::new_in(folder).at("create a file in", folder)?;
        let mut out = BufWriter::new(file);
        format::merge(&present, &learnt, &mut out).at("write", path)?;
        let file = out.into_inner().map_err(|error| error.into_error()).at("write", path)?;
        file.persist(path).map_err(|error| error.error).at("replace", path)?;
        *self.known.write().expect("no thread panics with the lock") = Records::open(path);
        *learnt = Vec::new();
        Ok(())
    }
}

/// A name beside the cache that nothing else has.
fn lock_path(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".tsmedia-lock");
    path.with_file_name(name)
}

/// Fails if there is a file that is neither empty nor a cache of any version.
fn check_replaceable(path: &Path) -> Result<(), Error> {
    let mut start = [0; format::NAME.len()];
    let file = match File::open(path) {
        Ok(file) => file,
        // Whether it can be made is found out when there is something to keep.
        Err(_) => return Ok(()),
    };
    let metadata = file.metadata().at("look at", path)?;
    let is_cache = metadata.is_file()
        && (metadata.len() == 0
            || file.read_exact_at(&mut start, 0).is_ok() && start == *format::NAME);
    if is_cache {
        return Ok(());
    }
    let message = "is no cache of digests; name another file with --cache".to_owned();
    Err(Error::Input { path: path.to_owned(), message })
}

#[cfg(test)]
mod tests;
