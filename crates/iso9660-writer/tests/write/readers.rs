//! Readers of the hadris crates, which check tags, checksums and locations.

use std::collections::BTreeMap;
use std::path::Path;

use hadris_fs::sync::{FileSystem, Volume};
use hadris_fs::{FileType, MountOptions};
use hadris_iso::Namespace;
use hadris_iso::sync::IsoFs;
use hadris_storage::host::FileDevice;
use hadris_storage::{BlockSize, MemDevice};
use hadris_udf::sync::UdfFs;

const BLOCK: BlockSize = BlockSize::new(2048).unwrap();

/// Files with their bytes and directories without, by path.
pub type Listing = BTreeMap<String, Option<Vec<u8>>>;

/// Everything in the UDF file system of an image.
pub fn udf(image: Vec<u8>) -> Listing {
    let device = MemDevice::new(image, BLOCK);
    list(UdfFs::mount(device, MountOptions::new()).unwrap())
}

/// Everything in one of the ISO 9660 trees of an image.
pub fn iso(image: Vec<u8>, namespace: Namespace) -> Listing {
    let device = MemDevice::new(image, BLOCK);
    list(IsoFs::mount_namespace(device, MountOptions::new(), namespace).unwrap())
}

/// Reads 8 bytes at each offset of a file, by UDF and by the ISO 9660 tree of a large image.
pub fn words(image: &Path, path: &str, offsets: &[u64]) -> [Vec<u64>; 2] {
    let device = || FileDevice::open_with_block_size(image, BLOCK).unwrap();
    let udf = UdfFs::mount(device(), MountOptions::new()).unwrap();
    let iso = IsoFs::mount(device(), MountOptions::new()).unwrap();
    [words_of(udf, path, offsets), words_of(iso, path, offsets)]
}

fn words_of<F: FileSystem + Send + 'static>(fs: F, path: &str, offsets: &[u64]) -> Vec<u64> {
    let volume = Volume::new(fs);
    let file = volume.open(path, hadris_fs::OpenOptions::new().read()).unwrap();
    let read = |&offset: &u64| {
        let mut word = [0; 8];
        let mut filled = 0;
        while filled < word.len() {
            let read = file.read_at(offset + filled as u64, &mut word[filled..]).unwrap();
            assert_ne!(read, 0, "the file ends before {offset}");
            filled += read;
        }
        u64::from_le_bytes(word)
    };
    offsets.iter().map(read).collect()
}

fn list<F: FileSystem + Send + 'static>(fs: F) -> Listing {
    let volume = Volume::new(fs);
    let mut listing = Listing::new();
    let mut walk = volume.walk("/").unwrap();
    while let Some(entry) = walk.next_entry() {
        let entry = entry.unwrap();
        let path = std::str::from_utf8(entry.path()).unwrap().trim_start_matches('/').to_owned();
        let is_file = entry.entry().file_type() == FileType::File;
        let content = is_file.then(|| volume.read(entry.path()).unwrap());
        listing.insert(path, content);
    }
    listing
}
