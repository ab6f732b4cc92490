use std::path::{Path, PathBuf};

use content::ContentId;

use super::LoadError;

/// The folder of a site.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SitePath {
    root: PathBuf,
}

impl SitePath {
    /// Takes a folder that holds a `site.toml`.
    pub fn at(root: &Path) -> Result<Self, LoadError> {
        let site = Self { root: root.to_owned() };
        if site.site_file().is_file() {
            return Ok(site);
        }
        Err(LoadError::NoSite { start: root.to_owned() })
    }

    /// Finds the nearest folder with a `site.toml`, `start` first, then those above it.
    pub fn find(start: &Path) -> Result<Self, LoadError> {
        let absolute = std::path::absolute(start).unwrap_or_else(|_| start.to_owned());
        let found = absolute.ancestors().find(|folder| folder.join("site.toml").is_file());
        match found {
            Some(root) => Ok(Self { root: root.to_owned() }),
            None => Err(LoadError::NoSite { start: start.to_owned() }),
        }
    }

    /// The folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The file that describes the site.
    pub fn site_file(&self) -> PathBuf {
        self.root.join("site.toml")
    }

    /// The folder of the catalog's objects.
    pub fn catalog(&self) -> PathBuf {
        self.root.join("catalog")
    }

    /// The file of an object.
    pub fn object_file(&self, id: &ContentId) -> PathBuf {
        self.catalog().join(format!("{id}.toml"))
    }

    /// The folder of the task sequences.
    pub fn task_sequences(&self) -> PathBuf {
        self.root.join("task-sequences")
    }

    /// The folder of the media definitions.
    pub fn media(&self) -> PathBuf {
        self.root.join("media")
    }

    /// A path as the site's own files write it: relative paths are below the site.
    pub fn resolve(&self, path: &Path) -> PathBuf {
        self.root.join(path)
    }

    /// The name of a file for messages: relative to the site where it lies below it.
    pub fn relative(&self, path: &Path) -> String {
        path.strip_prefix(&self.root).unwrap_or(path).display().to_string()
    }
}
