//! Copying folders with all that is in them.

use std::fs;
use std::io;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

/// What could not be copied, and why.
pub(crate) type Failed = (PathBuf, io::Error);

/// Copies what is in a folder into another, over what is there: files with their modes, links as
/// links. `except` stays behind.
pub(crate) fn copy(from: &Path, to: &Path, except: Option<&Path>) -> Result<(), Failed> {
    for entry in entries(from)? {
        if except == Some(&entry) {
            continue;
        }
        let failed = |error| (entry.clone(), error);
        let target = to.join(entry.file_name().unwrap_or_default());
        let kind = fs::symlink_metadata(&entry).map_err(failed)?.file_type();
        if kind.is_dir() {
            fs::create_dir_all(&target).map_err(failed)?;
            copy(&entry, &target, except)?;
        } else if kind.is_symlink() {
            fs::read_link(&entry).and_then(|link| symlink(link, &target)).map_err(failed)?;
        } else {
            fs::copy(&entry, &target).map_err(failed)?;
        }
    }
    Ok(())
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>, Failed> {
    let list = || -> io::Result<Vec<PathBuf>> {
        fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect()
    };
    list().map_err(|error| (folder.to_owned(), error))
}
