//! The dump of a small volume is the text that was reviewed; `UPDATE=1` rewrites it.

use exfat_writer::dump::{DumpOptions, dump_to_string};
use image::{ByteCount, FileData, FileTree};

use crate::support::damage::Damaged;
use crate::support::{Sparse, sample_image, sample_options};

fn assert_golden(name: &str, text: &str) {
    let path = format!("{}/tests/golden/{name}.txt", env!("CARGO_MANIFEST_DIR"));
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, text).unwrap();
    }
    let golden = std::fs::read_to_string(&path).unwrap_or_default();
    let difference = golden.lines().zip(text.lines()).find(|(golden, text)| golden != text);
    assert!(golden == text, "{path} differs, first in {difference:#?}; UPDATE=1 rewrites it");
}

#[test]
fn a_small_volume_is_as_reviewed() {
    let mut tree = FileTree::new();
    tree.add_file("README.TXT", FileData::Bytes(b"hello".as_slice().into())).unwrap();
    tree.add_file("Größe/setup.exe", FileData::blob(2, ByteCount(5000))).unwrap();
    tree.add_file("Größe/same as setup.exe", FileData::blob(2, ByteCount(5000))).unwrap();
    tree.add_file("Größe/empty", FileData::Bytes([].into())).unwrap();
    tree.add_file("sources/install.wim", FileData::blob(3, ByteCount(70_000))).unwrap();
    let image = Sparse::planned(tree, &sample_options());
    assert_golden("volume", &dump_to_string(&image, &DumpOptions::default()));
}

#[test]
fn without_files_only_the_volume_is_shown() {
    let text = dump_to_string(&sample_image(), &DumpOptions { files: false });
    assert!(text.contains("label \"Probe 💿\""), "{text}");
    assert!(!text.contains("media.json"), "{text}");
}

#[test]
fn damage_is_shown_where_it_is_and_the_rest_all_the_same() {
    let mut image = Damaged(sample_image());
    let entry = image.entry("SMS/data");
    image.set32(entry + 32 + 20, 0x0123_4567);
    let text = dump_to_string(&image.0, &DumpOptions::default());
    let errors: Vec<_> = text.lines().filter(|line| line.contains("ERROR")).collect();
    assert_eq!(errors.len(), 1, "{errors:?}");
    assert!(errors[0].contains("which cannot be"), "{errors:?}");
    assert!(text.contains("\"setup.exe\""), "{text}");
}
