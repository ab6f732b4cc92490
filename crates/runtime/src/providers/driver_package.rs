use std::fs::{self, File};
use std::io;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use cmtrace::LogType;
use tasksequence::run::{StepEnd, StepRun};

use super::command_words::CommandWords;
use super::done;
use crate::provider::{Host, Provider, StepFailure};

/// Where a system finds the drivers that were laid there for it.
const FOLDER: &str = "usr/lib/tsmedia/drivers";

/// Apply Driver Package: its files go to `/usr/lib/tsmedia/drivers/<id>` of the system that was
/// applied, for a later step or the system's own first start to install.
pub struct ApplyDriverPackage;

impl Provider for ApplyDriverPackage {
    fn run(&self, step: &StepRun, host: &mut dyn Host) -> Result<StepEnd, StepFailure> {
        let words = CommandWords::of(step.action.text());
        let id = words.option("/install:").unwrap_or_default().trim().to_owned();
        let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if id.is_empty() || !id.chars().all(is_plain) {
            return Err(StepFailure::new("the step names no driver package: /install is missing"));
        }
        let system = host.volumes().system().and_then(|volume| volume.mount.clone());
        let Some(root) = system else {
            return Err(StepFailure::new(
                "no operating system was applied yet that drivers could go to: Apply Operating \
                 System has to come first",
            ));
        };
        let content = host.content(&id)?;
        let target = root.join(FOLDER).join(&id);
        copy_whole(&content, &target, host).map_err(|(path, error)| {
            StepFailure::new(format!("cannot copy `{}`: {error}", path.display()))
        })?;
        host.log(LogType::Info, &format!("the drivers are in `{}`", target.display()));
        Ok(done())
    }
}

type Failed = (PathBuf, io::Error);

/// Copies a folder, which has its name only when it is whole and on its disk.
fn copy_whole(from: &Path, to: &Path, host: &mut dyn Host) -> Result<(), Failed> {
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
    let total = size_of(from)?;
    let mut copied = 0;
    copy(from, &partial, &mut |bytes| {
        copied += bytes;
        host.progress(copied, total);
    })?;
    let sync = || File::open(&partial).and_then(|it| Ok(rustix::fs::syncfs(it)?));
    sync().map_err(at(&partial))?;
    fs::rename(&partial, to).map_err(at(to))
}

fn size_of(folder: &Path) -> Result<u64, Failed> {
    let mut total = 0;
    for entry in entries(folder)? {
        let facts = fs::symlink_metadata(&entry).map_err(|error| (entry.clone(), error))?;
        total += if facts.is_dir() { size_of(&entry)? } else { facts.len() };
    }
    Ok(total)
}

fn copy(from: &Path, to: &Path, copied: &mut dyn FnMut(u64)) -> Result<(), Failed> {
    for entry in entries(from)? {
        let failed = |error| (entry.clone(), error);
        let target = to.join(entry.file_name().unwrap_or_default());
        let kind = fs::symlink_metadata(&entry).map_err(failed)?.file_type();
        if kind.is_dir() {
            fs::create_dir(&target).map_err(failed)?;
            copy(&entry, &target, copied)?;
        } else if kind.is_symlink() {
            fs::read_link(&entry).and_then(|link| symlink(link, &target)).map_err(failed)?;
        } else {
            copied(fs::copy(&entry, &target).map_err(failed)?);
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
