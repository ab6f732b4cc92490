//! Images that tests leave for a Linux kernel, which mounts all of them in the tests of the group
//! `vm`.

#![allow(dead_code, reason = "some leave images, others find them")]

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What an image may take of the disk: an emulated machine needs a minute to read more. The group
/// `vm` has large files of its own.
const BYTES_MAX: u64 = 96 << 20;

/// Where the images lie, in a folder for each test target.
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("left-by-tests")
}

/// Leaves a copy of a sound image, under the name of the test that made it.
pub fn leave(image: &Path) {
    if fs::metadata(image).unwrap().blocks() * 512 > BYTES_MAX {
        return;
    }
    let folder = folder().join(concat!(env!("CARGO_PKG_NAME"), "-", env!("CARGO_CRATE_NAME")));
    fs::create_dir_all(&folder).unwrap();
    let test = std::thread::current().name().unwrap_or("nameless").replace("::", "-");
    let copy = tempfile::Builder::new().prefix(&format!("{test}.")).tempfile_in(&folder).unwrap();
    let (_, copy) = copy.keep().unwrap();
    // It keeps holes.
    let status = Command::new("cp").args([image, &copy]).status().unwrap();
    assert!(status.success(), "{} cannot be copied to {}", image.display(), copy.display());
}
