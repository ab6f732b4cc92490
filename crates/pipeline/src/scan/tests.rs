use std::fs::{self, File};
use std::path::Path;

use super::*;
use crate::checksum::{Checksum, WithSha1};
use crate::progress::Silent;

fn scan(root: &Path, ids: &[&str]) -> Result<Scan, Error> {
    let contents: Vec<_> =
        ids.iter().map(|id| (id.parse().unwrap(), ContentLocation::Path(root.join(id)))).collect();
    run(&contents, &HashCache::none(), &Cancel::new(), &Silent)
}

fn write(root: &Path, path: &str, bytes: &[u8]) {
    let path = root.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}

fn blob_of(scan: &Scan, content: &str, path: &str) -> BlobId {
    let content = scan.index.content(&content.parse().unwrap()).unwrap();
    content.files.iter().find(|file| &*file.path == path).unwrap().blob
}

#[test]
fn equal_files_of_different_contents_are_one_blob() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "A/x/one.bin", b"the same bytes");
    write(folder.path(), "A/other.bin", b"another 14 byt");
    write(folder.path(), "B/two.bin", b"the same bytes");
    let scan = scan(folder.path(), &["A", "B"]).unwrap();
    let twin = blob_of(&scan, "A", "x/one.bin");
    assert_eq!(twin, blob_of(&scan, "B", "two.bin"));
    assert_ne!(twin, blob_of(&scan, "A", "other.bin"));
    assert_eq!(scan.sources.path(&scan.index, twin), folder.path().join("A/x/one.bin"));
}

#[test]
fn twins_that_need_not_be_found_stay_apart_and_nothing_is_read() {
    let folder = tempfile::tempdir().unwrap();
    for path in ["A/small1", "A/small2"] {
        write(folder.path(), path, b"the same bytes");
    }
    let contents = [("A".parse().unwrap(), ContentLocation::Path(folder.path().join("A")))];
    let scan = run_without_twins(&contents, &HashCache::none(), &Cancel::new(), &Silent).unwrap();
    assert_ne!(blob_of(&scan, "A", "small1"), blob_of(&scan, "A", "small2"));
    assert!(scan.index.blobs.iter().all(|blob| blob.digest.is_none()));
}

#[test]
fn files_of_one_size_are_told_apart_by_their_bytes_wherever_they_differ() {
    let folder = tempfile::tempdir().unwrap();
    let mut bytes = vec![7; 300_000];
    for (name, at) in [("first", 0), ("middle", 150_000), ("last", 299_999)] {
        bytes[at] = 8;
        write(folder.path(), &format!("A/{name}"), &bytes);
        write(folder.path(), &format!("B/{name}"), &bytes);
        bytes[at] = 7;
    }
    let scan = scan(folder.path(), &["A", "B"]).unwrap();
    assert_eq!(scan.index.blobs.len(), 3);
    for name in ["first", "middle", "last"] {
        assert_eq!(blob_of(&scan, "A", name), blob_of(&scan, "B", name));
    }
}

#[test]
fn many_files_that_differ_only_inside_are_told_apart_too() {
    let folder = tempfile::tempdir().unwrap();
    for number in 0..40u8 {
        let mut bytes = vec![0; 70_000];
        bytes[35_000] = number / 2;
        write(folder.path(), &format!("A/{number:02}"), &bytes);
    }
    let scan = scan(folder.path(), &["A"]).unwrap();
    assert_eq!(scan.index.blobs.len(), 20);
    for number in (0..40).step_by(2) {
        let twin = blob_of(&scan, "A", &format!("{:02}", number + 1));
        assert_eq!(blob_of(&scan, "A", &format!("{number:02}")), twin);
    }
}

#[test]
fn neither_a_lone_file_nor_large_twins_are_hashed_before_they_are_written() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "A/alone.bin", b"nothing else is this long");
    write(folder.path(), "A/twin1.bin", &[7; 70_000]);
    write(folder.path(), "A/twin2.bin", &[7; 70_000]);
    let scan = scan(folder.path(), &["A"]).unwrap();
    assert!(scan.index.blobs.iter().all(|blob| blob.digest.is_none()));
    assert_eq!(scan.index.blobs.len(), 2);
}

#[test]
fn hard_links_and_empty_files_are_one_blob_without_reading() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "A/first", b"linked");
    fs::hard_link(folder.path().join("A/first"), folder.path().join("A/second")).unwrap();
    write(folder.path(), "A/empty1", b"");
    write(folder.path(), "A/empty2", b"");
    let scan = scan(folder.path(), &["A"]).unwrap();
    assert_eq!(blob_of(&scan, "A", "first"), blob_of(&scan, "A", "second"));
    assert_eq!(scan.index.blob(blob_of(&scan, "A", "first")).digest, None);
    assert_eq!(blob_of(&scan, "A", "empty1"), blob_of(&scan, "A", "empty2"));
}

#[test]
fn a_digest_from_an_earlier_run_finds_a_twin_among_new_files() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "A/old", b"bytes");
    let old = FileStamp::of(&fs::metadata(folder.path().join("A/old")).unwrap());
    while old.is_racy_at(crate::stamp::Nanoseconds::now()) {
        std::thread::yield_now();
    }
    let cache_path = folder.path().join("cache");
    let cache = HashCache::open(&cache_path).unwrap();
    cache.learn(old, &Checksum::of(b"bytes", WithSha1::No));
    cache.flush().unwrap();

    write(folder.path(), "A/new", b"bytes");
    let contents = [("A".parse().unwrap(), ContentLocation::Path(folder.path().join("A")))];
    let cache = HashCache::open(&cache_path).unwrap();
    let scan = run(&contents, &cache, &Cancel::new(), &Silent).unwrap();
    assert_eq!(blob_of(&scan, "A", "old"), blob_of(&scan, "A", "new"));
}

#[test]
fn everything_that_cannot_be_used_is_named_at_once() {
    use std::os::unix::ffi::OsStrExt;
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "A/fine", b"x");
    std::os::unix::fs::symlink("nowhere", folder.path().join("A/dangling")).unwrap();
    let bad = std::ffi::OsStr::from_bytes(b"A/\xff");
    fs::write(folder.path().join(bad), b"x").unwrap();
    write(folder.path(), "B/fine", b"x");
    let _socket = std::os::unix::net::UnixListener::bind(folder.path().join("B/socket")).unwrap();

    let Err(Error::Content(problems)) = scan(folder.path(), &["A", "B"]) else {
        panic!("the scan must fail");
    };
    let mut reasons: Vec<&str> = problems.iter().map(|problem| &*problem.reason).collect();
    reasons.sort();
    assert_eq!(
        reasons,
        [
            "is a link to `nowhere`, which is not there; remove it",
            "is neither a file nor a folder; remove it",
            "the name is not UTF-8, so no image can hold it; rename it",
        ]
    );
}

#[test]
fn a_link_to_a_folder_above_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "A/sub/file", b"x");
    std::os::unix::fs::symlink("..", folder.path().join("A/sub/loop")).unwrap();
    let Err(Error::Content(problems)) = scan(folder.path(), &["A"]) else {
        panic!("the scan must fail");
    };
    assert_eq!(problems.len(), 1);
    assert_eq!(problems[0].path, folder.path().join("A/sub/loop"));
}

#[test]
fn a_single_file_is_a_content_under_its_own_name() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "install.wim", b"MSWIM");
    let contents =
        [("W".parse().unwrap(), ContentLocation::Path(folder.path().join("install.wim")))];
    let scan = run(&contents, &HashCache::none(), &Cancel::new(), &Silent).unwrap();
    assert_eq!(&*scan.index.contents[0].files[0].path, "install.wim");
}

#[test]
fn a_digest_that_a_library_states_is_checked_even_where_a_twin_is_read() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "A/file", &[7; 70_000]);
    write(folder.path(), "lib/data", &[7; 70_000]);
    let file = content::LocatedFile {
        path: "file".into(),
        size: 70_000,
        digest: Digest([1; 32]),
        source: folder.path().join("lib/data"),
    };
    let library =
        ContentLocation::Files { files: vec![file], empty_directories: vec!["empty".into()] };
    let contents = [
        ("A".parse().unwrap(), ContentLocation::Path(folder.path().join("A"))),
        ("B".parse().unwrap(), library),
    ];
    let scan = run(&contents, &HashCache::none(), &Cancel::new(), &Silent).unwrap();
    let blob = scan.index.blob(blob_of(&scan, "A", "file"));
    assert_eq!(blob_of(&scan, "A", "file"), blob_of(&scan, "B", "file"));
    assert_eq!((blob.digest, blob.digest_checked), (Some(Digest([1; 32])), false));
}

#[test]
fn the_newest_time_of_a_content_is_that_of_its_own_files() {
    let folder = tempfile::tempdir().unwrap();
    let moments = [("A/old", 1_000), ("A/older", 500), ("B/twin-of-old", 9_000)];
    for (path, seconds) in moments {
        write(folder.path(), path, if path.ends_with("er") { b"other" } else { b"bytes" });
        let time = std::time::UNIX_EPOCH + std::time::Duration::from_secs(seconds);
        File::options()
            .write(true)
            .open(folder.path().join(path))
            .unwrap()
            .set_modified(time)
            .unwrap();
    }
    let alone = scan(folder.path(), &["A"]).unwrap();
    let together = scan(folder.path(), &["B", "A"]).unwrap();
    assert_eq!(alone.newest[0], Some(Nanoseconds(1_000_000_000_000)));
    assert_eq!(together.newest[0], alone.newest[0]);
}
