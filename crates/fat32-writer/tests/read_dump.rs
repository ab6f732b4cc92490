//! The dumps of small images are the texts that were reviewed; `UPDATE=1` rewrites them.

// The crate is pure; its tests run tools and read files.
#![allow(clippy::disallowed_methods)]

mod read;

use fat32_writer::FatOptions;
use fat32_writer::dump::{DumpOptions, dump_to_string};
use image::{ByteCount, FileData, FileTree};
use read::damage::Damaged;
use read::{Sparse, bare_options, mbr_options, sample_image, sample_options};

fn assert_golden(name: &str, text: &str) {
    let path = format!("{}/tests/golden/{name}.txt", env!("CARGO_MANIFEST_DIR"));
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, text).unwrap();
    }
    let golden = std::fs::read_to_string(&path).unwrap_or_default();
    let difference = golden.lines().zip(text.lines()).find(|(golden, text)| golden != text);
    assert!(golden == text, "{path} differs, first in {difference:#?}; UPDATE=1 rewrites it");
}

fn small_image(options: &FatOptions) -> Sparse {
    let mut tree = FileTree::new();
    tree.add_file("README.TXT", FileData::Bytes(b"hello".as_slice().into())).unwrap();
    tree.add_file("EFI/BOOT/BOOTX64.EFI", FileData::blob(1, ByteCount(8192))).unwrap();
    tree.add_file("Größe/setup.exe", FileData::blob(2, ByteCount(5000))).unwrap();
    tree.add_file("Größe/same as setup.exe", FileData::blob(2, ByteCount(5000))).unwrap();
    tree.add_file("Größe/empty", FileData::Bytes([].into())).unwrap();
    Sparse::planned(tree, options)
}

#[test]
fn small_images_are_as_reviewed() {
    let options = DumpOptions::default();
    for (name, layout) in
        [("gpt", sample_options()), ("mbr", mbr_options()), ("bare", bare_options())]
    {
        assert_golden(name, &dump_to_string(&small_image(&layout), &options));
    }
}

#[test]
fn without_files_only_the_volume_is_shown() {
    let text = dump_to_string(&sample_image(), &DumpOptions { files: false });
    assert!(text.contains("label=\"SAMPLE     \""), "{text}");
    assert!(!text.contains("media.json"), "{text}");
    assert!(text.lines().any(|line| line.contains("second FAT, the same")), "{text}");
}

#[test]
fn damage_is_shown_where_it_is_and_the_rest_all_the_same() {
    let mut image = Damaged(sample_image());
    let entry = image.entry("SMS/data");
    image.set_first_cluster(entry, 0x0123_4567);
    let text = dump_to_string(&image.0, &DumpOptions::default());
    let errors: Vec<_> = text.lines().filter(|line| line.contains("ERROR")).collect();
    assert_eq!(errors.len(), 1, "{errors:?}");
    assert!(errors[0].contains("a chain is cut"), "{errors:?}");
    assert!(text.contains("\"SETUP   EXE\""), "{text}");
}
