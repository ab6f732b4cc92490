//! Images of whole builds, read by tools that we did not write.

#[path = "../site/awkward.rs"]
mod awkward;
mod doctor;
#[path = "../../crates/pipeline/tests/made_up/mod.rs"]
mod made_up;
mod prestaged;
mod second_partition;
#[path = "../site/mod.rs"]
mod site;
mod solid;
mod usb;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use awkward::AWKWARD;
use sha2::{Digest, Sha256};
use site::{Site, noise, tool};

fn site_with_odd_content() -> Site {
    let mut site = Site::new();
    let first = site.add_package();
    for (number, name) in AWKWARD.iter().enumerate() {
        site.write(&format!("{first}/{name}"), noise(number as u64, 1000 + 300 * number));
    }
    site.write(&format!("{first}/empty.bin"), b"");
    fs::create_dir(site.path(&format!("{first}/empty folder"))).unwrap();
    let second = site.add_package();
    site.write(&format!("{second}/twin.bin"), noise(3, 1900));
    site.write(&format!("{second}/large.bin"), noise(50, 3_000_000));
    site.write(&format!("{second}/larger.bin"), noise(51, 5_000_000));
    site
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The digest of every file below a folder, by path.
fn digests(folder: &Path) -> BTreeMap<PathBuf, String> {
    fn visit(root: &Path, folder: &Path, found: &mut BTreeMap<PathBuf, String>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                visit(root, &path, found);
            } else {
                let name = path.strip_prefix(root).unwrap().to_owned();
                found.insert(name, sha256(&fs::read(&path).unwrap()));
            }
        }
    }
    let mut found = BTreeMap::new();
    visit(folder, folder, &mut found);
    found
}

/// What the content of the site must look like on media, under its own names.
fn expected(site: &Site) -> BTreeMap<PathBuf, String> {
    let mut expected = BTreeMap::new();
    for (path, digest) in digests(&site.path("content")) {
        let path = match path.strip_prefix("boot") {
            Ok(path) => path.to_owned(),
            Err(_) => Path::new("SMS/PKG").join(path),
        };
        expected.insert(path, digest);
    }
    expected
}

/// The content among the files of extracted media.
fn content_of(folder: &Path) -> BTreeMap<PathBuf, String> {
    let mut found = digests(folder);
    found.retain(|path, _| !path.starts_with("SMS/data") && path != Path::new("MediaLabel.txt"));
    found
}

#[test]
fn one_disc_is_read_alike_by_every_tool() {
    let site = site_with_odd_content();
    site.define("one", "unlimited", "");
    site.succeed(&["build", "one"]);
    let image = site.path("out/one.iso");
    let image = image.to_str().unwrap();
    let here = site.path("");

    let listing = tool("xorriso", &["-indev", image, "-toc", "-check_media", "--"], &here);
    assert!(listing.contains("Rock_Ridge Joliet"), "{listing}");
    assert!(!listing.contains("FAILURE") && !listing.contains("SORRY"), "{listing}");
    tool("isoinfo", &["-l", "-i", image], &here);
    let joliet = tool("isoinfo", &["-J", "-f", "-i", image], &here);
    assert!(joliet.contains("/SMS/PKG/P0100200/lower case with blanks.txt"), "{joliet}");
    let udf = tool("7z", &["t", "-tudf", image], &here);
    assert!(udf.contains("Everything is Ok") && !udf.contains("WARNING"), "{udf}");
    let iso = tool("7z", &["t", "-tiso", image], &here);
    assert!(iso.contains("Everything is Ok"), "{iso}");
    let info = tool("udfinfo", &[image], &here);
    assert!(info.contains("udfrev=1.02") && info.contains("integrity=closed"), "{info}");
    assert!(!info.to_lowercase().contains("warning"), "{info}");

    let wanted = expected(&site);
    let readers: [(&str, &str, &[&str]); 4] = [
        ("by-xorriso", "xorriso", &["-osirrox", "on", "-indev", image, "-extract", "/", "."]),
        ("by-7z-udf", "7z", &["x", "-tudf", image]),
        ("by-bsdtar", "bsdtar", &["-xf", image]),
        ("by-us", env!("CARGO_BIN_EXE_tsmedia"), &["extract", image, "--output", "files"]),
    ];
    for (folder, program, args) in readers {
        let folder = site.path(folder);
        fs::create_dir(&folder).unwrap();
        tool(program, args, &folder);
        tool("chmod", &["-R", "u+rwX", "."], &folder);
        let ours = folder.join("files");
        let found = content_of(if ours.exists() { &ours } else { &folder });
        assert_eq!(found, wanted, "{program}");
        let empty = if ours.exists() { ours } else { folder }.join("SMS/PKG/P0100200/empty folder");
        assert!(empty.is_dir(), "{program}");
    }
}

/// As a target sees them, through a file system that others have read.
#[test]
fn extracted_media_are_verified_listed_and_extracted_like_the_image() {
    let site = site_with_odd_content();
    site.define("one", "unlimited", "");
    site.succeed(&["build", "one"]);
    let here = site.path("");
    tool(
        "xorriso",
        &["-osirrox", "on", "-indev", "out/one.iso", "-extract", "/", "mounted"],
        &here,
    );
    tool("chmod", &["-R", "u+rwX", "mounted"], &here);
    fs::create_dir(site.path("mounted/lost+found")).unwrap();
    site.succeed(&["verify", "mounted"]);
    site.succeed(&["inspect", "mounted"]);
    let listed = site.succeed(&["ls", "mounted"]);
    assert!(listed.contains("SMS/PKG/P0100201/larger.bin"), "{listed}");
    site.succeed(&["extract", "mounted", "--output", "again"]);
    assert_eq!(content_of(&site.path("again")), expected(&site));

    let path = "SMS/PKG/P0100201/larger.bin";
    let mut bytes = fs::read(site.path(&format!("mounted/{path}"))).unwrap();
    bytes[4_000_000] ^= 1;
    site.write(&format!("mounted/{path}"), &bytes);
    site.write("mounted/stray.txt", "not of the media");
    let output = site.run(&["verify", "mounted", "--json"]);
    assert_eq!(output.status.code(), Some(6));
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let found = report["findings"].as_array().unwrap();
    let of = |rule: &str| found.iter().find(|finding| finding["rule"] == rule).unwrap();
    assert_eq!((&of("digest")["file"], &of("digest")["offset"]), (&path.into(), &4_000_000.into()));
    assert!(of("digest")["image"].as_str().unwrap().ends_with(path), "the file itself is named");
    assert_eq!(of("unlisted")["file"], "stray.txt");
    let text = site.fail(&["verify", "content"], 2);
    assert!(text.contains("no media are mounted there"), "{text}");
}

#[test]
fn a_set_of_discs_holds_every_byte_and_cut_files_can_be_joined_by_hand() {
    let site = site_with_odd_content();
    site.define("set", "4 MB", "");
    site.succeed(&["build", "set"]);
    let outputs = site.outputs();
    assert_eq!(outputs, ["set.1.iso", "set.2.iso", "set.3.iso"]);

    let all = site.path("all");
    fs::create_dir(&all).unwrap();
    for name in &outputs {
        let image = site.path(&format!("out/{name}"));
        assert!(fs::metadata(&image).unwrap().len() <= 4_000_000);
        let image = image.to_str().unwrap();
        let udf = tool("7z", &["t", "-tudf", image], &all);
        assert!(udf.contains("Everything is Ok") && !udf.contains("WARNING"), "{udf}");
        tool("xorriso", &["-indev", image, "-check_media", "--"], &all);
        tool("7z", &["x", "-y", "-tudf", image], &all);
    }
    let mut found = content_of(&all);
    let manifest = fs::read_to_string(all.join("SMS/data/content/P0100201.jsonl")).unwrap();
    let line = manifest.lines().find(|line| line.contains("larger.bin")).unwrap();
    let line: serde_json::Value = serde_json::from_str(line).unwrap();
    let parts = line["parts"].as_array().unwrap();
    assert!(parts.len() >= 2, "{line}");
    let mut joined = Vec::new();
    for part in parts {
        joined.extend(fs::read(all.join(part["path"].as_str().unwrap())).unwrap());
    }
    fs::write(all.join("joined"), &joined).unwrap();
    let digest = tool("sha256sum", &["joined"], &all);
    assert_eq!(line["sha256"], digest.split(' ').next().unwrap());
    found.insert("SMS/PKG/P0100201/larger.bin".into(), sha256(&joined));
    assert_eq!(found, expected(&site));

    site.succeed(&["extract", "out/set.iso", "--output", "joined"]);
    assert_eq!(content_of(&site.path("joined")), expected(&site));
}

#[test]
fn files_with_equal_bytes_lie_at_one_place() {
    let site = site_with_odd_content();
    site.define("one", "unlimited", "");
    site.succeed(&["build", "one"]);
    let image = site.path("out/one.iso");
    let listing = tool("isoinfo", &["-l", "-R", "-i", image.to_str().unwrap()], &site.path(""));
    let block = |name: &str| {
        let line = listing.lines().find(|line| line.contains(name)).unwrap();
        let inside = line.split_once('[').unwrap().1;
        inside.split_whitespace().next().unwrap().to_owned()
    };
    assert_eq!(block("twin.bin"), block(".hidden"));
    assert_ne!(block("large.bin"), block("larger.bin"));
}

#[test]
fn building_again_gives_the_same_bytes_whatever_is_known_beforehand() {
    let site = site_with_odd_content();
    site.define("set", "4 MB", "");
    site.succeed(&["build", "set", "--no-cache"]);
    let digests_of_set = digests(&site.path("out"));
    let runs: [&[&str]; 3] =
        [&["build", "set"], &["build", "set"], &["build", "set", "--verify", "structure"]];
    for args in runs {
        site.succeed(args);
        let mut again = digests(&site.path("out"));
        again.insert("CreateTSMedia.log".into(), String::new());
        let mut before = digests_of_set.clone();
        before.insert("CreateTSMedia.log".into(), String::new());
        assert_eq!(again, before);
    }
    let one_core = site.command(&["build", "set"]).env("RAYON_NUM_THREADS", "1").status().unwrap();
    assert!(one_core.success());
    let mut again = digests(&site.path("out"));
    let mut before = digests_of_set;
    again.remove(Path::new("CreateTSMedia.log"));
    before.remove(Path::new("CreateTSMedia.log"));
    assert_eq!(again, before);
}

/// In small images the places in which an anchor may lie fall among the descriptors.
#[test]
fn the_smallest_media_are_sound() {
    for blocks in 0..40 {
        let mut site = Site::new();
        let folder = site.add_package();
        site.write(&format!("{folder}/file"), noise(blocks, 2048 * blocks as usize));
        site.define("one", "unlimited", "");
        site.succeed(&["build", "one"]);
        let udf = tool("7z", &["t", "-tudf", "out/one.iso"], &site.path(""));
        assert!(udf.contains("Everything is Ok") && !udf.contains("WARNING"), "{blocks}: {udf}");
    }
}
