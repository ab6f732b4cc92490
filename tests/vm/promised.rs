//! What an image of a set must hold, file by file, from the sources and the set's own manifests.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use iso9660_writer::read::{self as reader, FileReader, Namespace, ReadAt};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::mounted::MountedFile;
use crate::site::{Site, tool};

/// The files and folders of a disc.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Promised {
    /// The size and digest of each file, by path.
    pub files: BTreeMap<String, MountedFile>,
    /// Every folder but the root.
    pub folders: BTreeSet<String>,
}

impl MountedFile {
    fn of(bytes: &[u8]) -> Self {
        Self { size: bytes.len() as u64, sha256: sha256(bytes) }
    }
}

/// SHA-256 in lower-case hexadecimal digits.
pub fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Everything on the disc `image`. What comes from content has the digest of the site's own files;
/// what the program made has the digest that `media.json` leads to.
pub fn promised(site: &Site, image: &Path) -> Promised {
    let image = fs::read(image).unwrap();
    let media_bytes = read_file(&image, "SMS/data/media.json");
    let media: Value = serde_json::from_slice(&media_bytes).unwrap();
    let this_disc = media["disc"].as_u64().unwrap();
    let mut promised = Promised::default();
    promised.file("SMS/data/media.json", MountedFile::of(&media_bytes));
    for (disc, digest) in (1..).zip(array(&media["disc_manifests"])) {
        let path = format!("SMS/data/disc{disc}.jsonl");
        let manifest = read_file(&image, &path);
        promised.file(&path, MountedFile { size: manifest.len() as u64, sha256: text(digest) });
        if disc == this_disc {
            promised.own_files(site, &manifest);
        }
    }
    for content in array(&media["contents"]) {
        let id = text(&content["id"]);
        let path = format!("SMS/data/content/{id}.jsonl");
        let manifest = read_file(&image, &path);
        let digest = text(&content["manifest_sha256"]);
        promised.file(&path, MountedFile { size: manifest.len() as u64, sha256: digest });
        if content["discs"][0] == this_disc {
            promised.folder(&format!("SMS/PKG/{id}"));
        }
        promised.content_files(site, &id, this_disc, &manifest);
    }
    promised
}

impl Promised {
    fn file(&mut self, path: &str, file: MountedFile) {
        self.folders.extend(folders_above(path));
        let before = self.files.insert(path.to_owned(), file);
        assert_eq!(before, None, "{path} is promised twice");
    }

    fn folder(&mut self, path: &str) {
        self.folders.extend(folders_above(path));
        self.folders.insert(path.to_owned());
    }

    /// The files that belong to no content, and the boot tree.
    fn own_files(&mut self, site: &Site, manifest: &[u8]) {
        for line in lines(manifest) {
            let path = text(&line["path"]);
            let source = site.path("content/boot").join(&path);
            // The writer patches the boot image; every other file is the source's.
            let is_source = source.is_file() && !path.ends_with("bios.img");
            let file = match is_source {
                true => MountedFile::of(&fs::read(source).unwrap()),
                false => MountedFile {
                    size: line["size"].as_u64().unwrap(),
                    sha256: text(&line["sha256"]),
                },
            };
            self.file(&path, file);
        }
    }

    fn content_files(&mut self, site: &Site, id: &str, this_disc: u64, manifest: &[u8]) {
        let source = site.path(&format!("content/{id}"));
        let sources = tool("find", &[".", "-type", "f", "-printf", "%P\n"], &source);
        let sources: BTreeSet<String> = sources.lines().map(str::to_owned).collect();
        let listed = lines(manifest).map(|line| text(&line["path"]));
        let listed: BTreeSet<String> = listed.filter(|path| !path.ends_with('/')).collect();
        assert_eq!(listed, sources, "the manifest of {id} lists every file");
        for line in lines(manifest) {
            let path = text(&line["path"]);
            let here = line["disc"] == this_disc;
            if let Some(folder) = path.strip_suffix('/') {
                if here {
                    self.folder(&format!("SMS/PKG/{id}/{folder}"));
                }
                continue;
            }
            let bytes = fs::read(source.join(&path)).unwrap();
            if here {
                self.file(&format!("SMS/PKG/{id}/{path}"), MountedFile::of(&bytes));
            }
            for part in line["parts"].as_array().into_iter().flatten() {
                let start = part["offset"].as_u64().unwrap() as usize;
                let end = start + part["length"].as_u64().unwrap() as usize;
                if part["disc"] == this_disc {
                    self.file(&text(&part["path"]), MountedFile::of(&bytes[start..end]));
                }
            }
        }
    }
}

fn folders_above(path: &str) -> impl Iterator<Item = String> {
    path.match_indices('/').map(|(end, _)| path[..end].to_owned())
}

fn read_file(image: &impl ReadAt, path: &str) -> Vec<u8> {
    let entry = reader::find(image, Namespace::Udf, path).unwrap();
    let mut bytes = Vec::new();
    std::io::Read::read_to_end(&mut FileReader::new(image, &entry), &mut bytes).unwrap();
    bytes
}

fn lines(manifest: &[u8]) -> impl Iterator<Item = Value> {
    serde_json::Deserializer::from_slice(manifest).into_iter().map(Result::unwrap)
}

fn array(value: &Value) -> &[Value] {
    value.as_array().unwrap()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}
