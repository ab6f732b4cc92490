//! Writes a WIM under a temporary name, finishes it, and gives it its own.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tempfile::TempDir;
use wimlib_sys as sys;

use super::failure::{failure, path_text};
use super::ffi::set_level;
use super::finish::finish;
use super::options::{Compression, WriteOptions};
use super::watch::{Observe, Watch};
use super::wim::Wim;
use crate::{Algorithm, Error};

/// libwim has one compression level for the whole process.
static LEVEL: Mutex<()> = Mutex::new(());

/// The compression level while a WIM is written; reset when it ends.
struct Level {
    algorithm: Algorithm,
    _only: MutexGuard<'static, ()>,
}

impl Level {
    /// Sets the level, once no other write has one; None where nothing is compressed.
    fn set(compression: &Compression, path: &Path) -> Result<Option<Self>, Error> {
        let algorithm = compression.algorithm;
        if algorithm == Algorithm::None {
            return Ok(None);
        }
        let _only = LEVEL.lock().unwrap_or_else(PoisonError::into_inner);
        let level = Self { algorithm, _only };
        set_level(algorithm, compression.level.unwrap_or(0))
            .map_err(|code| failure(code, "compress", path))?;
        Ok(Some(level))
    }
}

impl Drop for Level {
    fn drop(&mut self) {
        // 0 is always taken.
        let _ = set_level(self.algorithm, 0);
    }
}

impl Wim {
    /// Writes all images to a file, which replaces one that is there.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] if the file cannot be made, [`Error::Library`] if a source cannot be read, the
    /// file cannot be written, or the compression is none that libwim has, [`Error::Damaged`] if
    /// data that is exported is, [`Error::Cancelled`]. In each case there is no new file, and one
    /// that was there is as it was.
    pub fn write(
        &mut self,
        path: &Path,
        options: &WriteOptions,
        observe: Observe<'_>,
    ) -> Result<(), Error> {
        let room = room_beside(path)?;
        let file = room.path().join("wim");
        self.write_images(&file, path, options, observe)?;
        finish(&file, self, options, observe)?;
        if options.sync {
            let sync = File::open(&file).and_then(|file| file.sync_all());
            sync.map_err(|source| Error::io("write", path, source))?;
        }
        fs::rename(&file, path).map_err(|source| Error::io("create", path, source))
    }

    /// Writes all images to the file that the WIM was opened from, which is replaced when the new
    /// one is whole. Resources that are compressed like this are copied.
    ///
    /// # Errors
    ///
    /// As [`Self::write`]; [`Error::Split`] for a split WIM, which has no one file.
    pub fn save(mut self, options: &WriteOptions, observe: Observe<'_>) -> Result<(), Error> {
        if self.is_split {
            return Err(Error::Split { path: self.path });
        }
        let path = self.path.clone();
        self.write(&path, options, observe)
    }

    fn write_images(
        &mut self,
        temporary: &Path,
        path: &Path,
        options: &WriteOptions,
        observe: Observe<'_>,
    ) -> Result<(), Error> {
        let compression = &options.compression;
        let _level = Level::set(compression, path)?;
        let chunk = compression.chunk.map(|chunk| u32::try_from(chunk.0).unwrap_or(u32::MAX));
        self.handle
            .set_output(compression.algorithm, chunk, compression.solid)
            .map_err(|code| failure(code, "compress", path))?;
        // The integrity table is made once the file is what it shall be.
        let mut flags =
            sys::WIMLIB_WRITE_FLAG_NO_CHECK_INTEGRITY | sys::WIMLIB_WRITE_FLAG_NOT_PIPABLE;
        if compression.solid {
            flags |= sys::WIMLIB_WRITE_FLAG_SOLID;
        }
        if options.recompress {
            flags |= sys::WIMLIB_WRITE_FLAG_RECOMPRESS;
        }
        let mut watch = Watch::new(observe);
        if options.fixed.is_some() && compression.algorithm != Algorithm::None {
            watch.quick_metadata = Some(compression.algorithm);
        }
        self.handle
            .write(&path_text(temporary)?, flags, options.threads, &mut watch)
            .map_err(|code| watch.failure(code, "write", path))
    }
}

/// The folder that a file lies in.
pub(super) fn folder_of(path: &Path) -> PathBuf {
    match path.parent() {
        Some(parent) if parent != Path::new("") => parent.to_owned(),
        _ => PathBuf::from("."),
    }
}

/// A folder on the file system of this path, removed with all that is still in it.
///
/// A folder rather than a file, as libwim then makes the file: ext4 flushes a file that was there
/// and is truncated and written, when it is closed.
pub(super) fn room_beside(path: &Path) -> Result<TempDir, Error> {
    tempfile::Builder::new()
        .prefix(".wim-")
        .tempdir_in(folder_of(path))
        .map_err(|source| Error::io("create", path, source))
}
