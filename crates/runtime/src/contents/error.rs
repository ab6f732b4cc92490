//! Why a content cannot be used.

use std::io;
use std::path::PathBuf;

use content::manifest::MediaManifest;

use crate::media::ManifestError;

/// Why a content cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ContentError {
    /// The media do not have it.
    #[error("the media do not have the content `{id}`; make media with it")]
    Unknown {
        /// Its id.
        id: String,
    },
    /// Its manifest cannot be used.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// It is on a disc that is not in the drive.
    #[error("the content `{id}` is on disc {disc}, which is not in the drive")]
    OnAnotherDisc {
        /// Its id.
        id: String,
        /// The disc, from 1.
        disc: u32,
    },
    /// A file of the media cannot be read.
    #[error("cannot read `{}`{}", path.display(), place(disc))]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What disc it is on, in words; empty for the cache.
        disc: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A file is not what its manifest says.
    #[error("`{}`{} is damaged: {what}", path.display(), place(disc))]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What disc it is on, in words; empty for the cache.
        disc: String,
        /// How it differs.
        what: String,
    },
    /// The cache cannot be written.
    #[error("cannot write `{}`", path.display())]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// There is not enough room for the cache.
    #[error(
        "there is no room for content at `{}`: {needed} bytes are needed, and {free} are free; \
         a larger disk, or media of fewer discs, would do",
        folder.display()
    )]
    NoRoom {
        /// The cache.
        folder: PathBuf,
        /// How many bytes are needed.
        needed: u64,
        /// How many are there.
        free: u64,
    },
}

fn place(disc: &str) -> String {
    if disc.is_empty() { String::new() } else { format!(" on {disc}") }
}

impl ContentError {
    /// Says which disc the file is on.
    pub(super) fn on_disc(mut self, number: u32, media: &MediaManifest) -> Self {
        if let Self::Unreadable { disc, .. } | Self::Damaged { disc, .. } = &mut self {
            *disc = disc_in_words(number, media);
        }
        self
    }

    /// Whether reading the same disc again, or a cleaner one, could help.
    pub fn is_of_medium(&self) -> bool {
        matches!(self, Self::Unreadable { disc, .. } | Self::Damaged { disc, .. } if !disc.is_empty())
    }
}

/// A disc as people know it: `disc 2 of 3 ("Windows 11")`.
pub fn disc_in_words(number: u32, media: &MediaManifest) -> String {
    if media.discs == 1 {
        return format!("the media \"{}\"", media.label);
    }
    format!("disc {number} of {} (\"{}\")", media.discs, media.label)
}
