//! Says of any medium whether it starts, and why not: an ISO image, a FAT32 image or stick, a WIM,
//! or a folder.
//!
//! [`examine`] reads a medium once and judges by what it found: [`pe`], [`authenticode`], [`hive`]
//! and [`bcd`] parse, the verdicts on firmware are made without reading anything. Whatever bytes a
//! medium has, parsing ends and takes bounded memory.
//!
//! What a computer decides by itself is not told: which authorities its firmware trusts beside
//! Microsoft's, and what its revocation lists (dbx, SBAT) refuse.

pub mod authenticode;
pub mod bcd;
mod boot_files;
mod bytes;
mod ca;
mod disc;
mod fat_image;
mod finding;
mod firmware;
pub mod hive;
mod loaders;
#[cfg(test)]
#[path = "../tests/made_up/mod.rs"]
mod made_up;
mod media_state;
pub mod pe;
mod source;
mod windows;

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use content::{Problem, Severity};
use image::read::ReadAt;
use iso9660_writer::read::namespaces;
use jiff::Timestamp;
use wim::read::WimReader;

use crate::image_file::{FileSystem, ImageFile};
use crate::{Error, IoContext};
use boot_files::{BootFiles, FAT32_FILE_MAX};
use disc::Disc;
use firmware::{Facts, Medium};
use source::Source;
use windows::Windows;

pub use ca::{Ca, Generation};
pub use disc::{BootCode, BootImage, SecondVolume, StickVolume};
pub use firmware::{Boots, Firmware, FirmwareVerdict};
pub use loaders::{Loader, LoaderPlace, Program};
pub use media_state::MediaState;
pub use windows::{BcdEntry, BcdReport, Obstacle};

/// What a medium is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MediumKind {
    /// An ISO image, or a disc.
    Iso,
    /// A FAT32 image, or a stick.
    Fat32,
    /// A WIM.
    Wim,
    /// A folder, or a mounted medium.
    Folder,
}

/// What is known of a medium.
#[derive(Clone, Debug)]
pub struct Diagnosis {
    /// Its path.
    pub path: PathBuf,
    /// What it is.
    pub kind: MediumKind,
    /// What it says of itself, if it is one of tsmedia's.
    pub media: Option<MediaState>,
    /// Whether each kind of firmware starts it.
    pub firmware: Vec<FirmwareVerdict>,
    /// The boot programs of EFI, in the order of their paths; those of El Torito first.
    pub loaders: Vec<Loader>,
    /// The entries of the boot catalog; of other media than ISO images none.
    pub el_torito: Vec<BootImage>,
    /// The stores of boot configuration data.
    pub bcd: Vec<BcdReport>,
    /// The volume of a FAT32 image.
    pub volume: Option<StickVolume>,
    /// The exFAT volume on its second partition, of which firmware knows nothing.
    pub second: Option<SecondVolume>,
    /// Which image of a WIM was looked into, and whether it is marked to be started.
    pub wim_image: Option<WimImage>,
    /// What is wrong with it, and what else is worth knowing; errors first.
    pub findings: Vec<Problem>,
}

/// An image of a WIM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WimImage {
    /// Its number; the first has 1.
    pub index: u32,
    /// How many there are.
    pub count: u32,
    /// Its name.
    pub name: Option<String>,
    /// Whether the header of the WIM marks it to be started.
    pub is_marked: bool,
}

impl Diagnosis {
    /// Whether any firmware starts it.
    pub fn boots(&self) -> bool {
        self.firmware.iter().any(|verdict| verdict.boots == Boots::Yes)
    }

    /// Whether something is wrong with it.
    pub fn has_errors(&self) -> bool {
        self.findings.iter().any(|problem| problem.severity == Severity::Error)
    }
}

/// Looks at a medium. `now` is what its dates are compared with.
///
/// # Errors
///
/// [`Error::Io`] if it cannot be read, or is nothing of what this module knows. What is wrong with a
/// medium that can be read is among the findings.
pub fn examine(path: &Path, now: Timestamp) -> Result<Diagnosis, Error> {
    let unreadable = |reason: String| {
        let source = io::Error::new(io::ErrorKind::InvalidData, reason);
        Error::Io { verb: "read", path: path.to_owned(), source }
    };
    let mut examination = Examination::new(path, now);
    if path.metadata().at("look at", path)?.is_dir() {
        let files = BootFiles::of_folder(path)?;
        return Ok(examination.tree(Source::Folder(path.to_owned()), files));
    }
    let image = ImageFile::open(path)?;
    if is_wim(path)? {
        return examination.wim(image).map_err(unreadable);
    }
    match image.file_system() {
        FileSystem::Fat32 => examination.stick(image).map_err(unreadable),
        _ if !namespaces(&image).is_empty() => examination.iso(image).map_err(unreadable),
        _ => Err(unreadable(
            "it is neither an ISO image nor a FAT32 image nor a WIM nor a folder".to_owned(),
        )),
    }
}

fn is_wim(path: &Path) -> Result<bool, Error> {
    const MAGIC: &[u8; 8] = b"MSWIM\0\0\0";
    let mut start = Vec::new();
    let file = File::open(path).at("open", path)?;
    file.take(MAGIC.len() as u64).read_to_end(&mut start).at("read", path)?;
    Ok(start == MAGIC)
}

/// A medium while it is looked at.
struct Examination {
    now: Timestamp,
    diagnosis: Diagnosis,
}

impl Examination {
    fn new(path: &Path, now: Timestamp) -> Self {
        let diagnosis = Diagnosis {
            path: path.to_owned(),
            kind: MediumKind::Folder,
            media: None,
            firmware: Vec::new(),
            loaders: Vec::new(),
            el_torito: Vec::new(),
            bcd: Vec::new(),
            volume: None,
            second: None,
            wim_image: None,
            findings: Vec::new(),
        };
        Self { now, diagnosis }
    }

    fn iso(&mut self, image: ImageFile) -> Result<Diagnosis, String> {
        self.diagnosis.kind = MediumKind::Iso;
        let files = BootFiles::of_image(&image)?;
        let disc = Disc::read(&image);
        let source = Source::Image(image);
        for (number, volume) in &disc.volumes {
            let place = LoaderPlace::ElTorito(*number);
            self.diagnosis.loaders.extend(loaders::of_tree(&source, volume, place));
        }
        self.diagnosis.findings.extend(disc_problems(&disc));
        self.diagnosis.el_torito.clone_from(&disc.images);
        let medium = Medium::Disc { images: &disc.images, has_mbr_code: disc.has_mbr_code };
        Ok(self.judge(&source, &files, medium))
    }

    fn stick(&mut self, image: ImageFile) -> Result<Diagnosis, String> {
        self.diagnosis.kind = MediumKind::Fat32;
        let files = BootFiles::of_image(&image)?;
        let volume = disc::stick_volume(&image)?;
        self.diagnosis.volume = Some(volume.clone());
        match disc::second_volume(&image) {
            Ok(second) => self.diagnosis.second = second,
            Err(reason) => {
                let message = format!("the second partition cannot be read: {reason}");
                let problem = finding::error("second-partition", message);
                self.diagnosis.findings.push(problem.remedy("write the media again"));
            }
        }
        let has_second = image.has_second_partition();
        let mut diagnosis = self.judge(&Source::Image(image), &files, Medium::Stick(&volume));
        let needs_second = diagnosis.media.as_ref().is_some_and(|media| {
            media.manifest.contents.iter().any(|content| content.partition.is_some())
        });
        if needs_second && !has_second {
            let message = "contents lie on a second partition, and there is none with exFAT";
            let problem = finding::error("second-partition", message);
            diagnosis.findings.insert(0, problem.remedy("write the media again"));
        }
        Ok(diagnosis)
    }

    fn tree(&mut self, source: Source, files: BootFiles) -> Diagnosis {
        /// What a BIOS is started with from a disc or a stick that is made of a folder.
        const FOR_BIOS: [&str; 5] = [
            "boot/etfsboot.com",
            "boot/grub/bios.img",
            "isolinux/isolinux.bin",
            "boot/grub/i386-pc/core.img",
            "bootmgr",
        ];
        let bios = FOR_BIOS.into_iter().find(|path| files.has(path));
        self.judge(&source, &files, Medium::Tree { bios })
    }

    /// The image that is marked to be started, else the first one.
    fn wim(&mut self, image: ImageFile) -> Result<Diagnosis, String> {
        self.diagnosis.kind = MediumKind::Wim;
        let reader = WimReader::open(&image).map_err(|error| error.to_string())?;
        let (marked, count) = (reader.header().boot_index, reader.header().image_count);
        let index = marked.max(1);
        let files = BootFiles::of_wim(&reader, index)?;
        let images = reader.images().unwrap_or_default();
        let name = images.into_iter().find(|image| image.index == index);
        self.diagnosis.wim_image = Some(WimImage {
            index,
            count,
            name: name.and_then(|image| image.name),
            is_marked: marked > 0,
        });
        let len = ReadAt::len(&image);
        if len > FAT32_FILE_MAX {
            self.diagnosis.findings.push(oversize("the WIM", len));
        }
        let source = Source::Image(image);
        // What lies on media rather than in Windows: an image of a stick, or prestaged media.
        let is_boot_tree = files.below("efi/boot/", ".efi").next().is_some();
        if is_boot_tree {
            return Ok(self.tree(source, files));
        }
        let has_bios_loader = files.has("Windows/System32/boot/winload.exe");
        let medium = Medium::RamDisk { is_marked: marked > 0, has_bios_loader };
        Ok(self.judge(&source, &files, medium))
    }

    fn judge(&mut self, source: &Source, files: &BootFiles, medium: Medium<'_>) -> Diagnosis {
        let diagnosis = &mut self.diagnosis;
        diagnosis.loaders.extend(loaders::of_tree(source, files, LoaderPlace::Tree));
        let windows = Windows::look(source, files);
        diagnosis.media = media_state::read(source, files, self.now, &mut diagnosis.findings);
        let facts = Facts { medium, loaders: &diagnosis.loaders, windows: &windows };
        diagnosis.firmware = facts.verdicts();
        diagnosis.findings.extend(signer_findings(&facts));
        diagnosis.findings.extend(diagnosis.loaders.iter().flat_map(Loader::problems));
        diagnosis.findings.extend(windows.findings);
        diagnosis.bcd.extend(windows.uefi.into_iter().chain(windows.bios));
        // A FAT32 volume holds no such file.
        if diagnosis.kind != MediumKind::Fat32 {
            let found = files.oversize.iter();
            diagnosis
                .findings
                .extend(found.map(|(path, len)| oversize(&format!("`{path}`"), *len)));
        }
        let nowhere = nowhere(diagnosis);
        diagnosis.findings.extend(nowhere);
        diagnosis.findings.sort_by_key(|problem| problem.severity);
        diagnosis.clone()
    }
}

fn disc_problems(disc: &Disc) -> Vec<Problem> {
    let remedy = "make the image again";
    let catalog = disc.problem.iter().map(|problem| {
        finding::warning("el-torito", format!("the boot catalog cannot be read: {problem}"))
    });
    let images = disc.images.iter().filter(|image| image.is_bootable);
    let images = images.filter_map(|image| {
        let message = format!("El Torito entry {}: {}", image.number, image.problem.as_ref()?);
        Some(finding::warning("el-torito", message))
    });
    catalog.chain(images).map(|problem| problem.remedy(remedy)).collect()
}

/// What is to be said of those who signed what firmware starts.
fn signer_findings(facts: &Facts<'_>) -> Vec<Problem> {
    let mut found = Vec::new();
    for (architecture, loader) in facts.first_loaders() {
        let path = loader.shown_path();
        let program = match &loader.program {
            Ok(program) => program,
            Err(reason) => {
                let message = format!("the boot program {reason}");
                found.push(finding::error("loader-unreadable", message).in_file(path));
                continue;
            }
        };
        if program.architecture != architecture {
            let message = format!(
                "firmware of {architecture} looks for this boot program, which is made for {}",
                program.architecture
            );
            found.push(finding::error("loader-architecture", message).in_file(path.clone()));
        }
        if program.signatures.is_empty() {
            let message = "the boot program is not signed: firmware with Secure Boot refuses it";
            found.push(finding::note("loader-unsigned", message).in_file(path));
        } else if program.signed_by(Generation::Of2011).is_some()
            && program.signed_by(Generation::Of2023).is_none()
        {
            let message = "the boot program is signed by an authority of 2011 only: computers that \
                           trust those of 2023 only, or revoked the older ones, refuse it";
            let remedy = "take a newer one, which has a signature of 2023 too or instead";
            found.push(finding::warning("ca-2011-only", message).in_file(path).remedy(remedy));
        }
    }
    found
}

fn oversize(what: &str, len: u64) -> Problem {
    let message = format!(
        "{what} has {len} bytes: a FAT32 stick holds files of up to {FAT32_FILE_MAX} bytes"
    );
    finding::note("fat32-file-size", message)
        .remedy("split a WIM into .swm parts, or build a stick with `kind = \"usb\"`")
}

/// That a medium starts nowhere is no fault of those that are not meant to.
fn nowhere(diagnosis: &Diagnosis) -> Option<Problem> {
    if diagnosis.boots() {
        return None;
    }
    if diagnosis.media.as_ref().is_some_and(|media| !media.is_meant_to_start()) {
        let message = "no firmware starts it, nor is it meant to: it is a later disc of a set, or \
                       has no boot image";
        return Some(finding::note("boots-nowhere", message));
    }
    let is_known = diagnosis.firmware.iter().all(|verdict| verdict.boots == Boots::No);
    let message = match is_known {
        true => "no firmware starts it",
        false => "of no firmware can it be said that it starts it",
    };
    Some(finding::error("boots-nowhere", message).remedy("see the reason for each firmware"))
}
