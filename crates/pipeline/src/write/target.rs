use std::collections::HashSet;
use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{FallocateFlags, OFlags};
use rustix::io::Errno;

use super::buffer::ALIGNMENT;
use crate::{Error, IoContext};

/// A file that becomes an image. Removed when dropped, unless it is kept.
pub struct Target {
    path: PathBuf,
    plain: File,
    /// The same file, written past the page cache: nothing is left to do at the end, and other
    /// programs keep their cache. `None` where the file system cannot.
    direct: Option<File>,
    /// The devices with whose files this one can share blocks.
    pub clones: HashSet<u64>,
    kept: bool,
}

impl Target {
    pub fn create(path: &Path, len: u64) -> Result<Self, Error> {
        // A file of this name is left from a run that was killed; a new inode is surer than its.
        match fs::remove_file(path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(error).at("remove", path);
            }
            _ => {}
        }
        let mut options = OpenOptions::new();
        options.read(true).write(true);
        let plain = options.clone().create_new(true).open(path).at("create", path)?;
        let path_of_target = path.to_owned();
        let mut target =
            Self { path: path_of_target, plain, direct: None, clones: HashSet::new(), kept: false };
        target.plain.set_len(len).at("extend", path)?;
        target.direct = options.custom_flags(OFlags::DIRECT.bits() as i32).open(path).ok();
        Ok(target)
    }

    /// Reserves the blocks of the whole file, where the file system can.
    pub fn allocate(&self, len: u64) -> Result<(), Error> {
        match rustix::fs::fallocate(&self.plain, FallocateFlags::empty(), 0, len) {
            Ok(()) | Err(Errno::OPNOTSUPP | Errno::NOSYS) => Ok(()),
            Err(error) => Err(error).at("reserve room for", &self.path),
        }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn file(&self) -> &File {
        &self.plain
    }

    /// Writes bytes that lie in memory as in the image, modulo [`ALIGNMENT`]: past the page cache
    /// but for what lies before the first and behind the last multiple.
    pub fn write(&self, bytes: &[u8], offset: u64) -> Result<(), Error> {
        let head = (offset.next_multiple_of(ALIGNMENT as u64) - offset) as usize;
        let (head, rest) = bytes.split_at(head.min(bytes.len()));
        let (whole, tail) = rest.split_at(rest.len() / ALIGNMENT * ALIGNMENT);
        let start = offset + head.len() as u64;
        self.write_plain(head, offset)?;
        match &self.direct {
            Some(direct) if whole.as_ptr().addr().is_multiple_of(ALIGNMENT) => {
                direct.write_all_at(whole, start).at("write", &self.path)?;
            }
            _ => self.write_plain(whole, start)?,
        }
        self.write_plain(tail, start + whole.len() as u64)
    }

    pub fn write_plain(&self, bytes: &[u8], offset: u64) -> Result<(), Error> {
        self.plain.write_all_at(bytes, offset).at("write", &self.path)
    }

    pub fn sync(&self) -> Result<(), Error> {
        self.plain.sync_all().at("make durable", &self.path)
    }

    pub fn keep(mut self) -> PathBuf {
        self.kept = true;
        self.path.clone()
    }
}

impl Drop for Target {
    fn drop(&mut self) {
        if !self.kept {
            // Nobody could do anything about a failure here; the next run removes what is left.
            let _ = fs::remove_file(&self.path);
        }
    }
}
