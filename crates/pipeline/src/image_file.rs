//! An image on disk, opened for the readers, whatever its file system.

mod file_chain;
mod folder;
mod second;
mod wim;

use std::fs::File;
use std::io::{self, Seek, SeekFrom};
use std::ops::ControlFlow;
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use ::wim::read::WimReader;
use fat32_writer::read::FatReader;
use fat32_writer::read::partition::{GptHeader, Mbr};
use image::read::ReadAt;
use iso9660_writer::read::{Entry, EntryKind, IsoReader, Namespace};

use self::file_chain::FileChain;
use self::wim::WimContents;
use crate::{Error, IoContext};

/// An open image.
#[derive(Debug)]
pub struct ImageFile {
    path: PathBuf,
    /// What it consists of: one file, or the parts of a WIM.
    files: FileChain,
    len: u64,
    file_system: FileSystem,
    /// Of a WIM the files; read when they are asked for.
    wim: OnceLock<Result<WimContents, String>>,
    /// Of a folder what is in it.
    entries: Vec<Entry>,
    /// Of a FAT32 image where the volume of its second partition begins.
    second: Option<u64>,
    /// Whether others formatted it and keep files there, too.
    is_shared: bool,
}

/// What an image holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileSystem {
    /// ISO 9660 with Joliet, Rock Ridge and UDF.
    Iso,
    /// FAT32, bare or in a partition; a second partition with exFAT belongs to it.
    Fat32,
    /// A WIM, which is no file system but holds trees of files like one.
    Wim,
    /// A folder: media that are mounted.
    Folder,
}

/// Something about an image that breaks a rule of its file system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The id of the rule.
    pub rule: &'static str,
    /// Where in the image, in bytes from its start.
    pub offset: u64,
    /// The file or directory that is concerned, if it is one.
    pub path: Option<String>,
    /// What is there and what should be.
    pub message: String,
}

/// The namespaces that ISO media have: what Windows reads, and what Linux and firmware do.
const REQUIRED: [Namespace; 3] = [Namespace::Udf, Namespace::Joliet, Namespace::RockRidge];

impl ImageFile {
    /// Opens an image, a device that holds one, or a folder where one is mounted.
    ///
    /// A device is longer than the image on it: what counts is the length that the volume says.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let mut file = File::open(path).at("open", path)?;
        let metadata = file.metadata().at("look at", path)?;
        if metadata.is_dir() {
            if !path.join("SMS/data/media.json").is_file() {
                let message = "is a folder, and no media are mounted there: it has no \
                               `SMS/data/media.json`; give the path of an image"
                    .to_owned();
                return Err(Error::Input { path: path.to_owned(), message });
            }
            let (files, entries) = folder::read(path)?;
            return Ok(Self {
                path: path.to_owned(),
                len: files.len(),
                files,
                file_system: FileSystem::Folder,
                wim: OnceLock::new(),
                entries,
                second: None,
                is_shared: false,
            });
        }
        // All metadata lies in one run at the start, and is read in order. Advice may be refused.
        let _ = rustix::fs::fadvise(&file, 0, None, rustix::fs::Advice::Sequential);
        let is_device = metadata.file_type().is_block_device();
        let len = match is_device {
            true => file.seek(SeekFrom::End(0)).at("look at", path)?,
            false => metadata.len(),
        };
        let mut image = Self {
            path: path.to_owned(),
            files: FileChain::of(path, file, len),
            len,
            file_system: FileSystem::Iso,
            wim: OnceLock::new(),
            entries: Vec::new(),
            second: None,
            is_shared: false,
        };
        if let Ok(wim) = WimReader::open(&image) {
            return match wim.header().parts {
                1 => Ok(Self { file_system: FileSystem::Wim, ..image }),
                parts => Self::open_parts(&siblings(path, wim.header().part, parts)?),
            };
        }
        let iso = IsoReader::open(&image).map(|iso| iso.volume_bytes());
        let fat = if iso.is_err() { fat_bytes(&image) } else { None };
        if fat.is_some() {
            image.file_system = FileSystem::Fat32;
            image.second = second::find(&image);
        }
        if let (true, Some(bytes)) = (is_device, iso.ok().or(fat)) {
            image.len = bytes.min(len);
        }
        Ok(image)
    }

    /// Opens the parts of a WIM, the first one first, as one image; a single path is a whole WIM.
    pub fn open_parts(paths: &[PathBuf]) -> Result<Self, Error> {
        let files = FileChain::open(paths)?;
        let image = Self {
            path: paths.first().cloned().unwrap_or_default(),
            len: files.len(),
            files,
            file_system: FileSystem::Wim,
            wim: OnceLock::new(),
            entries: Vec::new(),
            second: None,
            is_shared: false,
        };
        wim::check_parts(&image)?;
        Ok(image)
    }

    /// The same of a stick that others formatted, and that holds their files beside the media.
    pub fn shared_with_others(self) -> Self {
        Self { is_shared: true, ..self }
    }

    /// Whether it may hold what belongs to no media.
    pub fn is_shared(&self) -> bool {
        self.is_shared
    }

    /// Its path; that of the first part of a WIM in parts.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The paths of all files that it consists of.
    pub fn paths(&self) -> impl Iterator<Item = &Path> {
        self.files.parts().map(|(path, _, _)| path)
    }

    /// The file that holds a byte of the image, and where in it.
    pub fn place(&self, offset: u64) -> (&Path, u64) {
        let holds = |part: &(&Path, u64, u64)| offset < part.1 + part.2;
        let (path, start, _) = self.files.parts().find(holds).unwrap_or((&self.path, 0, 0));
        (path, offset - start)
    }

    /// What it holds.
    pub fn file_system(&self) -> FileSystem {
        self.file_system
    }

    /// Reads a file of the image into memory, if it is there and not larger than `max`.
    pub fn read_file(&self, path: &str, max: u64) -> Result<Option<Vec<u8>>, Error> {
        let Ok(entry) = self.find(path) else { return Ok(None) };
        if entry.is_directory() || entry.len > max {
            return Ok(None);
        }
        if entry.extents.iter().map(|extent| extent.len).sum::<u64>() != entry.len {
            let message =
                format!("holds `{path}` compressed; apply it with wimlib-imagex to read it");
            return Err(Error::Input { path: self.path.clone(), message });
        }
        let mut bytes = vec![0; entry.len as usize];
        let mut done = 0;
        for extent in &entry.extents {
            let end = done + extent.len as usize;
            self.read_exact_at(extent.offset, &mut bytes[done..end]).at("read", &self.path)?;
            done = end;
        }
        Ok(Some(bytes))
    }

    /// The entry at this path, on ISO media in UDF or, without it, in Rock Ridge or Joliet. `Err`
    /// says why not.
    pub fn find(&self, path: &str) -> Result<Entry, String> {
        if self.file_system == FileSystem::Fat32 {
            return self.find_on_stick(path);
        }
        if self.file_system == FileSystem::Folder {
            let place = self.entries.binary_search_by(|entry| entry.path.as_str().cmp(path));
            let place = place.map_err(|_| format!("`{path}` is not there"))?;
            return Ok(self.entries[place].clone());
        }
        if self.file_system == FileSystem::Wim {
            let contents = self.wim_contents().as_ref().map_err(String::clone)?;
            return contents.find(path).cloned().ok_or_else(|| format!("`{path}` is not there"));
        }
        let udf = iso9660_writer::read::find(self, Namespace::Udf, path);
        let others = [Namespace::RockRidge, Namespace::Joliet].into_iter();
        let mut others =
            others.filter_map(|namespace| iso9660_writer::read::find(self, namespace, path).ok());
        udf.or_else(|error| others.next().ok_or(error)).map_err(|error| error.to_string())
    }

    /// Visits every file and directory, each directory before what is in it; on ISO media those of
    /// UDF. `Err` says what cannot be read.
    pub fn walk(&self, visit: &mut dyn FnMut(&Entry) -> ControlFlow<()>) -> Result<(), String> {
        match self.file_system {
            FileSystem::Iso => iso9660_writer::read::walk(self, Namespace::Udf, visit)
                .map_err(|error| error.to_string()),
            FileSystem::Fat32 => self.walk_stick(visit),
            FileSystem::Folder => {
                let _ = self.entries.iter().try_for_each(visit);
                Ok(())
            }
            FileSystem::Wim => {
                self.wim_contents().as_ref().map_err(String::clone)?.walk(visit);
                Ok(())
            }
        }
    }

    fn wim_contents(&self) -> &Result<WimContents, String> {
        self.wim.get_or_init(|| WimContents::read(&self.files).map_err(|error| error.to_string()))
    }

    /// Checks every structure of the image; with `slack` also what lies between the files.
    pub fn faults(&self, slack: bool) -> Vec<Fault> {
        match self.file_system {
            FileSystem::Iso => {
                use iso9660_writer::check::{CheckOptions, check};
                let options =
                    CheckOptions { require: REQUIRED.to_vec(), slack, ..Default::default() };
                let faults = check(self, &options).into_iter();
                let fault = |f: iso9660_writer::check::Fault| Fault {
                    rule: f.rule,
                    offset: f.offset,
                    path: f.path,
                    message: f.message,
                };
                faults.map(fault).collect()
            }
            FileSystem::Fat32 => {
                use fat32_writer::check::{CheckOptions, check};
                let options = match self.is_shared {
                    true => CheckOptions::of_others(),
                    false => CheckOptions { slack, ..Default::default() },
                };
                let faults = check(self, &options).into_iter();
                let fault = |f: fat32_writer::check::Fault| Fault {
                    rule: f.rule,
                    offset: f.offset,
                    path: f.path,
                    message: f.message,
                };
                faults.map(fault).chain(self.faults_of_second(slack)).collect()
            }
            // Whoever mounted it has read its file system.
            FileSystem::Folder => Vec::new(),
            FileSystem::Wim => wim::faults(&self.files, self.wim_contents(), slack),
        }
    }
}

/// The parts of the WIM of which this is the first, by their names; all must be there.
fn siblings(first: &Path, part: u16, parts: u16) -> Result<Vec<PathBuf>, Error> {
    let name = |path: &Path| path.display().to_string();
    if part != 1 {
        let message = format!("is part {part} of {parts} of a WIM; give the first part");
        return Err(Error::Input { path: first.to_owned(), message });
    }
    let stem = first.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    let extension = first.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    let others = (2..=parts).map(|part| first.with_file_name(format!("{stem}{part}.{extension}")));
    let all: Vec<PathBuf> = std::iter::once(first.to_owned()).chain(others).collect();
    match all.iter().find(|path| !path.exists()) {
        None => Ok(all),
        Some(missing) => Err(Error::Integrity(format!(
            "`{}` is not there: a WIM is read with all of its {parts} parts, `{}` being the first",
            name(missing),
            name(first)
        ))),
    }
}

/// How much of a device a FAT32 image takes, if there is one.
fn fat_bytes(image: &ImageFile) -> Option<u64> {
    const SECTOR: u64 = 512;
    let volume = FatReader::open(image).ok()?;
    let end = volume.info().offset + volume.info().len;
    if let Some(gpt) = GptHeader::read(image, 1).ok().flatten() {
        return Some(end.max(gpt.alternate_lba.saturating_add(1).saturating_mul(SECTOR)));
    }
    if volume.info().offset == 0 {
        return Some(end);
    }
    // A partition of others may be longer than its volume, and lie beside more of them.
    let partitions = Mbr::read(image).ok().flatten().map(|mbr| mbr.partitions).unwrap_or_default();
    let ends = partitions.iter().map(|one| (u64::from(one.first) + u64::from(one.len)) * SECTOR);
    Some(ends.fold(end, u64::max))
}

/// The same entry in the words of the other reader.
fn of_fat(entry: fat32_writer::read::Entry) -> Entry {
    Entry {
        kind: if entry.is_directory() { EntryKind::Directory } else { EntryKind::File },
        len: entry.len,
        extents: entry.extents,
        record_offset: entry.record_offset,
        path: entry.path,
    }
}

impl ReadAt for ImageFile {
    fn read_exact_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<()> {
        self.files.read_exact_at(buf, offset)
    }

    fn len(&self) -> u64 {
        self.len
    }
}
