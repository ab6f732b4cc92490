//! Prestaged media: a WIM, read by tools that we did not write.

use std::fs;

use crate::site::{Site, noise, tool};
use crate::{content_of, expected, site_with_odd_content};

/// Adds an OS image with as many images as there are folders, made by wimlib.
fn add_os_image(site: &Site, folders: &[&str]) {
    fs::create_dir_all(site.path("content/P0100300")).unwrap();
    let wim = site.path("content/P0100300/install.wim");
    let wim = wim.to_str().unwrap();
    for (number, folder) in folders.iter().enumerate() {
        site.write(&format!("{folder}/Windows/notepad.exe"), noise(77 + number as u64, 50_000));
        let verb = if number == 0 { "capture" } else { "append" };
        tool("wimlib-imagex", &[verb, folder, wim, folder], &site.path(""));
    }
    site.write(
        "catalog/P0100300.toml",
        "id = \"P0100300\"\nkind = \"os-image\"\nname = \"Windows\"\nsource = \"P0100300\"\n",
    );
}

fn define(site: &Site, index: &str) {
    define_with(site, index, "");
}

fn define_with(site: &Site, index: &str, output: &str) {
    site.write(
        "media/oem.toml",
        format!(
            "[media]\ntype = \"prestaged\"\ntask-sequence = \"P0100100\"\n\
             created-by = \"Factory\"\nversion = \"7\"\ncomment = \"Night shift\"\n\n\
             [output]\nkind = \"wim\"\npath = \"out/oem.wim\"\n\
             timestamp = 2026-01-02T03:04:05Z\n{output}\n\
             [image]\nos-image = \"P0100300\"\n{index}\n\n\
             [network]\nmanagement-points = [\"http://mp.example.org\"]\n\n\
             [content]\npackages = [\"P0100200\", \"P0100201\"]\n"
        ),
    );
}

#[test]
fn a_prestaged_wim_is_read_alike_by_every_tool() {
    let site = site_with_odd_content();
    add_os_image(&site, &["one"]);
    define(&site, "");
    site.succeed(&["build", "oem"]);
    let wim = site.path("out/oem.wim");
    let wim = wim.to_str().unwrap();
    let here = site.path("");

    let verified = tool("wimlib-imagex", &["verify", wim], &here);
    assert!(verified.contains("successfully verified"), "{verified}");
    let info = tool("wimlib-imagex", &["info", wim], &here);
    assert!(info.contains("Image Count:    1") && info.contains("Night shift"), "{info}");
    let tested = tool("7z", &["t", wim], &here);
    assert!(tested.contains("Everything is Ok") && !tested.contains("WARNING"), "{tested}");

    let wanted = expected(&site);
    let readers: [(&str, &str, &[&str]); 3] = [
        ("by-wimlib", "wimlib-imagex", &["apply", wim, "1", "."]),
        ("by-7z", "7z", &["x", wim]),
        ("by-us", env!("CARGO_BIN_EXE_tsmedia"), &["extract", wim, "--output", "files"]),
    ];
    for (folder, program, args) in readers {
        let folder = site.path(folder);
        fs::create_dir(&folder).unwrap();
        tool(program, args, &folder);
        let ours = folder.join("files");
        let root = if ours.exists() { ours } else { folder };
        assert_eq!(content_of(&root), wanted, "{program}");
        assert!(root.join("SMS/PKG/P0100200/empty folder").is_dir(), "{program}");
        let bootstrap = fs::read_to_string(root.join("SMS/data/TsmBootstrap.ini")).unwrap();
        assert!(bootstrap.contains("MediaType=OEMMedia"), "{bootstrap}");
        assert!(!root.join("SMS/data/policy.xml").exists(), "the sequence is never there");
        // What was taken out is the media, manifests included.
        site.succeed(&["verify", root.to_str().unwrap()]);
    }
}

#[test]
fn a_prestaged_wim_has_the_same_bytes_whatever_is_known_beforehand() {
    let site = site_with_odd_content();
    add_os_image(&site, &["one"]);
    define(&site, "index = 1");
    site.succeed(&["build", "oem", "--no-cache"]);
    let first = fs::read(site.path("out/oem.wim")).unwrap();
    for _ in 0..2 {
        site.succeed(&["build", "oem"]);
        assert!(fs::read(site.path("out/oem.wim")).unwrap() == first);
    }
}

#[test]
fn a_wrong_byte_in_a_wim_is_found_with_its_file() {
    let site = site_with_odd_content();
    add_os_image(&site, &["one"]);
    define(&site, "");
    site.succeed(&["build", "oem"]);
    let listing = site.succeed(&["ls", "out/oem.wim", "--json"]);
    let listing: serde_json::Value = serde_json::from_str(&listing).unwrap();
    let entries = listing["images"][0]["entries"].as_array().unwrap();
    let path = "SMS/PKG/P0100201/larger.bin";
    let entry = entries.iter().find(|entry| entry["path"] == path).unwrap();
    let offset = entry["offset"].as_u64().unwrap() + 3_333_333;
    let mut bytes = fs::read(site.path("out/oem.wim")).unwrap();
    bytes[offset as usize] ^= 1;
    site.write("out/oem.wim", &bytes);
    let output = site.run(&["verify", "out/oem.wim", "--json"]);
    assert_eq!(output.status.code(), Some(6));
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let found = report["findings"].as_array().unwrap();
    let of = |rule: &str| found.iter().find(|finding| finding["rule"] == rule).unwrap();
    assert_eq!((&of("digest")["file"], &of("digest")["offset"]), (&path.into(), &offset.into()));
    assert_eq!(of("wim-digest")["offset"], entry["offset"], "what wimlib would stumble over");
}

#[test]
fn an_image_that_is_not_in_the_wim_is_told_before_anything_is_written() {
    let site = site_with_odd_content();
    add_os_image(&site, &["one", "two"]);
    let refused = |index: &str, exit: i32, words: &[&str]| {
        define(&site, index);
        for verb in ["plan", "build"] {
            let text = site.fail(&[verb, "oem"], exit);
            for word in words {
                assert!(text.contains(word), "{verb} {index}: {text}");
            }
        }
        assert!(site.outputs().is_empty());
    };
    refused("index = 3", 2, &["install.wim", "no image 3", "1 (one), 2 (two)"]);
    refused("", 2, &["install.wim", "2 images", "`index`", "1 (one), 2 (two)"]);
    define(&site, "index = 2");
    let planned = site.succeed(&["plan", "oem"]);
    assert!(planned.contains("P0100300"), "{planned}");

    let wim = site.path("content/P0100300/install.wim");
    let sound = fs::read(&wim).unwrap();
    fs::write(&wim, &sound[..sound.len() / 2]).unwrap();
    refused("index = 2", 6, &["install.wim", "end of the file"]);
    fs::write(&wim, b"no WIM").unwrap();
    refused("index = 2", 6, &["install.wim", "is not a WIM"]);
    fs::rename(&wim, site.path("content/P0100300/install.bin")).unwrap();
    refused("index = 2", 2, &["P0100300", "no .wim"]);
}

#[test]
fn other_wims_are_shown_and_listed() {
    let site = Site::new();
    add_os_image(&site, &["one", "two"]);
    let wim = "content/P0100300/install.wim";
    let text = site.succeed(&["inspect", wim]);
    assert!(text.contains("image 2: two") && text.contains("LZX"), "{text}");
    let listed = site.succeed(&["ls", wim]);
    let line = listed.lines().find(|line| line.ends_with("2/Windows/notepad.exe")).unwrap();
    assert!(line.trim_start().starts_with("50000 "), "{line}");
    site.fail(&["verify", wim], 6);
}

#[test]
fn a_prestaged_wim_comes_in_parts_if_they_may_not_be_longer() {
    let site = site_with_odd_content();
    add_os_image(&site, &["one"]);
    define_with(&site, "", "part-size = \"5.2 MB\"\n");
    site.succeed(&["build", "oem"]);
    let wims = |site: &Site| -> Vec<String> {
        site.outputs().into_iter().filter(|name| name.ends_with("wim")).collect()
    };
    assert_eq!(wims(&site), [""; 0]);
    assert_eq!(site.outputs(), ["oem.swm", "oem2.swm"]);
    for name in site.outputs() {
        assert!(fs::metadata(site.path(&format!("out/{name}"))).unwrap().len() <= 5_200_000);
    }
    let here = site.path("");
    let all = "--ref=out/oem*.swm";
    let verified = tool("wimlib-imagex", &["verify", "out/oem.swm", all], &here);
    assert!(verified.contains("successfully verified"), "{verified}");
    tool("wimlib-imagex", &["apply", "out/oem.swm", "1", "by-wimlib", all], &here);
    assert_eq!(content_of(&site.path("by-wimlib")), expected(&site));
    for name in ["out/oem.swm", "out/oem.wim"] {
        site.succeed(&["verify", name]);
    }
    site.succeed(&["verify", "out/oem.swm", "out/oem2.swm"]);
    site.succeed(&["extract", "out/oem.swm", "--output", "by-us"]);
    assert_eq!(content_of(&site.path("by-us")), expected(&site));
    site.fail(&["verify", "out/oem2.swm"], 2);

    // Damage is found in the part that has it.
    let second = site.path("out/oem2.swm");
    let sound = fs::read(&second).unwrap();
    let mut wrong = sound.clone();
    wrong[1_000_000] ^= 1;
    fs::write(&second, &wrong).unwrap();
    let output = site.run(&["verify", "out/oem.swm", "--json"]);
    assert_eq!(output.status.code(), Some(6));
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let found = report["findings"].as_array().unwrap();
    let digest = found.iter().find(|finding| finding["rule"] == "digest").unwrap();
    assert!(digest["image"].as_str().unwrap().ends_with("oem2.swm"), "{digest}");
    assert_eq!(digest["offset"], 1_000_000);
    fs::write(&second, &sound).unwrap();

    // More parts, fewer, and the whole again, each in the place of those before.
    define_with(&site, "", "part-size = \"5.05 MB\"\n");
    site.succeed(&["build", "oem"]);
    assert_eq!(site.outputs(), ["oem.swm", "oem2.swm"]);
    fs::write(site.path("out/oem7.swm"), b"of somebody else").unwrap();
    define_with(&site, "", "part-size = \"50 MB\"\n");
    site.succeed(&["build", "oem"]);
    assert_eq!(site.outputs(), ["oem.wim", "oem7.swm"]);
    define_with(&site, "", "part-size = \"5.2 MB\"\n");
    site.succeed(&["build", "oem"]);
    assert_eq!(site.outputs(), ["oem.swm", "oem2.swm", "oem7.swm"]);
    let text = {
        define_with(&site, "", "part-size = \"2 MB\"\n");
        site.fail(&["build", "oem"], 5)
    };
    assert!(text.contains("2000000 are the most") && text.contains("part-size"), "{text}");
    site.succeed(&["verify", "out/oem.swm"]);
}
