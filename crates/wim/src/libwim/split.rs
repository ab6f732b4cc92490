//! Split WIMs.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use image::ByteCount;

use super::failure::path_text;
use super::finish::set_guid;
use super::options::WriteOptions;
use super::watch::{Observe, Watch};
use super::wim::Wim;
use super::write::{folder_of, room_beside};
use crate::format::{BLOB_ENTRY_SIZE, HEADER_SIZE};
use crate::read::{WimInfo, inspect_file};
use crate::{Error, Guid};

/// Splits a WIM into parts of at most `part_bytes` each and returns their paths.
///
/// The first part has the name of `target`, `install.swm`; the others have a number in it:
/// `install2.swm`. The metadata of all images lies in the first one, and no blob is divided.
/// Parts that are there are replaced when all are whole; further ones of an older, longer set
/// stay. With `guid` the same WIM gives the same parts.
///
/// # Errors
///
/// [`Error::Solid`] if the WIM is solid, [`Error::PartTooSmall`] if a blob or the metadata takes
/// more than a part may, both before anything is written; as [`Wim::open`]; [`Error::Cancelled`].
pub fn split(
    source: &Path,
    target: &Path,
    part_bytes: ByteCount,
    guid: Option<Guid>,
    observe: Observe<'_>,
) -> Result<Vec<PathBuf>, Error> {
    let info = inspect_file(source)?;
    if info.statistics.is_solid() {
        return Err(Error::Solid { path: source.to_owned() });
    }
    let blob_bytes = blob_bytes(&info, source, part_bytes)?;
    let mut wim = Wim::open(source)?;
    let room = room_beside(target)?;
    let name = target.file_name().ok_or_else(|| Error::Text {
        text: target.display().to_string(),
        reason: "it is no name of a file",
    })?;
    let first = room.path().join(name);
    let mut watch = Watch::new(observe);
    wim.handle
        .split(&path_text(&first)?, blob_bytes, &mut watch)
        .map_err(|code| watch.failure(code, "split", source))?;
    publish(room.path(), target, guid)
}

/// What the blobs of a part may take, so that the part with its tables takes `part_bytes`: libwim
/// counts blobs alone.
fn blob_bytes(info: &WimInfo, path: &Path, part_bytes: ByteCount) -> Result<u64, Error> {
    let statistics = &info.statistics;
    let entries = statistics.blobs + statistics.metadata_resources;
    let tables = HEADER_SIZE as u64 + entries * BLOB_ENTRY_SIZE as u64 + info.header.xml.stored;
    let largest = statistics.largest_stored_bytes.max(statistics.metadata_stored_bytes);
    // libwim begins a new part with what would fill one to the last byte.
    let needed = tables + largest + 1;
    if part_bytes.0 < needed {
        let part_bytes = part_bytes.0;
        return Err(Error::PartTooSmall { path: path.to_owned(), needed, part_bytes });
    }
    Ok(part_bytes.0 - tables)
}

/// Gives the parts in `room` their places beside `target`.
fn publish(room: &Path, target: &Path, guid: Option<Guid>) -> Result<Vec<PathBuf>, Error> {
    let folder = folder_of(target);
    let count = inspect_file(&room.join(target.file_name().unwrap_or_default()))?.header.parts;
    let names: Vec<PathBuf> = (1..=count).map(|part| part_name(target, part)).collect();
    for name in &names {
        let part = room.join(name);
        if let Some(guid) = guid {
            set_guid(&part, guid)?;
        }
        let sync = File::open(&part).and_then(|file| file.sync_all());
        sync.map_err(|source| Error::io("write", &part, source))?;
    }
    let mut published: Vec<PathBuf> = Vec::with_capacity(names.len());
    for name in names {
        let path = folder.join(&name);
        if let Err(source) = fs::rename(room.join(&name), &path) {
            // Some parts of a set are worth nothing.
            published.iter().for_each(|path| drop(fs::remove_file(path)));
            return Err(Error::io("create", &path, source));
        }
        published.push(path);
    }
    Ok(published)
}

/// The name of a part, as libwim and Windows have it: `install.swm`, `install2.swm`, ….
fn part_name(target: &Path, part: u16) -> PathBuf {
    if part == 1 {
        return PathBuf::from(target.file_name().unwrap_or_default());
    }
    let mut name = target.file_stem().unwrap_or_default().to_owned();
    name.push(part.to_string());
    if let Some(extension) = target.extension() {
        name.push(".");
        name.push(extension);
    }
    PathBuf::from(name)
}

/// Joins all parts of a split WIM, in any order, into one WIM.
///
/// Resources that are compressed as `options` says are copied as they are.
///
/// # Errors
///
/// [`Error::PartsMissing`], [`Error::OtherSet`], and as [`Wim::open`] and [`Wim::write`].
pub fn join(
    parts: &[PathBuf],
    target: &Path,
    options: &WriteOptions,
    observe: Observe<'_>,
) -> Result<(), Error> {
    Wim::open_parts(parts)?.write(target, options, observe)
}

impl Wim {
    /// The compression that the WIM in a file has, so that its resources are copied as they are.
    ///
    /// # Errors
    ///
    /// As [`inspect_file`].
    pub fn compression_of(path: &Path) -> Result<super::Compression, Error> {
        let info = inspect_file(path)?;
        let algorithm = info.header.algorithm().unwrap_or(crate::Algorithm::None);
        let solid = info.statistics.is_solid();
        let has_chunks = algorithm != crate::Algorithm::None && !solid;
        let chunk = has_chunks.then_some(ByteCount(u64::from(info.header.chunk_size)));
        Ok(super::Compression { algorithm, level: None, chunk, solid })
    }
}
