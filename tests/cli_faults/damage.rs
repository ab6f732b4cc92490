//! Media that were damaged after they were built.

use std::fs;

use serde_json::Value;

use crate::site::{Site, noise};

fn set_of_two() -> Site {
    let mut site = Site::new();
    for number in 0..2 {
        let folder = site.add_package();
        site.write(&format!("{folder}/data.bin"), noise(number, 2_000_000));
        site.write(&format!("{folder}/small.txt"), noise(number + 9, 700));
    }
    site.define("set", "3.3 MB", "");
    site.succeed(&["build", "set"]);
    assert_eq!(site.outputs(), ["set.1.iso", "set.2.iso"]);
    site
}

/// The findings of `verify` on the whole set, which must have some.
fn findings(site: &Site) -> Vec<Value> {
    let output = site.run(&["verify", "out/set.iso", "--json"]);
    assert_eq!(output.status.code(), Some(6));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    report["findings"].as_array().unwrap().clone()
}

/// Where a file's data lies in an image.
fn offset_of(site: &Site, image: &str, path: &str) -> u64 {
    let listing = site.succeed(&["ls", image, "--json"]);
    let listing: Value = serde_json::from_str(&listing).unwrap();
    let entries = listing["images"][0]["entries"].as_array().unwrap();
    let entry = entries.iter().find(|entry| entry["path"] == path).unwrap();
    entry["offset"].as_u64().unwrap()
}

fn flip(site: &Site, image: &str, at: u64) {
    let path = site.path(image);
    let mut bytes = fs::read(&path).unwrap();
    bytes[at as usize] ^= 1;
    fs::write(path, bytes).unwrap();
}

/// The only finding on the whole set.
fn only_finding(site: &Site) -> Value {
    let found = findings(site);
    assert_eq!(found.len(), 1, "{found:?}");
    found[0].clone()
}

#[test]
fn one_wrong_byte_is_found_with_its_file_disc_and_offset() {
    let path = "SMS/PKG/P0100201/data.bin";
    let image = "out/set.2.iso";
    for at in [0, 65_535, 65_536, 1_234_567, 1_999_999] {
        let site = set_of_two();
        let offset = offset_of(&site, image, path) + at;
        let expected = fs::read(site.path(image)).unwrap()[offset as usize];
        flip(&site, image, offset);
        let found = only_finding(&site);
        assert_eq!(found["rule"], "digest");
        assert_eq!(found["disc"], 2);
        assert_eq!(found["file"], path);
        assert_eq!(found["offset"], offset);
        let message = found["message"].as_str().unwrap();
        let wrong = expected ^ 1;
        let says = format!("byte {at} is {wrong:#04x} and should be {expected:#04x}; ");
        assert!(message.starts_with(&says), "{message}");
    }
}

#[test]
fn several_wrong_bytes_are_found_by_the_64_kib_with_the_first() {
    let path = "SMS/PKG/P0100201/data.bin";
    let image = "out/set.2.iso";
    // Side by side in one stripe, and one in each of two.
    for (first, second) in [(200_000, 200_003), (200_000, 1_900_000)] {
        let site = set_of_two();
        let offset = offset_of(&site, image, path);
        flip(&site, image, offset + first);
        flip(&site, image, offset + second);
        let found = only_finding(&site);
        assert_eq!(found["rule"], "digest");
        assert_eq!(found["offset"], offset + 3 * 65_536);
        let message = found["message"].as_str().unwrap();
        let says = "the first difference is among the 65536 bytes from 196608 on; ";
        assert!(message.starts_with(says), "{message}");
    }
}

#[test]
fn a_wrong_byte_in_a_piece_of_a_cut_file_is_found_in_the_piece() {
    let mut site = Site::new();
    let folder = site.add_package();
    site.write(&format!("{folder}/large.bin"), noise(1, 5_000_000));
    site.define("set", "3.3 MB", "");
    site.succeed(&["build", "set"]);
    let (path, image) = ("SMS/data/parts/P0100200/0.1", "out/set.2.iso");
    let offset = offset_of(&site, image, path) + 99_999;
    flip(&site, image, offset);
    let found = only_finding(&site);
    assert_eq!((&found["file"], &found["disc"]), (&path.into(), &2.into()));
    assert_eq!(found["offset"], offset);
}

#[test]
fn changed_manifests_are_found_by_what_names_them() {
    for (file, rule) in [
        ("SMS/data/content/P0100200.jsonl", "manifest-digest"),
        ("SMS/data/disc1.jsonl", "manifest-digest"),
        ("SMS/data/policy.xml", "digest"),
        ("MediaLabel.txt", "digest"),
        ("boot/grub/grub.cfg", "digest"),
        // One bit of the word `format` leaves no document, one of the label leaves another one.
        ("SMS/data/media.json", "media-json"),
    ] {
        let site = set_of_two();
        let image = "out/set.1.iso";
        flip(&site, image, offset_of(&site, image, file) + 5);
        let found = findings(&site);
        assert!(
            found.iter().any(|finding| finding["rule"] == rule && finding["file"] == file),
            "{file}: {found:?}"
        );
    }
}

/// What holds the digests of all others is checked by the id of the set.
#[test]
fn a_changed_media_json_is_found_by_every_verb_that_reads_it() {
    for (from, to) in [
        ("\"valid_until\": \"2026-12-01", "\"valid_until\": \"2036-12-01"),
        ("\"label\": \"Test\"", "\"label\": \"Tesu\""),
        ("\"version\": 1,\n", "\"version\":  1\n"),
    ] {
        let mut site = Site::new();
        let folder = site.add_package();
        site.write(&format!("{folder}/a.txt"), b"a");
        site.define("set", "unlimited", "[security]\nvalid-until = 2026-12-01T00:00:00Z\n");
        site.succeed(&["build", "set"]);
        let path = site.path("out/set.iso");
        let mut bytes = fs::read(&path).unwrap();
        let at = bytes.windows(from.len()).position(|part| part == from.as_bytes()).unwrap();
        bytes[at..at + from.len()].copy_from_slice(to.as_bytes());
        fs::write(&path, bytes).unwrap();
        let found = findings(&site);
        let named = |finding: &Value| {
            finding["rule"] == "media-json" && finding["file"] == "SMS/data/media.json"
        };
        assert!(found.iter().any(named), "{to}: {found:?}");
        for verb in [&["inspect"][..], &["extract", "-o", "all"], &["diff", "out/set.iso"]] {
            let words: Vec<&str> = verb.iter().copied().chain(["out/set.iso"]).collect();
            site.fail(&words, 6);
        }
        assert!(!site.path("all").exists());
    }
}

#[test]
fn a_truncated_image_is_damaged_or_unreadable_but_never_right() {
    let site = set_of_two();
    let path = site.path("out/set.2.iso");
    let whole = fs::read(&path).unwrap();
    for len in [0, 1, 2048, 40_000, 600_000, whole.len() / 2, whole.len() - 2048, whole.len() - 1] {
        fs::write(&path, &whole[..len]).unwrap();
        site.fail(&["verify", "out/set.2.iso"], 6);
    }
}

#[test]
fn a_disc_of_another_set_is_noticed() {
    let site = set_of_two();
    fs::copy(site.path("out/set.2.iso"), site.path("old.2.iso")).unwrap();
    site.write("content/P0100201/small.txt", b"changed");
    site.succeed(&["build", "set"]);
    let output = site.run(&["verify", "out/set.1.iso", "old.2.iso", "--json"]);
    assert_eq!(output.status.code(), Some(6));
    assert!(String::from_utf8(output.stdout).unwrap().contains("other-set"));
    site.fail(&["extract", "out/set.1.iso", "old.2.iso", "--output", "mixed"], 6);
    assert!(!site.path("mixed").exists());
    let text = site.fail(&["extract", "out/set.1.iso", "--output", "half"], 4);
    assert!(text.contains("disc 2 of 2") && text.contains("hint:"), "{text}");
    site.succeed(&["verify", "out/set.1.iso"]);
}

#[test]
fn extracting_from_damaged_media_leaves_nothing_under_the_final_name() {
    let site = set_of_two();
    let image = "out/set.2.iso";
    flip(&site, image, offset_of(&site, image, "SMS/PKG/P0100201/data.bin") + 9);
    let text = site.fail(&["extract", "out/set.iso", "--output", "files"], 6);
    assert!(text.contains("P0100201/data.bin"), "{text}");
    let left: Vec<_> = fs::read_dir(site.path(""))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.contains("extract") || name == "files")
        .collect();
    assert_eq!(left, [""; 0]);
    let content = ["--content", "P0100200"];
    site.succeed(&["extract", "out/set.iso", "--output", "sound", content[0], content[1]]);
}

#[test]
fn what_differs_between_two_sets_is_listed() {
    let site = set_of_two();
    fs::copy(site.path("out/set.1.iso"), site.path("old.1.iso")).unwrap();
    assert_eq!(site.succeed(&["diff", "old.1.iso", "out/set.iso"]), "the same\n");
    site.write("content/P0100201/small.txt", b"changed");
    site.write("content/P0100201/new.txt", b"new");
    site.succeed(&["build", "set"]);
    let output = site.run(&["diff", "old.1.iso", "out/set.iso"]);
    assert_eq!(output.status.code(), Some(3));
    let text = String::from_utf8(output.stdout).unwrap();
    for part in ["~ P0100201", "+ new.txt", "~ small.txt"] {
        assert!(text.contains(part), "{text}");
    }
    assert!(!text.contains("P0100200"), "{text}");
}

#[test]
fn copies_of_discs_and_several_whole_sets_are_no_damage() {
    let site = set_of_two();
    fs::copy(site.path("out/set.2.iso"), site.path("copy.iso")).unwrap();
    site.succeed(&["verify", "out/set.1.iso", "out/set.2.iso", "copy.iso", "out/set.1.iso"]);
    site.define("other", "unlimited", "");
    site.succeed(&["build", "other"]);
    site.succeed(&["verify", "out/set.iso", "out/other.iso"]);
    // Half a set beside another one is a set that was put together wrongly.
    let output = site.run(&["verify", "out/set.1.iso", "out/other.iso"]);
    assert_eq!(output.status.code(), Some(6));
}
