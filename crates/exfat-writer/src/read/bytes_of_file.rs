use std::io::{self, Read};

use super::{DataExtent, Entry, ReadAt};

/// Reads a file's bytes in order.
pub struct FileReader<'a> {
    image: &'a dyn ReadAt,
    /// What is left to read, the last extent first.
    extents: Vec<DataExtent>,
}

impl<'a> FileReader<'a> {
    /// Reads the data of `entry`, which must come from `image`; a directory has none.
    pub fn new(image: &'a dyn ReadAt, entry: &Entry) -> Self {
        Self { image, extents: entry.extents.iter().rev().copied().collect() }
    }
}

impl Read for FileReader<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let Some(extent) = self.extents.last_mut() else { return Ok(0) };
        let len = usize::try_from(extent.len).unwrap_or(usize::MAX).min(buf.len());
        self.image.read_exact_at(extent.offset, &mut buf[..len])?;
        extent.offset += len as u64;
        extent.len -= len as u64;
        if extent.len == 0 {
            self.extents.pop();
        }
        Ok(len)
    }
}
