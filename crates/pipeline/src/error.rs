use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

/// Why a run could not go on.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    /// The host refused something.
    #[error("cannot {verb} `{}`", path.display())]
    Io {
        /// What was being done: `read`, `create`, ….
        verb: &'static str,
        /// To what.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// Contents that cannot go onto media as they are.
    #[error("{} of the contents cannot be used, the first: {}", count(.0.len(), "file"), .0[0])]
    Content(Vec<ContentProblem>),
    /// A file changed between the moment it was listed and the moment it had been read.
    #[error("`{}` changed while it was being read", path.display())]
    Changed {
        /// Which.
        path: PathBuf,
    },
    /// The bytes of a file, or of one that was found equal to it, are not those that its content
    /// library or an earlier run states.
    #[error(
        "`{}`{} has SHA-256 {found}, but its content library or an earlier run states {stated}",
        path.display(), file.as_ref().map(|file| format!(" ({file})")).unwrap_or_default()
    )]
    WrongDigest {
        /// Which, on the host.
        path: PathBuf,
        /// The first file of a content that has these bytes; none for parts that are made of a
        /// file.
        file: Option<ContentFile>,
        /// What was said.
        stated: content::Digest,
        /// What the bytes have.
        found: content::Digest,
    },
    /// The target file system has too little room.
    #[error(
        "`{}` has {available} bytes free, the images need {needed}",
        path.display()
    )]
    NoSpace {
        /// The folder that would hold the images.
        path: PathBuf,
        /// What is needed, in bytes.
        needed: u64,
        /// What there is, in bytes.
        available: u64,
    },
    /// The staging folder has too little room for an exported WIM.
    #[error(
        "the staging folder `{}` has {available} bytes free, {needed} are set aside for what \
         `{}` is exported to",
        path.display(), wim.display()
    )]
    NoStagingSpace {
        /// The folder.
        path: PathBuf,
        /// The WIM.
        wim: PathBuf,
        /// What is set aside, in bytes.
        needed: u64,
        /// What there is, in bytes.
        available: u64,
    },
    /// Another run works on the same output.
    #[error("another run is working on `{}`", path.display())]
    Locked {
        /// The output.
        path: PathBuf,
    },
    /// The contents do not fit the medium.
    #[error("the media do not fit: {0}")]
    DoesNotFit(String),
    /// Files that the medium's file system cannot hold, and that must not be cut.
    #[error("{0}")]
    Oversize(String),
    /// The tree of a disc cannot become an image.
    #[error("the media cannot be laid out: {reason}")]
    Layout {
        /// What has to change.
        limit: LayoutLimit,
        /// Why not.
        reason: String,
    },
    /// A disc that holds something of what is wanted was not given.
    #[error(
        "disc {disc} of {discs} holds some of content {content}, and is not among the images \
         (missing: {})",
        missing.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
    )]
    DiscMissing {
        /// Which disc.
        disc: u32,
        /// How many discs its set has.
        discs: u32,
        /// What it holds.
        content: content::ContentId,
        /// All discs of the set that were not given.
        missing: Vec<u32>,
    },
    /// A password was wrong, missing or could not be had.
    #[error("{0}")]
    Password(String),
    /// An image is not what it should be.
    #[error("{0}")]
    Integrity(String),
    /// A file's text is wrong.
    #[error("`{}`: {message}", path.display())]
    Input {
        /// Which file.
        path: PathBuf,
        /// What is wrong, where.
        message: String,
    },
    /// The user stopped the run.
    #[error("interrupted")]
    Cancelled,
}

/// What of a disc's tree an image cannot hold, by what helps against it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LayoutLimit {
    /// Names that a file system cannot hold.
    Names,
    /// Names of one folder that differ only in case.
    Cases,
    /// A file of the boot image has the path of one that the media make themselves.
    Taken,
    /// Files that are too long.
    FileLengths,
    /// Folders that are too many or hold too much.
    Folders,
    /// The whole is too large.
    Size,
    /// The time that the media bear.
    Time,
    /// The label.
    Label,
    /// A file that firmware starts.
    BootFile,
    /// What no content and no definition can bring about.
    Options,
}

/// A file of a content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContentFile {
    /// The content.
    pub content: content::ContentId,
    /// The path below the content's root.
    pub path: Box<str>,
}

impl std::fmt::Display for ContentFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "`{}` of content {}", self.path, self.content)
    }
}

/// A file of a content that cannot go onto media.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContentProblem {
    /// The content.
    pub content: content::ContentId,
    /// The file.
    pub path: PathBuf,
    /// Why not, and what would mend it.
    pub reason: String,
}

impl std::fmt::Display for ContentProblem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "`{}` of content {}: {}", self.path.display(), self.content, self.reason)
    }
}

fn count(number: usize, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}

/// An error and its causes, in one line.
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        words += &format!(": {error}");
        cause = error.source();
    }
    words
}

/// Puts the file's name to an I/O error.
pub trait IoContext<T> {
    /// Says what was being done to which file.
    fn at(self, verb: &'static str, path: &Path) -> Result<T, Error>;
}

impl<T> IoContext<T> for io::Result<T> {
    fn at(self, verb: &'static str, path: &Path) -> Result<T, Error> {
        self.map_err(|source| Error::Io { verb, path: path.to_owned(), source })
    }
}

impl<T> IoContext<T> for rustix::io::Result<T> {
    fn at(self, verb: &'static str, path: &Path) -> Result<T, Error> {
        self.map_err(io::Error::from).at(verb, path)
    }
}
