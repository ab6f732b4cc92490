//! Reads files that must stay as they were listed.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::os::unix::fs::FileExt;
use std::path::Path;

use crate::progress::Cancel;
use crate::stamp::FileStamp;
use crate::{Error, IoContext};

/// Opens a file that must still have this stamp.
pub(crate) fn open_unchanged(path: &Path, stamp: &FileStamp) -> Result<File, Error> {
    let file = File::open(path).at("open", path)?;
    check_unchanged(&file, path, stamp)?;
    Ok(file)
}

/// Checks that an open file still has the stamp that it was listed with.
pub(crate) fn check_unchanged(file: &File, path: &Path, stamp: &FileStamp) -> Result<(), Error> {
    let now = FileStamp::of(&file.metadata().at("look at", path)?);
    if now != *stamp {
        return Err(Error::Changed { path: path.to_owned() });
    }
    Ok(())
}

/// How much is read at once: large enough that the calls do not count, small enough for a cache.
const READ: usize = 256 * 1024;

/// Reads a whole file in order, and makes sure that it did not change on the way.
pub(crate) fn read_whole(
    path: &Path,
    stamp: &FileStamp,
    cancel: &Cancel,
    mut each: impl FnMut(&[u8]),
) -> Result<(), Error> {
    let mut file = open_unchanged(path, stamp)?;
    let mut buffer = vec![0; READ.min(stamp.size as usize).max(1)];
    let mut total = 0;
    loop {
        cancel.check()?;
        let count = file.read(&mut buffer).at("read", path)?;
        if count == 0 {
            break;
        }
        total += count as u64;
        each(&buffer[..count]);
    }
    if total != stamp.size {
        return Err(Error::Changed { path: path.to_owned() });
    }
    check_unchanged(&file, path, stamp)
}

/// Fills `bytes` from this offset on; a file that ends before is one that changed.
pub(crate) fn read_exact(
    file: &File,
    path: &Path,
    bytes: &mut [u8],
    offset: u64,
) -> Result<(), Error> {
    match file.read_exact_at(bytes, offset) {
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => {
            Err(Error::Changed { path: path.to_owned() })
        }
        result => result.at("read", path),
    }
}
