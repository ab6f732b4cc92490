//! Sticks with a second partition for contents that FAT32 cannot hold, read by tools that we did
//! not write.

use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::Path;

use serde_json::Value;

use crate::site::{Site, noise, tool};
use crate::{digests, sha256};

const GIB: u64 = 1 << 30;

/// A file of which nearly all is a hole, with marks around 4 GiB and at its end.
const LARGE: u64 = 4 * GIB + 70_000;
const MARKS: [u64; 4] = [0, 4 * GIB - 4, 4 * GIB + 4096, LARGE - 8];

/// The definition of a stick, whose image is called like one of a disc.
fn define(site: &Site, size: &str, more: &str) {
    site.define("stick", size, &format!("kind = \"usb\"\noversize = \"second-partition\"\n{more}"));
}

/// A site with a content that FAT32 cannot hold and one that it can; returns their folders.
fn site_with_large_file() -> (Site, String, String) {
    let mut site = Site::new();
    let (large, small) = (site.add_package(), site.add_package());
    let path = site.path(&format!("{large}/sources/image.vhdx"));
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let file = File::create(&path).unwrap();
    file.set_len(LARGE).unwrap();
    for mark in MARKS {
        file.write_all_at(&(mark + 1).to_le_bytes(), mark).unwrap();
    }
    site.write(&format!("{large}/setup.exe"), noise(1, 30_000));
    site.write(&format!("{large}/Größe 😀.txt"), noise(2, 300));
    site.write(&format!("{large}/empty.bin"), b"");
    fs::create_dir(site.path(&format!("{large}/empty folder"))).unwrap();
    site.write(&format!("{small}/small.bin"), noise(3, 5000));
    (site, large, small)
}

fn json(site: &Site, args: &[&str]) -> Value {
    serde_json::from_str(&site.succeed(args)).unwrap()
}

/// Where the second partition starts and how long it is, in sectors, by sfdisk.
fn second_partition(image: &str, here: &Path) -> (u64, u64) {
    let table: Value = serde_json::from_str(&tool("sfdisk", &["--json", image], here)).unwrap();
    let partitions = table["partitiontable"]["partitions"].as_array().unwrap();
    assert_eq!(partitions.len(), 2, "{table}");
    let second = &partitions[1];
    let kind = second["type"].as_str().unwrap();
    assert!(["7", "EBD0A0A2-B9E5-4433-87C0-68B6B72699C7"].contains(&kind), "{table}");
    (second["start"].as_u64().unwrap(), second["size"].as_u64().unwrap())
}

/// Copies a partition to a file of its own, with holes.
fn cut_out(image: &str, start: u64, sectors: u64, to: &str, here: &Path) {
    assert_eq!((start % 2048, sectors % 2048), (0, 0));
    let (skip, count) = (format!("skip={}", start / 2048), format!("count={}", sectors / 2048));
    let (from, to) = (format!("if={image}"), format!("of={to}"));
    tool("dd", &[&from, &to, "bs=1M", &skip, &count, "conv=sparse", "status=none"], here);
}

#[test]
fn contents_with_a_file_over_four_gib_lie_whole_on_a_second_partition() {
    for (table, first, second) in [("mbr", "msdos1", "msdos2"), ("gpt", "gpt1", "gpt2")] {
        let (site, large, small) = site_with_large_file();
        define(&site, "unlimited", &format!("partition-table = \"{table}\"\n"));
        site.succeed(&["build", "stick", "--verify", "structure"]);
        let image = site.path("out/stick.iso");
        let (image, here) = (image.to_str().unwrap(), site.path(""));
        match table {
            "mbr" => drop(tool("sfdisk", &["--verify", image], &here)),
            _ => assert!(tool("sgdisk", &["-v", image], &here).contains("No problems found")),
        }
        let (start, sectors) = second_partition(image, &here);
        cut_out(image, 2048, start - 2048, "first", &here);
        let found = tool("fsck.fat", &["-n", "first"], &here);
        assert_eq!(found.lines().count(), 2, "{found}");
        cut_out(image, start, sectors, "second", &here);
        let found = tool("fsck.exfat", &["-n", "second"], &here);
        // The root, SMS, PKG, the content, sources and the empty folder.
        assert!(found.contains("clean. directories 6, files 4"), "{found}");

        let sector = start.to_string();
        let listed = tool("fls", &["-r", "-p", "-F", "-o", &sector, "-f", "exfat", image], &here);
        for name in ["setup.exe", "Größe 😀.txt", "empty.bin"] {
            let line = listed.lines().find(|line| line.ends_with(name)).unwrap_or_else(|| {
                panic!("no {name} in {listed}");
            });
            let number = line.split([' ', ':']).nth(1).unwrap();
            let copy = format!("icat -o {sector} -f exfat {image} {number} > taken");
            tool("sh", &["-c", &copy], &here);
            let expected = fs::read(site.path(&format!("{large}/{name}"))).unwrap();
            assert!(fs::read(site.path("taken")).unwrap() == expected, "{name}");
        }
        for (partition, folder, name) in [
            (second, &large, "sources/image.vhdx"),
            (second, &large, "setup.exe"),
            (first, &small, "small.bin"),
        ] {
            let host = site.path(&format!("{folder}/{name}"));
            let id = Path::new(folder).file_name().unwrap().to_str().unwrap();
            let inside = format!("(loop0,{partition})/SMS/PKG/{id}/{name}");
            tool("grub-fstest", &[image, "cmp", &inside, host.to_str().unwrap()], &here);
        }
    }
}

#[test]
fn all_that_looks_at_media_sees_both_partitions_as_one_tree() {
    let (site, _, _) = site_with_large_file();
    define(&site, "unlimited", "");
    let planned = site.succeed(&["plan", "stick", "--explain"]);
    assert!(planned.contains("second partition (exFAT): P0100200, which has 1 file"), "{planned}");
    assert!(planned.contains("because `sources/image.vhdx` has 4295037296 bytes"), "{planned}");
    let document = json(&site, &["plan", "stick", "--json"]);
    assert_eq!(document["second_partition"][0]["content"], "P0100200");
    assert_eq!(document["second_partition"][0]["oversize"][0]["size"], LARGE);
    assert_eq!(
        (&document["cuts"], &document["splits"]),
        (&Value::from([0; 0]), &Value::from([0; 0]))
    );
    site.succeed(&["build", "stick"]);
    let len = fs::metadata(site.path("out/stick.iso")).unwrap().len();
    assert_eq!(document["discs"][0]["bytes"], len);

    site.succeed(&["verify", "out/stick.iso"]);
    let inspected = json(&site, &["inspect", "--json", "out/stick.iso"]);
    let media = &inspected["images"][0]["media"];
    assert_eq!(media["version"], 2);
    let partitions: Vec<&Value> =
        media["contents"].as_array().unwrap().iter().map(|content| &content["partition"]).collect();
    assert_eq!(partitions, [&Value::from(2), &Value::Null]);
    assert!(site.succeed(&["inspect", "out/stick.iso"]).contains("disc 1, partition 2"));
    let dumped = site.succeed(&["inspect", "--dump", "out/stick.iso"]);
    assert!(dumped.contains("exFAT boot sector") && dumped.contains("\"image.vhdx\""), "{dumped}");
    let listing = site.succeed(&["ls", "out/stick.iso"]);
    for path in ["SMS/PKG/P0100200/sources/image.vhdx", "SMS/PKG/P0100201/small.bin", "SMS/PKG/"] {
        let found = listing.lines().filter(|line| line.ends_with(&format!("  {path}"))).count();
        assert_eq!(found, 1, "{path}: {listing}");
    }
    let examined = site.run(&["doctor", "out/stick.iso"]);
    let examined = String::from_utf8(examined.stdout).unwrap();
    assert!(examined.contains("of exFAT on a second partition"), "{examined}");
    assert!(!examined.contains("fat32-file-size"), "{examined}");

    site.succeed(&["extract", "out/stick.iso", "--output", "all"]);
    let (found, wanted) = (digests(&site.path("all/SMS/PKG")), digests(&site.path("content")));
    let wanted = wanted.into_iter().filter(|(path, _)| !path.starts_with("boot")).collect();
    assert_eq!(found, wanted);

    // One partition in a folder is not the media; both are.
    fs::create_dir(site.path("mounted")).unwrap();
    let copy = ["-s", "-i", "../out/stick.iso@@1M", "::/", "."];
    tool("mcopy", &copy, &site.path("mounted"));
    let output = site.run(&["verify", "mounted"]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(6), "{text}");
    assert!(text.contains("[second-partition]") && text.contains("one partition only"), "{text}");
    assert!(!text.contains("[missing]"), "{text}");
    let (from, to) = ("all/SMS/PKG/P0100200", "mounted/SMS/PKG/P0100200");
    fs::rename(site.path(from), site.path(to)).unwrap();
    site.succeed(&["verify", "mounted"]);

    fs::rename(site.path("out/stick.iso"), site.path("second.iso")).unwrap();
    site.define("stick", "unlimited", "kind = \"usb\"\n");
    site.succeed(&["build", "stick", "--verify", "structure"]);
    let output = site.run(&["diff", "out/stick.iso", "second.iso"]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(3), "{text}");
    assert!(text.contains("partition 1 -> 2"), "{text}");
}

#[test]
fn where_nothing_is_too_long_the_image_is_the_same_as_ever() {
    let mut site = Site::new();
    let folder = site.add_package();
    site.write(&format!("{folder}/setup.exe"), noise(1, 30_000));
    let mut built = Vec::new();
    for oversize in ["cut", "second-partition"] {
        let more = format!("kind = \"usb\"\noversize = \"{oversize}\"\n");
        site.define("stick", "unlimited", &more);
        site.succeed(&["build", "stick"]);
        built.push(sha256(&fs::read(site.path("out/stick.iso")).unwrap()));
        fs::remove_file(site.path("out/stick.iso")).unwrap();
    }
    assert_eq!(built[0], built[1]);
}

#[test]
fn a_stick_with_two_partitions_is_built_again_byte_by_byte_and_bounded_in_sum() {
    let (site, _, _) = site_with_large_file();
    define(&site, "4.5 GB", "");
    let text = site.fail(&["build", "stick"], 5);
    assert!(text.contains("the stick holds 4500000000"), "{text}");
    define(&site, "8 GB", "");
    let digest = |cache: &[&str]| {
        site.succeed(&[&["build", "stick", "--verify", "structure"], cache].concat());
        let sum = tool("sha256sum", &["out/stick.iso"], &site.path(""));
        fs::remove_file(site.path("out/stick.iso")).unwrap();
        sum
    };
    assert_eq!(digest(&["--no-cache"]), digest(&[]));
}

#[test]
fn damage_of_the_second_partition_is_found() {
    let (site, _, _) = site_with_large_file();
    define(&site, "unlimited", "");
    site.succeed(&["build", "stick", "--verify", "structure"]);
    let image = site.path("out/stick.iso");
    let here = site.path("");
    let (start, _) = second_partition(image.to_str().unwrap(), &here);
    let start = start * 512;
    let listed = json(&site, &["ls", "--json", "out/stick.iso"]);
    let entries = listed["images"][0]["entries"].as_array().unwrap();
    let setup = entries
        .iter()
        .find(|entry| entry["path"].as_str().unwrap().ends_with("P0100200/setup.exe"));
    let setup = setup.unwrap()["offset"].as_u64().unwrap();
    assert!(setup > start);
    let file = File::options().read(true).write(true).open(&image).unwrap();
    for (at, rule) in [
        (start + 100, "[boot-checksum]"),
        (start + 112, "[boot-percent]"),
        (start + (1 << 20), "[bitmap-free-cluster]"),
        (start + 3, "[second-partition]"),
        (setup + 77, "[digest]"),
    ] {
        let mut byte = [0];
        file.read_exact_at(&mut byte, at).unwrap();
        file.write_all_at(&[byte[0] ^ 1], at).unwrap();
        // Gigabytes of zeros are hashed only where a digest is to tell.
        let depth = if rule == "[digest]" { "full" } else { "structure" };
        let output = site.run(&["verify", "out/stick.iso", "--depth", depth]);
        let text = String::from_utf8(output.stdout).unwrap();
        assert_eq!(output.status.code(), Some(6), "{rule}: {text}");
        assert!(text.contains(rule), "{rule}: {text}");
        file.write_all_at(&byte, at).unwrap();
    }
    site.succeed(&["verify", "out/stick.iso", "--depth", "structure"]);
}
