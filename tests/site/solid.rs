//! A solid WIM that FAT32 cannot hold, nearly all of it a hole.

use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use super::{Site, noise, tool};

/// Where what lies behind the blobs goes: over 4 GiB, so that FAT32 cannot hold the file.
const BEHIND: u64 = (4 << 30) + 4096;

/// Writes `sources/install.esd` into a folder of the site and returns its path. It has two images,
/// `Home` and `Pro`, which starts, of the folders with these names, with `len` bytes of noise.
pub fn solid_wim(site: &Site, folder: &str, len: usize) -> PathBuf {
    let here = site.path("");
    for (seed, name) in [(1, "Home"), (2, "Pro")] {
        site.write(&format!("{name}/Windows/{name}.exe"), noise(seed, 70_000));
        site.write(&format!("{name}/Windows/shared.dll"), noise(3, len));
        site.write(&format!("{name}/Windows/zeros"), vec![0; 3000]);
    }
    let sources = site.path(&format!("{folder}/sources"));
    fs::create_dir_all(&sources).unwrap();
    let wim = sources.join("install.esd");
    let name = wim.to_str().unwrap();
    // XPRESS is fast, and what is noise stays as long with all of them.
    let options = ["--solid", "--solid-compress=xpress", "--solid-chunk-size=64K"];
    tool("wimlib-imagex", &[&["capture", "Home", name, "Home"][..], &options].concat(), &here);
    tool("wimlib-imagex", &["append", "Pro", name, "Pro", "--boot"], &here);
    lengthen(&wim);
    tool("wimlib-imagex", &["verify", name], &here);
    wim
}

/// Moves blob table and XML data, which come last, behind 4 GiB.
fn lengthen(wim: &Path) {
    let file = File::options().read(true).write(true).open(wim).unwrap();
    let offset_of = |at: u64| {
        let mut bytes = [0; 8];
        file.read_exact_at(&mut bytes, at).unwrap();
        u64::from_le_bytes(bytes)
    };
    // The offsets in the header's entries of both.
    let places = [56, 80];
    let start = places.map(offset_of).into_iter().min().unwrap();
    let mut tail = vec![0; (file.metadata().unwrap().len() - start) as usize];
    file.read_exact_at(&mut tail, start).unwrap();
    file.set_len(start).unwrap();
    file.write_all_at(&tail, BEHIND).unwrap();
    for place in places {
        let moved = offset_of(place) - start + BEHIND;
        file.write_all_at(&moved.to_le_bytes(), place).unwrap();
    }
}
