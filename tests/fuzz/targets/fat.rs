//! FAT32 images with changes anywhere in their metadata: everything that reads volumes ends, and
//! says only what lies inside the image; and a volume that is sound is so after a change, too.
//!
//! An input is a list of changes to a small image rather than an image: a volume of FAT32 has at
//! least 256 MiB, nearly all of them free.

#![no_main]

#[path = "../../../crates/fat32-writer/tests/read/mod.rs"]
mod read;

use std::io::{self, Read};
use std::ops::ControlFlow;
use std::sync::{LazyLock, Mutex};

use fat32_writer::Timestamp;
use fat32_writer::check::{CheckOptions, check};
use fat32_writer::dump::{DumpOptions, dump_to_string};
use fat32_writer::read::{FatReader, FileReader, ReadAt};
use fat32_writer::update::{Editor, UpdateError};
use image::{ByteCount, FileData, FileTree};
use libfuzzer_sys::fuzz_target;
use read::damage::Damaged;
use read::{Sparse, sample_options};

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
    let (fat, fat_len) = (damaged.fat(), damaged.fat_len());
    let (changes, rest) = changes.as_chunks::<CHANGE>();
    for change in changes {
        let block = usize::from(u16::from_le_bytes([change[0], change[1]]));
        let block = BASE.blocks[block % BASE.blocks.len()];
        let place = u16::from_le_bytes([change[2], change[3]]);
        let at = block + u64::from(place) % (BLOCK - 8);
        damaged.0.write(at, &change[4..]);
        let mended = place & 0x8000 != 0;
        if mended && (fat..fat + fat_len).contains(&at) {
            damaged.0.write(at + fat_len, &change[4..]);
        }
        if mended && block == 0 && damaged.get64(512 + 72) == 2 {
            damaged.fix_gpt(1);
        }
    }
    // Few inputs have a tail of this length; those cut the image.
    if let [blocks, more] = rest {
        let len = u64::from(u16::from_le_bytes([*blocks, *more])) * BLOCK;
        damaged.0.truncate(len);
    }
    damaged.0
}

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
            assert!(entry.path.split('/').all(|part| !matches!(part, "" | "." | "..")));
            let mut first = [0; 64];
            let _ = FileReader::new(image, entry).read(&mut first).expect("it lies in memory");
            ControlFlow::Continue(())
        });
        let _ = reader.find("directory/deeper/FILEWI~1.TXT");
    }
    for fault in check(image, &CheckOptions::default()) {
        assert!(!fault.message.is_empty());
    }
    dump_to_string(image, &DumpOptions::default());
}

/// A volume that is written to while it is read.
struct Volume(Mutex<Sparse>);

impl Volume {
    fn write(&self, offset: u64, bytes: &[u8]) {
        self.0.lock().expect("no writer panics").write(offset, bytes);
    }

    fn is_sound(&self) -> bool {
        check(self, &CheckOptions::of_others()).is_empty()
    }
}

impl ReadAt for Volume {
    fn read_exact_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<()> {
        self.0.lock().expect("no writer panics").read_exact_at(offset, buf)
    }

    fn len(&self) -> u64 {
        self.0.lock().expect("no writer panics").len()
    }
}

fn update(image: Sparse) {
    let volume = Volume(Mutex::new(image));
    let was_sound = volume.is_sound();
    let changed = change(&volume);
    if was_sound {
        changed.expect("a sound volume can be changed");
        assert!(volume.is_sound());
    }
}

fn change(volume: &Volume) -> Result<(), UpdateError> {
    let mut write = |offset: u64, bytes: &[u8]| {
        volume.write(offset, bytes);
        Ok(())
    };
    let mut editor = Editor::open(volume, Timestamp(1_795_219_200))?;
    editor.mend(&mut write)?;
    editor.remove("directory/deeper/file with a long name 7.txt")?;
    editor.remove("SHORT.TXT")?;
    commit(&mut editor, volume)?;
    editor.add_file("directory/deeper/file that is new", 9_000)?;
    editor.add_file("new directory/file", 1)?;
    editor.set_label("CHANGED")?;
    commit(&mut editor, volume)?;
    for change in editor.finish(Some("CHANGED"))? {
        volume.write(change.offset, &change.bytes);
    }
    Ok(())
}

fn commit(editor: &mut Editor<'_>, volume: &Volume) -> Result<(), UpdateError> {
    let mut write = |offset: u64, bytes: &[u8]| {
        volume.write(offset, bytes);
        Ok(())
    };
    let change = editor.commit();
    change.fresh.iter().for_each(|fresh| volume.write(fresh.offset, &fresh.bytes));
    editor.apply(&change.chains, &mut write)?;
    editor.apply(&change.links, &mut write)?;
    change.entries.iter().for_each(|entries| volume.write(entries.offset, &entries.bytes));
    editor.apply(&change.freed, &mut write)?;
    Ok(())
}

fuzz_target!(
    init: {
        let sound = changed(&[]);
        assert!(check(&sound, &CheckOptions::default()).is_empty());
        // Partition tables, boot sector, FAT and directories, each with a small change.
        let change = |block: u16, place: u16| {
            let mut change = [0; CHANGE];
            change[..2].copy_from_slice(&block.to_le_bytes());
            change[2..4].copy_from_slice(&place.to_le_bytes());
            change
        };
        let seeds: [[u8; CHANGE]; 6] = [
            change(0, 0x8000 | 1056),
            change(2, 44),
            change(4, 0x8000 | 12),
            change(6, 96),
            change(7, 26),
            change(8, 64),
        ];
        let [a, b, c, d, e, f] = &seeds;
        seeds::write([a, b, c, d, e, f, &seeds.concat()]);
    },
    |bytes: &[u8]| {
        let image = changed(bytes);
        exercise(&image);
        update(image);
    }
);
