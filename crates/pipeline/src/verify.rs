//! Reads media back as a target would, and compares every byte with what the manifests say.

mod expected;
mod hash;
mod locate;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use content::manifest::{MEDIA_FORMAT, ManifestLine, MediaManifest, SECOND_PARTITION};
use content::{ContentId, Digest};
use image::read::{DataExtent, ReadAt as _};
use rayon::prelude::*;
use sha2::{Digest as _, Sha256};

use crate::Error;
use crate::image_file::{FileSystem, ImageFile};
use crate::media::{encode_media, set_digest};
use crate::progress::{Amount, Cancel, Phase, Progress};
use expected::Expected;

/// How much of an image is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VerifyDepth {
    /// Every descriptor, directory and file entry in all namespaces, and the manifests.
    Structure,
    /// All that, and every byte of every file.
    Full,
}

/// What a verification found.
#[derive(Debug, Default)]
pub struct VerifyReport {
    /// The discs in the order of their numbers.
    pub discs: Vec<VerifiedDisc>,
    /// Everything that is not as it should be; by disc and offset.
    pub findings: Vec<Finding>,
}

/// A disc that could be read.
#[derive(Debug)]
pub struct VerifiedDisc {
    /// Its image.
    pub path: PathBuf,
    /// What it says of itself.
    pub manifest: MediaManifest,
    /// How many files it holds.
    pub files: u64,
    /// How many bytes were hashed; data that several files share counts once.
    pub hashed_bytes: u64,
    /// The cut files of the whole set.
    cut: Vec<(ContentId, ManifestLine)>,
}

/// Something on the media that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// The image.
    pub image: PathBuf,
    /// Which disc of its set that is, if it says so.
    pub disc: Option<u32>,
    /// Where in the image, in bytes from its start. Of a wrong file the first wrong byte where only
    /// one is wrong, else where the 64 KiB with the first one begin.
    pub offset: u64,
    /// The file in the image.
    pub file: Option<String>,
    /// The id of the rule that is broken.
    pub rule: String,
    /// What is wrong.
    pub message: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{}] ", self.rule)?;
        if let Some(disc) = self.disc {
            write!(f, "disc {disc}, ")?;
        }
        write!(f, "`{}` at byte {}", self.image.display(), self.offset)?;
        if let Some(file) = &self.file {
            write!(f, ", file `{file}`")?;
        }
        write!(f, ": {}", self.message)
    }
}

/// The document that verifies all others.
pub const MEDIA_JSON: &str = "SMS/data/media.json";

/// The largest `media.json` that is read: some ten thousand contents.
pub(crate) const MEDIA_JSON_MAX: u64 = 64 << 20;
/// The largest manifest that is read, since it is held in memory: some five million files.
const MANIFEST_MAX: u64 = 1 << 30;

/// Reads `media.json` of an image, which must be as it was written: the set's id is the digest of
/// all that its discs have in common.
pub fn read_media_manifest(image: &ImageFile) -> Result<MediaManifest, Error> {
    let none = "has no `SMS/data/media.json`: it is no media of tsmedia";
    let none = || Error::Integrity(format!("`{}` {none}", image.path().display()));
    let bytes = image.read_file(MEDIA_JSON, MEDIA_JSON_MAX)?.ok_or_else(none)?;
    parse_media_manifest(&bytes, image.path())
}

/// The same from the bytes of `media.json` and the path of the media that it lies on.
pub(crate) fn parse_media_manifest(bytes: &[u8], media: &Path) -> Result<MediaManifest, Error> {
    let wrong = |what: &str| Error::Integrity(format!("`{}` {what}", media.display()));
    let manifest: MediaManifest = serde_json::from_slice(bytes)
        .map_err(|error| wrong(&format!("has a `SMS/data/media.json` that is wrong: {error}")))?;
    // A document says no more than its version knows: which partitions, from 2 on.
    let version = MediaManifest::version_of(&manifest.contents);
    let is_second = |partition| partition == SECOND_PARTITION;
    let mut partitions = manifest.contents.iter().filter_map(|content| content.partition);
    if manifest.format != MEDIA_FORMAT || manifest.version != version || !partitions.all(is_second)
    {
        return Err(wrong("was made by another version, which this one cannot read"));
    }
    if encode_media(&manifest) != bytes || set_digest(&manifest) != manifest.set {
        return Err(wrong("has a `SMS/data/media.json` that was changed after it was written"));
    }
    // Whoever lists the discs of a set must not have to list as many as 32 bits can say.
    let MediaManifest { disc, discs, .. } = manifest;
    if discs > plan::MAX_DISCS || !(1..=discs).contains(&disc) {
        return Err(wrong(&format!("says that it is disc {disc} of {discs}")));
    }
    Ok(manifest)
}

/// Reads a manifest of an image, which must have this digest.
pub fn manifest_lines(
    image: &ImageFile,
    path: &str,
    digest: Digest,
) -> Result<Vec<ManifestLine>, Error> {
    let wrong = |what: String| Error::Integrity(format!("`{}`: {what}", image.path().display()));
    let bytes = image
        .read_file(path, MANIFEST_MAX)?
        .ok_or_else(|| wrong(format!("`{path}` is not there")))?;
    if Digest(Sha256::digest(&bytes).into()) != digest {
        return Err(wrong(format!("`{path}` is not what `media.json` says")));
    }
    let lines = bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    lines
        .map(|line| {
            serde_json::from_slice(line).map_err(|error| wrong(format!("`{path}`: {error}")))
        })
        .collect()
}

/// The files and directories that the manifests of an image name.
#[derive(Debug)]
pub(crate) struct ExpectedTree {
    /// Path, length and digest of each file, `media.json` included.
    pub files: Vec<(String, u64, Digest)>,
    /// Every directory.
    pub directories: BTreeSet<String>,
}

/// What the manifests of an image name; all of them must be right.
pub(crate) fn expected_tree(
    image: &ImageFile,
    manifest: &MediaManifest,
) -> Result<ExpectedTree, Error> {
    let mut disc = Disc { image, number: Some(manifest.disc), findings: Vec::new() };
    let expected = expected::read(&mut disc, manifest)?;
    match disc.findings.first() {
        Some(finding) => Err(Error::Integrity(finding.to_string())),
        None => Ok(expected.into_tree()),
    }
}

/// Verifies images: each by itself, and that they belong together.
///
/// `Err` means that the work could not be done; what is wrong with the media is in the report.
pub fn images(
    paths: &[PathBuf],
    depth: VerifyDepth,
    cancel: &Cancel,
    progress: &dyn Progress,
) -> Result<VerifyReport, Error> {
    let images: Vec<ImageFile> =
        paths.iter().map(|path| ImageFile::open(path)).collect::<Result<_, _>>()?;
    opened(&images, depth, cancel, progress)
}

/// The same for sticks that others formatted and that were updated in place: files beside the media
/// are no findings, nor are the habits of whoever formatted or changed the volume.
pub fn updated(
    paths: &[PathBuf],
    depth: VerifyDepth,
    cancel: &Cancel,
    progress: &dyn Progress,
) -> Result<VerifyReport, Error> {
    let images: Vec<ImageFile> = paths
        .iter()
        .map(|path| Ok(ImageFile::open(path)?.shared_with_others()))
        .collect::<Result<_, Error>>()?;
    opened(&images, depth, cancel, progress)
}

/// The same for images that are open.
pub(crate) fn opened(
    images: &[ImageFile],
    depth: VerifyDepth,
    cancel: &Cancel,
    progress: &dyn Progress,
) -> Result<VerifyReport, Error> {
    let bytes = images.iter().map(|image| image.len()).sum();
    progress.begin(Phase::Verify, Amount { bytes, files: 0 });
    let mut report = VerifyReport::default();
    for image in images {
        disc(image, depth, cancel, progress, &mut report)?;
    }
    report.discs.sort_by_key(|disc| disc.manifest.disc);
    belong_together(&mut report);
    if depth == VerifyDepth::Full {
        cut_files(images, cancel, &mut report)?;
    }
    report.findings.sort();
    Ok(report)
}

fn disc(
    image: &ImageFile,
    depth: VerifyDepth,
    cancel: &Cancel,
    progress: &dyn Progress,
    report: &mut VerifyReport,
) -> Result<(), Error> {
    let mut disc = Disc { image, number: None, findings: Vec::new() };
    match read_media_manifest(image) {
        Err(Error::Integrity(message)) => {
            disc.add(0, Some(MEDIA_JSON.to_owned()), "media-json", message)
        }
        Err(error) => return Err(error),
        Ok(manifest) => {
            disc.number = Some(manifest.disc);
            let found = disc.files(manifest, depth, cancel, progress)?;
            report.discs.push(found);
        }
    }
    cancel.check()?;
    // Last, because it looks at what lies between files: when they have been hashed, that has been
    // read already.
    for fault in image.faults(depth == VerifyDepth::Full) {
        disc.add(fault.offset, fault.path, fault.rule, fault.message);
    }
    report.findings.extend(disc.findings);
    Ok(())
}

/// A disc while it is verified.
struct Disc<'a> {
    image: &'a ImageFile,
    number: Option<u32>,
    findings: Vec<Finding>,
}

/// A file on a disc: its place among what is expected, and where its bytes lie.
struct FoundFile {
    expected: usize,
    extents: Box<[DataExtent]>,
}

impl Disc<'_> {
    fn add(&mut self, offset: u64, file: Option<String>, rule: &str, message: impl Into<String>) {
        let (path, offset) = self.image.place(offset);
        self.findings.push(Finding {
            image: path.to_owned(),
            disc: self.number,
            offset,
            file,
            rule: rule.to_owned(),
            message: message.into(),
        });
    }

    /// Compares the disc's files with its manifests.
    fn files(
        &mut self,
        manifest: MediaManifest,
        depth: VerifyDepth,
        cancel: &Cancel,
        progress: &dyn Progress,
    ) -> Result<VerifiedDisc, Error> {
        let expected = expected::read(self, &manifest)?;
        let files = self.compare_tree(&expected, depth);
        let hashed_bytes = match depth {
            VerifyDepth::Structure => 0,
            VerifyDepth::Full => hash::files(self, &manifest, &expected, &files, cancel, progress)?,
        };
        Ok(VerifiedDisc {
            path: self.image.path().to_owned(),
            manifest,
            files: expected.files.len() as u64,
            hashed_bytes,
            cut: expected.cut,
        })
    }

    /// Walks the disc and compares names and sizes. Returns the files that are to be hashed.
    fn compare_tree(&mut self, expected: &Expected, depth: VerifyDepth) -> Vec<FoundFile> {
        let mut found = Vec::new();
        let mut seen = vec![false; expected.files.len()];
        let mut odd = Vec::new();
        let walked = self.image.walk(&mut |entry| {
            let place = expected.find(&entry.path);
            match place {
                Some(place) if !entry.is_directory() => {
                    let file = &expected.files[place];
                    let partition = self.image.partition_of(entry).unwrap_or(file.partition);
                    seen[place] |= partition == file.partition;
                    if partition != file.partition {
                        let message = format!(
                            "lies on partition {partition}, the manifest says {}",
                            file.partition
                        );
                        odd.push((entry.record_offset, entry.path.clone(), "partition", message));
                    } else if file.size == entry.len {
                        if depth == VerifyDepth::Full {
                            let extents = entry.extents.clone().into_boxed_slice();
                            found.push(FoundFile { expected: place, extents });
                        }
                    } else {
                        let message =
                            format!("has {} bytes, the manifest says {}", entry.len, file.size);
                        odd.push((entry.record_offset, entry.path.clone(), "size", message));
                    }
                }
                _ if entry.is_directory() && expected.has_directory(&entry.path) => {}
                None if self.image.is_shared() => {}
                _ => {
                    let message = "is in no manifest".to_owned();
                    odd.push((entry.record_offset, entry.path.clone(), "unlisted", message));
                }
            }
            ControlFlow::Continue(())
        });
        for (offset, path, rule, message) in odd {
            self.add(offset, Some(path), rule, message);
        }
        if let Err(error) = walked {
            self.add(0, None, "unreadable", format!("the tree cannot be read: {error}"));
        }
        let elsewhere = self.tell_second_partition(expected, &seen);
        for (file, _) in expected.files.iter().zip(&seen).filter(|(_, seen)| !**seen) {
            if elsewhere && file.partition == SECOND_PARTITION {
                continue;
            }
            let message = "is in a manifest, but not on the disc";
            self.add(0, Some(file.path.to_string()), "missing", message);
        }
        found
    }

    /// Whether nothing of what lies on the second partition is here because that is not here; says
    /// so once instead of for each file.
    fn tell_second_partition(&mut self, expected: &Expected, seen: &[bool]) -> bool {
        let seen = expected.files.iter().zip(seen);
        let mut second = seen.filter(|(file, _)| file.partition == SECOND_PARTITION).peekable();
        let is_absent = second.peek().is_some() && second.all(|(_, seen)| !seen);
        let remedy = match self.image.file_system() {
            FileSystem::Folder => {
                "a folder shows one partition only: verify the device or its image, or copy both \
                 partitions into one folder"
            }
            _ if !self.image.has_second_partition() => "there is no exFAT volume behind the first",
            _ => return false,
        };
        if is_absent {
            let message = format!("contents lie on the second partition, and {remedy}");
            self.add(0, None, "second-partition", message);
        }
        is_absent
    }
}

/// The discs of a set by their numbers.
type SetDiscs<'a> = BTreeMap<u32, &'a VerifiedDisc>;

fn sets(report: &VerifyReport) -> BTreeMap<Digest, SetDiscs<'_>> {
    let mut sets: BTreeMap<Digest, SetDiscs<'_>> = BTreeMap::new();
    for disc in &report.discs {
        sets.entry(disc.manifest.set).or_default().insert(disc.manifest.disc, disc);
    }
    sets
}

fn is_whole(discs: &SetDiscs<'_>) -> bool {
    discs.values().next().is_some_and(|disc| discs.len() as u32 == disc.manifest.discs)
}

/// Several images must be discs of one set, or whole sets.
fn belong_together(report: &mut VerifyReport) {
    let Some(first) = report.discs.first() else { return };
    let mut findings = Vec::new();
    let mut add = |disc: &VerifiedDisc, rule: &str, message: String| {
        findings.push(Finding {
            image: disc.path.clone(),
            disc: Some(disc.manifest.disc),
            offset: 0,
            file: None,
            rule: rule.to_owned(),
            message,
        });
    };
    // Several whole sets are as good as one; copies of a disc are no fault.
    if sets(report).values().all(is_whole) {
        return;
    }
    for disc in &report.discs {
        if disc.manifest.set != first.manifest.set {
            add(disc, "other-set", format!("belongs to set {}", disc.manifest.set));
        }
    }
    report.findings.extend(findings);
}

/// With all discs at hand, checks that the parts of each cut file make the whole.
fn cut_files(
    images: &[ImageFile],
    cancel: &Cancel,
    report: &mut VerifyReport,
) -> Result<(), Error> {
    if !report.findings.is_empty() {
        return Ok(());
    }
    let mut findings = Vec::new();
    for discs in sets(report).values().filter(|discs| is_whole(discs)) {
        findings.extend(cut_files_of(discs, images, cancel)?);
    }
    report.findings.extend(findings);
    Ok(())
}

fn cut_files_of(
    discs: &SetDiscs<'_>,
    images: &[ImageFile],
    cancel: &Cancel,
) -> Result<Vec<Finding>, Error> {
    let Some((&number, first)) = discs.first_key_value() else { return Ok(Vec::new()) };
    let image = |(&number, disc): (&u32, &&VerifiedDisc)| {
        Some((number, images.iter().find(|image| image.path() == disc.path)?))
    };
    let by_number: HashMap<u32, &ImageFile> = discs.iter().filter_map(image).collect();
    let wrong = first.cut.par_iter().map(|(content, line)| {
        let whole = hash::joined(&by_number, line, cancel)? == Some(line.sha256);
        Ok((!whole).then(|| format!("SMS/PKG/{content}/{}", line.path)))
    });
    let wrong = wrong.collect::<Result<Vec<_>, Error>>()?.into_iter().flatten();
    let finding = |file| Finding {
        image: first.path.clone(),
        disc: Some(number),
        offset: 0,
        file: Some(file),
        rule: "digest".to_owned(),
        message: "the parts on the discs do not make the file".to_owned(),
    };
    Ok(wrong.map(finding).collect())
}

/// What a file must have.
struct ExpectedFile {
    path: Box<str>,
    size: u64,
    sha256: Digest,
    /// The partition that holds it.
    partition: u32,
}
