//! Images of this crate's writer have no fault, and give their files back.

mod read;

use std::collections::BTreeMap;
use std::io::Read;
use std::ops::ControlFlow;

use fat32_writer::check::{CheckOptions, check};
use fat32_writer::read::{FatReader, FileReader, ReadAt, ReadError};
use fat32_writer::{FatOptions, GrubImages};
use image::{ByteCount, FileData, FileTree, NodeKind};
use read::{
    Sparse, bare_options, blob_byte, mbr_options, sample_image, sample_options, sample_tree,
};

fn assert_clean(image: &dyn ReadAt) {
    let free_space = image.len() < 1 << 30;
    let faults = check(image, &CheckOptions { free_space, ..CheckOptions::default() });
    let list: Vec<String> = faults.iter().take(20).map(ToString::to_string).collect();
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), list.join("\n"));
}

#[test]
fn every_kind_of_image_is_clean() {
    let mut boot = [0x90; 512];
    boot[510..].copy_from_slice(&[0x55, 0xAA]);
    let grub = GrubImages::new(&boot, &[0x90; 30_000]).unwrap();
    for options in [bare_options(), mbr_options(), sample_options()] {
        for label in ["", "A LABEL"] {
            let options = FatOptions { volume_label: label.to_owned(), ..options.clone() };
            assert_clean(&Sparse::planned(sample_tree(), &options));
            assert_clean(&Sparse::planned(FileTree::new(), &options));
            let cluster_size = Some(32_768);
            let options = FatOptions { cluster_size, ..options };
            assert_clean(&Sparse::planned(sample_tree(), &options));
        }
    }
    for options in [mbr_options(), sample_options()] {
        let options = FatOptions { bios_boot: Some(grub.clone()), ..options };
        assert_clean(&Sparse::planned(sample_tree(), &options));
    }
}

#[test]
fn every_size_up_to_2_tib_is_clean() {
    for (gib, cluster_size) in [(1, 4096), (9, 8192), (31, 16_384), (33, 32_768), (2047, 32_768)] {
        for options in [bare_options(), sample_options()] {
            let size = Some(ByteCount(gib << 30));
            let image = Sparse::planned(sample_tree(), &FatOptions { size, ..options });
            assert_clean(&image);
            let reader = FatReader::open(&image).unwrap();
            assert_eq!(reader.info().cluster_size, cluster_size, "{gib} GiB");
        }
    }
}

#[test]
fn all_files_come_back() {
    let validated = sample_tree().validate().unwrap();
    let mut expected = BTreeMap::new();
    for (id, node) in validated.nodes() {
        if let NodeKind::File { data, .. } = &node.kind {
            let bytes: Vec<u8> = match data {
                FileData::Bytes(bytes) => bytes.to_vec(),
                FileData::Blob { blob, offset, len } => {
                    (0..len.0).map(|at| blob_byte(*blob, offset.0 + at)).collect()
                }
            };
            expected.insert(validated.path(id), bytes);
        }
    }
    for options in [bare_options(), mbr_options(), sample_options()] {
        let image = Sparse::planned(sample_tree(), &options);
        let mut found = BTreeMap::new();
        let reader = FatReader::open(&image).unwrap();
        let visit = &mut |entry: &fat32_writer::read::Entry| {
            if !entry.is_directory() {
                let mut bytes = Vec::new();
                FileReader::new(&image, entry).read_to_end(&mut bytes).unwrap();
                assert!(entry.extents.len() <= 1, "{entry:?}");
                found.insert(entry.path.clone(), bytes);
            }
            ControlFlow::Continue(())
        };
        reader.walk(visit).unwrap();
        assert_eq!(found, expected);
        let volume = reader.read_volume().unwrap();
        assert_eq!(volume.entries.len(), validated.node_count() - 1);
        assert_eq!((&*volume.info.label, volume.info.serial), ("SAMPLE", 0x1234_ABCD));
    }
}

#[test]
fn entries_are_found_whatever_their_case_and_by_their_short_names() {
    let image = sample_image();
    let reader = FatReader::open(&image).unwrap();
    for path in ["SMS/data/media.json", "sms/DATA/MEDIA.JSON", "SMS/data/MEDIA~1.JSO"] {
        let entry = reader.find(path).unwrap();
        assert_eq!((&*entry.path, &*entry.short_name), ("SMS/data/media.json", "MEDIA~1.JSO"));
        assert_eq!((entry.name(), entry.len), ("media.json", 3));
    }
    assert!(reader.find("GRÜSSE AN ŁÓDŹ").unwrap().is_directory());
    for path in ["", "SMS/none", "README.TXT/inside", "SMS//data", "SMS/.."] {
        let error = reader.find(path).unwrap_err();
        assert!(matches!(error, ReadError::NotFound { .. }), "{path}: {error}");
    }
}

#[test]
fn a_directory_of_thirty_thousand_names_is_clean() {
    let mut tree = FileTree::new();
    for index in 0..30_000u32 {
        let data = FileData::blob(index % 700, ByteCount(u64::from(index % 7)));
        tree.add_file(&format!("one/a name {index}"), data).unwrap();
    }
    let image = Sparse::planned(tree, &bare_options());
    assert_clean(&image);
    let volume = FatReader::open(&image).unwrap().read_volume().unwrap();
    assert_eq!(volume.entries.len(), 30_001);
}

#[test]
fn an_image_without_a_volume_is_no_volume() {
    for image in [vec![0; 0], vec![0; 511], vec![0; 1 << 20], vec![0xFF; 1 << 20]] {
        assert!(FatReader::open(&image).is_err());
        let faults = check(&image, &CheckOptions::default());
        assert!(faults.iter().any(|fault| fault.rule == "volume-missing"), "{faults:?}");
    }
}
