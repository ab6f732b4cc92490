//! Digests of files that were read in earlier runs.
//!
//! One file, sorted by device and inode, so that a lookup is a binary search in a mapping and a
//! million entries cost no memory. Anything odd about it is as good as no cache: it can always be
//! made again.

mod format;

use std::fs::{self, File};
use std::io::BufWriter;
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
    pub fn open(path: &Path) -> Self {
        let known = RwLock::new(Records::open(path));
        Self { path: Some(path.to_owned()), known, ..Self::none() }
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
        let lock_path = path.with_extension("lock");
        let lock = File::create(&lock_path).at("create", &lock_path)?;
        lock.lock().at("lock", &lock_path)?;
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

#[cfg(test)]
mod tests;
