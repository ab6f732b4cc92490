//! The same input gives the same bytes.

use std::fs;
use std::path::Path;
use std::thread;
use std::time::{Duration, SystemTime};

use image::ByteCount;
use wim::libwim::{
    CaptureSource, Change, Compression, UnixOptions, Wim, WriteOptions, silent, split,
};
use wim::read::{FileSource, WimReader, inspect_file};
use wim::{Algorithm, Guid};

use crate::support::{Files, bytes, run, sample_files, text, verify, write_files};
use crate::{fixed, named, unsynced, whole};

/// Sources with hard links, a sparse file, and directories that are in no source.
fn capture(room: &Path, folder: &str, wim: &Path, options: &WriteOptions) {
    let mut sources = whole(&room.join(folder));
    sources
        .push(CaptureSource { source: room.join("more"), target: "in no/source/more".to_owned() });
    let mut made = Wim::create(&options.compression).unwrap();
    made.capture(&sources, &named("one"), &UnixOptions::default(), &mut silent).unwrap();
    made.write(wim, options, &mut silent).unwrap();
}

fn make_source(room: &Path) {
    let mut files = sample_files();
    for number in 0..500 {
        files.insert(format!("wide/{number}"), bytes(number, 100));
    }
    write_files(&room.join("source"), &files);
    for name in ["twin", "a twin"] {
        fs::hard_link(room.join("source/bootmgr"), room.join("source").join(name)).unwrap();
    }
    fs::hard_link(room.join("source/one"), room.join("source/another one")).unwrap();
    fs::File::create(room.join("source/sparse")).unwrap().set_len(1 << 20).unwrap();
    write_files(&room.join("more"), &Files::from([("b".to_owned(), bytes(99, 10))]));
}

/// Waits until file systems and WIMs, which count in 100 ns, note another time.
fn let_time_pass() {
    let start = SystemTime::now();
    while start.elapsed().unwrap_or_default() < Duration::from_millis(20) {
        thread::yield_now();
    }
}

#[test]
fn two_captures_are_equal_whatever_the_time_and_the_threads() {
    let room = tempfile::tempdir().unwrap();
    let at = |name: &str| room.path().join(name);
    make_source(room.path());
    let compressions = [
        Compression::new(Algorithm::None),
        Compression::new(Algorithm::Xpress),
        Compression { level: Some(20), ..Compression::new(Algorithm::Lzx) },
        Compression::new(Algorithm::Lzms),
        Compression { chunk: Some(ByteCount(1 << 20)), ..Compression::solid() },
    ];
    let with = |compression, threads| WriteOptions {
        fixed: Some(fixed()),
        integrity: true,
        threads,
        ..unsynced(compression)
    };
    for (number, compression) in compressions.into_iter().enumerate() {
        let name = |run: &str| at(&format!("{number} {run}.wim"));
        capture(room.path(), "source", &name("first"), &with(compression, 1));
        let_time_pass();
        // A file is read, and another link made and removed, without changing anything.
        let files: Vec<String> =
            ["bootmgr", "one"].map(|name| text(&at("source").join(name)).to_owned()).into();
        for file in &files {
            run("touch", &["-a", file]);
        }
        capture(room.path(), "source", &name("second"), &with(compression, 2));
        let (first, second) = (fs::read(name("first")).unwrap(), fs::read(name("second")).unwrap());
        assert!(first == second, "{compression:?}");
        verify(&name("first"));
        let said = run("7z", &["t", text(&name("first"))]);
        assert!(said.contains("Everything is Ok"), "{said}");
    }
}

#[test]
fn a_copy_of_the_sources_gives_the_same_bytes() {
    let room = tempfile::tempdir().unwrap();
    let at = |name: &str| room.path().join(name);
    make_source(room.path());
    run("cp", &["-a", "--sparse=never", text(&at("source")), text(&at("copied"))]);
    let compression = Compression::new(Algorithm::Lzx);
    let options = WriteOptions { fixed: Some(fixed()), ..unsynced(compression) };
    capture(room.path(), "source", &at("one.wim"), &options);
    capture(room.path(), "copied", &at("two.wim"), &options);
    assert!(fs::read(at("one.wim")).unwrap() == fs::read(at("two.wim")).unwrap());
}

#[test]
fn where_sources_lie_does_not_matter() {
    let room = tempfile::tempdir().unwrap();
    let at = |name: &str| room.path().join(name);
    let make = |first: &str, second: &str| {
        let folders = [(first, 1), (second, 2)].map(|(name, seed)| {
            let files = Files::from([("a".to_owned(), bytes(seed, 5_000))]);
            write_files(&at(name), &files);
            run(
                "touch",
                &["-d", "2020-01-02T03:04:05Z", text(&at(name).join("a")), text(&at(name))],
            );
            at(name)
        });
        let sources = ["SMS/PKG/P1", "SMS/PKG/P2"].map(str::to_owned).into_iter().zip(folders);
        let sources: Vec<CaptureSource> =
            sources.map(|(target, source)| CaptureSource { source, target }).collect();
        let compression = Compression::new(Algorithm::Lzx);
        let options = WriteOptions { fixed: Some(fixed()), ..unsynced(compression) };
        let mut wim = Wim::create(&compression).unwrap();
        wim.capture(&sources, &named("one"), &UnixOptions::default(), &mut silent).unwrap();
        wim.write(&at("a.wim"), &options, &mut silent).unwrap();
        fs::read(at("a.wim")).unwrap()
    };
    assert!(make("here", "there") == make("z", "elsewhere/deep"));
}

#[test]
fn fixed_times_and_guid_are_told_and_no_time_is_later() {
    let room = tempfile::tempdir().unwrap();
    let at = |name: &str| room.path().join(name);
    make_source(room.path());
    run("touch", &["-d", "2020-01-02T03:04:05Z", text(&at("source/bootmgr"))]);
    let options =
        WriteOptions { fixed: Some(fixed()), ..unsynced(Compression::new(Algorithm::Lzx)) };
    capture(room.path(), "source", &at("a.wim"), &options);
    let info = inspect_file(&at("a.wim")).unwrap();
    assert_eq!(info.header.guid, fixed().guid);
    let times = (info.images[0].created, info.images[0].modified);
    assert_eq!(times, (Some(fixed().time), Some(fixed().time)));

    let file = FileSource::open(&at("a.wim")).unwrap();
    let entries = WimReader::open(&file).unwrap().tree(1).unwrap().entries().unwrap();
    for entry in &entries {
        assert!(entry.written <= fixed().time && entry.created <= fixed().time, "{entry:?}");
        assert_eq!(entry.accessed, entry.written);
    }
    let bootmgr = entries.iter().find(|entry| entry.path == "bootmgr").unwrap();
    assert_eq!(bootmgr.written.to_string(), "2020-01-02T03:04:05Z");
    let filler = entries.iter().find(|entry| entry.path == "in no").unwrap();
    assert_eq!(filler.written, fixed().time);
}

#[test]
fn without_fixed_values_libwim_has_its_way() {
    let room = tempfile::tempdir().unwrap();
    let at = |name: &str| room.path().join(name);
    make_source(room.path());
    let options = unsynced(Compression::new(Algorithm::Lzx));
    capture(room.path(), "source", &at("one.wim"), &options);
    capture(room.path(), "source", &at("two.wim"), &options);
    let guid = |name: &str| inspect_file(&at(name)).unwrap().header.guid;
    assert_ne!(guid("one.wim"), guid("two.wim"));
}

#[test]
fn updates_exports_and_splits_are_equal_too() {
    let room = tempfile::tempdir().unwrap();
    let at = |name: &str| room.path().join(name);
    make_source(room.path());
    let (source, theirs) = (at("source"), at("theirs.wim"));
    run("wimlib-imagex", &["capture", text(&source), text(&theirs), "one"]);
    run("wimlib-imagex", &["append", text(&at("more")), text(&theirs), "two"]);
    let options =
        WriteOptions { fixed: Some(fixed()), ..unsynced(Compression::new(Algorithm::Lzx)) };
    let make = |name: &str| {
        let mut wim = Wim::open(&theirs).unwrap();
        let source = CaptureSource { source: at("more"), target: "SMS/bin/x64".to_owned() };
        wim.update(1, &[Change::Add(source)], &UnixOptions::default(), &mut silent).unwrap();
        wim.write(&at(&format!("{name}.wim")), &options, &mut silent).unwrap();
        let mut exported = Wim::create(&options.compression).unwrap();
        Wim::open(&theirs).unwrap().export(1, &mut exported, Some("other")).unwrap();
        exported.write(&at(&format!("{name} exported.wim")), &options, &mut silent).unwrap();
        let guid = Some(Guid([7; 16]));
        let parts =
            split(&theirs, &at(&format!("{name}.swm")), ByteCount(200_000), guid, &mut silent);
        let parts = parts.unwrap();
        assert!(parts.len() > 1);
        let files = [at(&format!("{name}.wim")), at(&format!("{name} exported.wim"))];
        let all = files.into_iter().chain(parts);
        all.map(|path| fs::read(path).unwrap()).collect::<Vec<_>>()
    };
    let first = make("first");
    let_time_pass();
    let second = make("second");
    assert!(first == second);
    verify(&at("first.wim"));
    verify(&at("first exported.wim"));
}

/// libwim has one level for the whole process.
#[test]
fn wims_are_equal_while_others_are_written_at_other_levels() {
    let room = tempfile::tempdir().unwrap();
    let at = |name: &str| room.path().join(name);
    make_source(room.path());
    let with = |level| {
        let compression = Compression { level, ..Compression::new(Algorithm::Lzx) };
        WriteOptions { fixed: Some(fixed()), ..unsynced(compression) }
    };
    let written = |name: &str, level| {
        capture(room.path(), "source", &at(name), &with(level));
        fs::read(at(name)).unwrap()
    };
    let first = written("first.wim", None);
    assert!(first == written("default.wim", Some(50)));
    thread::scope(|scope| {
        let other = scope.spawn(|| {
            for _ in 0..5 {
                capture(room.path(), "source", &at("other.wim"), &with(Some(100)));
            }
        });
        while !other.is_finished() {
            assert!(written("second.wim", None) == first);
        }
    });
}
