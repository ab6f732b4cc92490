//! What a firmware finds on an image before it looks at files: El Torito entries, partition tables
//! and boot sectors.

use exfat_writer::read::ExfatReader;
use fat32_writer::GrubImages;
use fat32_writer::read::FatReader;
use image::read::ReadAt as _;
use iso9660_writer::read::boot::{BootCatalog, BootEntry, Platform};
use iso9660_writer::read::partition::{GptHeader, Mbr};

use super::boot_files::BootFiles;
use super::bytes::le32;
use super::fat_image;
use crate::image_file::ImageFile;

/// The sector of partition tables.
const SECTOR: u64 = 512;

/// Boot Indicator of an El Torito entry that is to be started.
const BOOTABLE: u8 = 0x88;

/// What an El Torito entry names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BootImage {
    /// Which entry of the catalog it is, from 1 on.
    pub number: usize,
    /// For whom: `bios`, `uefi` or the number of another platform.
    pub platform: Platform,
    /// Whether it is marked to be started.
    pub is_bootable: bool,
    /// What the firmware pretends: 0 nothing, 1 to 3 a floppy disk, 4 a hard disk.
    pub emulation: u8,
    /// How many units of 512 bytes the firmware loads.
    pub sectors: u16,
    /// Where it starts, in bytes from the start of the image.
    pub offset: u64,
    /// Whether it is also a partition, from which a stick starts.
    pub is_partition: bool,
    /// Why it cannot be started; None if nothing is wrong with it.
    pub problem: Option<String>,
}

/// The El Torito entries of an image, and the files of those that are FAT volumes.
#[derive(Default)]
pub(super) struct Disc {
    pub images: Vec<BootImage>,
    /// For each of the entries for UEFI, the files of its volume.
    pub volumes: Vec<(usize, BootFiles)>,
    /// Why the catalog cannot be read.
    pub problem: Option<String>,
    /// Whether there is code in the master boot record, which a BIOS starts from a stick.
    pub has_mbr_code: bool,
}

impl Disc {
    /// Reads catalog, partition tables and the volumes for UEFI of an ISO image.
    pub(super) fn read(image: &ImageFile) -> Self {
        let mut disc = Self::default();
        let partitions = partitions(image);
        disc.has_mbr_code =
            Mbr::read(image).ok().flatten().is_some_and(|mbr| mbr.boot_sector.is_some());
        let entries = match BootCatalog::read(image) {
            Ok(catalog) => catalog.map(|catalog| catalog.entries).unwrap_or_default(),
            Err(error) => {
                disc.problem = Some(error.to_string());
                Vec::new()
            }
        };
        for (entry, number) in entries.iter().zip(1..) {
            let mut found = boot_image(entry, number, &partitions);
            if found.platform == Platform::Uefi && found.is_bootable {
                match fat_image::files(image, found.offset) {
                    Ok(files) => disc.volumes.push((number, BootFiles::of_list(files))),
                    Err(problem) => found.problem = Some(problem),
                }
            } else if is_blank(image, found.offset) {
                found.problem = Some("its boot image is empty or behind the end".to_owned());
            }
            disc.images.push(found);
        }
        disc
    }
}

fn boot_image(entry: &BootEntry, number: usize, partitions: &[u64]) -> BootImage {
    BootImage {
        number,
        platform: entry.platform,
        is_bootable: entry.indicator == BOOTABLE,
        emulation: entry.media & 0x0F,
        sectors: entry.sector_count,
        offset: entry.load_offset(),
        is_partition: partitions.contains(&entry.load_offset()),
        problem: None,
    }
}

/// Where the partitions of an image begin, in bytes.
fn partitions(image: &ImageFile) -> Vec<u64> {
    let mbr = Mbr::read(image).ok().flatten().map(|mbr| mbr.partitions).unwrap_or_default();
    let mut starts: Vec<u64> = mbr.iter().map(|partition| partition.first.into()).collect();
    if let Some(header) = GptHeader::read(image, 1).ok().flatten() {
        let entries = header.read_entries(image).unwrap_or_default();
        starts.extend(header.partitions(&entries).iter().map(|partition| partition.first));
    }
    starts.iter().map(|lba| lba.saturating_mul(SECTOR)).collect()
}

fn sector(image: &ImageFile, offset: u64) -> Option<[u8; SECTOR as usize]> {
    let mut bytes = [0; SECTOR as usize];
    let inside = offset.checked_add(SECTOR).is_some_and(|end| end <= image.len());
    (inside && image.read_exact_at(offset, &mut bytes).is_ok()).then_some(bytes)
}

fn is_blank(image: &ImageFile, offset: u64) -> bool {
    sector(image, offset).is_none_or(|bytes| bytes.iter().all(|byte| *byte == 0))
}

/// What a FAT32 volume says of itself, and what a BIOS finds before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StickVolume {
    /// Its label.
    pub label: String,
    /// Its length in bytes.
    pub bytes: u64,
    /// The bytes of a cluster.
    pub cluster_bytes: u64,
    /// How many clusters it has.
    pub clusters: u32,
    /// What a BIOS starts.
    pub boot_code: BootCode,
}

/// What stands in the boot sectors of a stick.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BootCode {
    /// Nothing.
    None,
    /// GRUB, which loads its core from behind the partition table.
    Grub,
    /// GRUB, whose core is not where it looks for it.
    GrubWithoutCore,
    /// Code that starts the active partition, and there is none.
    NoActivePartition,
    /// The active partition's boot sector loads `BOOTMGR`, the boot manager of Windows.
    WindowsBootManager,
    /// The active partition's boot sector says that it starts nothing.
    NotBootable,
    /// Code that is not known.
    Unknown,
}

/// The volume of a FAT32 image.
pub(super) fn stick_volume(image: &ImageFile) -> Result<StickVolume, String> {
    let reader = FatReader::open(image).map_err(|error| error.to_string())?;
    let info = reader.info();
    Ok(StickVolume {
        label: info.label.clone(),
        bytes: info.len,
        cluster_bytes: info.cluster_size,
        clusters: info.clusters,
        boot_code: boot_code(image, info.offset),
    })
}

/// What the exFAT volume on a second partition says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecondVolume {
    /// Its label.
    pub label: String,
    /// Its length in bytes.
    pub bytes: u64,
}

/// The volume on the second partition of a stick, if there is one.
pub(super) fn second_volume(image: &ImageFile) -> Result<Option<SecondVolume>, String> {
    if !image.has_second_partition() {
        return Ok(None);
    }
    let reader = ExfatReader::open(image).map_err(|error| error.to_string())?;
    let info = reader.info();
    Ok(Some(SecondVolume { label: info.label.clone(), bytes: info.len }))
}

/// Code of a boot sector that can be told by what stands in it.
fn boot_code(image: &ImageFile, volume: u64) -> BootCode {
    /// Where the name stands in GRUB's boot.img.
    const GRUB_NAME: usize = 0x180;
    /// The jump over the fields of a FAT32 boot sector leads here.
    const FAT32_CODE: usize = 90;
    const CODE_END: usize = 440;
    let Some(first) = sector(image, 0) else { return BootCode::None };
    if volume != 0 {
        if first[..CODE_END].iter().all(|byte| *byte == 0) {
            return BootCode::None;
        }
        if first[GRUB_NAME..].starts_with(b"GRUB") {
            let core =
                GrubImages::core_sector_in(&first).unwrap_or(u64::MAX).saturating_mul(SECTOR);
            return if is_blank(image, core) { BootCode::GrubWithoutCore } else { BootCode::Grub };
        }
        if !has_active_partition(&first) {
            return BootCode::NoActivePartition;
        }
    }
    let Some(own) = sector(image, volume) else { return BootCode::None };
    let code = &own[FAT32_CODE..];
    let says = |text: &[u8]| code.windows(text.len()).any(|window| window == text);
    if code[..CODE_END - FAT32_CODE].iter().all(|byte| *byte == 0) {
        BootCode::None
    } else if says(b"BOOTMGR") {
        BootCode::WindowsBootManager
    } else if says(b"not a bootable disk") {
        BootCode::NotBootable
    } else {
        BootCode::Unknown
    }
}

fn has_active_partition(mbr: &[u8; SECTOR as usize]) -> bool {
    const TABLE: usize = 446;
    const ACTIVE: u8 = 0x80;
    let entry = |index: usize| &mbr[TABLE + 16 * index..TABLE + 16 * (index + 1)];
    (0..4).map(entry).any(|entry| entry[0] == ACTIVE && le32(entry, 12) != Some(0))
}
