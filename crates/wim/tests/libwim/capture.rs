//! Captures, as others read them.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

use image::ByteCount;
use wim::Algorithm;
use wim::libwim::{CaptureSource, Compression, UnixOptions, Wim, WriteOptions, silent};
use wim::read::{FileSource, WimReader, inspect_file};

use crate::support::{
    Files, assert_same, bytes, read_files, run, sample_files, text, verify, write_files,
};
use crate::{applied, capture, named, unsynced, whole};

#[test]
fn every_compression_is_read_by_wimlib_and_7_zip() {
    let room = tempfile::tempdir().unwrap();
    let at = |name: &str| room.path().join(name);
    let files = sample_files();
    write_files(&at("source"), &files);
    let compressions = [
        ("none", Compression::new(Algorithm::None)),
        ("xpress", Compression::new(Algorithm::Xpress)),
        ("lzx", Compression { level: Some(20), ..Compression::new(Algorithm::Lzx) }),
        ("lzms", Compression::new(Algorithm::Lzms)),
        ("solid", Compression { chunk: Some(ByteCount(1 << 20)), ..Compression::solid() }),
    ];
    for (name, compression) in compressions {
        let wim = at(&format!("{name}.wim"));
        let options = WriteOptions { integrity: true, ..unsynced(compression) };
        capture(&[("one", &at("source"))], &wim, &options);

        let info = inspect_file(&wim).unwrap();
        assert_eq!(info.header.algorithm(), Some(compression.algorithm), "{name}");
        assert_eq!(info.statistics.is_solid(), compression.solid, "{name}");
        assert!(info.header.has_integrity_table());
        verify(&wim);
        let target = at(&format!("{name} applied"));
        run("wimlib-imagex", &["apply", text(&wim), "1", text(&target)]);
        assert_same(&read_files(&target), &files);
        assert_same(&applied(&wim, 1, &at(&format!("{name} by us"))), &files);
        let said = run("7z", &["t", text(&wim)]);
        assert!(said.contains("Everything is Ok"), "{name}: {said}");
    }
}

#[test]
fn a_backslash_is_part_of_a_name_as_on_unix() {
    let room = tempfile::tempdir().unwrap();
    let at = |name: &str| room.path().join(name);
    let name = "system-systemd\\x2dcryptsetup.slice";
    let files = Files::from([(name.to_owned(), bytes(1, 100))]);
    write_files(&at("source"), &files);
    let wim = at("a.wim");
    run("wimlib-imagex", &["capture", text(&at("source")), text(&wim), "--unix-data"]);
    let source = FileSource::open(&wim).unwrap();
    let reader = WimReader::open(&source).unwrap();
    let entries = reader.tree(1).unwrap().entries().unwrap();
    assert!(entries.iter().any(|entry| entry.path == name), "{entries:?}");
    assert_same(&applied(&wim, 1, &at("by us")), &files);
}

#[test]
fn an_integrity_table_is_one_that_wimlib_takes_and_finds_damage_with() {
    let room = tempfile::tempdir().unwrap();
    let at = |name: &str| room.path().join(name);
    write_files(&at("source"), &Files::from([("a".to_owned(), bytes(1, 11 << 20))]));
    let wim = at("a.wim");
    let compression = Compression::new(Algorithm::None);
    let options = WriteOptions { integrity: true, ..unsynced(compression) };
    capture(&[("one", &at("source"))], &wim, &options);
    let said = run("wimlib-imagex", &["verify", text(&wim)]);
    assert!(!said.contains("does not contain integrity information"), "{said}");
    Wim::open(&wim).unwrap().verify(&mut silent).unwrap();

    // Theirs, checked by us.
    let theirs = at("theirs.wim");
    let (source, theirs) = (at("source"), &theirs);
    run("wimlib-imagex", &["capture", text(&source), text(theirs), "--check", "--compress=none"]);
    Wim::open(theirs).unwrap().verify(&mut silent).unwrap();
    let mut damaged = fs::read(theirs).unwrap();
    damaged[11 << 20] ^= 1;
    fs::write(theirs, damaged).unwrap();
    let error = Wim::open(theirs).unwrap().verify(&mut silent).unwrap_err();
    let wim::Error::Read { source, .. } = error else { panic!("{error}") };
    assert!(source.to_string().contains("bytes from byte 10485968 on are not its"), "{source}");
}

#[test]
fn many_sources_become_one_image_without_staging() {
    let room = tempfile::tempdir().unwrap();
    let at = |name: &str| room.path().join(name);
    let file = |path: &str, seed| (path.to_owned(), bytes(seed, 1_000));
    write_files(&at("boot"), &Files::from([file("bootmgr", 1), file("sources/boot.wim", 2)]));
    write_files(&at("package"), &Files::from([file("setup.exe", 3)]));
    fs::write(at("variables"), b"variables").unwrap();
    let source =
        |name: &str, target: &str| CaptureSource { source: at(name), target: target.to_owned() };
    let sources = [
        source("boot", ""),
        source("package", "SMS/PKG/P0100001"),
        source("variables", "/sms/data/Variables.dat"),
    ];
    let mut wim = Wim::create(&Compression::new(Algorithm::Lzx)).unwrap();
    let image =
        wim.capture(&sources, &named("prestaged"), &UnixOptions::default(), &mut silent).unwrap();
    assert_eq!(image, 1);
    wim.set_boot_index(1).unwrap();
    let path = at("prestaged.wim");
    wim.write(&path, &unsynced(Compression::new(Algorithm::Lzx)), &mut silent).unwrap();

    // Windows finds `SMS` by `sms`, so both are one directory.
    let expected = Files::from([
        file("bootmgr", 1),
        file("sources/boot.wim", 2),
        file("SMS/PKG/P0100001/setup.exe", 3),
        ("SMS/data/Variables.dat".to_owned(), b"variables".to_vec()),
    ]);
    verify(&path);
    assert_same(&applied(&path, 1, &at("applied")), &expected);
    assert_eq!(inspect_file(&path).unwrap().header.boot_index, 1);
}

#[test]
fn texts_of_an_image_are_told() {
    let room = tempfile::tempdir().unwrap();
    let at = |name: &str| room.path().join(name);
    write_files(&at("source"), &Files::from([("a".to_owned(), bytes(1, 10))]));
    let texts = wim::ImageTexts {
        name: "N & <n>".to_owned(),
        description: "D".to_owned(),
        display_name: "Dn".to_owned(),
        display_description: "Dd".to_owned(),
        flags: "F".to_owned(),
    };
    let compression = Compression::new(Algorithm::None);
    let mut wim = Wim::create(&compression).unwrap();
    wim.capture(&whole(&at("source")), &texts, &UnixOptions::default(), &mut silent).unwrap();
    wim.set_property(1, "WINDOWS/EDITIONID", "Professional").unwrap();
    wim.write(&at("a.wim"), &unsynced(compression), &mut silent).unwrap();
    let info = &inspect_file(&at("a.wim")).unwrap().images[0];
    assert_eq!(info.name.as_deref(), Some("N & <n>"));
    assert_eq!(info.description.as_deref(), Some("D"));
    assert_eq!(info.display_name.as_deref(), Some("Dn"));
    assert_eq!(info.display_description.as_deref(), Some("Dd"));
    assert_eq!(info.flags.as_deref(), Some("F"));
    assert_eq!((info.files, info.total_bytes), (Some(1), Some(10)));
    assert_eq!(info.windows.as_ref().unwrap().edition.as_deref(), Some("Professional"));
}

#[test]
fn names_that_differ_in_case_alone_are_two_files() {
    let room = tempfile::tempdir().unwrap();
    let at = |name: &str| room.path().join(name);
    let files = Files::from([("a".to_owned(), bytes(1, 10)), ("A".to_owned(), bytes(2, 10))]);
    write_files(&at("source"), &files);
    let wim = at("a.wim");
    capture(&[("one", &at("source"))], &wim, &unsynced(Compression::new(Algorithm::None)));
    assert_same(&applied(&wim, 1, &at("applied")), &files);
}

#[test]
fn modes_and_links_are_kept_if_wanted() {
    let room = tempfile::tempdir().unwrap();
    let at = |name: &str| room.path().join(name);
    write_files(&at("source"), &Files::from([("a".to_owned(), bytes(1, 10))]));
    fs::set_permissions(at("source/a"), fs::Permissions::from_mode(0o751)).unwrap();
    symlink("a", at("source/link")).unwrap();
    fs::hard_link(at("source/a"), at("source/twin")).unwrap();
    let compression = Compression::new(Algorithm::None);
    let unix = UnixOptions { metadata: true, follow_links: false };
    let mut wim = Wim::create(&compression).unwrap();
    wim.capture(&whole(&at("source")), &named("one"), &unix, &mut silent).unwrap();
    let path = at("a.wim");
    wim.write(&path, &unsynced(compression), &mut silent).unwrap();
    Wim::open(&path).unwrap().apply(1, &at("applied"), &unix, &mut silent).unwrap();
    let mode = fs::metadata(at("applied/a")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o751);
    assert_eq!(fs::read_link(at("applied/link")).unwrap().to_str(), Some("a"));

    let file = FileSource::open(&path).unwrap();
    let entries = WimReader::open(&file).unwrap().tree(1).unwrap().entries().unwrap();
    let group = |path: &str| entries.iter().find(|entry| entry.path == path).unwrap();
    assert_ne!(group("a").link_group, 0);
    assert_eq!(group("a").link_group, group("twin").link_group);
    assert_eq!(group("link").reparse_tag, Some(0xa000_000c));
    assert!(!group("link").is_file());

    // Followed, a link is what it points to.
    let unix = UnixOptions { metadata: false, follow_links: true };
    let mut wim = Wim::create(&compression).unwrap();
    wim.capture(&whole(&at("source")), &named("one"), &unix, &mut silent).unwrap();
    wim.write(&path, &unsynced(compression), &mut silent).unwrap();
    assert_eq!(applied(&path, 1, &at("followed"))["link"], bytes(1, 10));
}

#[test]
fn the_tree_of_a_compressed_image_is_what_wimlib_lists() {
    let room = tempfile::tempdir().unwrap();
    let at = |name: &str| room.path().join(name);
    let mut files = sample_files();
    for number in 0..800 {
        files.insert(format!("wide/a file with a long name {number}"), bytes(number, 5));
    }
    write_files(&at("source"), &files);
    for options in ["--compress=xpress", "--compress=lzx", "--compress=lzms", "--solid"] {
        let path = at("theirs.wim");
        let _ = fs::remove_file(&path);
        run("wimlib-imagex", &["capture", text(&at("source")), text(&path), options]);
        let listed = run("wimlib-imagex", &["dir", text(&path), "1"]);
        let mut listed: Vec<&str> = listed.lines().collect();
        listed.sort_unstable();

        let file = FileSource::open(&path).unwrap();
        let reader = WimReader::open(&file).unwrap();
        let blobs = reader.blobs().unwrap();
        let entries = reader.tree(1).unwrap().entries().unwrap();
        for entry in entries.iter().filter(|entry| entry.is_file()) {
            let len = entry.sha1.map_or(0, |sha1| blobs.get(sha1).unwrap().len);
            assert_eq!(len, files[&entry.path].len() as u64, "{options}: {}", entry.path);
        }
        let mut found: Vec<String> =
            entries.iter().map(|entry| format!("/{}", entry.path)).collect();
        found.sort_unstable();
        assert_eq!(found, listed, "{options}");
    }
}
