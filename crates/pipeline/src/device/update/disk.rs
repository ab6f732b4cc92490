//! A device as the FAT32 readers and the editor want it, past the page cache.

use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use image::read::ReadAt;

use crate::write::{ALIGNMENT, Buffer};
use crate::{Error, IoContext};

/// What is read at once for the file system's structures.
const BLOCK: u64 = 64 * 1024;

/// How many blocks are kept: 8 MiB, of each of several devices.
const BLOCKS: usize = 128;

/// An open device, and what was lately read of it.
pub struct Disk {
    file: File,
    path: PathBuf,
    /// How much of the device counts: what the volume and its partition table say.
    len: u64,
    device_len: u64,
    blocks: Mutex<HashMap<u64, Buffer>>,
    written: AtomicU64,
}

impl Disk {
    /// Takes a device that was opened for direct I/O, of `device_len` bytes.
    pub fn new(file: File, path: &Path, device_len: u64) -> Self {
        Self {
            file,
            path: path.to_owned(),
            len: device_len,
            device_len,
            blocks: Mutex::default(),
            written: AtomicU64::new(0),
        }
    }

    /// Lets the readers see the first `len` bytes only.
    pub fn set_len(&mut self, len: u64) {
        self.len = len.min(self.device_len);
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// How many bytes were written so far.
    pub fn written(&self) -> u64 {
        self.written.load(Ordering::Relaxed)
    }

    /// Forgets what was read, so that it is read from the device again.
    pub fn forget(&self) {
        self.lock().clear();
    }

    /// Writes whole sectors.
    pub fn write(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let mut buffer = Buffer::with_capacity(bytes.len());
        buffer.resize(bytes.len(), 0);
        buffer.bytes_mut().copy_from_slice(bytes);
        {
            let mut blocks = self.lock();
            for block in offset / BLOCK..(offset + bytes.len() as u64).div_ceil(BLOCK) {
                blocks.remove(&block);
            }
        }
        self.written.fetch_add(bytes.len() as u64, Ordering::Relaxed);
        self.file
            .write_all_at(buffer.bytes(), offset)
            .map_err(|error| super::super::write::device_error(error, offset))
    }

    /// Makes what was written durable.
    pub fn sync(&self) -> Result<(), Error> {
        self.file.sync_all().map_err(io::Error::other).at("make durable", &self.path)
    }

    /// Reads file data: `len` bytes from a sector's start on. What lies beside little of it is kept,
    /// as small files follow each other.
    pub fn read_data(&self, offset: u64, len: usize, buffer: &mut Buffer) -> io::Result<()> {
        if (len as u64) < BLOCK {
            buffer.resize(len, 0);
            return self.read_exact_at(offset, buffer.bytes_mut());
        }
        let whole = (len as u64).next_multiple_of(ALIGNMENT as u64).min(self.device_len - offset);
        buffer.resize(whole as usize, 0);
        self.file.read_exact_at(buffer.bytes_mut(), offset)?;
        buffer.resize(len, 0);
        Ok(())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<u64, Buffer>> {
        self.blocks.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn read_block(&self, block: u64) -> io::Result<Buffer> {
        let start = block * BLOCK;
        let len = BLOCK.min(self.device_len - start) as usize;
        let mut buffer = Buffer::with_capacity(len);
        buffer.resize(len, 0);
        self.file.read_exact_at(buffer.bytes_mut(), start)?;
        Ok(buffer)
    }
}

impl ReadAt for Disk {
    fn read_exact_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<()> {
        let end = offset.checked_add(buf.len() as u64).filter(|end| *end <= self.len);
        let end = end.ok_or(io::ErrorKind::UnexpectedEof)?;
        let mut blocks = self.lock();
        let mut at = offset;
        while at < end {
            let block = at / BLOCK;
            if !blocks.contains_key(&block) {
                if blocks.len() >= BLOCKS {
                    blocks.clear();
                }
                blocks.insert(block, self.read_block(block)?);
            }
            let Some(buffer) = blocks.get(&block) else { continue };
            let until = end.min((block + 1) * BLOCK);
            let from = (at - block * BLOCK) as usize;
            let part = &buffer.bytes()[from..from + (until - at) as usize];
            buf[(at - offset) as usize..(until - offset) as usize].copy_from_slice(part);
            at = until;
        }
        Ok(())
    }

    fn len(&self) -> u64 {
        self.len
    }
}
