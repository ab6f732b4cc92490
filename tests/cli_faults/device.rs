//! Media on devices: what a burned disc or a stick is to the system.

use std::path::Path;

use crate::site::{Site, noise, tool};

/// A block device with the bytes of a file; detached when dropped.
pub struct LoopDevice(pub String);

impl LoopDevice {
    pub fn new(file: &Path) -> Self {
        Self::with(&[], file)
    }

    /// One that refuses to be written.
    pub fn read_only(file: &Path) -> Self {
        Self::with(&["--read-only"], file)
    }

    /// One at a given place, such as `/dev/loop1`.
    pub fn at(place: &str, file: &Path) -> Self {
        tool("losetup", &[place, file.to_str().unwrap()], Path::new("/"));
        Self(place.to_owned())
    }

    fn with(options: &[&str], file: &Path) -> Self {
        let words = [options, &["--find", "--show", file.to_str().unwrap()]].concat();
        Self(tool("losetup", &words, Path::new("/")).trim().to_owned())
    }
}

impl Drop for LoopDevice {
    fn drop(&mut self) {
        tool("losetup", &["--detach", &self.0], Path::new("/"));
    }
}

/// What lies behind the first partition belongs to the media, and what lies behind the second does
/// not.
#[test]
fn a_stick_with_two_partitions_is_verified_like_its_image() {
    for table in ["mbr", "gpt"] {
        let mut site = Site::new();
        let folder = site.add_package();
        let file = std::fs::File::create(site.path(&format!("{folder}/install.bin"))).unwrap();
        file.set_len(1 << 32).unwrap();
        let more = "kind = \"usb\"\noversize = \"second-partition\"\n";
        site.define("stick", "unlimited", &format!("{more}partition-table = \"{table}\"\n"));
        site.succeed(&["build", "stick", "--verify", "structure"]);
        let image = site.path("out/stick.iso");
        let file = std::fs::File::options().write(true).open(&image).unwrap();
        let len = file.metadata().unwrap().len();
        std::os::unix::fs::FileExt::write_all_at(&file, &[0xff; 1 << 20], len).unwrap();
        let device = LoopDevice::new(&image);
        site.succeed(&["verify", &device.0, "--depth", "structure"]);
        let listing = site.succeed(&["ls", &device.0, "--below", "SMS/PKG/P0100200"]);
        assert_eq!(listing.lines().count(), 2, "{listing}");
    }
}

#[test]
fn a_device_larger_than_the_image_on_it_is_verified_like_the_image() {
    let mut site = Site::new();
    let folder = site.add_package();
    site.write(&format!("{folder}/data.bin"), noise(1, 500_000));
    site.define("one", "unlimited", "");
    site.succeed(&["build", "one"]);
    let mut bytes = std::fs::read(site.path("out/one.iso")).unwrap();
    let len = bytes.len();
    bytes.resize(len + (1 << 20), 0xff);
    site.write("stick", &bytes);
    {
        let device = LoopDevice::new(&site.path("stick"));
        site.succeed(&["verify", &device.0]);
        site.succeed(&["extract", &device.0, "--output", "files"]);
    }
    bytes[len / 2] ^= 1;
    site.write("stick", &bytes);
    let device = LoopDevice::new(&site.path("stick"));
    site.fail(&["verify", &device.0], 6);
}
