use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use content::library::library_file;
use content::{ContentLocation, LocatedFile};
use rayon::prelude::*;

use super::{Library, read_ini};
use crate::{Error, IoContext};

/// Directories within directories: deeper than any real content, so that a loop of links ends.
const DEPTH_MAX: usize = 128;

/// The files and empty directories of a content, as its tree in `DataLib` lists them.
#[derive(Default)]
struct Tree {
    /// The path below the content's root, and the INI file that describes the file.
    files: Vec<(String, PathBuf)>,
    empty_directories: Vec<String>,
    damage: Vec<String>,
}

impl Library {
    /// Finds every file of a content, and says what is broken; does not stop at the first.
    pub(super) fn read(&self, content: &str) -> (ContentLocation, Vec<String>) {
        let mut tree = Tree::default();
        match entry(&self.data, content, false) {
            Some(folder) => tree.directory(&folder, "", 0),
            None => tree.damage.push(format!("`DataLib` has no folder `{content}`")),
        }
        tree.files.sort();
        tree.empty_directories.sort();
        let located: Vec<Result<LocatedFile, String>> =
            tree.files.into_par_iter().map(|(path, ini)| self.file_of(path, &ini)).collect();
        let mut files = Vec::with_capacity(located.len());
        let mut damage = tree.damage;
        for file in located {
            match file {
                Ok(file) => files.push(file),
                Err(problem) => damage.push(problem),
            }
        }
        let empty_directories = tree.empty_directories;
        (ContentLocation::Files { files, empty_directories }, damage)
    }

    fn file_of(&self, path: String, ini: &Path) -> Result<LocatedFile, String> {
        let broken = |why: String| format!("file `{path}`: {why}");
        let stated = read_ini(ini).map_err(|error| broken(error.to_string()))?;
        let stated = library_file(&stated).map_err(|error| {
            broken(format!("its description `{}` is broken: {error}", ini.display()))
        })?;
        let Some(source) = self.file(&stated.digest) else {
            return Err(broken(format!("no `FileLib` holds {}", stated.digest)));
        };
        let size = fs::metadata(&source).map_err(|error| broken(error.to_string()))?.len();
        if size != stated.size {
            let name = source.display();
            let stated = stated.size;
            return Err(broken(format!("`{name}` has {size} bytes, the library says {stated}")));
        }
        Ok(LocatedFile { path, size, digest: stated.digest, source })
    }
}

impl Tree {
    fn directory(&mut self, folder: &Path, prefix: &str, depth: usize) {
        if depth > DEPTH_MAX {
            self.damage.push(format!("folder `{prefix}` lies more than {DEPTH_MAX} folders deep"));
            return;
        }
        let entries: io::Result<Vec<_>> = fs::read_dir(folder).and_then(Iterator::collect);
        let entries = match entries {
            Ok(entries) => entries,
            Err(error) => {
                let folder = folder.display();
                self.damage.push(format!("`{folder}` cannot be listed: {error}"));
                return;
            }
        };
        if entries.is_empty() && !prefix.is_empty() {
            self.empty_directories.push(prefix.trim_end_matches('/').to_owned());
        }
        for entry in entries {
            let name = entry.file_name();
            let Some(name) = name.to_str() else {
                self.damage
                    .push(format!("`{}` has a name that is no UTF-8", entry.path().display()));
                continue;
            };
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                self.directory(&entry.path(), &format!("{prefix}{name}/"), depth + 1);
            } else if let Some(name) = without_ini(name) {
                self.files.push((format!("{prefix}{name}"), entry.path()));
            } else {
                self.damage.push(format!("`{}` is no INI file", entry.path().display()));
            }
        }
    }
}

/// The name without exactly one `.INI`, in any case; a content may itself hold INI files.
fn without_ini(name: &str) -> Option<&str> {
    let at = name.len().checked_sub(4)?;
    let (stem, extension) = (name.get(..at)?, name.get(at..)?);
    (!stem.is_empty() && extension.eq_ignore_ascii_case(".ini")).then_some(stem)
}

/// A sub-folder of this name, in any case.
pub(super) fn folder(root: &Path, name: &str) -> Result<PathBuf, Error> {
    let found = entry(root, name, false);
    found.ok_or_else(|| Error::Input {
        path: root.to_owned(),
        message: format!("is no content library: it has no folder `{name}`"),
    })
}

/// The INI file of this name.
pub(super) fn ini_file(folder: &Path, name: &str) -> Option<PathBuf> {
    entry(folder, &format!("{name}.INI"), true)
}

/// The INI files of a folder and their names without `.INI`.
pub(super) fn ini_files(folder: &Path) -> Result<Vec<(String, PathBuf)>, Error> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).at("list", folder)? {
        let path = entry.at("list", folder)?.path();
        let name = path.file_name().and_then(|name| name.to_str());
        if let Some(stem) = name.and_then(without_ini) {
            files.push((stem.to_owned(), path));
        }
    }
    Ok(files)
}

/// The file or folder of this name, in any case: the library was made where cases do not count.
fn entry(folder: &Path, name: &str, is_file: bool) -> Option<PathBuf> {
    let fits = |path: &Path| if is_file { path.is_file() } else { path.is_dir() };
    let exact = folder.join(name);
    if fits(&exact) {
        return Some(exact);
    }
    let entries = fs::read_dir(folder).ok()?.filter_map(Result::ok);
    let mut found: Vec<PathBuf> = entries
        .filter(|entry| entry.file_name().to_str().is_some_and(|n| n.eq_ignore_ascii_case(name)))
        .map(|entry| entry.path())
        .filter(|path| fits(path))
        .collect();
    found.sort();
    found.into_iter().next()
}
