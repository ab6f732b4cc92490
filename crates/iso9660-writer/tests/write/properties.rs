//! What holds for every tree.

use std::collections::BTreeMap;

use hadris_iso::Namespace;
use image::{ByteCount, FileData};
use iso9660_writer::check::{CheckOptions, check};
use iso9660_writer::{IsoOptions, layout, measure};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::content::{Blob, Files, options};
use crate::executor::bytes;
use crate::readers;

/// Names of letters that collide when they are mangled, and of some that are long or strange.
fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        6 => "[a-c _+.]{0,3}[a-c_]\\.?[a-c]{0,2}",
        2 => "[a-zà-ÿα-ω漢字😀:;*? -]{1,40}x",
        1 => "[a-c]{60,66}[.][a-c]{0,18}x",
        1 => "[a-c]{26,31}[.]?[a-c]{0,18}x",
    ]
}

fn data() -> impl Strategy<Value = FileData<Blob>> {
    let len = prop_oneof![Just(0u64), 1..5000u64, Just(2048), Just(4096), 1..40_000u64];
    prop_oneof![
        (0..3u32, len).prop_map(|(seed, len)| FileData::blob(Blob::Noise(seed), ByteCount(len))),
        vec(0..3u8, 0..4).prop_map(|bytes| FileData::Bytes(bytes.into())),
    ]
}

/// Trees whose paths differ in more than case, with no file where a directory is.
fn files() -> impl Strategy<Value = Files> {
    let path = vec(name(), 1..5).prop_map(|parts| parts.join("/"));
    vec((path, data(), 0..3u32), 0..40).prop_map(|entries| {
        let mut names: BTreeMap<String, (String, bool)> = BTreeMap::new();
        let mut files = Files::default();
        for (path, data, rank) in entries {
            if is_new(&mut names, &path) {
                files.add(&path, data, rank);
            }
        }
        files
    })
}

/// Whether no part of the path is there in another case, and the path is neither there nor leads
/// through a file.
fn is_new(names: &mut BTreeMap<String, (String, bool)>, path: &str) -> bool {
    let ends: Vec<usize> =
        path.match_indices('/').map(|(end, _)| end).chain([path.len()]).collect();
    let fits = |end: &usize| match names.get(&path[..*end].to_uppercase()) {
        None => true,
        Some((known, is_file)) => *known == path[..*end] && !is_file && *end != path.len(),
    };
    let is_new = ends.iter().all(fits);
    if is_new {
        for end in ends {
            let prefix = path[..end].to_owned();
            names.insert(prefix.to_uppercase(), (prefix, end == path.len()));
        }
    }
    is_new
}

fn some_options() -> impl Strategy<Value = IsoOptions> {
    (any::<bool>(), any::<bool>(), any::<bool>()).prop_map(|(joliet, rock_ridge, udf)| IsoOptions {
        joliet,
        rock_ridge,
        udf,
        ..options()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn extents_are_exact_aligned_and_overlap_only_when_shared(
        files in files(),
        options in some_options(),
    ) {
        let tree = files.tree();
        let layout = layout(tree.clone(), &options).unwrap();
        let measured = measure(&tree, &options).unwrap();
        let metadata_end = layout.summary().metadata_bytes.0;
        let mut extents: Vec<_> =
            layout.file_extents().filter(|extent| extent.len != ByteCount::ZERO).collect();
        extents.sort_by_key(|extent| (extent.start, extent.len));
        for pair in extents.windows(2) {
            let apart = pair[0].start + pair[0].len <= pair[1].start;
            let shared = (pair[0].start, pair[0].len) == (pair[1].start, pair[1].len);
            prop_assert!(apart || shared, "{:?}", pair);
        }
        for extent in &extents {
            prop_assert_eq!(extent.start.0 % 4096, 0);
            prop_assert!(extent.start.0 >= metadata_end);
        }
        let image = layout.into_image();
        prop_assert_eq!(image.len(), measured);
        prop_assert_eq!(image.len().0 % 2048, 0);

        // Encoding gives exactly the lengths that the layout was made with.
        let image = bytes(&image);
        prop_assert_eq!(check(&image, &CheckOptions::default()), []);
        let contents = files.contents();
        for extent in extents {
            let start = extent.start.0 as usize;
            let content = &image[start..start + extent.len.0 as usize];
            prop_assert_eq!(content, &*contents[&tree.path(extent.node)]);
        }
    }

    #[test]
    fn the_order_of_input_does_not_matter(files in files()) {
        let image = |tree| bytes(&layout(tree, &options()).unwrap().into_image());
        prop_assert!(image(files.tree()) == image(files.reversed_tree()));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn other_readers_find_the_tree_in_every_namespace(files in files()) {
        let tree = files.tree();
        let contents = files.contents();
        let expected: readers::Listing = tree
            .nodes()
            .skip(1)
            .map(|(id, _)| (tree.path(id), contents.get(&tree.path(id)).cloned()))
            .collect();
        let image = bytes(&layout(tree, &options()).unwrap().into_image());
        prop_assert_eq!(&readers::udf(image.clone()), &expected);
        prop_assert_eq!(&readers::iso(image.clone(), Namespace::RockRidge), &expected);

        // Names differ in the others, but nothing is lost and no two names are equal.
        let sorted = |listing: readers::Listing| {
            let mut contents: Vec<_> = listing.into_values().collect();
            contents.sort();
            contents
        };
        let expected = sorted(expected);
        prop_assert_eq!(&sorted(readers::iso(image.clone(), Namespace::Joliet)), &expected);
        prop_assert_eq!(&sorted(readers::iso(image, Namespace::Primary)), &expected);
    }
}
