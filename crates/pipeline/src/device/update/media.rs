//! The media that sticks shall hold: their files, and where the source has them.

use std::collections::{BTreeSet, HashMap};
use std::ops::ControlFlow;

use content::Digest;
use content::manifest::{MediaManifest, SECOND_PARTITION};
use fat32_writer::Timestamp;
use fat32_writer::read::FatReader;
use image::read::{DataExtent, ReadAt};
use sha2::{Digest as _, Sha256};

use super::starts;
use crate::image_file::{FileSystem, ImageFile};
use crate::verify::{MEDIA_JSON, expected_tree, read_media_manifest};
use crate::{Error, IoContext, LayoutLimit};

/// The most bytes of a file of FAT32.
const FILE_MAX: u64 = u32::MAX as u64;

/// A file of the media.
#[derive(Clone, Debug)]
pub struct MediaFile {
    pub path: String,
    pub len: u32,
    pub sha256: Digest,
    pub extents: Vec<DataExtent>,
}

/// Media that can be brought onto sticks which have a file system.
#[derive(Debug)]
pub struct UpdateSource<'a> {
    pub(super) image: &'a ImageFile,
    /// All but `media.json`, in the order in which the source has them.
    pub(super) files: Vec<MediaFile>,
    /// What is written last.
    pub(super) media_json: Vec<u8>,
    pub(super) directories: BTreeSet<String>,
    pub(super) label: String,
    pub(super) created: Timestamp,
    /// The boot code for a BIOS, if the source is a stick's image that has some.
    pub(super) boot_code: Option<starts::BootCode>,
}

/// What FAT32 takes for one name.
pub fn key(path: &str) -> String {
    path.to_uppercase()
}

impl<'a> UpdateSource<'a> {
    /// Reads the manifests of media and finds all their files; all must be such as FAT32 holds.
    pub fn read(image: &'a ImageFile) -> Result<Self, Error> {
        let manifest = read_media_manifest(image)?;
        if manifest.contents.iter().any(|content| content.partition == Some(SECOND_PARTITION)) {
            let message = "lies on two partitions, and only the first is updated; write it \
                           without --update"
                .to_owned();
            return Err(Error::Input { path: image.path().to_owned(), message });
        }
        let tree = expected_tree(image, &manifest)?;
        let mut places = HashMap::new();
        let walked = image.walk(&mut |entry| {
            if !entry.is_directory() {
                places.insert(entry.path.clone(), (entry.len, entry.extents.clone()));
            }
            ControlFlow::Continue(())
        });
        let broken =
            |what: String| Error::Integrity(format!("`{}` {what}", image.path().display()));
        walked.map_err(|error| broken(format!("cannot be read: {error}")))?;
        let mut files = Vec::with_capacity(tree.files.len());
        for (path, size, sha256) in tree.files.into_iter().filter(|file| file.0 != MEDIA_JSON) {
            let (len, extents) = places
                .remove(&path)
                .filter(|(len, _)| *len == size)
                .ok_or_else(|| broken(format!("does not hold `{path}` as its manifest says")))?;
            files.push(MediaFile { len: fat_len(&path, len)?, path, sha256, extents });
        }
        files.sort_by_key(|file| file.extents.first().map(|extent| extent.offset));
        let media_json = image.read_file(MEDIA_JSON, FILE_MAX)?.unwrap_or_default();
        let source = Self {
            image,
            files,
            media_json,
            directories: tree.directories,
            label: fat32_writer::names::label_of(&manifest.label),
            created: created(image, &manifest)?,
            boot_code: boot_code(image),
        };
        source.check_names()?;
        Ok(source)
    }

    /// The length of all files.
    pub(super) fn bytes(&self) -> u64 {
        self.files.iter().map(|file| u64::from(file.len)).sum::<u64>()
            + self.media_json.len() as u64
    }

    /// Whether firmware with UEFI finds a boot program on it.
    pub(super) fn has_efi_program(&self) -> bool {
        let is_program = |key: &str| key.starts_with("EFI/BOOT/BOOT") && key.ends_with(".EFI");
        self.files.iter().any(|file| is_program(&key(&file.path)))
    }

    /// What verifies the media.
    pub(super) fn media_json_file(&self) -> MediaFile {
        MediaFile {
            path: MEDIA_JSON.to_owned(),
            len: self.media_json.len() as u32,
            sha256: Digest(Sha256::digest(&self.media_json).into()),
            extents: Vec::new(),
        }
    }

    fn check_names(&self) -> Result<(), Error> {
        let layout = |limit, reason| Err(Error::Layout { limit, reason });
        let mut seen: HashMap<String, &str> = HashMap::new();
        let paths = self.files.iter().map(|file| &*file.path);
        for path in paths.chain(self.directories.iter().map(|path| &**path)) {
            let name = path.rsplit('/').next().unwrap_or(path);
            if let Err(limit) = fat32_writer::names::check(name) {
                return layout(LayoutLimit::Names, format!("FAT32 cannot hold `{path}`: {limit}"));
            }
            if let Some(other) = seen.insert(key(path), path) {
                let reason = format!("FAT32 takes `{path}` and `{other}` for one name");
                return layout(LayoutLimit::Cases, reason);
            }
        }
        Ok(())
    }
}

fn fat_len(path: &str, len: u64) -> Result<u32, Error> {
    u32::try_from(len).map_err(|_| Error::Layout {
        limit: LayoutLimit::FileLengths,
        reason: format!("FAT32 cannot hold `{path}`: it has {len} bytes, {FILE_MAX} are the most"),
    })
}

/// The time that what is written bears: that of the media.
fn created(image: &ImageFile, manifest: &MediaManifest) -> Result<Timestamp, Error> {
    let time: Result<jiff::Timestamp, _> = manifest.created.parse();
    let wrong = |_| {
        let created = &manifest.created;
        Error::Integrity(format!("`{}` was made at `{created}`, no time", image.path().display()))
    };
    time.map(|time| Timestamp(time.as_second())).map_err(wrong)
}

fn boot_code(image: &ImageFile) -> Option<starts::BootCode> {
    if image.file_system() != FileSystem::Fat32 {
        return None;
    }
    let offset = FatReader::open(image).ok()?.info().offset;
    starts::BootCode::read(image, offset)
}

/// Reads a file of the source piece by piece; `each` gets its bytes and where in it they begin, and
/// of an empty file once nothing.
pub(super) fn read_pieces(
    image: &ImageFile,
    file: &MediaFile,
    piece: usize,
    each: &mut dyn FnMut(u64, Vec<u8>) -> Result<(), Error>,
) -> Result<(), Error> {
    let mut hash = Sha256::new();
    let mut done = 0;
    let len = u64::from(file.len);
    let mut extents = file.extents.iter().copied();
    let mut current = extents.next();
    loop {
        let mut bytes = vec![0; (len - done).min(piece as u64) as usize];
        let mut filled = 0;
        while filled < bytes.len() {
            let Some(extent) = &mut current else { break };
            let now = extent.len.min((bytes.len() - filled) as u64);
            let part = &mut bytes[filled..filled + now as usize];
            image.read_exact_at(extent.offset, part).at("read", image.path())?;
            filled += now as usize;
            extent.offset += now;
            extent.len -= now;
            if extent.len == 0 {
                current = extents.next();
            }
        }
        hash.update(&bytes);
        let at = done;
        done += bytes.len() as u64;
        let is_last = done == len;
        if is_last && Digest(hash.clone().finalize().into()) != file.sha256 {
            let (source, path) = (image.path().display(), &file.path);
            return Err(Error::Integrity(format!(
                "`{source}` is damaged: `{path}` has another SHA-256 than its manifest says"
            )));
        }
        each(at, bytes)?;
        if is_last {
            return Ok(());
        }
    }
}
