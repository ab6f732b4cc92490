//! What holds for every tree.

use std::collections::BTreeMap;

use exfat_writer::check::{CheckOptions, check};
use exfat_writer::{ExfatOptions, layout, measure};
use image::{ByteCount, FileData, FileTree};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::support::{Sparse, blob_byte, sample_options};
use crate::tools::{fsck, ours, sleuth_files, write};

type Files = BTreeMap<String, (u32, u64)>;

fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        6 => "[a-c_+.]{0,3}[a-c_]",
        2 => "[a-zA-Zà-ÿα-ω漢字😀;,=+ \\[\\]-]{1,40}x",
        1 => "[a-c]{0,254}x",
    ]
    // The Sleuth Kit 4.11 counts the bytes of a name in eight bits, and gives up where they are 0.
    .prop_filter("read by others", |name| name.encode_utf16().count() != 128)
    .prop_filter("exFAT can hold it", |name| exfat_writer::names::check(name).is_ok())
}

/// Files whose paths differ in more than case, with no file where a directory is.
fn files() -> impl Strategy<Value = Files> {
    let len = prop_oneof![Just(0u64), 1..5000u64, Just(4096), Just(4097), 1..100_000u64];
    let path = vec(name(), 1..5).prop_map(|parts| parts.join("/"));
    vec((path, 0..3u32, len), 0..40).prop_map(|entries| {
        let mut known: BTreeMap<String, (String, bool)> = BTreeMap::new();
        let mut files = Files::new();
        for (path, blob, len) in entries {
            if is_new(&mut known, &path) {
                files.insert(path, (blob, len));
            }
        }
        files
    })
}

fn is_new(known: &mut BTreeMap<String, (String, bool)>, path: &str) -> bool {
    let ends: Vec<usize> =
        path.match_indices('/').map(|(end, _)| end).chain([path.len()]).collect();
    let fits = |end: &usize| match known.get(&path[..*end].to_uppercase()) {
        None => true,
        Some((known, is_file)) => *known == path[..*end] && !is_file && *end != path.len(),
    };
    let is_new = ends.iter().all(fits);
    if is_new {
        for end in ends {
            let prefix = path[..end].to_owned();
            known.insert(prefix.to_uppercase(), (prefix, end == path.len()));
        }
    }
    is_new
}

fn tree<'a>(files: impl Iterator<Item = (&'a String, &'a (u32, u64))>) -> FileTree<u32> {
    let mut tree = FileTree::new();
    for (path, &(blob, len)) in files {
        tree.add_file(path, FileData::blob(blob, ByteCount(len))).unwrap();
    }
    tree
}

fn some_options() -> impl Strategy<Value = ExfatOptions> {
    let label = prop_oneof![Just(String::new()), Just("A label".to_owned())];
    let cluster_size = prop_oneof![4 => Just(None), 1 => Just(Some(8192)), 1 => Just(Some(32_768))];
    let size = prop_oneof![Just(None), Just(Some(ByteCount(70 << 20)))];
    (label, cluster_size, size).prop_map(|(volume_label, cluster_size, size)| ExfatOptions {
        volume_label,
        cluster_size,
        size,
        ..sample_options()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_laid_out_is_read_back(files in files(), options in some_options()) {
        let valid = tree(files.iter()).validate().unwrap();
        let measured = measure(&valid, &options).unwrap();
        let layout = layout(valid, &options).unwrap();
        prop_assert_eq!(layout.len(), measured);
        let free = layout.free_space();
        let mut extents: Vec<_> =
            layout.file_extents().filter(|extent| extent.len != ByteCount::ZERO).collect();
        extents.sort_by_key(|extent| extent.start);
        for pair in extents.windows(2) {
            prop_assert!(pair[0].start + pair[0].len <= pair[1].start, "{:?}", pair);
        }
        for extent in &extents {
            prop_assert_eq!(extent.start.0 % 4096, 0);
            prop_assert!(extent.start + extent.len <= free.start);
        }
        let image = Sparse::planned(tree(files.iter()), &options);
        let everything = CheckOptions { free_space: true, ..CheckOptions::default() };
        prop_assert_eq!(check(&image, &everything), []);
        let found: BTreeMap<String, Vec<u8>> = ours(&image)
            .into_iter()
            .filter_map(|(path, bytes)| Some((path, bytes?)))
            .collect();
        let expected: BTreeMap<String, Vec<u8>> = files
            .iter()
            .map(|(path, &(blob, len))| {
                (path.clone(), (0..len).map(|at| blob_byte(blob, at)).collect())
            })
            .collect();
        prop_assert!(found == expected);
    }

    #[test]
    fn the_order_of_input_does_not_matter(files in files()) {
        let image = |tree| Sparse::planned(tree, &sample_options()).into_blocks();
        prop_assert!(image(tree(files.iter())) == image(tree(files.iter().rev())));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn other_readers_find_the_tree(files in files()) {
        let image = Sparse::planned(tree(files.iter()), &sample_options());
        let found = ours(&image);
        let directories = found.values().filter(|bytes| bytes.is_none()).count();
        let written = write(&image);
        fsck(&written.volume, directories + 1, files.len());
        let sleuth = sleuth_files(&written.volume, None);
        prop_assert!(sleuth.keys().eq(found.keys()), "{:?}\n{:?}", sleuth.keys(), found.keys());
    }
}
