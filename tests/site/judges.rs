//! Programs that others wrote, which look at every image that a test makes; a kernel does later.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Mutex;

use super::left;
use super::tool;

/// Reading larger images several times takes longer than the tests that make them.
const LEN_MAX: u64 = 300 << 20;

/// No image is smaller: a test put such a file there, to see that it stays.
const LEN_MIN: u64 = 64 << 10;

/// What 7-Zip says of an image that ends with a partition table, and of no other.
const HYBRID: &str = "There are data after the end of archive";

/// Lets them look at every image in a folder; a folder that is not there holds none.
pub fn judge_all(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        let is_image =
            path.extension().is_some_and(|extension| extension == "iso" || extension == "wim");
        let len = fs::metadata(&path).unwrap().len();
        if is_image && (LEN_MIN..=LEN_MAX).contains(&len) {
            judge(&path);
        }
    }
}

/// Whether ECMA-119 descriptors are there; sticks have FAT32 instead.
fn is_iso(image: &Path) -> bool {
    let mut id = [0; 5];
    let file = fs::File::open(image).unwrap();
    file.read_exact_at(&mut id, 16 * 2048 + 1).unwrap();
    &id == b"CD001"
}

/// Checksums and lengths of the images that were looked at: many tests build the same one.
static KNOWN: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

fn judge(image: &Path) {
    let folder = image.parent().unwrap();
    let path = image.to_str().unwrap();
    let sum = tool("cksum", &[path], folder);
    let sum = sum.split(' ').take(2).collect::<Vec<_>>().join(" ");
    if !KNOWN.lock().unwrap().insert(sum) {
        return;
    }
    if !is_iso(image) {
        let found = tool("7z", &["t", path], folder);
        assert!(found.contains("Everything is Ok") && !found.contains("WARNING"), "{found}");
        // No kernel mounts a WIM.
        if image.extension().is_some_and(|extension| extension == "iso") {
            left::leave(image);
        }
        return;
    }
    for kind in ["-tudf", "-tiso"] {
        let found = tool("7z", &["t", kind, path], folder);
        let warnings = found.matches("WARNING").count();
        let allowed = found.matches(HYBRID).count();
        assert!(found.contains("Everything is Ok") || allowed > 0, "{found}");
        assert!(warnings <= allowed && !found.contains("ERROR"), "{found}");
    }
    let found = tool("xorriso", &["-indev", path, "-check_media", "--"], folder);
    assert!(!found.contains("FAILURE") && !found.contains("SORRY"), "{found}");
    tool("isoinfo", &["-d", "-i", path], folder);
    compare_extracted(path, folder);
    left::leave(image);
}

/// What xorriso and bsdtar take out is the same.
fn compare_extracted(image: &str, folder: &Path) {
    let room = tempfile::tempdir().unwrap();
    let by = |name: &str| {
        let target = room.path().join(name);
        fs::create_dir(&target).unwrap();
        target.to_str().unwrap().to_owned()
    };
    let (xorriso, bsdtar) = (by("xorriso"), by("bsdtar"));
    tool("xorriso", &["-osirrox", "on", "-indev", image, "-extract", "/", &xorriso], folder);
    tool("bsdtar", &["-xf", image, "-C", &bsdtar], folder);
    // Folders on discs are read-only.
    tool("chmod", &["-R", "u+rwX", &xorriso, &bsdtar], folder);
    tool("diff", &["-r", &xorriso, &bsdtar], folder);
}
