//! Programs that read images.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::content::Listing;

/// Runs a program and returns what it says; fails if it is missing or fails.
pub fn run(program: &str, arguments: &[&str]) -> String {
    let path = format!("{}:/usr/sbin:/sbin", std::env::var("PATH").unwrap());
    let output = Command::new(program)
        .args(arguments)
        .env("LC_ALL", "C.UTF-8")
        .env("PATH", path)
        .output()
        .unwrap_or_else(|error| panic!("`{program}` cannot be started: {error}"));
    let text = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(output.status.success(), "{program} {arguments:?} failed:\n{text}");
    text
}

pub fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// Copies the volume of a partitioned image to a file of its own.
pub fn cut_out(image: &Path, start: u64, len: u64, volume: &Path) {
    const MIB: u64 = 1 << 20;
    assert_eq!((start % MIB, len % MIB), (0, 0));
    let (skip, count) = (format!("skip={}", start / MIB), format!("count={}", len / MIB));
    let (from, to) = (format!("if={}", text(image)), format!("of={}", text(volume)));
    run("dd", &[&from, &to, "bs=1M", &skip, &count, "conv=sparse", "status=none"]);
    fs::File::options().write(true).open(volume).unwrap().set_len(len).unwrap();
}

/// fsck.fat has nothing to say but its version and its counts, which are returned. It keeps silent about faults that
/// others find, see the tests of the verifier.
pub fn fsck(volume: &Path) -> String {
    let said = run("fsck.fat", &["-n", text(volume)]);
    let lines: Vec<&str> = said.lines().collect();
    let [version, counts] = lines[..] else { panic!("{said}") };
    assert!(version.starts_with("fsck.fat "), "{said}");
    assert!(counts.contains(" files, ") && counts.ends_with(" clusters"), "{said}");
    counts.rsplit_once(": ").unwrap().1.to_owned()
}

/// Takes the volume apart with mtools and 7-Zip; each must find these files and directories.
pub fn check_extracted(volume: &Path, room: &Path, expected: &Listing) {
    let by = |name: &str| {
        let target = room.join(name);
        fs::create_dir(&target).unwrap();
        target
    };
    let seven_zip = by("7z");
    let said = run("7z", &["x", "-tfat", "-y", &format!("-o{}", text(&seven_zip)), text(volume)]);
    assert!(said.contains("Everything is Ok"), "{said}");
    assert!(!said.contains("Error") && !said.contains("Warning"), "{said}");
    compare(&seven_zip, expected);

    if !expected.is_empty() {
        let mtools = by("mtools");
        run("mcopy", &["-s", "-Q", "-n", "-i", text(volume), "::*", text(&mtools)]);
        compare(&mtools, expected);
    }
}

/// Compares a directory with what it shall hold.
fn compare(directory: &Path, expected: &Listing) {
    let mut found = Listing::new();
    collect(directory, "", &mut found);
    let paths: (Vec<&String>, Vec<&String>) = (found.keys().collect(), expected.keys().collect());
    assert_eq!(paths.0, paths.1, "in {}", directory.display());
    for (path, content) in &found {
        assert!(expected[path] == *content, "`{path}` differs in {}", directory.display());
    }
}

fn collect(directory: &Path, prefix: &str, found: &mut Listing) {
    for entry in fs::read_dir(directory).unwrap() {
        let entry = entry.unwrap();
        let path = format!("{prefix}{}", entry.file_name().to_str().unwrap());
        if entry.file_type().unwrap().is_dir() {
            collect(&entry.path(), &format!("{path}/"), found);
            found.insert(path, None);
        } else {
            found.insert(path, Some(fs::read(entry.path()).unwrap()));
        }
    }
}

/// A line of a listing of mtools: the short name and, if there is one, the long name.
pub fn mdir(volume: &Path, directory: &str) -> Vec<(String, String)> {
    let said = run("mdir", &["-a", "-i", text(volume), &format!("::{directory}")]);
    let is_entry = |line: &&str| line.contains("<DIR>") || line.contains(" 2023-11-14 ");
    let entry = |line: &str| {
        let (stem, extension) = (line[..8].trim(), line[9..12].trim());
        let dot = if extension.is_empty() { "" } else { "." };
        // Short name, size, date, time and, where there is one, the long name.
        let long = line.split_once("22:13").unwrap().1.trim();
        (format!("{stem}{dot}{extension}"), long.to_owned())
    };
    let entries = said.lines().filter(is_entry).map(entry);
    entries.filter(|(short, _)| !matches!(&**short, "." | "..")).collect()
}
