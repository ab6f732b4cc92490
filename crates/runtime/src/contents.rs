//! The contents of the media on the target: where each file lies now, whether it is what it should
//! be, and what has to be copied before a disc is taken out.
//!
//! A content that lies whole on the disc in the drive is used there, and one that prestaged media
//! have put onto the target's disk where it is. Any other is put together in the cache, a folder on
//! that disk. Either way every file is compared with its manifest before a step sees it.

mod cache;
mod copy;
mod error;
mod small_files;
mod staged;

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use content::ContentId;
use content::manifest::{ManifestContent, ManifestLine, MediaManifest, content_file_path};

use crate::media::{Medium, content_lines};
use cache::Cache;
use copy::{Job, Target, copy_all, verify_file};

pub use error::{ContentError, disc_in_words};
pub use staged::Staged;
use staged::StagedContents;

/// Whoever is told how many bytes of how many are done.
pub type Observe<'a> = &'a mut dyn FnMut(u64, u64);

/// The contents of a set of media.
pub struct Contents {
    media: MediaManifest,
    /// The folder with `SMS/data`: of a medium, or a copy of it.
    manifests: PathBuf,
    lines: HashMap<ContentId, Vec<ManifestLine>>,
    cache: Cache,
    /// What has been compared with its manifest since the computer was started, and lies there.
    verified: HashMap<ContentId, PathBuf>,
    staged: StagedContents,
    /// What somebody should be told of contents, in words.
    notes: Vec<String>,
}

impl Contents {
    /// The contents of the set that `media` describes. `manifests` is the folder with `SMS/data`,
    /// and `cache` the one that contents are put together in; it is made when it is needed.
    pub fn new(media: MediaManifest, manifests: PathBuf, cache: PathBuf) -> Self {
        Self {
            media,
            manifests,
            lines: HashMap::new(),
            cache: Cache::open(cache),
            verified: HashMap::new(),
            staged: StagedContents::default(),
            notes: Vec::new(),
        }
    }

    /// Takes in what prestaged media have of these contents, and what only they have.
    ///
    /// Returns each content of the set with its name, and whether it has to be fetched.
    pub fn stage(&mut self, prestaged: &Medium) -> Vec<(ManifestContent, Staged)> {
        let mut found = Vec::new();
        for content in self.media.contents.clone() {
            let staged = match self.load(&content.id) {
                Ok(()) => self.staged.judge(prestaged, &content, &self.lines[&content.id]),
                Err(error) => Staged::Unusable(error.to_string()),
            };
            found.push((content, staged));
        }
        for content in &prestaged.manifest.contents {
            if self.find(content.id.as_str()).is_some() {
                continue;
            }
            if let Ok(lines) = content_lines(&prestaged.root, &prestaged.manifest, content) {
                self.lines.insert(content.id.clone(), lines);
                self.staged.add(prestaged, content);
                self.staged.extra.push(content.clone());
            }
        }
        found
    }

    /// What somebody should be told of contents since the last call.
    pub fn take_notes(&mut self) -> Vec<String> {
        std::mem::take(&mut self.notes)
    }

    /// The set.
    pub fn media(&self) -> &MediaManifest {
        &self.media
    }

    /// What the media say of a content; ids are compared without regard to case.
    pub fn find(&self, id: &str) -> Option<&ManifestContent> {
        let mut known = self.media.contents.iter().chain(&self.staged.extra);
        known.find(|content| content.id.as_str().eq_ignore_ascii_case(id))
    }

    /// Goes on with manifests and a cache in other folders, because the target's disk is there now;
    /// what the old cache held is read again.
    pub fn move_to(&mut self, manifests: PathBuf, cache: PathBuf) {
        let old = self.cache.folder().to_owned();
        self.manifests = manifests;
        self.verified.retain(|_, folder| !folder.starts_with(&old));
        self.cache = Cache::open(cache);
    }

    /// Forgets where files lie on media, because a disc is taken out.
    pub fn disc_leaves(&mut self) {
        let cache = self.cache.folder().to_owned();
        let staged = &self.staged;
        self.verified.retain(|_, folder| folder.starts_with(&cache) || staged.holds(folder));
    }

    /// Reads the manifest of a content, once.
    fn load(&mut self, id: &ContentId) -> Result<(), ContentError> {
        if !self.lines.contains_key(id) {
            let content = self.known(id)?;
            let lines = content_lines(&self.manifests, &self.media, content)?;
            self.lines.insert(id.clone(), lines);
        }
        Ok(())
    }

    fn known(&self, id: &ContentId) -> Result<&ManifestContent, ContentError> {
        self.find(id.as_str()).ok_or_else(|| ContentError::Unknown { id: id.to_string() })
    }

    /// The discs that must be read before a content can be used; empty when all of it is in the
    /// cache, or on the target's disk since the factory. A content that lies whole on one disc needs that disc alone.
    ///
    /// A content that the media do not have, or whose manifest cannot be read, needs none: using it
    /// says what is wrong.
    pub fn discs_of(&mut self, id: &str) -> Vec<u32> {
        let Some(content) = self.find(id).map(|content| content.id.clone()) else {
            return Vec::new();
        };
        if self.load(&content).is_err() {
            return Vec::new();
        }
        if self.check_staged(&content) {
            return Vec::new();
        }
        self.check_cached(&content);
        let pieces = pieces_of(&self.lines[&content]);
        let missing = pieces.filter(|piece| !self.cache.has(&content, piece.key));
        let mut discs: Vec<u32> = missing.map(|piece| piece.disc).collect();
        discs.sort_unstable();
        discs.dedup();
        discs
    }

    /// Compares a content that lies on the target's disk since the factory, once. What is damaged
    /// there is done without, so that its discs are asked for.
    fn check_staged(&mut self, id: &ContentId) -> bool {
        let Some(folder) = self.staged.folder(id).map(Path::to_owned) else { return false };
        if self.verified.contains_key(id) {
            return true;
        }
        let Some(content) = self.find(id.as_str()).cloned() else { return false };
        match self.verify_in(&content, &folder, None, &mut |_, _| {}) {
            Ok(()) => {
                self.verified.insert(id.clone(), folder);
                true
            }
            Err(error) => {
                self.staged.forget(id);
                self.notes.push(format!("{error}; it must be fetched"));
                false
            }
        }
    }

    /// Compares what was in the cache before the computer was started, once all of a content is
    /// there; what is wrong is forgotten, so that its discs are asked for again.
    fn check_cached(&mut self, id: &ContentId) {
        let Some(content) = self.find(id.as_str()).cloned() else { return };
        let all = pieces_of(&self.lines[id]).all(|piece| self.cache.has(id, piece.key));
        if !all || self.cache.is_fresh(id) {
            return;
        }
        match self.verify_in(&content, &self.cache.folder_of(id), None, &mut |_, _| {}) {
            Ok(()) => self.cache.trust(id),
            Err(_) => self.cache.forget(id),
        }
    }

    /// Gives the folder with the files of a content, all of them compared with the manifest.
    ///
    /// `medium` is what lies in the drive. `Err` names the file that is missing or wrong, and what
    /// to do; what is wrong in the cache is forgotten, so that it is read from its disc again.
    pub fn provide(
        &mut self,
        id: &str,
        medium: Option<&Medium>,
        observe: Observe<'_>,
    ) -> Result<PathBuf, ContentError> {
        let content = self.find(id).cloned().ok_or(ContentError::Unknown { id: id.to_owned() })?;
        if let Some(folder) = self.verified.get(&content.id) {
            return Ok(folder.clone());
        }
        self.load(&content.id)?;
        if self.check_staged(&content.id) {
            return Ok(self.verified[&content.id].clone());
        }
        let folder = match medium.filter(|medium| self.is_whole_on(&content, medium)) {
            Some(medium) => {
                let folder = folder_on(&content, medium);
                self.verify_in(&content, &folder, Some(medium.disc()), observe)?;
                folder
            }
            None => self.assemble(&content, medium, observe)?,
        };
        self.verified.insert(content.id.clone(), folder.clone());
        Ok(folder)
    }

    /// Whether the content can be used on the disc: all of it is there, in one piece each.
    fn is_whole_on(&self, content: &ManifestContent, medium: &Medium) -> bool {
        content.discs == [medium.disc()]
            && self.lines[&content.id].iter().all(|line| line.parts.is_empty())
    }

    /// Copies what is left of a content into the cache, and compares what was there before.
    fn assemble(
        &mut self,
        content: &ManifestContent,
        medium: Option<&Medium>,
        observe: Observe<'_>,
    ) -> Result<PathBuf, ContentError> {
        if let Some(medium) = medium {
            self.fetch(content.id.as_str(), medium, observe)?;
        }
        let lines = &self.lines[&content.id];
        let missing = pieces_of(lines).find(|piece| !self.cache.has(&content.id, piece.key));
        if let Some(piece) = missing {
            return Err(ContentError::OnAnotherDisc {
                id: content.id.to_string(),
                disc: piece.disc,
            });
        }
        let folder = self.cache.folder_of(&content.id);
        if !self.cache.is_fresh(&content.id) {
            if let Err(error) = self.verify_in(content, &folder, None, observe) {
                self.cache.forget(&content.id);
                return Err(error);
            }
            self.cache.trust(&content.id);
        }
        Ok(folder)
    }

    /// Copies what lies of a content on this medium into the cache, except what is there already.
    ///
    /// Each file is compared while it is copied. Returns whether anything was copied.
    pub fn fetch(
        &mut self,
        id: &str,
        medium: &Medium,
        observe: Observe<'_>,
    ) -> Result<bool, ContentError> {
        let content = self.find(id).cloned().ok_or(ContentError::Unknown { id: id.to_owned() })?;
        self.load(&content.id)?;
        let lines = &self.lines[&content.id];
        let disc = medium.disc();
        let wanted: Vec<Piece<'_>> = pieces_of(lines)
            .filter(|piece| piece.disc == disc && !self.cache.has(&content.id, piece.key))
            .collect();
        let total: u64 = wanted.iter().map(|piece| piece.len).sum();
        if wanted.is_empty() {
            return Ok(false);
        }
        self.cache.prepare(&content.id, total)?;
        let folder = self.cache.folder_of(&content.id);
        let (mut jobs, mut keys) = (Vec::new(), Vec::new());
        let cache = &mut self.cache;
        for piece in wanted {
            let target = Target {
                path: folder.join(&piece.line.path),
                offset: piece.offset,
                file_len: piece.line.size,
            };
            if piece.line.path.ends_with('/') {
                target.make_directory()?;
                cache.note(&content.id, piece.key);
                continue;
            }
            let from = medium.root_of(piece.partition_of(&content));
            let source = from.join(piece.source(&content));
            keys.push(piece.key);
            jobs.push(Job { source, len: piece.len, digest: piece.digest, target });
        }
        let mut done = 0;
        let mut step = |bytes| {
            done += bytes;
            observe(done, total);
        };
        let copied = copy_all(&jobs, &mut step, &mut |number| {
            cache.note(&content.id, keys[number]);
        });
        copied.map_err(|error| error.on_disc(disc, &self.media))?;
        self.cache.save(&content.id)?;
        Ok(true)
    }

    /// Copies a content to a folder that may hold other files, which stay. Every file is compared
    /// while it is copied, so that the medium is read once.
    pub fn copy_out(
        &mut self,
        id: &str,
        medium: Option<&Medium>,
        to: &Path,
        observe: Observe<'_>,
    ) -> Result<(), ContentError> {
        let content = self.find(id).cloned().ok_or(ContentError::Unknown { id: id.to_owned() })?;
        self.load(&content.id)?;
        let on_medium = medium.filter(|medium| self.is_whole_on(&content, medium));
        let (from, disc) = match (on_medium, self.staged.folder(&content.id)) {
            (Some(medium), None) => (folder_on(&content, medium), Some(medium.disc())),
            _ => (self.provide(id, medium, &mut |_, _| {})?, None),
        };
        let mut jobs = Vec::new();
        for line in &self.lines[&content.id] {
            let target = Target { path: to.join(&line.path), offset: 0, file_len: line.size };
            if line.path.ends_with('/') {
                target.make_directory()?;
            } else {
                let source = from.join(&line.path);
                jobs.push(Job { source, len: line.size, digest: line.sha256, target });
            }
        }
        let mut done = 0;
        let mut step = |bytes| {
            done += bytes;
            observe(done, content.bytes);
        };
        copy_all(&jobs, &mut step, &mut |_| {}).map_err(|error| match disc {
            Some(disc) => error.on_disc(disc, &self.media),
            None => error,
        })
    }

    /// Compares every file of a content with its manifest.
    fn verify_in(
        &self,
        content: &ManifestContent,
        folder: &Path,
        disc: Option<u32>,
        observe: Observe<'_>,
    ) -> Result<(), ContentError> {
        let mut done = 0;
        for line in self.lines[&content.id].iter().filter(|line| !line.path.ends_with('/')) {
            let mut step = |bytes| {
                done += bytes;
                observe(done, content.bytes);
            };
            let verified = verify_file(&folder.join(&line.path), line.size, line.sha256, &mut step);
            verified.map_err(|error| match disc {
                Some(disc) => error.on_disc(disc, &self.media),
                None => error,
            })?;
        }
        Ok(())
    }

    /// What of these contents would have to be copied before this disc is taken out, because later
    /// steps need it: those that lie on it, at least in part, and are not in the cache.
    pub fn to_keep(&mut self, ids: &[ContentId], disc: u32) -> Vec<ContentId> {
        let mut seen = HashSet::new();
        let distinct: Vec<&ContentId> = ids.iter().filter(|id| seen.insert(*id)).collect();
        distinct
            .into_iter()
            .filter(|id| self.discs_of(id.as_str()).contains(&disc))
            .cloned()
            .collect()
    }
}

/// Where the files of a content lie on a medium that holds them whole.
fn folder_on(content: &ManifestContent, medium: &Medium) -> PathBuf {
    medium.root_of(content.partition).join(format!("SMS/PKG/{}", content.id))
}

/// A run of bytes of a content that lies on one disc: a file, or a piece of one that is cut.
#[derive(Clone, Copy, Debug)]
struct Piece<'a> {
    key: (usize, usize),
    line: &'a ManifestLine,
    disc: u32,
    /// The piece's path on its disc; `None` for a whole file.
    part: Option<&'a str>,
    offset: u64,
    len: u64,
    digest: content::Digest,
}

impl Piece<'_> {
    fn source(&self, content: &ManifestContent) -> String {
        match self.part {
            Some(path) => path.to_owned(),
            None => content_file_path(&content.id, &self.line.path),
        }
    }

    /// Pieces lie on the first partition.
    fn partition_of(&self, content: &ManifestContent) -> Option<u32> {
        if self.part.is_none() { content.partition } else { None }
    }
}

fn pieces_of(lines: &[ManifestLine]) -> impl Iterator<Item = Piece<'_>> {
    lines.iter().enumerate().flat_map(|(number, line)| {
        let whole = line.disc.map(|disc| Piece {
            key: (number, 0),
            line,
            disc,
            part: None,
            offset: 0,
            len: line.size,
            digest: line.sha256,
        });
        let parts = line.parts.iter().enumerate().map(move |(part_number, part)| Piece {
            key: (number, part_number),
            line,
            disc: part.disc,
            part: Some(&part.path),
            offset: part.offset,
            len: part.length,
            digest: part.sha256,
        });
        whole.into_iter().chain(parts)
    })
}
