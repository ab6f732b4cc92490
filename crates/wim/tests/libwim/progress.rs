//! What is told on the way, and how a run is stopped.

use std::fs;
use std::ops::ControlFlow;
use std::path::Path;

use image::ByteCount;
use wim::libwim::{Compression, Progress, UnixOptions, Wim, WriteOptions, silent, split};
use wim::{Algorithm, Error};

use crate::support::{Files, bytes, write_files};
use crate::{capture, fixed, named, unsynced, whole};

const LEN: usize = 3_000_000;

fn make_source(room: &Path) -> u64 {
    let mut files = Files::new();
    for number in 0..8 {
        files.insert(format!("folder/{number}"), bytes(number, LEN));
    }
    write_files(&room.join("source"), &files);
    files.values().map(|bytes| bytes.len() as u64).sum()
}

/// The names in a folder besides the source.
fn left(room: &Path) -> Vec<String> {
    let names = fs::read_dir(room).unwrap();
    let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name != "source").collect()
}

#[test]
fn progress_grows_to_what_there_is_to_do() {
    let room = tempfile::tempdir().unwrap();
    let total = make_source(room.path());
    let mut told = Vec::new();
    let mut observe = |progress| {
        told.push(progress);
        ControlFlow::Continue(())
    };
    let compression = Compression::new(Algorithm::Xpress);
    let options = WriteOptions { integrity: true, ..unsynced(compression) };
    let mut wim = Wim::create(&compression).unwrap();
    let unix = UnixOptions::default();
    let path = room.path().join("a.wim");
    wim.capture(&whole(&room.path().join("source")), &named("one"), &unix, &mut observe).unwrap();
    wim.write(&path, &options, &mut observe).unwrap();
    let mut wim = Wim::open(&path).unwrap();
    wim.apply(1, &room.path().join("applied"), &unix, &mut observe).unwrap();
    wim.verify(&mut observe).unwrap();

    let scanned = told.iter().rev().find_map(|progress| match progress {
        Progress::Scan { directories, files, bytes } => Some((*directories, *files, *bytes)),
        _ => None,
    });
    assert_eq!(scanned, Some((2, 8, total)));
    let of = |pick: fn(&Progress) -> Option<(u64, u64)>| -> Vec<(u64, u64)> {
        told.iter().filter_map(pick).collect()
    };
    let kinds = [
        of(|progress| match progress {
            Progress::Write { done, total, .. } => Some((*done, *total)),
            _ => None,
        }),
        of(|progress| match progress {
            Progress::Apply { done, total } => Some((*done, *total)),
            _ => None,
        }),
        of(|progress| match progress {
            Progress::Verify { done, total } => Some((*done, *total)),
            _ => None,
        }),
    ];
    for kind in kinds {
        assert!(kind.len() > 3, "{kind:?}");
        assert!(kind.is_sorted_by_key(|(done, _)| *done), "{kind:?}");
        assert_eq!(kind.last(), Some(&(total, total)));
    }
    assert!(told.iter().any(|progress| matches!(progress, Progress::Integrity { .. })));
}

/// Stops at the `n`th message that `stop` picks.
fn stopper(stop: fn(&Progress) -> bool, n: usize) -> impl FnMut(Progress) -> ControlFlow<()> {
    let mut seen = 0;
    move |progress| {
        seen += usize::from(stop(&progress));
        if seen >= n { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}

fn is_cancelled(result: Result<(), Error>) {
    let error = result.unwrap_err();
    assert!(matches!(error, Error::Cancelled), "{error}");
}

#[test]
fn a_run_that_is_stopped_leaves_no_file_and_what_was_there_as_it_was() {
    let room = tempfile::tempdir().unwrap();
    make_source(room.path());
    let source = room.path().join("source");
    let compression = Compression::new(Algorithm::Lzx);
    let unix = UnixOptions::default();
    let mut wim = Wim::create(&compression).unwrap();
    let is_scan = |progress: &Progress| matches!(progress, Progress::Scan { .. });
    let stopped = wim.capture(&whole(&source), &named("one"), &unix, &mut stopper(is_scan, 4));
    is_cancelled(stopped.map(drop));
    assert_eq!(wim.image_count(), 0);

    wim.capture(&whole(&source), &named("one"), &unix, &mut silent).unwrap();
    let path = room.path().join("a.wim");
    let options = WriteOptions { integrity: true, fixed: Some(fixed()), ..unsynced(compression) };
    let is_write = |progress: &Progress| matches!(progress, Progress::Write { .. });
    let is_integrity = |progress: &Progress| matches!(progress, Progress::Integrity { .. });
    is_cancelled(wim.write(&path, &options, &mut stopper(is_write, 3)));
    assert_eq!(left(room.path()), [""; 0]);
    is_cancelled(wim.write(&path, &options, &mut stopper(is_integrity, 1)));
    assert_eq!(left(room.path()), [""; 0]);

    fs::write(&path, b"what was there").unwrap();
    is_cancelled(wim.write(&path, &options, &mut stopper(is_write, 3)));
    assert_eq!(left(room.path()), ["a.wim"]);
    assert_eq!(fs::read(&path).unwrap(), b"what was there");

    // The same WIM can be written after all.
    wim.write(&path, &options, &mut silent).unwrap();
    Wim::open(&path).unwrap().verify(&mut silent).unwrap();
}

#[test]
fn splitting_verifying_and_applying_can_be_stopped() {
    let room = tempfile::tempdir().unwrap();
    make_source(room.path());
    let path = room.path().join("a.wim");
    let options = unsynced(Compression::new(Algorithm::Xpress));
    capture(&[("one", &room.path().join("source"))], &path, &options);
    let is_second = |progress: &Progress| matches!(progress, Progress::Part { part: 2, .. });
    let target = room.path().join("a.swm");
    let stopped = split(&path, &target, ByteCount(5_000_000), None, &mut stopper(is_second, 1));
    is_cancelled(stopped.map(drop));
    assert_eq!(left(room.path()), ["a.wim"]);

    let mut wim = Wim::open(&path).unwrap();
    let is_verify = |progress: &Progress| matches!(progress, Progress::Verify { .. });
    is_cancelled(wim.verify(&mut stopper(is_verify, 2)));
    let is_apply = |progress: &Progress| matches!(progress, Progress::Apply { .. });
    let (folder, unix) = (room.path().join("applied"), UnixOptions::default());
    is_cancelled(wim.apply(1, &folder, &unix, &mut stopper(is_apply, 3)));
    wim.apply(1, &folder, &unix, &mut silent).unwrap();
}

#[test]
#[should_panic(expected = "whoever is told has a mistake")]
fn a_panic_of_whoever_is_told_comes_through() {
    let room = tempfile::tempdir().unwrap();
    make_source(room.path());
    let mut wim = Wim::create(&Compression::new(Algorithm::None)).unwrap();
    let source = whole(&room.path().join("source"));
    let mut observe = |_| panic!("whoever is told has a mistake");
    let _ = wim.capture(&source, &named("one"), &UnixOptions::default(), &mut observe);
}
