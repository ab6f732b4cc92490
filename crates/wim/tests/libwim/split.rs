//! Split WIMs, ours and those of others.

use std::fs;
use std::path::{Path, PathBuf};

use image::ByteCount;
use wim::libwim::{Compression, UnixOptions, Wim, join, silent, split};
use wim::read::{FileSource, ReadError, WimReader, inspect_file};
use wim::{Algorithm, Error, bound_export, is_export_of, plan_parts};

use crate::support::{Files, assert_same, bytes, run, sample_files, text, verify, write_files};
use crate::{applied, capture, named, unsynced, whole};

struct Sample {
    room: tempfile::TempDir,
    wim: PathBuf,
    files: Files,
}

impl Sample {
    fn new(compression: Compression) -> Self {
        let room = tempfile::tempdir().unwrap();
        let mut files = sample_files();
        for number in 0..6 {
            files.insert(format!("large/{number}"), bytes(100 + number, 300_000));
        }
        write_files(&room.path().join("source"), &files);
        let wim = room.path().join("install.wim");
        capture(&[("one", &room.path().join("source"))], &wim, &unsynced(compression));
        Self { room, wim, files }
    }

    fn at(&self, name: &str) -> PathBuf {
        self.room.path().join(name)
    }

    fn split(&self, part_bytes: u64) -> Result<Vec<PathBuf>, Error> {
        split(&self.wim, &self.at("install.swm"), ByteCount(part_bytes), None, &mut silent)
    }
}

fn lzx() -> Compression {
    Compression::new(Algorithm::Lzx)
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn no_part_is_longer_than_was_asked_for_and_others_join_them() {
    let sample = Sample::new(lzx());
    let least = match sample.split(0).unwrap_err() {
        Error::PartTooSmall { needed, .. } => needed,
        error => panic!("{error}"),
    };
    for part_bytes in [least, least + 1000, least * 2] {
        let parts = sample.split(part_bytes).unwrap();
        assert!(parts.len() > 1);
        assert_eq!(parts[0], sample.at("install.swm"));
        assert_eq!(parts[1], sample.at("install2.swm"));
        for part in &parts {
            let len = fs::metadata(part).unwrap().len();
            assert!(len <= part_bytes, "{} has {len} of {part_bytes}", part.display());
        }
        let joined = sample.at("joined by wimlib.wim");
        let mut arguments = vec!["join", text(&joined)];
        arguments.extend(parts.iter().map(|part| text(part)));
        run("wimlib-imagex", &arguments);
        let applied = applied(&joined, 1, &sample.at(&format!("applied {part_bytes}")));
        assert_same(&applied, &sample.files);
        parts.iter().for_each(|part| fs::remove_file(part).unwrap());
        fs::remove_file(joined).unwrap();
    }
    let mut left = names(sample.room.path());
    left.retain(|name| !name.starts_with("applied"));
    assert_eq!(left, ["install.wim", "source"]);
}

#[test]
fn parts_are_read_joined_and_applied_in_any_order() {
    let sample = Sample::new(lzx());
    run("wimlib-imagex", &["split", text(&sample.wim), text(&sample.at("theirs.swm")), "0.1"]);
    let mut parts: Vec<PathBuf> = names(sample.room.path())
        .iter()
        .filter(|name| name.starts_with("theirs"))
        .map(|name| sample.at(name))
        .collect();
    assert!(parts.len() > 2);
    parts.reverse();
    let mut wim = Wim::open_parts(&parts).unwrap();
    wim.apply(1, &sample.at("applied"), &UnixOptions::default(), &mut silent).unwrap();
    assert_same(&crate::support::read_files(&sample.at("applied")), &sample.files);
    wim.verify(&mut silent).unwrap();
    let error = wim.save(&unsynced(lzx()), &mut silent).unwrap_err();
    assert!(matches!(error, Error::Split { .. }), "{error}");

    let joined = sample.at("joined.wim");
    let compression = Wim::compression_of(&sample.at("theirs.swm")).unwrap();
    assert_eq!(compression.algorithm, Algorithm::Lzx);
    join(&parts, &joined, &unsynced(compression), &mut silent).unwrap();
    verify(&joined);
    assert_same(&applied(&joined, 1, &sample.at("applied again")), &sample.files);
    let blob_bytes = |path: &Path| inspect_file(path).unwrap().statistics.stored_bytes;
    assert_eq!(blob_bytes(&joined), blob_bytes(&sample.wim), "copied as they are");
}

#[test]
fn what_a_part_says_of_itself_is_told() {
    let sample = Sample::new(lzx());
    let parts = sample.split(200_000).unwrap();
    let infos: Vec<_> = parts.iter().map(|part| inspect_file(part).unwrap()).collect();
    for (number, info) in (1..).zip(&infos) {
        assert_eq!((info.header.part, info.header.parts), (number, parts.len() as u16));
        assert!(info.header.is_split());
        assert_eq!(info.images.len(), 1);
        assert_eq!(info.statistics.metadata_resources, u64::from(number == 1));
    }
    let whole = inspect_file(&sample.wim).unwrap().statistics;
    let blobs: u64 = infos.iter().map(|info| info.statistics.blobs).sum();
    assert_eq!(blobs, whole.blobs);

    let second = fs::read(&parts[1]).unwrap();
    let error = WimReader::open(&second).unwrap().tree(1).map(drop).unwrap_err();
    assert!(matches!(error, ReadError::NotFirstPart { part: 2, .. }), "{error}");
}

#[test]
fn a_missing_part_and_one_of_another_set_are_named() {
    let sample = Sample::new(lzx());
    let parts = sample.split(200_000).unwrap();
    let error = |parts: &[PathBuf]| Wim::open_parts(parts).map(drop).unwrap_err();
    let missing = error(&[parts[2].clone(), parts[0].clone()]);
    let Error::PartsMissing { missing, parts: count, .. } = &missing else { panic!("{missing}") };
    assert_eq!((missing.contains(&2), missing.contains(&1)), (true, false));
    assert_eq!(usize::from(*count), parts.len());
    assert!(matches!(error(&parts[..1]), Error::PartsMissing { .. }));
    let alone = Wim::open(&parts[0]).map(drop).unwrap_err();
    assert!(matches!(alone, Error::PartsMissing { .. }), "{alone}");

    let again = split(&sample.wim, &sample.at("other.swm"), ByteCount(200_000), None, &mut silent);
    let mut mixed = parts.clone();
    mixed[1] = again.unwrap()[1].clone();
    let other = error(&mixed);
    assert!(matches!(other, Error::OtherSet { .. }), "{other}");
    let twice = error(&[parts[0].clone(), parts[0].clone()]);
    assert!(matches!(twice, Error::OtherSet { .. }), "{twice}");
    assert!(matches!(error(&[]), Error::Text { .. }));
}

#[test]
fn a_solid_wim_is_refused_until_it_is_exported_to_one_that_is_not() {
    let sample = Sample::new(Compression::solid());
    let error = sample.split(200_000).unwrap_err();
    assert!(matches!(error, Error::Solid { .. }), "{error}");
    assert!(error.to_string().contains("is solid and cannot be split"), "{error}");

    let mut exported = Wim::create(&lzx()).unwrap();
    Wim::open(&sample.wim).unwrap().export(1, &mut exported, None).unwrap();
    let not_solid = sample.at("not solid.wim");
    exported.write(&not_solid, &unsynced(lzx()), &mut silent).unwrap();
    let info = inspect_file(&not_solid).unwrap();
    assert!(!info.statistics.is_solid());
    assert_eq!(info.header.version, 0x10d00);
    let parts =
        split(&not_solid, &sample.at("parts.swm"), ByteCount(200_000), None, &mut silent).unwrap();
    let mut wim = Wim::open_parts(&parts).unwrap();
    wim.apply(1, &sample.at("applied"), &UnixOptions::default(), &mut silent).unwrap();
    assert_same(&crate::support::read_files(&sample.at("applied")), &sample.files);
}

#[test]
fn an_export_of_all_images_keeps_what_tells_them_and_takes_no_more_than_was_said() {
    let room = tempfile::tempdir().unwrap();
    let at = |name: &str| room.path().join(name);
    for number in 0..2 {
        let mut files = sample_files();
        // Half of it cannot be made shorter.
        for file in 0..4 {
            files.insert(format!("noise {number} {file}"), bytes(10 * number + file, 150_000));
            files.insert(format!("text {number} {file}"), vec![file as u8; 150_000]);
        }
        write_files(&at(&number.to_string()), &files);
    }
    let unix = UnixOptions::default();
    let mut solid = Wim::create(&Compression::solid()).unwrap();
    for (number, name) in [("0", "\"one\" & only"), ("1", "two")] {
        solid.capture(&whole(&at(number)), &named(name), &unix, &mut silent).unwrap();
    }
    solid.set_property(2, "WINDOWS/EDITIONID", "Education").unwrap();
    solid.set_boot_index(2).unwrap();
    solid.write(&at("solid.wim"), &unsynced(Compression::solid()), &mut silent).unwrap();

    let max = 400_000;
    let bound = bound_export(&FileSource::open(&at("solid.wim")).unwrap(), max).unwrap();
    let mut exported = Wim::create(&lzx()).unwrap();
    Wim::open(&at("solid.wim")).unwrap().export_all(&mut exported).unwrap();
    exported.write(&at("exported.wim"), &unsynced(lzx()), &mut silent).unwrap();
    verify(&at("exported.wim"));
    let [before, after] =
        ["solid.wim", "exported.wim"].map(|name| inspect_file(&at(name)).unwrap());
    assert_eq!(before.images, after.images);
    assert_eq!((after.header.boot_index, after.statistics.is_solid()), (2, false));

    assert!(after.len <= bound.whole, "{} {bound:?}", after.len);
    let parts = plan_parts(&FileSource::open(&at("exported.wim")).unwrap(), max).unwrap();
    assert!(parts.len() > 2 && parts.len() as u64 <= bound.parts.unwrap(), "{bound:?}");
    assert!(parts.iter().map(|part| part.len).sum::<u64>() <= bound.in_parts, "{bound:?}");
    assert!((300_000..301_000).contains(&bound.longest), "{bound:?}");

    let is_export = |of: &str, exported: &str| {
        let [of, exported] = [of, exported].map(|name| FileSource::open(&at(name)).unwrap());
        is_export_of(&of, &exported).unwrap()
    };
    assert!(is_export("solid.wim", "exported.wim"));
    assert!(!is_export("exported.wim", "solid.wim"), "a solid one is none");
    let mut one = Wim::create(&lzx()).unwrap();
    Wim::open(&at("solid.wim")).unwrap().export(1, &mut one, None).unwrap();
    one.write(&at("one.wim"), &unsynced(lzx()), &mut silent).unwrap();
    assert!(!is_export("solid.wim", "one.wim") && !is_export("one.wim", "exported.wim"));
    let mut renamed = Wim::open(&at("exported.wim")).unwrap();
    renamed.set_property(2, "NAME", "another").unwrap();
    renamed.write(&at("renamed.wim"), &unsynced(lzx()), &mut silent).unwrap();
    assert!(!is_export("solid.wim", "renamed.wim"));

    let none = bound_export(&FileSource::open(&at("solid.wim")).unwrap(), 1000).unwrap();
    assert_eq!((none.parts, none.whole), (None, bound.whole));
}

#[test]
fn a_wim_that_fits_becomes_one_part() {
    let sample = Sample::new(lzx());
    let parts = sample.split(1 << 30).unwrap();
    assert_eq!(parts, [sample.at("install.swm")]);
    assert_same(&applied(&parts[0], 1, &sample.at("applied")), &sample.files);
}
