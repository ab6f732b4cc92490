//! Faults of directories and of what their entries say besides names.

use crate::read::damage::Damaged;
use crate::{Case, MANY, MEDIA, SETUP};

/// Where the entries of a directory start.
fn directory(image: &Damaged, path: &str) -> u64 {
    image.cluster(image.first_cluster(image.entry(path)))
}

pub const DIRECTORIES: &[Case] = &[
    ("`.` of another directory", "directory-dots", |image| {
        image.set_first_cluster(directory(image, MANY), 2);
    }),
    ("`..` of another directory", "directory-dots", |image| {
        image.set_first_cluster(directory(image, MANY) + 32, 0);
    }),
    ("`..` of a first-level directory names the root", "directory-dots", |image| {
        image.set_first_cluster(directory(image, "SMS") + 32, 2);
    }),
    ("no `.`", "directory-dots", |image| image.set(directory(image, MANY), b"X")),
    ("no `..`", "directory-dots", |image| image.set(directory(image, MANY) + 32, b".  ")),
    ("`.` is no directory", "directory-dots", |image| {
        image.set(directory(image, MANY) + 11, [0x20]);
    }),
    ("`.` with a size", "directory-dots", |image| image.set32(directory(image, MANY) + 28, 1)),
    ("`.` in the root", "directory-dots", |image| {
        image.set(image.entry("SMS"), b".          ");
    }),
    ("directory with a size", "directory-size", |image| {
        image.set32(image.entry(MANY) + 28, 4096);
    }),
    ("directory of more than 2 MiB", "directory-too-large", |image| {
        let (first, free) = (image.first_cluster(image.entry("SMS")), image.next_free());
        image.set_link(first, free);
        for cluster in free..free + 512 {
            image.set_link(cluster, cluster + 1);
        }
        image.set_link(free + 512, 0x0FFF_FFFF);
    }),
    ("entry behind the end", "directory-end", |image| {
        let end = directory(image, "an empty directory") + 64;
        let entry = image.bytes(image.entry(SETUP), 32);
        image.set(end + 32, entry);
    }),
    ("byte behind the end", "directory-end", |image| {
        image.set(directory(image, "an empty directory") + 4095, [1]);
    }),
    ("directory ends early", "directory-end", |image| image.set(directory(image, MANY) + 320, [0])),
    ("directories in a circle", "chain-cross-link", |image| {
        let parent = image.first_cluster(image.entry("SMS/PKG"));
        image.set_first_cluster(image.entry(MANY), parent);
    }),
];

pub const ENTRIES: &[Case] = &[
    ("reserved attribute", "entry-attributes", |image| {
        image.set(image.entry(SETUP) + 11, [0x60]);
    }),
    ("label and directory at once", "entry-attributes", |image| {
        image.set(image.entry(MANY) + 11, [0x18]);
    }),
    ("reserved byte", "entry-reserved", |image| image.set(image.entry(SETUP) + 12, [1])),
    ("deleted entry", "entry-deleted", |image| image.set(image.entry(SETUP), [0xE5])),
    ("no date", "entry-time", |image| image.set16(image.entry(SETUP) + 24, 0)),
    ("month 13", "entry-time", |image| image.set16(image.entry(SETUP) + 16, 13 << 5 | 1)),
    ("day 0", "entry-time", |image| image.set16(image.entry(SETUP) + 18, 1 << 5)),
    ("February 30", "entry-time", |image| image.set16(image.entry(SETUP) + 18, 2 << 5 | 30)),
    ("hour 24", "entry-time", |image| image.set16(image.entry(SETUP) + 22, 24 << 11)),
    ("second 60", "entry-time", |image| image.set16(image.entry(SETUP) + 14, 30)),
    ("two hundred hundredths", "entry-time", |image| {
        image.set(image.entry(SETUP) + 13, [200]);
    }),
    ("label in lower case", "label", |image| {
        let root = image.cluster(2);
        image.set(root, b"sample     ");
        image.set_boot(71, b"sample     ");
    }),
    ("label begins with a space", "label", |image| {
        let root = image.cluster(2);
        image.set(root, b" AMPLE     ");
        image.set_boot(71, b" AMPLE     ");
    }),
    ("label with a cluster", "label", |image| image.set_first_cluster(image.cluster(2), 5)),
    ("a second label", "label", |image| image.set(image.entry("README.TXT") + 11, [0x08])),
    ("label outside of the root", "label", |image| image.set(image.entry(MEDIA) + 11, [0x08])),
    ("another label in the boot sector", "label-differs", |image| {
        image.set_boot(71, b"OTHER      ");
    }),
    ("no label in the boot sector", "label-differs", |image| {
        image.set_boot(71, b"NO NAME    ");
    }),
    ("no label in the root", "label-differs", |image| image.set(image.cluster(2) + 11, [0x20])),
];
