//! Planned WIMs, as libwim reads them.

use proptest::prelude::*;
use wim::libwim::{UnixOptions, Wim, silent};

use crate::support::{Files, Planned, bytes, options, read_files};

fn files() -> impl Strategy<Value = Files> {
    let content = (0..6u64, prop_oneof![Just(0usize), 1..5_000usize, Just(70_000usize)]);
    let content = content.prop_map(|(seed, len)| bytes(seed, len));
    let path = prop_oneof!["[a-z]{1,8}", "[a-z]{1,4}", "[ä-ü☃🦀]{1,3}"];
    prop::collection::btree_map((0..4u8, path), content, 0..30).prop_map(|files| {
        let path = |(depth, name): (u8, String)| {
            let folders: Vec<String> = (0..depth).map(|level| format!("F{level}")).collect();
            folders.into_iter().chain([name]).collect::<Vec<_>>().join("/")
        };
        let mut unique = Files::new();
        for (key, content) in files {
            let path = path(key);
            // Twins in case are not this crate's business.
            if !unique.keys().any(|other: &String| other.to_uppercase() == path.to_uppercase()) {
                unique.insert(path, content);
            }
        }
        unique
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn libwim_verifies_and_applies_every_planned_wim(one in files(), two in files()) {
        let room = tempfile::tempdir().unwrap();
        let path = room.path().join("planned.wim");
        Planned::new(&[("one", &one), ("two", &two)], &options()).write(&path);
        let mut wim = Wim::open(&path).unwrap();
        wim.verify(&mut silent).unwrap();
        for (image, files) in [(1, &one), (2, &two)] {
            let folder = room.path().join(image.to_string());
            wim.apply(image, &folder, &UnixOptions::default(), &mut silent).unwrap();
            prop_assert!(read_files(&folder) == *files);
            prop_assert!(folder.join("empty folder").is_dir());
        }
    }
}
