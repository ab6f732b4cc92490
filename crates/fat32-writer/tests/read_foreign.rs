//! Volumes made by programs that share no code with this crate are read as they were meant.

// The crate is pure; its tests run tools and read files.
#![allow(clippy::disallowed_methods)]

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::Command;

use fat32_writer::check::{CheckOptions, check};
use fat32_writer::read::{EntryKind, FatReader, FileReader, ReadAt};

/// Path to bytes; None for a directory.
type Tree = BTreeMap<String, Option<Vec<u8>>>;

const MIB: u64 = 1 << 20;

/// Runs a reference tool, which must be there and succeed.
fn run(program: &str, arguments: &[&str]) {
    let path = format!("{}:/usr/sbin:/sbin", std::env::var("PATH").unwrap());
    let mut command = Command::new(program);
    let output = command.args(arguments).env("PATH", path).env("LC_ALL", "C.UTF-8").output();
    let output = output.unwrap_or_else(|error| panic!("{program} cannot be run: {error}"));
    let messages = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} {arguments:?}: {messages}");
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn sample() -> Tree {
    let mut tree = Tree::new();
    let pattern = |len: usize| (0..len).map(|at| (at * 7 + at / 251) as u8).collect::<Vec<_>>();
    for directory in ["empty directory", "SMS", "SMS/data", "SMS/PKG", "lower"] {
        tree.insert(directory.to_owned(), None);
    }
    let mut add = |path: &str, bytes: Vec<u8>| tree.insert(path.to_owned(), Some(bytes));
    add("SMS/data/media.json", b"{}\n".to_vec());
    add("SMS/data/empty.bin", Vec::new());
    add("SMS/data/EXACT.BIN", pattern(4096));
    add("SMS/data/one byte more", pattern(4097));
    add("lower/mixed.TXT", pattern(10));
    for index in 0..150 {
        let name = format!("SMS/PKG/a name of middling length, number {index:03}.dat");
        add(&name, pattern(index * 301));
    }
    add("Grüße an Łódź.txt", b"umlauts".to_vec());
    tree
}

fn write_tree(tree: &Tree, directory: &Path) {
    for (path, bytes) in tree {
        let path = directory.join(path);
        match bytes {
            None => std::fs::create_dir_all(path).unwrap(),
            Some(bytes) => std::fs::write(path, bytes).unwrap(),
        }
    }
}

fn read_tree(image: &dyn ReadAt) -> Tree {
    let mut tree = Tree::new();
    let reader = FatReader::open(image).unwrap();
    let mut visit = |entry: &fat32_writer::read::Entry| {
        let bytes = (entry.kind == EntryKind::File).then(|| {
            let mut bytes = Vec::new();
            FileReader::new(image, entry).read_to_end(&mut bytes).unwrap();
            assert_eq!(bytes.len() as u64, entry.len, "{}", entry.path);
            bytes
        });
        assert!(tree.insert(entry.path.clone(), bytes).is_none(), "{} twice", entry.path);
        ControlFlow::Continue(())
    };
    reader.walk(&mut visit).unwrap();
    tree
}

/// An image file in a directory of its own, with a volume that mkfs.fat and mtools made.
struct Foreign {
    room: tempfile::TempDir,
    image: PathBuf,
}

impl Foreign {
    /// `partition` makes a partition at 1 MiB.
    fn new(size: u64, options: &[&str], partition: Option<fn(&Path)>, tree: &Tree) -> Self {
        let room = tempfile::tempdir().unwrap();
        let image = room.path().join("image.img");
        std::fs::File::create(&image).unwrap().set_len(size).unwrap();
        let mut arguments = vec!["-F", "32", "-n", "FOREIGN", "-i", "1234abcd"];
        arguments.extend(options);
        let blocks = ((size - 2 * MIB) / 1024).to_string();
        if let Some(partition) = partition {
            partition(&image);
            arguments.extend(["--offset", "2048", "-h", "2048", text(&image), &blocks]);
        } else {
            arguments.push(text(&image));
        }
        run("mkfs.fat", &arguments);
        let place = format!("{}{}", text(&image), partition.map_or("", |_| "@@1M"));
        let source = room.path().join("tree");
        std::fs::create_dir(&source).unwrap();
        write_tree(tree, &source);
        let children: Vec<PathBuf> =
            std::fs::read_dir(&source).unwrap().map(|entry| entry.unwrap().path()).collect();
        let mut arguments = vec!["-s", "-Q", "-i", &place];
        arguments.extend(children.iter().map(|child| text(child)));
        arguments.push("::/");
        run("mcopy", &arguments);
        Self { room, image }
    }

    fn bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        std::fs::File::open(&self.image).unwrap().read_to_end(&mut bytes).unwrap();
        bytes
    }
}

/// The rules that every volume of mkfs.fat and mtools breaks: no mark in the third sector, an
/// FSInfo that changes without its copy and names the cluster that was taken last, characters of a
/// code page in short names, and a volume of whole tracks.
const ALWAYS: [&str; 5] =
    ["backup-fsinfo", "boot-mark", "bpb-total-sectors", "fsinfo-next", "short-name"];

/// The other rules that a volume breaks.
fn broken(image: &dyn ReadAt) -> BTreeSet<&'static str> {
    let options = CheckOptions { data_alignment: 1, contiguous: false, ..CheckOptions::default() };
    let rules = check(image, &options).into_iter().map(|fault| fault.rule);
    rules.filter(|rule| !ALWAYS.contains(rule)).collect()
}

#[test]
fn volumes_of_mkfs_fat_and_mtools_are_read() {
    for options in [&["-s", "8"][..], &["-s", "1"], &["-s", "2", "-f", "2", "-R", "100"]] {
        let foreign = Foreign::new(300 * MIB, options, None, &sample());
        let bytes = foreign.bytes();
        assert_eq!(read_tree(&bytes), sample(), "{options:?}");
        let reader = FatReader::open(&bytes).unwrap();
        assert_eq!((&*reader.info().label, reader.info().serial), ("FOREIGN", 0x1234_ABCD));
        assert_eq!(broken(&bytes), BTreeSet::new(), "{options:?}");
    }
}

#[test]
fn volumes_in_partitions_of_other_programs_are_found() {
    let gpt = |image: &Path| run("sgdisk", &["-n", "1:2048:-1M", "-t", "1:0700", text(image)]);
    let mbr = |image: &Path| {
        let room = tempfile::tempdir().unwrap();
        let script = room.path().join("script");
        std::fs::write(&script, "label: dos\nstart=2048, type=c, bootable\n").unwrap();
        let command = format!("sfdisk -q '{}' <'{}'", text(image), text(&script));
        run("sh", &["-c", &command]);
    };
    for partition in [gpt as fn(&Path), mbr] {
        let foreign = Foreign::new(300 * MIB, &["-s", "8"], Some(partition), &sample());
        let bytes = foreign.bytes();
        assert_eq!(read_tree(&bytes), sample());
        assert_eq!(FatReader::open(&bytes).unwrap().info().offset, MIB);
        assert_eq!(broken(&bytes), BTreeSet::new());
    }
}

#[test]
fn files_in_pieces_are_read() {
    let mut tree = sample();
    let foreign = Foreign::new(300 * MIB, &["-s", "8"], None, &tree);
    let place = text(&foreign.image).to_owned();
    for index in (0..150).step_by(2) {
        let name = format!("SMS/PKG/a name of middling length, number {index:03}.dat");
        run("mdel", &["-i", &place, &format!("::/{name}")]);
        tree.remove(&name);
    }
    // A file that takes almost all of what FSInfo says is free takes the holes, too.
    let free = foreign.bytes()[512 + 488..512 + 492].try_into().unwrap();
    let len = (u64::from(u32::from_le_bytes(free)) - 20) * 4096;
    let bytes: Vec<u8> = (0..len).map(|at| (at / 997) as u8).collect();
    let large = foreign.room.path().join("large.bin");
    std::fs::write(&large, &bytes).unwrap();
    run("mcopy", &["-i", &place, text(&large), "::/large.bin"]);
    tree.insert("large.bin".to_owned(), Some(bytes));
    run("mdel", &["-i", &place, "::/SMS/data/one byte more"]);
    tree.remove("SMS/data/one byte more");

    let bytes = foreign.bytes();
    assert!(read_tree(&bytes) == tree);
    let large = FatReader::open(&bytes).unwrap().find("large.bin").unwrap();
    assert!(large.extents.len() > 10, "{} pieces", large.extents.len());
    assert_eq!(broken(&bytes), BTreeSet::from(["entry-deleted"]));
}
