use std::io;

use super::ReadError;

/// The bytes of a WIM, readable at any offset and by several threads.
///
/// A caller implements it for a file inside an image, a device or a mapping; this crate does for
/// bytes in memory and, on Unix, for files.
pub trait ReadAt: Sync {
    /// Fills `buf` with the bytes from `offset` on.
    ///
    /// Err if any of them lies behind the end or cannot be read; `buf` is unspecified then.
    fn read_exact_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<()>;

    /// The length in bytes.
    fn len(&self) -> u64;

    /// Whether there are no bytes.
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

/// Fails unless `len` bytes from `offset` on lie in the file.
pub(crate) fn check_inside(
    source: &dyn ReadAt,
    structure: &'static str,
    offset: u64,
    len: u64,
) -> Result<(), ReadError> {
    match offset.checked_add(len) {
        Some(end) if end <= source.len() => Ok(()),
        _ => Err(ReadError::Truncated { structure, offset, len }),
    }
}

/// Reads `buf.len()` bytes at `offset`; `structure` is what an error calls them.
pub(crate) fn read_exact(
    source: &dyn ReadAt,
    structure: &'static str,
    offset: u64,
    buf: &mut [u8],
) -> Result<(), ReadError> {
    check_inside(source, structure, offset, buf.len() as u64)?;
    source.read_exact_at(offset, buf).map_err(|source| ReadError::Io { structure, offset, source })
}
