//! Volumes that another formatter made.

use std::fs::File;
use std::process::Command;

use exfat_writer::check::{CheckOptions, check};
use exfat_writer::read::{ExfatReader, ReadError};

use crate::support::{in_mbr, sample_tree};

#[test]
fn the_volume_of_another_formatter_is_read_and_keeps_the_rules_of_the_specification() {
    let room = tempfile::tempdir().unwrap();
    let path = room.path().join("volume.img");
    File::create(&path).unwrap().set_len(8 << 20).unwrap();
    let path_of = format!("{}:/usr/sbin:/sbin", std::env::var("PATH").unwrap());
    let output = Command::new("mkfs.exfat")
        .args(["-L", "Foreign"])
        .arg(&path)
        .env("PATH", path_of)
        .output()
        .expect("mkfs.exfat is installed");
    assert!(output.status.success());
    let image = std::fs::read(&path).unwrap();
    let reader = ExfatReader::open(&image).unwrap();
    assert_eq!(reader.info().label, "Foreign");
    assert_eq!(reader.read_volume().unwrap().entries, []);
    // It fills the boot code with zeros, where the specification asks for 0xF4, and the sector of OEM
    // parameters with ones.
    let rules: Vec<_> =
        check(&image, &CheckOptions::default()).into_iter().map(|fault| fault.rule).collect();
    assert_eq!(rules, ["boot-field", "boot-reserved", "boot-reserved"]);
}

#[test]
fn partitions_of_other_kinds_are_not_looked_into() {
    let image = in_mbr(sample_tree(), 0x07);
    assert_eq!(check(&image, &CheckOptions::default()), []);
    assert_eq!(ExfatReader::open(&image).unwrap().info().offset, 1 << 20);
    let image = in_mbr(sample_tree(), 0x83);
    assert!(matches!(ExfatReader::open(&image).err(), Some(ReadError::NoVolume)));
}

#[test]
fn names_are_found_in_any_case() {
    let image = in_mbr(sample_tree(), 0x07);
    let reader = ExfatReader::open(&image).unwrap();
    let found = reader.find("GRÜSSE AN ŁÓDŹ/💿 DISC.TXT").err();
    assert!(matches!(found, Some(ReadError::NotFound { .. })), "ß is one letter here");
    let found = reader.find("GRÜßE AN łódź/💿 DISC.TXT").unwrap();
    assert_eq!(found.path, "Grüße an Łódź/💿 disc.txt");
    assert!(reader.find("sms/pkg/p0100001").unwrap().is_directory());
    assert!(reader.find("README.TXT/x").is_err());
}
