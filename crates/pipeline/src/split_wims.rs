//! WIMs that FAT32 cannot hold, as the parts that it can: side by side in their folder, usable as
//! they are.

use std::path::{Path, PathBuf};

use content::{BlobId, IndexedFile};
use image::ByteCount;
use wim::read::FileSource;
use wim::{PartError, PartPiece, PlannedPart, bound_export, plan_parts};

use crate::blob_source::Composed;
use crate::hash_cache::HashCache;
use crate::scan::Scan;
use crate::staging::{Export, unreadable};
use crate::stamp::FileStamp;
use crate::{Error, chain};

/// A WIM that is on the media in parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SplitWim {
    /// The content, by its position in the index.
    pub content: u32,
    /// The WIM's path in it.
    pub path: String,
    /// How many parts there are: at most so many if it is yet to be exported, and 1 if what it is
    /// exported to is short enough to stand in its place.
    pub parts: usize,
    /// What it is exported to before, if it is solid.
    pub export: Option<StagedWim>,
}

/// An exported WIM, of which the media hold the parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StagedWim {
    /// Of what it is the export, and where it lies.
    pub export: Export,
    /// Whether it is there.
    pub state: StagedState,
}

impl StagedWim {
    /// Whether it is yet to be made.
    pub fn is_missing(&self) -> bool {
        matches!(self.state, StagedState::Missing { .. })
    }
}

/// Whether an exported WIM is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StagedState {
    /// It is yet to be made, and nobody knows how long it will be. Whether it can be parted at all
    /// is only known if it has no file that is longer than a part.
    Missing {
        /// Whether it has one, and may have to be cut after all.
        may_be_cut: bool,
    },
    /// An earlier run has made it; whether its bytes are still right nobody has looked since.
    Unverified,
    /// It has not changed since an earlier build read all of it.
    Known,
}

/// A WIM that cannot be parted, and so is cut like any other file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unsplit {
    /// The content, by its position in the index.
    pub content: u32,
    /// The WIM's path in it.
    pub path: String,
    /// Why.
    pub reason: String,
}

/// What became of the WIMs that are too long for a file system.
#[derive(Debug, Default)]
pub struct SplitWims {
    /// The files with parts in the place of WIMs; `None` if there is none to part.
    pub scan: Option<Scan>,
    /// The WIMs in parts.
    pub split: Vec<SplitWim>,
    /// The others.
    pub unsplit: Vec<Unsplit>,
}

impl SplitWims {
    /// Whether every WIM that has to be exported is: else what stands for its parts are files that
    /// together are at least as long as they, and that nobody can read.
    pub fn are_staged(&self) -> bool {
        self.missing().next().is_none()
    }

    /// The exports that have to be made or looked at before media are made of them, each once.
    pub fn unsure(&self) -> Vec<&Export> {
        once(self.staged().filter(|wim| wim.state != StagedState::Known))
    }

    /// What is set aside in the staging folder for those that are yet to be made.
    pub fn reserved(&self) -> ByteCount {
        let missing = once(self.staged().filter(|wim| wim.is_missing()));
        missing.into_iter().map(|export| export.reserved).sum()
    }

    /// The exports that are yet to be made.
    pub fn missing(&self) -> impl Iterator<Item = &Export> {
        self.staged().filter(|wim| wim.is_missing()).map(|wim| &wim.export)
    }

    fn staged(&self) -> impl Iterator<Item = &StagedWim> {
        self.split.iter().filter_map(|wim| wim.export.as_ref())
    }
}

/// The exports of these WIMs, each once: several contents may have the same WIM.
fn once<'a>(staged: impl Iterator<Item = &'a StagedWim>) -> Vec<&'a Export> {
    let mut exports: Vec<&Export> = staged.map(|wim| &wim.export).collect();
    exports.sort_by(|a, b| a.target.cmp(&b.target));
    exports.dedup_by(|a, b| a.target == b.target);
    exports
}

/// Plans parts of at most `max` bytes for every longer WIM of these contents. Of a solid one the
/// export is parted, which lies in the folder `staging` or will.
///
/// `Err` if a part would have the name of another file, or a WIM cannot be read.
pub fn split_wims(
    scan: &Scan,
    contents: &[u32],
    max: ByteCount,
    staging: &Path,
    cache: &HashCache,
) -> Result<SplitWims, Error> {
    let has_libwim = cfg!(feature = "wim");
    Splitter { scan, max, staging, cache, has_libwim, result: SplitWims::default() }.run(contents)
}

fn is_wim(path: &str) -> bool {
    let name = path.to_ascii_lowercase();
    name.ends_with(".wim") || name.ends_with(".esd")
}

struct Splitter<'a> {
    scan: &'a Scan,
    max: ByteCount,
    staging: &'a Path,
    cache: &'a HashCache,
    /// Whether this program can export solid WIMs.
    has_libwim: bool,
    result: SplitWims,
}

/// What stands in the place of a WIM.
struct Parts {
    pieces: Vec<Vec<PartPiece>>,
    /// The file that the pieces are runs of.
    path: PathBuf,
    stamp: FileStamp,
    /// Whether it is one file that is no part and has the WIM's own name.
    whole: bool,
    export: Option<StagedWim>,
}

impl Parts {
    fn of(parts: Vec<PlannedPart>, path: PathBuf, stamp: FileStamp) -> Self {
        let pieces = parts.into_iter().map(|part| part.pieces).collect();
        Self { pieces, path, stamp, whole: false, export: None }
    }
}

impl Splitter<'_> {
    fn run(mut self, contents: &[u32]) -> Result<SplitWims, Error> {
        let (scan, max) = (self.scan, self.max);
        for &position in contents {
            let content = &scan.index.contents[position as usize];
            let long = content.files.iter().filter(|file| scan.index.size(file) > max);
            for file in long.filter(|file| is_wim(&file.path)) {
                self.split(position, file)?;
            }
        }
        Ok(self.result)
    }

    fn split(&mut self, content: u32, file: &IndexedFile) -> Result<(), Error> {
        let path = self.scan.sources.path(&self.scan.index, file.blob);
        let stamp = self.scan.sources.stamp(file.blob);
        let source = open(&path)?;
        let planned = match plan_parts(&source, self.max.0) {
            Ok(parts) => Ok(Parts::of(parts, path, stamp)),
            Err(PartError::Solid) => self.parts_of_export(&source, path, stamp),
            Err(reason) => Err(Obstacle::of(&path, reason)),
        };
        match planned {
            Ok(parts) => self.place(content, file, parts),
            Err(Obstacle::Error(error)) => Err(error),
            Err(Obstacle::Reason(reason)) => {
                let path = file.path.to_string();
                self.result.unsplit.push(Unsplit { content, path, reason });
                Ok(())
            }
        }
    }

    /// The parts of what a solid WIM is exported to, if that is there; else what stands for them.
    fn parts_of_export(
        &self,
        source: &FileSource,
        path: PathBuf,
        stamp: FileStamp,
    ) -> Result<Parts, Obstacle> {
        if !self.has_libwim {
            let reason =
                format!("{}; this program has no libwim to export it with", PartError::Solid);
            return Err(Obstacle::Reason(reason));
        }
        let damaged = |error| Obstacle::Error(unreadable(&path, &error));
        // Each part may waste most of a cluster.
        let max = self.max.0.saturating_sub(CLUSTER);
        let bound = bound_export(source, max).map_err(damaged)?;
        let reserved = ByteCount(bound.whole);
        let export = Export::of(source, &path, stamp, self.staging, reserved).map_err(damaged)?;
        if let Some(staged) = export.find(source) {
            return self.parts_of_staged(export, staged);
        }
        // Without room for tables there is no part that could hold anything of it.
        let Some(parts) = bound.parts else {
            return Err(Obstacle::Reason(PartError::Solid.to_string()));
        };
        let may_be_cut = bound.longest > max;
        let files = if may_be_cut { parts.max(stamp.size.div_ceil(max)) } else { parts };
        if files > u64::from(u16::MAX) {
            return Err(Obstacle::Reason(PartError::TooMany.to_string()));
        }
        let together = if may_be_cut { bound.in_parts.max(stamp.size) } else { bound.in_parts };
        let each = together.div_ceil(files) + CLUSTER;
        let pieces = vec![vec![PartPiece::Zeros(each)]; files as usize];
        let state = StagedState::Missing { may_be_cut };
        let export = Some(StagedWim { export, state });
        Ok(Parts { pieces, path, stamp, whole: false, export })
    }

    fn parts_of_staged(&self, export: Export, stamp: FileStamp) -> Result<Parts, Obstacle> {
        let path = export.target.clone();
        let source = open(&path).map_err(Obstacle::Error)?;
        let mut parts = if stamp.size <= self.max.0 {
            let all = vec![PartPiece::Source { offset: 0, len: stamp.size }];
            Parts { pieces: vec![all], path, stamp, whole: true, export: None }
        } else {
            let parts = plan_parts(&source, self.max.0).map_err(|error| Obstacle::of(&path, error));
            Parts::of(parts?, path, stamp)
        };
        let is_known = |pieces: &Vec<PartPiece>| {
            let key = Composed::new(parts.path.clone(), &stamp, pieces.clone()).key;
            self.cache.get(&key).is_some()
        };
        let is_known = parts.pieces.iter().all(is_known);
        let state = if is_known { StagedState::Known } else { StagedState::Unverified };
        parts.export = Some(StagedWim { export, state });
        Ok(parts)
    }

    /// Puts parts in the place of a WIM.
    fn place(&mut self, content: u32, file: &IndexedFile, parts: Parts) -> Result<(), Error> {
        let Parts { pieces, path, stamp, whole, export } = parts;
        let count = pieces.len();
        let split = self.result.scan.get_or_insert_with(|| self.scan.clone());
        split.keep_paths_of(content);
        let add = |pieces| {
            let composed = Composed::new(path.clone(), &stamp, pieces);
            split.add_composed(composed, stamp, self.cache)
        };
        let blobs: Vec<BlobId> = pieces.into_iter().map(add).collect();
        let id = split.index.contents[content as usize].id.clone();
        let files = &mut split.index.contents[content as usize].files;
        files.retain(|known| known.path != file.path);
        // There may be fewer parts than files that stand for them.
        let may_skip = export.as_ref().is_some_and(StagedWim::is_missing);
        let mut numbers = 1..;
        for blob in blobs {
            let mut names = numbers.by_ref().map(|number| (number, part_path(&file.path, number)));
            let free = |(number, name): &(usize, String)| {
                !may_skip || *number == 1 || !is_taken(files, name)
            };
            let part = names.find(free).map(|(_, name)| name).filter(|_| !whole);
            let name = part.unwrap_or_else(|| file.path.to_string());
            if is_taken(files, &name) {
                let message = format!(
                    "has `{name}` beside `{}`, which FAT32 holds in parts of that name; remove one",
                    file.path
                );
                return Err(Error::Input { path: id.as_str().into(), message });
            }
            files.push(IndexedFile { path: name.into(), blob });
        }
        files.sort_unstable_by(|a, b| a.path.cmp(&b.path));
        let path = file.path.to_string();
        self.result.split.push(SplitWim { content, path, parts: count, export });
        Ok(())
    }
}

/// Whether a file has this name, in whatever case.
fn is_taken(files: &[IndexedFile], name: &str) -> bool {
    files.iter().any(|known| known.path.eq_ignore_ascii_case(name))
}

/// The largest clusters that a volume of ours has, in bytes.
const CLUSTER: u64 = 32 * 1024;

/// Why a WIM is not parted.
enum Obstacle {
    /// It cannot be, and is cut.
    Reason(String),
    /// Something is wrong with it.
    Error(Error),
}

impl Obstacle {
    fn of(path: &Path, error: PartError) -> Self {
        match error {
            PartError::Read(error) => Self::Error(unreadable(path, &error)),
            reason => Self::Reason(reason.to_string()),
        }
    }
}

fn open(path: &Path) -> Result<FileSource, Error> {
    FileSource::open(path).map_err(|error| Error::Integrity(chain(&error)))
}

/// The path of a part, as Windows names them: `install.swm`, `install2.swm`.
pub fn part_path(wim: &str, part: usize) -> String {
    let (folder, name) = wim.rsplit_once('/').map_or(("", wim), |(folder, name)| (folder, name));
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    let number = if part == 1 { String::new() } else { part.to_string() };
    let slash = if folder.is_empty() { "" } else { "/" };
    format!("{folder}{slash}{stem}{number}.swm")
}

#[cfg(test)]
mod tests;
