//! An image on disk, opened for the readers.

use std::fs::File;
use std::io::{self, Seek, SeekFrom};
use std::os::unix::fs::{FileExt, FileTypeExt};
use std::path::{Path, PathBuf};

use iso9660_writer::read::{IsoReader, Namespace, ReadAt, find};

use crate::{Error, IoContext};

/// An open image.
#[derive(Debug)]
pub struct ImageFile {
    path: PathBuf,
    file: File,
    len: u64,
}

impl ImageFile {
    /// Opens an image, or a device that holds one.
    ///
    /// A device is longer than the image on it: what counts is the length that the volume says.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let mut file = File::open(path).at("open", path)?;
        let metadata = file.metadata().at("look at", path)?;
        if metadata.is_dir() {
            let message = "is a folder; give the path of an image".to_owned();
            return Err(Error::Input { path: path.to_owned(), message });
        }
        // All metadata lies in one run at the start, and is read in order. Advice may be refused.
        let _ = rustix::fs::fadvise(&file, 0, None, rustix::fs::Advice::Sequential);
        let mut len = metadata.len();
        if metadata.file_type().is_block_device() {
            let device = file.seek(SeekFrom::End(0)).at("look at", path)?;
            let whole = Self { path: path.to_owned(), file, len: device };
            len = IsoReader::open(&whole).map_or(device, |iso| iso.volume_bytes().min(device));
            file = whole.file;
        }
        Ok(Self { path: path.to_owned(), file, len })
    }

    /// Its path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Reads a file of the image into memory, if it is there and not larger than `max`.
    pub fn read_file(&self, path: &str, max: u64) -> Result<Option<Vec<u8>>, Error> {
        let Some(entry) = self.find(path) else { return Ok(None) };
        if entry.is_directory() || entry.len > max {
            return Ok(None);
        }
        let mut bytes = vec![0; entry.len as usize];
        let mut done = 0;
        for extent in &entry.extents {
            let end = done + extent.len as usize;
            self.read_exact_at(extent.offset, &mut bytes[done..end]).at("read", &self.path)?;
            done = end;
        }
        Ok(Some(bytes))
    }

    /// The entry at this path, in UDF or, without it, in Rock Ridge.
    fn find(&self, path: &str) -> Option<iso9660_writer::read::Entry> {
        [Namespace::Udf, Namespace::RockRidge, Namespace::Joliet]
            .into_iter()
            .find_map(|namespace| find(self, namespace, path).ok())
    }
}

impl ReadAt for ImageFile {
    fn read_exact_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<()> {
        self.file.read_exact_at(buf, offset)
    }

    fn len(&self) -> u64 {
        self.len
    }
}
