//! Images of this crate's writer for the tests of its reader.

// Each test target uses another part of this module.
#![allow(dead_code)]

pub mod damage;

use std::io;

use image::{ByteCount, FileData, FileTree, Image, Source};
use iso9660_writer::read::ReadAt;
use iso9660_writer::{BiosBoot, IsoOptions, MbrCode, Timestamp, UefiBoot, layout};

/// The bytes of blob `blob`: no two neighbouring blocks are the same.
pub fn blob_byte(blob: u32, at: u64) -> u8 {
    (at as u32).wrapping_mul(31).wrapping_add((at / 253) as u32).wrapping_add(blob * 97) as u8
}

/// An image as its extents say, made as it is read: file data needs no memory.
pub struct Planned {
    image: Image<u32>,
}

impl Planned {
    pub fn new(tree: FileTree<u32>, options: &IsoOptions) -> Self {
        let tree = tree.validate().expect("because the test's tree is sound");
        let image = layout(tree, options).expect("because the options are sound").into_image();
        Self { image }
    }

    pub fn bytes(&self) -> Vec<u8> {
        let mut bytes = vec![0; self.image.len().0 as usize];
        self.read_exact_at(0, &mut bytes).unwrap();
        bytes
    }
}

impl ReadAt for Planned {
    fn read_exact_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<()> {
        let mut done = 0;
        let extents = self.image.extents();
        let mut index = extents.partition_point(|extent| extent.end().0 <= offset);
        while done < buf.len() {
            let extent = extents.get(index).ok_or(io::ErrorKind::UnexpectedEof)?;
            let from = offset + done as u64 - extent.start.0;
            let len = (extent.len.0 - from).min((buf.len() - done) as u64) as usize;
            let piece = &mut buf[done..done + len];
            let from_bytes = |bytes: &[u8], piece: &mut [u8]| {
                piece.copy_from_slice(&bytes[from as usize..from as usize + piece.len()]);
            };
            match &extent.source {
                Source::Bytes(bytes) => from_bytes(bytes, piece),
                Source::Encoded { encoder, part } => {
                    let mut bytes = Vec::new();
                    encoder.encode(*part, &mut bytes);
                    from_bytes(&bytes, piece);
                }
                Source::Blob { blob, offset } => {
                    for (index, byte) in piece.iter_mut().enumerate() {
                        *byte = blob_byte(*blob, offset.0 + from + index as u64);
                    }
                }
                Source::Zeros => piece.fill(0),
            }
            done += len;
            index += 1;
        }
        Ok(())
    }

    fn len(&self) -> u64 {
        self.image.len().0
    }
}

/// A little of everything: long, foreign and non-BMP names, empty files and directories, equal
/// files, a directory of several sectors, boot images.
pub fn sample_tree() -> FileTree<u32> {
    let mut tree = FileTree::new();
    let bytes = |len: usize| FileData::Bytes((0..len).map(|at| (at * 7) as u8).collect());
    let mut add = |path: &str, data| tree.add_file(path, data).expect("because paths are plain");
    add("boot/isolinux.bin", bytes(9_000));
    add("boot/efi.img", FileData::blob(2, ByteCount(70_000)));
    add("README.txt", bytes(100));
    add("SMS/data/media.json", bytes(3));
    add("SMS/data/empty.bin", bytes(0));
    add("SMS/PKG/P0100001/setup.exe", FileData::blob(3, ByteCount(12_345)));
    add("SMS/PKG/P0100002/copy of setup.exe", FileData::blob(3, ByteCount(12_345)));
    add("SMS/PKG/P0100002/exactly a block", FileData::blob(4, ByteCount(4_096)));
    add("Grüße an Łódź/💿 disc.txt", bytes(10));
    add(&format!("{}.txt", "a name of more than sixty-four characters ".repeat(3)), bytes(20));
    add(
        &format!("{}-other.txt", "a name of more than sixty-four characters ".repeat(3)),
        bytes(21),
    );
    add("1/2/3/4/5/6/7/8/9/10/deep.txt", bytes(5));
    for index in 0..120 {
        let name = format!("SMS/PKG/many/a name of middling length, number {index:03}.dat");
        add(&name, FileData::blob(100 + index, ByteCount(u64::from(index) * 30)));
    }
    tree.add_directory("an empty directory").expect("because the path is plain");
    tree
}

/// All namespaces, both boot entries and a hybrid with GPT.
pub fn sample_options() -> IsoOptions {
    let mut options = IsoOptions {
        volume_label: "Grüne Platte 1".to_owned(),
        created: Timestamp(1_795_219_200),
        serial: *b"serial of sample",
        publisher: "A publisher".to_owned(),
        hybrid: true,
        ..IsoOptions::default()
    };
    let mbr_code = MbrCode::isolinux(&[0x90; MbrCode::LEN]);
    options.boot.bios = Some(BiosBoot { mbr_code, ..BiosBoot::isolinux("boot/isolinux.bin") });
    options.boot.uefi = Some(UefiBoot { image: "boot/efi.img".to_owned() });
    options
}

pub fn sample_image() -> Vec<u8> {
    Planned::new(sample_tree(), &sample_options()).bytes()
}
