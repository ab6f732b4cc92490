//! Every file of a set, as a Linux kernel reads it in each namespace.

use std::collections::BTreeMap;
use std::fs;

use crate::awkward::AWKWARD;
use crate::boot::site_with_boot_tree;
use crate::mounted::{Drive, GuestView, MountedFile, Namespace, guest_trees};
use crate::promised::{Promised, promised};
use crate::site::{Site, noise};

/// Two discs: awkward names, nothing in files and folders, equal files, many files in a folder, a
/// file that is cut.
fn site_with_odd_content() -> Site {
    let mut site = Site::new();
    let first = site.add_package();
    for (number, name) in AWKWARD.iter().enumerate() {
        site.write(&format!("{first}/{name}"), noise(number as u64, 1000 + 300 * number));
    }
    for number in 0..120 {
        site.write(&format!("{first}/many/File number {number}.txt"), number.to_string());
    }
    site.write(&format!("{first}/empty.bin"), b"");
    fs::create_dir(site.path(&format!("{first}/empty folder"))).unwrap();
    let second = site.add_package();
    site.write(&format!("{second}/twin.bin"), noise(3, 1900));
    site.write(&format!("{second}/cut.bin"), noise(51, 4_500_001));
    site.define("set", "4 MB", "");
    site
}

#[test]
fn a_kernel_reads_every_file_of_a_set_in_every_namespace() {
    let site = site_with_odd_content();
    site.succeed(&["build", "set"]);
    assert_eq!(site.outputs(), ["set.1.iso", "set.2.iso"]);
    let images = [site.path("out/set.1.iso"), site.path("out/set.2.iso")];
    let views = guest_trees(&[(&images[0], Drive::Optical), (&images[1], Drive::Optical)]);
    let mut names = Vec::new();
    for (image, view) in images.iter().zip(&views) {
        let promised = promised(&site, image);
        check_view(view, &promised);
        names.extend(promised.files.into_keys());
    }
    // What was to be hard is there.
    for name in AWKWARD.iter().chain(&["empty.bin"]) {
        assert!(names.iter().any(|path| path.ends_with(name)), "{name}");
    }
    assert!(names.iter().filter(|path| path.starts_with("SMS/data/parts/")).count() >= 2);
}

#[test]
fn a_kernel_reads_every_file_of_media_that_start() {
    let mut site = site_with_boot_tree();
    let folder = site.add_package();
    site.write(&format!("{folder}/setup.exe"), noise(1, 100_000));
    site.define("one", "unlimited", "");
    site.succeed(&["build", "one"]);
    let image = site.path("out/one.iso");
    check_view(&guest_trees(&[(&image, Drive::Optical)])[0], &promised(&site, &image));
}

fn check_view(view: &GuestView, promised: &Promised) {
    for (namespace, tree) in view {
        assert_eq!(tree.errors, [""; 0], "{namespace:?}");
        match namespace {
            Namespace::Udf | Namespace::RockRidge => {
                assert_eq!(tree.files, promised.files, "{namespace:?}");
                assert_eq!(tree.folders, promised.folders, "{namespace:?}");
            }
            // Here names are shortened, and every file must still be there with its bytes.
            Namespace::Joliet | Namespace::Plain | Namespace::Fat | Namespace::Exfat => {
                assert_eq!(sorted(&tree.files), sorted(&promised.files), "{namespace:?}");
                assert_eq!(tree.folders.len(), promised.folders.len(), "{namespace:?}");
            }
        }
    }
}

/// Files in an order that does not depend on their names.
fn sorted(files: &BTreeMap<String, MountedFile>) -> Vec<&MountedFile> {
    let mut files: Vec<&MountedFile> = files.values().collect();
    files.sort_unstable();
    files
}
