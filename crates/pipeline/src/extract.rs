//! Takes files out of media, joins what is cut, and checks every digest on the way.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fs::{self, File};
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use content::manifest::{
    ManifestLine, ManifestPart, MediaManifest, content_file_path, content_manifest_path,
    disc_manifest_path,
};
use content::{ContentId, Digest, StripeSums};
use iso9660_writer::read::FileReader;
use rayon::prelude::*;
use sha2::{Digest as _, Sha256};

use crate::image_file::{FileSystem, ImageFile};
use crate::progress::{Amount, Cancel, Phase, Progress};
use crate::verify::{expected_tree, manifest_lines, read_media_manifest};
use crate::{Error, IoContext};

/// What was taken out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ExtractReport {
    /// How many files.
    pub files: u64,
    /// How many bytes.
    pub bytes: u64,
}

/// What to take out of which media, and where to.
#[derive(Debug)]
pub struct ExtractRequest<'a> {
    /// The images; all discs that hold something of what is wanted.
    pub images: &'a [PathBuf],
    /// The folder to make; it must not be there yet.
    pub output: &'a Path,
    /// Only these contents; empty for everything.
    pub contents: &'a [ContentId],
}

/// A file to write: its path below the output, its size and digest, and where its bytes lie.
struct Wanted {
    path: PathBuf,
    size: u64,
    sha256: Digest,
    parts: Vec<ManifestPart>,
}

/// Extracts into a new folder, which gets its name when everything in it is there and checked.
pub fn run(
    request: &ExtractRequest<'_>,
    cancel: &Cancel,
    progress: &dyn Progress,
) -> Result<ExtractReport, Error> {
    if request.output.exists() {
        let (path, message) = (request.output.to_owned(), "is there already".to_owned());
        return Err(Error::Input { path, message });
    }
    let discs = open_set(request.images)?;
    let (mut wanted, mut folders) = (Vec::new(), BTreeSet::new());
    list(&discs, request.contents, &mut wanted, &mut folders)?;
    // The sizes are what somebody wrote; a sum that is too large belongs to files that are not there.
    let bytes = wanted.iter().fold(0, |sum: u64, file| sum.saturating_add(file.size));
    let total = Amount { bytes, files: wanted.len() as u64 };
    progress.begin(Phase::Write, total);

    let parent = match request.output.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    fs::create_dir_all(parent).at("create", parent)?;
    // Temporary folders are private; what is extracted is for whoever the user's mask allows.
    let partial = tempfile::Builder::new()
        .prefix(".tsmedia-extract-")
        .permissions(fs::Permissions::from_mode(0o777))
        .tempdir_in(parent)
        .at("create a folder in", parent)?;
    folders.extend(wanted.iter().filter_map(|file| file.path.parent().map(Path::to_owned)));
    for folder in &folders {
        let folder = partial.path().join(folder);
        fs::create_dir_all(&folder).at("create", &folder)?;
    }
    wanted.par_iter().with_max_len(1).try_for_each(|file| {
        write_file(&discs, file, &partial.path().join(&file.path), cancel, progress)
    })?;
    fs::rename(partial.path(), request.output).at("rename", partial.path())?;
    // It has another name now, so there is nothing left to remove.
    let _ = partial.keep();
    Ok(ExtractReport { files: total.files, bytes: total.bytes })
}

struct OpenDisc {
    image: ImageFile,
    manifest: MediaManifest,
}

/// Opens the discs of one set.
fn open_set(paths: &[PathBuf]) -> Result<BTreeMap<u32, OpenDisc>, Error> {
    let mut discs: BTreeMap<u32, OpenDisc> = BTreeMap::new();
    for path in paths {
        let image = ImageFile::open(path)?;
        let manifest = read_media_manifest(&image)?;
        if let Some(other) = discs.values().find(|disc| disc.manifest.set != manifest.set) {
            let other = other.image.path().display();
            let text = format!("`{}` belongs to another set than `{other}`", path.display());
            return Err(Error::Integrity(text));
        }
        discs.insert(manifest.disc, OpenDisc { image, manifest });
    }
    Ok(discs)
}

fn list(
    discs: &BTreeMap<u32, OpenDisc>,
    contents: &[ContentId],
    wanted: &mut Vec<Wanted>,
    folders: &mut BTreeSet<PathBuf>,
) -> Result<(), Error> {
    let Some((_, first)) = discs.first_key_value() else { return Ok(()) };
    let manifest = &first.manifest;
    for id in contents {
        if !manifest.contents.iter().any(|content| content.id == *id) {
            let path = first.image.path().to_owned();
            return Err(Error::Input { path, message: format!("holds no content {id}") });
        }
    }
    for content in &manifest.contents {
        if !contents.is_empty() && !contents.contains(&content.id) {
            continue;
        }
        if let Some(disc) = content.discs.iter().find(|disc| !discs.contains_key(disc)) {
            return Err(Error::DiscMissing {
                disc: *disc,
                discs: manifest.discs,
                content: content.id.clone(),
                missing: (1..=manifest.discs).filter(|disc| !discs.contains_key(disc)).collect(),
            });
        }
        let lines = manifest_lines(
            &first.image,
            &content_manifest_path(&content.id),
            content.manifest_sha256,
        )?;
        folders.insert(checked_path(&content_file_path(&content.id, ""))?);
        for line in lines {
            let path = content_file_path(&content.id, &line.path);
            add(line, path, wanted, folders)?;
        }
    }
    if contents.is_empty() {
        for (number, disc) in discs {
            let Some(digest) = manifest.disc_manifests.get(*number as usize - 1) else { continue };
            let path = disc_manifest_path(*number);
            for line in manifest_lines(&disc.image, &path, *digest)? {
                // What every disc holds for itself, the first one's stands for all.
                if *number > 1 && wanted.iter().any(|file| file.path == Path::new(&line.path)) {
                    continue;
                }
                let path = line.path.clone();
                add(line, path, wanted, folders)?;
            }
        }
        // A WIM is taken out to be started from: the folder is the media.
        for disc in discs.values().filter(|disc| disc.image.file_system() == FileSystem::Wim) {
            list_manifests(disc, wanted)?;
        }
    }
    Ok(())
}

/// Adds what else is on a disc.
fn list_manifests(disc: &OpenDisc, wanted: &mut Vec<Wanted>) -> Result<(), Error> {
    let known: HashSet<PathBuf> = wanted.iter().map(|file| file.path.clone()).collect();
    for (path, size, sha256) in expected_tree(&disc.image, &disc.manifest)?.files {
        if !known.contains(Path::new(&path)) {
            wanted.push(Wanted::whole(disc.manifest.disc, path, size, sha256)?);
        }
    }
    Ok(())
}

impl Wanted {
    fn whole(disc: u32, path: String, size: u64, sha256: Digest) -> Result<Self, Error> {
        let target = checked_path(&path)?;
        let part = ManifestPart {
            disc,
            path,
            offset: 0,
            length: size,
            sha256,
            crc32: StripeSums::default(),
        };
        Ok(Self { path: target, size, sha256, parts: vec![part] })
    }
}

fn add(
    line: ManifestLine,
    path: String,
    wanted: &mut Vec<Wanted>,
    folders: &mut BTreeSet<PathBuf>,
) -> Result<(), Error> {
    if let Some(folder) = path.strip_suffix('/') {
        folders.insert(checked_path(folder)?);
        return Ok(());
    }
    let mut parts = line.parts;
    if let Some(disc) = line.disc {
        parts = vec![ManifestPart {
            disc,
            path: path.clone(),
            offset: 0,
            length: line.size,
            sha256: line.sha256,
            crc32: line.crc32,
        }];
    }
    let path = checked_path(&path)?;
    wanted.push(Wanted { path, size: line.size, sha256: line.sha256, parts });
    Ok(())
}

/// Manifests come from media that anybody could have written: no path leaves the output.
fn checked_path(path: &str) -> Result<PathBuf, Error> {
    let path = path.trim_end_matches('/');
    let sound = !path.is_empty()
        && !path.contains('\0')
        && path.split('/').all(|part| !matches!(part, "" | "." | ".."));
    if !sound {
        let text = format!("a manifest names `{}`, which is no path on media", path.escape_debug());
        return Err(Error::Integrity(text));
    }
    Ok(PathBuf::from(path))
}

fn write_file(
    discs: &BTreeMap<u32, OpenDisc>,
    file: &Wanted,
    target: &Path,
    cancel: &Cancel,
    progress: &dyn Progress,
) -> Result<(), Error> {
    let mut out = File::create_new(target).at("create", target)?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 256 * 1024];
    let mut at = 0;
    for part in &file.parts {
        let damaged =
            |why: String| Error::Integrity(format!("`{}` on disc {}: {why}", part.path, part.disc));
        let disc = discs
            .get(&part.disc)
            .ok_or_else(|| damaged("the disc is not among the images".to_owned()))?;
        let entry = disc.image.find(&part.path).map_err(damaged)?;
        if part.offset != at || entry.len != part.length {
            return Err(damaged("its size is not that of the manifest".to_owned()));
        }
        let mut reader = FileReader::new(&disc.image, &entry);
        loop {
            cancel.check()?;
            let count = reader.read(&mut buffer).at("read", disc.image.path())?;
            if count == 0 {
                break;
            }
            hash.update(&buffer[..count]);
            out.write_all(&buffer[..count]).at("write", target)?;
            progress.advance(Amount { bytes: count as u64, files: 0 });
        }
        at += part.length;
    }
    let found = Digest(hash.finalize().into());
    if at != file.size || found != file.sha256 {
        let text = format!(
            "`{}` has SHA-256 {found}, the manifest says {}",
            file.path.display(),
            file.sha256
        );
        return Err(Error::Integrity(text));
    }
    progress.advance(Amount { bytes: 0, files: 1 });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_path_of_a_manifest_leaves_the_output() {
        for path in ["", "/", "/etc/passwd", "a/../b", "..", "a//b", "./a", "a\0b"] {
            assert!(checked_path(path).is_err(), "{path:?}");
        }
        assert_eq!(checked_path("a/b c/").unwrap(), Path::new("a/b c"));
    }
}
