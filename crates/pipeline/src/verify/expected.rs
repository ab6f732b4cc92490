//! What the manifests say of a disc.

use std::collections::{HashMap, HashSet};

use content::manifest::{
    ManifestLine, MediaManifest, content_file_path, content_manifest_path, disc_manifest_path,
};
use content::{ContentId, Digest, StripeSums};
use sha2::{Digest as _, Sha256};

use super::{Disc, ExpectedFile, ExpectedTree, MANIFEST_MAX, manifest_lines};
use crate::Error;
use crate::image_file::ImageFile;
use crate::media::encode_media;

/// The partition that all files lie on of which nothing else is said.
const FIRST: u32 = 1;

/// The files and directories that a disc must have.
pub struct Expected {
    /// Sorted by the bytes of their paths.
    pub files: Vec<ExpectedFile>,
    /// The files of the whole set that are cut.
    pub cut: Vec<(ContentId, ManifestLine)>,
    directories: HashSet<Box<str>>,
}

impl Expected {
    pub fn find(&self, path: &str) -> Option<usize> {
        self.files.binary_search_by(|file| (*file.path).cmp(path)).ok()
    }

    pub fn has_directory(&self, path: &str) -> bool {
        self.directories.contains(path)
    }

    pub fn into_tree(self) -> ExpectedTree {
        let files = self.files.into_iter();
        ExpectedTree {
            files: files.map(|file| (file.path.into(), file.size, file.sha256)).collect(),
            directories: self.directories.into_iter().map(String::from).collect(),
        }
    }

    fn add_file(&mut self, path: String, size: u64, sha256: Digest, partition: u32) {
        self.add_parents(&path);
        self.files.push(ExpectedFile { path: path.into(), size, sha256, partition });
    }

    fn add_parents(&mut self, path: &str) {
        let mut path = path;
        while let Some((parent, _)) = path.rsplit_once('/') {
            if !self.directories.insert(parent.into()) {
                return;
            }
            path = parent;
        }
    }

    fn add_line(&mut self, line: ManifestLine, path: String, partition: u32) {
        match path.strip_suffix('/') {
            Some(directory) => {
                self.directories.insert(directory.into());
                self.add_parents(directory);
            }
            None => self.add_file(path, line.size, line.sha256, partition),
        }
    }
}

/// Reads the manifests of a disc and checks their digests.
pub fn read(disc: &mut Disc<'_>, manifest: &MediaManifest) -> Result<Expected, Error> {
    let mut expected = Expected { files: Vec::new(), cut: Vec::new(), directories: HashSet::new() };
    let number = manifest.disc;
    for content in &manifest.contents {
        let path = content_manifest_path(&content.id);
        let Some(bytes) = checked(disc, &path, content.manifest_sha256)? else { continue };
        expected.add_file(path.clone(), bytes.len() as u64, content.manifest_sha256, FIRST);
        // Its folder lies where the content starts, even if no file of it does.
        if content.discs.first() == Some(&number) {
            let folder = content_file_path(&content.id, "");
            expected.add_line(directory_line(), folder, FIRST);
        }
        let partition = content.partition.unwrap_or(FIRST);
        for line in lines(disc, &path, &bytes) {
            add_content_line(&mut expected, &content.id, (number, partition), line);
        }
    }
    for (digest, of_disc) in manifest.disc_manifests.iter().zip(1..) {
        let path = disc_manifest_path(of_disc);
        let Some(bytes) = checked(disc, &path, *digest)? else { continue };
        expected.add_file(path.clone(), bytes.len() as u64, *digest, FIRST);
        if of_disc == number {
            for line in lines(disc, &path, &bytes) {
                let path = line.path.clone();
                expected.add_line(line, path, FIRST);
            }
        }
    }
    let bytes = encode_media(manifest);
    let digest = Digest(Sha256::digest(&bytes).into());
    expected.add_file(super::MEDIA_JSON.to_owned(), bytes.len() as u64, digest, FIRST);
    expected.files.sort_unstable_by(|a, b| a.path.cmp(&b.path));
    Ok(expected)
}

fn directory_line() -> ManifestLine {
    ManifestLine {
        path: String::new(),
        size: 0,
        sha256: Digest::UNKNOWN,
        crc32: StripeSums::default(),
        disc: None,
        parts: Vec::new(),
    }
}

/// Adds what a line says of the disc with this number, whose files of the content lie on this
/// partition.
fn add_content_line(
    expected: &mut Expected,
    id: &ContentId,
    (number, partition): (u32, u32),
    line: ManifestLine,
) {
    if line.disc == Some(number) {
        let path = content_file_path(id, &line.path);
        expected.add_line(line, path, partition);
        return;
    }
    for part in line.parts.iter().filter(|part| part.disc == number) {
        expected.add_file(part.path.clone(), part.length, part.sha256, FIRST);
    }
    if !line.parts.is_empty() {
        expected.cut.push((id.clone(), line));
    }
}

/// What says where these files of a disc are wrong, by path. Whatever cannot be read is left out.
///
/// Read again when it is needed: for a million files the sums would take more memory than all else.
pub fn sums(
    image: &ImageFile,
    manifest: &MediaManifest,
    wanted: &HashSet<&str>,
) -> HashMap<String, StripeSums> {
    let mut found = HashMap::new();
    let mut add = |path: String, sums: StripeSums| {
        if wanted.contains(&*path) {
            found.insert(path, sums);
        }
    };
    let number = manifest.disc;
    for content in &manifest.contents {
        let path = content_manifest_path(&content.id);
        for line in manifest_lines(image, &path, content.manifest_sha256).unwrap_or_default() {
            add(content_file_path(&content.id, &line.path), line.crc32);
            for part in line.parts.into_iter().filter(|part| part.disc == number) {
                add(part.path, part.crc32);
            }
        }
    }
    if let Some(digest) = manifest.disc_manifests.get(number as usize - 1) {
        let lines = manifest_lines(image, &disc_manifest_path(number), *digest);
        lines.unwrap_or_default().into_iter().for_each(|line| add(line.path, line.crc32));
    }
    found
}

/// Reads a manifest whose digest is known.
fn checked(disc: &mut Disc<'_>, path: &str, digest: Digest) -> Result<Option<Vec<u8>>, Error> {
    let Some(bytes) = disc.image.read_file(path, MANIFEST_MAX)? else {
        disc.add(0, Some(path.to_owned()), "missing", "the manifest is not on the disc");
        return Ok(None);
    };
    let found = Digest(Sha256::digest(&bytes).into());
    if found != digest {
        let message = format!("has SHA-256 {found}, `media.json` says {digest}");
        disc.add(0, Some(path.to_owned()), "manifest-digest", message);
        return Ok(None);
    }
    Ok(Some(bytes))
}

fn lines(disc: &mut Disc<'_>, path: &str, bytes: &[u8]) -> Vec<ManifestLine> {
    let mut lines = Vec::new();
    for (number, line) in (1..).zip(bytes.split(|byte| *byte == b'\n')) {
        if line.is_empty() {
            continue;
        }
        match serde_json::from_slice(line) {
            Ok(line) => lines.push(line),
            Err(error) => {
                let message = format!("line {number} is wrong: {error}");
                disc.add(0, Some(path.to_owned()), "manifest-line", message);
            }
        }
    }
    lines
}
