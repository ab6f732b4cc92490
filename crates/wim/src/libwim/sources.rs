//! Sources under names that sort in their order.
//!
//! libwim writes file data in the order of the sources' paths on the host. Where contents lie in
//! several folders, moving one would change the bytes of a WIM of equal files. So each source is
//! reached through a symbolic link of its own, whose names sort as the sources were given.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::Error;

/// Links to the folders of sources; removed with the value.
#[derive(Debug)]
pub(super) struct Links {
    room: TempDir,
    /// The folder behind each link.
    folders: Vec<PathBuf>,
}

impl Links {
    pub(super) fn new() -> Result<Self, Error> {
        let room = tempfile::Builder::new().prefix("wim-sources-").tempdir();
        let room = room.map_err(|source| Error::io("create", &std::env::temp_dir(), source))?;
        Ok(Self { room, folders: Vec::new() })
    }

    /// The path through which libwim shall read this file or folder.
    pub(super) fn add(&mut self, source: &Path) -> Result<PathBuf, Error> {
        let found = fs::canonicalize(source).map_err(|error| Error::io("find", source, error))?;
        let (Some(folder), Some(name)) = (found.parent(), found.file_name()) else {
            // The root of the host has no other name.
            return Ok(found);
        };
        let link = self.link(self.folders.len());
        symlink(folder, &link).map_err(|error| Error::io("create", &link, error))?;
        self.folders.push(folder.to_owned());
        Ok(link.join(name))
    }

    /// The path without the link.
    pub(super) fn real(&self, path: PathBuf) -> PathBuf {
        let links = self.folders.iter().enumerate();
        let real = |(number, folder): (usize, &PathBuf)| {
            Some(folder.join(path.strip_prefix(self.link(number)).ok()?))
        };
        links.into_iter().find_map(real).unwrap_or(path)
    }

    /// Ten digits: more than a process has memory for, and all of one length.
    fn link(&self, number: usize) -> PathBuf {
        self.room.path().join(format!("{number:010}"))
    }
}
