use std::io::{self, Read};

use image::read::ExtentReader;

use super::{Entry, ReadAt};

/// Reads a file's bytes in order.
pub struct FileReader<'a>(ExtentReader<'a>);

impl<'a> FileReader<'a> {
    /// Reads the data of `entry`, which must come from `image`; a directory has none.
    pub fn new(image: &'a dyn ReadAt, entry: &Entry) -> Self {
        Self(ExtentReader::new(image, &entry.extents))
    }
}

impl Read for FileReader<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.0.read(buf)
    }
}
