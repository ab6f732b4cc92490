//! What wimlib writes, read in Rust.

use std::fs;
use std::path::{Path, PathBuf};

use wim::read::{Architecture, BlobPlace, FileSource, ReadError, WimInfo, WimReader, inspect_file};
use wim::{Algorithm, Error};

use crate::support::{Files, bytes, run, sample_files, text, write_files};

/// A folder with files of others' WIMs, gone with the value.
struct Room(tempfile::TempDir);

impl Room {
    fn new(files: &Files) -> Self {
        let room = tempfile::tempdir().unwrap();
        write_files(&room.path().join("source"), files);
        Self(room)
    }

    fn at(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn capture(&self, name: &str, options: &[&str]) -> WimInfo {
        let (source, wim) = (self.at("source"), self.at(name));
        let mut arguments = vec!["capture", text(&source), text(&wim), "the name"];
        arguments.extend(options);
        run("wimlib-imagex", &arguments);
        inspect_file(&wim).unwrap()
    }
}

fn total(files: &Files) -> u64 {
    files.values().map(|bytes| bytes.len() as u64).sum()
}

#[test]
fn every_compression_and_what_is_solid_is_told() {
    let files = sample_files();
    let room = Room::new(&files);
    let unique: std::collections::BTreeSet<&Vec<u8>> =
        files.values().filter(|bytes| !bytes.is_empty()).collect();
    let kinds: [(&str, &[&str], Algorithm, u32); 6] = [
        ("none", &["--compress=none"], Algorithm::None, 0x10d00),
        ("xpress", &["--compress=xpress"], Algorithm::Xpress, 0x10d00),
        ("lzx", &["--compress=lzx"], Algorithm::Lzx, 0x10d00),
        ("lzms", &["--compress=lzms"], Algorithm::Lzms, 0xe00),
        ("solid", &["--solid", "--compress=lzms"], Algorithm::Lzms, 0xe00),
        ("chunks", &["--compress=xpress", "--chunk-size=4096"], Algorithm::Xpress, 0x10d00),
    ];
    for (name, options, algorithm, version) in kinds {
        let info = room.capture(name, options);
        assert_eq!(info.header.algorithm(), Some(algorithm), "{name}");
        assert_eq!(info.header.version, version, "{name}");
        assert_eq!(info.statistics.is_solid(), name == "solid");
        assert_eq!(info.statistics.blobs, unique.len() as u64);
        assert_eq!(info.statistics.referenced_bytes, total(&files));
        let unique_bytes: usize = unique.iter().map(|bytes| bytes.len()).sum();
        assert_eq!(info.statistics.blob_bytes, unique_bytes as u64);
        assert_eq!(info.statistics.shared_bytes(), total(&files) - unique_bytes as u64);
        let stored = info.statistics.stored_bytes;
        assert_eq!(stored < info.statistics.blob_bytes, name != "none", "{name}: {stored}");
        assert!(!info.header.has_integrity_table());
        let image = &info.images[0];
        assert_eq!(image.name.as_deref(), Some("the name"));
        assert_eq!(
            (image.files, image.total_bytes),
            (Some(files.len() as u64), Some(total(&files)))
        );
        assert_eq!(image.hard_link_bytes, Some(0));
    }
}

#[test]
fn bytes_of_blobs_are_read_and_must_have_their_digest() {
    let files = sample_files();
    let room = Room::new(&files);
    let contents: std::collections::BTreeSet<&Vec<u8>> =
        files.values().filter(|bytes| !bytes.is_empty()).collect();
    for (name, option) in [("none", "--compress=none"), ("lzx", "--compress=lzx")] {
        room.capture(name, &[option]);
        let wim = fs::read(room.at(name)).unwrap();
        let reader = WimReader::open(&wim).unwrap();
        for blob in reader.blobs().unwrap().blobs() {
            let compressed = matches!(blob.place, BlobPlace::Compressed { .. });
            let read = reader.read_blob(blob, 1 << 30);
            if compressed && !cfg!(feature = "libwim") {
                assert!(matches!(read, Err(ReadError::Unsupported { .. })), "{read:?}");
                continue;
            }
            assert!(contents.contains(&read.unwrap()), "{name}");
            let short = reader.read_blob(blob, blob.len - 1);
            assert!(matches!(short, Err(ReadError::Limit { .. })), "{short:?}");
            let (BlobPlace::Plain { offset } | BlobPlace::Compressed { offset, .. }) = blob.place
            else {
                panic!("{blob:?}")
            };
            let mut changed = wim.clone();
            changed[offset as usize] ^= 1;
            let damaged = WimReader::open(&changed).unwrap().read_blob(blob, 1 << 30);
            assert!(matches!(damaged, Err(ReadError::Malformed { .. })), "{damaged:?}");
        }
    }
    room.capture("solid", &["--solid"]);
    let wim = fs::read(room.at("solid")).unwrap();
    let reader = WimReader::open(&wim).unwrap();
    let read = reader.read_blob(&reader.blobs().unwrap().blobs()[0], 1 << 30);
    assert!(matches!(read, Err(ReadError::Unsupported { .. })), "{read:?}");
}

#[test]
fn images_flags_and_tables_are_told() {
    let room = Room::new(&Files::from([("a".to_owned(), bytes(1, 1_000))]));
    fs::hard_link(room.at("source/a"), room.at("source/b")).unwrap();
    let one = room.capture("a.wim", &["the description", "--check"]);
    assert!(one.header.has_integrity_table());
    assert_eq!(one.images[0].description.as_deref(), Some("the description"));
    assert_eq!(one.images[0].hard_link_bytes, Some(1_000));

    let (source, wim) = (room.at("source"), room.at("a.wim"));
    run("wimlib-imagex", &["append", text(&source), text(&wim), "second", "--boot"]);
    let property = |name: &str, value: &str| {
        let property = format!("--image-property={name}={value}");
        run("wimlib-imagex", &["info", text(&wim), "2", &property]);
    };
    property("WINDOWS/ARCH", "9");
    property("WINDOWS/EDITIONID", "WindowsPE");
    property("WINDOWS/VERSION/MAJOR", "10");
    property("WINDOWS/VERSION/MINOR", "0");
    property("WINDOWS/VERSION/BUILD", "26100");
    let two = inspect_file(&wim).unwrap();
    assert_eq!((two.header.image_count, two.header.boot_index), (2, 2));
    assert_ne!(two.header.boot_metadata.offset, 0);
    assert_eq!(two.images[0], one.images[0]);
    let windows = two.images[1].windows.as_ref().unwrap();
    assert_eq!(windows.architecture, Some(Architecture::X64));
    assert_eq!(windows.edition.as_deref(), Some("WindowsPE"));
    assert_eq!(windows.version.as_deref(), Some("10.0.26100"));
    assert_eq!(two.statistics.references, 4, "each name in each image is a reference");
}

#[test]
fn the_integrity_table_is_compared() {
    use std::ops::ControlFlow;

    let files = Files::from([("a".to_owned(), bytes(1, 1_000_000))]);
    let room = Room::new(&files);
    room.capture("a.wim", &["--check", "--compress=none"]);
    let mut wim = fs::read(room.at("a.wim")).unwrap();
    let check = |wim: &Vec<u8>| {
        let reader = WimReader::open(wim).unwrap();
        reader.check_integrity(&mut |_, _| ControlFlow::Continue(()))
    };
    assert!(check(&wim).unwrap());
    wim[500_000] ^= 1;
    assert!(check(&wim).is_err());
    room.capture("b.wim", &["--compress=none"]);
    assert!(!check(&fs::read(room.at("b.wim")).unwrap()).unwrap(), "there is no table");
}

#[test]
fn the_tree_of_an_uncompressed_image_is_what_was_captured() {
    let files = sample_files();
    let room = Room::new(&files);
    room.capture("a.wim", &["--compress=none"]);
    let file = FileSource::open(&room.at("a.wim")).unwrap();
    let reader = WimReader::open(&file).unwrap();
    let blobs = reader.blobs().unwrap();
    let mut found = Vec::new();
    for entry in reader.tree(1).unwrap().entries().unwrap().iter().filter(|e| e.is_file()) {
        let len = entry.sha1.map_or(0, |sha1| blobs.get(sha1).unwrap().len);
        found.push((entry.path.clone(), len));
    }
    found.sort();
    let expected: Vec<(String, u64)> =
        files.iter().map(|(path, bytes)| (path.clone(), bytes.len() as u64)).collect();
    assert_eq!(found, expected);
}

#[cfg(not(feature = "libwim"))]
#[test]
fn without_libwim_compressed_metadata_is_refused_with_the_reason() {
    let room = Room::new(&sample_files());
    room.capture("a.wim", &["--compress=lzx"]);
    let file = FileSource::open(&room.at("a.wim")).unwrap();
    let error = WimReader::open(&file).unwrap().tree(1).map(drop).unwrap_err();
    assert!(error.to_string().contains("this build has no libwim"), "{error}");
}

#[test]
fn a_file_is_named_in_errors() {
    let error = inspect_file(Path::new("/no/such.wim")).unwrap_err();
    assert!(matches!(error, Error::Io { .. }));
    assert_eq!(error.to_string(), "cannot open `/no/such.wim`");
}
