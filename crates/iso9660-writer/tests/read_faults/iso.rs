//! Faults of ISO 9660, Joliet and Rock Ridge.

use iso9660_writer::read::Namespace::{Joliet, RockRidge};

use crate::read::damage::{Damaged, SECTOR};
use crate::{Case, MANY, SETUP, recognition};

pub const ISO: &[Case] = &[
    ("no primary descriptor", "iso-descriptor-set", |image| image.zero(16 * SECTOR, 7)),
    ("descriptor version", "iso-descriptor", |image| image.set(16 * SECTOR + 6, [2])),
    ("reserved field of a descriptor", "iso-descriptor", |image| {
        image.set(16 * SECTOR + 1500, [1]);
    }),
    ("terminator missing", "iso-descriptor-set", |image| {
        let terminator = recognition(image) - SECTOR;
        image.zero(terminator, 7);
    }),
    ("space size in one byte order", "iso-both-endian", |image| image.flip(16 * SECTOR + 84)),
    ("space size", "iso-space-size", |image| {
        let size = image.get32(16 * SECTOR + 80);
        image.set_both32(16 * SECTOR + 80, size - 1);
    }),
    ("space size of Joliet", "iso-descriptors-differ", |image| {
        let at = image.joliet_descriptor() + 80;
        image.set_both32(at, image.get32(at) + 1);
    }),
    ("volume identifier in lower case", "iso-text", |image| image.set(16 * SECTOR + 40, b"g")),
    ("creation date", "iso-date", |image| image.set(16 * SECTOR + 817, b"99")),
    ("escape sequence of Joliet", "iso-descriptor", |image| {
        image.set(image.joliet_descriptor() + 90, b"X");
    }),
    ("root record is no directory", "iso-root", |image| image.set(16 * SECTOR + 156 + 25, [0])),
    ("extent in one byte order", "iso-both-endian", |image| {
        image.flip(image.record(RockRidge, SETUP) + 9);
    }),
    ("date of a record", "iso-date", |image| image.set(image.record(RockRidge, SETUP) + 19, [13])),
    ("record of the directory itself", "iso-directory", |image| {
        let block = image.get32(image.root_record() + 2);
        image.set_both32(image.root_record() + 2, block + 1);
    }),
    ("record of the parent", "iso-directory", |image| {
        let directory = image.get32(image.record(RockRidge, MANY) + 2) as usize * SECTOR;
        let parent = directory + usize::from(image.0[directory]);
        let root = image.get32(image.root_record() + 2);
        image.set_both32(parent + 2, root);
    }),
    ("length of a directory", "iso-directory", |image| {
        let record = image.record(RockRidge, MANY) + 10;
        let len = image.get32(record);
        image.set_both32(record, len - 1);
    }),
    ("record across the end of a sector", "iso-record", |image| {
        let directory = image.get32(image.record(RockRidge, MANY) + 2) as usize * SECTOR;
        let mut at = directory;
        while image.0[at + usize::from(image.0[at])] != 0 {
            at += usize::from(image.0[at]);
        }
        image.set(at, [255]);
    }),
    ("bytes behind the last record of a sector", "iso-record", |image| {
        let directory = image.get32(image.record(RockRidge, MANY) + 2) as usize * SECTOR;
        image.set(directory + SECTOR - 1, [1]);
    }),
    ("unknown flag", "iso-record", |image| image.set(image.record(RockRidge, SETUP) + 25, [0x20])),
    ("interleave", "iso-record", |image| image.set(image.record(Joliet, SETUP) + 26, [1])),
    ("volume of the set", "iso-record", |image| {
        image.set(image.record(RockRidge, SETUP) + 28, [2, 0, 0, 2]);
    }),
    ("records out of order", "iso-record-order", |image| {
        image.set(image.record(RockRidge, "README.txt") + 33, b"Z");
    }),
    ("records of Joliet out of order", "iso-record-order", |image| {
        image.set(image.record(Joliet, "README.txt") + 34, b"z");
    }),
    ("name in lower case", "iso-name", |image| {
        image.set(image.record(RockRidge, "README.txt") + 34, b"e");
    }),
    ("name without a version", "iso-name", |image| {
        image.set(image.record(RockRidge, "README.txt") + 43, b"_");
    }),
    ("name that Joliet forbids", "iso-name", |image| {
        image.set(image.record(Joliet, "README.txt") + 36, b"*");
    }),
    ("name twice", "iso-duplicate-name", |image| {
        let name = |n| format!("{MANY}/a name of middling length, number {n}.dat");
        let (a, b) = (image.record(RockRidge, &name("007")), image.record(RockRidge, &name("008")));
        let identifier = image.0[a + 33..a + 33 + usize::from(image.0[a + 32])].to_vec();
        image.set(b + 33, identifier);
    }),
    ("section without a last one", "iso-multi-extent", |image| {
        image.set(image.record(RockRidge, SETUP) + 25, [0x80]);
    }),
    ("data outside the volume", "iso-extent", |image| {
        image.set_both32(image.record(RockRidge, SETUP) + 2, 0x00FF_FFFF);
    }),
    ("directory inside itself", "iso-tree-loop", |image| {
        let root = image.get32(image.root_record() + 2);
        image.set_both32(image.record(RockRidge, MANY) + 2, root);
    }),
    ("directory of Joliet inside itself", "iso-tree-loop", |image| {
        let parent = image.get32(image.record(Joliet, "SMS") + 2);
        image.set_both32(image.record(Joliet, MANY) + 2, parent);
    }),
    ("path table extent", "iso-path-table", |image| image.flip(path_table(image, 140) + 12)),
    ("path table parent", "iso-path-table", |image| image.flip(path_table(image, 140) + 16)),
    ("path tables differ", "iso-path-tables-differ", |image| {
        let table = image.get32(16 * SECTOR + 148).swap_bytes() as usize * SECTOR;
        image.flip(table + 15);
    }),
    ("path table shorter", "iso-path-table", |image| {
        let size = image.get32(16 * SECTOR + 132);
        image.set_both32(16 * SECTOR + 132, size - 20);
    }),
    ("path table huge", "iso-path-table", |image| {
        image.set_both32(16 * SECTOR + 132, 0xFFFF_FF00);
    }),
    ("data of Joliet", "trees-differ", |image| {
        let record = image.record(Joliet, SETUP) + 2;
        image.set_both32(record, image.get32(record) + 2);
    }),
    ("length of ISO 9660", "trees-differ", |image| {
        let record = image.record(RockRidge, SETUP) + 10;
        image.set_both32(record, image.get32(record) - 1);
    }),
    ("name of Joliet", "names-differ", |image| {
        image.set(image.record(Joliet, "README.txt") + 36, b"F");
    }),
];

fn path_table(image: &Damaged, field: usize) -> usize {
    image.get32(16 * SECTOR + field) as usize * SECTOR
}

pub const ROCK_RIDGE: &[Case] = &[
    ("no sharing protocol", "rr-sharing", |image| {
        let at = image.system_use(image.root_record(), b"SP");
        image.set(at + 4, [0]);
    }),
    ("unknown entry", "rr-entry", |image| {
        let at = image.system_use(image.record(RockRidge, SETUP), b"TF");
        image.set(at, b"QQ");
    }),
    ("version of an entry", "rr-entry", |image| {
        let at = image.system_use(image.record(RockRidge, SETUP), b"PX");
        image.set(at + 3, [2]);
    }),
    ("entry longer than its record", "rr-entry", |image| {
        let at = image.system_use(image.record(RockRidge, SETUP), b"NM");
        image.set(at + 2, [200]);
    }),
    ("entry of length 0", "rr-entry", |image| {
        let at = image.system_use(image.record(RockRidge, SETUP), b"PX");
        image.set(at + 2, [0]);
    }),
    ("no name", "rr-name", |image| {
        let at = image.system_use(image.record(RockRidge, SETUP), b"NM");
        image.set(at, b"XX");
    }),
    ("name with a slash", "rr-name", |image| {
        let at = image.system_use(image.record(RockRidge, SETUP), b"NM");
        image.set(at + 6, b"/");
    }),
    ("other name", "names-differ", |image| {
        let at = image.system_use(image.record(RockRidge, SETUP), b"NM");
        image.set(at + 6, b"E");
    }),
    ("mode of a directory", "rr-mode", |image| {
        let at = image.system_use(image.record(RockRidge, SETUP), b"PX");
        image.set_both32(at + 4, 0o040_555);
    }),
    ("mode in one byte order", "rr-entry", |image| {
        let at = image.system_use(image.record(RockRidge, SETUP), b"PX");
        image.flip(at + 11);
    }),
    ("continuation outside the image", "rr-entry", |image| {
        let at = image.system_use(image.root_record(), b"CE");
        image.set_both32(at + 4, 0x00FF_FFFF);
    }),
    ("continuation that continues in itself", "rr-entry", |image| {
        let at = image.system_use(image.root_record(), b"CE");
        let area = image.get32(at + 4) as usize * SECTOR + image.get32(at + 12) as usize;
        let entry = image.0[at..at + 28].to_vec();
        image.set(area, entry);
    }),
];
