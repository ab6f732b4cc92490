//! File systems without room: small ones in a file, mounted for the test.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use rustix::fs::statvfs;
use tempfile::TempDir;

use crate::site::{Site, noise, tool};

/// A mounted file system in a sparse file; unmounted when dropped.
pub struct Mount {
    pub root: PathBuf,
    _folder: TempDir,
}

impl Mount {
    pub fn new(mkfs: &[&str], bytes: u64) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let here = folder.path();
        File::create(here.join("image")).unwrap().set_len(bytes).unwrap();
        fs::create_dir(here.join("root")).unwrap();
        tool(mkfs[0], &[&mkfs[1..], &["image"]].concat(), here);
        tool("mount", &["-o", "loop", "image", "root"], here);
        Self { root: here.join("root"), _folder: folder }
    }

    fn available(&self) -> u64 {
        let stat = statvfs(&self.root).unwrap();
        stat.f_bavail * stat.f_frsize
    }

    /// Takes all room but this much, and at most two blocks more.
    pub fn fill_to(&self, room: u64) {
        let mut filler = File::create(self.root.join("filler")).unwrap();
        while self.available() > room + 8192 {
            let excess = self.available() - room;
            let step = if excess > 1 << 20 { excess / 2 } else { 4096 };
            filler.write_all(&vec![1; step as usize]).unwrap();
            filler.sync_all().unwrap();
        }
        assert!(self.available() >= room);
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        tool("umount", &[self.root.to_str().unwrap()], Path::new("/"));
    }
}

fn add_content(site: &mut Site) {
    let folder = site.add_package();
    site.write(&format!("{folder}/data.bin"), noise(1, 6_000_000));
    site.define("one", "unlimited", "");
}

#[test]
fn too_little_room_is_told_before_anything_is_written() {
    let mut site = Site::new();
    add_content(&mut site);
    let mount = Mount::new(&["mkfs.ext4", "-q", "-O", "^has_journal"], 6 << 20);
    std::os::unix::fs::symlink(&mount.root, site.path("out")).unwrap();
    let text = site.fail(&["build", "one"], 11);
    assert!(text.contains("free") && text.contains("hint"), "{text}");
    let mut left = site.outputs();
    left.retain(|name| name != "lost+found");
    assert_eq!(left, [""; 0]);
}

/// A file system that cannot reserve room, and needs blocks of its own to keep track of a file of
/// that size: there seems to be enough, and in the middle of writing there is not.
#[test]
fn room_that_runs_out_while_writing_is_told_and_nothing_is_left() {
    let mut site = Site::new();
    let folder = site.add_package();
    site.write(&format!("{folder}/data.bin"), noise(1, 160_000_000));
    site.define("one", "unlimited", "");
    let plan = site.succeed(&["plan", "one", "--json"]);
    let plan: serde_json::Value = serde_json::from_str(&plan).unwrap();
    let needed = plan["discs"][0]["bytes"].as_u64().unwrap();
    let mount = Mount::new(&["mkfs.ext2", "-q", "-b", "1024", "-m", "0"], needed + needed / 8);
    std::os::unix::fs::symlink(&mount.root, site.path("out")).unwrap();
    // The log is there before, so that it needs no room.
    site.write("out/CreateTSMedia.log", noise(3, 4000));
    mount.fill_to(needed);
    let text = site.fail(&["build", "one"], 11);
    assert!(text.contains("cannot write"), "it did not fail while writing: {text}");
    let mut left = site.outputs();
    left.retain(|name| name != "lost+found" && name != "filler");
    assert_eq!(left, [""; 0]);
    fs::remove_file(mount.root.join("filler")).unwrap();
    site.succeed(&["build", "one", "--verify", "structure"]);
}

#[test]
fn data_is_shared_with_the_sources_where_the_file_system_can() {
    let mount = Mount::new(&["mkfs.xfs", "-q", "-m", "reflink=1"], 320 << 20);
    let mut site = Site::new_in(&mount.root);
    add_content(&mut site);
    let before = mount.available();
    let built = site.succeed(&["build", "one", "--json"]);
    let built: serde_json::Value = serde_json::from_str(&built).unwrap();
    let cloned = built["bytes"]["cloned"].as_u64().unwrap();
    assert!(cloned >= 5_996_544, "the data was not shared: {built}");
    // XFS gives back what it set aside for files that might have grown.
    let taken = before.saturating_sub(mount.available());
    assert!(taken < 5_000_000, "the image takes room of its own");
    site.succeed(&["verify", "out/one.iso"]);
    // Now nothing is read, and what the manifests say comes from the cache.
    let image = fs::read(site.path("out/one.iso")).unwrap();
    let again = site.succeed(&["build", "one", "--json"]);
    let again: serde_json::Value = serde_json::from_str(&again).unwrap();
    assert_eq!(again["bytes"]["cloned"], cloned);
    assert!(fs::read(site.path("out/one.iso")).unwrap() == image);
}
