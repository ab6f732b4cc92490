//! Writes an image the plain way: one extent after another, zeros as holes.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use fat32_writer::{FatOptions, layout, measure};
use image::{Image, Source};

use crate::content::{Blob, Files, MARK_DISTANCE};
use crate::left;

/// An image file in a directory of its own.
pub struct Written {
    pub directory: tempfile::TempDir,
    pub image: PathBuf,
}

/// Lays out the files and writes the image.
pub fn write(files: &Files, options: &FatOptions) -> Written {
    let tree = files.tree();
    let measured = measure(&tree, options).unwrap();
    let image = layout(tree, options).unwrap().into_image();
    assert_eq!(image.len(), measured);

    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("image.img");
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

/// The bytes of an image, of which only those that are not zero take memory.
pub fn bytes(image: &Image<Blob>) -> Vec<u8> {
    let mut out = vec![0; image.len().0 as usize];
    for extent in image.extents() {
        let bytes = match &extent.source {
            Source::Zeros => continue,
            Source::Bytes(bytes) => bytes.to_vec(),
            Source::Encoded { encoder, part } => {
                let mut bytes = Vec::new();
                encoder.encode(*part, &mut bytes);
                bytes
            }
            Source::Blob { blob, offset } => blob.bytes(offset.0, extent.len.0 as usize),
        };
        assert_eq!(bytes.len() as u64, extent.len.0);
        out[extent.start.0 as usize..extent.end().0 as usize].copy_from_slice(&bytes);
    }
    out
}
