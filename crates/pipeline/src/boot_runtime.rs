//! The runtime on media: a file of its own, and in the initramfs of a boot image with Linux.
//!
//! The initramfs on the media is the boot image's own file, whose blocks are shared or copied like
//! those of any other, and behind it an archive of ours.

mod archive;
mod elf;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use content::{BlobId, ContentId, IndexedFile};
use wim::PartPiece;

use crate::blob_source::Composed;
use crate::hash_cache::HashCache;
use crate::scan::Scan;
use crate::stamp::FileStamp;
use crate::{Error, IoContext};

pub use archive::{PATH, archive};
pub use elf::Unfit;

/// Where the runtime lies on disc 1 of media.
pub const MEDIA_PATH: &str = "SMS/bin/x64/tsmedia-run";

/// The initramfs of boot images with Linux, in whatever case.
pub const INITRAMFS: &str = "boot/initrd.img";

/// The runtime has some megabytes; it is held in memory, and so is nothing much larger.
const LEN_MAX: u64 = 256 << 20;

/// A runtime that starts in an initramfs.
pub struct RuntimeProgram {
    path: PathBuf,
    stamp: FileStamp,
    archive: Arc<[u8]>,
}

impl RuntimeProgram {
    /// Reads the program.
    ///
    /// `Err` if it cannot be read, or is no static program for x86-64: a dynamic one would not
    /// start, as a boot image has no libraries for it.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let wrong = |message: String| Error::Input { path: path.to_owned(), message };
        let mut file = File::open(path).at("open", path)?;
        let stamp = FileStamp::of(&file.metadata().at("look at", path)?);
        if stamp.size > LEN_MAX {
            return Err(wrong(format!("is no runtime: it is longer than {LEN_MAX} bytes")));
        }
        let mut program = Vec::new();
        file.by_ref().take(LEN_MAX).read_to_end(&mut program).at("read", path)?;
        if program.len() as u64 != stamp.size {
            return Err(Error::Changed { path: path.to_owned() });
        }
        elf::check(&program).map_err(|unfit| {
            wrong(format!("{unfit}; a runtime is a static program for x86-64 Linux"))
        })?;
        let path = fs::canonicalize(path).at("look at", path)?;
        Ok(Self { path, stamp, archive: archive(&program).into() })
    }
}

/// The runtime with a boot image, as blobs of a run.
#[derive(Clone, Debug)]
pub(crate) struct BootRuntime {
    /// The program.
    program: BlobId,
    /// The path of the boot image's initramfs, and what it is on media.
    initramfs: Option<(Box<str>, BlobId)>,
}

impl BootRuntime {
    /// The files of a boot image as they are on media.
    pub(crate) fn with(&self, files: &[IndexedFile]) -> Vec<IndexedFile> {
        let mut files = files.to_vec();
        if let Some((path, blob)) = &self.initramfs
            && let Some(file) = files.iter_mut().find(|file| file.path == *path)
        {
            file.blob = *blob;
        }
        files.push(IndexedFile { path: MEDIA_PATH.into(), blob: self.program });
        files
    }

    /// Whether the boot image starts it.
    pub(crate) fn is_started(&self) -> bool {
        self.initramfs.is_some()
    }
}

/// Adds the runtime to a run, for media that start from these boot images with Linux.
pub fn add(
    scan: &mut Scan,
    program: &RuntimeProgram,
    boot_images: &[ContentId],
    cache: &HashCache,
) {
    if boot_images.is_empty() {
        return;
    }
    let mut added = BTreeMap::new();
    let blob = scan.add_file(&program.path, program.stamp, cache);
    for id in boot_images {
        let Some(content) = scan.index.content(id) else { continue };
        let file = content.files.iter().find(|file| file.path.eq_ignore_ascii_case(INITRAMFS));
        let initramfs = file.cloned().map(|file| {
            let path = scan.sources.path(&scan.index, file.blob);
            let stamp = scan.sources.stamp(file.blob);
            let pieces = pieces(stamp.size, &program.archive);
            (file.path, scan.add_composed(Composed::new(path, &stamp, pieces), stamp, cache))
        });
        added.insert(id.clone(), BootRuntime { program: blob, initramfs });
    }
    scan.runtimes = added;
}

/// A file of this length, and behind it an archive, which begins at a multiple of four bytes.
fn pieces(len: u64, archive: &Arc<[u8]>) -> Vec<PartPiece> {
    let own = PartPiece::Source { offset: 0, len };
    let padding = PartPiece::Zeros(len.next_multiple_of(4) - len);
    vec![own, padding, PartPiece::Bytes(Arc::clone(archive))]
}
