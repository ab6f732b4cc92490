//! Exports of solid WIMs that fail, are stopped, or have no room.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use crate::site::Site;
use crate::site::solid::solid_wim;
use crate::space::Mount;

const STAGING: &str = ".tsmedia.staging";

/// A stick whose content has a solid WIM with `len` bytes that do not become shorter.
fn site(len: usize) -> Site {
    let mut site = Site::new();
    let folder = site.add_package();
    solid_wim(&site, &folder, len);
    site.define("set", "unlimited", "kind = \"usb\"\n");
    site
}

/// What lies in a staging folder, beside the lock and what mkfs made.
fn staged(site: &Site) -> Vec<String> {
    let entries = fs::read_dir(site.path(STAGING)).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let others = [".tsmedia-lock", "lost+found", "filler"];
    names.filter(|name| !others.contains(&name.as_str())).collect()
}

/// Starts a build and returns when it says that this phase begins.
fn start_until(site: &Site, phase: &str) -> Child {
    let mut command = site.command(&["build", "set", "--progress=json", "--verify=structure"]);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let marker = format!("\"phase\":\"{phase}\"");
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().contains(&marker)), "it ended before: {phase}");
    child
}

#[test]
fn a_stopped_export_leaves_nothing_and_a_killed_one_is_cleaned_up_by_the_next() {
    let site = site(30_000_000);
    let mut child = start_until(&site, "export");
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert_eq!((staged(&site), site.outputs()), (vec![], vec![]));

    let mut child = start_until(&site, "export");
    child.kill().unwrap();
    child.wait().unwrap();
    let left = staged(&site);
    assert!(left.len() == 1 && left[0].ends_with(".partial"), "{left:?}");
    site.succeed(&["build", "set", "--verify=structure"]);
    let left = staged(&site);
    assert!(left.len() == 1 && left[0].ends_with(".wim"), "{left:?}");
    site.succeed(&["verify", "out/set.iso"]);
}

#[test]
fn a_staging_folder_without_room_is_told_with_numbers() {
    let site = site(20_000_000);
    let mount = Mount::new(&["mkfs.ext4", "-q", "-O", "^has_journal"], 16 << 20);
    std::os::unix::fs::symlink(&mount.root, site.path(STAGING)).unwrap();
    let text = site.fail(&["build", "set"], 11);
    let plan = site.succeed(&["plan", "set", "--json"]);
    let plan: serde_json::Value = serde_json::from_str(&plan).unwrap();
    let reserved = plan["staging"]["reserved"].to_string();
    assert!(text.contains("bytes free") && text.contains(&reserved), "{text}");
    assert!(text.contains("--staging"), "{text}");
    assert_eq!((staged(&site), site.outputs()), (vec![], vec![]));
}

/// A file system that needs blocks of its own to keep track of a file of that size: there seems to
/// be enough, and in the middle of the export there is not.
#[test]
fn room_that_runs_out_in_the_middle_of_an_export_is_told_and_nothing_is_left() {
    let site = site(20_000_000);
    let plan = site.succeed(&["plan", "set", "--json"]);
    let plan: serde_json::Value = serde_json::from_str(&plan).unwrap();
    // What can be made shorter takes none of the room.
    let reserved = plan["staging"]["reserved"].as_u64().unwrap();
    let mount = Mount::new(&["mkfs.ext2", "-q", "-b", "1024", "-m", "0"], 2 * reserved);
    std::os::unix::fs::symlink(&mount.root, site.path(STAGING)).unwrap();
    mount.fill_to(reserved);
    let text = site.fail(&["build", "set"], 11);
    assert!(text.contains("No space left") && !text.contains("bytes free"), "{text}");
    assert_eq!((staged(&site), site.outputs()), (vec![], vec![]));
    fs::remove_file(mount.root.join("filler")).unwrap();
    site.succeed(&["build", "set", "--verify=structure"]);
}
