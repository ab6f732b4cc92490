use std::fs;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;

use content::ContentLocation;
use image::{ByteCount, ByteOffset, Source};
use proptest::prelude::*;
use sha2::{Digest as _, Sha256};

use super::schedule::PIECE;
use super::*;
use crate::progress::Silent;

/// Bytes that differ at every place and between seeds.
fn noise(seed: u64, len: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    (0..len)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state as u8
        })
        .collect()
}

fn scan(folder: &Path, files: &[Vec<u8>]) -> Scan {
    let content = folder.join("C");
    fs::create_dir(&content).unwrap();
    for (number, bytes) in files.iter().enumerate() {
        fs::write(content.join(format!("{number:04}")), bytes).unwrap();
    }
    let contents = [("C".parse().unwrap(), ContentLocation::Path(content))];
    crate::scan::run(&contents, &HashCache::none(), &Cancel::new(), &Silent).unwrap()
}

/// An image under construction, and the bytes that it must have.
#[derive(Default)]
struct Expected {
    extents: Vec<Extent<MediaBlob>>,
    bytes: Vec<u8>,
}

impl Expected {
    fn push(&mut self, source: Source<MediaBlob>, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        let start = ByteOffset(self.bytes.len() as u64);
        let len = ByteCount(bytes.len() as u64);
        self.extents.push(Extent { start, len, source });
        self.bytes.extend_from_slice(bytes);
    }

    fn align(&mut self) {
        let zeros = vec![0; self.bytes.len().next_multiple_of(4096) - self.bytes.len()];
        self.push(Source::Zeros, &zeros);
    }

    fn blob(&mut self, blob: BlobId, offset: usize, bytes: &[u8]) {
        self.align();
        let offset = ByteOffset(offset as u64);
        self.push(Source::Blob { blob: MediaBlob::Content(blob), offset }, bytes);
    }

    fn image(&self) -> Image<MediaBlob> {
        Image::new(self.extents.clone()).unwrap()
    }
}

fn write(
    scan: &Scan,
    folder: &Path,
    expected: &[Expected],
    late: &[(LateId, Vec<u8>)],
) -> Result<(Digests, MethodBytes, Vec<PathBuf>), Error> {
    let paths: Vec<PathBuf> =
        (0..expected.len()).map(|disc| folder.join(format!("{disc}.img"))).collect();
    let images = expected.iter().map(Expected::image).collect();
    let mut writer = Writer::create(images, &paths, scan)?;
    let (cache, cancel) = (HashCache::none(), Cancel::new());
    let context = WriteContext {
        scan,
        cache: &cache,
        cancel: &cancel,
        progress: &Silent,
        with_sha1: WithSha1::No,
    };
    let digests = writer.write_data(&context)?;
    for (id, bytes) in late {
        writer.write_late(*id, bytes)?;
    }
    let methods = writer.finish()?;
    Ok((digests, methods, writer.keep()))
}

fn sha256(bytes: &[u8]) -> Digest {
    Digest(Sha256::digest(bytes).into())
}

fn blobs_by_file(scan: &Scan) -> Vec<BlobId> {
    scan.index.contents[0].files.iter().map(|file| file.blob).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn images_hold_the_bytes_of_their_extents_and_every_digest_is_known(
        sizes in prop::collection::vec(
            prop_oneof![4 => 0..20_000usize, 2 => 0..3_000_000usize, 1 => 4_000_000..9_000_000usize],
            1..14,
        ),
        twins in any::<u64>(),
        discs in 1..3usize,
        header in 1..70_000usize,
    ) {
        let folder = tempfile::tempdir().unwrap();
        let mut files: Vec<Vec<u8>> = Vec::new();
        for (number, size) in sizes.iter().enumerate() {
            let twin = number > 0 && twins >> number & 1 == 1;
            files.push(if twin { files[number - 1].clone() } else { noise(number as u64, *size) });
        }
        let scan = scan(folder.path(), &files);
        let blobs = blobs_by_file(&scan);
        let mut expected: Vec<Expected> = (0..discs).map(|_| Expected::default()).collect();
        for disc in &mut expected {
            let bytes = noise(99, header);
            disc.push(Source::Bytes(Arc::from(bytes.as_slice())), &bytes);
        }
        let manifest = noise(7, 5000);
        for (number, bytes) in files.iter().enumerate() {
            let disc = &mut expected[number % discs];
            disc.blob(blobs[number], 0, bytes);
            if number == 1 {
                disc.align();
                let blob = MediaBlob::Late(LateId(0));
                disc.push(Source::Blob { blob, offset: ByteOffset(0) }, &manifest);
            }
        }
        let (digests, methods, paths) =
            write(&scan, folder.path(), &expected, &[(LateId(0), manifest)]).unwrap();
        for (path, expected) in paths.iter().zip(&expected) {
            prop_assert!(fs::read(path).unwrap() == expected.bytes, "{}", path.display());
        }
        for (bytes, blob) in files.iter().zip(&blobs) {
            prop_assert_eq!(digests.whole(*blob), Some(sha256(bytes)));
            prop_assert_eq!(digests.stripes(*blob), Checksum::of(bytes, WithSha1::No).stripes);
        }
        let total: usize = expected.iter().map(|disc| disc.bytes.len()).sum();
        let MethodBytes { cloned, copied, encoded, holes } = methods;
        prop_assert_eq!(cloned + copied + encoded + holes, total as u64);
    }
}

#[test]
fn a_cut_file_has_a_digest_for_the_whole_and_for_each_part() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = noise(1, 2 * PIECE as usize + 5);
    let cut = 4096 * 1030;
    let scan = scan(folder.path(), std::slice::from_ref(&bytes));
    let blob = blobs_by_file(&scan)[0];
    let mut expected = [Expected::default(), Expected::default()];
    expected[0].blob(blob, 0, &bytes[..cut]);
    expected[1].blob(blob, cut, &bytes[cut..]);
    let (digests, _, paths) = write(&scan, folder.path(), &expected, &[]).unwrap();
    for (path, expected) in paths.iter().zip(&expected) {
        assert!(fs::read(path).unwrap() == expected.bytes);
    }
    assert_eq!(digests.whole(blob), Some(sha256(&bytes)));
    assert_eq!(digests.part(blob, ByteOffset(0)), Some(&Checksum::of(&bytes[..cut], WithSha1::No)));
    assert_eq!(
        digests.part(blob, ByteOffset(cut as u64)),
        Some(&Checksum::of(&bytes[cut..], WithSha1::No))
    );
}

#[test]
fn a_file_that_changes_after_it_was_listed_is_named_and_no_image_is_left() {
    let sizes = [100, PIECE as usize + 1];
    type Change = fn(&Path);
    let changes: [(&str, Change); 4] = [
        ("grows", |path| append(path, b"x")),
        ("shrinks", |path| open(path).set_len(50).unwrap()),
        ("is overwritten", |path| open(path).write_all_at(b"y", 10).unwrap()),
        ("is replaced", |path| {
            let bytes = fs::read(path).unwrap();
            fs::remove_file(path).unwrap();
            fs::write(path, bytes).unwrap();
        }),
    ];
    for size in sizes {
        for (name, change) in changes {
            let folder = tempfile::tempdir().unwrap();
            let bytes = noise(1, size);
            let scan = scan(folder.path(), std::slice::from_ref(&bytes));
            let mut expected = Expected::default();
            expected.blob(blobs_by_file(&scan)[0], 0, &bytes);
            let path = folder.path().join("C/0000");
            wait_for_next_tick(&path);
            change(&path);
            let error = write(&scan, folder.path(), &[expected], &[]).unwrap_err();
            assert!(
                matches!(&error, Error::Changed { path: changed } if *changed == path),
                "a file of {size} bytes that {name}: {error}"
            );
            assert!(!folder.path().join("0.img").exists());
        }
    }
}

fn open(path: &Path) -> fs::File {
    fs::OpenOptions::new().write(true).open(path).unwrap()
}

fn append(path: &Path, bytes: &[u8]) {
    let len = fs::metadata(path).unwrap().len();
    open(path).write_all_at(bytes, len).unwrap();
}

/// Within one tick a change leaves no trace in the times; this is about changes that do.
fn wait_for_next_tick(path: &Path) {
    let stamp = crate::stamp::FileStamp::of(&fs::metadata(path).unwrap());
    while stamp.is_racy_at(crate::stamp::Nanoseconds::now()) {
        std::thread::yield_now();
    }
}

#[test]
fn a_cancelled_write_leaves_no_image() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = noise(1, 1000);
    let scan = scan(folder.path(), std::slice::from_ref(&bytes));
    let mut expected = Expected::default();
    expected.blob(blobs_by_file(&scan)[0], 0, &bytes);
    let path = folder.path().join("0.img");
    let mut writer =
        Writer::create(vec![expected.image()], std::slice::from_ref(&path), &scan).unwrap();
    let (cache, cancel) = (HashCache::none(), Cancel::new());
    cancel.cancel();
    let context = WriteContext {
        scan: &scan,
        cache: &cache,
        cancel: &cancel,
        progress: &Silent,
        with_sha1: WithSha1::No,
    };
    assert!(matches!(writer.write_data(&context), Err(Error::Cancelled)));
    assert!(path.exists());
    drop(writer);
    assert!(!path.exists());
}

/// A UDF file entry is a block of 2048 bytes: whether metadata lies at multiples of 4096 is chance.
#[test]
fn metadata_at_odd_blocks_is_written_in_pieces() {
    let folder = tempfile::tempdir().unwrap();
    let scan = scan(folder.path(), &[noise(1, 10)]);
    let mut expected = Expected::default();
    let block = noise(2, 2048);
    expected.push(Source::Bytes(Arc::from(block.as_slice())), &block);
    for number in 0..12 {
        let bytes = noise(3 + number, 1 << 20);
        expected.push(Source::Bytes(Arc::from(bytes.as_slice())), &bytes);
    }
    let image = expected.image();
    let targets = [target(folder.path())];
    let (cache, cancel) = (HashCache::none(), Cancel::new());
    let context = WriteContext {
        scan: &scan,
        cache: &cache,
        cancel: &cancel,
        progress: &Silent,
        with_sha1: WithSha1::No,
    };
    let digests = schedule::known_digests(std::slice::from_ref(&image), &context);
    let known = schedule::Known { scan: &scan, cache: &cache, digests: &digests };
    let tasks = schedule::schedule(std::slice::from_ref(&image), &targets, &known);
    let longest = tasks.iter().map(|task| match task {
        schedule::Task::Batch { extents, .. } => {
            image.extents()[extents.clone()].iter().map(|extent| extent.len.0).sum::<u64>()
        }
        other => panic!("{other:?}"),
    });
    assert!(longest.max().unwrap() <= PIECE);
    let (_, _, paths) = write(&scan, folder.path(), std::slice::from_ref(&expected), &[]).unwrap();
    assert!(fs::read(&paths[0]).unwrap() == expected.bytes);
}

fn target(folder: &Path) -> Target {
    Target::create(&folder.join("target"), 0).unwrap()
}
