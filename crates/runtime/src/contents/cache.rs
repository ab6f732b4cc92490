//! The cache: contents that are put together on the target's disk.
//!
//! `<folder>/<id>/…` holds the files, and `<folder>/<id>.json` says which pieces of them are there:
//! it is written after their bytes.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use content::ContentId;

use super::ContentError;

/// A line of a manifest and a piece of its file, from 0 each.
pub(super) type Key = (usize, usize);

pub(super) struct Cache {
    folder: PathBuf,
    held: HashMap<ContentId, BTreeSet<Key>>,
    /// What was already there when the computer was started, and has to be compared before use.
    old: HashSet<ContentId>,
}

impl Cache {
    pub(super) fn open(folder: PathBuf) -> Self {
        let mut cache = Self { folder, held: HashMap::new(), old: HashSet::new() };
        let entries = fs::read_dir(&cache.folder).into_iter().flatten().flatten();
        for entry in entries {
            let path = entry.path();
            let id = path.file_name().and_then(|name| name.to_str()?.strip_suffix(".json"));
            let Some(Ok(id)) = id.map(str::parse::<ContentId>) else { continue };
            // A record that cannot be read counts for nothing: its files are fetched again.
            let held = fs::read(&path).ok().and_then(|text| serde_json::from_slice(&text).ok());
            if let Some(held) = held {
                cache.old.insert(id.clone());
                cache.held.insert(id, held);
            }
        }
        cache
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(super) fn folder_of(&self, id: &ContentId) -> PathBuf {
        self.folder.join(id.as_str())
    }

    pub(super) fn has(&self, id: &ContentId, key: Key) -> bool {
        self.held.get(id).is_some_and(|held| held.contains(&key))
    }

    /// Whether all that is there was compared while it was copied, since the computer was started.
    pub(super) fn is_fresh(&self, id: &ContentId) -> bool {
        !self.old.contains(id)
    }

    /// Makes the folder of a content, and makes sure that so many bytes fit.
    pub(super) fn prepare(&self, id: &ContentId, bytes: u64) -> Result<(), ContentError> {
        let folder = self.folder_of(id);
        let unwritable = |source| ContentError::Unwritable { path: folder.clone(), source };
        fs::create_dir_all(&folder).map_err(unwritable)?;
        let space = rustix::fs::statvfs(&folder)
            .map_err(|errno| unwritable(std::io::Error::from(errno)))?;
        let free = space.f_bavail.saturating_mul(space.f_frsize);
        if free < bytes {
            let folder = self.folder.clone();
            return Err(ContentError::NoRoom { folder, needed: bytes, free });
        }
        Ok(())
    }

    pub(super) fn note(&mut self, id: &ContentId, key: Key) {
        self.held.entry(id.clone()).or_default().insert(key);
    }

    /// Writes down what is there of a content, once it is on the disk.
    pub(super) fn save(&self, id: &ContentId) -> Result<(), ContentError> {
        let path = self.folder.join(format!("{id}.json"));
        let unwritable = |source| ContentError::Unwritable { path: path.clone(), source };
        let held = self.held.get(id).cloned().unwrap_or_default();
        let text = serde_json::to_vec(&held).expect("numbers can be written");
        let new = path.with_extension("new");
        let mut file = File::create(&new).map_err(unwritable)?;
        file.write_all(&text).and_then(|()| file.sync_all()).map_err(unwritable)?;
        fs::rename(&new, &path).map_err(unwritable)
    }

    /// Notes that all that is there of a content is what it should be.
    pub(super) fn trust(&mut self, id: &ContentId) {
        self.old.remove(id);
    }

    /// Forgets a content: what is there is wrong.
    pub(super) fn forget(&mut self, id: &ContentId) {
        self.held.remove(id);
        self.old.remove(id);
        // What cannot be removed is written over.
        let _ = fs::remove_file(self.folder.join(format!("{id}.json")));
        let _ = fs::remove_dir_all(self.folder_of(id));
    }
}
