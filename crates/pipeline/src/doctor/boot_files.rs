//! The files of a medium that matter for starting it, whatever the medium is: an image, a folder or
//! the image of a WIM.
//!
//! One walk finds them; what a boot program looks for, it finds whatever the case of the names.

use std::collections::BTreeMap;
use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use iso9660_writer::read::{DataExtent, Namespace, namespaces};
use wim::read::{Blob, BlobPlace, WimReader};

use crate::image_file::{FileSystem, ImageFile};
use crate::{Error, IoContext};

/// FAT32 holds no larger file: 32 bits say how long one is.
pub(super) const FAT32_FILE_MAX: u64 = u32::MAX as u64;

/// Files too large for FAT32 that are named: each of them says the same.
const OVERSIZE_MAX: usize = 100;

/// Files that are kept: boot trees have some hundred.
const FILES_MAX: usize = 100_000;

/// Folders inside each other: Windows takes paths of 260 characters.
const DEPTH_MAX: usize = 130;

/// A file that may matter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct BootFile {
    /// The path as it is written on the medium, with slashes.
    pub path: String,
    /// Its length in bytes.
    pub len: u64,
    /// Where its bytes lie.
    pub place: Place,
}

/// Where the bytes of a file lie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// In the image, in these runs.
    Extents(Vec<DataExtent>),
    /// In a file of the host.
    Host(PathBuf),
    /// In the WIM.
    Blob(Blob),
    /// In another part of a split WIM.
    Elsewhere,
}

/// The files of a tree by their paths in lower case.
#[derive(Clone, Debug, Default)]
pub(super) struct BootFiles {
    files: BTreeMap<String, BootFile>,
    /// Files that FAT32 cannot hold, with their lengths in bytes.
    pub oversize: Vec<(String, u64)>,
}

impl BootFiles {
    /// Those of the volume of an image.
    pub(super) fn of_image(image: &ImageFile) -> Result<Self, String> {
        let mut found = Self::default();
        let mut add = |path: &str, len: u64, extents: &[DataExtent]| {
            found.add(path, len, || Place::Extents(extents.to_vec()));
            ControlFlow::Continue(())
        };
        if image.file_system() == FileSystem::Fat32 {
            // Firmware reads no exFAT, nor would it look beyond the first partition.
            image.walk_first(&mut |entry| match entry.is_directory() {
                true => ControlFlow::Continue(()),
                false => add(&entry.path, entry.len, &entry.extents),
            })?;
            return Ok(found);
        }
        // Discs of others have no UDF, or nothing but a text in their ISO 9660.
        let richest = namespaces(image).first().copied().unwrap_or(Namespace::Iso9660);
        let walked =
            iso9660_writer::read::walk(image, richest, &mut |entry| match entry.is_directory() {
                true => ControlFlow::Continue(()),
                false => add(&entry.path, entry.len, &entry.extents),
            });
        walked.map(|()| found).map_err(|error| error.to_string())
    }

    /// Those of a folder. Links to folders are not followed, since they may lead anywhere.
    pub(super) fn of_folder(root: &Path) -> Result<Self, Error> {
        let mut found = Self::default();
        let mut waiting = vec![(root.to_owned(), String::new(), 0)];
        while let Some((folder, below, depth)) = waiting.pop() {
            for entry in fs::read_dir(&folder).at("list", &folder)? {
                let entry = entry.at("list", &folder)?;
                // What has no UTF-8 in its name is nothing that a boot program looks for.
                let Ok(name) = entry.file_name().into_string() else { continue };
                let (host, path) = (entry.path(), format!("{below}{name}"));
                let kind = entry.file_type().at("look at", &host)?;
                if kind.is_dir() {
                    if depth < DEPTH_MAX {
                        waiting.push((host, path + "/", depth + 1));
                    }
                    continue;
                }
                // A link that leads nowhere is no file.
                let Ok(metadata) = fs::metadata(&host) else { continue };
                if metadata.is_file() {
                    found.add(&path, metadata.len(), || Place::Host(host.clone()));
                }
            }
        }
        Ok(found)
    }

    /// Those of an image of a WIM; the first image has number 1.
    pub(super) fn of_wim(reader: &WimReader<'_>, image: u32) -> Result<Self, String> {
        let tree = reader.tree(image).map_err(|error| error.to_string())?;
        let blobs = reader.blobs().map_err(|error| error.to_string())?;
        let mut found = Self::default();
        let walked = tree.walk(&mut |entry| {
            if entry.is_file() {
                let blob = entry.sha1.map(|sha1| blobs.get(sha1).copied());
                let len = blob.map_or(0, |blob| blob.map_or(0, |blob| blob.len));
                found.add(&entry.path, len, || match blob {
                    None => Place::Extents(Vec::new()),
                    Some(Some(blob)) => place_of(blob),
                    Some(None) => Place::Elsewhere,
                });
            }
            ControlFlow::Continue(())
        });
        walked.map(|()| found).map_err(|error| error.to_string())
    }

    /// Those of a list, all of which matter.
    pub(super) fn of_list(files: Vec<BootFile>) -> Self {
        let mut found = Self::default();
        files.into_iter().for_each(|file| found.keep(file));
        found
    }

    /// The file at this path, whatever the case.
    pub(super) fn find(&self, path: &str) -> Option<&BootFile> {
        self.files.get(&path.to_lowercase())
    }

    /// Whether there is a file at this path, whatever the case.
    pub(super) fn has(&self, path: &str) -> bool {
        self.find(path).is_some()
    }

    /// The files below a folder whose names end so, both in lower case; by their paths.
    pub(super) fn below<'f>(
        &'f self,
        folder: &'f str,
        end: &'f str,
    ) -> impl Iterator<Item = &'f BootFile> {
        let range = self.files.range(folder.to_owned()..);
        let inside = range.take_while(move |(path, _)| path.starts_with(folder));
        inside.filter(move |(path, _)| path.ends_with(end)).map(|(_, file)| file)
    }

    fn add(&mut self, path: &str, len: u64, place: impl FnOnce() -> Place) {
        if len > FAT32_FILE_MAX && self.oversize.len() < OVERSIZE_MAX {
            self.oversize.push((path.to_owned(), len));
        }
        if self.files.len() < FILES_MAX && may_matter(path) {
            self.keep(BootFile { path: path.to_owned(), len, place: place() });
        }
    }

    /// Of several paths that differ in their case only, the first counts.
    fn keep(&mut self, file: BootFile) {
        self.files.entry(file.path.to_lowercase()).or_insert(file);
    }
}

/// Whether anything that starts a computer, or this module, may look for such a path. Contents are
/// left out: there may be a million of them.
fn may_matter(path: &str) -> bool {
    const FOLDERS: [&str; 6] =
        ["boot/", "efi/", "isolinux/", "sms/data/", "sources/", "windows/boot/"];
    const ENDS: [&str; 4] = [".efi", ".sdi", ".swm", ".wim"];
    const CONTENTS: [&str; 3] = ["sms/pkg/", "sms/data/content/", "sms/data/parts/"];
    let begins =
        |with: &str| path.get(..with.len()).is_some_and(|start| start.eq_ignore_ascii_case(with));
    let ends = |with: &str| {
        let start = path.len().checked_sub(with.len()).and_then(|at| path.get(at..));
        start.is_some_and(|end| end.eq_ignore_ascii_case(with))
    };
    if CONTENTS.into_iter().any(begins) {
        return false;
    }
    !path.contains('/')
        || FOLDERS.into_iter().any(begins)
        || ENDS.into_iter().any(ends)
        || begins("windows/system32/") && ends("/winload.exe")
}

fn place_of(blob: Blob) -> Place {
    match blob.place {
        BlobPlace::Plain { offset } if blob.len > 0 => {
            Place::Extents(vec![DataExtent { offset, len: blob.len }])
        }
        _ => Place::Blob(blob),
    }
}
