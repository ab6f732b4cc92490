//! What holds for every tree.

use image::{ByteOffset, Source};
use proptest::prelude::*;
use wim::read::{BlobPlace, WimReader, inspect};

use crate::support::{Blob, Files, Planned, bytes, options};

/// Up to 40 files in up to three levels; few lengths and seeds, so that many are equal.
fn files() -> impl Strategy<Value = Files> {
    let part = prop_oneof!["[a-d]{1,2}", "[A-Z]{1,3}", "[ä-ü☃🦀]{1,2}"];
    let path = prop::collection::vec(part, 1..4).prop_map(|parts| parts.join("/"));
    let len = prop_oneof![Just(0usize), 1..300usize, 4090..4100usize, Just(70_000usize)];
    let content = (0..6u64, len).prop_map(|(seed, len)| bytes(seed, len));
    prop::collection::vec((path, content), 0..40).prop_map(|pairs| {
        let mut files = Files::new();
        for (path, content) in pairs {
            // What a tree refuses is not this crate's business: twins in case, files as folders.
            let upper = path.to_uppercase();
            let collides = files.keys().any(|other: &String| {
                let other = other.to_uppercase();
                let (a, b): (Vec<_>, Vec<_>) =
                    (other.split('/').collect(), upper.split('/').collect());
                let common = a.iter().zip(&b).take_while(|(a, b)| a == b).count();
                common == a.len() || common == b.len() || common > 0
            });
            if !collides {
                files.insert(path, content);
            }
        }
        files
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn extents_tile_the_wim_and_blobs_are_aligned(files in files()) {
        let planned = Planned::new(&[("one", &files)], &options());
        let image = planned.layout.image(Blob::Late);
        let mut end = ByteOffset::ZERO;
        for extent in image.extents() {
            prop_assert_eq!(extent.start, end);
            end = extent.end();
            let is_content = matches!(extent.source, Source::Blob { blob: Blob::Content(_), .. });
            prop_assert!(!is_content || extent.start.0 % 4096 == 0);
        }
        prop_assert_eq!(image.len(), planned.layout.len());
    }

    #[test]
    fn what_is_read_is_what_was_planned(one in files(), two in files()) {
        let planned = Planned::new(&[("one", &one), ("two", &two)], &options());
        let wim = planned.bytes();
        let info = inspect(&wim).unwrap();
        prop_assert_eq!(info.images.len(), 2);
        let all: usize = one.values().chain(two.values()).map(Vec::len).sum();
        prop_assert_eq!(info.statistics.referenced_bytes, all as u64);
        prop_assert!(info.statistics.blobs <= planned.layout.blobs().len() as u64);

        let reader = WimReader::open(&wim).unwrap();
        let blobs = reader.blobs().unwrap();
        for (image, files) in [(1, &one), (2, &two)] {
            let mut found = Files::new();
            for entry in reader.tree(image).unwrap().entries().unwrap() {
                if !entry.is_file() {
                    continue;
                }
                let content = match entry.sha1.map(|sha1| *blobs.get(sha1).unwrap()) {
                    None => Vec::new(),
                    Some(blob) => {
                        let BlobPlace::Plain { offset } = blob.place else { panic!("plain") };
                        wim[offset as usize..(offset + blob.len) as usize].to_vec()
                    }
                };
                found.insert(entry.path, content);
            }
            prop_assert!(found == *files);
        }
    }
}
