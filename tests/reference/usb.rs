//! FAT32 images for sticks, read by tools that we did not write.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::PathBuf;

use crate::site::{Site, noise, stderr, tool};
use crate::{content_of, digests, expected, site_with_odd_content};

/// The definition of a stick, whose image is called like one of a disc.
fn define(site: &Site, size: &str, more: &str) {
    site.define("stick", size, &format!("kind = \"usb\"\n{more}"));
}

/// The volume of an image with one partition at 1 MiB, as a file of its own.
fn take_volume(site: &Site) {
    let cut = "tail -c +1048577 out/stick.iso | cp --sparse=always /dev/stdin volume";
    tool("sh", &["-c", cut], &site.path(""));
}

#[test]
fn a_stick_is_read_alike_by_every_tool() {
    for table in ["mbr", "gpt"] {
        let site = site_with_odd_content();
        define(&site, "unlimited", &format!("partition-table = \"{table}\"\n"));
        site.succeed(&["build", "stick"]);
        let image = site.path("out/stick.iso");
        let image = image.to_str().unwrap();
        let here = site.path("");
        if table == "gpt" {
            let found = tool("sgdisk", &["-v", image], &here);
            assert!(found.contains("No problems found"), "{found}");
        } else {
            tool("sfdisk", &["--verify", image], &here);
            take_volume(&site);
            let found = tool("fsck.fat", &["-n", "-v", "volume"], &here);
            let wrong = ["differ", "Free cluster summary", "Dirty", "bad", "Orphan", "wrong"];
            assert!(!wrong.iter().any(|word| found.contains(word)), "{found}");
        }
        let wanted = expected(&site);
        let partition = format!("{image}@@1M");
        let readers: [(&str, &str, &[&str]); 3] = [
            ("by-mtools", "mcopy", &["-s", "-i", &partition, "::/", "."]),
            ("by-7z", "7z", &["x", image]),
            ("by-us", env!("CARGO_BIN_EXE_tsmedia"), &["extract", image, "--output", "files"]),
        ];
        for (folder, program, args) in readers {
            if table == "gpt" && folder == "by-7z" {
                continue;
            }
            let folder = site.path(folder);
            fs::create_dir(&folder).unwrap();
            tool(program, args, &folder);
            let ours = folder.join("files");
            let found = content_of(if ours.exists() { &ours } else { &folder });
            // mtools shows what lies outside of the BMP as two characters that it does not know.
            let shown = |path: &PathBuf| match program {
                "mcopy" => PathBuf::from(path.to_str().unwrap().replace('😀', "__")),
                _ => path.clone(),
            };
            let wanted: BTreeMap<PathBuf, String> =
                wanted.iter().map(|(path, digest)| (shown(path), digest.clone())).collect();
            assert_eq!(found, wanted, "{program}");
        }
        site.succeed(&["verify", "out/stick.iso"]);
    }
}

#[test]
fn building_a_stick_again_gives_the_same_bytes() {
    let site = site_with_odd_content();
    define(&site, "unlimited", "");
    site.succeed(&["build", "stick", "--no-cache"]);
    let mut first = digests(&site.path("out"));
    site.succeed(&["build", "stick"]);
    let mut second = digests(&site.path("out"));
    for found in [&mut first, &mut second] {
        found.retain(|path, _| path.extension().is_some_and(|extension| extension == "iso"));
    }
    assert_eq!((first.len(), &first), (1, &second));
}

/// One byte more than FAT32 holds, nearly all of it a hole.
#[test]
fn a_file_over_four_gib_is_cut_and_joined_or_refused_by_name() {
    let mut site = Site::new();
    let folder = site.add_package();
    let path = site.path(&format!("{folder}/install.bin"));
    File::create(&path).unwrap().set_len(1 << 32).unwrap();
    define(&site, "unlimited", "oversize = \"refuse\"\n");
    for verb in ["plan", "build"] {
        let text = site.fail(&[verb, "stick"], 5);
        assert!(text.contains("install.bin") && text.contains("4294967296"), "{text}");
    }
    define(&site, "unlimited", "");
    site.succeed(&["build", "stick", "--verify", "structure"]);
    let listing = site.succeed(&["ls", "out/stick.iso"]);
    let parts = listing.lines().filter(|line| line.contains("SMS/data/parts/P0100200/")).count();
    assert_eq!(parts, 2 + 1, "the folder and two parts: {listing}");
    site.succeed(&["extract", "out/stick.iso", "--output", "all"]);
    let joined = site.path("all/SMS/PKG/P0100200/install.bin");
    assert_eq!(fs::metadata(joined).unwrap().len(), 1 << 32);
}

#[test]
fn a_stick_that_is_too_small_and_names_that_fat_cannot_hold_are_told_before_anything_is_written() {
    let site = site_with_odd_content();
    define(&site, "64 MB", "");
    let text = site.fail(&["build", "stick"], 5);
    assert!(text.contains("the stick holds 64000000"), "{text}");
    assert!(!site.path("out/stick.iso").exists());
    let text = stderr(&site.run(&["plan", "stick"]));
    assert!(text.contains("the stick holds"), "{text}");
}

/// A WIM of two images in files over 4 GB, nearly all of it zeros.
#[test]
fn a_wim_over_four_gib_lies_on_a_stick_in_parts_that_are_used_as_they_are() {
    let mut site = Site::new();
    let folder = site.add_package();
    let here = site.path("");
    for number in 0..5 {
        let name = format!("os/blob{number}.vhd");
        site.write(&name, noise(number, 1000));
        File::options().write(true).open(site.path(&name)).unwrap().set_len(820 << 20).unwrap();
    }
    site.write("os/Windows/notepad.exe", noise(9, 70_000));
    let wim = format!("{folder}/sources/install.wim");
    fs::create_dir(site.path(&format!("{folder}/sources"))).unwrap();
    tool("wimlib-imagex", &["capture", "--compress=none", "os", &wim, "Windows"], &here);
    site.write(&format!("{folder}/sources/setup.exe"), noise(8, 50_000));
    fs::remove_dir_all(site.path("os")).unwrap();
    define(&site, "unlimited", "oversize = \"refuse\"\n");
    let planned = site.succeed(&["plan", "stick"]);
    assert!(planned.contains("split: `sources/install.wim` of P0100200 into 2 parts"), "{planned}");
    site.succeed(&["build", "stick", "--verify", "structure"]);

    let sources = "SMS/PKG/P0100200/sources";
    let listing = site.succeed(&["ls", "out/stick.iso", "--below", sources]);
    assert_eq!(listing.lines().count(), 1 + 2 + 1, "{listing}");
    for name in ["install.swm", "install2.swm"] {
        let copy = format!("mtype -i out/stick.iso@@1M ::/{sources}/{name}");
        tool("sh", &["-c", &format!("{copy} | cp --sparse=always /dev/stdin {name}")], &here);
    }
    let verified = tool("wimlib-imagex", &["verify", "install.swm", "--ref=install*.swm"], &here);
    assert!(verified.contains("successfully verified"), "{verified}");
    let path = "/Windows/notepad.exe";
    let extract = ["extract", "install.swm", "1", path, "--ref=install*.swm", "--dest-dir=out"];
    tool("wimlib-imagex", &extract, &here);
    assert!(fs::read(site.path("out/notepad.exe")).unwrap() == noise(9, 70_000));
}

#[test]
fn files_over_a_shorter_limit_are_parted_and_cut_like_those_that_fat_cannot_hold() {
    let mut site = Site::new();
    let folder = site.add_package();
    let here = site.path("");
    for number in 0..4 {
        site.write(&format!("os/blob{number}"), noise(number, 2_000_000));
    }
    let wim = format!("{folder}/install.wim");
    tool("wimlib-imagex", &["capture", "--compress=none", "os", &wim, "Data"], &here);
    site.write(&format!("{folder}/large.bin"), noise(7, 7_000_000));
    define(&site, "unlimited", "part-size = \"3 MB\"\noversize = \"refuse\"\n");
    let text = site.fail(&["build", "stick"], 5);
    assert!(text.contains("no file over 3000000 bytes: `large.bin`"), "{text}");
    define(&site, "unlimited", "part-size = \"3 MB\"\n");
    site.succeed(&["build", "stick"]);

    let content = "SMS/PKG/P0100200";
    for name in ["install.swm", "install2.swm", "install3.swm", "install4.swm"] {
        let from = format!("::/{content}/{name}");
        tool("mcopy", &["-i", "out/stick.iso@@1M", &from, name], &here);
        assert!(fs::metadata(site.path(name)).unwrap().len() <= 3_000_000, "{name}");
    }
    let verified = tool("wimlib-imagex", &["verify", "install.swm", "--ref=install*.swm"], &here);
    assert!(verified.contains("successfully verified"), "{verified}");
    site.succeed(&["extract", "out/stick.iso", "--output", "all"]);
    assert!(
        fs::read(site.path(&format!("all/{content}/large.bin"))).unwrap() == noise(7, 7_000_000)
    );
    let listing = site.succeed(&["ls", "out/stick.iso", "--below", "SMS/data/parts"]);
    assert_eq!(
        listing.lines().filter(|line| line.contains("/P0100200/")).count(),
        1 + 3,
        "{listing}"
    );
}
