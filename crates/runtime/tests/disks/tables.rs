//! The tables as other tools read them.

use std::fs::File;
use std::os::unix::fs::FileExt;

use image::partition::Guid;
use runtime::partition::{Identities, PartitionPlan, PartitionType, partition_uuid};
use tempfile::NamedTempFile;

use crate::machine::alone;
use crate::plan::planned;
use crate::tool;

fn identities(plan: &PartitionPlan) -> Identities {
    Identities {
        disk: Guid::from_random([0xD1; 16]),
        partitions: (0..plan.partitions.len() as u8).map(|n| Guid::from_random([n; 16])).collect(),
        signature: 0x1234_ABCD,
    }
}

fn image(plan: &PartitionPlan) -> NamedTempFile {
    // A name that ends in a digit would put a `p` in front of the numbers.
    let file = tempfile::Builder::new().suffix(".img").tempfile().unwrap();
    file.as_file().set_len(plan.sectors * 512).unwrap();
    for table in plan.tables(&identities(plan)).unwrap() {
        file.as_file().write_all_at(&table.bytes, table.offset).unwrap();
    }
    file
}

/// What `sfdisk` says of an image, without the name of the file.
fn dump(file: &NamedTempFile) -> String {
    let path = file.path().display().to_string();
    let text = tool(&format!("sfdisk --dump {path}"));
    let lines = text.lines().map(|line| line.replace(&path, ""));
    lines
        .filter(|line| line.starts_with(|c: char| c.is_ascii_digit()))
        .collect::<Vec<_>>()
        .join("\n")
}

#[test]
fn a_gpt_is_what_sgdisk_and_sfdisk_expect() {
    let _alone = alone();
    let plan = planned(
        "GPT",
        &[
            "EFI FAT32 100 MB",
            "MSR - 16 MB",
            "Primary ext4 1 GB VolumeName=Debian",
            "Hidden NTFS 64 MB",
            "Primary NTFS 50 PERCENT",
            "Recovery NTFS",
        ],
        4 << 30,
    );
    let plan = plan.unwrap();
    let file = image(&plan);
    let verdict = tool(&format!("sgdisk -v {}", file.path().display()));
    assert!(verdict.contains("No problems found"), "{verdict}");
    assert_eq!(
        dump(&file),
        "1 : start=        2048, size=      204800, type=C12A7328-F81F-11D2-BA4B-00A0C93EC93B, uuid=00000000-0000-4000-8000-000000000000, name=\"EFI system partition\"\n\
         2 : start=      206848, size=       32768, type=E3C9E316-0B5C-4DB8-817D-F92DF00215AE, uuid=01010101-0101-4101-8101-010101010101, name=\"Microsoft reserved partition\"\n\
         3 : start=      239616, size=     2097152, type=0FC63DAF-8483-4772-8E79-3D69D8477DE4, uuid=02020202-0202-4202-8202-020202020202, name=\"Debian\"\n\
         4 : start=     2336768, size=      131072, type=EBD0A0A2-B9E5-4433-87C0-68B6B72699C7, uuid=03030303-0303-4303-8303-030303030303, name=\"Basic data partition\", attrs=\"GUID:62,63\"\n\
         5 : start=     2467840, size=     2959360, type=EBD0A0A2-B9E5-4433-87C0-68B6B72699C7, uuid=04040404-0404-4404-8404-040404040404, name=\"Basic data partition\"\n\
         6 : start=     5427200, size=     2959360, type=DE94BBA4-06D1-4D40-A16A-BFD50179D6AC, uuid=05050505-0505-4505-8505-050505050505, name=\"Basic data partition\", attrs=\"RequiredPartition GUID:63\""
    );
    assert_uuids(&plan, &file);
}

#[test]
fn an_mbr_with_logical_partitions_is_what_sfdisk_expects() {
    let _alone = alone();
    let plan = planned(
        "MBR",
        &[
            "Primary ext4 100 MB Bootable=true",
            "Extended - 1 GB",
            "Logical FAT32 300 MB",
            "Logical NTFS 50 PERCENT",
            "Logical ext4",
            "Hidden NTFS 100 MB",
        ],
        2 << 30,
    );
    let plan = plan.unwrap();
    let file = image(&plan);
    let path = file.path().display();
    let verdict = tool(&format!("sfdisk --verify {path} 2>&1"));
    assert!(verdict.contains("No errors detected"), "{verdict}");
    let full = tool(&format!("sfdisk --dump {path}"));
    assert!(full.contains("label-id: 0x1234abcd"), "{full}");
    assert_eq!(
        dump(&file),
        "1 : start=        2048, size=      204800, type=83, bootable\n\
         2 : start=      206848, size=     2097152, type=f\n\
         3 : start=     2304000, size=      204800, type=27\n\
         5 : start=      208896, size=      614400, type=c\n\
         6 : start=      825344, size=      739328, type=7\n\
         7 : start=     1566720, size=      737280, type=83"
    );
    assert_uuids(&plan, &file);
}

/// `blkid` and our reader call each partition what the plan calls it.
fn assert_uuids(plan: &PartitionPlan, file: &NamedTempFile) {
    let disk = File::open(file.path()).unwrap();
    let text = tool(&format!("sfdisk --json {}", file.path().display()));
    let json: serde_json::Value = serde_json::from_str(&text).unwrap();
    for (index, partition) in plan.partitions.iter().enumerate() {
        let uuid = plan.partition_uuid(index, &identities(plan)).unwrap();
        assert_eq!(partition_uuid(&disk, partition.number).unwrap(), Some(uuid.clone()));
        let table = &json["partitiontable"];
        let theirs = match table["label"].as_str().unwrap() {
            "gpt" => table["partitions"][index]["uuid"].as_str().unwrap().to_lowercase(),
            _ => format!("{}-{:02x}", &table["id"].as_str().unwrap()[2..], partition.number),
        };
        assert_eq!(uuid, theirs);
    }
    assert_eq!(partition_uuid(&disk, 0).unwrap(), None);
    let after =
        plan.partitions.iter().filter(|it| it.kind != PartitionType::Logical).count() as u32 + 1;
    assert_eq!(partition_uuid(&disk, after).unwrap(), None, "there is none behind the last one");
}
