//! Images of this crate's writer, in memory.

// Each test target uses another part of this module.
#![allow(dead_code)]

pub mod damage;

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

use exfat_writer::read::ReadAt;
use exfat_writer::{ExfatOptions, Timestamp, layout};
use image::{ByteCount, FileData, FileTree, Source};

/// The bytes of blob `blob`: no two neighbouring blocks are the same.
pub fn blob_byte(blob: u32, at: u64) -> u8 {
    (at as u32).wrapping_mul(31).wrapping_add((at / 253) as u32).wrapping_add(blob * 97) as u8
}

/// The bytes of a block of [`Sparse`].
const BLOCK: u64 = 4096;

/// An image of which only blocks that are not zero take memory: those of this crate are long and
/// mostly free space.
#[derive(Clone, Debug, Default)]
pub struct Sparse {
    len: u64,
    blocks: BTreeMap<u64, [u8; BLOCK as usize]>,
}

impl Sparse {
    /// The image of a tree.
    pub fn planned(tree: FileTree<u32>, options: &ExfatOptions) -> Self {
        let tree = tree.validate().expect("because the test's tree is sound");
        let image = layout(tree, options).expect("because the options are sound").into_image();
        let mut sparse = Self { len: image.len().0, blocks: BTreeMap::new() };
        for extent in image.extents() {
            let bytes = match &extent.source {
                Source::Zeros => continue,
                Source::Bytes(bytes) => bytes.to_vec(),
                Source::Encoded { encoder, part } => {
                    let mut bytes = Vec::new();
                    encoder.encode(*part, &mut bytes);
                    bytes
                }
                Source::Blob { blob, offset } => {
                    (0..extent.len.0).map(|at| blob_byte(*blob, offset.0 + at)).collect()
                }
            };
            sparse.write(extent.start.0, &bytes);
        }
        sparse
    }

    pub fn write(&mut self, offset: u64, bytes: &[u8]) {
        assert!(offset + bytes.len() as u64 <= self.len);
        let mut at = offset;
        let mut left = bytes;
        while !left.is_empty() {
            let block = self.blocks.entry(at / BLOCK).or_insert([0; BLOCK as usize]);
            let from = (at % BLOCK) as usize;
            let count = left.len().min(block.len() - from);
            block[from..from + count].copy_from_slice(&left[..count]);
            (at, left) = (at + count as u64, &left[count..]);
        }
    }

    /// The same behind so many zeros, which are a multiple of a block.
    pub fn moved(&self, distance: u64) -> Self {
        let blocks = self.blocks.iter().map(|(block, bytes)| (block + distance / BLOCK, *bytes));
        Self { len: self.len + distance, blocks: blocks.collect() }
    }

    /// Writes the image to a file, with holes.
    pub fn save(&self, path: &Path) {
        let file = File::create(path).unwrap();
        file.set_len(self.len).unwrap();
        for (block, bytes) in &self.blocks {
            file.write_all_at(bytes, block * BLOCK).unwrap();
        }
    }

    pub fn truncate(&mut self, len: u64) {
        self.len = self.len.min(len);
    }

    pub fn extend(&mut self, len: u64) {
        self.len += len;
    }

    pub fn into_blocks(self) -> BTreeMap<u64, [u8; BLOCK as usize]> {
        self.blocks
    }

    /// The blocks that are held, by their offsets.
    pub fn offsets(&self) -> impl Iterator<Item = u64> {
        self.blocks.keys().map(|block| block * BLOCK)
    }
}

impl ReadAt for Sparse {
    fn read_exact_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<()> {
        let end = offset.checked_add(buf.len() as u64);
        if end.is_none_or(|end| end > self.len) {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        buf.fill(0);
        let blocks = offset / BLOCK..(offset + buf.len() as u64).div_ceil(BLOCK);
        for (block, bytes) in self.blocks.range(blocks) {
            let start = block * BLOCK;
            let from = offset.max(start);
            let to = (offset + buf.len() as u64).min(start + BLOCK);
            buf[(from - offset) as usize..(to - offset) as usize]
                .copy_from_slice(&bytes[(from - start) as usize..(to - start) as usize]);
        }
        Ok(())
    }

    fn len(&self) -> u64 {
        self.len
    }
}

/// A little of everything: long, foreign and non-BMP names, empty files and directories, equal
/// files, names that begin alike, a directory of several clusters.
pub fn sample_tree() -> FileTree<u32> {
    let mut tree = FileTree::new();
    let bytes = |len: usize| FileData::Bytes((0..len).map(|at| (at * 7 + 1) as u8).collect());
    let mut add = |path: &str, data| tree.add_file(path, data).expect("because paths are plain");
    add("EFI/BOOT/BOOTX64.EFI", FileData::blob(2, ByteCount(70_000)));
    add("README.TXT", bytes(100));
    add("SMS/data/media.json", bytes(3));
    add("SMS/data/empty.bin", bytes(0));
    add("SMS/PKG/P0100001/setup.exe", FileData::blob(3, ByteCount(12_345)));
    add("SMS/PKG/P0100002/copy of setup.exe", FileData::blob(3, ByteCount(12_345)));
    add("SMS/PKG/P0100002/exactly a cluster", FileData::blob(4, ByteCount(4_096)));
    add("Grüße an Łódź/💿 disc.txt", bytes(10));
    add(&format!("{}.txt", "a name of more than sixty-four characters ".repeat(3)), bytes(20));
    add("1/2/3/4/5/6/7/8/9/10/deep.txt", bytes(5));
    for index in 0..120 {
        let name = format!("SMS/PKG/many/a name of middling length, number {index:03}.dat");
        add(&name, FileData::blob(100 + index, ByteCount(u64::from(index) * 30)));
    }
    tree.add_directory("an empty directory").expect("because the path is plain");
    tree
}

/// A labelled volume.
pub fn sample_options() -> ExfatOptions {
    ExfatOptions {
        volume_label: "Probe 💿".to_owned(),
        created: Timestamp(1_795_219_201),
        serial: 0x1234_ABCD,
        ..ExfatOptions::default()
    }
}

pub fn sample_image() -> Sparse {
    Sparse::planned(sample_tree(), &sample_options())
}

/// A partition of an MBR with the volume in it, which says that it lies there.
pub fn in_mbr(tree: FileTree<u32>, kind: u8) -> Sparse {
    let options = ExfatOptions { partition_offset: 2048, ..sample_options() };
    let volume = Sparse::planned(tree, &options);
    let mut image = volume.moved(1 << 20);
    let sectors = (volume.len() / 512) as u32;
    image.write(446 + 4, &[kind]);
    image.write(446 + 8, &2048u32.to_le_bytes());
    image.write(446 + 12, &sectors.to_le_bytes());
    image.write(510, &[0x55, 0xAA]);
    image
}
