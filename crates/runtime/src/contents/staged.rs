//! Contents that lie on the computer's own disk since the factory.
//!
//! Each is used if it has the version and the files that the media with the task sequence want, and
//! is compared with its manifest before its first use. Any other is taken from the media.

use std::collections::HashMap;
use std::fmt;
use std::path::{Path, PathBuf};

use content::ContentId;
use content::manifest::{ManifestContent, ManifestLine};

use super::folder_on;
use crate::media::{Medium, content_lines};

/// Whether a content need not be fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Staged {
    /// It is on the disk as it is wanted.
    Usable,
    /// It is not there.
    Absent,
    /// It is there in another version.
    OtherVersion {
        /// The version on the disk.
        there: u32,
        /// The version that the task sequence wants.
        wanted: u32,
    },
    /// It has the right version and other files; the first of them.
    OtherFiles(String),
    /// It cannot be used; why.
    Unusable(String),
}

impl fmt::Display for Staged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usable => f.write_str("is used from this computer's disk"),
            Self::Absent => f.write_str("must be fetched: it is not on this computer's disk"),
            Self::OtherVersion { there, wanted } => write!(
                f,
                "must be fetched: this computer's disk has version {there}, the task sequence \
                 wants version {wanted}"
            ),
            Self::OtherFiles(path) => write!(
                f,
                "must be fetched: this computer's disk has other files in the same version, such \
                 as `{path}`"
            ),
            Self::Unusable(why) => {
                write!(f, "must be fetched: on this computer's disk {why}")
            }
        }
    }
}

/// The contents of prestaged media.
#[derive(Debug, Default)]
pub(super) struct StagedContents {
    /// Those that can be used, and where each lies.
    usable: HashMap<ContentId, PathBuf>,
    /// Those that the media with the task sequence do not know.
    pub extra: Vec<ManifestContent>,
}

impl StagedContents {
    /// Takes in what a prestaged medium has of a content.
    ///
    /// `lines` is the manifest of the content on the media with the task sequence.
    pub fn judge(
        &mut self,
        medium: &Medium,
        wanted: &ManifestContent,
        lines: &[ManifestLine],
    ) -> Staged {
        let Some(there) = medium.manifest.contents.iter().find(|it| it.id == wanted.id) else {
            return Staged::Absent;
        };
        if there.version != wanted.version {
            return Staged::OtherVersion { there: there.version, wanted: wanted.version };
        }
        let own = match content_lines(&medium.root, &medium.manifest, there) {
            Ok(lines) => lines,
            Err(error) => return Staged::Unusable(error.to_string()),
        };
        match first_difference(&own, lines) {
            Some(path) => Staged::OtherFiles(path),
            None => {
                self.add(medium, there);
                Staged::Usable
            }
        }
    }

    /// Takes in a content that can be used.
    pub fn add(&mut self, medium: &Medium, content: &ManifestContent) {
        self.usable.insert(content.id.clone(), folder_on(content, medium));
    }

    /// Where a content lies that can be used.
    pub fn folder(&self, id: &ContentId) -> Option<&Path> {
        self.usable.get(id).map(PathBuf::as_path)
    }

    /// Whether a folder is one of them.
    pub fn holds(&self, folder: &Path) -> bool {
        self.usable.values().any(|known| known == folder)
    }

    /// Does without a content: what is there is damaged.
    pub fn forget(&mut self, id: &ContentId) {
        self.usable.remove(id);
    }
}

/// The first file that is not the same in two manifests. Where it lies makes no difference; a file
/// in pieces is none that can be used.
fn first_difference(own: &[ManifestLine], wanted: &[ManifestLine]) -> Option<String> {
    let same = |a: &ManifestLine, b: &ManifestLine| {
        a.path == b.path && a.size == b.size && a.sha256 == b.sha256
    };
    let other = own.iter().zip(wanted).find(|(own, wanted)| !same(own, wanted));
    let cut = || own.iter().find(|line| !line.parts.is_empty());
    let left = || own.get(wanted.len()).or_else(|| wanted.get(own.len()));
    other.map(|(_, wanted)| wanted).or_else(cut).or_else(left).map(|line| line.path.clone())
}
