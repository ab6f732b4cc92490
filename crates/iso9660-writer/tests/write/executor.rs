//! Writes an image the plain way: one extent after another, zeros as holes.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use image::{Image, Source};
use iso9660_writer::{IsoOptions, layout, measure};

use crate::content::{Blob, Files, MARK_DISTANCE};
use crate::left;

/// An image file in a directory of its own.
pub struct Written {
    pub directory: tempfile::TempDir,
    pub image: PathBuf,
}

/// Lays out the files and writes the image.
pub fn write(files: &Files, options: &IsoOptions) -> Written {
    let tree = files.tree();
    let measured = measure(&tree, options).unwrap();
    let image = layout(tree, options).unwrap().into_image();
    assert_eq!(image.len(), measured);

    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("image.iso");
    write_image(&image, &path);
    left::leave(&path);
    Written { directory, image: path }
}

/// Writes an image to a file.
pub fn write_image(image: &Image<Blob>, path: &Path) {
    let file = File::create(path).unwrap();
    file.set_len(image.len().0).unwrap();
    for extent in image.extents() {
        match &extent.source {
            Source::Zeros => {}
            Source::Bytes(bytes) => file.write_all_at(bytes, extent.start.0).unwrap(),
            Source::Encoded { encoder, part } => {
                let mut bytes = Vec::new();
                encoder.encode(*part, &mut bytes);
                assert_eq!(bytes.len() as u64, extent.len.0, "part {part}");
                file.write_all_at(&bytes, extent.start.0).unwrap();
            }
            Source::Blob { blob: Blob::Marked, offset } => {
                for mark in (0..extent.len.0).step_by(MARK_DISTANCE as usize) {
                    let len = (extent.len.0 - mark).min(8) as usize;
                    let bytes = Blob::Marked.bytes(offset.0 + mark, len);
                    file.write_all_at(&bytes, extent.start.0 + mark).unwrap();
                }
            }
            Source::Blob { blob, offset } => {
                let bytes = blob.bytes(offset.0, extent.len.0 as usize);
                file.write_all_at(&bytes, extent.start.0).unwrap();
            }
        }
    }
}

/// The bytes of a small image.
pub fn bytes(image: &Image<Blob>) -> Vec<u8> {
    let mut out = Vec::with_capacity(image.len().0 as usize);
    for extent in image.extents() {
        match &extent.source {
            Source::Zeros => out.resize(out.len() + extent.len.0 as usize, 0),
            Source::Bytes(bytes) => out.extend_from_slice(bytes),
            Source::Encoded { encoder, part } => encoder.encode(*part, &mut out),
            Source::Blob { blob, offset } => {
                out.extend(blob.bytes(offset.0, extent.len.0 as usize));
            }
        }
        assert_eq!(out.len() as u64, extent.end().0);
    }
    out
}
