//! A stick that is to be updated: what is on it, and what has to change.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::ops::ControlFlow;

use content::Digest;
use content::manifest::SECOND_PARTITION;
use fat32_writer::check::{CheckOptions, check};
use fat32_writer::read::partition::{GptHeader, Mbr};
use fat32_writer::read::{DataExtent, FatReader};
use fat32_writer::update::{Editor, Removed, UpdateError};
use image::read::ReadAt;
use sha2::{Digest as _, Sha256};

use super::super::Device;
use super::super::write::{PIECE, open};
use super::disk::Disk;
use super::media::{MediaFile, UpdateSource, key};
use super::starts::BootCode;
use super::{Figures, mark};
use crate::image_file::{FileSystem, ImageFile};
use crate::progress::Cancel;
use crate::verify::{MEDIA_JSON, expected_tree, read_media_manifest};
use crate::write::Buffer;
use crate::{Error, IoContext};

/// What an update that was interrupted leaves, by the rules that it breaks.
const LEFT: [&str; 4] = ["fat-lost-cluster", "fat-copies-differ", "fat-dirty", "bpb-state"];

/// What helps where a stick cannot be updated.
const REMEDY: &str = "write it without --update, which formats it";

/// An open stick, and what has to change on it.
pub struct Stick {
    /// Which disk it is.
    pub device: Device,
    /// What the update will do.
    pub figures: Figures,
    pub(super) disk: Disk,
    pub(super) plan: Plan,
}

/// What has to change on a stick, in the order in which it is done.
#[derive(Debug, Default)]
pub struct Plan {
    /// The marks that are there, of an update that was interrupted.
    pub marks: Vec<&'static str>,
    /// A further mark that is written first: where, and its bytes.
    pub new_mark: Option<(&'static str, Vec<u8>)>,
    /// Whether there is a `media.json`.
    pub has_media_json: bool,
    /// Files that go, because the media have none there or another one.
    pub removes: Vec<String>,
    /// Directories that go if nothing is left in them, from the deepest one on.
    pub directories: Vec<String>,
    /// For each file of the source whether it is written.
    pub writes: Vec<bool>,
    /// Whether anything is to be done at all.
    pub changes: bool,
}

/// A file or directory on the stick.
struct Found {
    path: String,
    is_directory: bool,
    len: u64,
    extents: Vec<DataExtent>,
}

/// What is on a stick, by the names that FAT32 takes for one.
type Tree = BTreeMap<String, Found>;

/// What the media that were on the stick have there.
#[derive(Default)]
struct Old {
    /// The digest of each file, where a manifest says it.
    files: HashMap<String, Option<Digest>>,
    /// Files and directories as they were named, those of directories with `/`.
    paths: BTreeSet<String>,
}

impl Stick {
    /// Opens a device for this run alone, and finds out what has to change. Nothing is written.
    pub(super) fn look(
        source: &UpdateSource<'_>,
        device: &Device,
        cancel: &Cancel,
    ) -> Result<Self, Error> {
        let mut disk = Disk::new(open(device)?, &device.path, device.bytes);
        if FatReader::open(&disk).is_err() {
            let message = format!("{}; {REMEDY}", what_else(&disk));
            return Err(Error::Input { path: device.path.clone(), message });
        }
        let image = ImageFile::open(&device.path)?;
        if image.file_system() != FileSystem::Fat32 {
            let message = format!("holds another file system beside FAT32; {REMEDY}");
            return Err(Error::Input { path: device.path.clone(), message });
        }
        disk.set_len(image.len());
        let mut stick = Self {
            device: device.clone(),
            figures: Figures::default(),
            disk,
            plan: Plan::default(),
        };
        stick.make_plan(source, &image, false, cancel)?;
        Ok(stick)
    }

    /// Finds out once more what has to change, by reading every file instead of trusting manifests.
    pub(super) fn look_again(
        &mut self,
        source: &UpdateSource<'_>,
        cancel: &Cancel,
    ) -> Result<(), Error> {
        self.disk.forget();
        let image = ImageFile::open(&self.device.path)?;
        self.make_plan(source, &image, true, cancel)
    }

    fn make_plan(
        &mut self,
        source: &UpdateSource<'_>,
        image: &ImageFile,
        trusts_nothing: bool,
        cancel: &Cancel,
    ) -> Result<(), Error> {
        let marks = self.marks(image)?;
        self.must_be_sound(!marks.is_empty())?;
        let tree = self.tree()?;
        let old = self.old(image, &tree, &marks)?;
        let mut plan = Plan {
            marks: marks.iter().map(|(path, _)| *path).collect(),
            has_media_json: tree.contains_key(&key(MEDIA_JSON)),
            ..Plan::default()
        };
        let trusts = !trusts_nothing && marks.is_empty();
        let mut figures = Figures::default();
        for file in &source.files {
            cancel.check()?;
            let is_there = self.has(&tree, &old, file, trusts)?;
            plan.writes.push(!is_there);
            let amount = if is_there { &mut figures.kept } else { &mut figures.written };
            amount.files += 1;
            amount.bytes += u64::from(file.len);
        }
        self.find_removals(source, &tree, &old, &mut plan, &mut figures)?;
        let media_json = source.media_json_file();
        let is_same = self.has(&tree, &Old::default(), &media_json, false)?;
        let reader = FatReader::open(&self.disk).map_err(|error| self.broken(&error))?;
        let has_directories = source.directories.iter().all(|path| {
            tree.get(&key(path)).is_some_and(|found| found.is_directory && found.path == *path)
        });
        plan.changes = !is_same
            || plan.writes.contains(&true)
            || !plan.removes.is_empty()
            || !plan.marks.is_empty()
            || !has_directories
            || reader.info().label != source.label;
        if plan.changes {
            plan.new_mark = new_mark(source, &old, &marks);
        }
        figures.has_changes = plan.changes;
        figures.goes_on = !plan.marks.is_empty();
        let offset = reader.info().offset;
        figures.starts_bios =
            source.boot_code.is_some() && BootCode::read(&self.disk, offset) == source.boot_code;
        figures.starts_uefi = source.has_efi_program();
        if plan.changes {
            self.must_fit(source, &plan)?;
        }
        (self.plan, self.figures) = (plan, figures);
        Ok(())
    }

    pub(super) fn broken(&self, error: &dyn std::fmt::Display) -> Error {
        Error::Integrity(format!("`{}`: {error}; {REMEDY}", self.device.path.display()))
    }

    /// The marks of an update that was interrupted, with the paths that they name.
    fn marks(&self, image: &ImageFile) -> Result<Vec<(&'static str, BTreeSet<String>)>, Error> {
        let mut marks = Vec::new();
        for path in mark::PATHS {
            let Some(bytes) = image.read_file(path, mark::LEN_MAX)? else { continue };
            let paths = mark::decode(&bytes)
                .ok_or_else(|| self.broken(&format!("`{path}` is not what an update writes")))?;
            marks.push((path, paths));
        }
        Ok(marks)
    }

    /// Refuses a volume that is not sound; one that was being updated may have what such an update
    /// leaves.
    pub(super) fn must_be_sound(&self, was_interrupted: bool) -> Result<(), Error> {
        let faults = check(&self.disk, &CheckOptions::of_others());
        let fault = faults.iter().find(|fault| !was_interrupted || !LEFT.contains(&fault.rule));
        let Some(fault) = fault else { return Ok(()) };
        let file = fault.path.as_ref().map(|path| format!(", file `{path}`")).unwrap_or_default();
        Err(Error::Integrity(format!(
            "the file system of `{}` is not sound: [{}] at byte {}{file}: {}; let `fsck.fat` or \
             `chkdsk` mend it, or {REMEDY}",
            self.device.path.display(),
            fault.rule,
            fault.offset,
            fault.message
        )))
    }

    fn tree(&self) -> Result<Tree, Error> {
        let mut tree = Tree::new();
        let reader = FatReader::open(&self.disk).map_err(|error| self.broken(&error))?;
        let walked = reader.walk(&mut |entry| {
            let found = Found {
                path: entry.path.clone(),
                is_directory: entry.is_directory(),
                len: entry.len,
                extents: entry.extents.clone(),
            };
            tree.insert(key(&entry.path), found);
            ControlFlow::Continue(())
        });
        walked.map_err(|error| self.broken(&error))?;
        Ok(tree)
    }

    /// What belongs to the media that are there, or to those that an interrupted update brought.
    fn old(
        &self,
        image: &ImageFile,
        tree: &Tree,
        marks: &[(&'static str, BTreeSet<String>)],
    ) -> Result<Old, Error> {
        let mut old = Old::default();
        for path in marks.iter().flat_map(|(_, paths)| paths) {
            if !path.ends_with('/') {
                old.files.insert(key(path), None);
            }
            old.paths.insert(path.clone());
        }
        // With a mark, whatever the manifests would say stands in it.
        if !marks.is_empty() || !tree.contains_key(&key(MEDIA_JSON)) {
            return Ok(old);
        }
        let manifest = read_media_manifest(image).map_err(|error| self.broken(&error))?;
        if manifest.contents.iter().any(|content| content.partition == Some(SECOND_PARTITION)) {
            return Err(self.broken(&"its media lie on two partitions"));
        }
        let named = expected_tree(image, &manifest).map_err(|error| self.broken(&error))?;
        for (path, _, sha256) in named.files {
            old.files.insert(key(&path), Some(sha256));
            old.paths.insert(path);
        }
        old.paths.extend(named.directories.into_iter().map(|path| path + "/"));
        Ok(old)
    }

    /// Whether a file of the media is there: by the digests of both sides, else by reading it.
    fn has(&self, tree: &Tree, old: &Old, file: &MediaFile, trusts: bool) -> Result<bool, Error> {
        let key = key(&file.path);
        let Some(found) = tree.get(&key) else { return Ok(false) };
        let is_like = !found.is_directory && found.path == file.path;
        if !is_like || found.len != u64::from(file.len) {
            return Ok(false);
        }
        match old.files.get(&key).copied().flatten() {
            Some(digest) if trusts => Ok(digest == file.sha256),
            _ => Ok(self.hash(found.extents.as_slice())? == file.sha256),
        }
    }

    /// The digest of a file's bytes on the device.
    pub(super) fn hash(&self, extents: &[DataExtent]) -> Result<Digest, Error> {
        let mut hash = Sha256::new();
        let longest = extents.iter().map(|extent| extent.len).max().unwrap_or_default();
        let mut buffer = Buffer::with_capacity(longest.min(PIECE) as usize);
        for extent in extents {
            for at in (0..extent.len).step_by(PIECE as usize) {
                let len = PIECE.min(extent.len - at) as usize;
                let offset = extent.offset + at;
                self.disk.read_data(offset, len, &mut buffer).map_err(|error| {
                    let path = self.device.path.display();
                    Error::Integrity(format!("`{path}` cannot be read at byte {offset}: {error}"))
                })?;
                hash.update(buffer.bytes());
            }
        }
        Ok(Digest(hash.finalize().into()))
    }

    /// What of the stick goes, and what is in the way of the media.
    fn find_removals(
        &self,
        source: &UpdateSource<'_>,
        tree: &Tree,
        old: &Old,
        plan: &mut Plan,
        figures: &mut Figures,
    ) -> Result<(), Error> {
        let wanted: HashMap<String, usize> =
            source.files.iter().enumerate().map(|(at, file)| (key(&file.path), at)).collect();
        let directories: HashMap<String, &String> =
            source.directories.iter().map(|path| (key(path), path)).collect();
        let own: HashSet<String> = mark::PATHS.into_iter().chain([MEDIA_JSON]).map(key).collect();
        let old_directories: HashSet<String> =
            old.paths.iter().filter_map(|path| path.strip_suffix('/')).map(key).collect();
        let mut goes = Vec::new();
        // Directories that hold what stays, by their names in upper case.
        let mut stays: HashSet<&str> = HashSet::new();
        for (key, found) in tree {
            let in_the_way = |what: &str| {
                let (device, path) = (self.device.path.display(), &found.path);
                let remedy = "rename or remove what is there";
                Err(Error::Input {
                    path: self.device.path.clone(),
                    message: format!("`{path}` on `{device}` is in the way: {what}; {remedy}"),
                })
            };
            if found.is_directory {
                let differs = directories.get(key).is_none_or(|path| **path != found.path);
                if wanted.contains_key(key) && !old_directories.contains(key) {
                    return in_the_way("the media have a file there");
                }
                if differs && (old_directories.contains(key) || directories.contains_key(key)) {
                    goes.push((key.as_str(), found));
                } else if differs {
                    stays.extend(parents(key));
                }
                continue;
            }
            if own.contains(key) {
                continue;
            }
            let place = wanted.get(key);
            if place.is_some_and(|place| !plan.writes[*place]) {
                stays.extend(parents(key));
            } else if place.is_some() || old.files.contains_key(key) {
                figures.removed += u64::from(place.is_none());
                plan.removes.push(found.path.clone());
            } else {
                if directories.contains_key(key) {
                    return in_the_way("the media have a folder there");
                }
                figures.others += 1;
                stays.extend(parents(key));
            }
        }
        for (key, found) in goes.into_iter().rev() {
            let is_needed = directories.contains_key(key) || wanted.contains_key(key);
            if is_needed && stays.contains(key) {
                let name = directories.get(key).map_or(key, |path| path.as_str());
                let message = format!(
                    "`{}` holds files of others, and the media need it as `{name}`; rename or \
                     remove it",
                    found.path
                );
                return Err(Error::Input { path: self.device.path.clone(), message });
            }
            plan.directories.push(found.path.clone());
        }
        Ok(())
    }

    /// Does in memory what has to be done, and counts the clusters.
    fn must_fit(&self, source: &UpdateSource<'_>, plan: &Plan) -> Result<(), Error> {
        let wrong = |error: UpdateError| self.wrong(error);
        let mut editor = Editor::open(&self.disk, source.created).map_err(wrong)?;
        if !plan.marks.is_empty() {
            editor.mend(&mut |_, _| Ok(())).map_err(wrong)?;
        }
        if let Some((path, bytes)) = &plan.new_mark {
            editor.add_file(path, bytes.len() as u32).map_err(wrong)?;
        }
        let (mark_wanted, mark_missing) = (editor.wanted_clusters(), editor.missing_clusters());
        if mark_missing > 0 {
            return Err(Error::DoesNotFit(format!(
                "`{}` is so full that not even a note of what goes has room, {} bytes; remove a \
                 file of yours",
                self.device.path.display(),
                mark_missing * editor.cluster_size()
            )));
        }
        editor.commit();
        let old = plan.has_media_json.then_some(MEDIA_JSON);
        let paths = plan.removes.iter().chain(&plan.directories).map(String::as_str);
        for path in paths.chain(old) {
            editor.remove(path).map_err(wrong)?;
        }
        editor.commit();
        let free = editor.free_clusters();
        let writes = source.files.iter().zip(&plan.writes).filter(|(_, writes)| **writes);
        for (file, _) in writes {
            editor.add_file(&file.path, file.len).map_err(wrong)?;
        }
        for path in &source.directories {
            editor.add_directory(path).map_err(wrong)?;
        }
        editor.set_label(&source.label).map_err(wrong)?;
        editor.add_file(MEDIA_JSON, source.media_json.len() as u32).map_err(wrong)?;
        if editor.missing_clusters() == 0 {
            return Ok(());
        }
        let size = editor.cluster_size();
        Err(Error::DoesNotFit(format!(
            "`{}` has {} bytes free once what goes is gone, and {} are needed; remove files of \
             yours, or {REMEDY}",
            self.device.path.display(),
            (free + mark_wanted) * size,
            editor.wanted_clusters() * size
        )))
    }

    /// The error of a device that does not keep what it is given.
    pub(super) fn differs(&self) -> Error {
        let path = self.device.path.display();
        Error::Integrity(format!(
            "`{path}` does not give back what was written; the device is worn out or not what it \
             says"
        ))
    }

    /// Says what of the stick an error concerns.
    pub(super) fn wrong(&self, error: UpdateError) -> Error {
        match error {
            UpdateError::Read(error) => self.broken(&error),
            error => Error::Input {
                path: self.device.path.clone(),
                message: format!("{error}; {REMEDY}"),
            },
        }
    }

    /// The files that are not as the media have them, by their places among `files`.
    pub(super) fn differing(
        &self,
        files: &[MediaFile],
        cancel: &Cancel,
        each: &mut dyn FnMut(u64),
    ) -> Result<Vec<usize>, Error> {
        self.disk.forget();
        let tree = self.tree()?;
        let mut differing = Vec::new();
        for (place, file) in files.iter().enumerate() {
            cancel.check()?;
            if !self.has(&tree, &Old::default(), file, false)? {
                differing.push(place);
            }
            each(u64::from(file.len));
        }
        Ok(differing)
    }

    /// Removes what may be there, and returns what became of it.
    pub(super) fn remove(&self, editor: &mut Editor<'_>, path: &str) -> Result<Removed, Error> {
        editor.remove(path).map_err(|error| self.wrong(error))
    }

    pub(super) fn written<T>(&self, result: std::io::Result<T>) -> Result<T, Error> {
        result.at("write", self.disk.path())
    }
}

/// The mark of this update; none if one that is there says the same.
fn new_mark(
    source: &UpdateSource<'_>,
    old: &Old,
    marks: &[(&'static str, BTreeSet<String>)],
) -> Option<(&'static str, Vec<u8>)> {
    let mut paths = old.paths.clone();
    paths.extend(source.files.iter().map(|file| file.path.clone()));
    paths.extend(source.directories.iter().map(|path| format!("{path}/")));
    paths.insert(MEDIA_JSON.to_owned());
    if marks.iter().any(|(_, others)| *others == paths) {
        return None;
    }
    let is_free = |path: &&&'static str| marks.iter().all(|(other, _)| other != *path);
    // Of two marks the second one says all that the first one does.
    let path = mark::PATHS.iter().find(is_free).copied().unwrap_or(mark::PATHS[0]);
    Some((path, mark::encode(&paths)))
}

/// The directories above a path.
fn parents(path: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(path), |path| path.rsplit_once('/').map(|(parent, _)| parent))
        .skip(1)
}

/// What a device holds instead of FAT32.
fn what_else(disk: &Disk) -> &'static str {
    const SECTOR: u64 = 512;
    let mut starts = vec![0];
    if let Ok(Some(gpt)) = GptHeader::read(disk, 1) {
        let entries = gpt.read_entries(disk).unwrap_or_default();
        starts.extend(gpt.partitions(&entries).iter().map(|partition| partition.first));
    } else if let Ok(Some(mbr)) = Mbr::read(disk) {
        starts.extend(mbr.partitions.iter().map(|partition| u64::from(partition.first)));
    }
    for start in starts {
        let mut sector = [0; SECTOR as usize];
        if disk.read_exact_at(start.saturating_mul(SECTOR), &mut sector).is_err() {
            continue;
        }
        match (&sector[3..11], &sector[54..59]) {
            (b"NTFS    ", _) => return "holds NTFS, and only FAT32 is updated",
            (b"EXFAT   ", _) => return "holds exFAT, and only FAT32 is updated",
            (_, b"FAT12" | b"FAT16") => return "holds FAT12 or FAT16, and only FAT32 is updated",
            _ => {}
        }
    }
    "holds no FAT32 file system"
}
