//! Boot entries and partition tables.

use std::fs;
use std::path::Path;

use image::{ByteCount, FileData};
use iso9660_writer::check::{CheckOptions, check};
use iso9660_writer::{BiosBoot, IsoOptions, MbrCode, UefiBoot, layout};

use crate::content::{Blob, Files, options};
use crate::executor::{bytes, write};
use crate::tools::{check_extracted, check_iso, check_udf, run};

/// A FAT image with a file in it, as firmware wants it.
fn system_partition(room: &Path) -> Vec<u8> {
    let path = room.join("esp.img");
    let text = path.to_str().unwrap();
    fs::write(&path, vec![0; 2 << 20]).unwrap();
    run("mkfs.vfat", &["-n", "ESP", text]);
    let loader = room.join("loader");
    fs::write(&loader, b"not a loader").unwrap();
    run("mmd", &["-i", text, "::EFI", "::EFI/BOOT"]);
    run("mcopy", &["-i", text, loader.to_str().unwrap(), "::EFI/BOOT/BOOTX64.EFI"]);
    fs::read(&path).unwrap()
}

fn bootable(room: &Path) -> (Files, IsoOptions) {
    let isolinux = fs::read("/usr/lib/ISOLINUX/isolinux.bin").unwrap();
    let mbr = fs::read("/usr/lib/ISOLINUX/isohdpfx.bin").unwrap();
    let mut files = Files::default()
        .text("isolinux/isolinux.cfg", "SAY hello\n")
        .bytes("EFI/esp.img", system_partition(room))
        .noise("content.bin", 1, 100_000);
    // The same bytes elsewhere: the patched copy must not be theirs.
    files.add("isolinux/isolinux.bin", FileData::Bytes(isolinux.clone().into()), 0);
    files.add("copy of isolinux.bin", FileData::Bytes(isolinux.into()), 1);
    let mut options = options();
    options.hybrid = true;
    let mbr_code = MbrCode::isolinux(&mbr);
    options.boot.bios = Some(BiosBoot { mbr_code, ..BiosBoot::isolinux("isolinux/isolinux.bin") });
    options.boot.uefi = Some(UefiBoot { image: "EFI/esp.img".to_owned() });
    (files, options)
}

#[test]
fn a_hybrid_image_satisfies_every_reader_and_partition_tool() {
    let room = tempfile::tempdir().unwrap();
    let (files, options) = bootable(room.path());
    let written = write(&files, &options);
    check_iso(&written.image);
    check_udf(&written.image, true);
    assert_eq!(check(&fs::read(&written.image).unwrap(), &CheckOptions::default()), []);

    let tree = files.tree();
    let layout = layout(tree.clone(), &options).unwrap();
    let mut expected = files.contents();
    for (node, bytes) in layout.patched_files() {
        expected.insert(tree.path(node), bytes.to_vec());
    }
    check_extracted(&written.image, written.directory.path(), &expected);

    let image = written.image.to_str().unwrap();
    let said = run("sgdisk", &["-v", image]);
    assert!(said.contains("No problems found"), "{said}");
    let esp = tree.find("EFI/esp.img").unwrap();
    let extent = layout.file_extents().find(|extent| extent.node == esp).unwrap();
    let said = run("sgdisk", &["-i", "1", image]);
    assert!(said.contains(&format!("First sector: {} ", extent.start.0 / 512)), "{said}");
    assert!(said.contains("Partition size: 4096 sectors"), "{said}");
    assert!(said.contains("C12A7328-F81F-11D2-BA4B-00A0C93EC93B"), "{said}");
    // mtools reads the partition where the table says it is.
    let listed = run("mdir", &["-b", "-i", &format!("{image}@@{}", extent.start.0), "::EFI/BOOT"]);
    assert!(listed.contains("BOOTX64.EFI"), "{listed}");
}

#[test]
fn xorriso_finds_both_boot_entries_and_a_sound_info_table() {
    let room = tempfile::tempdir().unwrap();
    let (files, options) = bootable(room.path());
    let written = write(&files, &options);
    let image = written.image.to_str().unwrap();
    let report = run("xorriso", &["-indev", image, "-report_el_torito", "plain"]);
    let lines = |start: &str| -> Vec<&str> {
        report.lines().filter(|line| line.starts_with(start)).collect()
    };
    let entries = lines("El Torito boot img :");
    assert!(entries[0].contains("BIOS  y   none  0x0000  0x00      4"), "{report}");
    assert!(entries[1].contains("UEFI  y   none  0x0000  0x00   4096"), "{report}");
    assert!(lines("El Torito img opts :")[0].contains("boot-info-table"), "{report}");
    assert!(report.contains("/isolinux/isolinux.bin"), "{report}");
    assert!(report.contains("/EFI/esp.img"), "{report}");
    let report = run("xorriso", &["-indev", image, "-report_system_area", "plain"]);
    assert!(report.contains("MBR isohybrid cyl-align-off GPT"), "{report}");
    assert!(report.contains("GPT partition path :   1  /EFI/esp.img"), "{report}");
}

#[test]
fn a_patched_boot_image_is_known_before_writing_and_shared_with_nobody() {
    let room = tempfile::tempdir().unwrap();
    let (files, options) = bootable(room.path());
    let tree = files.tree();
    let layout = layout(tree.clone(), &options).unwrap();
    let [(node, patched)] = &*layout.patched_files() else { panic!("one file is patched") };
    assert_eq!(tree.path(*node), "isolinux/isolinux.bin");

    let start = |path: &str| {
        let node = tree.find(path).unwrap();
        layout.file_extents().find(|extent| extent.node == node).unwrap().start.0 as usize
    };
    let (boot, copy) = (start("isolinux/isolinux.bin"), start("copy of isolinux.bin"));
    let original = &files.contents()["copy of isolinux.bin"];
    let image = bytes(&layout.into_image());
    assert_ne!(**patched, **original);
    assert_eq!(image[boot..boot + patched.len()], **patched);
    assert_eq!(image[copy..copy + original.len()], **original);
    assert_eq!(patched[12..16], ((boot / 2048) as u32).to_le_bytes());
    // The MBR code starts the image from the disk.
    assert_eq!(image[432..440], ((boot / 512) as u64).to_le_bytes());
    assert_eq!(image[440..444], options.serial[..4]);
}

#[test]
fn a_hybrid_image_for_the_bios_alone_has_one_active_partition_and_no_gpt() {
    let room = tempfile::tempdir().unwrap();
    let (files, mut options) = bootable(room.path());
    options.boot.uefi = None;
    let written = write(&files, &options);
    check_iso(&written.image);
    check_udf(&written.image, false);
    let image = fs::read(&written.image).unwrap();
    assert_eq!(image[446..451], [0x80, 0, 1, 0, 0x17]);
    assert_eq!(image[458..462], ((image.len() / 512) as u32).to_le_bytes());
    assert_eq!(image[512..1024], [0; 512]);
}

#[test]
fn a_uefi_image_needs_no_patch_and_may_be_a_blob() {
    let mut files = Files::default().noise("EFI/copy.img", 5, 3_000_000);
    files.add("EFI/esp.img", FileData::blob(Blob::Noise(5), ByteCount(3_000_000)), 0);
    let mut options = IsoOptions { hybrid: true, ..options() };
    options.boot.uefi = Some(UefiBoot { image: "EFI/esp.img".to_owned() });
    let layout = layout(files.tree(), &options).unwrap();
    assert_eq!(layout.summary().data_extents, 1);
    assert!(layout.patched_files().is_empty());

    let written = write(&files, &options);
    let image = written.image.to_str().unwrap();
    let said = run("sgdisk", &["-v", image]);
    assert!(said.contains("No problems found"), "{said}");
    let report = run("xorriso", &["-indev", image, "-report_el_torito", "plain"]);
    assert!(report.contains("UEFI  y   none  0x0000  0x00   5860"), "{report}");
}

#[test]
fn a_hybrid_image_without_udf_keeps_its_tables_apart_from_its_data() {
    let room = tempfile::tempdir().unwrap();
    let (files, mut options) = bootable(room.path());
    options.udf = false;
    let written = write(&files, &options);
    check_iso(&written.image);
    let said = run("sgdisk", &["-v", written.image.to_str().unwrap()]);
    assert!(said.contains("No problems found"), "{said}");
}
