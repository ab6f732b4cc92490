//! Writes several small files so that all of them are there, or none.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::{Error, IoContext};

/// A file that is to have this text.
#[derive(Debug)]
pub(crate) struct FileText {
    pub(crate) path: PathBuf,
    pub(crate) text: String,
    /// Whether it must not be there yet, not even since the site was read.
    pub(crate) new: bool,
}

/// A file that has been replaced, and what it held before.
struct Replaced<'f> {
    path: &'f Path,
    before: Option<Vec<u8>>,
}

/// Writes the files; if one of them cannot be written, those before it are put back.
///
/// Each file is whole at every moment: it is written beside its place and renamed. A run that is
/// killed among the renames leaves some files new and some old.
pub(crate) fn write_all(files: &[FileText]) -> Result<(), Error> {
    let mut written = Vec::with_capacity(files.len());
    for file in files {
        written.push(write_beside(file)?);
    }
    let mut replaced: Vec<Replaced> = Vec::with_capacity(files.len());
    for (file, temporary) in files.iter().zip(written) {
        let before = if file.new { None } else { fs::read(&file.path).ok() };
        let named = if file.new {
            temporary.persist_noclobber(&file.path)
        } else {
            temporary.persist(&file.path)
        };
        if let Err(error) = named.map_err(|error| error.error).at("write", &file.path) {
            put_back(&replaced);
            return Err(error);
        }
        replaced.push(Replaced { path: &file.path, before });
    }
    for folder in folders(files) {
        // The renames count only when the folder that holds the names is on the disk.
        fs::File::open(folder).and_then(|folder| folder.sync_all()).at("sync", folder)?;
    }
    Ok(())
}

fn write_beside(file: &FileText) -> Result<NamedTempFile, Error> {
    let folder = file.path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder).at("create", folder)?;
    // The loader leaves out names that begin with a dot.
    let temporary = tempfile::Builder::new().prefix(".tsmedia-").tempfile_in(folder);
    let mut temporary = temporary.at("create a file in", folder)?;
    temporary.write_all(file.text.as_bytes()).at("write", &file.path)?;
    let readable = std::os::unix::fs::PermissionsExt::from_mode(0o644);
    temporary.as_file().set_permissions(readable).at("write", &file.path)?;
    temporary.as_file().sync_all().at("write", &file.path)?;
    Ok(temporary)
}

/// Undoes what can be undone; an error here would only hide the one that led here.
fn put_back(replaced: &[Replaced]) {
    for Replaced { path, before } in replaced {
        let _ = match before {
            Some(bytes) => fs::write(path, bytes),
            None => fs::remove_file(path),
        };
    }
}

fn folders(files: &[FileText]) -> Vec<&Path> {
    let mut folders: Vec<&Path> = files.iter().filter_map(|file| file.path.parent()).collect();
    folders.sort();
    folders.dedup();
    folders
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(folder: &Path, name: &str, text: &str) -> FileText {
        FileText { path: folder.join(name), text: text.into(), new: false }
    }

    #[test]
    fn files_and_their_folders_appear() {
        let folder = tempfile::tempdir().unwrap();
        let files = [file(folder.path(), "a/x", "1"), file(folder.path(), "b", "2")];
        write_all(&files).unwrap();
        assert_eq!(fs::read_to_string(folder.path().join("a/x")).unwrap(), "1");
        assert_eq!(fs::read_to_string(folder.path().join("b")).unwrap(), "2");
        assert_eq!(fs::read_dir(folder.path().join("a")).unwrap().count(), 1);
    }

    #[test]
    fn a_new_file_takes_the_place_of_none() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("there"), "before").unwrap();
        let new = |name: &str| FileText { new: true, ..file(folder.path(), name, "after") };
        write_all(&[new("first"), new("there")]).unwrap_err();
        assert_eq!(fs::read_to_string(folder.path().join("there")).unwrap(), "before");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        write_all(&[new("first")]).unwrap();
    }

    #[test]
    fn a_file_that_cannot_be_written_leaves_the_others_as_they_were() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("old"), "before").unwrap();
        // A folder in the place of a file: the rename onto it fails.
        fs::create_dir_all(folder.path().join("taken/inside")).unwrap();
        let files = [
            file(folder.path(), "old", "after"),
            file(folder.path(), "new", "after"),
            file(folder.path(), "taken", "after"),
        ];
        write_all(&files).unwrap_err();
        assert_eq!(fs::read_to_string(folder.path().join("old")).unwrap(), "before");
        assert!(!folder.path().join("new").exists());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    }
}
