//! Hostile images: whatever bytes change, reading, checking and dumping end without a panic, in
//! bounded time, and with answers that fit the image.
//!
//! Deterministic: seeds are fixed, and the number of rounds bounds the run.
//! `TSMEDIA_FUZZ_SECONDS=600` goes on from there for as long.

// The crate is pure; its tests run tools and read files.
#![allow(clippy::disallowed_methods)]

mod read;

use std::io::Read;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use image::{ByteCount, FileData, FileTree};
use iso9660_writer::check::{CheckOptions, check};
use iso9660_writer::dump::{DumpOptions, dump_to_string};
use iso9660_writer::read::boot::BootCatalog;
use iso9660_writer::read::{self as reader, FileReader, Namespace};
use read::damage::Damaged;
use read::{Planned, sample_image, sample_options};

const SECTOR: usize = 2048;

/// SplitMix64: small, and the same everywhere.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }
}

/// When a longer run shall end; None for a run of the usual length.
fn fuzz_until() -> Option<Instant> {
    let seconds = std::env::var("TSMEDIA_FUZZ_SECONDS").ok()?.parse().ok()?;
    Some(Instant::now() + Duration::from_secs(seconds))
}

/// A small image with every structure, so that a random place often is one.
fn small_image(hybrid: bool) -> Vec<u8> {
    let mut tree = FileTree::new();
    let mut add = |path: &str, len| {
        let data = match path.starts_with("boot") {
            true => FileData::Bytes(vec![0xEB; len as usize].into()),
            false => FileData::blob(len as u32 % 5, ByteCount(len)),
        };
        tree.add_file(path, data).unwrap();
    };
    add("boot/isolinux.bin", 3_000);
    add("boot/efi.img", 4_096);
    for index in 0..20 {
        add(&format!("directory/deeper/file with a long name {index}.txt"), index % 4 * 1_000);
    }
    add(&format!("{}.txt", "long ".repeat(40)), 1);
    let options = iso9660_writer::IsoOptions { hybrid, ..sample_options() };
    Planned::new(tree, &options).bytes()
}

/// The places of metadata: sectors that are not zero and not file data.
fn metadata_sectors(image: &[u8]) -> Vec<usize> {
    let mut data = vec![false; image.len() / SECTOR];
    reader::walk(&image, Namespace::Udf, &mut |entry| {
        for extent in &entry.extents {
            let first = extent.offset as usize / SECTOR;
            let end = ((extent.offset + extent.len) as usize).div_ceil(SECTOR);
            data[first..end].fill(true);
        }
        ControlFlow::Continue(())
    })
    .unwrap();
    let in_use = |sector: &usize| image[sector * SECTOR..][..SECTOR].iter().any(|&byte| byte != 0);
    (0..data.len()).filter(|&sector| !data[sector]).filter(in_use).collect()
}

/// Changes a few bytes of metadata, sometimes with sums that fit, sometimes the length.
fn mutate(image: &[u8], sectors: &[usize], random: &mut Random) -> Vec<u8> {
    let mut damaged = Damaged(image.to_vec());
    for _ in 0..1 + random.below(4) {
        let sector = sectors[random.below(sectors.len())] * SECTOR;
        // Structures begin their sectors, so places near the start are hit more often.
        let range = [16, 64, 256, SECTOR][random.below(4)];
        let at = sector + random.below(range);
        match random.below(6) {
            0 => damaged.0[at] ^= 1 << random.below(8),
            1 => damaged.0[at] = random.next() as u8,
            2 => damaged.0[at] = [0, 1, 0x7F, 0x80, 0xFE, 0xFF][random.below(6)],
            3 => {
                let value = [0u32, 1, 16, 257, 0x7FFF_FFFF, 0xFFFF_FFFF][random.below(6)];
                let at = at.min(sector + SECTOR - 8);
                damaged.0[at..at + 4].copy_from_slice(&value.to_le_bytes());
                damaged.0[at + 4..at + 8].copy_from_slice(&value.to_be_bytes());
            }
            4 => {
                // A block of another place: records and entries that lead into a circle.
                let from = sectors[random.below(sectors.len())] * SECTOR;
                damaged.0.copy_within(from..from + SECTOR, sector);
            }
            _ => {
                let value = (sectors[random.below(sectors.len())] as u32).saturating_sub(257);
                let at = at.min(sector + SECTOR - 4);
                damaged.0[at..at + 4].copy_from_slice(&value.to_le_bytes());
            }
        }
        // Without sums that fit, no change of UDF would get past the tag.
        if usize::from(damaged.get16(sector + 10)) <= SECTOR - 16 && random.below(4) > 0 {
            damaged.retag(sector);
        }
    }
    if random.below(16) == 0 {
        let len = random.below(damaged.0.len());
        damaged.0.truncate(len);
    }
    damaged.0
}

/// Everything a hostile image is given to.
fn exercise(image: &[u8]) {
    let len = image.len() as u64;
    for namespace in reader::namespaces(&image) {
        let mut entries = 0u64;
        // An error is an answer, too.
        let _ = reader::walk(&image, namespace, &mut |entry| {
            entries += 1;
            assert!(entries <= len, "more entries than bytes");
            let inside = |extent: &reader::DataExtent| extent.offset + extent.len <= len;
            assert!(entry.extents.iter().all(inside), "{entry:?}");
            let sum: u64 = entry.extents.iter().map(|extent| extent.len).sum();
            assert_eq!(sum, entry.len, "{entry:?}");
            let parts = || entry.path.split('/');
            assert!(parts().all(|part| !matches!(part, "" | "." | "..")), "{entry:?}");
            let mut first = [0; 64];
            let _ = FileReader::new(&image, entry).read(&mut first).unwrap();
            ControlFlow::Continue(())
        });
    }
    let _ = BootCatalog::read(&image);
    for fault in check(&image, &CheckOptions::default()) {
        assert!(!fault.message.is_empty());
    }
    dump_to_string(&image, &DumpOptions::default());
}

#[test]
fn mutated_images_never_panic_and_never_run_on() {
    let corpus: Vec<_> = [true, false]
        .map(small_image)
        .into_iter()
        .chain([sample_image()])
        .map(|image| {
            let sectors = metadata_sectors(&image);
            (image, sectors)
        })
        .collect();
    let until = fuzz_until();
    let mut round = 0;
    while round < 250 || until.is_some_and(|until| Instant::now() < until) {
        let mut random = Random(round);
        // The sample is larger, so it takes its turn less often.
        let (image, sectors) = &corpus[[0, 1, 0, 1, 0, 1, 0, 2][round as usize % 8]];
        let mutated = mutate(image, sectors, &mut random);
        let result = std::panic::catch_unwind(|| exercise(&mutated));
        assert!(result.is_ok(), "round {round} panicked");
        round += 1;
    }
}

#[test]
fn an_image_cut_anywhere_is_refused_or_found_faulty() {
    let image = small_image(true);
    let mut random = Random(7);
    let mut lens: Vec<usize> = (0..40).map(|_| random.below(image.len())).collect();
    lens.extend([0, 1, 511, 512, 2048, 16 * SECTOR, 17 * SECTOR, 257 * SECTOR]);
    for len in lens {
        let cut = image[..len].to_vec();
        exercise(&cut);
        assert!(!check(&cut, &CheckOptions::default()).is_empty(), "cut to {len} bytes");
    }
}

/// Whatever bit outside of file data flips, the check finds it, but for places where any content
/// is as good as another.
#[test]
fn a_flipped_bit_in_metadata_is_found() {
    let image = small_image(true);
    let sectors = metadata_sectors(&image);
    let free = free_bytes(&image);
    let mut random = Random(42);
    let mut missed = Vec::new();
    let until = fuzz_until();
    let mut round = 0;
    while round < 250 || until.is_some_and(|until| Instant::now() < until) {
        round += 1;
        let at = sectors[random.below(sectors.len())] * SECTOR + random.below(SECTOR);
        let bit = 1 << random.below(8);
        if free[at] {
            continue;
        }
        let mut damaged = image.clone();
        damaged[at] ^= bit;
        if check(&damaged, &CheckOptions::default()).is_empty() {
            missed.push((at / SECTOR, at % SECTOR, bit));
        }
    }
    assert_eq!(missed, [], "sector, byte and bit of what nobody noticed");
}

/// Which bytes are free: code, texts, dates, application use, permissions, and names of trees that
/// may change names.
fn free_bytes(image: &[u8]) -> Vec<bool> {
    let mut free = vec![false; image.len()];
    // Of the protective partition the cylinders, all of the second one, which means nothing.
    for bytes in [0..446, 447..450, 451..454, 462..478] {
        free[bytes].fill(true);
    }
    let damaged = Damaged(image.to_vec());
    // The id of a section of the boot catalog.
    let section = damaged.boot_catalog() + 64;
    free[section + 4..section + 32].fill(true);
    for descriptor in [16 * SECTOR, damaged.joliet_descriptor()] {
        for texts in [8..72, 174..181, 190..880, 883..1395] {
            free[descriptor + texts.start..descriptor + texts.end].fill(true);
        }
    }
    let roots = [16 * SECTOR, damaged.joliet_descriptor()].map(|at| at + 156);
    let mut directories: Vec<usize> = roots.to_vec();
    for namespace in [Namespace::RockRidge, Namespace::Joliet] {
        reader::walk(&image, namespace, &mut |entry| {
            if entry.is_directory() {
                directories.push(entry.record_offset as usize);
            }
            ControlFlow::Continue(())
        })
        .unwrap();
    }
    for directory in directories {
        let start = damaged.get32(directory + 2) as usize * SECTOR;
        let end = start + damaged.get32(directory + 10) as usize;
        let mut at = start;
        while at < end {
            let len = usize::from(image[at]);
            if len == 0 {
                at = (at / SECTOR + 1) * SECTOR;
                continue;
            }
            // Date and flags, one of which is whether the file is hidden; then names and system use.
            free[at + 18..at + 26].fill(true);
            free[at + 33..at + len].fill(true);
            at += len;
        }
    }
    let continuation = damaged.system_use(damaged.root_record(), b"CE");
    let area = damaged.get32(continuation + 4) as usize * SECTOR;
    free[area..area + SECTOR].fill(true);
    free
}

#[test]
fn directories_in_a_circle_end() {
    let mut image = Damaged(sample_image());
    let parent = image.get32(image.record(Namespace::Udf, "SMS/PKG") + 24);
    image.set_in(image.record(Namespace::Udf, "SMS/PKG/many"), 24, parent.to_le_bytes());
    for namespace in [Namespace::RockRidge, Namespace::Joliet] {
        let block = image.get32(image.record(namespace, "SMS/PKG") + 2);
        let record = image.record(namespace, "SMS/PKG/many");
        image.set_both32(record + 2, block);
    }
    for namespace in reader::namespaces(&image.0) {
        let walked = reader::walk(&image.0, namespace, &mut |_| ControlFlow::Continue(()));
        let message = walked.unwrap_err().to_string();
        assert!(message.contains("met before"), "{namespace}: {message}");
    }
    exercise(&image.0);
}

#[test]
fn lengths_that_a_32_bit_field_can_claim_allocate_nothing() {
    let mut image = Damaged(sample_image());
    for namespace in [Namespace::RockRidge, Namespace::Joliet] {
        let record = image.record(namespace, "SMS/PKG/many");
        image.set_both32(record + 10, 0xFFFF_F800);
    }
    image.set_both32(16 * SECTOR + 132, 0xFFFF_FFFF);
    let entry = image.file_entry("SMS/PKG/many");
    image.set_in(entry, 56, u64::MAX.to_le_bytes());
    exercise(&image.0);
}
