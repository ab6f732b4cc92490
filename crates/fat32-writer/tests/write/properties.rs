//! What holds for every tree.

use std::collections::BTreeMap;
use std::io::Read;

use fat32_writer::check::{CheckOptions, check};
use fat32_writer::read::{FatReader, FileReader};
use fat32_writer::{FatOptions, PartitionKind, Partitioning, layout, measure};
use image::{ByteCount, FileData};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::content::{Blob, Files, Listing, options};
use crate::executor::{bytes, write_image};
use crate::readers;

/// Names of letters that collide when they are shortened, and of some that are long or strange.
fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        6 => "[a-c_+.]{0,3}[a-c_]\\.?[a-c]{0,2}[a-c]",
        2 => "[a-zA-Zà-ÿα-ω漢字😀;,=+ \\[\\]-]{1,40}x",
        1 => "[a-c]{6}[a-c ]{0,9}[.][a-c]{0,4}x",
        1 => "[a-c]{0,250}[.]?x",
    ]
    .prop_filter("FAT32 can hold it", |name| fat32_writer::names::check(name).is_ok())
}

fn data() -> impl Strategy<Value = FileData<Blob>> {
    let len = prop_oneof![Just(0u64), 1..5000u64, Just(4096), Just(4097), 1..100_000u64];
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

fn some_options() -> impl Strategy<Value = FatOptions> {
    let gpt = |kind| Partitioning::Gpt { kind, name: "Name".to_owned(), id: [3; 16] };
    let partitioning = prop_oneof![
        Just(Partitioning::None),
        Just(Partitioning::Mbr { disk_signature: 5 }),
        Just(gpt(PartitionKind::EfiSystem)),
        Just(gpt(PartitionKind::BasicData)),
    ];
    let label = prop_oneof![Just(String::new()), Just("A LABEL".to_owned())];
    let cluster_size = prop_oneof![4 => Just(None), 1 => Just(Some(8192))];
    let size = prop_oneof![Just(None), Just(Some(ByteCount(700 << 20)))];
    (partitioning, label, cluster_size, size).prop_map(
        |(partitioning, label, cluster_size, size)| FatOptions {
            partitioning,
            volume_label: label,
            cluster_size,
            size,
            ..options()
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn extents_are_exact_aligned_and_apart(files in files(), options in some_options()) {
        let tree = files.tree();
        let layout = layout(tree.clone(), &options).unwrap();
        let measured = measure(&tree, &options).unwrap();
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
        let image = layout.into_image();
        prop_assert_eq!(image.len(), measured);
        if let Some(size) = options.size {
            prop_assert_eq!(image.len(), size);
        }

        // Encoding gives exactly the lengths that the layout was made with.
        let image = bytes(&image);
        prop_assert_eq!(check(&image, &CheckOptions::default()), []);
        let contents = files.contents();
        for extent in extents {
            let start = extent.start.0 as usize;
            let content = &image[start..start + extent.len.0 as usize];
            prop_assert_eq!(content, &*contents[&tree.path(extent.node)]);
        }

        // The reader finds the same.
        let mut listing = Listing::new();
        for entry in FatReader::open(&image).unwrap().read_volume().unwrap().entries {
            let mut content = Vec::new();
            FileReader::new(&image, &entry).read_to_end(&mut content).unwrap();
            listing.insert(entry.path.clone(), (!entry.is_directory()).then_some(content));
        }
        prop_assert_eq!(listing, files.listing());
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
    fn other_readers_find_the_tree(files in files()) {
        let room = tempfile::tempdir().unwrap();
        let path = room.path().join("image.img");
        write_image(&layout(files.tree(), &options()).unwrap().into_image(), &path);
        prop_assert_eq!(readers::hadris_findings(&path), [""; 0]);
        prop_assert_eq!(&readers::hadris(&path), &files.listing());
        prop_assert_eq!(&readers::fatfs(&path), &files.listing());
    }
}
