use std::fmt;

use crate::volume::FileSystem;

/// The most partitions that a step can name.
const PARTITIONS_MAX: u32 = 128;

/// What a Format and Partition Disk step asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DiskRequest {
    /// The number of the disk, from 0.
    pub disk: u32,
    /// The kind of table.
    pub style: PartitionStyle,
    /// Whether firmware shall start from it, which needs an EFI system partition on a GPT.
    pub boot_disk: bool,
    /// The partitions in their order.
    pub partitions: Vec<PartitionRequest>,
}

/// The kind of partition table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PartitionStyle {
    /// A GUID partition table.
    Gpt,
    /// A master boot record.
    Mbr,
}

/// A partition that a step asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartitionRequest {
    /// What it is for.
    pub kind: PartitionType,
    /// How it is formatted; `None` for not at all.
    pub file_system: Option<FileSystem>,
    /// Its size.
    pub size: PartitionSize,
    /// Whether the BIOS starts from it.
    pub bootable: bool,
    /// The name of the volume; may be empty.
    pub name: String,
    /// The variable that gets the folder where it is mounted.
    pub letter_variable: Option<String>,
}

/// The types of Configuration Manager.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "these are the words of the sequence")]
pub enum PartitionType {
    Primary,
    Extended,
    Logical,
    Hidden,
    Efi,
    Msr,
    Recovery,
}

/// How large a partition shall be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PartitionSize {
    /// In MiB.
    Mebibytes(u64),
    /// So many per cent, from 1 to 100, of what the partitions before it have left.
    Percent(u64),
}

/// Why variables are no request.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// A variable has a value that it cannot have.
    #[error("the variable {name} is `{value}`; it has to be {wanted}")]
    Variable {
        /// Which.
        name: String,
        /// Its value.
        value: String,
        /// What it can be.
        wanted: &'static str,
    },
    /// There is nothing to do.
    #[error("the step names no partition; OSDPartitions0Type is the type of the first one")]
    NoPartitions,
}

impl DiskRequest {
    /// Reads the variables of a step; `text` returns the value of one, empty when it is not set.
    ///
    /// Without `OSDPartitions` the partitions are those that have a type. Without a size a partition
    /// takes all that is left; without a file system it is not formatted, save the EFI system
    /// partition, which is always FAT32.
    pub fn read(text: &dyn Fn(&str) -> String) -> Result<Self, RequestError> {
        let count = match text("OSDPartitions") {
            count if count.trim().is_empty() => (0..PARTITIONS_MAX)
                .take_while(|at| !text(&name_of(*at, "Type")).is_empty())
                .count() as u64,
            count => number("OSDPartitions", &count, u64::from(PARTITIONS_MAX), "at most 128")?,
        };
        if count == 0 {
            return Err(RequestError::NoPartitions);
        }
        let disk = or(text("OSDDiskIndex"), "0");
        let style = or(text("OSDPartitionStyle"), "MBR");
        Ok(Self {
            disk: number("OSDDiskIndex", &disk, 99, "a number from 0 to 99")? as u32,
            style: match &*style.to_uppercase() {
                "GPT" => PartitionStyle::Gpt,
                "MBR" => PartitionStyle::Mbr,
                _ => return Err(wrong("OSDPartitionStyle", &style, "GPT or MBR")),
            },
            boot_disk: boolean(text, "OSDGPTBootDisk")?,
            partitions: (0..count as u32)
                .map(|at| partition(text, at))
                .collect::<Result<_, _>>()?,
        })
    }
}

fn partition(text: &dyn Fn(&str) -> String, at: u32) -> Result<PartitionRequest, RequestError> {
    let of = |field: &str| text(&name_of(at, field)).trim().to_owned();
    let kind = kind(&name_of(at, "Type"), &of("Type"))?;
    let file_system = file_system(&name_of(at, "FileSystem"), &of("FileSystem"))?;
    let letter_variable = of("VolumeLetterVariable");
    Ok(PartitionRequest {
        file_system: match kind {
            PartitionType::Extended | PartitionType::Msr => None,
            PartitionType::Efi => match file_system {
                None | Some(FileSystem::Fat32) => Some(FileSystem::Fat32),
                Some(other) => {
                    let name = name_of(at, "FileSystem");
                    return Err(wrong(&name, &other.to_string(), "FAT32 for the type EFI"));
                }
            },
            _ => file_system,
        },
        kind,
        size: size(at, &of("Size"), &of("SizeUnits"))?,
        bootable: boolean(text, &name_of(at, "Bootable"))?,
        name: of("VolumeName"),
        letter_variable: (!letter_variable.is_empty()).then_some(letter_variable),
    })
}

fn kind(name: &str, value: &str) -> Result<PartitionType, RequestError> {
    Ok(match &*value.to_uppercase() {
        "PRIMARY" => PartitionType::Primary,
        "EXTENDED" => PartitionType::Extended,
        "LOGICAL" => PartitionType::Logical,
        "HIDDEN" => PartitionType::Hidden,
        "EFI" => PartitionType::Efi,
        "MSR" => PartitionType::Msr,
        "RECOVERY" => PartitionType::Recovery,
        _ => {
            let wanted = "Primary, Extended, Logical, Hidden, EFI, MSR or Recovery";
            return Err(wrong(name, value, wanted));
        }
    })
}

fn file_system(name: &str, value: &str) -> Result<Option<FileSystem>, RequestError> {
    Ok(match &*value.to_uppercase() {
        "" => None,
        "FAT32" => Some(FileSystem::Fat32),
        "NTFS" => Some(FileSystem::Ntfs),
        "EXT4" => Some(FileSystem::Ext4),
        _ => return Err(wrong(name, value, "FAT32, NTFS, ext4 or empty")),
    })
}

fn size(at: u32, value: &str, units: &str) -> Result<PartitionSize, RequestError> {
    let name = name_of(at, "Size");
    if value.is_empty() {
        return Ok(PartitionSize::Percent(100));
    }
    let positive = |max, wanted| match number(&name, value, max, wanted)? {
        0 => Err(wrong(&name, value, wanted)),
        size => Ok(size),
    };
    // As many MiB as a 64-bit number of bytes can hold.
    const MAX: u64 = u64::MAX >> 20;
    Ok(match &*units.to_uppercase() {
        "" | "MB" => PartitionSize::Mebibytes(positive(MAX, "a number of megabytes")?),
        "GB" => PartitionSize::Mebibytes(positive(MAX >> 10, "a number of gigabytes")? << 10),
        "PERCENT" => PartitionSize::Percent(positive(100, "from 1 to 100 per cent")?),
        _ => return Err(wrong(&name_of(at, "SizeUnits"), units, "MB, GB or PERCENT")),
    })
}

fn boolean(text: &dyn Fn(&str) -> String, name: &str) -> Result<bool, RequestError> {
    let value = text(name);
    match &*value.trim().to_lowercase() {
        "" | "false" => Ok(false),
        "true" => Ok(true),
        _ => Err(wrong(name, &value, "true or false")),
    }
}

fn number(name: &str, value: &str, max: u64, wanted: &'static str) -> Result<u64, RequestError> {
    let number = value.trim().parse().ok().filter(|number| *number <= max);
    number.ok_or_else(|| wrong(name, value, wanted))
}

fn name_of(at: u32, field: &str) -> String {
    format!("OSDPartitions{at}{field}")
}

fn or(value: String, default: &str) -> String {
    let value = value.trim();
    if value.is_empty() { default.to_owned() } else { value.to_owned() }
}

fn wrong(name: &str, value: &str, wanted: &'static str) -> RequestError {
    RequestError::Variable { name: name.to_owned(), value: value.to_owned(), wanted }
}

impl fmt::Display for PartitionStyle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Gpt => "GPT",
            Self::Mbr => "MBR",
        })
    }
}

impl fmt::Display for PartitionType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Primary => "primary",
            Self::Extended => "extended",
            Self::Logical => "logical",
            Self::Hidden => "hidden",
            Self::Efi => "EFI",
            Self::Msr => "MSR",
            Self::Recovery => "recovery",
        })
    }
}
