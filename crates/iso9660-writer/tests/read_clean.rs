//! Images of this crate's writer have no fault, and all their trees give the files back.

mod read;

use std::collections::BTreeMap;
use std::io::Read;
use std::ops::ControlFlow;

use image::{ByteCount, FileData, FileTree};
use iso9660_writer::check::{CheckOptions, check};
use iso9660_writer::read::{self as reader, FileReader, Namespace, ReadAt};
use iso9660_writer::{IsoOptions, layout};
use read::{Planned, blob_byte, sample_image, sample_options, sample_tree};

fn assert_clean(image: &dyn ReadAt, options: &IsoOptions) {
    let mut require = vec![Namespace::Iso9660];
    require.extend(options.joliet.then_some(Namespace::Joliet));
    require.extend(options.rock_ridge.then_some(Namespace::RockRidge));
    require.extend(options.udf.then_some(Namespace::Udf));
    let faults = check(image, &CheckOptions { require, ..CheckOptions::default() });
    let list: Vec<String> = faults.iter().take(20).map(ToString::to_string).collect();
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), list.join("\n"));
}

#[test]
fn every_combination_of_namespaces_and_boot_entries_is_clean() {
    for bits in 0..32u32 {
        let mut options = sample_options();
        options.joliet = bits & 1 != 0;
        options.rock_ridge = bits & 2 != 0;
        options.udf = bits & 4 != 0;
        if bits & 8 != 0 {
            options.boot.uefi = None;
        }
        if bits & 16 != 0 {
            options.hybrid = false;
        }
        let image = Planned::new(sample_tree(), &options).bytes();
        assert_clean(&image, &options);
    }
}

#[test]
fn an_image_without_a_file_is_clean() {
    let options = IsoOptions::default();
    assert_clean(&Planned::new(FileTree::new(), &options), &options);
}

#[test]
fn every_tree_gives_all_files_back() {
    let validated = sample_tree().validate().unwrap();
    let planned = layout(sample_tree().validate().unwrap(), &sample_options()).unwrap();
    let patched: BTreeMap<_, _> = planned.patched_files().into_iter().collect();
    let mut expected = BTreeMap::new();
    for (id, node) in validated.nodes() {
        if let image::NodeKind::File { data, .. } = &node.kind {
            let bytes: Vec<u8> = match data {
                FileData::Bytes(bytes) => patched.get(&id).unwrap_or(bytes).to_vec(),
                FileData::Blob { blob, offset, len } => {
                    (0..len.0).map(|at| blob_byte(*blob, offset.0 + at)).collect()
                }
            };
            expected.insert(validated.path(id), bytes);
        }
    }
    let image = sample_image();
    assert_eq!(
        reader::namespaces(&image),
        [Namespace::Udf, Namespace::RockRidge, Namespace::Joliet, Namespace::Iso9660]
    );
    for namespace in reader::namespaces(&image) {
        let mut found = BTreeMap::new();
        reader::walk(&image, namespace, &mut |entry| {
            if !entry.is_directory() {
                let mut bytes = Vec::new();
                FileReader::new(&image, entry).read_to_end(&mut bytes).unwrap();
                found.insert(entry.path.clone(), bytes);
            }
            ControlFlow::Continue(())
        })
        .unwrap();
        if matches!(namespace, Namespace::Udf | Namespace::RockRidge) {
            assert_eq!(found, expected, "{namespace}");
        } else {
            // These trees change some of the names.
            let contents = |tree: &BTreeMap<String, Vec<u8>>| {
                let mut contents: Vec<_> = tree.values().cloned().collect();
                contents.sort();
                contents
            };
            assert_eq!(contents(&found), contents(&expected), "{namespace}");
        }
    }
}

#[test]
fn the_label_is_read_from_each_tree() {
    let image = sample_image();
    let label = |namespace| reader::read_volume(&image, namespace).unwrap().label;
    assert_eq!(label(Namespace::Udf), "Grüne Platte 1");
    assert_eq!(label(Namespace::Joliet), "Grüne Platte 1");
    assert_eq!(label(Namespace::Iso9660), "GR_NE_PLATTE_1");
}

#[test]
fn files_around_each_boundary_of_a_section_and_a_descriptor_are_clean_and_whole() {
    const GIB: u64 = 1 << 30;
    let mut tree = FileTree::new();
    let lens = [GIB - 2048, GIB - 2047, GIB, 4 * GIB - 2048, 4 * GIB - 2047, 4 * GIB, 9 * GIB + 1];
    for (index, len) in lens.into_iter().enumerate() {
        let data = FileData::blob(index as u32, ByteCount(len));
        tree.add_file(&format!("file {index}"), data).unwrap();
    }
    let options = IsoOptions::default();
    let image = Planned::new(tree, &options);
    assert_clean(&image, &options);
    for namespace in [Namespace::Udf, Namespace::RockRidge, Namespace::Joliet] {
        for (index, len) in lens.into_iter().enumerate() {
            let entry = reader::find(&image, namespace, &format!("file {index}")).unwrap();
            assert_eq!((entry.len, entry.extents.len()), (len, 1), "{namespace} {index}");
            let mut last = [0];
            image.read_exact_at(entry.extents[0].offset + len - 1, &mut last).unwrap();
            assert_eq!(last[0], blob_byte(index as u32, len - 1));
        }
    }
}

#[test]
fn a_directory_of_twenty_thousand_files_is_clean() {
    let mut tree = FileTree::new();
    for index in 0..20_000u32 {
        let data = FileData::blob(index % 700, ByteCount(u64::from(index % 700) % 97));
        tree.add_file(&format!("one/directory/file number {index}"), data).unwrap();
    }
    let options = IsoOptions::default();
    let image = Planned::new(tree, &options).bytes();
    assert_clean(&image, &options);
    let volume = reader::read_volume(&image, Namespace::Udf).unwrap();
    assert_eq!(volume.entries.len(), 20_002);
    assert!(volume.find("one/directory/file number 19999").is_some());
}

#[test]
fn names_that_no_tree_but_udf_holds_are_clean() {
    let long = |extension: &str| format!("{}{extension}", "ä".repeat(120));
    let names = [
        "A.",
        "a.b.c.d",
        ".hidden",
        "a+b",
        "a-b",
        "a b",
        "trailing dot.",
        "trailing space ",
        "what?",
        "semi;1",
        "star*",
        "back\\slash",
        "co:lon",
        "MiXeD.CaSe",
        "no extension",
        "a.extension of many characters",
        "💿",
        "Łódź",
        "日本語.txt",
        "z\u{FFFD}",
        &long(".one"),
        &long(".two"),
        &long(".three"),
    ];
    let mut tree = FileTree::new();
    for (index, name) in names.iter().enumerate() {
        let data = FileData::blob(index as u32, ByteCount(index as u64));
        tree.add_file(&format!("files/{name}"), data.clone()).unwrap();
        tree.add_file(&format!("directories/{name}/{name}"), data).unwrap();
    }
    tree.add_directory("files/A").unwrap();
    let options = IsoOptions::default();
    let image = Planned::new(tree, &options).bytes();
    assert_clean(&image, &options);
    for name in names {
        let path = format!("directories/{name}/{name}");
        assert!(reader::find(&image, Namespace::Udf, &path).is_ok(), "{path}");
    }
}

/// Joliet calls them `_x` and `__`, in the other order than UDF, and their data is the same.
#[test]
fn renamed_directories_that_differ_only_in_the_names_inside_are_clean() {
    let mut tree = FileTree::new();
    for path in ["*x/inner/one", "_./other/two"] {
        tree.add_file(path, FileData::blob(1, ByteCount(5_000))).unwrap();
    }
    let options = IsoOptions::default();
    assert_clean(&Planned::new(tree, &options), &options);
}

/// ISO 9660 calls `+_` what Joliet calls `_.`: `__`.
#[test]
fn names_that_two_trees_change_into_the_same_are_clean() {
    let mut tree = FileTree::new();
    tree.add_file("+_", FileData::blob(1, ByteCount(1))).unwrap();
    tree.add_file("_.", FileData::blob(1, ByteCount::ZERO)).unwrap();
    let options = IsoOptions { rock_ridge: false, udf: false, ..IsoOptions::default() };
    assert_clean(&Planned::new(tree, &options), &options);
}

/// ISO 9660 calls the directory `___B`, since a directory has no dot, and the file `__.B`.
#[test]
fn a_file_with_the_name_that_a_directory_lost_is_clean() {
    let mut tree = FileTree::new();
    tree.add_file("+_.b", FileData::blob(1, ByteCount::ZERO)).unwrap();
    tree.add_file("__.b/_", FileData::blob(1, ByteCount::ZERO)).unwrap();
    let options = IsoOptions { joliet: false, rock_ridge: false, ..IsoOptions::default() };
    assert_clean(&Planned::new(tree, &options), &options);
}
