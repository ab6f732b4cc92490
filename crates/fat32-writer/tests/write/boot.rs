//! What a BIOS starts from.

use fat32_writer::{FatOptions, GrubImages, PartitionKind, Partitioning, layout};

use crate::content::{Files, options};
use crate::executor::{bytes, write};
use crate::tools::{run, text};

/// Bytes that stand for GRUB's images: no two sectors are the same.
fn grub(core_len: usize) -> (Vec<u8>, Vec<u8>) {
    let mut boot: Vec<u8> = (0..512).map(|index| (index * 7 + 1) as u8).collect();
    boot[510..].copy_from_slice(&[0x55, 0xAA]);
    (boot, (0..core_len).map(|index| (index / 512 + index) as u8).collect())
}

fn bootable(partitioning: Partitioning, core_len: usize) -> FatOptions {
    let (boot, core) = grub(core_len);
    let bios_boot = Some(GrubImages::new(&boot, &core).unwrap());
    FatOptions { partitioning, bios_boot, ..options() }
}

/// Checks the images in place; only what says where they lie is changed.
fn check(image: &[u8], core_sector: u64, core_len: usize) {
    let (boot, core) = grub(core_len);
    assert_eq!(image[..0x5C], boot[..0x5C]);
    assert_eq!(image[0x5C..0x64], core_sector.to_le_bytes());
    assert_eq!(image[0x66..0x68], [0x90, 0x90]);
    assert_eq!(image[0x68..440], boot[0x68..440]);
    let place = &image[core_sector as usize * 512..][..core_len.next_multiple_of(512)];
    assert_eq!(place[..0x1F4], core[..0x1F4]);
    assert_eq!(place[0x1F4..0x1FC], (core_sector + 1).to_le_bytes());
    assert_eq!(place[0x1FC..0x1FE], (core_len.div_ceil(512) as u16 - 1).to_le_bytes());
    assert_eq!(place[0x1FE..0x200], 0x0820u16.to_le_bytes());
    assert_eq!(place[512..core_len], core[512..]);
}

#[test]
fn beside_an_mbr_grub_lies_in_the_gap() {
    let options = bootable(Partitioning::Mbr { disk_signature: 7 }, 31_000);
    let image = bytes(&layout(Files::default().tree(), &options).unwrap().into_image());
    check(&image, 1, 31_000);
    assert_eq!(image[440..444], [7, 0, 0, 0]);
    assert_eq!((image[446], image[450]), (0x80, 0x0C));
}

#[test]
fn beside_a_gpt_grub_has_a_partition() {
    let (name, id) = ("Stick".to_owned(), [9; 16]);
    let partitioning = Partitioning::Gpt { kind: PartitionKind::BasicData, name, id };
    // The largest that the gap of an MBR would hold.
    let options = bootable(partitioning, 2047 * 512);
    let files = Files::default().noise("boot/vmlinuz", 1, 5000);
    let written = write(&files, &options);
    check(&std::fs::read(&written.image).unwrap()[..2 << 20], 2048, 2047 * 512);
    let said = run("sgdisk", &["-v", text(&written.image)]);
    assert!(said.contains("No problems found"), "{said}");
    let said = run("sgdisk", &["-p", text(&written.image)]);
    let codes: Vec<&str> =
        said.lines().rev().take(2).filter_map(|line| line.split_whitespace().nth(5)).collect();
    assert_eq!(codes, ["EF02", "0700"], "{said}");
}
