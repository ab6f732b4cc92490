//! Volumes in partitions.

use fat32_writer::check::{CheckOptions, check};
use fat32_writer::{FatOptions, PartitionKind, Partitioning, SecondPartition, layout, measure};
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

#[test]
fn a_second_partition_is_room_for_another_volume() {
    const MIB: u64 = 1 << 20;
    let mbr = Partitioning::Mbr { disk_signature: 7 };
    for (partitioning, kind) in [(mbr, "7"), (gpt(PartitionKind::EfiSystem), "EBD0A0A2")] {
        for size in [None, Some(ByteCount(900 * MIB))] {
            let alone = FatOptions { partitioning: partitioning.clone(), ..options() };
            let second = SecondPartition { len: ByteCount(5 * MIB), name: "Zweites".to_owned() };
            let options = FatOptions { size, second_partition: Some(second), ..alone.clone() };
            let measured = measure(&files().tree(), &options).unwrap();
            let expected = measure(&files().tree(), &alone).unwrap() + ByteCount(5 * MIB);
            assert_eq!(measured, size.unwrap_or(expected));
            let layout = layout(files().tree(), &options).unwrap();
            let summary = layout.summary();
            let start = layout.second_partition().unwrap();
            assert_eq!(start, summary.volume_start + summary.volume_len);
            assert_eq!(start.0 % MIB, 0);

            let written = write(&files(), &options);
            let said = run("sfdisk", &["--verify", text(&written.image)]);
            assert!(said.contains("No errors detected"), "{said}");
            let said = run("sfdisk", &["--dump", text(&written.image)]);
            let second = said.lines().last().unwrap();
            let place = format!("start={:>12}, size={:>12}, type={kind}", start.0 / 512, 5 * 2048);
            assert!(second.contains(&place), "{said}, not {place}");
            check_volume(&written, &files(), &options);
            let image = std::fs::read(&written.image).unwrap();
            assert_eq!(check(&image, &CheckOptions::default()), []);
            let end = (start.0 + 5 * MIB) as usize;
            assert!(image[start.0 as usize..end].iter().all(|&byte| byte == 0));
        }
    }
}

#[test]
fn a_second_partition_that_cannot_be_is_refused() {
    let refused = |partitioning: Partitioning, len: u64, name: &str| {
        let second = SecondPartition { len: ByteCount(len), name: name.to_owned() };
        let second_partition = Some(second);
        let options = FatOptions { partitioning, second_partition, ..options() };
        layout(files().tree(), &options).unwrap_err().to_string()
    };
    let mbr = || Partitioning::Mbr { disk_signature: 7 };
    let of_none = refused(Partitioning::None, 1 << 20, "");
    assert!(of_none.contains("needs a partitioned image"), "{of_none}");
    for len in [0, 1 << 19] {
        let of_length = refused(mbr(), len, "");
        assert!(of_length.contains("no multiple of 1 MiB"), "{of_length}");
    }
    let of_name = refused(gpt(PartitionKind::EfiSystem), 1 << 20, &"x".repeat(37));
    assert!(of_name.contains("longer than 36 characters"), "{of_name}");
    // An MBR counts sectors in 32 bits, a GPT in 64.
    for len in [2 << 40, 3 << 40] {
        let of_mbr = refused(mbr(), len, "");
        assert!(of_mbr.contains("it may take at most"), "{of_mbr}");
    }
    let second = SecondPartition { len: ByteCount(3 << 40), name: String::new() };
    let partitioning = gpt(PartitionKind::EfiSystem);
    let options = FatOptions { partitioning, second_partition: Some(second), ..options() };
    assert!(measure(&files().tree(), &options).unwrap().0 > 3 << 40);
}
