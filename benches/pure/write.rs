//! The one writer, from files of this machine to an image on it.

use std::fs;
use std::path::Path;

use content::ContentLocation;
use criterion::{BatchSize, Criterion, Throughput};
use image::{FileData, FileTree, Image};
use iso9660_writer::IsoOptions;
use pipeline::HashCache;
use pipeline::checksum::WithSha1;
use pipeline::progress::{Cancel, Silent};
use pipeline::scan::{self, Scan};
use pipeline::write::{MediaBlob, WriteContext, Writer};

const FILES: usize = 2_000;

/// 2,000 files of up to 64 KiB: read, hashed, written and made durable.
pub fn write(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let scan = scan(folder.path());
    let image = image(&scan);
    let path = folder.path().join("image.iso");
    let (cache, cancel) = (HashCache::none(), Cancel::new());
    let context = WriteContext {
        scan: &scan,
        cache: &cache,
        cancel: &cancel,
        progress: &Silent,
        with_sha1: WithSha1::No,
    };
    let mut group = criterion.benchmark_group("write");
    group.sample_size(10);
    group.throughput(Throughput::Bytes(image.len().0));
    group.bench_function("2,000 files, hashed on the way", |bencher| {
        bencher.iter_batched(
            || vec![image.clone()],
            |images| {
                let paths = std::slice::from_ref(&path);
                let mut writer = Writer::create(images, paths, &scan).expect("there is room");
                writer.write_data(&context).expect("nobody changes the files");
                writer.finish().expect("the image can be made durable")
            },
            BatchSize::PerIteration,
        );
    });
    group.finish();
}

fn scan(folder: &Path) -> Scan {
    let content = folder.join("content");
    fs::create_dir(&content).expect("the folder is new");
    for number in 0..FILES {
        // Each file's bytes differ from those of the others.
        let bytes: Vec<u8> =
            (number as u64..).flat_map(u64::to_le_bytes).take(32 * number).collect();
        fs::write(content.join(format!("{number:04}")), bytes).expect("there is room");
    }
    let contents = [("P0100001".parse().expect("this is an id"), ContentLocation::Path(content))];
    scan::run(&contents, &HashCache::none(), &Cancel::new(), &Silent).expect("the files are there")
}

fn image(scan: &Scan) -> Image<MediaBlob> {
    let mut tree = FileTree::new();
    for file in &scan.index.contents[0].files {
        let data = FileData::blob(MediaBlob::Content(file.blob), scan.index.size(file));
        tree.add_file(&file.path, data).expect("the paths are plain");
    }
    let tree = tree.validate().expect("no two paths are the same");
    iso9660_writer::layout(tree, &IsoOptions::default()).expect("it fits").into_image()
}
