//! exFAT volumes with changes anywhere in their metadata: everything that reads volumes ends, and
//! says only what lies inside the image.
//!
//! An input is a list of changes to a small volume rather than a volume, of which nearly all would
//! be zeros.

#![no_main]

#[path = "../../../crates/exfat-writer/tests/support/mod.rs"]
mod support;

use std::io::Read;
use std::ops::ControlFlow;
use std::sync::LazyLock;

use exfat_writer::check::{CheckOptions, check};
use exfat_writer::dump::{DumpOptions, dump_to_string};
use exfat_writer::read::{ExfatReader, FileReader, ReadAt};
use image::{ByteCount, FileData, FileTree};
use libfuzzer_sys::fuzz_target;
use support::damage::Damaged;
use support::{Sparse, sample_options};

/// A change: 2 bytes which block, 2 bytes where in it and whether copies and sums are mended, 8
/// bytes what is put there.
const CHANGE: usize = 12;

const BLOCK: u64 = 4096;

struct Base {
    image: Sparse,
    /// Where blocks begin that are not only zeros.
    blocks: Vec<u64>,
}

static BASE: LazyLock<Base> = LazyLock::new(|| {
    let mut tree = FileTree::new();
    let mut add = |path: &str, data| tree.add_file(path, data).expect("the paths are plain");
    for index in 0..20 {
        let path = format!("directory/deeper/file with a long name {index}.txt");
        add(&path, FileData::blob(index % 5, ByteCount(u64::from(index % 4) * 3_000)));
    }
    add(&format!("{}.txt", "long ".repeat(40)), FileData::blob(1, ByteCount(1)));
    add("SHORT.TXT", FileData::blob(1, ByteCount(10_000)));
    let image = Sparse::planned(tree, &sample_options());
    let blocks = image.offsets().collect();
    Base { image, blocks }
});

fn changed(changes: &[u8]) -> Sparse {
    let mut damaged = Damaged(BASE.image.clone());
    let (changes, rest) = changes.as_chunks::<CHANGE>();
    for change in changes {
        let block = usize::from(u16::from_le_bytes([change[0], change[1]]));
        let block = BASE.blocks[block % BASE.blocks.len()];
        let place = u16::from_le_bytes([change[2], change[3]]);
        let at = block + u64::from(place) % (BLOCK - 8);
        damaged.0.write(at, &change[4..]);
        if place & 0x8000 != 0 && block == 0 {
            damaged.fix_boot();
        }
    }
    // Few inputs have a tail of this length; those cut the volume.
    if let [blocks, more] = rest {
        let len = u64::from(u16::from_le_bytes([*blocks, *more])) * BLOCK;
        damaged.0.truncate(len);
    }
    damaged.0
}

fn exercise(image: &dyn ReadAt) {
    let len = image.len();
    if let Ok(reader) = ExfatReader::open(image) {
        let mut entries = 0u64;
        // An error is an answer, too.
        let _ = reader.walk(&mut |entry| {
            entries += 1;
            assert!(entries <= len, "more entries than bytes");
            let mut extents = entry.extents.iter();
            assert!(extents.all(|extent| extent.offset + extent.len <= len), "{entry:?}");
            let sum: u64 = entry.extents.iter().map(|extent| extent.len).sum();
            assert_eq!(sum, entry.len, "{entry:?}");
            assert!(entry.path.split('/').all(|part| !matches!(part, "" | "." | "..")));
            let mut first = [0; 64];
            let _ = FileReader::new(image, entry).read(&mut first).expect("it lies in memory");
            ControlFlow::Continue(())
        });
        let _ = reader.find("DIRECTORY/deeper/file with a long name 1.txt");
    }
    for fault in check(image, &CheckOptions::default()) {
        assert!(!fault.message.is_empty());
    }
    dump_to_string(image, &DumpOptions::default());
}

fuzz_target!(
    init: {
        let sound = changed(&[]);
        assert!(check(&sound, &CheckOptions::default()).is_empty());
        // Boot sector, FAT, bitmap, tables and directories, each with a small change.
        let change = |block: u16, place: u16| {
            let mut change = [0; CHANGE];
            change[..2].copy_from_slice(&block.to_le_bytes());
            change[2..4].copy_from_slice(&place.to_le_bytes());
            change
        };
        let seeds: [[u8; CHANGE]; 6] = [
            change(0, 0x8000 | 88),
            change(3, 12),
            change(4, 1),
            change(5, 96),
            change(7, 100),
            change(8, 64),
        ];
        let [a, b, c, d, e, f] = &seeds;
        seeds::write([a, b, c, d, e, f, &seeds.concat()]);
    },
    |bytes: &[u8]| exercise(&changed(bytes))
);
