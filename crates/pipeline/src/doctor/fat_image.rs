//! The small FAT volumes that El Torito names for UEFI firmware: FAT12, FAT16 and FAT32.
//!
//! Source: Microsoft's "FAT: General Overview of On-Disk Format" 1.03. FAT32 is read by
//! `fat32-writer`; of the smaller ones, which it does not know, the short names are enough: whatever
//! firmware starts has one.

use std::collections::HashSet;
use std::io;
use std::ops::ControlFlow;

use fat32_writer::read::FatReader;
use image::read::{DataExtent, ReadAt};

use super::boot_files::{BootFile, Place};
use super::bytes::{le16, le32};

/// Directories inside each other; `EFI/BOOT` are two.
const DEPTH_MAX: usize = 16;
/// Entries of all directories. A volume for booting has some ten.
const ENTRIES_MAX: usize = 16_384;
/// FAT16 has at most 65,524 clusters.
const CLUSTERS_MAX: u32 = 65_525;
const FAT12_CLUSTERS_MAX: u32 = 4_085;

const ENTRY_LEN: usize = 32;
const ATTRIBUTE_DIRECTORY: u8 = 0x10;
const ATTRIBUTE_VOLUME: u8 = 0x08;

/// The files of the FAT volume at `offset` of an image. `Err` says why they cannot be read.
pub(super) fn files(image: &dyn ReadAt, offset: u64) -> Result<Vec<BootFile>, String> {
    let mut sector = [0; 512];
    read(image, offset, &mut sector)?;
    match Volume::parse(image, offset, &sector)? {
        Some(volume) => volume.files(),
        None => files_of_fat32(image, offset),
    }
}

/// The image from `offset` on.
struct Tail<'a> {
    image: &'a dyn ReadAt,
    offset: u64,
}

impl ReadAt for Tail<'_> {
    fn read_exact_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<()> {
        let offset = self.offset.checked_add(offset).ok_or(io::ErrorKind::UnexpectedEof)?;
        self.image.read_exact_at(offset, buf)
    }

    fn len(&self) -> u64 {
        self.image.len().saturating_sub(self.offset)
    }
}

fn files_of_fat32(image: &dyn ReadAt, offset: u64) -> Result<Vec<BootFile>, String> {
    let tail = Tail { image, offset };
    let reader = FatReader::open(&tail).map_err(|error| error.to_string())?;
    let mut files = Vec::new();
    let walked = reader.walk(&mut |entry| {
        if !entry.is_directory() {
            let extent =
                |run: &DataExtent| DataExtent { offset: offset + run.offset, len: run.len };
            let place = Place::Extents(entry.extents.iter().map(extent).collect());
            files.push(BootFile { path: entry.path.clone(), len: entry.len, place });
        }
        if files.len() < ENTRIES_MAX { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    });
    walked.map(|()| files).map_err(|error| error.to_string())
}

fn read(image: &dyn ReadAt, offset: u64, buf: &mut [u8]) -> Result<(), String> {
    let end = offset.checked_add(buf.len() as u64);
    if end.is_none_or(|end| end > image.len()) {
        return Err(format!("its volume at byte {offset} ends behind the end of the image"));
    }
    image.read_exact_at(offset, buf).map_err(|error| format!("byte {offset}: {error}"))
}

/// A FAT12 or FAT16 volume; offsets in bytes from the start of the image.
struct Volume<'a> {
    image: &'a dyn ReadAt,
    fat: Vec<u8>,
    is_fat12: bool,
    root: u64,
    root_len: usize,
    data: u64,
    cluster: u64,
    clusters: u32,
}

/// A directory that is still to be read.
struct Directory {
    path: String,
    bytes: Vec<u8>,
    depth: usize,
}

impl<'a> Volume<'a> {
    /// Reads the boot sector; None for FAT32.
    fn parse(
        image: &'a dyn ReadAt,
        offset: u64,
        sector: &[u8; 512],
    ) -> Result<Option<Self>, String> {
        let wrong = |what: &str| format!("its volume at byte {offset} has {what}");
        let half = |at: usize| u64::from(le16(sector, at).unwrap_or(0));
        let (sector_len, per_cluster) = (half(11), u64::from(sector[13]));
        if !matches!(sector_len, 512 | 1024 | 2048 | 4096) || !per_cluster.is_power_of_two() {
            return Err(wrong("no boot sector of FAT"));
        }
        let (reserved, fats, root_entries) = (half(14), u64::from(sector[16]), half(17));
        let (fat_sectors, total) = (half(22), half(19));
        let total = if total == 0 { u64::from(le32(sector, 32).unwrap_or(0)) } else { total };
        if fat_sectors == 0 {
            return Ok(None);
        }
        let root_sectors = (root_entries * ENTRY_LEN as u64).div_ceil(sector_len);
        let before = reserved + fats * fat_sectors + root_sectors;
        let clusters = total.saturating_sub(before) / per_cluster;
        let clusters = u32::try_from(clusters).unwrap_or(u32::MAX);
        if fats == 0 || reserved == 0 || clusters == 0 || clusters >= CLUSTERS_MAX {
            return Err(wrong("a boot sector that contradicts itself"));
        }
        // At most 65,535 sectors of 4096 bytes are stated, but no FAT needs more than this.
        let fat_len = (fat_sectors * sector_len).min(2 * u64::from(CLUSTERS_MAX) + 4);
        let mut fat = vec![0; fat_len as usize];
        read(image, offset + reserved * sector_len, &mut fat)?;
        Ok(Some(Self {
            image,
            fat,
            is_fat12: clusters < FAT12_CLUSTERS_MAX,
            root: offset + (reserved + fats * fat_sectors) * sector_len,
            root_len: root_entries as usize * ENTRY_LEN,
            data: offset + before * sector_len,
            cluster: per_cluster * sector_len,
            clusters,
        }))
    }

    fn files(&self) -> Result<Vec<BootFile>, String> {
        let mut root = vec![0; self.root_len];
        read(self.image, self.root, &mut root)?;
        let mut waiting = vec![Directory { path: String::new(), bytes: root, depth: 0 }];
        let (mut files, mut seen, mut entries) = (Vec::new(), HashSet::new(), 0);
        while let Some(directory) = waiting.pop() {
            for entry in directory.bytes.chunks_exact(ENTRY_LEN).take_while(|entry| entry[0] != 0) {
                entries += 1;
                if entries > ENTRIES_MAX {
                    return Err(format!("its volume has more than {ENTRIES_MAX} entries"));
                }
                let Some(name) = short_name(entry) else { continue };
                let path = match &directory.path[..] {
                    "" => name,
                    folder => format!("{folder}/{name}"),
                };
                let first = u32::from(le16(entry, 26).unwrap_or(0));
                if entry[11] & ATTRIBUTE_DIRECTORY == 0 {
                    let len = u64::from(le32(entry, 28).unwrap_or(0));
                    let place = Place::Extents(self.extents(first, Some(len), &path)?);
                    files.push(BootFile { path, len, place });
                } else if directory.depth < DEPTH_MAX && seen.insert(first) {
                    let bytes = self.directory(first, &path)?;
                    waiting.push(Directory { path, bytes, depth: directory.depth + 1 });
                }
            }
        }
        Ok(files)
    }

    fn directory(&self, first: u32, path: &str) -> Result<Vec<u8>, String> {
        let mut bytes = Vec::new();
        for extent in self.extents(first, None, path)? {
            let start = bytes.len();
            let len = (extent.len as usize).min(ENTRIES_MAX * ENTRY_LEN - start);
            bytes.resize(start + len, 0);
            read(self.image, extent.offset, &mut bytes[start..])?;
        }
        Ok(bytes)
    }

    /// Where a chain of clusters lies: the first `len` bytes of it, or all of a directory's.
    fn extents(&self, first: u32, len: Option<u64>, path: &str) -> Result<Vec<DataExtent>, String> {
        let (mut left, mut next) = (len.unwrap_or(u64::MAX), first);
        let mut extents: Vec<DataExtent> = Vec::new();
        let mut steps = 0;
        while left > 0 && self.has(next) {
            steps += 1;
            if steps > self.clusters {
                return Err(format!("the clusters of `{path}` lead back to themselves"));
            }
            let offset = self.data + u64::from(next - 2) * self.cluster;
            let part = left.min(self.cluster);
            if offset + part > self.image.len() {
                return Err(format!("`{path}` ends behind the end of the image"));
            }
            match extents.last_mut() {
                Some(last) if last.offset + last.len == offset => last.len += part,
                _ => extents.push(DataExtent { offset, len: part }),
            }
            left -= part;
            next = self.next(next);
        }
        if len.is_some() && left > 0 {
            return Err(format!("the clusters of `{path}` end before the file does"));
        }
        Ok(extents)
    }

    fn has(&self, cluster: u32) -> bool {
        (2..self.clusters + 2).contains(&cluster)
    }

    /// What the FAT says of a cluster; behind its end that the chain ends.
    fn next(&self, cluster: u32) -> u32 {
        let entry = |at: usize| le16(&self.fat, at).map_or(u32::MAX, u32::from);
        let cluster = cluster as usize;
        match (self.is_fat12, cluster % 2) {
            (false, _) => entry(2 * cluster),
            (true, 0) => entry(cluster + cluster / 2) & 0xFFF,
            (true, _) => entry(cluster + cluster / 2) >> 4,
        }
    }
}

/// The name of an entry; None for what is no file and no directory of its own.
fn short_name(entry: &[u8]) -> Option<String> {
    const DELETED: u8 = 0xE5;
    if entry[0] == DELETED || entry[0] == b'.' || entry[11] & ATTRIBUTE_VOLUME != 0 {
        return None;
    }
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim_end().to_owned();
    let (name, extension) = (text(&entry[..8]), text(&entry[8..11]));
    let name = if extension.is_empty() { name } else { format!("{name}.{extension}") };
    (!name.is_empty() && !name.contains(['/', '\0'])).then_some(name)
}

#[cfg(test)]
mod tests;
