//! Lists the files of one content.

use std::fs::{self, Metadata};
use std::path::{Path, PathBuf};

use content::{ContentId, ContentLocation, Digest, LocatedFile};
use rayon::prelude::*;

use crate::Error;
use crate::error::ContentProblem;
use crate::progress::{Amount, Cancel, Progress};
use crate::stamp::FileStamp;

/// The files of a content, sorted by the bytes of their paths.
#[derive(Debug, Default)]
pub(crate) struct Walked {
    pub root: PathBuf,
    pub files: Vec<WalkedFile>,
    pub empty_directories: Vec<Box<str>>,
}

#[derive(Debug)]
pub(crate) struct WalkedFile {
    /// Below the content's root.
    pub path: Box<str>,
    pub stamp: FileStamp,
    /// The host's file, where it is not `path` below the root.
    pub source: Option<Box<Path>>,
    /// The digest that a content library states.
    pub stated: Option<Digest>,
}

impl Walked {
    pub fn path(&self, file: &WalkedFile) -> PathBuf {
        match &file.source {
            Some(path) => path.to_path_buf(),
            None => self.root.join(&*file.path),
        }
    }

    fn sort(&mut self) {
        self.files.sort_unstable_by(|a, b| a.path.cmp(&b.path));
        self.empty_directories.sort_unstable();
    }
}

/// Directories within directories: deeper than any real content, so that a loop that escapes the
/// test for loops (a bind mount into itself) ends.
const DEPTH_MAX: usize = 128;

pub(crate) fn walk(
    id: &ContentId,
    location: &ContentLocation,
    cancel: &Cancel,
    progress: &dyn Progress,
) -> Result<Walked, Error> {
    let mut walked = match location {
        ContentLocation::Path(path) => walk_path(id, path, cancel)?,
        ContentLocation::Files { files, empty_directories } => Walked {
            root: PathBuf::new(),
            files: stat_files(id, files, cancel)?,
            empty_directories: empty_directories.iter().map(|path| path.as_str().into()).collect(),
        },
    };
    walked.sort();
    let bytes = walked.files.iter().map(|file| file.stamp.size).sum();
    progress.advance(Amount { bytes, files: walked.files.len() as u64 });
    Ok(walked)
}

fn problem(id: &ContentId, path: &Path, reason: impl Into<String>) -> ContentProblem {
    ContentProblem { content: id.clone(), path: path.to_owned(), reason: reason.into() }
}

fn unreadable(id: &ContentId, path: &Path, error: &std::io::Error) -> ContentProblem {
    problem(id, path, format!("cannot be read ({error}); make it readable or remove it"))
}

fn walk_path(id: &ContentId, root: &Path, cancel: &Cancel) -> Result<Walked, Error> {
    let metadata =
        fs::metadata(root).map_err(|error| Error::Content(vec![unreadable(id, root, &error)]))?;
    if metadata.is_file() {
        return single_file(id, root, &metadata);
    }
    let inside = root.canonicalize();
    let inside = inside.map_err(|error| Error::Content(vec![unreadable(id, root, &error)]))?;
    let walk = Walk { id, cancel, inside: &inside };
    let found = walk.directory(root, "", &[FileStamp::of(&metadata)])?;
    if !found.problems.is_empty() {
        return Err(Error::Content(found.problems));
    }
    Ok(Walked {
        root: root.to_owned(),
        files: found.files,
        empty_directories: found.empty_directories,
    })
}

/// A content whose source is one file (a WIM, an installer) holds that file under its own name.
fn single_file(id: &ContentId, path: &Path, metadata: &Metadata) -> Result<Walked, Error> {
    let name = path.file_name().and_then(|name| name.to_str());
    let Some(name) = name else {
        return Err(Error::Content(vec![problem(id, path, NOT_UTF8)]));
    };
    check_readable(id, path).map_err(|problem| Error::Content(vec![problem]))?;
    let file = WalkedFile {
        path: name.into(),
        stamp: FileStamp::of(metadata),
        source: None,
        stated: None,
    };
    let root = path.parent().unwrap_or(Path::new("")).to_owned();
    Ok(Walked { root, files: vec![file], empty_directories: Vec::new() })
}

const NOT_UTF8: &str = "the name is not UTF-8, so no image can hold it; rename it";

#[derive(Default)]
struct Found {
    files: Vec<WalkedFile>,
    empty_directories: Vec<Box<str>>,
    problems: Vec<ContentProblem>,
}

impl Found {
    fn join(mut self, other: Self) -> Self {
        self.files.extend(other.files);
        self.empty_directories.extend(other.empty_directories);
        self.problems.extend(other.problems);
        self
    }
}

struct Walk<'a> {
    id: &'a ContentId,
    cancel: &'a Cancel,
    /// The content's folder without links in its path.
    inside: &'a Path,
}

impl Walk<'_> {
    /// Lists a directory and all below it. `above` are the directories on the way, this one last:
    /// a link back to one of them would never end.
    fn directory(&self, path: &Path, prefix: &str, above: &[FileStamp]) -> Result<Found, Error> {
        self.cancel.check()?;
        let mut found = Found::default();
        let entries = fs::read_dir(path).and_then(|entries| entries.collect::<Result<Vec<_>, _>>());
        let entries = match entries {
            Ok(entries) => entries,
            Err(error) => {
                found.problems.push(unreadable(self.id, path, &error));
                return Ok(found);
            }
        };
        if entries.is_empty() && !prefix.is_empty() {
            found.empty_directories.push(prefix.trim_end_matches('/').into());
        }
        let mut directories = Vec::new();
        for entry in entries {
            let path = entry.path();
            let Some(name) = entry.file_name().to_str().map(|name| format!("{prefix}{name}"))
            else {
                found.problems.push(problem(self.id, &path, NOT_UTF8));
                continue;
            };
            let is_link = entry.file_type().is_ok_and(|kind| kind.is_symlink());
            if let Some(problem) = is_link.then(|| self.leads_out(&path)).flatten() {
                found.problems.push(problem);
                continue;
            }
            match self.classify(&path, above) {
                Ok((stamp, true)) => directories.push((path, name, stamp)),
                Ok((stamp, false)) => found.files.push(WalkedFile {
                    path: name.into(),
                    stamp,
                    source: None,
                    stated: None,
                }),
                Err(problem) => found.problems.push(problem),
            }
        }
        let below: Vec<Found> = directories
            .into_par_iter()
            .map(|(path, name, stamp)| {
                let above: Vec<FileStamp> = above.iter().copied().chain([stamp]).collect();
                self.directory(&path, &format!("{name}/"), &above)
            })
            .collect::<Result<_, Error>>()?;
        Ok(below.into_iter().fold(found, Found::join))
    }

    /// What is wrong with a link that leads out of the content: what lies there was never meant for
    /// the media, or not for these.
    fn leads_out(&self, path: &Path) -> Option<ContentProblem> {
        let target = path.canonicalize().ok()?;
        if target.starts_with(self.inside) {
            return None;
        }
        let reason = format!(
            "is a link to `{}`, out of the content; put the file itself there, or a hard link",
            target.display()
        );
        Some(problem(self.id, path, reason))
    }

    /// The stamp of a file or directory, links followed, and whether it is a directory.
    fn classify(
        &self,
        path: &Path,
        above: &[FileStamp],
    ) -> Result<(FileStamp, bool), ContentProblem> {
        let metadata = fs::metadata(path).map_err(|error| match fs::read_link(path) {
            Ok(target) => problem(
                self.id,
                path,
                format!("is a link to `{}`, which is not there; remove it", target.display()),
            ),
            Err(_) => unreadable(self.id, path, &error),
        })?;
        let stamp = FileStamp::of(&metadata);
        if metadata.is_dir() {
            let same =
                |other: &FileStamp| (other.device, other.inode) == (stamp.device, stamp.inode);
            if above.iter().any(same) || above.len() >= DEPTH_MAX {
                let reason = "leads back to a folder above it; remove the link";
                return Err(problem(self.id, path, reason));
            }
        } else if !metadata.is_file() {
            let reason = "is neither a file nor a folder; remove it";
            return Err(problem(self.id, path, reason));
        } else {
            check_readable(self.id, path)?;
        }
        Ok((stamp, metadata.is_dir()))
    }
}

/// A file that nobody may read is told with all others, not when it is its turn to be written.
fn check_readable(id: &ContentId, path: &Path) -> Result<(), ContentProblem> {
    use rustix::fs::{Access, access};
    access(path, Access::READ_OK).map_err(|error| unreadable(id, path, &error.into()))
}

fn stat_files(
    id: &ContentId,
    files: &[LocatedFile],
    cancel: &Cancel,
) -> Result<Vec<WalkedFile>, Error> {
    cancel.check()?;
    let (walked, problems): (Vec<_>, Vec<_>) =
        files.par_iter().map(|file| stat_located(id, file)).partition_map(|result| match result {
            Ok(file) => rayon::iter::Either::Left(file),
            Err(problem) => rayon::iter::Either::Right(problem),
        });
    if problems.is_empty() { Ok(walked) } else { Err(Error::Content(problems)) }
}

fn stat_located(id: &ContentId, file: &LocatedFile) -> Result<WalkedFile, ContentProblem> {
    let metadata =
        fs::metadata(&file.source).map_err(|error| unreadable(id, &file.source, &error))?;
    if metadata.len() != file.size {
        let reason = format!(
            "has {} bytes, the content library states {}; distribute the content again",
            metadata.len(),
            file.size
        );
        return Err(problem(id, &file.source, reason));
    }
    check_readable(id, &file.source)?;
    Ok(WalkedFile {
        path: file.path.as_str().into(),
        stamp: FileStamp::of(&metadata),
        source: Some(file.source.as_path().into()),
        stated: Some(file.digest),
    })
}
