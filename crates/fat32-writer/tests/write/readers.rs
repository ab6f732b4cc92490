//! Readers that are libraries: `hadris-fat`, which has a checker, and `fatfs`.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use hadris_fat::sync::FatFs;
use hadris_fs::sync::Volume;
use hadris_fs::{FileType, MountOptions};
use hadris_storage::BlockSize;
use hadris_storage::host::FileDevice;

use crate::content::Listing;

const SECTOR: BlockSize = BlockSize::new(512).unwrap();

fn device(volume: &Path) -> FileDevice {
    FileDevice::open_with_block_size(volume, SECTOR).unwrap()
}

/// What `hadris-fat` finds wrong with a volume.
pub fn hadris_findings(volume: &Path) -> Vec<String> {
    let mut found = Vec::new();
    // One bit a cluster, so that one walk is enough.
    let mut scratch = vec![0; 4 << 20];
    let report = |finding: &hadris_fs::Finding<'_>| found.push(finding.to_string());
    hadris_fat::sync::check(&mut device(volume), &mut scratch, report).unwrap();
    found
}

/// Everything in a volume, as `hadris-fat` finds it.
pub fn hadris(volume: &Path) -> Listing {
    let volume = Volume::new(FatFs::mount(device(volume), MountOptions::new()).unwrap());
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

/// Everything in a volume, as `fatfs` finds it.
pub fn fatfs(volume: &Path) -> Listing {
    let file = File::options().read(true).write(true).open(volume).unwrap();
    let volume = fatfs::FileSystem::new(file, fatfs::FsOptions::new()).unwrap();
    let mut listing = Listing::new();
    list(&volume.root_dir(), "", &mut listing);
    listing
}

fn list(directory: &fatfs::Dir<'_, File>, prefix: &str, listing: &mut Listing) {
    for entry in directory.iter() {
        let entry = entry.unwrap();
        let name = entry.file_name();
        if name == "." || name == ".." {
            continue;
        }
        let path = format!("{prefix}{name}");
        if entry.is_dir() {
            list(&entry.to_dir(), &format!("{path}/"), listing);
            listing.insert(path, None);
        } else {
            let mut bytes = Vec::new();
            entry.to_file().read_to_end(&mut bytes).unwrap();
            listing.insert(path, Some(bytes));
        }
    }
}

/// Reads 8 bytes at each offset of a file of a large image.
pub fn hadris_words(volume: &Path, path: &str, offsets: &[u64]) -> Vec<u64> {
    let volume = Volume::new(FatFs::mount(device(volume), MountOptions::new()).unwrap());
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
