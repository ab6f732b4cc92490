//! A medium as the target sees it: a folder with the tree of a disc, a stick or a prestaged disk.

mod bootstrap;
mod devices;
mod drives;
mod file_system;
mod manifest;

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use content::manifest::{MediaManifest, SECOND_PARTITION};

pub use bootstrap::Bootstrap;
pub use devices::{BlockDevice, block_devices};
pub use drives::{BlockDrives, Drives, Folders, Seen, detect_device};
pub use file_system::detect;
pub use manifest::{ManifestError, content_lines, parse_media};

/// Where `media.json` lies on every medium.
pub const MEDIA_JSON: &str = "SMS/data/media.json";

/// A medium that can be read now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Medium {
    /// The folder with its tree.
    pub root: PathBuf,
    /// The folder with the tree of its second partition.
    pub second: Option<PathBuf>,
    /// The device it lies on; `None` for a folder.
    pub device: Option<PathBuf>,
    /// What it says of itself and its set.
    pub manifest: MediaManifest,
}

impl Medium {
    /// Reads what lies in a folder. `Ok(None)` when that is no medium at all; `Err` says why a
    /// medium cannot be used.
    pub fn read(root: &Path, device: Option<PathBuf>) -> Result<Option<Self>, String> {
        let path = root.join(MEDIA_JSON);
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(format!("`{MEDIA_JSON}` cannot be read: {error}")),
        };
        let mut bytes = Vec::new();
        file.take(manifest::MEDIA_JSON_MAX)
            .read_to_end(&mut bytes)
            .map_err(|error| format!("`{MEDIA_JSON}` cannot be read: {error}"))?;
        let manifest = parse_media(&bytes).map_err(|what| format!("`{MEDIA_JSON}` {what}"))?;
        Ok(Some(Self { root: root.to_owned(), second: None, device, manifest }))
    }

    /// The number of the disc, from 1.
    pub fn disc(&self) -> u32 {
        self.manifest.disc
    }

    /// Whether a content lies on the second partition.
    pub fn needs_second(&self) -> bool {
        self.manifest.contents.iter().any(|content| content.partition == Some(SECOND_PARTITION))
    }

    /// The folder below which the files of a content lie on this medium.
    pub fn root_of(&self, partition: Option<u32>) -> &Path {
        match (&self.second, partition) {
            (Some(second), Some(SECOND_PARTITION)) => second,
            _ => &self.root,
        }
    }
}
