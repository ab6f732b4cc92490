//! Files that are read as one, one behind the other.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use crate::{Error, IoContext};

/// One file or several, with their places in the whole.
#[derive(Debug)]
pub struct FileChain(Vec<Link>);

#[derive(Debug)]
struct Link {
    path: PathBuf,
    /// Open all the time, or, one of many, opened for each read.
    file: Option<File>,
    start: u64,
    len: u64,
}

impl Link {
    fn read_exact_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<()> {
        match &self.file {
            Some(file) => file.read_exact_at(bytes, offset),
            None => File::open(&self.path)?.read_exact_at(bytes, offset),
        }
    }
}

impl FileChain {
    /// One file.
    pub fn of(path: &Path, file: File, len: u64) -> Self {
        Self(vec![Link { path: path.to_owned(), file: Some(file), start: 0, len }])
    }

    /// Opens several.
    pub fn open(paths: &[PathBuf]) -> Result<Self, Error> {
        let mut start = 0;
        let mut links = Vec::with_capacity(paths.len());
        for path in paths {
            let file = File::open(path).at("open", path)?;
            let len = file.metadata().at("look at", path)?.len();
            links.push(Link { path: path.clone(), file: Some(file), start, len });
            start += len;
        }
        Ok(Self(links))
    }

    /// Many files of known lengths, which are opened when they are read.
    pub fn of_many(files: impl IntoIterator<Item = (PathBuf, u64)>) -> Self {
        let mut end = 0;
        let link = |(path, len)| {
            let start = end;
            end += len;
            Link { path, file: None, start, len }
        };
        Self(files.into_iter().map(link).collect())
    }

    /// The length of all.
    pub fn len(&self) -> u64 {
        self.0.last().map_or(0, |link| link.start + link.len)
    }

    /// The path, the place and the length of each.
    pub fn parts(&self) -> impl Iterator<Item = (&Path, u64, u64)> {
        self.0.iter().map(|link| (link.path.as_path(), link.start, link.len))
    }

    /// Fills `bytes` with those from this place on.
    pub fn read_exact_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<()> {
        let first = self.0.partition_point(|link| link.start <= offset).saturating_sub(1);
        let (mut offset, mut rest) = (offset, bytes);
        for (number, link) in self.0.iter().enumerate().skip(first) {
            let is_last = number + 1 == self.0.len();
            let left = (link.start + link.len).saturating_sub(offset);
            // The last file says itself that it has ended.
            let now = if is_last { rest.len() } else { rest.len().min(left as usize) };
            let (here, later) = rest.split_at_mut(now);
            link.read_exact_at(here, offset - link.start)?;
            offset += now as u64;
            rest = later;
            if rest.is_empty() {
                return Ok(());
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_go_over_the_ends_of_files() {
        let folder = tempfile::tempdir().unwrap();
        let paths: Vec<PathBuf> = ["abc", "", "defgh"]
            .iter()
            .enumerate()
            .map(|(number, text)| {
                let path = folder.path().join(number.to_string());
                std::fs::write(&path, text).unwrap();
                path
            })
            .collect();
        let chain = FileChain::open(&paths).unwrap();
        assert_eq!(chain.len(), 8);
        for start in 0..8 {
            for end in start..=8 {
                let mut bytes = vec![0; end - start];
                chain.read_exact_at(&mut bytes, start as u64).unwrap();
                assert_eq!(bytes, b"abcdefgh"[start..end]);
            }
        }
        assert!(chain.read_exact_at(&mut [0; 2], 7).is_err());
    }
}
