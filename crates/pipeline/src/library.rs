//! Reads a content library of Configuration Manager.

mod tree;

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use content::library::{Ini, content_version, package_contents};
use content::{ContentId, ContentLocation, Digest};
use rayon::prelude::*;

use crate::{Error, IoContext};

/// The largest INI file that is read: a line has at most a hundred bytes, and a package of a
/// thousand versions is not known.
const INI_MAX: u64 = 1 << 20;

/// A content library: which contents it holds, and where their files are.
#[derive(Debug)]
pub struct Library {
    root: PathBuf,
    data: PathBuf,
    /// The folders that hold files by digest, one for each drive.
    files: Vec<PathBuf>,
    /// By the lower-case name without its version: the contents, the newest last.
    contents: HashMap<String, Vec<LibraryContent>>,
    packages: Vec<LibraryPackage>,
}

/// A content of a library.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LibraryContent {
    /// Its version; 0 if its id has none.
    pub version: u32,
    /// Its id with the version: `ABC00001.3`.
    pub id: String,
}

/// A package of a library.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LibraryPackage {
    /// Its id.
    pub id: String,
    /// The ids of its contents, as listed.
    pub contents: Vec<String>,
}

/// What a library has of a content.
#[derive(Debug)]
pub enum Found {
    /// Every file is there with its size; the digests are checked when the bytes are read.
    Whole {
        /// Where they are.
        location: ContentLocation,
        /// The version.
        version: u32,
        /// The directory hash that the library states, if it does.
        directory_hash: Option<Digest>,
    },
    /// The library lists the content, but these pieces are missing or broken.
    Broken(Vec<String>),
    /// The library does not list the content.
    Nothing,
}

impl Library {
    /// Opens the library in `root`, whose files may lie in a `FileLib` of each of `drives` too.
    ///
    /// Reads every list of packages; a list that cannot be read is an error, because nobody knows
    /// what it would have said.
    pub fn open(root: &Path, drives: &[PathBuf]) -> Result<Self, Error> {
        let folder = |name: &str| tree::folder(root, name);
        let mut files = Vec::new();
        for drive in std::iter::once(root).chain(drives.iter().map(PathBuf::as_path)) {
            files.push(tree::folder(drive, "FileLib")?);
        }
        let lists = tree::ini_files(&folder("PkgLib")?)?;
        let mut packages: Vec<LibraryPackage> = lists
            .into_par_iter()
            .map(|(id, path)| {
                let mut contents = package_contents(&read_ini(&path)?);
                // An id becomes a file name below.
                contents.retain(|content| content.parse::<ContentId>().is_ok());
                Ok(LibraryPackage { id, contents })
            })
            .collect::<Result<_, Error>>()?;
        packages.sort();
        let mut contents: HashMap<String, Vec<LibraryContent>> = HashMap::new();
        for id in packages.iter().flat_map(|package| &package.contents) {
            let (of, version) = content_version(id).unwrap_or((id, 0));
            let content = LibraryContent { version, id: id.clone() };
            contents.entry(of.to_ascii_lowercase()).or_default().push(content);
        }
        contents.values_mut().for_each(|versions| {
            versions.sort();
            versions.dedup();
        });
        Ok(Self { root: root.to_owned(), data: folder("DataLib")?, files, contents, packages })
    }

    /// The folder with `PkgLib`, `DataLib` and `FileLib`.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The packages, sorted by id.
    pub fn packages(&self) -> &[LibraryPackage] {
        &self.packages
    }

    /// Whether the library lists a content of this name: a package id or `Content_…`.
    pub fn holds(&self, name: &str) -> bool {
        self.newest(name).is_some()
    }

    /// The newest content of this name.
    pub fn newest(&self, name: &str) -> Option<&LibraryContent> {
        let (exact, of) = match content_version(name) {
            Some((of, version)) => (Some(version), of),
            None => (None, name),
        };
        let versions = self.contents.get(&of.to_ascii_lowercase())?;
        match exact {
            Some(exact) => versions.iter().find(|content| content.version == exact),
            None => versions.last(),
        }
    }

    /// Finds the files of the newest content of this name, or of exactly this version.
    pub fn locate(&self, name: &str) -> Found {
        let Some(content) = self.newest(name) else { return Found::Nothing };
        let (location, damage) = self.read(&content.id);
        if damage.is_empty() {
            let directory_hash = self.stated_hash(&content.id);
            return Found::Whole { location, version: content.version, directory_hash };
        }
        Found::Broken(damage)
    }

    /// The directory hash that the library states of a content; `None` if it states none.
    fn stated_hash(&self, content: &str) -> Option<Digest> {
        let path = tree::ini_file(&self.data, content)?;
        content::library::content_hash(&read_ini(&path).ok()?).ok()
    }

    /// The file that holds the bytes with this digest, on whichever drive it is.
    fn file(&self, digest: &Digest) -> Option<PathBuf> {
        let lower = digest.to_string();
        let upper = lower.to_ascii_uppercase();
        // The vendor writes upper case; copies on file systems that fold cases may not.
        let named = |root: &PathBuf, name: &str| root.join(&name[..4]).join(name);
        let candidates =
            self.files.iter().flat_map(|root| [named(root, &upper), named(root, &lower)]);
        candidates.into_iter().find(|path| path.is_file())
    }
}

/// Reads an INI file of bounded size.
fn read_ini(path: &Path) -> Result<Ini, Error> {
    let wrong = |message: String| Error::Input { path: path.to_owned(), message };
    if fs::metadata(path).at("look at", path)?.len() > INI_MAX {
        return Err(wrong("is larger than 1 MiB, which no INI file of a library is".into()));
    }
    let bytes = fs::read(path).at("read", path)?;
    Ini::parse(&bytes).map_err(|error| wrong(error.to_string()))
}
