//! Programs that read images.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Command;

/// Runs a program and returns what it says; fails if it is missing or fails.
pub fn run(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program)
        .args(arguments)
        .env("LC_ALL", "C.UTF-8")
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

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// What 7-Zip says of a hybrid image, and of no other: the backup GPT lies behind the last anchor.
const DATA_AFTER_END: &str = "There are data after the end of archive";

/// 7-Zip reads the image as UDF without complaint.
pub fn check_udf(image: &Path, is_hybrid: bool) {
    let said = run("7z", &["t", "-tudf", text(image)]);
    assert!(said.contains("Everything is Ok"), "{said}");
    let complaints: BTreeSet<&str> = said
        .lines()
        .map(str::trim)
        .filter(|line| line.starts_with("There are") || line.contains("Error"))
        .collect();
    let allowed: BTreeSet<&str> = is_hybrid.then_some(DATA_AFTER_END).into_iter().collect();
    assert_eq!(complaints, allowed, "{said}");
    assert_eq!(said.to_uppercase().contains("WARNING"), is_hybrid, "{said}");

    let info = run("udfinfo", &[text(image)]);
    assert!(!info.to_lowercase().contains("warning"), "{info}");
    assert!(info.contains("integrity=closed"), "{info}");
    assert!(info.contains("udfrev=1.02"), "{info}");
}

/// xorriso loads the ISO 9660 part and reads every block without complaint.
pub fn check_iso(image: &Path) {
    let said = run("xorriso", &["-indev", text(image), "-check_media", "--"]);
    for complaint in ["FAILURE", "SORRY", "WARNING", "MISHAP", "HINT"] {
        assert!(!said.contains(complaint), "{said}");
    }
}

/// Takes the whole image apart with xorriso, bsdtar and 7-Zip; each must find these files.
pub fn check_extracted(image: &Path, room: &Path, expected: &BTreeMap<String, Vec<u8>>) {
    let by = |name: &str| {
        let target = room.join(name);
        fs::create_dir(&target).unwrap();
        target
    };
    let xorriso = by("xorriso");
    let target = text(&xorriso);
    run("xorriso", &["-osirrox", "on", "-indev", text(image), "-extract", "/", target]);
    run("chmod", &["-R", "u+rwX", target]);
    compare(&xorriso, expected);

    let bsdtar = by("bsdtar");
    run("bsdtar", &["-x", "-f", text(image), "-C", text(&bsdtar)]);
    run("chmod", &["-R", "u+rwX", text(&bsdtar)]);
    compare(&bsdtar, expected);

    let seven_zip = by("7z");
    run("7z", &["x", "-tudf", "-y", &format!("-o{}", text(&seven_zip)), text(image)]);
    compare(&seven_zip, expected);
}

/// Compares a directory's files with what they shall be.
fn compare(directory: &Path, expected: &BTreeMap<String, Vec<u8>>) {
    let mut found = BTreeMap::new();
    collect(directory, "", &mut found);
    let paths: (Vec<&String>, Vec<&String>) = (found.keys().collect(), expected.keys().collect());
    assert_eq!(paths.0, paths.1, "in {}", directory.display());
    for (path, content) in &found {
        assert!(expected[path] == *content, "`{path}` differs in {}", directory.display());
    }
}

fn collect(directory: &Path, prefix: &str, found: &mut BTreeMap<String, Vec<u8>>) {
    for entry in fs::read_dir(directory).unwrap() {
        let entry = entry.unwrap();
        let path = format!("{prefix}{}", entry.file_name().to_str().unwrap());
        if entry.file_type().unwrap().is_dir() {
            collect(&entry.path(), &format!("{path}/"), found);
        } else {
            found.insert(path, fs::read(entry.path()).unwrap());
        }
    }
}

/// The paths that isoinfo finds in one of the trees: none for the plain one, `-J` or `-R`.
pub fn isoinfo_paths(image: &Path, tree: Option<&str>) -> Vec<String> {
    let mut arguments = vec!["-f", "-i", text(image)];
    arguments.extend(tree);
    let said = run("isoinfo", &arguments);
    let mut paths: Vec<String> =
        said.lines().filter_map(|line| line.strip_prefix('/')).map(str::to_owned).collect();
    paths.sort();
    paths
}
