//! Solid WIMs that FAT32 cannot hold: exported first, as other programs read them.

use std::fs;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::site::solid::solid_wim;
use crate::site::{Site, stderr, tool};
use crate::{content_of, digests};

const STAGING: &str = ".tsmedia.staging";

fn site() -> (Site, PathBuf) {
    let mut site = Site::new();
    let folder = site.add_package();
    let wim = solid_wim(&site, &folder, 2_000_000);
    site.define("stick", "unlimited", "kind = \"usb\"\noversize = \"refuse\"\n");
    (site, wim)
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

/// The exported WIMs in a folder.
fn exported(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let paths = entries.map(|entry| entry.unwrap().path());
    paths.filter(|path| path.extension().is_some_and(|extension| extension == "wim")).collect()
}

#[test]
fn a_solid_wim_is_exported_once_and_holds_on_the_stick_what_it_held() {
    let (site, _) = site();
    let planned = site.succeed(&["plan", "stick"]);
    for words in ["is solid; a build exports it to", "at most", "set aside", STAGING] {
        assert!(planned.contains(words), "no `{words}` in: {planned}");
    }
    let planned = json(&site.succeed(&["plan", "stick", "--json"]));
    assert!(!site.path(STAGING).exists(), "a plan writes nothing");
    let most = planned["discs"][0]["bytes"].as_u64().unwrap();
    assert_eq!((&planned["discs"][0]["at_most"], most > 0), (&true.into(), true));
    let reserved = planned["staging"]["reserved"].as_u64().unwrap();

    site.succeed(&["build", "stick"]);
    let staged = exported(&site.path(STAGING));
    assert_eq!(staged.len(), 1);
    assert!(fs::metadata(&staged[0]).unwrap().len() <= reserved);
    let image = site.path("out/stick.iso");
    let len = fs::metadata(&image).unwrap().len();
    assert!(len <= most, "{len} {most}");

    let exact = json(&site.succeed(&["plan", "stick", "--json"]));
    assert_eq!(exact["discs"][0]["bytes"].as_u64(), Some(len));
    assert_eq!((&exact["discs"][0]["at_most"], &exact["staging"]), (&false.into(), &Value::Null));
    assert_eq!(exact["splits"][0]["export"]["exists"], true);
    let first = digests(&site.path("out"));
    let again = site.run(&["build", "stick", "--progress=json"]);
    assert_eq!(again.status.code(), Some(0), "{}", stderr(&again));
    assert!(!stderr(&again).contains("\"export\""), "it was exported again: {}", stderr(&again));
    let second = digests(&site.path("out"));
    let name = Path::new("stick.iso");
    assert_eq!(first[name], second[name]);

    site.succeed(&["verify", "out/stick.iso"]);
    let here = site.path("");
    tool(
        "mcopy",
        &["-i", "out/stick.iso@@1M", "::/SMS/PKG/P0100200/sources/install.esd", "on-stick.wim"],
        &here,
    );
    tool("wimlib-imagex", &["verify", "on-stick.wim"], &here);
    let info = tool("wimlib-imagex", &["info", "on-stick.wim"], &here);
    assert!(info.contains("LZX") && !info.contains("LZMS"), "{info}");
    assert!(info.lines().any(|line| line.starts_with("Boot Index:") && line.ends_with('2')));
    for image in ["Home", "Pro"] {
        let target = format!("applied-{image}");
        tool("wimlib-imagex", &["apply", "on-stick.wim", image, &target], &here);
        assert_eq!(content_of(&site.path(&target)), content_of(&site.path(image)));
    }
}

#[test]
fn the_staging_folder_can_be_chosen_and_nothing_else_uses_it() {
    let (site, _) = site();
    site.define("stick", "unlimited", "kind = \"usb\"\nstaging = \"there\"\n");
    let planned = json(&site.succeed(&["plan", "stick", "--json"]));
    assert_eq!(planned["staging"]["folder"], site.path("there").to_str().unwrap());
    site.succeed(&["build", "stick", "--staging", "here", "--verify", "structure"]);
    assert_eq!(exported(&site.path("here")).len(), 1);
    site.succeed(&["build", "stick", "--verify", "structure"]);
    assert_eq!(exported(&site.path("there")).len(), 1);
    let same = [exported(&site.path("here")), exported(&site.path("there"))];
    assert!(fs::read(&same[0][0]).unwrap() == fs::read(&same[1][0]).unwrap());

    for more in ["kind = \"usb\"\noversize = \"second-partition\"\n", ""] {
        site.define("other", "unlimited", &format!("staging = \"unused\"\n{more}"));
        let planned = site.succeed(&["plan", "other"]);
        assert!(planned.contains("staging: not needed"), "{planned}");
        assert_eq!(json(&site.succeed(&["plan", "other", "--json"]))["staging"], Value::Null);
    }
    let inside = "kind = \"usb\"\nstaging = \"content/P0100200/sources\"\n";
    site.define("stick", "unlimited", inside);
    let text = site.fail(&["plan", "stick"], 2);
    assert!(text.contains("lies among the files of content `P0100200`"), "{text}");
    assert!(!site.path("unused").exists() && !site.path(STAGING).exists());
}

#[test]
fn what_is_known_to_be_too_much_for_a_stick_is_told_before_anything_is_exported() {
    let (site, _) = site();
    site.write("content/P0100200/other.bin", vec![7; 3_000_000]);
    site.define("stick", "2 MB", "kind = \"usb\"\n");
    let text = site.fail(&["build", "stick"], 5);
    assert!(text.contains("the stick holds 2000000"), "{text}");
    assert!(!site.path(STAGING).exists());
    // The smallest FAT32 volume takes more than these files: that much only the export shows.
    site.define("stick", "64 MB", "kind = \"usb\"\n");
    let planned = site.succeed(&["plan", "stick"]);
    assert!(planned.contains("may be too little"), "{planned}");
    let text = site.fail(&["build", "stick"], 5);
    assert!(text.contains("the stick holds 64000000"), "{text}");
    site.fail(&["plan", "stick"], 5);
}

#[test]
fn a_solid_wim_that_is_damaged_is_named_and_nothing_is_left() {
    let (site, wim) = site();
    let file = fs::File::options().write(true).open(&wim).unwrap();
    file.write_all_at(&[0x55; 64], 100_000).unwrap();
    let text = site.fail(&["build", "stick"], 6);
    assert!(text.contains("sources/install.esd` is damaged"), "{text}");
    assert_eq!(exported(&site.path(STAGING)).len(), 0);
    assert_eq!(site.outputs(), [""; 0]);
}
