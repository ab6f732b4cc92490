//! An index of contents of any size, as a scan would find it: the same for the same numbers.

use std::collections::HashMap;

use content::{Blob, BlobId, ContentId, ContentIndex, IndexedContent, IndexedFile, Need};
use image::ByteCount;

/// How much a synthetic index has.
#[derive(Clone, Copy, Debug)]
pub struct Size {
    /// Contents.
    pub contents: u32,
    /// Files of each; a third of them have the bytes of another file.
    pub files: u32,
}

/// The index, and the needs for all its contents in the order of their ids.
pub fn index(size: Size) -> (ContentIndex, Vec<Need>) {
    let mut blobs = Blobs::default();
    let contents = (0..size.contents).map(|content| {
        let mut files: Vec<IndexedFile> = (0..size.files)
            .map(|file| IndexedFile {
                path: path(file).into(),
                blob: blobs.of(content * size.files + file),
            })
            .collect();
        files.sort_by(|a, b| a.path.cmp(&b.path));
        IndexedContent { id: id(content), files, empty_directories: Vec::new() }
    });
    let contents = contents.collect();
    let need = |content| Need { content: id(content), first_used_by: format!("step {content}") };
    let needs = (0..size.contents).map(need).collect();
    (ContentIndex { blobs: blobs.blobs, contents }, needs)
}

fn id(content: u32) -> ContentId {
    format!("P01{content:05X}").parse().expect("the site code and hexadecimal digits are an id")
}

fn path(file: u32) -> String {
    let folder = file / 50;
    format!("Drivers/Intel(R) Ethernet {folder}/file-{file:06}.inf")
}

#[derive(Default)]
struct Blobs {
    blobs: Vec<Blob>,
    by_kind: HashMap<u64, BlobId>,
}

impl Blobs {
    fn of(&mut self, number: u32) -> BlobId {
        let random = mix(u64::from(number));
        // Every third file is one of a few kinds, so that its bytes are there already.
        let kind = if random.is_multiple_of(3) { mix(random) % 5_000 } else { mix(random) };
        let blobs = &mut self.blobs;
        *self.by_kind.entry(kind).or_insert_with(|| {
            blobs.push(Blob { size: size(mix(kind)), digest: None, digest_checked: false });
            BlobId(blobs.len() as u32 - 1)
        })
    }
}

/// From 64 bytes to 128 MiB: half of the files below 8 KiB, one in a thousand above 64 MiB.
fn size(random: u64) -> ByteCount {
    let power = match random % 1_000 {
        0 => 26,
        1..10 => 23,
        _ => 6 + (random >> 10) % 14,
    };
    ByteCount((1 << power) + (random >> 24) % (1 << power))
}

/// The last step of SplitMix64.
fn mix(value: u64) -> u64 {
    let value = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}
