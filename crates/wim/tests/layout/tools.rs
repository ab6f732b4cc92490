//! Planned WIMs as wimlib-imagex and 7-Zip read them.

use std::fs;
use std::path::Path;

use crate::support::{
    Files, Planned, assert_same, bytes, options, read_files, run, sample_files, text, verify,
};

/// wimlib-imagex finds every byte right and both agree on every path.
fn check_wimlib(wim: &Path, image: u32, room: &Path, expected: &Files) {
    verify(wim);
    let number = image.to_string();
    let listed = run("wimlib-imagex", &["dir", text(wim), &number]);
    for path in expected.keys() {
        assert!(listed.lines().any(|line| line == format!("/{path}")), "{path} in\n{listed}");
    }
    let target = room.join(format!("applied {image}"));
    run("wimlib-imagex", &["apply", text(wim), &number, text(&target)]);
    assert_same(&read_files(&target), expected);
    assert!(target.join("empty folder").is_dir());
}

#[test]
fn wimlib_and_7_zip_read_a_planned_wim() {
    let (one, mut two) = (sample_files(), sample_files());
    two.insert("only in two".to_owned(), bytes(99, 12_345));
    let room = tempfile::tempdir().unwrap();
    let wim = room.path().join("planned.wim");
    Planned::new(&[("one", &one), ("two", &two)], &options()).write(&wim);

    check_wimlib(&wim, 1, room.path(), &one);
    check_wimlib(&wim, 2, room.path(), &two);
    let info = run("wimlib-imagex", &["info", text(&wim)]);
    assert!(info.contains("Boot Index:     1"), "{info}");
    assert!(info.contains("Compression:    None"), "{info}");

    let said = run("7z", &["t", text(&wim)]);
    assert!(said.contains("Everything is Ok"), "{said}");
    assert!(!said.to_lowercase().contains("warning"), "{said}");
    run("7z", &["l", text(&wim)]);
    let target = room.path().join("by 7z");
    run("7z", &["x", "-y", &format!("-o{}", text(&target)), text(&wim)]);
    assert_same(&read_files(&target.join("1")), &one);
    assert_same(&read_files(&target.join("2")), &two);
}

#[test]
fn wimlib_appends_to_splits_and_exports_a_planned_wim() {
    let files = sample_files();
    let room = tempfile::tempdir().unwrap();
    let at = |name: &str| room.path().join(name);
    let wim = at("planned.wim");
    Planned::new(&[("one", &files)], &options()).write(&wim);

    let source = at("source");
    let more = Files::from([("new".to_owned(), bytes(5, 50_000))]);
    crate::support::write_files(&source, &more);
    run("wimlib-imagex", &["append", text(&source), text(&wim), "appended"]);
    check_wimlib(&wim, 1, room.path(), &files);

    run("wimlib-imagex", &["split", text(&wim), text(&at("part.swm")), "0.3"]);
    let (joined, parts) = (at("joined.wim"), ["part.swm", "part2.swm", "part3.swm"].map(at));
    let mut arguments = vec!["join", text(&joined)];
    arguments.extend(parts.iter().map(|part| text(part)));
    run("wimlib-imagex", &arguments);
    let target = at("exported.wim");
    run("wimlib-imagex", &["export", text(&joined), "1", text(&target), "--compress=LZX"]);
    fs::remove_dir_all(at("applied 1")).unwrap();
    check_wimlib(&target, 1, room.path(), &files);
}

#[test]
fn an_image_without_files_is_read_too() {
    let room = tempfile::tempdir().unwrap();
    let wim = room.path().join("planned.wim");
    Planned::new(&[("none", &Files::new())], &options()).write(&wim);
    check_wimlib(&wim, 1, room.path(), &Files::new());
}

#[test]
fn blobs_over_four_gigabytes_are_told() {
    use image::{ByteCount, FileData, FileTree};
    use wim::layout;

    use crate::support::{Blob, planned};

    // Zeros, so that the file has a hole where the blob lies.
    const LEN: u64 = (4 << 30) + 4097;
    let mut tree = FileTree::new();
    tree.add_file("large", FileData::blob(Blob::Content(0), ByteCount(LEN))).unwrap();
    tree.add_file("small", FileData::Bytes(b"small".as_slice().into())).unwrap();
    let layout = layout(vec![planned("large", tree.validate().unwrap())], &options()).unwrap();
    let room = tempfile::tempdir().unwrap();
    let wim = room.path().join("large.wim");
    let digest = zeros_digest(LEN);
    write_sparse(&layout.finished_image(&layout.digests(|_, _, _| digest)), &wim);
    verify(&wim);
}

fn zeros_digest(len: u64) -> wim::Sha1 {
    use sha1::Digest as _;
    let mut hash = sha1::Sha1::new();
    let block = vec![0; 1 << 20];
    let mut left = len;
    while left > 0 {
        let count = left.min(block.len() as u64);
        hash.update(&block[..count as usize]);
        left -= count;
    }
    wim::Sha1(hash.finalize().into())
}

/// Writes bytes and leaves holes for everything else.
fn write_sparse(image: &image::Image<crate::support::Blob>, path: &Path) {
    use std::os::unix::fs::FileExt;
    let file = fs::File::create(path).unwrap();
    file.set_len(image.len().0).unwrap();
    for extent in image.extents() {
        if let image::Source::Bytes(bytes) = &extent.source {
            file.write_all_at(bytes, extent.start.0).unwrap();
        }
    }
}
