use std::fmt;

use image::partition::{GptError, SECTOR};

use super::request::{DiskRequest, PartitionRequest, PartitionSize, PartitionStyle, PartitionType};
use crate::volume::{FileSystem, VolumeRole};

/// Every partition begins and ends at a multiple of this, as all partitioning tools of today have
/// it: it suits the blocks of every disk.
const MIB: u64 = 1 << 20;
const SECTORS_PER_MIB: u64 = MIB / SECTOR;
/// The fewest clusters of FAT32 (65,525 of 512 bytes) with both FATs take a little over 33 MiB.
const FAT32_MIN: u64 = 34;
/// The sectors that an MBR can count to.
const MBR_SECTORS: u64 = 1 << 32;
const PRIMARY_MAX: usize = 4;

/// Where every partition of a disk will lie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartitionPlan {
    /// The number of the disk.
    pub disk: u32,
    /// The kind of table.
    pub style: PartitionStyle,
    /// The sectors of 512 bytes that the disk has.
    pub sectors: u64,
    /// The partitions in the order of the sequence.
    pub partitions: Vec<PlannedPartition>,
}

/// A partition of a plan. Sectors have 512 bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedPartition {
    /// The number that the kernel will know it by, from 1; logical ones begin at 5.
    pub number: u32,
    /// What the sequence calls it.
    pub kind: PartitionType,
    /// How it is formatted; `None` for not at all.
    pub file_system: Option<FileSystem>,
    /// The first sector.
    pub first: u64,
    /// The number of sectors.
    pub sectors: u64,
    /// Whether the BIOS starts from it.
    pub active: bool,
    /// The name of the volume; may be empty.
    pub name: String,
    /// The variable that gets the folder where it is mounted.
    pub letter_variable: Option<String>,
}

/// Why a request fits no disk, or not this one. Partitions are numbered from 1 in the order of the
/// sequence.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// The disk is too small.
    #[error(
        "disk {disk} has {bytes} bytes, the partitions need {needed} bytes: {missing} bytes are \
         missing for partition {partition}{}",
        named(name)
    )]
    DoesNotFit {
        /// The disk.
        disk: u32,
        /// What it has.
        bytes: u64,
        /// What it would have to have.
        needed: u64,
        /// The difference.
        missing: u64,
        /// The first partition that does not fit.
        partition: usize,
        /// Its name, may be empty.
        name: String,
    },
    /// A partition is too small for its file system.
    #[error(
        "partition {partition}{} would have {bytes} bytes; {file_system} needs at least {least}",
        named(name)
    )]
    TooSmall {
        /// The partition.
        partition: usize,
        /// Its name, may be empty.
        name: String,
        /// What it would have.
        bytes: u64,
        /// Its file system.
        file_system: FileSystem,
        /// What that needs.
        least: u64,
    },
    /// The table cannot have such a partition.
    #[error("partition {partition} has the type {kind}, which a disk with {style} cannot have")]
    Kind {
        /// The partition.
        partition: usize,
        /// Its type.
        kind: PartitionType,
        /// The table.
        style: PartitionStyle,
    },
    /// A master boot record holds four partitions beside logical ones.
    #[error(
        "an MBR holds four partitions, and this is the fifth: partition {partition}; make it a \
         logical one in an extended one, or use GPT"
    )]
    TooMany {
        /// The partition.
        partition: usize,
    },
    /// Extended and logical partitions do not fit each other.
    #[error(
        "partition {partition} has the type {kind}: there can be one extended partition, and \
         logical ones only behind it"
    )]
    Extended {
        /// The partition.
        partition: usize,
        /// Its type.
        kind: PartitionType,
    },
    /// More than one partition is to be active.
    #[error("partition {partition} is the second one with Bootable; an MBR has one active one")]
    TwoActive {
        /// The partition.
        partition: usize,
    },
    /// There is no partition that UEFI could start.
    #[error("OSDGPTBootDisk is true, but no partition has the type EFI")]
    NoEfi,
    /// The table cannot be made.
    #[error("the partition table cannot be made: {0}")]
    Table(GptError),
}

fn named(name: &str) -> String {
    if name.is_empty() { String::new() } else { format!(" ({name})") }
}

/// Plans the partitions of a disk of `bytes` bytes.
pub fn plan(request: &DiskRequest, bytes: u64) -> Result<PartitionPlan, PlanError> {
    let is_efi = |it: &PartitionRequest| it.kind == PartitionType::Efi;
    let is_gpt = request.style == PartitionStyle::Gpt;
    if is_gpt && request.boot_disk && !request.partitions.iter().any(is_efi) {
        return Err(PlanError::NoEfi);
    }
    let mut planner = Planner::new(request, bytes);
    let mut partitions = Vec::with_capacity(request.partitions.len());
    for (index, wanted) in request.partitions.iter().enumerate() {
        partitions.push(planner.place(index, wanted)?);
    }
    Ok(PartitionPlan {
        disk: request.disk,
        style: request.style,
        sectors: bytes / SECTOR,
        partitions,
    })
}

/// A run of free space in MiB.
#[derive(Clone, Copy)]
struct Free {
    next: u64,
    end: u64,
}

impl Free {
    fn left(self) -> u64 {
        self.end.saturating_sub(self.next)
    }
}

struct Planner<'a> {
    request: &'a DiskRequest,
    bytes: u64,
    free: Free,
    /// What is free inside the extended partition.
    extended: Option<Free>,
    primaries: u32,
    logicals: u32,
    has_active: bool,
}

impl<'a> Planner<'a> {
    fn new(request: &'a DiskRequest, bytes: u64) -> Self {
        let sectors = bytes / SECTOR;
        let end = match request.style {
            PartitionStyle::Gpt => sectors.saturating_sub(image::partition::TABLE_SECTORS),
            // What lies beyond cannot be named; a larger disk is used as far as it can.
            PartitionStyle::Mbr => sectors.min(MBR_SECTORS),
        };
        let free = Free { next: 1, end: end / SECTORS_PER_MIB };
        let (extended, has_active) = (None, false);
        Self { request, bytes, free, extended, primaries: 0, logicals: 0, has_active }
    }

    fn place(
        &mut self,
        index: usize,
        wanted: &PartitionRequest,
    ) -> Result<PlannedPartition, PlanError> {
        self.check(index, wanted)?;
        let is_logical = wanted.kind == PartitionType::Logical;
        let free = match self.extended {
            // Each logical partition has a record of its own in front of it.
            Some(free) if is_logical => Free { next: free.next + 1, ..free },
            _ => self.free,
        };
        let size = match wanted.size {
            PartitionSize::Mebibytes(size) => size,
            PartitionSize::Percent(part) => {
                // A disk has fewer MiB than a hundredth of what 64 bits hold.
                (free.left() * part / 100).max(1)
            }
        };
        if size > free.left() {
            return Err(self.does_not_fit(index, size - free.left()));
        }
        if wanted.file_system == Some(FileSystem::Fat32) && size < FAT32_MIN {
            return Err(PlanError::TooSmall {
                partition: index + 1,
                name: wanted.name.clone(),
                bytes: size * MIB,
                file_system: FileSystem::Fat32,
                least: FAT32_MIN * MIB,
            });
        }
        let behind = Free { next: free.next + size, ..free };
        if is_logical {
            self.extended = Some(behind);
        } else {
            self.free = behind;
            if wanted.kind == PartitionType::Extended {
                self.extended = Some(Free { next: free.next, end: behind.next });
            }
        }
        Ok(self.planned(wanted, free.next, size))
    }

    /// Counts the partition and gives it its number.
    fn planned(&mut self, wanted: &PartitionRequest, at: u64, size: u64) -> PlannedPartition {
        let count = match wanted.kind {
            PartitionType::Logical => &mut self.logicals,
            _ => &mut self.primaries,
        };
        *count += 1;
        let number = match wanted.kind {
            PartitionType::Logical => PRIMARY_MAX as u32 + *count,
            _ => *count,
        };
        let active = wanted.bootable && self.request.style == PartitionStyle::Mbr;
        self.has_active |= active;
        PlannedPartition {
            number,
            kind: wanted.kind,
            file_system: wanted.file_system,
            first: at * SECTORS_PER_MIB,
            sectors: size * SECTORS_PER_MIB,
            active,
            name: wanted.name.clone(),
            letter_variable: wanted.letter_variable.clone(),
        }
    }

    fn check(&self, index: usize, wanted: &PartitionRequest) -> Result<(), PlanError> {
        use PartitionType::{Extended, Logical, Msr};
        let (kind, partition) = (wanted.kind, index + 1);
        let style = self.request.style;
        let impossible = match style {
            PartitionStyle::Gpt => matches!(kind, Extended | Logical),
            PartitionStyle::Mbr => kind == Msr,
        };
        if impossible {
            return Err(PlanError::Kind { partition, kind, style });
        }
        let no_room_for_it = match kind {
            Logical => self.extended.is_none(),
            Extended => self.extended.is_some(),
            _ => false,
        };
        if no_room_for_it {
            return Err(PlanError::Extended { partition, kind });
        }
        if style == PartitionStyle::Mbr {
            if kind != Logical && self.primaries as usize == PRIMARY_MAX {
                return Err(PlanError::TooMany { partition });
            }
            if wanted.bootable && self.has_active {
                return Err(PlanError::TwoActive { partition });
            }
        }
        Ok(())
    }

    /// The error for a partition that lacks `missing` MiB, with what those behind it need.
    fn does_not_fit(&self, index: usize, missing: u64) -> PlanError {
        let is_inside = |it: &&PartitionRequest| it.kind == PartitionType::Logical;
        let behind = self.request.partitions[index + 1..].iter().filter(|it| !is_inside(it));
        let behind = behind.map(|it| match it.size {
            PartitionSize::Mebibytes(size) => size,
            PartitionSize::Percent(_) => 1,
        });
        let missing = behind.fold(missing, u64::saturating_add).saturating_mul(MIB);
        PlanError::DoesNotFit {
            disk: self.request.disk,
            bytes: self.bytes,
            needed: self.bytes.saturating_add(missing),
            missing,
            partition: index + 1,
            name: self.request.partitions[index].name.clone(),
        }
    }
}

impl PlannedPartition {
    /// What the runtime uses it for; `None` for an extended one, which only holds others.
    pub fn role(&self) -> Option<VolumeRole> {
        match self.kind {
            PartitionType::Primary | PartitionType::Logical => Some(VolumeRole::Data),
            PartitionType::Extended => None,
            PartitionType::Efi => Some(VolumeRole::Efi),
            PartitionType::Msr => Some(VolumeRole::Msr),
            PartitionType::Hidden | PartitionType::Recovery => Some(VolumeRole::Recovery),
        }
    }
}

impl fmt::Display for PartitionPlan {
    /// One line for the disk, and one for each partition.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "disk {}: {}, {} sectors", self.disk, self.style, self.sectors)?;
        for it in &self.partitions {
            let last = it.first + it.sectors - 1;
            let mib = it.sectors / SECTORS_PER_MIB;
            write!(f, "\n{}: {}, {}-{last}, {mib} MiB", it.number, it.kind, it.first)?;
            match it.file_system {
                Some(file_system) => write!(f, ", {file_system}")?,
                None => f.write_str(", not formatted")?,
            }
            if !it.name.is_empty() {
                write!(f, ", `{}`", it.name)?;
            }
            if it.active {
                f.write_str(", active")?;
            }
        }
        Ok(())
    }
}
