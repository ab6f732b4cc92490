//! Media whose manifests anybody could have written: they are verified and extracted, and nothing
//! appears outside of the folder that they are extracted to.
//!
//! An input is `media.json`, the manifest of disc 1 and the manifest of every content, each after
//! a zero byte. The digests that tie them together are made to fit: nobody finds one by trying.

#![no_main]

use std::fs;
use std::path::PathBuf;

use content::Digest;
use content::manifest::{
    ManifestContent, ManifestLine, ManifestPart, MediaManifest, content_manifest_path,
};
use image::{FileData, FileTree, Source};
use iso9660_writer::IsoOptions;
use libfuzzer_sys::fuzz_target;
use pipeline::checksum::stripes_of;
use pipeline::extract::{self, ExtractRequest};
use pipeline::media::{encode_media, set_digest};
use pipeline::progress::{Cancel, Silent};
use pipeline::verify::{self, VerifyDepth};
use sha2::{Digest as _, Sha256};

const SETUP: &[u8] = b"setup";

fn sha256(bytes: &[u8]) -> Digest {
    Digest(Sha256::digest(bytes).into())
}

fn sample() -> Vec<u8> {
    let id: content::ContentId = "P0100200".parse().expect("this is an id");
    let line = |path: &str, bytes: &[u8]| ManifestLine {
        path: path.to_owned(),
        size: bytes.len() as u64,
        sha256: sha256(bytes),
        crc32: stripes_of(bytes),
        disc: Some(1),
        parts: Vec::new(),
    };
    let part = ManifestPart {
        disc: 1,
        path: "SMS/data/parts/P0100200/1.0".to_owned(),
        offset: 0,
        length: SETUP.len() as u64,
        sha256: sha256(SETUP),
        crc32: stripes_of(SETUP),
    };
    let cut = ManifestLine { disc: None, parts: vec![part], ..line("cut.bin", SETUP) };
    let lines = [line("setup.exe", SETUP), cut, line("empty/", b"")];
    let media = MediaManifest {
        format: content::manifest::MEDIA_FORMAT.to_owned(),
        version: content::manifest::MEDIA_VERSION,
        set: Digest::UNKNOWN,
        disc: 1,
        discs: 1,
        media_type: "stand-alone".to_owned(),
        label: "Test".to_owned(),
        created: "2026-11-21T09:00:00Z".to_owned(),
        valid_from: None,
        valid_until: None,
        task_sequence: None,
        prestaged: None,
        boot_image: None,
        contents: vec![ManifestContent {
            id,
            kind: "package".to_owned(),
            name: "Setup".to_owned(),
            version: 1,
            files: 2,
            bytes: 10,
            manifest_sha256: Digest::UNKNOWN,
            partition: None,
            discs: vec![1],
        }],
        disc_manifests: vec![Digest::UNKNOWN],
    };
    let mut bytes = serde_json::to_vec(&media).expect("the document has text keys");
    bytes.push(0);
    line("MediaLabel.txt", SETUP).write(&mut bytes).expect("memory takes it");
    bytes.push(0);
    lines.iter().for_each(|line| line.write(&mut bytes).expect("memory takes it"));
    bytes
}

/// The files of an image with these manifests; `None` if they cannot be one.
fn files(input: &[u8]) -> Option<FileTree<()>> {
    let mut documents = input.splitn(3, |byte| *byte == 0);
    let mut next = || documents.next().unwrap_or_default();
    let (media, disc, content) = (next(), next(), next());
    let mut tree = FileTree::new();
    let mut add = |path: &str, bytes: &[u8]| tree.add_file(path, FileData::Bytes(bytes.into()));
    let media = match serde_json::from_slice::<MediaManifest>(media) {
        Ok(mut media) => {
            media.disc_manifests.iter_mut().take(1).for_each(|digest| *digest = sha256(disc));
            for listed in &mut media.contents {
                listed.manifest_sha256 = sha256(content);
                add(&content_manifest_path(&listed.id), content).ok()?;
            }
            media.set = set_digest(&media);
            encode_media(&media)
        }
        Err(_) => media.to_vec(),
    };
    add("SMS/data/media.json", &media).ok()?;
    add("SMS/data/disc1.jsonl", disc).ok()?;
    for path in ["MediaLabel.txt", "SMS/PKG/P0100200/setup.exe", "SMS/data/parts/P0100200/1.0"] {
        add(path, SETUP).ok()?;
    }
    tree.add_directory("SMS/PKG/P0100200/empty").ok()?;
    Some(tree)
}

fn image(tree: FileTree<()>) -> Option<Vec<u8>> {
    let tree = tree.validate().ok()?;
    let image = iso9660_writer::layout(tree, &IsoOptions::default()).ok()?.into_image();
    let mut bytes = Vec::new();
    for extent in image.extents() {
        match &extent.source {
            Source::Bytes(source) => bytes.extend_from_slice(source),
            Source::Encoded { encoder, part } => encoder.encode(*part, &mut bytes),
            Source::Blob { .. } | Source::Zeros => {}
        }
        bytes.resize(extent.end().0 as usize, 0);
    }
    Some(bytes)
}

fuzz_target!(
    init: {
        let sample = String::from_utf8(sample()).expect("the manifests are text");
        // Numbers that a mutation rarely makes of others.
        let with = |from: &str, to: &str| sample.replace(from, to).into_bytes();
        seeds::write([
            sample.as_bytes(),
            &with("\"disc\":1", "\"disc\":0"),
            &with("\"disc\":1", "\"disc\":4294967295"),
            &with("\"discs\":1", "\"discs\":4294967295"),
            &sample
                .replace("\"discs\":1", "\"discs\":4294967295")
                .replace("\"discs\":[1]", "\"discs\":[2]")
                .into_bytes(),
            &with("\"size\":5", "\"size\":18446744073709551615"),
            &with("\"offset\":0,\"length\":5", "\"offset\":0,\"length\":18446744073709551615"),
            &with("setup.exe", "../../../up"),
        ]);
    },
    |bytes: &[u8]| {
        let Some(image) = files(bytes).and_then(image) else { return };
        let folder = tempfile::tempdir().expect("there is a temporary folder");
        let path = folder.path().join("image.iso");
        fs::write(&path, image).expect("there is room");
        let paths = [path];
        let output = folder.path().join("out");
        let request = ExtractRequest { images: &paths, output: &output, contents: &[] };
        // That they cannot be read is an answer, too.
        let _ = verify::images(&paths, VerifyDepth::Full, &Cancel::new(), &Silent);
        let extracted = extract::run(&request, &Cancel::new(), &Silent);
        let entries = fs::read_dir(folder.path()).expect("the folder is there");
        let names: Vec<PathBuf> =
            entries.map(|entry| entry.expect("it can be listed").file_name().into()).collect();
        assert!(names.len() <= 1 + usize::from(extracted.is_ok()), "{names:?}");
    }
);
