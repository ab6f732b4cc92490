//! The dump of a small image is the text that was reviewed; `UPDATE=1` rewrites it.

// The crate is pure; its tests run tools and read files.
#![allow(clippy::disallowed_methods)]

mod read;

use image::{ByteCount, FileData, FileTree};
use iso9660_writer::IsoOptions;
use iso9660_writer::dump::{DumpOptions, dump_to_string};
use read::damage::Damaged;
use read::{Planned, sample_image, sample_options};

fn assert_golden(name: &str, text: &str) {
    let path = format!("{}/tests/golden/{name}.txt", env!("CARGO_MANIFEST_DIR"));
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, text).unwrap();
    }
    let golden = std::fs::read_to_string(&path).unwrap_or_default();
    let difference = golden.lines().zip(text.lines()).find(|(golden, text)| golden != text);
    assert!(golden == text, "{path} differs, first in {difference:#?}; UPDATE=1 rewrites it");
}

fn small_image() -> Vec<u8> {
    let mut tree = FileTree::new();
    tree.add_file("README.txt", FileData::Bytes(b"hello".as_slice().into())).unwrap();
    tree.add_file("boot/bios.bin", FileData::Bytes(vec![0xEB; 3000].into())).unwrap();
    tree.add_file("boot/efi.img", FileData::blob(1, ByteCount(8192))).unwrap();
    tree.add_file("Größe/setup.exe", FileData::blob(2, ByteCount(5000))).unwrap();
    tree.add_file("Größe/same.exe", FileData::blob(2, ByteCount(5000))).unwrap();
    tree.add_file("Größe/empty", FileData::Bytes([].into())).unwrap();
    let mut options: IsoOptions = sample_options();
    options.boot.bios.as_mut().unwrap().image = "boot/bios.bin".to_owned();
    Planned::new(tree, &options).bytes()
}

#[test]
fn a_small_bootable_image_is_as_reviewed() {
    assert_golden("small", &dump_to_string(&small_image(), &DumpOptions::default()));
}

#[test]
fn without_files_only_the_volume_is_shown() {
    let text = dump_to_string(&sample_image(), &DumpOptions { files: false });
    assert!(text.contains("PVD volume_id=\"GR_NE_PLATTE_1\""), "{text}");
    assert!(text.contains("LVD logical_volume=\"Grüne Platte 1\""), "{text}");
    assert!(!text.contains("setup.exe"), "{text}");
    assert!(text.lines().count() < 40, "{text}");
}

#[test]
fn damage_is_shown_where_it_is_and_the_rest_all_the_same() {
    let mut image = Damaged(sample_image());
    let entry = image.file_entry("SMS/data/media.json");
    image.flip(entry + 85);
    let text = dump_to_string(&image.0, &DumpOptions::default());
    let errors: Vec<_> = text.lines().filter(|line| line.contains("ERROR")).collect();
    assert_eq!(errors.len(), 1, "{errors:?}");
    assert!(errors[0].starts_with(&format!("+{entry:08x} FE")), "{errors:?}");
    assert!(errors[0].contains("CRC"), "{errors:?}");
    assert!(text.contains("FID \"setup.exe\""));
}
