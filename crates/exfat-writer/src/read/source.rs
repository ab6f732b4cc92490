use std::io;

use super::ReadError;

/// The bytes of an image, readable at any offset and by several threads.
///
/// This crate opens no file: a caller implements the trait for a file, a device or a mapping.
pub trait ReadAt: Sync {
    /// Fills `buf` with the bytes from `offset` on.
    ///
    /// Err if any of them lies behind the end or cannot be read; `buf` is unspecified then.
    fn read_exact_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<()>;

    /// The length of the image in bytes.
    fn len(&self) -> u64;

    /// Whether the image has no bytes.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl ReadAt for [u8] {
    fn read_exact_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<()> {
        let start = usize::try_from(offset).ok();
        let range = start.and_then(|start| Some(start..start.checked_add(buf.len())?));
        let bytes = range.and_then(|range| self.get(range));
        buf.copy_from_slice(bytes.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    fn len(&self) -> u64 {
        <[u8]>::len(self) as u64
    }
}

impl ReadAt for Vec<u8> {
    fn read_exact_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<()> {
        self[..].read_exact_at(offset, buf)
    }

    fn len(&self) -> u64 {
        self[..].len() as u64
    }
}

impl<T: ReadAt + ?Sized> ReadAt for &T {
    fn read_exact_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<()> {
        (**self).read_exact_at(offset, buf)
    }

    fn len(&self) -> u64 {
        (**self).len()
    }
}

/// How much is read at once where reading goes forward: metadata lies in long runs, and a system
/// call for each piece of them would cost more than the parsing.
const RUN_BYTES: u64 = 64 * 1024;

/// How much is read at once after a jump.
const JUMP_BYTES: u64 = 4096;

/// A part of an image that is held in memory, so that neighbours need no new read.
pub(crate) struct Window<'a> {
    image: &'a dyn ReadAt,
    start: u64,
    bytes: Vec<u8>,
}

impl<'a> Window<'a> {
    pub(crate) fn new(image: &'a dyn ReadAt) -> Self {
        Self { image, start: 0, bytes: Vec::new() }
    }

    /// The `len` bytes at `offset`; `structure` is what an error calls them.
    ///
    /// `len` is at most that of a cluster at every caller, so the window stays small.
    pub(crate) fn get(
        &mut self,
        structure: &'static str,
        offset: u64,
        len: usize,
    ) -> Result<&[u8], ReadError> {
        let end = offset.checked_add(len as u64).filter(|&end| end <= self.image.len());
        let Some(end) = end else {
            return Err(ReadError::Truncated { structure, offset, len: len as u64 });
        };
        let window_end = self.start + self.bytes.len() as u64;
        if offset < self.start || end > window_end {
            let forward = (self.start..=window_end).contains(&offset);
            let ahead = if forward { RUN_BYTES } else { JUMP_BYTES };
            let fill = ahead.max(len as u64).min(self.image.len() - offset);
            self.bytes.clear();
            self.bytes.resize(fill as usize, 0);
            if let Err(source) = self.image.read_exact_at(offset, &mut self.bytes) {
                self.bytes.clear();
                return Err(ReadError::Io { structure, offset, source });
            }
            self.start = offset;
        }
        let from = (offset - self.start) as usize;
        Ok(&self.bytes[from..from + len])
    }
}

/// Reads `buf.len()` bytes at `offset`; `structure` is what an error calls them.
pub(crate) fn read_exact(
    image: &dyn ReadAt,
    structure: &'static str,
    offset: u64,
    buf: &mut [u8],
) -> Result<(), ReadError> {
    let end = offset.checked_add(buf.len() as u64);
    if end.is_none_or(|end| end > image.len()) {
        return Err(ReadError::Truncated { structure, offset, len: buf.len() as u64 });
    }
    image.read_exact_at(offset, buf).map_err(|source| ReadError::Io { structure, offset, source })
}
