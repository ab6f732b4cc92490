//! Sizes at which formats change their ways.

use std::fs::File;
use std::os::unix::fs::FileExt;

use exfat_writer::check::{CheckOptions, check};
use exfat_writer::read::{ExfatReader, ReadAt};
use exfat_writer::{ExfatOptions, layout, measure};
use image::{ByteCount, FileData, FileTree, Image, Source};

use crate::support::{Sparse, sample_options, sample_tree};
use crate::tools::{bytes_of, fsck, run, sleuth_files, text, write};

const GIB: u64 = 1 << 30;

/// Where the long file has marks: around 4 GiB and at its ends.
const MARKS: [u64; 6] = [0, 4 * GIB - 8, 4 * GIB, 4 * GIB + 4096, 5 * GIB, 6 * GIB + 1234];

/// Writes an image whose blob has a mark at each of [`MARKS`] and else zeros.
fn write_marked(image: &Image<u32>, path: &std::path::Path) {
    let file = File::create(path).unwrap();
    file.set_len(image.len().0).unwrap();
    for extent in image.extents() {
        match &extent.source {
            Source::Zeros => {}
            Source::Bytes(bytes) => file.write_all_at(bytes, extent.start.0).unwrap(),
            Source::Encoded { encoder, part } => {
                let mut bytes = Vec::new();
                encoder.encode(*part, &mut bytes);
                file.write_all_at(&bytes, extent.start.0).unwrap();
            }
            Source::Blob { .. } => {
                for mark in MARKS {
                    let bytes = (mark + 1).to_le_bytes();
                    file.write_all_at(&bytes, extent.start.0 + mark).unwrap();
                }
            }
        }
    }
}

#[test]
fn a_file_over_four_gib_is_whole_for_every_reader() {
    let mut tree = FileTree::new();
    tree.add_file("install.wim", FileData::blob(1, ByteCount(6 * GIB + 1242))).unwrap();
    tree.add_file("d/small", FileData::Bytes(b"small".as_slice().into())).unwrap();
    let image = layout(tree.validate().unwrap(), &sample_options()).unwrap().into_image();
    let room = tempfile::tempdir().unwrap();
    let volume = room.path().join("volume.img");
    write_marked(&image, &volume);
    fsck(&volume, 2, 2);
    for mark in MARKS {
        let skip = format!("--skip={mark}");
        let arguments = [text(&volume), "hex", "(loop0)/install.wim", &skip, "--length=8"];
        let said = run("grub-fstest", &arguments);
        let hex = (mark + 1).to_le_bytes().map(|byte| format!("{byte:02x}")).join(" ");
        assert!(said.contains(&hex), "{mark}: {said}, not {hex}");
    }
}

#[test]
fn a_folder_of_twenty_thousand_files_is_read() {
    let mut tree = FileTree::new();
    for index in 0..20_000 {
        let data = FileData::blob(index % 10, ByteCount(u64::from(index % 3)));
        tree.add_file(&format!("many/{index:05} a name of some length.txt"), data).unwrap();
    }
    let image = Sparse::planned(tree, &sample_options());
    let written = write(&image);
    fsck(&written.volume, 2, 20_000);
    assert_eq!(check(&image, &CheckOptions::default()), []);
    let found = sleuth_files(&written.volume, None);
    assert_eq!(found.len(), 20_001);
    let number = found["many/19999 a name of some length.txt"].clone().unwrap();
    let bytes = bytes_of("icat", &["-f", "exfat", text(&written.volume), &number]);
    assert_eq!(bytes, [crate::support::blob_byte(9, 0)]);
}

#[test]
fn every_cluster_size_is_read() {
    for shift in 12..=25 {
        let options = ExfatOptions { cluster_size: Some(1 << shift), ..sample_options() };
        let mut tree = FileTree::new();
        tree.add_file("d/one byte more", FileData::blob(1, ByteCount((1 << shift) + 1))).unwrap();
        tree.add_file("exact", FileData::blob(2, ByteCount(1 << shift))).unwrap();
        tree.add_file("empty", FileData::Bytes([].into())).unwrap();
        let image = Sparse::planned(tree, &options);
        fsck(&write(&image).volume, 2, 3);
        assert_eq!(check(&image, &CheckOptions::default()), [], "2^{shift}");
        assert_eq!(ExfatReader::open(&image).unwrap().info().cluster_size, 1 << shift);
    }
}

#[test]
fn volumes_of_many_sizes_up_to_many_tib_are_sound() {
    for size in [8 << 20, 300 << 20, 33 * GIB, 3 << 40, 15 << 40] {
        let options = ExfatOptions { size: Some(ByteCount(size)), ..sample_options() };
        let image = Sparse::planned(sample_tree(), &options);
        assert_eq!(image.len(), size);
        // Reading all zeros of a FAT of terabytes takes a while in memory only.
        if size < 1 << 40 {
            assert_eq!(check(&image, &CheckOptions::default()), [], "{size}");
        }
        fsck(&write(&image).volume, 21, 130);
    }
}

#[test]
fn an_empty_tree_makes_a_sound_volume() {
    for options in [ExfatOptions::default(), sample_options()] {
        let image = Sparse::planned(FileTree::new(), &options);
        assert_eq!(check(&image, &CheckOptions::default()), []);
        fsck(&write(&image).volume, 1, 0);
    }
}

#[test]
fn a_full_volume_has_no_free_cluster() {
    let empty = layout(FileTree::<u32>::new().validate().unwrap(), &sample_options()).unwrap();
    let options = ExfatOptions { size: Some(empty.len()), ..sample_options() };
    let layout_of = |len: u64| {
        let mut tree = FileTree::new();
        tree.add_file("full", FileData::blob(1, ByteCount(len))).unwrap();
        (tree.clone(), layout(tree.validate().unwrap(), &options))
    };
    let free = empty.free_space().len.0;
    let (tree, full) = layout_of(free);
    let full = full.unwrap();
    assert_eq!((full.free_space().len.0, full.summary().free_clusters), (0, 0));
    layout_of(free + 1).1.unwrap_err();
    let image = Sparse::planned(tree, &options);
    assert_eq!(check(&image, &CheckOptions::default()), []);
    fsck(&write(&image).volume, 1, 1);
}

#[test]
fn a_hundred_thousand_files_are_measured_as_they_are_laid_out() {
    let mut tree = FileTree::new();
    for index in 0..100_000u32 {
        let path = format!("folder {}/sub {}/File {index:06}.txt", index % 10, index % 300);
        tree.add_file(&path, FileData::blob(index % 10, ByteCount(16))).unwrap();
    }
    let tree = std::sync::Arc::new(tree.validate().unwrap());
    let measured = measure(&tree, &sample_options()).unwrap();
    let layout = layout(tree, &sample_options()).unwrap();
    assert_eq!((layout.len(), layout.summary().files), (measured, 100_000));
}
