//! Bytes of images that are read back, whatever holds them.

use std::fmt;
use std::io::{self, Read};

/// The bytes of an image, readable at any offset and by several threads.
///
/// No crate of formats opens a file: a caller implements the trait for a file, a device or a
/// mapping.
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

/// Why the bytes of a structure could not be had.
#[derive(Debug)]
pub enum BytesError {
    /// They cannot be read.
    Io {
        /// What was being read.
        structure: &'static str,
        /// Where it starts, in bytes from the start of the image.
        offset: u64,
        /// What the source of the image said.
        source: io::Error,
    },
    /// They end behind the end of the image.
    Truncated {
        /// What was being read.
        structure: &'static str,
        /// Where it starts, in bytes from the start of the image.
        offset: u64,
        /// How long it says it is, in bytes.
        len: u64,
    },
}

impl fmt::Display for BytesError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io { structure, offset, .. } => {
                write!(f, "{structure} at byte {offset} cannot be read")
            }
            Self::Truncated { structure, offset, len } => write!(
                f,
                "{structure} at byte {offset} has {len} bytes and ends behind the end of the image"
            ),
        }
    }
}

impl std::error::Error for BytesError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io { source, .. } => Some(source),
            Self::Truncated { .. } => None,
        }
    }
}

/// Fails unless `len` bytes from `offset` on lie in the image; `structure` is what an error calls
/// them.
pub fn check_inside(
    image: &dyn ReadAt,
    structure: &'static str,
    offset: u64,
    len: u64,
) -> Result<(), BytesError> {
    match offset.checked_add(len) {
        Some(end) if end <= image.len() => Ok(()),
        _ => Err(BytesError::Truncated { structure, offset, len }),
    }
}

/// Reads `buf.len()` bytes at `offset`; `structure` is what an error calls them.
pub fn read_exact(
    image: &dyn ReadAt,
    structure: &'static str,
    offset: u64,
    buf: &mut [u8],
) -> Result<(), BytesError> {
    check_inside(image, structure, offset, buf.len() as u64)?;
    image.read_exact_at(offset, buf).map_err(|source| BytesError::Io { structure, offset, source })
}

/// How much is read at once where reading goes forward: metadata lies in long runs, and a system
/// call for each piece of them would cost more than the parsing.
const RUN_BYTES: u64 = 64 * 1024;

/// How much is read at once after a jump.
const JUMP_BYTES: u64 = 4096;

/// A part of an image that is held in memory, so that neighbours need no new read.
pub struct Window<'a> {
    image: &'a dyn ReadAt,
    start: u64,
    bytes: Vec<u8>,
}

impl<'a> Window<'a> {
    /// A window that holds nothing yet.
    pub fn new(image: &'a dyn ReadAt) -> Self {
        Self { image, start: 0, bytes: Vec::new() }
    }

    /// The `len` bytes at `offset`; `structure` is what an error calls them.
    ///
    /// The window grows to `len` and no further; callers keep it to that of a cluster or a few KiB.
    pub fn get(
        &mut self,
        structure: &'static str,
        offset: u64,
        len: usize,
    ) -> Result<&[u8], BytesError> {
        check_inside(self.image, structure, offset, len as u64)?;
        let end = offset + len as u64;
        let window_end = self.start + self.bytes.len() as u64;
        if offset < self.start || end > window_end {
            let forward = (self.start..=window_end).contains(&offset);
            let ahead = if forward { RUN_BYTES } else { JUMP_BYTES };
            let fill = ahead.max(len as u64).min(self.image.len() - offset);
            self.bytes.clear();
            self.bytes.resize(fill as usize, 0);
            if let Err(source) = self.image.read_exact_at(offset, &mut self.bytes) {
                self.bytes.clear();
                return Err(BytesError::Io { structure, offset, source });
            }
            self.start = offset;
        }
        let from = (offset - self.start) as usize;
        Ok(&self.bytes[from..from + len])
    }
}

/// A run of a file's bytes in the image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DataExtent {
    /// Where the run starts, in bytes from the start of the image.
    pub offset: u64,
    /// Its length in bytes; never 0.
    pub len: u64,
}

/// Reads the bytes of runs, one run after the other.
pub struct ExtentReader<'a> {
    image: &'a dyn ReadAt,
    /// What is left to read, the last extent first.
    extents: Vec<DataExtent>,
}

impl<'a> ExtentReader<'a> {
    /// Reads these runs of `image`, in their order.
    pub fn new(image: &'a dyn ReadAt, extents: &[DataExtent]) -> Self {
        Self { image, extents: extents.iter().rev().copied().collect() }
    }
}

impl Read for ExtentReader<'_> {
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
