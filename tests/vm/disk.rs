//! What lies on a computer's disk, read on this machine while the computer is off.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::site::tool;

/// The first byte of the partition with this number, from 1 on.
fn partition_offset(disk: &Path, partition: usize) -> u64 {
    let table = tool("sfdisk", &["--json", disk.to_str().unwrap()], Path::new("/"));
    let table: Value = serde_json::from_str(&table).expect("sfdisk prints JSON");
    let table = &table["partitiontable"];
    let start = &table["partitions"][partition - 1]["start"];
    let start = start.as_u64().unwrap_or_else(|| panic!("no partition {partition} in {table}"));
    start * table["sectorsize"].as_u64().unwrap_or(512)
}

/// The bytes of a file of an ext4 volume; `None` if it is not there. What is in the journal alone,
/// after the power was cut, is not seen.
pub fn read_from_ext4(disk: &Path, partition: usize, path: &str) -> Option<Vec<u8>> {
    let volume = ext4_volume(disk, partition);
    let output = Command::new("debugfs").args(["-R", &format!("cat \"{path}\""), &volume]).output();
    let output = output.expect("debugfs can be run; it is in Debian's e2fsprogs");
    let said = String::from_utf8_lossy(&output.stderr);
    // It succeeds whatever happens. The first line is its version.
    match said.lines().nth(1) {
        None => Some(output.stdout),
        Some(_) if said.contains("File not found") => None,
        Some(_) => panic!("debugfs cannot read {path} of {volume}: {said}"),
    }
}

/// Has fsck.ext4 look at a volume, which must be sound and cleanly unmounted.
pub fn check_ext4(disk: &Path, partition: usize) {
    let volume = ext4_volume(disk, partition);
    let said = tool("fsck.ext4", &["-fn", &volume], Path::new("/"));
    assert!(!said.contains("recovering journal"), "{volume} was not unmounted: {said}");
}

/// The bytes of a file of a FAT volume; `None` if it is not there.
pub fn read_from_fat(disk: &Path, partition: usize, path: &str) -> Option<Vec<u8>> {
    let volume = format!("{}@@{}", disk.display(), partition_offset(disk, partition));
    let output = Command::new("mtype").args(["-i", &volume, &format!("::{path}")]).output();
    let output = output.expect("mtype can be run; it is in Debian's mtools");
    let said = String::from_utf8_lossy(&output.stderr);
    match output.status.success() {
        true => Some(output.stdout),
        false if said.contains("not found") => None,
        false => panic!("mtype cannot read {path} of {volume}: {said}"),
    }
}

/// A volume inside a disk, as the programs of e2fsprogs are told.
fn ext4_volume(disk: &Path, partition: usize) -> String {
    format!("{}?offset={}", disk.display(), partition_offset(disk, partition))
}
