//! One digest for a whole tree.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use sha2::{Digest, Sha256};

use crate::Error;

/// What a tree holds, and a digest that changes with any path, size or byte of its files.
///
/// Folders without files, time stamps and modes are not part of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TreeDigest {
    /// Regular files.
    pub files: u64,
    /// Sum of the files' sizes.
    pub bytes: u64,
    /// SHA-256, in hexadecimal digits, over one record a file, sorted by the bytes of the path:
    /// path with `/` between names, NUL, size in decimal digits, NUL, SHA-256 of the content in
    /// hexadecimal digits, line feed.
    pub sha256: String,
}

/// A file's part in the digest of its tree.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct FileRecord {
    pub path: String,
    pub size: u64,
    pub sha256: String,
}

impl TreeDigest {
    /// Reads every regular file below `root`, on all cores.
    pub fn of_folder(root: &Path) -> Result<Self, Error> {
        let mut paths = Vec::new();
        collect_files(root, &mut paths)?;
        let records = paths
            .into_par_iter()
            .map(|path| {
                let (size, sha256) = hash_file(&path)?;
                let relative = path.strip_prefix(root).unwrap_or(&path);
                Ok(FileRecord { path: relative.to_string_lossy().into_owned(), size, sha256 })
            })
            .collect::<Result<Vec<_>, Error>>()?;
        Ok(Self::of_records(records))
    }

    pub(crate) fn of_records(mut records: Vec<FileRecord>) -> Self {
        records.par_sort_unstable();
        let mut hasher = Sha256::new();
        for record in &records {
            let line = format!("{}\0{}\0{}\n", record.path, record.size, record.sha256);
            hasher.update(line.as_bytes());
        }
        Self {
            files: records.len() as u64,
            bytes: records.iter().map(|record| record.size).sum(),
            sha256: hex(&hasher.finalize()),
        }
    }
}

/// The size and SHA-256 of one file.
pub(crate) fn hash_file(path: &Path) -> Result<(u64, String), Error> {
    let read_error = |source| Error::Read { path: path.to_owned(), source };
    let mut file = File::open(path).map_err(read_error)?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 1 << 18];
    let mut size = 0;
    loop {
        let read = file.read(&mut buffer).map_err(read_error)?;
        if read == 0 {
            return Ok((size, hex(&hasher.finalize())));
        }
        size += read as u64;
        hasher.update(&buffer[..read]);
    }
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn collect_files(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), Error> {
    let read_error = |source| Error::Read { path: folder.to_owned(), source };
    for entry in fs::read_dir(folder).map_err(read_error)? {
        let entry = entry.map_err(read_error)?;
        let kind = entry.file_type().map_err(read_error)?;
        if kind.is_dir() {
            collect_files(&entry.path(), files)?;
        } else if kind.is_file() {
            files.push(entry.path());
        }
    }
    Ok(())
}
