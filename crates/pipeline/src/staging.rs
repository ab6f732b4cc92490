//! The staging folder: where exported WIMs lie until media are made of them, and for later builds.
//!
//! Only a solid WIM that FAT32 cannot hold needs it, since its files are compressed together and
//! nothing of it can be copied into parts. What is exported is named by what the WIM holds, so a
//! WIM that changed is never taken for what it was; and whether a file there has the same images is
//! seen from the digests in both. The folder may be emptied whenever no build runs.

#[cfg(feature = "wim")]
mod export;
#[cfg(feature = "wim")]
mod lock;
#[cfg(all(test, feature = "wim"))]
mod tests;

use std::fs;
use std::path::{Path, PathBuf};

use content::Digest;
use image::ByteCount;
use sha2::{Digest as _, Sha256};
use wim::is_export_of;
use wim::read::{FileSource, ReadAt, ReadError, WimReader};

#[cfg(feature = "wim")]
pub use export::Stager;

use crate::stamp::FileStamp;
use crate::{Error, chain};

/// The folder of a site that is used unless another is named.
///
/// A folder of the site and not of the user, because an export takes minutes and all media of a
/// site share it, and because the site mostly lies where its images do: there the parts on a stick
/// can share the blocks of the exported WIM.
pub const FOLDER: &str = ".tsmedia.staging";

/// What begins everything that is made in a staging folder, which may hold files of others.
const PREFIX: &str = "tsmedia-";

/// A solid WIM and its place in a staging folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Export {
    /// The WIM.
    pub source: PathBuf,
    /// What it looked like when it was listed.
    pub stamp: FileStamp,
    /// Where the exported one lies or will lie.
    pub target: PathBuf,
    /// The most that it takes: what is set aside for it.
    pub reserved: ByteCount,
}

impl Export {
    /// The place of what a WIM is exported to. Reads its tables.
    pub fn of(
        wim: &dyn ReadAt,
        source: &Path,
        stamp: FileStamp,
        folder: &Path,
        reserved: ByteCount,
    ) -> Result<Self, ReadError> {
        let target = folder.join(format!("{PREFIX}{}.wim", identity(wim)?));
        Ok(Self { source: source.to_owned(), stamp, target, reserved })
    }

    /// The stamp of the exported WIM, if it is there: a file with the images of `wim` that is not
    /// solid. Whether its bytes are right is not looked at.
    pub fn find(&self, wim: &dyn ReadAt) -> Option<FileStamp> {
        let metadata = fs::metadata(&self.target).ok().filter(fs::Metadata::is_file)?;
        // One that is damaged is as good as none: it can always be made again.
        let exported = FileSource::open(&self.target).ok()?;
        is_export_of(wim, &exported).ok()?.then(|| FileStamp::of(&metadata))
    }
}

/// What tells the export of a WIM from that of any other: the digest of whatever it depends on. A
/// blob table names all data by its digests.
fn identity(wim: &dyn ReadAt) -> Result<Digest, ReadError> {
    let reader = WimReader::open(wim)?;
    let header = reader.header();
    // Checks that the table lies in the file, and bounds it.
    reader.statistics()?;
    let mut hash = Sha256::new();
    // Another version may compress in another way, and media shall not depend on what is staged.
    hash.update(b"tsmedia export 1\0");
    #[cfg(feature = "wim")]
    hash.update(wim::libwim::version());
    for number in [header.flags.0, header.image_count, header.boot_index] {
        hash.update(number.to_le_bytes());
    }
    let xml = reader.xml()?;
    hash.update((xml.len() as u64).to_le_bytes());
    hash.update(xml);
    let table = header.blob_table;
    let mut buffer = vec![0; 64 * 1024];
    let mut done = 0;
    while done < table.stored {
        let now = buffer.len().min((table.stored - done) as usize);
        let offset = table.offset + done;
        wim.read_exact_at(offset, &mut buffer[..now]).map_err(|source| ReadError::Io {
            structure: "the blob table",
            offset,
            source,
        })?;
        hash.update(&buffer[..now]);
        done += now as u64;
    }
    Ok(Digest(hash.finalize().into()))
}

/// An error for a WIM that cannot be read.
pub(crate) fn unreadable(path: &Path, error: &ReadError) -> Error {
    Error::Integrity(format!("`{}`: {}", path.display(), chain(error)))
}
