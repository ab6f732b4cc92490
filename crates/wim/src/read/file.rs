use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use super::{ReadAt, WimInfo, inspect};
use crate::Error;

/// A WIM in a file, which must not shrink while it is read.
#[derive(Debug)]
pub struct FileSource {
    path: PathBuf,
    file: File,
    len: u64,
}

impl FileSource {
    /// Opens a file for reading.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] if the host refuses, also for a directory.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let at = |verb| move |source| Error::io(verb, path, source);
        let file = File::open(path).map_err(at("open"))?;
        let metadata = file.metadata().map_err(at("look at"))?;
        if metadata.is_dir() {
            return Err(at("read")(io::ErrorKind::IsADirectory.into()));
        }
        Ok(Self { path: path.to_owned(), file, len: metadata.len() })
    }

    /// The file's path, as it was given.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl ReadAt for FileSource {
    fn read_exact_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<()> {
        self.file.read_exact_at(buf, offset)
    }

    fn len(&self) -> u64 {
        self.len
    }
}

/// Reads what a WIM file says of itself: [`inspect`] with the file's name in its errors.
///
/// # Errors
///
/// [`Error::Io`] if the file cannot be opened, [`Error::Read`] as [`inspect`].
pub fn inspect_file(path: &Path) -> Result<WimInfo, Error> {
    let file = FileSource::open(path)?;
    inspect(&file).map_err(|source| Error::Read { path: path.to_owned(), source })
}
