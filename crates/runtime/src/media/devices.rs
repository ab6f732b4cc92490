//! The drives and partitions of the computer, as the kernel lists them.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use crate::kernel_text::{number_in, text_in};
use crate::partition::partition_uuid;

/// A drive, a disk or a partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockDevice {
    /// The kernel's name of it: `sr0`, `sda1`.
    pub name: String,
    /// The disk that it is a partition of; its own name if it is none.
    pub disk: String,
    /// The device.
    pub path: PathBuf,
    /// Whether it is an optical drive, whose disc can be changed.
    pub optical: bool,
    /// Whether it can be taken out of the computer.
    pub removable: bool,
    /// Its GUID or signature and number, as Linux writes a `PARTUUID`; empty for what is no
    /// partition.
    pub partition_uuid: String,
}

/// What never holds media: memory, and other devices under new names.
const NO_DISKS: [&str; 5] = ["loop", "ram", "zram", "dm-", "fd"];

/// Lists what may hold media, as the kernel shows it below `sys` (`/sys`), with devices below
/// `dev` (`/dev`): optical drives first, then what can be taken out, then disks; partitions behind
/// their disk.
pub fn block_devices(sys: &Path, dev: &Path) -> io::Result<Vec<BlockDevice>> {
    let mut found = Vec::new();
    for disk in names(&sys.join("block"))? {
        if NO_DISKS.iter().any(|prefix| disk.starts_with(prefix)) {
            continue;
        }
        let folder = sys.join("block").join(&disk);
        let optical = disk.starts_with("sr");
        let removable =
            optical || number_in(&folder.join("removable")) == Some(1) || is_usb(&folder);
        let device = |name: &str| BlockDevice {
            name: name.to_owned(),
            disk: disk.clone(),
            path: dev.join(name),
            optical,
            removable,
            partition_uuid: String::new(),
        };
        found.push(device(&disk));
        for name in names(&folder)? {
            if name.starts_with(&disk) && folder.join(&name).join("partition").exists() {
                let partition = folder.join(&name);
                let partition_uuid = uuid_of(&partition, &dev.join(&disk)).unwrap_or_default();
                found.push(BlockDevice { partition_uuid, ..device(&name) });
            }
        }
    }
    found.sort_by_key(|it| (!it.optical, !it.removable));
    Ok(found)
}

/// What tells a partition from all others: kernels before 6.13 do not say, so the table has to.
fn uuid_of(partition: &Path, disk: &Path) -> Option<String> {
    let uevent = text_in(&partition.join("uevent")).unwrap_or_default();
    if let Some(uuid) = uevent.lines().find_map(|line| line.strip_prefix("PARTUUID=")) {
        return Some(uuid.to_ascii_lowercase());
    }
    let number = number_in(&partition.join("partition"))?;
    partition_uuid(&File::open(disk).ok()?, u32::try_from(number).ok()?).ok()?
}

/// Sticks say that they cannot be taken out when they are large.
fn is_usb(folder: &Path) -> bool {
    fs::canonicalize(folder).is_ok_and(|path| path.to_string_lossy().contains("/usb"))
}

fn names(folder: &Path) -> io::Result<Vec<String>> {
    let entries = fs::read_dir(folder)?;
    let mut names: Vec<String> =
        entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect();
    // `sda10` behind `sda9`.
    names.sort_by_key(|name| (name.len(), name.clone()));
    Ok(names)
}

#[cfg(test)]
mod tests {
    use image::partition::{BOOT_CODE_LEN, Mbr, MbrPartition};

    use super::*;

    #[test]
    fn drives_come_before_sticks_and_sticks_before_disks() {
        let folder = tempfile::tempdir().unwrap();
        let sys = folder.path();
        for (path, value) in [
            ("block/sda/removable", "0"),
            ("block/sda/sda1/partition", "1"),
            ("block/sda/sda1/uevent", "DEVNAME=sda1\nPARTUUID=ABCD-01"),
            ("block/sda/queue/x", ""),
            ("block/loop0/removable", "0"),
            ("block/sdb/removable", "1"),
            ("block/sr0/removable", "1"),
        ] {
            fs::create_dir_all(sys.join(path).parent().unwrap()).unwrap();
            fs::write(sys.join(path), value).unwrap();
        }
        let found = block_devices(sys, Path::new("/dev")).unwrap();
        let names: Vec<&str> = found.iter().map(|device| &*device.name).collect();
        assert_eq!(names, ["sr0", "sdb", "sda", "sda1"]);
        assert_eq!((&*found[3].disk, &*found[3].partition_uuid), ("sda", "abcd-01"));
        assert_eq!(found[0].path, Path::new("/dev/sr0"));
    }

    #[test]
    fn a_kernel_that_does_not_say_how_partitions_are_told_apart_is_not_asked() {
        let folder = tempfile::tempdir().unwrap();
        let (sys, dev) = (folder.path().join("sys"), folder.path().join("dev"));
        let partition = sys.join("block/vda/vda2");
        fs::create_dir_all(&partition).unwrap();
        fs::create_dir(&dev).unwrap();
        fs::write(partition.join("uevent"), "DEVNAME=vda2\nPARTN=2\n").unwrap();
        fs::write(partition.join("partition"), "2\n").unwrap();
        let slot = MbrPartition { active: false, kind: 0x83, first: 2048, sectors: 2048 };
        let partitions = [None, Some(slot), None, None];
        let mbr = Mbr { boot_code: [0; BOOT_CODE_LEN], disk_signature: 0xAB, partitions };
        fs::write(dev.join("vda"), mbr.encode()).unwrap();
        let found = block_devices(&sys, &dev).unwrap();
        assert_eq!(found[1].partition_uuid, "000000ab-02");
    }
}
