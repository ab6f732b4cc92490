//! Capture media make a WIM of a reference computer, which others deploy.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use crate::computer::{BootFirst, Computer};
use crate::deployed::{BOOT, MOMENT, STEP, build};
use crate::disk::{check_ext4, read_from_ext4};
use crate::installed::installed_disk;
use crate::machine::{Firmware, os_image};
use crate::scenario::three_discs;
use crate::site::tool;

/// The WIM that capture media have made of a reference computer, on its second disk. Made once in
/// each run.
pub fn captured_image() -> &'static Path {
    static IMAGE: OnceLock<PathBuf> = OnceLock::new();
    IMAGE.get_or_init(|| {
        let image = Path::new(env!("CARGO_TARGET_TMPDIR")).join("captured.wim");
        fs::write(&image, capture()).unwrap();
        image
    })
}

fn capture() -> Vec<u8> {
    let site = three_discs(&os_image());
    site.write(
        "media/capture.toml",
        "[media]\ntype = \"capture\"\nboot-image = \"P0100001\"\nlabel = \"Test\"\n\n\
         [output]\npath = \"out/capture.iso\"\nsize = \"unlimited\"\n",
    );
    let discs = build(&site, "capture");
    let folder = tempfile::tempdir().unwrap();
    let computer = Computer::new(Firmware::Uefi)
        .with_disk_like("reference", installed_disk())
        .with_disk_like("images", &disk_for_images(folder.path()));
    let mut guest = computer.power_on(Some(&discs[0]), BootFirst::Media);
    guest.answer("? The image: ", "1,1:/reference.wim", BOOT);
    guest.wait_for("The task sequence has succeeded", STEP);
    guest.wait_for_restart(MOMENT);
    let images = computer.disk("images");
    check_ext4(images, 1);
    read_from_ext4(images, 1, "/reference.wim").expect("the image is on the disk")
}

/// A disk with an empty ext4 volume as its only partition.
fn disk_for_images(folder: &Path) -> PathBuf {
    let make = "truncate -s 600M images && printf 'label: gpt\\nstart=2048\\n' | sfdisk -q images && \
                mke2fs -q -t ext4 -E offset=1048576 images 590M";
    tool("sh", &["-c", make], folder);
    folder.join("images")
}

#[test]
fn a_reference_computer_is_captured_as_it_was_installed() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let (captured, original) = (captured_image().to_str().unwrap(), os_image());
    tool("wimlib-imagex", &["verify", captured], here);
    for (image, tree) in [(captured, "captured"), (original.to_str().unwrap(), "original")] {
        tool("wimlib-imagex", &["apply", image, "1", tree, "--unix-data"], here);
    }
    // The reference computer knows its own disk, and what its kernel fills is not captured.
    fs::remove_file(here.join("captured/etc/fstab")).unwrap();
    fs::remove_file(here.join("original/etc/fstab")).unwrap();
    for filled in ["dev", "proc", "run", "sys"] {
        assert_eq!(fs::read_dir(here.join("captured").join(filled)).unwrap().count(), 0);
        fs::remove_dir_all(here.join("original").join(filled)).unwrap();
        fs::create_dir(here.join("original").join(filled)).unwrap();
    }
    tool("diff", &["-r", "--no-dereference", "captured", "original"], here);
}
