//! Images with changes anywhere in their metadata: everything that reads images ends, and says
//! only what lies inside the image.
//!
//! An input is a list of changes to a small image rather than an image: its metadata is a few in a
//! thousand of its bytes, and without sums that fit no change of UDF would get past the tag.

#![no_main]

#[path = "../../../crates/iso9660-writer/tests/read/mod.rs"]
mod read;

use std::io::Read;
use std::ops::ControlFlow;
use std::sync::LazyLock;

use image::{ByteCount, FileData, FileTree};
use iso9660_writer::check::{CheckOptions, check};
use iso9660_writer::dump::{DumpOptions, dump_to_string};
use iso9660_writer::read::boot::BootCatalog;
use iso9660_writer::read::{self as reader, FileReader, ReadAt};
use libfuzzer_sys::fuzz_target;
use read::damage::{Damaged, SECTOR};
use read::{Planned, sample_options};

/// A change: 2 bytes which sector of metadata, 2 bytes where in it and what is mended, 8 bytes
/// what is put there.
const CHANGE: usize = 12;

struct Base {
    image: Vec<u8>,
    /// Where sectors begin that are not only zeros.
    sectors: Vec<usize>,
}

static BASE: LazyLock<Base> = LazyLock::new(|| {
    let mut tree = FileTree::new();
    let mut add = |path: &str, data| tree.add_file(path, data).expect("the paths are plain");
    add("boot/isolinux.bin", FileData::Bytes(vec![0xeb; 3_000].into()));
    add("boot/efi.img", FileData::Bytes(vec![0xeb; 4_096].into()));
    for index in 0..20 {
        let path = format!("directory/deeper/file with a long name {index}.txt");
        add(&path, FileData::blob(index % 5, ByteCount(u64::from(index % 4) * 1_000)));
    }
    add(&format!("{}.txt", "long ".repeat(40)), FileData::blob(1, ByteCount(1)));
    let image = Planned::new(tree, &sample_options()).bytes();
    let starts = (0..image.len()).step_by(SECTOR);
    let in_use = |&start: &usize| image[start..start + SECTOR].iter().any(|&byte| byte != 0);
    let sectors = starts.filter(in_use).collect();
    Base { image, sectors }
});

fn changed(changes: &[u8]) -> Vec<u8> {
    let mut damaged = Damaged(BASE.image.clone());
    let (changes, rest) = changes.as_chunks::<CHANGE>();
    for change in changes {
        let sector = usize::from(u16::from_le_bytes([change[0], change[1]]));
        let sector = BASE.sectors[sector % BASE.sectors.len()];
        let place = usize::from(u16::from_le_bytes([change[2], change[3]]));
        let at = sector + place % (SECTOR - 8);
        damaged.0[at..at + 8].copy_from_slice(&change[4..]);
        let covered = usize::from(damaged.get16(sector + 10));
        if place & 0x8000 != 0 && covered <= SECTOR - 16 {
            damaged.retag(sector);
        }
    }
    // Few inputs have a tail of this length; those cut the image.
    if let [sectors, more] = rest {
        let len = usize::from(u16::from_le_bytes([*sectors, *more])) * 512;
        damaged.0.truncate(len);
    }
    damaged.0
}

fn exercise(image: &dyn ReadAt) {
    let len = image.len();
    for namespace in reader::namespaces(image) {
        let mut entries = 0u64;
        // An error is an answer, too.
        let _ = reader::walk(image, namespace, &mut |entry| {
            entries += 1;
            assert!(entries <= len, "more entries than bytes");
            let inside = |extent: &reader::DataExtent| extent.offset + extent.len <= len;
            assert!(entry.extents.iter().all(inside), "{entry:?}");
            let sum: u64 = entry.extents.iter().map(|extent| extent.len).sum();
            assert_eq!(sum, entry.len, "{entry:?}");
            assert!(entry.path.split('/').all(|part| !matches!(part, "" | "." | "..")));
            let mut first = [0; 64];
            let _ = FileReader::new(image, entry).read(&mut first).expect("it lies in memory");
            ControlFlow::Continue(())
        });
    }
    let _ = BootCatalog::read(image);
    for fault in check(image, &CheckOptions::default()) {
        assert!(!fault.message.is_empty());
    }
    dump_to_string(image, &DumpOptions::default());
}

fuzz_target!(
    init: {
        let sound = changed(&[]);
        assert!(check(&sound, &CheckOptions::default()).is_empty());
        // Descriptors of both sides, a directory record and a file entry, each with a small change.
        let change = |sector: u16, place: u16| {
            let mut change = [0; CHANGE];
            change[..2].copy_from_slice(&sector.to_le_bytes());
            change[2..4].copy_from_slice(&place.to_le_bytes());
            change
        };
        let seeds: [[u8; CHANGE]; 6] = [
            change(1, 80),
            change(2, 158),
            change(8, 0x8000 | 24),
            change(12, 0x8000 | 440),
            change(20, 34),
            change(30, 0x8000 | 176),
        ];
        let [a, b, c, d, e, f] = &seeds;
        seeds::write([a, b, c, d, e, f, &seeds.concat()]);
    },
    |bytes: &[u8]| exercise(&changed(bytes))
);
