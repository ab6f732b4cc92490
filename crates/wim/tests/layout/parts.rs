//! Planned parts of WIMs that other programs wrote, as other programs read them.

use std::fs;
use std::path::{Path, PathBuf};

use wim::read::{ReadError, WimReader, inspect_file};
use wim::{PartError, PartPiece, PlannedPart, plan_parts};

use image::{ByteCount, Source};
use wim::{LatePart, LayoutError};

use crate::support::{
    Blob, Files, Planned, assert_same, bytes, options, read_files, run, sample_files, text, verify,
    write_files,
};

/// A WIM of two images by wimlib.
fn sample(room: &Path, options: &[&str]) -> (PathBuf, [Files; 2]) {
    let wim = room.join("install.wim");
    let all = ["one", "two"].map(|name| {
        let mut files = sample_files();
        for number in 0..6 {
            files.insert(format!("large/{name} {number}"), bytes(100 + number, 90_000));
        }
        files.insert(name.to_owned(), bytes(name.len() as u64, 70_000));
        let source = room.join(name);
        write_files(&source, &files);
        let verb = if name == "one" { "capture" } else { "append" };
        let mut words = vec![verb, text(&source), text(&wim), name];
        words.extend(options.iter().filter(|_| name == "one"));
        run("wimlib-imagex", &words);
        files
    });
    (wim, all)
}

/// Writes parts as `install.swm`, `install2.swm` and so on.
fn write(parts: &[PlannedPart], wim: &Path, folder: &Path) {
    fs::create_dir(folder).unwrap();
    let source = fs::read(wim).unwrap();
    for (number, part) in (1..).zip(parts) {
        let mut bytes = Vec::new();
        for piece in &part.pieces {
            match piece {
                PartPiece::Bytes(own) => bytes.extend_from_slice(own),
                PartPiece::Zeros(len) => bytes.resize(bytes.len() + *len as usize, 0),
                PartPiece::Source { offset, len } => {
                    assert_eq!(bytes.len() as u64 % 4096, offset % 4096, "blocks can be shared");
                    bytes.extend_from_slice(&source[*offset as usize..(offset + len) as usize]);
                }
            }
        }
        assert_eq!(bytes.len() as u64, part.len);
        let number = if number == 1 { String::new() } else { number.to_string() };
        fs::write(folder.join(format!("install{number}.swm")), bytes).unwrap();
    }
}

#[test]
fn wimlib_reads_joins_and_applies_planned_parts() {
    for options in [&["--compress=LZX"][..], &["--compress=none", "--boot"], &["--check"]] {
        for max in [330_000, 500_000, 10_000_000] {
            let room = tempfile::tempdir().unwrap();
            let (wim, files) = sample(room.path(), options);
            let parts = plan_parts(&&fs::read(&wim).unwrap()[..], max).unwrap();
            assert!(parts.iter().all(|part| part.len <= max));
            assert_eq!(parts.len() > 1, max < 1_000_000, "{options:?} {max}");
            let folder = room.path().join("parts");
            write(&parts, &wim, &folder);
            let first = folder.join("install.swm");
            let others = format!("--ref={}/install*.swm", text(&folder));

            let said = run("wimlib-imagex", &["verify", text(&first), &others]);
            assert!(said.contains("successfully verified"), "{said}");
            let joined = room.path().join("joined.wim");
            let mut words = vec!["join".to_owned(), text(&joined).to_owned()];
            words.extend((1..=parts.len()).map(|number| {
                let number = if number == 1 { String::new() } else { number.to_string() };
                text(&folder.join(format!("install{number}.swm"))).to_owned()
            }));
            run("wimlib-imagex", &words.iter().map(String::as_str).collect::<Vec<_>>());
            verify(&joined);
            assert_eq!(
                inspect_file(&joined).unwrap().header.boot_index,
                inspect_file(&wim).unwrap().header.boot_index
            );
            for (number, files) in ["1", "2"].iter().zip(&files) {
                let target = room.path().join(format!("applied {number}"));
                run("wimlib-imagex", &["apply", text(&first), number, text(&target), &others]);
                assert_same(&read_files(&target), files);
            }
        }
    }
}

#[test]
fn a_planned_wim_can_be_parted_without_moving_its_blobs_within_blocks() {
    let files = sample_files();
    let room = tempfile::tempdir().unwrap();
    let wim = room.path().join("planned.wim");
    Planned::new(&[("one", &files)], &options()).write(&wim);
    let bytes = fs::read(&wim).unwrap();
    let parts = plan_parts(&&bytes[..], bytes.len() as u64 / 2).unwrap();
    write(&parts, &wim, &room.path().join("parts"));
    assert!(parts.len() > 1);
    let runs = |part: &PlannedPart| {
        part.pieces.iter().filter(|piece| matches!(piece, PartPiece::Source { .. })).count()
    };
    assert!(parts.iter().map(runs).sum::<usize>() <= parts.len() + 2, "runs, not blobs: {parts:?}");
}

#[test]
fn what_cannot_be_parted_is_told() {
    let room = tempfile::tempdir().unwrap();
    let (wim, _) = sample(room.path(), &["--compress=none"]);
    let bytes = fs::read(&wim).unwrap();
    let error = plan_parts(&&bytes[..], 80_000).unwrap_err();
    assert!(matches!(error, PartError::TooSmall { len, max: 80_000, .. } if len >= 80_000));
    assert!(matches!(plan_parts(&&bytes[..], 0).unwrap_err(), PartError::TooSmall { .. }));

    let parts = plan_parts(&&bytes[..], 330_000).unwrap();
    let folder = room.path().join("parts");
    write(&parts, &wim, &folder);
    let second = fs::read(folder.join("install2.swm")).unwrap();
    let error = plan_parts(&&second[..], 330_000).unwrap_err();
    assert!(matches!(error, PartError::Split { part: 2, .. }), "{error}");
    let tree = WimReader::open(&&second[..]).unwrap().tree(1);
    assert!(matches!(tree, Err(ReadError::NotFirstPart { part: 2, .. })));

    let room = tempfile::tempdir().unwrap();
    let (solid, _) = sample(room.path(), &["--solid"]);
    let error = plan_parts(&&fs::read(&solid).unwrap()[..], 300_000).unwrap_err();
    assert!(matches!(error, PartError::Solid), "{error}");
}

/// Writes a planned WIM in parts of at most `max` bytes; equal blobs of different names included.
fn write_planned(planned: &Planned, max: u64, folder: &Path) -> usize {
    fs::create_dir(folder).unwrap();
    let layout = planned.layout.clone().parted(ByteCount(max)).unwrap();
    let late = layout.encode_late(&planned.digests());
    for (part, late) in late.iter().enumerate() {
        let image = layout.image(part, Blob::Late);
        assert_eq!(image.len(), layout.len(part));
        assert!(image.len().0 <= max);
        let mut bytes = Vec::new();
        for extent in image.extents() {
            match &extent.source {
                Source::Bytes(own) => bytes.extend_from_slice(own),
                Source::Zeros => bytes.resize(extent.end().0 as usize, 0),
                Source::Blob { blob: Blob::Late(LatePart::Header), .. } => {
                    bytes.extend_from_slice(&late.header);
                }
                Source::Blob { blob: Blob::Late(LatePart::Tables), .. } => {
                    bytes.extend_from_slice(&late.tables);
                }
                Source::Blob { blob: Blob::Content(index), .. } => {
                    assert_eq!(bytes.len() % 4096, 0, "blocks can be shared");
                    bytes.extend_from_slice(&planned.contents[*index]);
                }
                Source::Encoded { .. } => panic!("a WIM has nothing to encode"),
            }
            assert_eq!(bytes.len() as u64, extent.end().0);
        }
        let number = if part == 0 { String::new() } else { (part + 1).to_string() };
        fs::write(folder.join(format!("install{number}.swm")), bytes).unwrap();
    }
    late.len()
}

#[test]
fn wimlib_reads_a_wim_that_was_planned_in_parts() {
    let (one, mut two) = (sample_files(), sample_files());
    two.insert("only in two".to_owned(), bytes(99, 123_456));
    let room = tempfile::tempdir().unwrap();
    let planned = Planned::new(&[("one", &one), ("two", &two)], &options());
    for max in [320_000, 400_000, 10_000_000] {
        let folder = room.path().join(max.to_string());
        let count = write_planned(&planned, max, &folder);
        assert_eq!(count > 1, max < 1_000_000, "{max}");
        let first = folder.join("install.swm");
        let others = format!("--ref={}/install*.swm", text(&folder));
        let said = run("wimlib-imagex", &["verify", text(&first), &others]);
        assert!(said.contains("successfully verified"), "{said}");
        for (number, files) in [("1", &one), ("2", &two)] {
            let target = folder.join(format!("applied {number}"));
            run("wimlib-imagex", &["apply", text(&first), number, text(&target), &others]);
            assert_same(&read_files(&target), files);
        }
        // One part is the WIM as it is without parts.
        if count == 1 {
            let wim = folder.join("whole.wim");
            planned.write(&wim);
            assert!(fs::read(&first).unwrap() == fs::read(&wim).unwrap());
        }
    }
}

#[test]
fn parts_that_would_be_too_small_are_refused() {
    let planned = Planned::new(&[("one", &sample_files())], &options());
    for max in [0, 1000, 300_000] {
        let error = planned.layout.clone().parted(ByteCount(max)).unwrap_err();
        assert!(matches!(error, LayoutError::PartTooSmall { .. }), "{error}");
    }
}
