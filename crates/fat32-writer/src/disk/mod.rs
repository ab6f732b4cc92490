//! What lies around a volume: master boot record, GUID partition table, boot code.

mod grub;

use image::partition::{
    BOOT_CODE_LEN, Gpt, GptPartition, Guid, Mbr, MbrPartition, SECTOR, TABLE_SECTORS,
};

pub use grub::{GrubImages, GrubProblem};

use crate::{FatOptions, Partitioning};

/// Partitions begin and end at multiples of this many sectors: 1 MiB, which is a multiple of the
/// erase blocks of most sticks, and what Windows and every partitioning tool of today do.
pub(crate) const ALIGNMENT: u64 = 2048;

/// The type of a partition with FAT32 that is addressed by LBA.
const KIND_FAT32_LBA: u8 = 0x0C;

/// The type of a partition with exFAT or NTFS.
const KIND_EXFAT: u8 = 0x07;

/// The type of the partition where GRUB keeps its core image beside a GPT.
const BIOS_BOOT: Guid = Guid::from_fields(
    0x2168_6148,
    0x6449,
    0x6E6F,
    [0x74, 0x4E, 0x65, 0x65, 0x64, 0x45, 0x46, 0x49],
);

/// Where the volume lies in the image, in sectors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Disk {
    pub(crate) start: u64,
    /// The image's length.
    pub(crate) sectors: u64,
}

/// The sector where the volume starts.
pub(crate) fn volume_start(options: &FatOptions) -> u64 {
    match options.partitioning {
        Partitioning::None => 0,
        Partitioning::Mbr { .. } => ALIGNMENT,
        Partitioning::Gpt { .. } if options.bios_boot.is_some() => 2 * ALIGNMENT,
        Partitioning::Gpt { .. } => ALIGNMENT,
    }
}

/// The granularity of the volume's length, in sectors.
pub(crate) fn volume_granularity(options: &FatOptions) -> u64 {
    if options.partitioning == Partitioning::None { 1 } else { ALIGNMENT }
}

/// The sectors of the longest volume in an image of `sectors` sectors; `None` if nothing is left.
pub(crate) fn volume_in(options: &FatOptions, sectors: u64) -> Option<u64> {
    let backup = if has_gpt(options) { TABLE_SECTORS } else { 0 };
    let beside = volume_start(options).checked_add(options.second_sectors())? + backup;
    let room = sectors.checked_sub(beside)?;
    Some(room / volume_granularity(options) * volume_granularity(options))
}

/// The sectors of the smallest image with a volume of `sectors` sectors.
pub(crate) fn image_around(options: &FatOptions, sectors: u64) -> u64 {
    let backup = if has_gpt(options) { ALIGNMENT } else { 0 };
    volume_start(options) + sectors + options.second_sectors() + backup
}

fn has_gpt(options: &FatOptions) -> bool {
    matches!(options.partitioning, Partitioning::Gpt { .. })
}

/// What lies before a volume: the sector where it starts, and its bytes.
pub(crate) type Piece = (u64, Vec<u8>);

/// The sectors before the volume that are not zeros.
pub(crate) fn before(options: &FatOptions, disk: Disk, volume_sectors: u32) -> Vec<Piece> {
    let (mbr, tables) = match &options.partitioning {
        Partitioning::None => return Vec::new(),
        Partitioning::Mbr { disk_signature } => {
            let partition = MbrPartition {
                active: true,
                kind: KIND_FAT32_LBA,
                first: disk.start as u32,
                sectors: volume_sectors,
            };
            let second = options.second_partition.as_ref().map(|_| MbrPartition {
                active: false,
                kind: KIND_EXFAT,
                first: second_start(disk, volume_sectors) as u32,
                sectors: options.second_sectors() as u32,
            });
            (mbr(options, *disk_signature, [Some(partition), second]), Vec::new())
        }
        Partitioning::Gpt { id, .. } => {
            let [a, b, c, d, ..] = *id;
            let protective = MbrPartition::protective(disk.sectors);
            let dummy = options.bios_boot.is_some().then(MbrPartition::active_dummy);
            let mbr = mbr(options, u32::from_le_bytes([a, b, c, d]), [Some(protective), dummy]);
            (mbr, gpt(options, disk, volume_sectors).map(|gpt| gpt.primary()).unwrap_or_default())
        }
    };
    let mut pieces = vec![(0, [mbr.encode().to_vec(), tables].concat())];
    if let Some(grub) = &options.bios_boot {
        let sector = core_sector(options);
        pieces.push((sector, grub.core_at(sector)));
    }
    pieces
}

/// The sectors behind the volume that are not zeros: the backup of a GPT.
pub(crate) fn behind(options: &FatOptions, disk: Disk, volume_sectors: u32) -> Option<Piece> {
    let gpt = gpt(options, disk, volume_sectors)?;
    Some((disk.sectors - TABLE_SECTORS, gpt.backup()))
}

/// The sector where the second partition starts: right behind the volume, which ends at a multiple
/// of 1 MiB.
pub(crate) fn second_start(disk: Disk, volume_sectors: u32) -> u64 {
    disk.start + u64::from(volume_sectors)
}

/// Where GRUB's core image lies: behind the MBR, or in its partition.
fn core_sector(options: &FatOptions) -> u64 {
    if has_gpt(options) { ALIGNMENT } else { 1 }
}

fn mbr(options: &FatOptions, disk_signature: u32, partitions: [Option<MbrPartition>; 2]) -> Mbr {
    let grub = options.bios_boot.as_ref();
    let [first, second] = partitions;
    Mbr {
        boot_code: grub.map_or([0; BOOT_CODE_LEN], |grub| grub.code_for(core_sector(options))),
        disk_signature,
        partitions: [first, second, None, None],
    }
}

fn gpt(options: &FatOptions, disk: Disk, volume_sectors: u32) -> Option<Gpt> {
    let Partitioning::Gpt { kind, name, id } = &options.partitioning else { return None };
    let mut partitions = vec![GptPartition {
        kind: kind.guid(),
        id: derived(*id, 1),
        first: disk.start,
        last: disk.start + u64::from(volume_sectors) - 1,
        attributes: 0,
        name: name.clone(),
    }];
    if let Some(second) = &options.second_partition {
        let first = second_start(disk, volume_sectors);
        partitions.push(GptPartition {
            kind: Guid::BASIC_DATA,
            id: derived(*id, 3),
            first,
            last: first + options.second_sectors() - 1,
            attributes: 0,
            name: second.name.clone(),
        });
    }
    // The volume stays the first one: old Windows shows no other of a removable disk.
    if options.bios_boot.is_some() {
        partitions.push(GptPartition {
            kind: BIOS_BOOT,
            id: derived(*id, 2),
            first: ALIGNMENT,
            last: 2 * ALIGNMENT - 1,
            attributes: 0,
            name: "BIOS boot".to_owned(),
        });
    }
    let gpt = Gpt::new(derived(*id, 0), disk.sectors, partitions);
    Some(gpt.expect("because the volume lies between the tables and its name was checked"))
}

/// The id of the disk or of one of its partitions.
fn derived(id: [u8; 16], number: u8) -> Guid {
    let mut id = id;
    id[15] ^= number.wrapping_mul(0x5B);
    Guid::from_digest(id)
}

/// The most bytes of a core image: what the gap behind the MBR has, one sector less than the
/// partition for it.
pub(crate) const CORE_LEN_MAX: u64 = (ALIGNMENT - 1) * SECTOR;
