use std::path::Path;
use std::process::Command;

use super::*;

fn run(folder: &Path, program: &str, args: &[&str]) {
    let path = format!("{}:/usr/sbin:/sbin", std::env::var("PATH").unwrap_or_default());
    let output = Command::new(program).args(args).current_dir(folder).env("PATH", path).output();
    let output = output.unwrap_or_else(|error| {
        panic!("{program} cannot be run ({error}); tools/test installs what the tests need")
    });
    assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
}

/// A volume of mkfs.fat with two files that mtools put there, at byte 2048 of an image.
fn volume(bits: &str, kilobytes: &str) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    run(folder, "mkfs.fat", &["-F", bits, "-C", "volume", kilobytes]);
    let loader: Vec<u8> = (0..200_000u32).map(|at| (at / 7) as u8).collect();
    std::fs::write(folder.join("loader"), loader).unwrap();
    std::fs::write(folder.join("text"), "text").unwrap();
    run(folder, "mmd", &["-i", "volume", "::/EFI", "::/EFI/BOOT"]);
    run(folder, "mcopy", &["-i", "volume", "text", "::/EFI/BOOT/a long name.txt"]);
    run(folder, "mcopy", &["-i", "volume", "loader", "::/EFI/BOOT/BOOTX64.EFI"]);
    let mut image = vec![0; 2048];
    image.extend(std::fs::read(folder.join("volume")).unwrap());
    image
}

fn bytes_of(image: &[u8], file: &BootFile) -> Vec<u8> {
    let Place::Extents(extents) = &file.place else { panic!("{file:?}") };
    let run = |extent: &DataExtent| &image[extent.offset as usize..][..extent.len as usize];
    extents.iter().flat_map(run).copied().collect()
}

#[test]
fn volumes_of_every_size_of_fat_are_read() {
    for (bits, kilobytes) in [("12", "1440"), ("16", "32768"), ("32", "66560")] {
        let image = volume(bits, kilobytes);
        let found = files(&image, 2048).unwrap();
        let loader = found.iter().find(|file| file.path == "EFI/BOOT/BOOTX64.EFI").unwrap();
        assert_eq!((found.len(), loader.len), (2, 200_000), "FAT{bits}");
        let bytes = bytes_of(&image, loader);
        assert!(bytes.iter().zip(0u32..).all(|(byte, at)| *byte == (at / 7) as u8), "FAT{bits}");
    }
}

#[test]
fn whatever_is_changed_or_cut_off_is_answered() {
    let sound = volume("12", "1440");
    // Boot sector, both FATs and the directories.
    for at in (2048..2048 + 25_000).step_by(3) {
        for mask in [0x01, 0x80, 0xFF] {
            let mut image = sound.clone();
            image[at] ^= mask;
            for file in files(&image, 2048).unwrap_or_default() {
                assert!(file.path.split('/').all(|part| !part.is_empty()), "{file:?}");
            }
        }
    }
    for len in [0, 2048, 2100, 3000, 10_000, 20_000] {
        assert!(files(&sound[..len].to_vec(), 2048).is_err(), "{len} bytes");
    }
    assert!(files(&sound, u64::MAX).is_err());
}
