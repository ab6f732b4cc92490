//! From a tree of files to the bytes of an image's metadata.

use std::hint::black_box;
use std::sync::Arc;

use criterion::{Criterion, Throughput};
use image::{FileData, FileTree, Image, Source, ValidTree};
use iso9660_writer::IsoOptions;

use crate::synthetic_index::{Size, index};

const FILES: u64 = 100_000;

fn tree() -> ValidTree<u32> {
    let (index, _) = index(Size { contents: 100, files: 1_000 });
    let mut tree = FileTree::new();
    for content in &index.contents {
        for file in &content.files {
            let path = format!("SMS/PKG/{}/{}", content.id, file.path);
            let data = FileData::blob(file.blob.0, index.size(file));
            tree.add_file(&path, data).expect("the paths are plain");
        }
    }
    tree.validate().expect("no two paths are the same")
}

/// The place of everything in an image of 100,000 files in all four namespaces.
pub fn layout(criterion: &mut Criterion) {
    let tree = Arc::new(tree());
    let options = IsoOptions::default();
    let mut group = criterion.benchmark_group("layout");
    group.sample_size(10);
    group.throughput(Throughput::Elements(FILES));
    group.bench_function("100,000 files", |bencher| {
        bencher.iter(|| iso9660_writer::layout(tree.clone(), &options).expect("it fits"));
    });
    group.finish();
}

/// Every byte of that image that is not file data.
pub fn encode(criterion: &mut Criterion) {
    let layout =
        iso9660_writer::layout(tree(), &IsoOptions::default()).expect("it fits").into_image();
    let mut group = criterion.benchmark_group("encode");
    group.sample_size(20);
    group.throughput(Throughput::Bytes(encode_all(&layout)));
    group.bench_function("metadata of 100,000 files", |bencher| {
        bencher.iter(|| encode_all(black_box(&layout)));
    });
    group.finish();
}

fn encode_all(image: &Image<u32>) -> u64 {
    let mut bytes = Vec::new();
    let mut len = 0;
    for extent in image.extents() {
        bytes.clear();
        match &extent.source {
            Source::Bytes(source) => bytes.extend_from_slice(source),
            Source::Encoded { encoder, part } => encoder.encode(*part, &mut bytes),
            Source::Blob { .. } | Source::Zeros => {}
        }
        len += black_box(&bytes).len() as u64;
    }
    len
}
