//! Exit codes, and what the user is told when a command fails.

use std::fmt;
use std::process::ExitCode;

use pipeline::{LayoutLimit, chain};

/// How a command ended. The table stands in `--help` and in the README.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Exit {
    /// All done, or nothing to do.
    Done = 0,
    /// Something failed that has no code of its own.
    Failed = 1,
    /// The command line or a definition is wrong.
    Usage = 2,
    /// There are findings or differences.
    Findings = 3,
    /// Content is missing.
    ContentMissing = 4,
    /// It does not fit the medium.
    DoesNotFit = 5,
    /// Bytes are not what they should be.
    Integrity = 6,
    /// A password or key is wrong or missing.
    Password = 7,
    /// Another run holds the lock.
    Locked = 10,
    /// There is not enough room.
    NoSpace = 11,
    /// The user stopped it.
    Interrupted = 130,
}

impl Exit {
    /// Every code and what it means, in the order of the numbers.
    pub const TABLE: [(Self, &'static str); 11] = [
        (Self::Done, "done (also: nothing to do)"),
        (Self::Failed, "failed"),
        (Self::Usage, "the command line or a definition is wrong"),
        (Self::Findings, "findings or differences"),
        (Self::ContentMissing, "content is missing"),
        (Self::DoesNotFit, "does not fit the medium"),
        (Self::Integrity, "damaged: bytes are not what they should be"),
        (Self::Password, "wrong or missing password or key"),
        (Self::Locked, "another run works on the same output"),
        (Self::NoSpace, "out of space"),
        (Self::Interrupted, "interrupted"),
    ];

    /// The name in `--json` errors.
    pub fn name(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Usage => "usage",
            Self::Findings => "findings",
            Self::ContentMissing => "content-missing",
            Self::DoesNotFit => "does-not-fit",
            Self::Integrity => "integrity",
            Self::Password => "password",
            Self::Locked => "locked",
            Self::NoSpace => "no-space",
            Self::Interrupted => "interrupted",
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Why a command failed, and what would help.
#[derive(Clone, Debug)]
pub struct CommandError {
    /// The exit code.
    pub exit: Exit,
    /// What went wrong; causes follow after `: `.
    pub message: String,
    /// What the user can do, one sentence each.
    pub hints: Vec<String>,
}

impl CommandError {
    /// An error with this code.
    pub fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self { exit, message: message.into(), hints: Vec::new() }
    }

    /// A wrong command line or definition.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(Exit::Usage, message)
    }

    /// Adds what the user can do.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }
}

impl From<pipeline::Error> for CommandError {
    fn from(error: pipeline::Error) -> Self {
        Self::from(&error)
    }
}

impl From<&pipeline::Error> for CommandError {
    fn from(error: &pipeline::Error) -> Self {
        use pipeline::Error as E;
        let mut text = chain(error);
        let (exit, hint) = match error {
            E::Io { source, .. } if is_no_space(source) => {
                (Exit::NoSpace, Some("free some room there, or choose another folder"))
            }
            E::Io { .. } => (Exit::Failed, None),
            E::Content(problems) => {
                for problem in problems.iter().skip(1) {
                    text += &format!("\n  {problem}");
                }
                (Exit::ContentMissing, None)
            }
            E::Changed { .. } => {
                (Exit::Failed, Some("build again when nobody writes to the content any more"))
            }
            E::WrongDigest { .. } => {
                (Exit::Integrity, Some("distribute the content again, or replace the file"))
            }
            E::NoSpace { .. } => {
                (Exit::NoSpace, Some("free some room, or build into another folder"))
            }
            E::NoStagingSpace { .. } => (
                Exit::NoSpace,
                Some("free some room, or choose another folder with --staging or `output.staging`"),
            ),
            E::Locked { .. } => (Exit::Locked, Some("wait for the other run to end")),
            E::Oversize(_) => (
                Exit::DoesNotFit,
                Some(
                    "let them be cut with oversize = \"cut\", put their contents on a second \
                     partition with oversize = \"second-partition\", or leave them out",
                ),
            ),
            E::DoesNotFit(_) => (
                Exit::DoesNotFit,
                Some("choose a larger `output.size`, or `output.part-size` for a WIM"),
            ),
            E::Layout { limit, .. } => (Exit::DoesNotFit, layout_hint(*limit)),
            E::DiscMissing { .. } => (
                Exit::ContentMissing,
                Some("name all discs of the set, or ask for less with `--content ID`"),
            ),
            E::Password(_) => (Exit::Password, None),
            E::Integrity(_) => (Exit::Integrity, None),
            E::Input { .. } => (Exit::Usage, None),
            E::Cancelled => (Exit::Interrupted, None),
            _ => (Exit::Failed, None),
        };
        let error = Self::new(exit, text);
        match hint {
            Some(hint) => error.hint(hint),
            None => error,
        }
    }
}

/// What helps against each limit of images.
fn layout_hint(limit: LayoutLimit) -> Option<&'static str> {
    Some(match limit {
        LayoutLimit::Names => {
            "rename or shorten the names that are named, or leave these files out of the content"
        }
        LayoutLimit::Cases => "rename or remove one of the two where the content comes from",
        LayoutLimit::Taken => {
            "the boot image brings a file of that name, which the media make themselves: remove \
             it there"
        }
        LayoutLimit::FileLengths => "leave these files out of the content",
        LayoutLimit::Folders => {
            "spread the files over fewer or smaller folders, or leave some out of the content"
        }
        LayoutLimit::Size => "leave contents out, or make several media of them",
        LayoutLimit::Time => {
            "set `output.timestamp` to a time of the years 1980 to 2107, or correct the times of \
             the files"
        }
        LayoutLimit::Label => "correct the label and the comments of the definition",
        LayoutLimit::BootFile => "put that file into the boot image as its maker gave it",
        _ => return None,
    })
}

fn is_no_space(error: &std::io::Error) -> bool {
    use std::io::ErrorKind;
    matches!(error.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded)
}

impl From<std::io::Error> for CommandError {
    fn from(error: std::io::Error) -> Self {
        Self::new(Exit::Failed, error.to_string())
    }
}

impl fmt::Display for CommandError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error: {}", self.message)?;
        self.hints.iter().try_for_each(|hint| write!(f, "\nhint: {hint}"))
    }
}
