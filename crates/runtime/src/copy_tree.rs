//! Copying folders with all that is in them.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use crate::provider::{Host, StepFailure};

/// What could not be copied, and why.
pub(crate) type Failed = (PathBuf, io::Error);

/// Copies a folder for a step: it has its name only when it is whole and on its disk, and takes
/// the place of what was there.
pub(crate) fn copy_whole(from: &Path, to: &Path, host: &mut dyn Host) -> Result<(), StepFailure> {
    told(from, host, |copied| place(from, to, copied))
}

/// Copies a folder for a step into one that may hold other files, which stay.
pub(crate) fn copy_into(from: &Path, to: &Path, host: &mut dyn Host) -> Result<(), StepFailure> {
    told(from, host, |copied| {
        fs::create_dir_all(to).map_err(|error| (to.to_owned(), error))?;
        copy(from, to, None, copied)
    })
}

/// Copies what is in `from` with a copier that is to be told how far it is.
fn told(
    from: &Path,
    host: &mut dyn Host,
    copier: impl FnOnce(&mut dyn FnMut(u64)) -> Result<(), Failed>,
) -> Result<(), StepFailure> {
    let mut copied = 0;
    let done = size_of(from).and_then(|total| {
        copier(&mut |bytes| {
            copied += bytes;
            host.progress(copied, total);
        })
    });
    done.map_err(|(path, error)| {
        StepFailure::new(format!("cannot copy `{}`: {error}", path.display()))
    })
}

fn place(from: &Path, to: &Path, copied: &mut dyn FnMut(u64)) -> Result<(), Failed> {
    let partial = to.with_extension("partial");
    let at = |path: &Path| {
        let path = path.to_owned();
        move |error| (path, error)
    };
    for folder in [&partial, to] {
        match fs::remove_dir_all(folder) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(at(folder)(error)),
            _ => {}
        }
    }
    fs::create_dir_all(&partial).map_err(at(&partial))?;
    copy(from, &partial, None, copied)?;
    let sync = || File::open(&partial).and_then(|it| Ok(rustix::fs::syncfs(it)?));
    sync().map_err(at(&partial))?;
    fs::rename(&partial, to).map_err(at(to))
}

/// Copies what is in a folder into another, over what is there: files with their modes, links as
/// links. `except` stays behind; `copied` is told the bytes of each file.
pub(crate) fn copy(
    from: &Path,
    to: &Path,
    except: Option<&Path>,
    copied: &mut dyn FnMut(u64),
) -> Result<(), Failed> {
    for entry in entries(from)? {
        if except == Some(&entry) {
            continue;
        }
        let failed = |error| (entry.clone(), error);
        let target = to.join(entry.file_name().unwrap_or_default());
        let kind = fs::symlink_metadata(&entry).map_err(failed)?.file_type();
        if kind.is_dir() {
            fs::create_dir_all(&target).map_err(failed)?;
            copy(&entry, &target, except, copied)?;
        } else if kind.is_symlink() {
            fs::read_link(&entry).and_then(|link| symlink(link, &target)).map_err(failed)?;
        } else {
            copied(fs::copy(&entry, &target).map_err(failed)?);
        }
    }
    Ok(())
}

fn size_of(folder: &Path) -> Result<u64, Failed> {
    let mut total = 0;
    for entry in entries(folder)? {
        let facts = fs::symlink_metadata(&entry).map_err(|error| (entry.clone(), error))?;
        total += if facts.is_dir() { size_of(&entry)? } else { facts.len() };
    }
    Ok(total)
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>, Failed> {
    let list = || -> io::Result<Vec<PathBuf>> {
        fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect()
    };
    list().map_err(|error| (folder.to_owned(), error))
}
