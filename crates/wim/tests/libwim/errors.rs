//! What goes wrong is said with the file and what was wrong.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use wim::libwim::{CaptureSource, Compression, UnixOptions, Wim, silent};
use wim::read::{ReadError, inspect_file};
use wim::{Algorithm, Error};

use crate::support::{Files, bytes, run, sample_files, text, write_files};
use crate::{capture, named, unsynced, whole};

fn open_error(path: &Path) -> Error {
    Wim::open(path).map(drop).unwrap_err()
}

fn capture_error(sources: &[CaptureSource]) -> Error {
    let mut wim = Wim::create(&Compression::new(Algorithm::Lzx)).unwrap();
    let unix = UnixOptions::default();
    let error = wim.capture(sources, &named("one"), &unix, &mut silent).unwrap_err();
    assert_eq!(wim.image_count(), 0);
    error
}

struct Sample {
    room: tempfile::TempDir,
    wim: PathBuf,
}

impl Sample {
    fn new() -> Self {
        let room = tempfile::tempdir().unwrap();
        write_files(&room.path().join("source"), &sample_files());
        let wim = room.path().join("a.wim");
        let options = unsynced(Compression::new(Algorithm::Lzx));
        capture(&[("one", &room.path().join("source"))], &wim, &options);
        Self { room, wim }
    }

    fn at(&self, name: &str) -> PathBuf {
        self.room.path().join(name)
    }

    fn with(&self, change: impl FnOnce(&mut Vec<u8>)) -> PathBuf {
        let mut wim = fs::read(&self.wim).unwrap();
        change(&mut wim);
        let path = self.at("changed.wim");
        fs::write(&path, wim).unwrap();
        path
    }
}

#[test]
fn files_that_are_no_wim_are_told_apart() {
    let sample = Sample::new();
    let missing = open_error(&sample.at("missing.wim"));
    assert!(matches!(missing, Error::Io { verb: "open", .. }), "{missing}");
    let folder = open_error(&sample.at("source"));
    assert!(matches!(folder, Error::Io { verb: "read", .. }), "{folder}");
    fs::write(sample.at("text"), "text ".repeat(100)).unwrap();
    let source = |error| match error {
        Error::Read { source, path } => {
            assert!(path.starts_with(sample.room.path()));
            source
        }
        error => panic!("{error}"),
    };
    assert!(matches!(source(open_error(&sample.at("text"))), ReadError::NotWim { .. }));
    fs::write(sample.at("empty"), "").unwrap();
    assert!(matches!(source(open_error(&sample.at("empty"))), ReadError::NotWim { .. }));
    let cut = sample.with(|wim| wim.truncate(wim.len() / 2));
    assert!(matches!(source(open_error(&cut)), ReadError::Truncated { .. }));
    let unfinished = sample.with(|wim| wim[16] |= 0x40);
    assert!(matches!(source(open_error(&unfinished)), ReadError::Unfinished));
    let piped = sample.at("piped.wim");
    let from = sample.at("source");
    run("wimlib-imagex", &["capture", text(&from), text(&piped), "--pipable"]);
    assert!(matches!(source(open_error(&piped)), ReadError::Unsupported { .. }));
}

#[test]
fn damaged_file_data_is_found_by_verify_apply_and_export() {
    let sample = Sample::new();
    // Behind the header blobs begin; the middle of the first one is none of its ends.
    let damaged = sample.with(|wim| wim[1000..1010].iter_mut().for_each(|byte| *byte ^= 0xff));
    let is_damage = |error: Error| {
        assert!(matches!(error, Error::Damaged { .. }), "{error}");
        let message = error.to_string();
        assert!(message.contains("is damaged"), "{message}");
    };
    is_damage(Wim::open(&damaged).unwrap().verify(&mut silent).unwrap_err());
    let unix = UnixOptions::default();
    let mut wim = Wim::open(&damaged).unwrap();
    is_damage(wim.apply(1, &sample.at("applied"), &unix, &mut silent).unwrap_err());
    let target = sample.at("exported.wim");
    let none = Compression::new(Algorithm::None);
    let mut exported = Wim::create(&none).unwrap();
    wim.export(1, &mut exported, None).unwrap();
    is_damage(exported.write(&target, &unsynced(none), &mut silent).unwrap_err());
    assert!(!target.exists());
}

#[test]
fn damaged_metadata_is_found() {
    let sample = Sample::new();
    let offset = {
        let wim = fs::read(&sample.wim).unwrap();
        let reader = wim::read::WimReader::open(&wim).unwrap();
        reader.header().blob_table.offset as usize
    };
    // The metadata ends where the blob table begins.
    let damaged = sample.with(|wim| wim[offset - 100] ^= 0xff);
    let error = Wim::open(&damaged).unwrap().verify(&mut silent).unwrap_err();
    assert!(matches!(error, Error::Damaged { .. }), "{error}");
    let bytes = fs::read(&damaged).unwrap();
    let reader = wim::read::WimReader::open(&bytes).unwrap();
    let error = reader.tree(1).map(drop).unwrap_err();
    assert!(matches!(error, ReadError::Malformed { .. }), "{error}");
}

#[test]
fn an_image_that_is_not_there_is_told_with_those_that_are() {
    let sample = Sample::new();
    let mut wim = Wim::open(&sample.wim).unwrap();
    let unix = UnixOptions::default();
    let error = wim.apply(2, &sample.at("applied"), &unix, &mut silent).unwrap_err();
    assert!(matches!(error, Error::NoSuchImage { index: 2, count: 1, .. }), "{error}");
    assert!(error.to_string().ends_with("a.wim`; the WIM holds 1"), "{error}");
    let mut other = Wim::create(&Compression::new(Algorithm::Lzx)).unwrap();
    assert!(matches!(wim.export(0, &mut other, None), Err(Error::NoSuchImage { .. })));
    assert!(matches!(wim.set_boot_index(2), Err(Error::NoSuchImage { .. })));
    let error = other.export(1, &mut wim, None).unwrap_err();
    assert!(error.to_string().ends_with("the WIM holds none"), "{error}");
}

#[test]
fn the_source_that_is_in_the_way_is_named() {
    let sample = Sample::new();
    let source = |name: &str, target: &str| CaptureSource {
        source: sample.at(name),
        target: target.to_owned(),
    };
    let library = |error: Error| match error {
        Error::Library { path, code, source, .. } => (path, code, source),
        error => panic!("{error}"),
    };
    let missing = capture_error(&[source("missing", "")]);
    let Error::Io { verb: "find", path, source: host } = missing else { panic!("{missing}") };
    assert_eq!((path, host.kind()), (sample.at("missing"), std::io::ErrorKind::NotFound));

    run("mkfifo", &[text(&sample.at("source/pipe"))]);
    let (path, code, _) = library(capture_error(&[source("source", "")]));
    assert_eq!((path, code), (sample.at("source/pipe"), 69));
    fs::remove_file(sample.at("source/pipe")).unwrap();

    let no_text = sample.at("source").join(OsStr::from_bytes(b"\xff"));
    fs::write(&no_text, b"x").unwrap();
    let (path, code, _) = library(capture_error(&[source("source", "")]));
    assert_eq!((path, code), (no_text.clone(), 31));
    fs::remove_file(no_text).unwrap();

    // Two files in one place.
    let twice = [source("source", ""), source("source/one", "BOOTMGR")];
    assert_eq!(library(capture_error(&twice)).1, 23);
    let zero = CaptureSource { source: sample.at("source"), target: "a\0b".to_owned() };
    assert!(matches!(capture_error(&[zero]), Error::Text { .. }));
}

#[test]
fn a_file_that_goes_or_shrinks_before_it_is_read_is_an_error() {
    let room = tempfile::tempdir().unwrap();
    let at = |name: &str| room.path().join(name);
    let write = |change: &dyn Fn()| {
        write_files(&at("source"), &Files::from([("a".to_owned(), bytes(1, 100_000))]));
        let compression = Compression::new(Algorithm::Lzx);
        let mut wim = Wim::create(&compression).unwrap();
        let unix = UnixOptions::default();
        wim.capture(&whole(&at("source")), &named("one"), &unix, &mut silent).unwrap();
        change();
        let error = wim.write(&at("a.wim"), &unsynced(compression), &mut silent).unwrap_err();
        let left: Vec<_> = fs::read_dir(room.path()).unwrap().collect();
        assert_eq!(left.len(), 1, "only the source is left");
        error
    };
    let gone = write(&|| fs::remove_file(at("source/a")).unwrap());
    assert!(matches!(gone, Error::Library { source: Some(_), .. }), "{gone}");
    let shrunk = write(&|| fs::write(at("source/a"), b"short").unwrap());
    assert!(matches!(shrunk, Error::Library { .. } | Error::Damaged { .. }), "{shrunk}");
}

#[test]
fn a_target_that_cannot_be_written_is_named() {
    let sample = Sample::new();
    let options = unsynced(Compression::new(Algorithm::Lzx));
    let mut wim = Wim::open(&sample.wim).unwrap();
    for target in [sample.at("no folder/a.wim"), sample.at("a.wim/b.wim"), "/proc/a.wim".into()] {
        let error = wim.write(&target, &options, &mut silent).unwrap_err();
        let Error::Io { verb: "create", path, .. } = &error else { panic!("{error}") };
        assert_eq!(*path, target);
    }
    // A folder in the place of the file.
    let error = wim.write(&sample.at("source"), &options, &mut silent).unwrap_err();
    assert!(matches!(error, Error::Io { verb: "create", .. }), "{error}");
    let unix = UnixOptions::default();
    let error = wim.apply(1, &sample.at("a.wim"), &unix, &mut silent).unwrap_err();
    assert!(matches!(error, Error::Library { .. }), "{error}");
    assert!(inspect_file(&sample.wim).is_ok());
}

#[test]
fn no_compression_that_there_is_not() {
    let sample = Sample::new();
    let mut wim = Wim::open(&sample.wim).unwrap();
    let chunk = Some(image::ByteCount(12_345));
    let options = unsynced(Compression { chunk, ..Compression::new(Algorithm::Lzx) });
    let target = sample.at("b.wim");
    let error = wim.write(&target, &options, &mut silent).unwrap_err();
    assert!(matches!(error, Error::Library { code: 15, .. }), "{error}");
    assert!(!target.exists());
}
