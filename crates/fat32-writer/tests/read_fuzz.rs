//! Hostile images: whatever bytes change, reading, checking and dumping end without a panic, in
//! bounded time, and with answers that fit the image.
//!
//! Deterministic: seeds are fixed, and the number of rounds bounds the run.
//! `TSMEDIA_FUZZ_SECONDS=600` goes on from there for as long.

// The crate is pure; its tests run tools and read files.
#![allow(clippy::disallowed_methods)]

mod read;

use std::collections::BTreeSet;
use std::io::Read;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use fat32_writer::check::{CheckOptions, check};
use fat32_writer::dump::{DumpOptions, dump_to_string};
use fat32_writer::read::{Entry, FatReader, FileReader, ReadAt};
use image::{ByteCount, FileData, FileTree};
use read::damage::Damaged;
use read::{Sparse, bare_options, mbr_options, sample_options};

const BLOCK: u64 = 4096;

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

    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    fn of<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        &choices[self.below(choices.len() as u64) as usize]
    }
}

/// When a longer run shall end; None for a run of the usual length.
fn fuzz_until() -> Option<Instant> {
    let seconds = std::env::var("TSMEDIA_FUZZ_SECONDS").ok()?.parse().ok()?;
    Some(Instant::now() + Duration::from_secs(seconds))
}

/// A small tree with every structure, so that a random place often is one.
fn small_tree() -> FileTree<u32> {
    let mut tree = FileTree::new();
    for index in 0..20 {
        let path = format!("directory/deeper/file with a long name {index}.txt");
        tree.add_file(&path, FileData::blob(index % 5, ByteCount(u64::from(index) * 1_500)))
            .unwrap();
    }
    let long = format!("{}.txt", "long ".repeat(40));
    tree.add_file(&long, FileData::blob(1, ByteCount(1))).unwrap();
    tree.add_file("SHORT.TXT", FileData::blob(1, ByteCount(10_000))).unwrap();
    tree
}

fn corpus() -> Vec<Sparse> {
    let options = [bare_options(), mbr_options(), sample_options()];
    options.iter().map(|options| Sparse::planned(small_tree(), options)).collect()
}

fn entries(image: &Sparse) -> Vec<Entry> {
    FatReader::open(image).unwrap().read_volume().unwrap().entries
}

/// The places of metadata: blocks that hold something, and no file data.
fn metadata_blocks(image: &Sparse) -> Vec<u64> {
    let mut data = BTreeSet::new();
    for extent in entries(image).iter().flat_map(|entry| &entry.extents) {
        data.extend((extent.offset..extent.offset + extent.len).step_by(BLOCK as usize));
    }
    image.offsets().filter(|offset| !data.contains(offset)).collect()
}

/// Changes a few bytes of metadata, often those that lead elsewhere, and sometimes the length.
fn mutate(image: &Sparse, blocks: &[u64], random: &mut Random) -> Sparse {
    let mut damaged = Damaged(image.clone());
    let (fat, fat_len) = (damaged.fat(), damaged.fat_len());
    let clusters = u64::from(damaged.next_free());
    for _ in 0..1 + random.below(4) {
        let block = *random.of(blocks);
        // Structures begin their blocks, so places near the start are hit more often.
        let range = *random.of(&[64, 256, 1024, BLOCK]);
        let at = block + random.below(range);
        let [byte] = damaged.get(at);
        let value = match random.below(7) {
            0 => vec![byte ^ 1 << random.below(8)],
            1 => vec![random.next() as u8],
            2 => vec![*random.of(&[0, 1, 0x0F, 0x10, 0x7F, 0xE5, 0xFF])],
            3 => {
                let at = at & !3;
                let value = *random.of(&[0u32, 1, 2, 5, 0x0FFF_FFF7, 0x0FFF_FFFF, u32::MAX]);
                damaged.0.write(at, &value.to_le_bytes());
                continue;
            }
            4 => {
                // A block of another place: directories that lead into a circle.
                let bytes = damaged.bytes(*random.of(blocks), BLOCK as usize);
                damaged.0.write(block, &bytes);
                continue;
            }
            5 => {
                // A link of the first FAT, or of both.
                let at = fat + 4 * random.below(clusters + 3);
                let value = (random.below(clusters + 3) as u32).to_le_bytes();
                damaged.0.write(at, &value);
                if random.below(2) == 0 {
                    damaged.0.write(at + fat_len, &value);
                }
                continue;
            }
            _ => {
                // An entry's first cluster.
                let at = (block + random.below(BLOCK)) & !31;
                damaged.0.write(at + 26, &(random.below(clusters + 3) as u16).to_le_bytes());
                continue;
            }
        };
        damaged.0.write(at, &value);
    }
    if random.below(16) == 0 {
        let len = random.below(damaged.0.len());
        damaged.0.truncate(len);
    }
    damaged.0
}

/// Everything a hostile image is given to.
fn exercise(image: &dyn ReadAt) {
    let len = image.len();
    if let Ok(reader) = FatReader::open(image) {
        let mut entries = 0u64;
        // An error is an answer, too.
        let _ = reader.walk(&mut |entry| {
            entries += 1;
            assert!(entries <= len, "more entries than bytes");
            let mut extents = entry.extents.iter();
            assert!(extents.all(|extent| extent.offset + extent.len <= len), "{entry:?}");
            let sum: u64 = entry.extents.iter().map(|extent| extent.len).sum();
            assert_eq!(sum, entry.len, "{entry:?}");
            let mut parts = entry.path.split('/');
            assert!(parts.all(|part| !matches!(part, "" | "." | "..")), "{entry:?}");
            let mut first = [0; 64];
            let _ = FileReader::new(image, entry).read(&mut first).unwrap();
            ControlFlow::Continue(())
        });
        let _ = reader.find("directory/deeper/file with a long name 3.txt");
    }
    for fault in check(image, &CheckOptions::default()) {
        assert!(!fault.message.is_empty());
    }
    dump_to_string(image, &DumpOptions::default());
}

#[test]
fn mutated_images_never_panic_and_never_run_on() {
    let corpus: Vec<_> =
        corpus().into_iter().map(|image| (metadata_blocks(&image), image)).collect();
    let until = fuzz_until();
    let mut round = 0;
    while round < 250 || until.is_some_and(|until| Instant::now() < until) {
        let mut random = Random(round);
        let (blocks, image) = &corpus[round as usize % corpus.len()];
        let mutated = mutate(image, blocks, &mut random);
        let result = std::panic::catch_unwind(|| exercise(&mutated));
        assert!(result.is_ok(), "round {round} panicked");
        round += 1;
    }
}

#[test]
fn an_image_cut_anywhere_is_refused_or_found_faulty() {
    for image in corpus() {
        let mut random = Random(7);
        let mut lens: Vec<u64> = (0..20).map(|_| random.below(image.len())).collect();
        lens.extend([0, 1, 511, 512, 4096, 1 << 20, (1 << 20) + 512, image.len() - 1]);
        for len in lens {
            let mut cut = image.clone();
            cut.truncate(len);
            exercise(&cut);
            assert!(!check(&cut, &CheckOptions::default()).is_empty(), "cut to {len} bytes");
        }
    }
}

/// Whatever bit outside of file data flips, the check finds it, but for places where any content
/// is as good as another.
#[test]
fn a_flipped_bit_in_metadata_is_found() {
    let image = Sparse::planned(small_tree(), &sample_options());
    let blocks = metadata_blocks(&image);
    let directories = Damaged(image.clone()).cluster(2);
    let mut random = Random(42);
    let mut missed = Vec::new();
    let until = fuzz_until();
    let mut round = 0;
    while round < 400 || until.is_some_and(|until| Instant::now() < until) {
        round += 1;
        let at = *random.of(&blocks) + random.below(BLOCK);
        let bit = 1 << random.below(8);
        if is_free(&image, at, at >= directories) {
            continue;
        }
        let mut damaged = Damaged(image.clone());
        let [byte] = damaged.get(at);
        damaged.0.write(at, &[byte ^ bit]);
        if check(&damaged.0, &CheckOptions::default()).is_empty() {
            missed.push((at, bit));
        }
    }
    assert_eq!(missed, [], "byte and bit of what nobody noticed");
}

/// Whether a byte is free: code, the cylinders of the protective partition, and of directories
/// names, times, lengths and attributes.
fn is_free(image: &Sparse, at: u64, in_directory: bool) -> bool {
    if !in_directory {
        return [0..446, 447..450, 451..454].iter().any(|free| free.contains(&at));
    }
    let slot: [u8; 32] = Damaged(image.clone()).get(at & !31);
    let (is_used, is_long) = (slot[0] != 0, slot[11] == 0x0F);
    let structural: &[u64] = if is_long { &[0, 12, 13, 26, 27] } else { &[20, 21, 26, 27] };
    is_used && !structural.contains(&(at & 31))
}

#[test]
fn directories_in_a_circle_end() {
    let mut image = Damaged(Sparse::planned(small_tree(), &bare_options()));
    let parent = image.first_cluster(image.entry("directory"));
    image.set_first_cluster(image.entry("directory/deeper"), parent);
    let reader = FatReader::open(&image.0).unwrap();
    let walked = reader.walk(&mut |_| ControlFlow::Continue(()));
    let message = walked.unwrap_err().to_string();
    assert!(message.contains("met before"), "{message}");
    exercise(&image.0);
}

#[test]
fn chains_in_a_circle_end() {
    let mut image = Damaged(Sparse::planned(small_tree(), &bare_options()));
    let directory = image.first_cluster(image.entry("directory"));
    image.set_link(directory, directory);
    let file = image.entry("SHORT.TXT");
    let first = image.first_cluster(file);
    image.set_link(first + 1, first);
    image.set32(file + 28, u32::MAX);
    let reader = FatReader::open(&image.0).unwrap();
    assert!(reader.walk(&mut |_| ControlFlow::Continue(())).is_err());
    exercise(&image.0);
}

/// Sixty-five thousand files on one chain of 65 thousand clusters.
#[test]
fn many_files_on_one_chain_do_not_multiply_the_work() {
    let mut tree = FileTree::new();
    for index in 0..65_000 {
        tree.add_file(&format!("D/{index:08}.TXT"), FileData::Bytes([1].into())).unwrap();
    }
    let mut image = Damaged(Sparse::planned(tree, &bare_options()));
    let directory = image.cluster(image.first_cluster(image.entry("D")));
    for index in 2..65_002 {
        let entry = directory + index * 32;
        image.0.write(entry + 20, &[0, 0]);
        image.0.write(entry + 26, &600u16.to_le_bytes());
        image.0.write(entry + 28, &(64_000u32 * 4096).to_le_bytes());
    }
    for cluster in 600..65_000 {
        image.0.write(image.fat() + 4 * cluster, &(cluster as u32 + 1).to_le_bytes());
    }
    exercise(&image.0);
}
