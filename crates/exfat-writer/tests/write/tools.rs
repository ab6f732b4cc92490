//! Programs that read volumes: those of exfatprogs, The Sleuth Kit and GRUB.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use exfat_writer::read::{ExfatReader, FileReader};
use exfat_writer::{ExfatOptions, Timestamp};
use image::{ByteCount, FileData, FileTree};

use crate::left;
use crate::support::{Sparse, in_mbr, sample_image, sample_options, sample_tree};

fn start(program: &str, arguments: &[&str]) -> Output {
    let path = format!("{}:/usr/sbin:/sbin", std::env::var("PATH").unwrap());
    Command::new(program)
        .args(arguments)
        .env("LC_ALL", "C.UTF-8")
        .env("PATH", path)
        .env("TZ", "UTC")
        .output()
        .unwrap_or_else(|error| panic!("`{program}` cannot be started: {error}"))
}

/// Runs a program and returns the bytes that it prints; fails if it is missing or fails.
pub fn bytes_of(program: &str, arguments: &[&str]) -> Vec<u8> {
    let output = start(program, arguments);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} {arguments:?} failed:\n{said}");
    output.stdout
}

/// The same as text.
pub fn run(program: &str, arguments: &[&str]) -> String {
    String::from_utf8(bytes_of(program, arguments)).unwrap()
}

pub fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// A volume as a file in a directory of its own.
pub struct Written {
    pub room: tempfile::TempDir,
    pub volume: PathBuf,
}

pub fn write(image: &Sparse) -> Written {
    let room = tempfile::tempdir().unwrap();
    let volume = room.path().join("volume.img");
    image.save(&volume);
    left::leave(&volume);
    Written { room, volume }
}

/// fsck.exfat finds nothing, and counts so many directories and files.
pub fn fsck(volume: &Path, directories: usize, files: usize) {
    let said = run("fsck.exfat", &["-n", "-v", text(volume)]);
    assert!(said.contains(": clean."), "{said}");
    let counts = format!("directories {directories}, files {files}");
    assert!(said.contains(&counts), "{said}, not {counts}");
    assert!(!said.contains("ERROR"), "{said}");
}

/// Every file by its path, and by The Sleuth Kit's number of it; directories have no number here.
pub fn sleuth_files(volume: &Path, offset: Option<&str>) -> BTreeMap<String, Option<String>> {
    let mut arguments = vec!["-r", "-p", "-f", "exfat"];
    arguments.extend(offset.into_iter().flat_map(|sectors| ["-o", sectors]));
    arguments.push(text(volume));
    let said = run("fls", &arguments);
    let mut found = BTreeMap::new();
    for line in said.lines() {
        let (kind, name) = line.split_once(":\t").unwrap();
        let (kind, number) = kind.split_once(' ').unwrap();
        match kind {
            "r/r" if !name.starts_with('$') => {
                found.insert(name.to_owned(), Some(number.to_owned()))
            }
            "d/d" => found.insert(name.to_owned(), None),
            _ => None,
        };
    }
    // What The Sleuth Kit shows of every volume beside its files.
    found.retain(|path, _| path != "$OrphanFiles" && !path.ends_with(" (Volume Label Entry)"));
    found
}

/// What this crate's reader finds, with the bytes of each file.
pub fn ours(image: &Sparse) -> BTreeMap<String, Option<Vec<u8>>> {
    let entries = ExfatReader::open(image).unwrap().read_volume().unwrap().entries;
    let with_bytes = entries.into_iter().map(|entry| {
        let mut bytes = Vec::new();
        std::io::Read::read_to_end(&mut FileReader::new(image, &entry), &mut bytes).unwrap();
        let content = (!entry.is_directory()).then_some(bytes);
        (entry.path, content)
    });
    with_bytes.collect()
}

/// The Sleuth Kit and GRUB find the same as this crate's reader, to the byte.
fn compare(image: &Sparse, written: &Written, offset: Option<&str>, grub: &str) {
    let expected = ours(image);
    let found = sleuth_files(&written.volume, offset);
    assert!(found.keys().eq(expected.keys()), "{:?}\n{:?}", found.keys(), expected.keys());
    for (path, number) in found {
        let Some(bytes) = &expected[&path] else { continue };
        let mut arguments = vec!["-f", "exfat"];
        arguments.extend(offset.into_iter().flat_map(|sectors| ["-o", sectors]));
        let number = number.unwrap();
        arguments.extend([text(&written.volume), &number]);
        assert!(bytes_of("icat", &arguments) == *bytes, "{path}");
        // GRUB's shell splits names at spaces, and reads no others than those of ASCII from there.
        if path.chars().all(|c| c.is_ascii_graphic()) {
            let file = written.room.path().join("expected");
            fs::write(&file, bytes).unwrap();
            let inside = format!("{grub}/{path}");
            run("grub-fstest", &[text(&written.volume), "cmp", &inside, text(&file)]);
        }
    }
}

#[test]
fn a_volume_is_read_alike_by_every_program() {
    let image = sample_image();
    let written = write(&image);
    fsck(&written.volume, 21, 130);
    compare(&image, &written, None, "(loop0)");
    let listed = run("grub-fstest", &[text(&written.volume), "ls", "(loop0)/SMS/PKG/many/"]);
    assert_eq!(listed.matches("number ").count(), 120, "{listed}");
}

#[test]
fn a_volume_in_a_partition_is_read_there() {
    let image = in_mbr(sample_tree(), 0x07);
    let written = write(&image);
    compare(&image, &written, Some("2048"), "(loop0,msdos1)");
}

#[test]
fn what_a_volume_says_of_itself_is_read_by_others() {
    let written = write(&sample_image());
    let said = run("dump.exfat", &[text(&written.volume)]);
    let field = |name: &str| {
        let line = said.lines().find(|line| line.starts_with(name)).unwrap_or_else(|| {
            panic!("no `{name}` in {said}");
        });
        line.rsplit('\t').next().unwrap().trim().to_owned()
    };
    assert_eq!(field("Volume Serial"), "0x1234abcd");
    assert_eq!(field("Volume label:"), "Probe 💿");
    assert_eq!(field("Upcase table size"), "5836");
    assert_eq!(field("Cluster size"), "4096");
    let counted = ExfatReader::open(&sample_image()).unwrap().info().clusters;
    assert_eq!(field("Total Clusters"), counted.to_string());
    assert_eq!(field("Cluster Count"), counted.to_string());
    let said = run("fsstat", &["-f", "exfat", text(&written.volume)]);
    assert!(said.contains("Probe") && said.contains("exFAT"), "{said}");
}

#[test]
fn times_are_those_given_in_utc() {
    let options = ExfatOptions { created: Timestamp(1_795_219_201), ..sample_options() };
    let mut tree = FileTree::new();
    tree.add_file("file", FileData::blob(1, ByteCount(5))).unwrap();
    let written = write(&Sparse::planned(tree, &options));
    let number = sleuth_files(&written.volume, None)["file"].clone().unwrap();
    let said = run("istat", &["-f", "exfat", "-z", "UTC", text(&written.volume), &number]);
    // The odd second stands in the hundredths.
    for what in ["Created", "Written"] {
        let line = said.lines().find(|line| line.starts_with(what)).unwrap();
        assert!(line.contains("2026-11-21 00:00:0"), "{said}");
    }
}

#[test]
fn names_of_every_kind_and_length_are_read() {
    let mut tree = FileTree::new();
    let names = [
        "x".repeat(255),
        format!("{}.wim", "long name ".repeat(25)),
        "😀".repeat(127),
        "exactly fifteen".to_owned(),
        "日本語のファイル".to_owned(),
        "Größe ßẞ.txt".to_owned(),
        " leading and .dots".to_owned(),
    ];
    for (name, number) in names.iter().zip(1..) {
        tree.add_file(name, FileData::blob(number, ByteCount(100))).unwrap();
    }
    let image = Sparse::planned(tree, &sample_options());
    let written = write(&image);
    fsck(&written.volume, 1, names.len());
    let expected = ours(&image);
    assert!(names.iter().all(|name| expected.contains_key(name)), "{:?}", expected.keys());
    let found = sleuth_files(&written.volume, None);
    assert!(found.keys().eq(expected.keys()), "{:?}\n{:?}", found.keys(), expected.keys());
}
