//! Hostile WIMs: whatever bytes change, reading and dumping end without a panic, in bounded time,
//! and with answers that fit the file.
//!
//! Deterministic: seeds are fixed, and the number of rounds bounds the run.

use std::ops::ControlFlow;

use wim::Sha1;
use wim::dump::{DumpOptions, dump_to_string};
use wim::read::{BlobPlace, ReadError, WimReader, inspect};

use crate::support::{Files, Planned, bytes, options};

/// A small WIM with two images.
fn sample() -> Vec<u8> {
    let mut files = Files::new();
    for number in 0..12 {
        let path = format!("folder {}/deeper/file {number}", number % 3);
        files.insert(path, bytes(number % 5, 100 * number as usize));
    }
    Planned::new(&[("one", &files), ("two", &files)], &options()).bytes()
}

/// Everything a hostile WIM is given to.
fn exercise(wim: &[u8]) {
    let len = wim.len() as u64;
    let wim = &wim;
    dump_to_string(wim, &DumpOptions::default());
    // An error is an answer, too.
    let Ok(reader) = WimReader::open(wim) else { return };
    let _ = inspect(wim);
    let _ = reader.check_integrity(&mut |_, _| ControlFlow::Continue(()));
    if let Ok(blobs) = reader.blobs() {
        for blob in blobs.blobs() {
            let inside = match blob.place {
                BlobPlace::Plain { offset } => offset + blob.len <= len,
                BlobPlace::Compressed { offset, stored } => offset + stored <= len,
                BlobPlace::Solid => true,
            };
            assert!(inside, "{blob:?}");
        }
    }
    for image in 1..=reader.header().image_count.min(4) {
        let Ok(tree) = reader.tree(image) else { continue };
        let mut entries = 0;
        let _ = tree.walk(&mut |entry| {
            entries += 1;
            assert!(entries <= len, "more entries than bytes");
            let mut parts = entry.path.split('/');
            let is_name = |part: &str| !matches!(part, "." | "..") && !part.contains('\\');
            assert!(entry.path.is_empty() || parts.all(|part| !part.is_empty() && is_name(part)));
            ControlFlow::Continue(())
        });
    }
}

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

fn le64(wim: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(wim[at..at + 8].try_into().unwrap())
}

fn put64(wim: &mut [u8], at: usize, value: u64) {
    wim[at..at + 8].copy_from_slice(&value.to_le_bytes());
}

/// Makes the digest of the first image's metadata fit again.
fn resign(wim: &mut [u8]) {
    let table = le64(wim, 48 + 8) as usize;
    let (start, len) = metadata(wim);
    let Some(range) = wim.get(start..start.saturating_add(len)) else { return };
    let sha1 = Sha1::of(range);
    let entries = (le64(wim, 48) & 0xff_ffff) as usize / 50;
    for entry in (0..entries).map(|number| table + 50 * number) {
        if wim.get(entry + 7).is_some_and(|flags| flags & 2 != 0)
            && le64(wim, entry + 8) as usize == start
        {
            wim[entry + 30..entry + 50].copy_from_slice(&sha1.0);
        }
    }
}

/// Where the metadata of the image that starts, the first one, lies.
fn metadata(wim: &[u8]) -> (usize, usize) {
    (le64(wim, 96 + 8) as usize, (le64(wim, 96) & 0xff_ffff_ffff) as usize)
}

#[test]
fn mutated_wims_never_panic_and_never_run_on() {
    let base = sample();
    let (start, len) = metadata(&base);
    let tables = base.len() - start;
    for round in 0..3_000u64 {
        let mut random = Random(round);
        let mut wim = base.clone();
        for _ in 0..1 + random.below(4) {
            let at = match random.below(3) {
                0 => random.below(208),
                1 => start + random.below(len),
                _ => start + random.below(tables),
            };
            match random.below(4) {
                0 => wim[at] ^= 1 << random.below(8),
                1 => wim[at] = random.next() as u8,
                2 => {
                    let value = [0, 1, 8, 102, 0x7fff_ffff, u64::MAX, 1 << 55][random.below(7)];
                    let at = at.min(wim.len() - 8);
                    put64(&mut wim, at, value);
                }
                _ => {
                    let from = start + random.below(len - 104);
                    let to = (start + random.below(len - 104)) & !7;
                    wim.copy_within(from..from + 104, to);
                }
            }
        }
        resign_if_sound(&mut wim, &base);
        if random.below(16) == 0 {
            let len = random.below(wim.len());
            wim.truncate(len);
        }
        let result = std::panic::catch_unwind(|| exercise(&wim));
        assert!(result.is_ok(), "round {round} panicked");
    }
}

/// Without digests that fit, no change of the metadata would get past them.
fn resign_if_sound(wim: &mut [u8], base: &[u8]) {
    if wim[48..72] == base[48..72] && wim[96..120] == base[96..120] {
        resign(wim);
    }
}

#[test]
fn a_wim_cut_anywhere_is_refused() {
    let wim = sample();
    let mut random = Random(7);
    let mut lens: Vec<usize> = (0..200).map(|_| random.below(wim.len())).collect();
    lens.extend([0, 1, 7, 8, 207, 208, wim.len() - 1]);
    for len in lens {
        let cut = wim[..len].to_vec();
        exercise(&cut);
        let error = inspect(&cut).unwrap_err();
        let is_told = matches!(error, ReadError::Truncated { .. } | ReadError::NotWim { .. });
        assert!(is_told, "cut to {len} bytes: {error}");
    }
}

#[test]
fn numbers_that_promise_much_allocate_nothing() {
    let base = sample();
    let promise = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut wim = base.clone();
        change(&mut wim);
        exercise(&wim);
        inspect(&wim).unwrap_err().to_string()
    };
    let table = |wim: &mut Vec<u8>| {
        put64(wim, 48, (1 << 55) | 2 << 56);
        put64(wim, 64, 1 << 55);
    };
    assert!(promise(&table).contains("ends behind the end of the file"));
    let xml = |wim: &mut Vec<u8>| put64(wim, 88, u64::MAX);
    assert!(promise(&xml).contains("more than 4194304 bytes"));
    let images = |wim: &mut Vec<u8>| wim[44..48].copy_from_slice(&u32::MAX.to_le_bytes());
    assert!(promise(&images).contains("more than 65535 images"));
    let part = |wim: &mut Vec<u8>| wim[40] = 9;
    assert!(promise(&part).contains("it is part 9 of 1"));
    let boot = |wim: &mut Vec<u8>| wim[120] = 3;
    assert!(promise(&boot).contains("image 3 of 2 is the one that starts"));
    let integrity = |wim: &mut Vec<u8>| {
        put64(wim, 124, 12 + 20 * 0x00ff_ffff);
        put64(wim, 132, 300);
        put64(wim, 140, 12 + 20 * 0x00ff_ffff);
    };
    assert!(promise(&integrity).contains("the integrity table at byte 300"));
    let flags = |wim: &mut Vec<u8>| wim[16] |= 2;
    assert!(promise(&flags).contains("name no algorithm"));
    let version = |wim: &mut Vec<u8>| wim[12] = 1;
    assert!(promise(&version).contains("version 0x10d01 is not supported"));
}

/// Changes the metadata of the first image and returns what walking its tree says.
fn tree_error(change: impl FnOnce(&mut [u8])) -> String {
    let mut wim = sample();
    let (start, len) = metadata(&wim);
    change(&mut wim[start..start + len]);
    resign(&mut wim);
    exercise(&wim);
    let reader = WimReader::open(&wim).unwrap();
    reader.tree(1).unwrap().entries().unwrap_err().to_string()
}

/// The root stands behind eight bytes of security data, its first child behind it and an end.
const ROOT: usize = 8;
const FIRST: usize = ROOT + 104 + 8;

#[test]
fn directories_in_a_circle_end() {
    let error = tree_error(|metadata| {
        let root_children = le64(metadata, ROOT + 16);
        put64(metadata, FIRST + 16, root_children);
    });
    assert!(error.contains("were met before"), "{error}");
    // Entries of one directory inside those of another.
    let error = tree_error(|metadata| {
        let second = FIRST as u64 + le64(metadata, FIRST);
        put64(metadata, FIRST + 16, second);
    });
    assert!(error.contains("entries overlap") || error.contains("met before"), "{error}");
}

#[test]
fn directories_without_entries_may_share_an_end() {
    let mut wim = sample();
    let (start, len) = metadata(&wim);
    let metadata = &mut wim[start..start + len];
    let end = FIRST as u64 - 8;
    let second = FIRST + le64(metadata, FIRST) as usize;
    put64(metadata, FIRST + 16, end);
    put64(metadata, second + 16, end);
    resign(&mut wim);
    let entries = WimReader::open(&wim).unwrap().tree(1).unwrap().entries().unwrap();
    let top: Vec<&str> = entries.iter().map(|entry| &*entry.path).take(4).collect();
    assert_eq!(top, ["", "empty folder", "folder 0", "folder 1"]);
}

#[test]
fn entries_that_are_cut_or_too_short_are_refused() {
    let far = tree_error(|metadata| put64(metadata, ROOT + 16, 1 << 40));
    assert!(far.contains("ends behind the end"), "{far}");
    let long = tree_error(|metadata| put64(metadata, FIRST, 1 << 40));
    assert!(long.contains("ends behind the end"), "{long}");
    let short = tree_error(|metadata| put64(metadata, FIRST, 104));
    assert!(short.contains("shorter than its names"), "{short}");
    let streams = tree_error(|metadata| metadata[FIRST + 96] = 200);
    assert!(streams.contains("stream entry"), "{streams}");
    let half = tree_error(|metadata| metadata[FIRST + 100] -= 1);
    assert!(half.contains("half a one"), "{half}");
    let file = tree_error(|metadata| metadata[ROOT + 8] = 0x80);
    assert!(file.contains("the root is no directory"), "{file}");
}

#[test]
fn names_that_lead_out_of_a_folder_are_refused() {
    for name in ["..", ".", "a/b", "a\0b"] {
        let error = tree_error(|metadata| {
            let units: Vec<u8> = name.encode_utf16().flat_map(u16::to_le_bytes).collect();
            metadata[FIRST + 100..FIRST + 102].copy_from_slice(&(units.len() as u16).to_le_bytes());
            metadata[FIRST + 102..FIRST + 102 + units.len()].copy_from_slice(&units);
        });
        assert!(error.contains("is no name"), "{name}: {error}");
    }
}

#[test]
fn a_digest_that_does_not_fit_is_found() {
    let mut wim = sample();
    let (start, len) = metadata(&wim);
    wim[start + len - 1] ^= 1;
    let error = WimReader::open(&wim).unwrap().tree(1).map(drop).unwrap_err();
    assert!(error.to_string().contains("but the blob table states"), "{error}");
}
