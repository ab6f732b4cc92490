//! Volumes in partitions.

use fat32_writer::{FatOptions, PartitionKind, Partitioning, layout};
use image::ByteCount;

use crate::content::{Files, options};
use crate::executor::{Written, write};
use crate::readers;
use crate::tools::{check_extracted, cut_out, fsck, run, text};

fn files() -> Files {
    Files::default()
        .noise("EFI/BOOT/BOOTX64.EFI", 1, 100_000)
        .text("readme.txt", "a stick")
        .directory("empty directory")
}

fn gpt(kind: PartitionKind) -> Partitioning {
    Partitioning::Gpt { kind, name: "Tröpfchen".to_owned(), id: *b"0123456789abcdef" }
}

/// Checks the volume of a partitioned image as a volume of its own.
fn check_volume(written: &Written, files: &Files, options: &FatOptions) {
    let summary = layout(files.tree(), options).unwrap().summary();
    let volume = written.directory.path().join("volume.img");
    cut_out(&written.image, summary.volume_start.0, summary.volume_len.0, &volume);
    fsck(&volume);
    assert_eq!(readers::hadris_findings(&volume), [""; 0]);
    check_extracted(&volume, written.directory.path(), &files.listing());

    // mtools reads it in its place.
    let at = format!("{}@@{}", text(&written.image), summary.volume_start);
    let said = run("mtype", &["-i", &at, "::readme.txt"]);
    assert_eq!(said, "a stick");
}

#[test]
fn a_gpt_has_no_problem_and_one_partition() {
    let size = Some(ByteCount(1_000_000_000 / 512 * 512));
    for (kind, code) in [(PartitionKind::EfiSystem, "EF00"), (PartitionKind::BasicData, "0700")] {
        for size in [None, size] {
            let options = FatOptions { partitioning: gpt(kind), size, ..options() };
            let written = write(&files(), &options);
            let said = run("sgdisk", &["-v", text(&written.image)]);
            assert!(said.contains("No problems found"), "{said}");
            assert!(!said.contains("Caution") && !said.contains("Warning"), "{said}");
            let said = run("sgdisk", &["-p", text(&written.image)]);
            let line = said.lines().last().unwrap();
            assert!(line.contains(code) && line.contains("Tröpfchen"), "{said}");
            let said = run("sfdisk", &["--verify", text(&written.image)]);
            assert!(said.contains("No errors detected"), "{said}");
            check_volume(&written, &files(), &options);
        }
    }
}

#[test]
fn an_mbr_has_one_active_partition_for_fat32() {
    for size in [None, Some(ByteCount(1_000_000_000 / 512 * 512))] {
        let partitioning = Partitioning::Mbr { disk_signature: 0x1234_5678 };
        let options = FatOptions { partitioning, size, ..options() };
        let written = write(&files(), &options);
        let said = run("sfdisk", &["--dump", text(&written.image)]);
        assert!(said.contains("label-id: 0x12345678"), "{said}");
        let summary = layout(files().tree(), &options).unwrap().summary();
        let sectors = summary.volume_len.0 / 512;
        let line = said.lines().last().unwrap().replace(' ', "");
        assert!(line.ends_with(&format!("start=2048,size={sectors},type=c,bootable")), "{said}");
        let said = run("sfdisk", &["--verify", text(&written.image)]);
        assert!(said.contains("No errors detected"), "{said}");
        let said = run("fdisk", &["-l", text(&written.image)]);
        assert!(said.contains("W95 FAT32 (LBA)"), "{said}");
        check_volume(&written, &files(), &options);
    }
}

#[test]
fn ids_derive_from_what_is_given() {
    let image = |partitioning| {
        let options = FatOptions { partitioning, ..options() };
        let written = write(&files(), &options);
        let said = run("sfdisk", &["--dump", text(&written.image)]);
        let ids = said.split([' ', ',', '=', '\n']);
        let ids = ids.filter(|word| word.matches('-').count() == 4);
        ids.map(str::to_owned).collect::<Vec<String>>()
    };
    let ids = image(gpt(PartitionKind::BasicData));
    let [disk, kind, partition] = &ids[..] else { panic!("{ids:?}") };
    assert_eq!(disk, "33323130-3534-8736-B839-616263646566");
    assert_eq!(kind, "EBD0A0A2-B9E5-4433-87C0-68B6B72699C7");
    assert_eq!(partition, "33323130-3534-8736-B839-61626364653D");
    assert_eq!(image(gpt(PartitionKind::BasicData)), ids);
}
