//! Sticks and other disks: what they are, and how an image comes onto several of them at once.

mod update;
mod write;

use std::fs;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

use crate::{Error, IoContext};

pub use update::{Figures, Stick, UpdateSource, look_all, update_all};
pub use write::{Written, write_all};

/// A disk of this computer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    /// The path of the device itself, links followed: `/dev/sdb`.
    pub path: PathBuf,
    /// Its size in bytes.
    pub bytes: u64,
    /// What its maker calls it; empty where it does not say.
    pub model: String,
    /// Its serial number; empty where it does not say.
    pub serial: String,
    /// Whether it can be taken out: a stick, a card, or a disk behind USB.
    pub removable: bool,
    /// Whether it refuses to be written.
    pub read_only: bool,
    /// What uses it: where it or a part of it is mounted, or what is built upon it.
    pub used_by: Vec<String>,
    /// Its device number.
    pub(crate) number: u64,
    /// How many disks the system had seen when this one came: another one of the same name has
    /// another number. 0 where the system does not count.
    pub sequence: u64,
}

/// The unit of sizes in sysfs, whatever the device's own sectors are.
const SECTOR: u64 = 512;

impl Device {
    /// Looks at the disk at this path, which may be a link such as those in `/dev/disk/by-id`.
    pub fn look(path: &Path) -> Result<Self, Error> {
        let wrong = |message: &str| Error::Input { path: path.to_owned(), message: message.into() };
        let real = path.canonicalize().at("find", path)?;
        let metadata = fs::metadata(&real).at("look at", &real)?;
        if !metadata.file_type().is_block_device() {
            return Err(wrong("is no disk; name a device such as /dev/sdb"));
        }
        let (major, minor) =
            (rustix::fs::major(metadata.rdev()), rustix::fs::minor(metadata.rdev()));
        let link = PathBuf::from(format!("/sys/dev/block/{major}:{minor}"));
        let folder = link.canonicalize().at("look at", &link)?;
        if folder.join("partition").exists() {
            return Err(wrong("is a partition; name the whole disk"));
        }
        let sectors = text(&folder.join("size")).parse().unwrap_or(0u64);
        Ok(Self {
            bytes: sectors * SECTOR,
            model: upwards(&folder, &["model", "product"]),
            serial: upwards(&folder, &["serial"]),
            removable: text(&folder.join("removable")) == "1" || is_behind_usb(&folder),
            read_only: text(&folder.join("ro")) == "1",
            used_by: users(&folder, &real),
            number: metadata.rdev(),
            sequence: text(&folder.join("diskseq")).parse().unwrap_or(0),
            path: real,
        })
    }
}

impl Device {
    /// What tells a disk from another one that takes its name.
    pub(crate) fn identity(&self) -> (u64, u64, u64, &str, &str) {
        (self.number, self.sequence, self.bytes, &self.model, &self.serial)
    }
}

/// The first line of a file of sysfs; empty if there is none.
fn text(path: &Path) -> String {
    let bytes = fs::read(path).unwrap_or_default();
    String::from_utf8_lossy(&bytes).lines().next().unwrap_or_default().trim().to_owned()
}

/// The first of these attributes that the disk's device, or one that it hangs on, has.
fn upwards(disk: &Path, names: &[&str]) -> String {
    let device = disk.join("device").canonicalize().unwrap_or_else(|_| disk.to_owned());
    let found = device.ancestors().take_while(|folder| folder.starts_with("/sys/devices"));
    let values = found.flat_map(|folder| names.iter().map(|name| text(&folder.join(name))));
    values.into_iter().find(|value| !value.is_empty()).unwrap_or_default()
}

fn is_behind_usb(disk: &Path) -> bool {
    disk.components().any(|part| part.as_os_str().to_string_lossy().starts_with("usb"))
}

/// What uses a disk or one of its partitions.
fn users(disk: &Path, path: &Path) -> Vec<String> {
    let mut parts = vec![disk.to_owned()];
    for entry in fs::read_dir(disk).into_iter().flatten().flatten() {
        if entry.path().join("partition").exists() {
            parts.push(entry.path());
        }
    }
    let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    let swaps = fs::read_to_string("/proc/swaps").unwrap_or_default();
    let mut users = Vec::new();
    for part in &parts {
        let number = text(&part.join("dev"));
        let mounted = mounts.lines().filter_map(|line| {
            let mut fields = line.split(' ').skip(2);
            (fields.next()? == number)
                .then(|| fields.nth(1).map(|at| format!("mounted at {at}")))?
        });
        users.extend(mounted);
        let name = part.file_name().unwrap_or_default().to_string_lossy();
        let device = format!("/dev/{name}");
        if swaps.lines().any(|line| line.split_whitespace().next() == Some(&*device)) {
            users.push(format!("{device} is swap space"));
        }
        for holder in fs::read_dir(part.join("holders")).into_iter().flatten().flatten() {
            users.push(format!("{} is built upon it", holder.file_name().to_string_lossy()));
        }
    }
    // File systems over several disks have a number of their own, but name the first disk.
    let named = format!(" {} ", path.display());
    if users.is_empty() && mounts.lines().any(|line| line.contains(&named)) {
        users.push("it is mounted".to_owned());
    }
    users
}
