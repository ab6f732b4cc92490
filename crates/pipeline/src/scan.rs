//! Walks contents and finds equal files.
//!
//! Sizes first: a file that shares its size with no other cannot be a duplicate and is not read
//! here; it is hashed when it is written, so that each of its bytes is read once.

mod twins;

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use content::{
    Blob, BlobId, ContentId, ContentIndex, ContentLocation, Digest, IndexedContent, IndexedFile,
};
use image::ByteCount;
use rayon::prelude::*;
use sha2::{Digest as _, Sha256};

use crate::Error;
use crate::blob_source::Composed;
use crate::boot_runtime::BootRuntime;
use crate::hash_cache::HashCache;
use crate::progress::{Amount, Cancel, Phase, Progress};
use crate::stamp::{FileStamp, Nanoseconds};
use crate::walk::{Walked, WalkedFile, walk};

/// The files of a run's contents, and where on the host their bytes lie.
#[derive(Clone, Debug)]
pub struct Scan {
    /// Every file of every content.
    pub index: ContentIndex,
    /// For each blob of the index, the file that holds it.
    pub sources: Sources,
    /// For each content of the index, the modification time of its newest file.
    pub newest: Vec<Option<Nanoseconds>>,
    /// Further files with the bytes of a blob whose digest is not known yet, by blob.
    pub twins: Vec<(BlobId, FileStamp)>,
    /// The runtime with boot images.
    pub(crate) runtimes: BTreeMap<ContentId, BootRuntime>,
}

/// For each blob a file of the host that holds its bytes.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    roots: Vec<PathBuf>,
    files: Vec<SourceFile>,
}

#[derive(Clone, Debug)]
struct SourceFile {
    stamp: FileStamp,
    place: Place,
}

/// A million paths are not held twice: what lies under its own name below its content's root is
/// found through the index.
#[derive(Clone, Debug)]
enum Place {
    Indexed { content: u32, file: u32 },
    Path(Box<Path>),
    Composed(Arc<Composed>),
}

impl Scan {
    /// Adds a blob that consists of pieces of a file with this stamp.
    pub(crate) fn add_composed(
        &mut self,
        composed: Composed,
        stamp: FileStamp,
        cache: &HashCache,
    ) -> BlobId {
        let digest = cache.get(&composed.key);
        let size = ByteCount(composed.key.size);
        self.index.blobs.push(Blob { size, digest, digest_checked: digest.is_some() });
        let place = Place::Composed(Arc::new(composed));
        self.sources.files.push(SourceFile { stamp, place });
        BlobId(self.index.blobs.len() as u32 - 1)
    }

    /// Adds a file that belongs to no content.
    pub(crate) fn add_file(&mut self, path: &Path, stamp: FileStamp, cache: &HashCache) -> BlobId {
        let digest = cache.get(&stamp);
        let size = ByteCount(stamp.size);
        self.index.blobs.push(Blob { size, digest, digest_checked: digest.is_some() });
        self.sources.files.push(SourceFile { stamp, place: Place::Path(path.into()) });
        BlobId(self.index.blobs.len() as u32 - 1)
    }

    /// Notes where the files of a content lie without regard to their places in its list, which is
    /// about to change.
    pub(crate) fn keep_paths_of(&mut self, content: u32) {
        let Sources { roots, files } = &mut self.sources;
        for source in files {
            let Place::Indexed { content: of, file } = source.place else { continue };
            if of == content {
                let path = &self.index.contents[of as usize].files[file as usize].path;
                source.place = Place::Path(roots[of as usize].join(&**path).into());
            }
        }
    }

    /// The stamps of the further files with this blob's bytes.
    pub(crate) fn twins_of(&self, blob: BlobId) -> impl Iterator<Item = FileStamp> + '_ {
        let first = self.twins.partition_point(|(twin, _)| *twin < blob);
        self.twins[first..]
            .iter()
            .take_while(move |(twin, _)| *twin == blob)
            .map(|(_, stamp)| *stamp)
    }
}

impl Sources {
    /// The path of the file that holds a blob.
    pub fn path(&self, index: &ContentIndex, blob: BlobId) -> PathBuf {
        match &self.files[blob.0 as usize].place {
            Place::Path(path) => path.to_path_buf(),
            Place::Composed(composed) => composed.path.clone(),
            Place::Indexed { content, file } => {
                let path = &index.contents[*content as usize].files[*file as usize].path;
                self.roots[*content as usize].join(&**path)
            }
        }
    }

    /// What that file looked like when it was listed.
    pub fn stamp(&self, blob: BlobId) -> FileStamp {
        self.files[blob.0 as usize].stamp
    }

    /// By what the checksum of a blob is kept.
    pub(crate) fn key(&self, blob: BlobId) -> FileStamp {
        match &self.files[blob.0 as usize].place {
            Place::Composed(composed) => composed.key,
            Place::Indexed { .. } | Place::Path(_) => self.stamp(blob),
        }
    }

    /// What a blob consists of that is no whole file.
    pub(crate) fn composed(&self, blob: BlobId) -> Option<Arc<Composed>> {
        match &self.files[blob.0 as usize].place {
            Place::Composed(composed) => Some(Arc::clone(composed)),
            Place::Indexed { .. } | Place::Path(_) => None,
        }
    }
}

/// Lists the files of these contents and gives equal files the same blob.
///
/// Errors name every file that cannot be used, not only the first.
pub fn run(
    contents: &[(ContentId, ContentLocation)],
    cache: &HashCache,
    cancel: &Cancel,
    progress: &dyn Progress,
) -> Result<Scan, Error> {
    let listed = walk_all(contents, cancel, progress)?;
    let keys = identify(&listed, cache, cancel, progress)?;
    Ok(assemble(listed, &keys, cache))
}

/// The same where every file is written by itself anyway: of equal files only those are found whose
/// digests are known, and nothing is read.
pub fn run_without_twins(
    contents: &[(ContentId, ContentLocation)],
    cache: &HashCache,
    cancel: &Cancel,
    progress: &dyn Progress,
) -> Result<Scan, Error> {
    let listed = walk_all(contents, cancel, progress)?;
    let known = known(&listed, cache);
    let keys = keys(&listed, &known, &HashMap::new());
    Ok(assemble(listed, &keys, cache))
}

/// Lists the files of these contents by their names alone; nothing is read, and equal files are
/// not known to be equal.
pub fn list(
    contents: &[(ContentId, ContentLocation)],
    cancel: &Cancel,
    progress: &dyn Progress,
) -> Result<Scan, Error> {
    let listed = walk_all(contents, cancel, progress)?;
    let keys: Vec<Vec<Key>> = listed
        .iter()
        .map(|content| content.walked.files.iter().map(|file| Key::of_file(&file.stamp)).collect())
        .collect();
    Ok(assemble(listed, &keys, &HashCache::none()))
}

/// A content and what was found of it, sorted.
struct Listed {
    id: ContentId,
    walked: Walked,
}

/// The files of every content, sorted by content.
fn walk_all(
    contents: &[(ContentId, ContentLocation)],
    cancel: &Cancel,
    progress: &dyn Progress,
) -> Result<Vec<Listed>, Error> {
    progress.begin(Phase::Scan, Amount::default());
    let walked: Vec<Result<Walked, Error>> =
        contents.par_iter().map(|(id, location)| walk(id, location, cancel, progress)).collect();
    gather(contents, walked)
}

fn gather(
    contents: &[(ContentId, ContentLocation)],
    walked: Vec<Result<Walked, Error>>,
) -> Result<Vec<Listed>, Error> {
    let mut listed = Vec::with_capacity(walked.len());
    let mut problems = Vec::new();
    for ((id, _), walked) in contents.iter().zip(walked) {
        match walked {
            Ok(walked) => listed.push(Listed { id: id.clone(), walked }),
            Err(Error::Content(found)) => problems.extend(found),
            Err(error) => return Err(error),
        }
    }
    if !problems.is_empty() {
        return Err(Error::Content(problems));
    }
    listed.sort_by(|a, b| a.id.cmp(&b.id));
    listed.dedup_by(|a, b| a.id == b.id);
    Ok(listed)
}

/// What makes two files the same blob.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Key {
    /// Nothing in them.
    Empty,
    /// The same file of the host, or the same bytes as it, whose digest nobody knows yet.
    File { device: u64, inode: u64 },
    /// The same bytes.
    Digest(Digest),
}

impl Key {
    fn of_file(stamp: &FileStamp) -> Self {
        Self::File { device: stamp.device, inode: stamp.inode }
    }
}

fn identify(
    listed: &[Listed],
    cache: &HashCache,
    cancel: &Cancel,
    progress: &dyn Progress,
) -> Result<Vec<Vec<Key>>, Error> {
    let known = known(listed, cache);
    let twins = twins::find(listed, &known, cache, cancel, progress)?;
    // What cannot be written now is told when the run ends; until then it is held.
    let _ = cache.flush();
    Ok(keys(listed, &known, &twins))
}

/// For each file of each content its digest, where it is stated or was learnt before.
fn known(listed: &[Listed], cache: &HashCache) -> Vec<Vec<Option<Digest>>> {
    let digest = |file: &WalkedFile| file.stated.or_else(|| cache.get(&file.stamp));
    listed.par_iter().map(|content| content.walked.files.iter().map(digest).collect()).collect()
}

/// What each file of each content is known by.
fn keys(
    listed: &[Listed],
    known: &[Vec<Option<Digest>>],
    twins: &HashMap<(u64, u64), Key>,
) -> Vec<Vec<Key>> {
    let key = |(file, known): (&WalkedFile, &Option<Digest>)| match (file.stamp.size, known) {
        (0, _) => Key::Empty,
        (_, Some(digest)) => Key::Digest(*digest),
        (_, None) => twins
            .get(&(file.stamp.device, file.stamp.inode))
            .copied()
            .unwrap_or(Key::of_file(&file.stamp)),
    };
    let keys = |(content, known): (&Listed, &Vec<_>)| {
        content.walked.files.iter().zip(known).map(key).collect()
    };
    listed.iter().zip(known).map(keys).collect()
}

fn assemble(mut listed: Vec<Listed>, keys: &[Vec<Key>], cache: &HashCache) -> Scan {
    let mut blobs = Vec::new();
    let mut sources = Sources::default();
    let mut known: HashMap<Key, BlobId> = HashMap::new();
    let (mut twins, mut newest) = (Vec::new(), Vec::new());
    let mut contents = Vec::with_capacity(listed.len());
    for (number, (content, keys)) in listed.iter_mut().zip(keys).enumerate() {
        let walked = std::mem::take(&mut content.walked);
        newest.push(walked.files.iter().map(|file| file.stamp.modified).max());
        sources.roots.push(walked.root);
        let mut files = Vec::with_capacity(walked.files.len());
        for (position, (file, key)) in walked.files.into_iter().zip(keys).enumerate() {
            let blob = *known.entry(*key).or_insert_with(|| {
                let place = match file.source {
                    Some(path) => Place::Path(path),
                    None => Place::Indexed { content: number as u32, file: position as u32 },
                };
                blobs.push(blob(key, &file.stamp, cache));
                sources.files.push(SourceFile { stamp: file.stamp, place });
                BlobId(blobs.len() as u32 - 1)
            });
            if *key != Key::of_file(&file.stamp) && matches!(key, Key::File { .. }) {
                twins.push((blob, file.stamp));
            }
            files.push(IndexedFile { path: file.path, blob });
        }
        let empty_directories = walked.empty_directories;
        contents.push(IndexedContent { id: content.id.clone(), files, empty_directories });
    }
    twins.sort_unstable();
    Scan {
        index: ContentIndex { blobs, contents },
        sources,
        newest,
        twins,
        runtimes: BTreeMap::new(),
    }
}

/// A digest counts as checked only if this very file was read: what a library states, and
/// what a twin is known by, is checked when the bytes are written.
fn blob(key: &Key, stamp: &FileStamp, cache: &HashCache) -> Blob {
    let (digest, digest_checked) = match key {
        Key::Empty => (Some(Digest(Sha256::digest([]).into())), true),
        Key::File { .. } => (None, false),
        Key::Digest(digest) => (Some(*digest), cache.get(stamp) == Some(*digest)),
    };
    Blob { size: ByteCount(stamp.size), digest, digest_checked }
}

#[cfg(test)]
mod tests;
