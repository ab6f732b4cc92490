//! What the tests of this crate share: files, programs, and planned WIMs in files.

// Each test target uses a part of it.
#![allow(dead_code)]

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use image::{ByteCount, ByteOffset, FileData, FileTree, Image, Source, ValidTree};
use wim::{
    Facts, Filetime, Guid, ImageTexts, LatePart, PlannedImage, Sha1, WimLayout, WimOptions, layout,
};

/// Paths and bytes.
pub type Files = BTreeMap<String, Vec<u8>>;

/// A blob of a planned WIM: one of the contents, or a late part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Blob {
    /// The bytes of this number.
    Content(usize),
    /// A late part.
    Late(LatePart),
}

/// The moment that planned WIMs bear.
pub const TIME: i64 = 1_700_000_000;

/// Bytes that are the same for the same seed and compress a little.
pub fn bytes(seed: u64, len: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut out = Vec::with_capacity(len);
    while out.len() < len {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        out.extend_from_slice(format!("{:x} {}\n", state, state % 97).as_bytes());
    }
    out.truncate(len);
    out
}

/// Runs a program and returns what it says; fails if it is missing or fails.
pub fn run(program: &str, arguments: &[&str]) -> String {
    let (success, text) = attempt(program, arguments);
    assert!(success, "{program} {arguments:?} failed:\n{text}");
    text
}

/// Runs a program and returns whether it succeeds and what it says; fails if it is missing.
pub fn attempt(program: &str, arguments: &[&str]) -> (bool, String) {
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
    // Of a line that was written over and over only the last state counts.
    let last = |line: &str| line.rsplit('\r').next().unwrap_or_default().to_owned();
    let lines: Vec<String> = text.lines().map(last).collect();
    (output.status.success(), lines.join("\n"))
}

/// wimlib-imagex reads everything without complaint, but that there is no integrity table.
pub fn verify(wim: &Path) {
    let said = run("wimlib-imagex", &["verify", text(wim)]);
    let complaints: Vec<&str> = said
        .lines()
        .filter(|line| line.contains("WARNING") || line.contains("ERROR"))
        .filter(|line| !line.contains("does not contain integrity information"))
        .collect();
    assert_eq!(complaints, [""; 0], "{said}");
}

/// A path as a program takes it.
pub fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// Writes files into a folder.
pub fn write_files(folder: &Path, files: &Files) {
    fs::create_dir_all(folder).unwrap();
    for (path, bytes) in files {
        let path = folder.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
}

/// The files of a folder.
pub fn read_files(folder: &Path) -> Files {
    let mut files = Files::new();
    collect(folder, "", &mut files);
    files
}

fn collect(folder: &Path, prefix: &str, files: &mut Files) {
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let path = format!("{prefix}{}", entry.file_name().to_str().unwrap());
        if entry.file_type().unwrap().is_dir() {
            collect(&entry.path(), &format!("{path}/"), files);
        } else {
            files.insert(path, fs::read(entry.path()).unwrap());
        }
    }
}

/// Compares files without showing their bytes.
pub fn assert_same(found: &Files, expected: &Files) {
    let paths: (Vec<&String>, Vec<&String>) = (found.keys().collect(), expected.keys().collect());
    assert_eq!(paths.0, paths.1);
    for (path, bytes) in found {
        assert!(expected[path] == *bytes, "`{path}` differs");
    }
}

/// A planned WIM and the contents that its blobs stand for.
pub struct Planned {
    pub layout: WimLayout<Blob>,
    pub contents: Vec<Vec<u8>>,
}

/// What tests plan with: a GUID, a moment, and the first image starting.
pub fn options() -> WimOptions {
    WimOptions {
        guid: Guid(*b"a guid of tests."),
        created: Filetime::from_unix_seconds(TIME),
        boot_index: 1,
    }
}

/// An image of this name and tree, with one moment for everything in it.
pub fn planned(name: &str, tree: ValidTree<Blob>) -> PlannedImage<Blob> {
    PlannedImage {
        tree: Arc::new(tree),
        facts: Facts::Uniform(Filetime::from_unix_seconds(TIME)),
        texts: ImageTexts { name: name.to_owned(), ..ImageTexts::default() },
    }
}

/// A tree of these files; equal bytes share a blob of `contents`. Every third file that is not
/// empty is given as bytes, the others as blobs.
pub fn tree_of(
    files: &Files,
    directories: &[&str],
    contents: &mut Vec<Vec<u8>>,
) -> ValidTree<Blob> {
    let mut tree = FileTree::new();
    for (number, (path, bytes)) in files.iter().enumerate() {
        let data = if number % 3 == 2 {
            FileData::Bytes(bytes.as_slice().into())
        } else {
            let known = contents.iter().position(|content| content == bytes);
            let index = known.unwrap_or_else(|| {
                contents.push(bytes.clone());
                contents.len() - 1
            });
            FileData::blob(Blob::Content(index), ByteCount(bytes.len() as u64))
        };
        tree.add_file(path, data).unwrap();
    }
    for directory in directories {
        tree.add_directory(directory).unwrap();
    }
    tree.validate().unwrap()
}

impl Planned {
    /// Plans one WIM with these images.
    pub fn new(images: &[(&str, &Files)], options: &WimOptions) -> Self {
        let mut contents = Vec::new();
        let images = images
            .iter()
            .map(|(name, files)| planned(name, tree_of(files, &["empty folder"], &mut contents)))
            .collect();
        Self { layout: layout(images, options).unwrap(), contents }
    }

    /// The digests of its blobs.
    pub fn digests(&self) -> Vec<Sha1> {
        self.layout.digests(|blob, offset, len| Sha1::of(self.content(blob, offset, len)))
    }

    fn content(&self, blob: Blob, offset: ByteOffset, len: ByteCount) -> &[u8] {
        let Blob::Content(index) = blob else { panic!("a late part has no content") };
        &self.contents[index][offset.0 as usize..(offset + len).0 as usize]
    }

    /// All bytes of the WIM, late parts written last.
    pub fn bytes(&self) -> Vec<u8> {
        let mut bytes = vec![0; self.layout.len().0 as usize];
        let image = self.layout.image(Blob::Late);
        assert_eq!(image.len(), self.layout.len());
        self.write_extents(&image, &mut |start, content| {
            bytes[start as usize..start as usize + content.len()].copy_from_slice(content);
        });
        bytes
    }

    /// Writes the WIM with holes, late parts last.
    pub fn write(&self, path: &Path) {
        let file = File::create(path).unwrap();
        file.set_len(self.layout.len().0).unwrap();
        let image = self.layout.image(Blob::Late);
        self.write_extents(&image, &mut |start, content| {
            file.write_all_at(content, start).unwrap();
        });
    }

    fn write_extents(&self, image: &Image<Blob>, write: &mut dyn FnMut(u64, &[u8])) {
        let late = self.layout.encode_late(&self.digests());
        for extent in image.extents() {
            let start = extent.start.0;
            match &extent.source {
                Source::Zeros => {}
                Source::Bytes(bytes) => write(start, bytes),
                Source::Encoded { .. } => panic!("a WIM has no encoded parts"),
                Source::Blob { blob: Blob::Late(part), .. } => match part {
                    LatePart::Header => write(start, &late.header),
                    LatePart::Tables => write(start, &late.tables),
                },
                Source::Blob { blob, offset } => {
                    write(start, self.content(*blob, *offset, extent.len));
                }
            }
        }
    }
}

/// Files of many kinds: empty, equal, small, over a block, deep, and with names of all sorts.
pub fn sample_files() -> Files {
    let mut files = Files::new();
    let mut add = |path: &str, bytes: Vec<u8>| files.insert(path.to_owned(), bytes);
    add("bootmgr", bytes(1, 30_000));
    add("sources/boot.wim", bytes(2, 300_001));
    add("sources/copy of boot.wim", bytes(2, 300_001));
    add("empty", Vec::new());
    add("one", vec![1]);
    add("block", bytes(3, 4096));
    add("SMS/PKG/P0100001/setup.exe", bytes(4, 70_000));
    add("SMS/PKG/P0100001/Übergröße – ☃ 🦀.txt", bytes(5, 77));
    add("SMS/PKG/P0100001/.hidden", bytes(6, 5));
    add(&format!("deep/{}/end", ["level"; 12].join("/")), bytes(7, 9_000));
    for number in 0..60 {
        add(&format!("many/file {number}"), bytes(number % 20, number as usize * 37));
    }
    files
}
