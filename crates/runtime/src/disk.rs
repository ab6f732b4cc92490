//! The disks of the target.
//!
//! A task sequence knows disks by numbers from 0. They are those of the disks that a system could
//! be installed on, in the order of the places where they are plugged in, which no other order of
//! detection changes; disks on USB come last. What the media are read from has no number.

use std::cmp::Ordering;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::kernel_text::{number_in, text_in};
use crate::natural_order::natural_order;

/// The sectors that the kernel counts in, whatever those of the disk are.
const KERNEL_SECTOR: u64 = 512;

/// Where the kernel shows its devices.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceFolders {
    /// What is mounted at `/sys`.
    pub sys: PathBuf,
    /// What is mounted at `/dev`.
    pub dev: PathBuf,
}

impl Default for DeviceFolders {
    fn default() -> Self {
        Self { sys: "/sys".into(), dev: "/dev".into() }
    }
}

/// A disk of the target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disk {
    /// Its number, from 0.
    pub number: u32,
    /// The kernel's name of it, such as `nvme0n1`; may be another one after a restart.
    pub name: String,
    /// The device, such as `/dev/nvme0n1`.
    pub device: PathBuf,
    /// Its size in bytes.
    pub bytes: u64,
    /// The bytes of a sector as the disk addresses them, mostly 512.
    pub sector: u64,
    /// What its maker calls it; may be empty.
    pub model: String,
}

/// A partition that the kernel has found on a disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DiskPartition {
    /// Its number, from 1.
    pub number: u32,
    /// The device, such as `/dev/nvme0n1p1`.
    pub device: PathBuf,
    /// Where it begins, in bytes.
    pub start: u64,
    /// Its size in bytes.
    pub bytes: u64,
}

/// Why there is no such disk.
#[derive(Debug, thiserror::Error)]
pub enum DiskError {
    /// The kernel's list cannot be read.
    #[error("cannot list the disks in `{}`", path.display())]
    List {
        /// The folder.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The computer has no disk, or the boot image has no driver for it.
    #[error(
        "the computer has no disk that a system could be installed on; if it has one, the boot \
         image lacks the driver of its controller"
    )]
    None,
    /// The number is too high.
    #[error("there is no disk {number}; the computer has these: {there}")]
    NoSuch {
        /// The number that was asked for.
        number: u32,
        /// The disks that are there, in words.
        there: String,
    },
}

/// Lists the disks in the order of their numbers; `media` is the device that media are read from.
///
/// Removable ones count only if there are no others. `Ok` holds at least one.
pub fn disks(folders: &DeviceFolders, media: Option<&Path>) -> Result<Vec<Disk>, DiskError> {
    let path = folders.sys.join("block");
    let list = |source| DiskError::List { path: path.clone(), source };
    let mut found = Vec::new();
    for entry in fs::read_dir(&path).map_err(list)? {
        let name = entry.map_err(list)?.file_name().to_string_lossy().into_owned();
        found.extend(Candidate::read(folders, name));
    }
    found.retain(|it| !media.is_some_and(|media| it.is_on(media)));
    if found.iter().any(|it| !it.removable) {
        found.retain(|it| !it.removable);
    }
    found.sort_by(Candidate::order);
    if found.is_empty() {
        return Err(DiskError::None);
    }
    let numbered = (0..).zip(found).map(|(number, it)| Disk { number, ..it.disk });
    Ok(numbered.collect())
}

/// Finds the disk with this number.
pub fn disk(folders: &DeviceFolders, media: Option<&Path>, number: u32) -> Result<Disk, DiskError> {
    let all = disks(folders, media)?;
    let found = all.iter().find(|disk| disk.number == number).cloned();
    found.ok_or_else(|| DiskError::NoSuch { number, there: shown(&all) })
}

/// Lists the partitions that the kernel has found on a disk, in the order of their numbers.
pub fn partitions(folders: &DeviceFolders, disk: &Disk) -> Vec<DiskPartition> {
    let folder = folders.sys.join("block").join(&disk.name);
    let names = fs::read_dir(&folder).into_iter().flatten().flatten();
    let mut found: Vec<_> = names
        .filter_map(|entry| {
            let number = number_in(&entry.path().join("partition"))?;
            Some(DiskPartition {
                number: number.try_into().ok()?,
                device: folders.dev.join(entry.file_name()),
                start: number_in(&entry.path().join("start"))?.checked_mul(KERNEL_SECTOR)?,
                bytes: number_in(&entry.path().join("size"))?.checked_mul(KERNEL_SECTOR)?,
            })
        })
        .collect();
    found.sort_by_key(|partition| partition.number);
    found
}

/// Says which disks there are, for people.
pub fn shown(disks: &[Disk]) -> String {
    let one = |disk: &Disk| {
        let model = if disk.model.is_empty() { "a disk" } else { &disk.model };
        format!("{} ({model}, {} bytes, {})", disk.number, disk.bytes, disk.device.display())
    };
    disks.iter().map(one).collect::<Vec<_>>().join(", ")
}

/// A disk that may get a number.
struct Candidate {
    disk: Disk,
    removable: bool,
    /// Where it is plugged in: the kernel's path of the device.
    place: String,
    partitions: Vec<String>,
}

impl Candidate {
    /// `None` for what is no disk, and for a drive without a medium.
    fn read(folders: &DeviceFolders, name: String) -> Option<Self> {
        if !is_disk_name(&name) {
            return None;
        }
        let folder = folders.sys.join("block").join(&name);
        let bytes = number_in(&folder.join("size"))?.checked_mul(KERNEL_SECTOR)?;
        if bytes == 0 {
            return None;
        }
        let names = fs::read_dir(&folder).into_iter().flatten().flatten();
        let partitions = names
            .filter(|entry| entry.path().join("partition").exists())
            .map(|entry| entry.file_name().to_string_lossy().into_owned());
        let place = fs::canonicalize(&folder).unwrap_or_else(|_| folder.clone());
        Some(Self {
            removable: number_in(&folder.join("removable")) == Some(1),
            place: place.to_string_lossy().into_owned(),
            partitions: partitions.collect(),
            disk: Disk {
                number: 0,
                device: folders.dev.join(&name),
                name,
                bytes,
                sector: number_in(&folder.join("queue/logical_block_size"))
                    .unwrap_or(KERNEL_SECTOR),
                model: text_in(&folder.join("device/model")).unwrap_or_default(),
            },
        })
    }

    fn is_on(&self, media: &Path) -> bool {
        let real = fs::canonicalize(media).unwrap_or_else(|_| media.to_owned());
        let name = real.file_name().unwrap_or_default().to_string_lossy();
        name == self.disk.name || self.partitions.iter().any(|it| *it == name)
    }

    fn order(&self, other: &Self) -> Ordering {
        let is_usb = |it: &Self| it.place.contains("/usb");
        is_usb(self).cmp(&is_usb(other)).then_with(|| order_of_places(&self.place, &other.place))
    }
}

/// The addresses of PCI are hexadecimal and of one width; everything else counts in decimal.
fn order_of_places(one: &str, other: &str) -> Ordering {
    let is_pci = |part: &str| part.len() == 12 && part.as_bytes()[4] == b':';
    let mut parts = one.split('/').zip(other.split('/')).map(|(one, other)| {
        if is_pci(one) && is_pci(other) { one.cmp(other) } else { natural_order(one, other) }
    });
    let unequal = parts.find(|order| order.is_ne());
    unequal.unwrap_or_else(|| natural_order(one, other))
}

/// Whether this is what the kernel calls a disk of SCSI, ATA, USB, virtio, NVMe, SD or eMMC.
fn is_disk_name(name: &str) -> bool {
    let letters = |rest: &str| !rest.is_empty() && rest.bytes().all(|it| it.is_ascii_lowercase());
    let digits = |rest: &str| !rest.is_empty() && rest.bytes().all(|it| it.is_ascii_digit());
    if let Some(rest) = name.strip_prefix("sd").or_else(|| name.strip_prefix("vd")) {
        return letters(rest);
    }
    if let Some(rest) = name.strip_prefix("mmcblk") {
        return digits(rest);
    }
    let namespace = name.strip_prefix("nvme").and_then(|rest| rest.split_once('n'));
    namespace.is_some_and(|(controller, number)| digits(controller) && digits(number))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use tempfile::TempDir;

    use super::*;

    /// A made-up `/sys` and `/dev`.
    struct Computer(TempDir);

    impl Computer {
        fn new() -> Self {
            let folder = TempDir::new().unwrap();
            fs::create_dir_all(folder.path().join("sys/block")).unwrap();
            Self(folder)
        }

        fn with(self, place: &str, sectors: u64, facts: &[(&str, &str)]) -> Self {
            let real = self.0.path().join("sys/devices").join(place);
            fs::create_dir_all(&real).unwrap();
            let name = real.file_name().unwrap();
            symlink(&real, self.0.path().join("sys/block").join(name)).unwrap();
            fs::write(real.join("size"), format!("{sectors}\n")).unwrap();
            for (file, text) in facts {
                fs::create_dir_all(real.join(file).parent().unwrap()).unwrap();
                fs::write(real.join(file), format!("{text}\n")).unwrap();
            }
            self
        }

        fn folders(&self) -> DeviceFolders {
            DeviceFolders { sys: self.0.path().join("sys"), dev: "/dev".into() }
        }

        fn names(&self, media: Option<&str>) -> Vec<String> {
            let all = disks(&self.folders(), media.map(Path::new)).unwrap();
            all.into_iter().map(|disk| disk.name).collect()
        }
    }

    #[test]
    fn disks_are_numbered_by_their_places_and_usb_comes_last() {
        let computer = Computer::new()
            .with("pci0/0000:00:10.0/virtio1/block/vda", 1 << 20, &[])
            .with("pci0/0000:00:04.0/ata10/block/sda", 1 << 20, &[])
            .with("pci0/0000:00:04.0/ata9/block/sdc", 1 << 20, &[])
            .with("pci0/0000:00:01.0/usb1/1-1/block/sdb", 1 << 20, &[("removable", "0")])
            .with("pci0/0000:00:1c.0/nvme/nvme0/nvme0n1", 1 << 20, &[]);
        assert_eq!(computer.names(None), ["sdc", "sda", "vda", "nvme0n1", "sdb"]);
    }

    #[test]
    fn what_is_no_disk_of_the_target_has_no_number() {
        let computer = Computer::new()
            .with("virtual/block/loop0", 100, &[])
            .with("virtual/block/ram0", 100, &[])
            .with("virtual/block/zram0", 100, &[])
            .with("virtual/block/dm-0", 100, &[])
            .with("pci0/ata1/block/sr0", 100, &[("removable", "1")])
            .with("pci0/mmc0/block/mmcblk0", 100, &[("queue/logical_block_size", "4096")])
            .with("pci0/mmc0/block/mmcblk0boot0", 100, &[])
            .with("pci0/ata2/block/sda", 100, &[("sda1/partition", "1")])
            .with("pci0/ata3/block/sdb", 0, &[])
            .with("pci0/usb1/block/sdc", 100, &[("removable", "1")]);
        assert_eq!(computer.names(None), ["sda", "mmcblk0"]);
        assert_eq!(computer.names(Some("/dev/sda1")), ["mmcblk0"], "the media's disk");
        assert_eq!(computer.names(Some("/dev/mmcblk0")), ["sda"]);
    }

    #[test]
    fn a_stick_is_a_disk_where_there_is_no_other() {
        let computer = Computer::new()
            .with("pci0/usb1/block/sda", 100, &[("removable", "1"), ("device/model", "Stick ")])
            .with("pci0/usb2/block/sdb", 100, &[("removable", "1")]);
        assert_eq!(computer.names(Some("/dev/sdb")), ["sda"]);
        let error = disk(&computer.folders(), Some(Path::new("/dev/sdb")), 2).unwrap_err();
        assert_eq!(
            error.to_string(),
            "there is no disk 2; the computer has these: 0 (Stick, 51200 bytes, /dev/sda)"
        );
    }

    #[test]
    fn a_computer_without_disks_says_so() {
        let computer = Computer::new().with("pci0/ata1/block/sr0", 100, &[]);
        let error = disks(&computer.folders(), None).unwrap_err();
        assert!(error.to_string().contains("has no disk"), "{error}");
    }

    #[test]
    fn partitions_are_in_the_order_of_their_numbers() {
        let part = |number: &str, start: &str| {
            [
                (format!("sda{number}/partition"), number.to_owned()),
                (format!("sda{number}/start"), start.to_owned()),
                (format!("sda{number}/size"), "8".to_owned()),
            ]
        };
        let facts: Vec<_> = [part("10", "90"), part("2", "20")].concat();
        let facts: Vec<_> = facts.iter().map(|(file, text)| (&**file, &**text)).collect();
        let computer = Computer::new().with("pci0/ata1/block/sda", 100, &facts);
        let found = partitions(&computer.folders(), &disk(&computer.folders(), None, 0).unwrap());
        let found: Vec<_> = found.iter().map(|it| (it.number, it.start, it.bytes)).collect();
        assert_eq!(found, [(2, 10240, 4096), (10, 46080, 4096)]);
    }
}
