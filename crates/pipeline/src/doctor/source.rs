//! Where the bytes of a medium's files are taken from.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use image::read::ReadAt;
use iso9660_writer::read::DataExtent;
use wim::read::WimReader;

use super::boot_files::{BootFile, Place};
use crate::image_file::ImageFile;

/// What is being looked at.
pub(super) enum Source {
    /// An image of a file system, or a WIM.
    Image(ImageFile),
    /// A folder of the host.
    Folder(PathBuf),
}

impl Source {
    /// Its path.
    pub(super) fn path(&self) -> &Path {
        match self {
            Self::Image(image) => image.path(),
            Self::Folder(path) => path,
        }
    }

    /// The bytes of a file that is not larger than `max`. `Err` says why not.
    pub(super) fn read(&self, file: &BootFile, max: u64) -> Result<Vec<u8>, String> {
        if file.len > max {
            return Err(format!("has {} bytes, which is more than such a file has", file.len));
        }
        if let (Place::Blob(blob), Self::Image(wim)) = (&file.place, self) {
            let reader = WimReader::open(wim).map_err(|error| error.to_string())?;
            return reader.read_blob(blob, max).map_err(|error| error.to_string());
        }
        let mut bytes = vec![0; file.len as usize];
        let bytes_of = self.open(file)?;
        let read = ReadAt::read_exact_at(&bytes_of, 0, &mut bytes);
        read.map(|()| bytes).map_err(|error| format!("cannot be read: {error}"))
    }

    /// A file whose bytes can be read from anywhere. `Err` says why not.
    pub(super) fn open<'s>(&'s self, file: &'s BootFile) -> Result<OpenFile<'s>, String> {
        let bytes = match (&file.place, self) {
            (Place::Host(path), _) => {
                Bytes::Host(File::open(path).map_err(|error| format!("cannot be opened: {error}"))?)
            }
            (Place::Extents(extents), Self::Image(image)) => Bytes::Image(image, extents),
            (Place::Blob(_), _) => return Err("is compressed in the WIM".to_owned()),
            _ => return Err("lies in another part of the WIM".to_owned()),
        };
        Ok(OpenFile { bytes, len: file.len })
    }
}

/// A file of a medium.
pub(super) struct OpenFile<'s> {
    bytes: Bytes<'s>,
    len: u64,
}

enum Bytes<'s> {
    Host(File),
    Image(&'s ImageFile, &'s [DataExtent]),
}

impl ReadAt for OpenFile<'_> {
    fn read_exact_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<()> {
        match &self.bytes {
            Bytes::Host(file) => file.read_exact_at(buf, offset),
            Bytes::Image(image, extents) => read_runs(extents, offset, buf, image),
        }
    }

    fn len(&self) -> u64 {
        self.len
    }
}

/// Reads bytes that lie in several runs.
fn read_runs(
    extents: &[DataExtent],
    offset: u64,
    mut buf: &mut [u8],
    image: &ImageFile,
) -> io::Result<()> {
    let mut skip = offset;
    for extent in extents {
        if skip >= extent.len {
            skip -= extent.len;
            continue;
        }
        let len = (extent.len - skip).min(buf.len() as u64) as usize;
        let (part, rest) = buf.split_at_mut(len);
        ReadAt::read_exact_at(image, extent.offset + skip, part)?;
        (buf, skip) = (rest, 0);
    }
    if buf.is_empty() { Ok(()) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
}
