use std::fs;
use std::path::Path;
use std::process::Command;

use content::ContentLocation;

use super::*;
use crate::blob_source::BlobSource;
use crate::progress::{Cancel, Silent};

#[test]
fn parts_are_named_as_windows_names_them() {
    assert_eq!(part_path("sources/install.wim", 1), "sources/install.swm");
    assert_eq!(part_path("sources.d/install", 2), "sources.d/install2.swm");
    assert_eq!(part_path("a.b.WIM", 10), "a.b10.swm");
}

fn wimlib(words: &[&str]) {
    let output = Command::new("wimlib-imagex").args(words).output().unwrap();
    assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// A content with a WIM of some 700,000 bytes beside another file.
fn content(root: &Path, options: &[&str]) -> Scan {
    let tree = root.join("tree");
    fs::create_dir_all(&tree).unwrap();
    for number in 0..7_u8 {
        let bytes: Vec<u8> = (0..100_000_u64).map(|at| ((at * at) >> 5) as u8 ^ number).collect();
        fs::write(tree.join(number.to_string()), bytes).unwrap();
    }
    let sources = root.join("P/sources");
    fs::create_dir_all(&sources).unwrap();
    fs::write(sources.join("setup.exe"), [7; 300_000]).unwrap();
    let wim = sources.join("install.wim");
    wimlib(&[&["capture", text(&tree), text(&wim)], options].concat());
    let contents = [("P".parse().unwrap(), ContentLocation::Path(root.join("P")))];
    crate::scan::run(&contents, &HashCache::none(), &Cancel::new(), &Silent).unwrap()
}

const MAX: ByteCount = ByteCount(250_000);
/// The staging folder of those that need none.
const NOWHERE: &str = "/nowhere";

fn paths(scan: &Scan) -> Vec<&str> {
    scan.index.contents[0].files.iter().map(|file| &*file.path).collect()
}

#[test]
fn parts_stand_in_the_place_of_the_wim_and_wimlib_reads_them() {
    let room = tempfile::tempdir().unwrap();
    let scan = content(room.path(), &["--compress=none"]);
    let found = split_wims(&scan, &[0], MAX, NOWHERE.as_ref(), &HashCache::none()).unwrap();
    let parted = found.scan.unwrap();
    let (swm, others) = ("sources/install.swm", ["sources/install2.swm", "sources/install3.swm"]);
    assert_eq!(
        paths(&parted),
        [swm, others[0], others[1], "sources/install4.swm", "sources/setup.exe"]
    );
    assert_eq!(
        found.split,
        [SplitWim { content: 0, path: "sources/install.wim".into(), parts: 4, export: None }]
    );
    for file in parted.index.contents[0].files.iter().filter(|file| file.path.ends_with("swm")) {
        let size = parted.index.size(file).0;
        assert!(size <= MAX.0);
        let source = BlobSource::open_unchanged(&parted, file.blob).unwrap();
        let mut bytes = vec![0; size as usize];
        // In pieces that begin and end anywhere.
        for start in (0..bytes.len()).step_by(777) {
            let end = bytes.len().min(start + 777);
            source.read_exact(&mut bytes[start..end], start as u64).unwrap();
        }
        fs::write(room.path().join(file.path.rsplit('/').next().unwrap()), bytes).unwrap();
    }
    let reference = format!("--ref={}/install*.swm", text(room.path()));
    wimlib(&["verify", text(&room.path().join("install.swm")), &reference]);
}

#[test]
fn what_was_learnt_of_parts_is_known_when_they_are_planned_again() {
    let room = tempfile::tempdir().unwrap();
    let scan = content(room.path(), &["--compress=none"]);
    let cache = HashCache::open(&room.path().join("cache")).unwrap();
    let first = split_wims(&scan, &[0], MAX, NOWHERE.as_ref(), &cache).unwrap().scan.unwrap();
    let part = |scan: &Scan| scan.index.contents[0].files[1].blob;
    assert_eq!(first.index.blob(part(&first)).digest, None);
    let checksum = crate::checksum::Checksum::of(b"any", crate::checksum::WithSha1::No);
    // As if the file were older than the run.
    let old = crate::stamp::Nanoseconds(1);
    let key = crate::FileStamp { modified: old, changed: old, ..first.sources.key(part(&first)) };
    assert_ne!(key.device, first.sources.stamp(part(&first)).device);
    cache.learn(key, &checksum);
    cache.flush().unwrap();
    assert_eq!(cache.get(&key), Some(checksum.digest));
    let other = split_wims(&scan, &[0], ByteCount(400_000), NOWHERE.as_ref(), &cache)
        .unwrap()
        .scan
        .unwrap();
    assert_ne!(first.sources.key(part(&first)), other.sources.key(part(&other)));
}

#[test]
fn what_cannot_be_parted_is_told_and_stays() {
    let room = tempfile::tempdir().unwrap();
    let scan = content(room.path(), &["--solid"]);
    let found =
        split_wims(&scan, &[0], ByteCount(100), NOWHERE.as_ref(), &HashCache::none()).unwrap();
    assert!(found.scan.is_none() && found.split.is_empty());
    assert_eq!(found.unsplit.len(), 1);
    assert!(found.unsplit[0].reason.contains("solid"), "{:?}", found.unsplit);
}

#[test]
fn without_libwim_a_solid_wim_is_cut_and_the_reason_told() {
    let room = tempfile::tempdir().unwrap();
    let scan = content(room.path(), &["--solid"]);
    let splitter = Splitter {
        scan: &scan,
        max: ByteCount(100),
        staging: NOWHERE.as_ref(),
        cache: &HashCache::none(),
        has_libwim: false,
        result: SplitWims::default(),
    };
    let found = splitter.run(&[0]).unwrap();
    assert!(found.scan.is_none());
    assert!(found.unsplit[0].reason.contains("no libwim"), "{:?}", found.unsplit);
}

#[test]
fn a_part_never_takes_the_place_of_another_file() {
    let room = tempfile::tempdir().unwrap();
    content(room.path(), &["--compress=none"]);
    fs::write(room.path().join("P/sources/INSTALL2.SWM"), "mine").unwrap();
    let contents = [("P".parse().unwrap(), ContentLocation::Path(room.path().join("P")))];
    let scan = crate::scan::run(&contents, &HashCache::none(), &Cancel::new(), &Silent).unwrap();
    let error =
        split_wims(&scan, &[0], MAX, NOWHERE.as_ref(), &HashCache::none()).unwrap_err().to_string();
    assert!(error.contains("sources/install2.swm"), "{error}");
}
