//! WIMs with any bytes in their header, tables and trees: everything that reads them ends, and says
//! only what lies inside the file.
//!
//! The digest of the first image's metadata is made to fit, as no change would get past it.

#![no_main]

use std::ops::ControlFlow;
use std::sync::Arc;

use image::{FileData, FileTree};
use libfuzzer_sys::fuzz_target;
use wim::dump::{DumpOptions, dump_to_string};
use wim::read::{BlobPlace, WimReader, inspect};
use wim::{Facts, Filetime, ImageTexts, PlannedImage, Sha1, WimOptions, layout};

/// A small WIM of two images, without the holes between its resources.
fn seed() -> Vec<u8> {
    let mut tree = FileTree::<()>::new();
    for number in 0u8..4 {
        let data = FileData::Bytes(vec![number % 3; usize::from(number)].into());
        tree.add_file(&format!("folder/file {number}"), data).expect("the paths are plain");
    }
    let tree = Arc::new(tree.validate().expect("the names are sound"));
    let image = |name: &str| PlannedImage {
        tree: tree.clone(),
        facts: Facts::Uniform(Filetime(1 << 57)),
        texts: ImageTexts { name: name.to_owned(), ..ImageTexts::default() },
    };
    let options = WimOptions { boot_index: 1, ..WimOptions::default() };
    let layout = layout(vec![image("one"), image("two")], &options).expect("it can be laid out");
    let digests = layout.digests(|(), _, _| Sha1::ZERO);
    let mut wim = vec![0; layout.len().0 as usize];
    for extent in layout.finished_image(&digests).extents() {
        if let image::Source::Bytes(bytes) = &extent.source {
            let start = extent.start.0 as usize;
            wim[start..start + bytes.len()].copy_from_slice(bytes);
        }
    }
    wim
}

fn le64(wim: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(wim[at..at + 8].try_into().expect("eight bytes"))
}

/// Makes the digest of the metadata of the first entry that has any fit.
fn sign(wim: &mut [u8]) -> Option<()> {
    let header = WimReader::open(&&*wim).ok()?.header().clone();
    let table = usize::try_from(header.blob_table.offset).ok()?;
    for entry in (table..wim.len()).step_by(50).take(64) {
        let flags = *wim.get(entry + 7)?;
        wim.get(entry + 49)?;
        if flags & 2 == 0 {
            continue;
        }
        let len = usize::try_from(le64(wim, entry) & ((1 << 56) - 1)).ok()?;
        let start = usize::try_from(le64(wim, entry + 8)).ok()?;
        let sha1 = Sha1::of(wim.get(start..start.checked_add(len)?)?);
        wim[entry + 30..entry + 50].copy_from_slice(&sha1.0);
        return Some(());
    }
    None
}

fuzz_target!(
    init: seeds::write([&seed()[..]]),
    |bytes: &[u8]| {
        let mut wim = bytes.to_vec();
        let _ = sign(&mut wim);
        let len = wim.len() as u64;
        dump_to_string(&wim, &DumpOptions::default());
        let Ok(reader) = WimReader::open(&wim) else { return };
        let _ = inspect(&wim);
        if let Ok(parts) = wim::plan_parts(&wim, 4096) {
            assert!(parts.iter().all(|part| part.len <= 4096));
        }
        let _ = reader.check_integrity(&mut |_, _| ControlFlow::Continue(()));
        if let Ok(blobs) = reader.blobs() {
            for blob in blobs.blobs() {
                let end = match blob.place {
                    BlobPlace::Plain { offset } => offset + blob.len,
                    BlobPlace::Compressed { offset, stored } => offset + stored,
                    BlobPlace::Solid => 0,
                };
                assert!(end <= len, "{blob:?}");
            }
        }
        let Ok(tree) = reader.tree(1) else { return };
        let mut entries = 0;
        let _ = tree.walk(&mut |entry| {
            entries += 1;
            assert!(entries <= len, "more entries than bytes");
            let parts = || entry.path.split('/');
            let is_root = entry.path.is_empty();
            assert!(is_root || parts().all(|part| !matches!(part, "" | "." | "..")), "{entry:?}");
            ControlFlow::Continue(())
        });
    }
);
