//! The rules of the workspace that the compiler does not check.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use serde_json::Value;

/// What each crate may depend on inside the workspace; the arrows of `crates/README.md`.
const ARROWS: [(&str, &[&str]); 13] = [
    ("tasksequence", &[]),
    ("cmtrace", &[]),
    ("image", &[]),
    ("content", &["image", "tasksequence"]),
    ("exfat-writer", &["image"]),
    ("fat32-writer", &["image"]),
    ("iso9660-writer", &["image"]),
    ("wim", &["image"]),
    ("plan", &["content", "image"]),
    (
        "pipeline",
        &[
            "content",
            "exfat-writer",
            "fat32-writer",
            "image",
            "iso9660-writer",
            "plan",
            "tasksequence",
            "wim",
        ],
    ),
    ("runtime", &["cmtrace", "content", "image", "tasksequence", "wim"]),
    ("corpora", &[]),
    (
        "tsmedia",
        &[
            "cmtrace",
            "content",
            "exfat-writer",
            "fat32-writer",
            "image",
            "iso9660-writer",
            "pipeline",
            "plan",
            "runtime",
            "tasksequence",
            "wim",
        ],
    ),
];

/// The crates that touch nothing.
const PURE: [&str; 7] =
    ["tasksequence", "content", "image", "exfat-writer", "fat32-writer", "iso9660-writer", "plan"];

/// What a pure crate must not call, each with its reason in the crate's `clippy.toml`.
const FORBIDDEN: [&str; 8] = [
    "std::fs::File::open",
    "std::fs::File::create",
    "std::fs::read",
    "std::fs::read_to_string",
    "std::fs::write",
    "std::env::var",
    "std::time::SystemTime::now",
    "std::time::Instant::now",
];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn metadata() -> Value {
    let output = Command::new(env::var_os("CARGO").unwrap_or("cargo".into()))
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline"])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn arrows_between_crates_run_one_way() {
    let metadata = metadata();
    let packages = metadata["packages"].as_array().unwrap();
    let names: BTreeSet<&str> =
        packages.iter().map(|package| package["name"].as_str().unwrap()).collect();
    let known: BTreeMap<&str, BTreeSet<&str>> =
        ARROWS.iter().map(|(name, arrows)| (*name, arrows.iter().copied().collect())).collect();
    assert_eq!(names, known.keys().copied().collect(), "crates and the table above");
    for package in packages {
        let name = package["name"].as_str().unwrap();
        for dependency in package["dependencies"].as_array().unwrap() {
            let to = dependency["name"].as_str().unwrap();
            let for_tests = dependency["kind"].as_str() == Some("dev");
            if names.contains(to) && !for_tests {
                assert!(known[name].contains(to), "{name} must not depend on {to}");
            }
        }
    }
}

#[test]
fn pure_crates_forbid_files_clocks_and_environment() {
    for name in PURE {
        let path = root().join("crates").join(name).join("clippy.toml");
        let text = fs::read_to_string(&path).unwrap();
        for method in FORBIDDEN {
            assert!(text.contains(&format!("\"{method}\"")), "{} misses {method}", path.display());
        }
    }
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// A file with one subject is short. What is longer has to stand here with its reason.
const LONG_FILES: [&str; 0] = [];

#[test]
fn no_source_file_has_more_than_six_hundred_lines() {
    let mut files = Vec::new();
    for folder in ["crates", "benches", "corpora", "tests"] {
        sources(&root().join(folder), &mut files);
    }
    assert!(files.len() > 50, "the walk found the sources");
    let long: Vec<String> = files
        .iter()
        .filter(|path| fs::read_to_string(path).unwrap().lines().count() > 600)
        .map(|path| path.strip_prefix(root()).unwrap().display().to_string())
        .filter(|path| !LONG_FILES.contains(&path.as_str()))
        .collect();
    assert_eq!(long, [""; 0]);
}

#[test]
fn there_are_no_rooms_without_a_subject() {
    let mut files = Vec::new();
    sources(&root().join("crates"), &mut files);
    for path in files {
        for part in path.strip_prefix(root()).unwrap().components() {
            let name = Path::new(part.as_os_str()).file_stem().unwrap().to_str().unwrap();
            let vague = ["util", "utils", "common", "helpers", "manager", "misc"];
            assert!(!vague.contains(&name), "{}", path.display());
        }
    }
}

/// The lines after the one that begins so, up to the first that does not satisfy `belongs`.
fn block<'a>(text: &'a str, begin: &str, belongs: impl Fn(&str) -> bool) -> Vec<&'a str> {
    let after = text.lines().map(str::trim).skip_while(|line| !line.starts_with(begin)).skip(1);
    after.take_while(|line| belongs(line)).collect()
}

#[test]
fn exit_codes_stand_in_the_readme() {
    let source = fs::read_to_string(root().join("crates/cli/exit.rs")).unwrap();
    let numbers: BTreeMap<&str, u8> = block(&source, "pub enum Exit {", |line| line != "}")
        .into_iter()
        .filter_map(|line| line.strip_suffix(',')?.split_once(" = "))
        .map(|(name, number)| (name, number.parse().unwrap()))
        .collect();
    let table: Vec<(u8, &str)> = block(&source, "pub const TABLE", |line| line != "];")
        .into_iter()
        .map(|line| {
            let (name, meaning) = line.split_once(", \"").unwrap();
            let meaning = meaning.strip_suffix("\"),").unwrap();
            (numbers[name.strip_prefix("(Self::").unwrap()], meaning)
        })
        .collect();
    assert!(!numbers.is_empty());
    assert_eq!(table.len(), numbers.len(), "the table has every code");

    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let told: Vec<(u8, &str)> = block(&readme, "| exit code |", |line| line.starts_with('|'))
        .into_iter()
        .skip(1)
        .map(|line| {
            let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
            let [number, meaning] = cells[..] else { panic!("a row with two cells: {line}") };
            (number.parse().unwrap(), meaning)
        })
        .collect();
    assert_eq!(told, table);
}
