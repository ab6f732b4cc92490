//! Faults of names.

use crate::read::damage::Damaged;
use crate::{Case, SETUP};

/// Two names that differ in their last digit, of four entries and a short one each.
const FIRST: &str = "SMS/PKG/many/a name of middling length, number 010.dat";
const SECOND: &str = "SMS/PKG/many/a name of middling length, number 011.dat";
const LAST_DIGIT: usize = "a name of middling length, number 01".len();
const LONG_ENTRIES: u64 = 4;

/// Sets a unit of the long name before a short entry.
fn set_unit(image: &mut Damaged, entry: u64, index: usize, unit: u16) {
    const OFFSETS: [u64; 13] = [1, 3, 5, 7, 9, 14, 16, 18, 20, 22, 24, 28, 30];
    let long = entry - (index as u64 / 13 + 1) * 32;
    image.set16(long + OFFSETS[index % 13], unit);
}

/// Sets the short name of an entry, which has one long-name entry.
fn set_short(image: &mut Damaged, entry: u64, name: &[u8]) {
    image.set(entry, name);
    image.fix_checksum(entry, 1);
}

pub const NAMES: &[Case] = &[
    ("short name in lower case", "short-name", |image| {
        set_short(image, image.entry(SETUP), b"setup   EXE");
    }),
    ("short name begins with a space", "short-name", |image| {
        set_short(image, image.entry(SETUP), b" ETUP   EXE");
    }),
    ("space inside of a short name", "short-name", |image| {
        set_short(image, image.entry(SETUP), b"SET P   EXE");
    }),
    ("a plus in a short name", "short-name", |image| {
        set_short(image, image.entry(SETUP), b"SETUP   EX+");
    }),
    ("the same short name twice", "short-name-duplicate", |image| {
        let short: [u8; 11] = image.get(image.entry(FIRST));
        let entry = image.entry(SECOND);
        image.set(entry, short);
        image.fix_checksum(entry, LONG_ENTRIES);
    }),
    ("the same long name twice", "long-name-duplicate", |image| {
        set_unit(image, image.entry(SECOND), LAST_DIGIT, u16::from(b'0'));
    }),
    ("long names that differ in case", "long-name-duplicate", |image| {
        let entry = image.entry(SECOND);
        set_unit(image, entry, LAST_DIGIT, u16::from(b'0'));
        set_unit(image, entry, 0, u16::from(b'A'));
    }),
    ("a long name that is another's short one", "long-name-duplicate", |image| {
        let entry = image.entry("SMS/data/media.json");
        // The name is as long as the other with its end mark.
        for (index, unit) in "empty.bin\0".encode_utf16().enumerate() {
            let old = "media.json".as_bytes()[index];
            if unit != u16::from(old) {
                set_unit(image, entry, index, unit);
            }
        }
        set_unit(image, entry, 10, 0xFFFF);
    }),
    ("a star in a name", "long-name", |image| {
        set_unit(image, image.entry(FIRST), 3, u16::from(b'*'));
    }),
    ("a control character in a name", "long-name", |image| {
        set_unit(image, image.entry(FIRST), 3, 7);
    }),
    ("half a surrogate pair", "long-name", |image| {
        set_unit(image, image.entry(FIRST), 3, 0xD800);
    }),
    ("a name that ends in a dot", "long-name", |image| {
        set_unit(image, image.entry(FIRST), LAST_DIGIT + 4, u16::from(b'.'));
    }),
    ("a device's name", "long-name", |image| {
        // The entry has no long name.
        image.set(image.entry("README.TXT"), b"COM1    TXT");
    }),
    ("another number", "long-name-order", |image| {
        let entry = image.entry(FIRST);
        image.set(entry - 64, [5]);
    }),
    ("no beginning of a long name", "long-name-order", |image| {
        let entry = image.entry(FIRST);
        image.set(entry - 128, [4]);
    }),
    ("two of the same number", "long-name-order", |image| {
        let entry = image.entry(FIRST);
        image.set(entry - 64, [1]);
    }),
    ("number 0", "long-name-order", |image| image.set(image.entry(SETUP) - 32, [0x40])),
    ("checksum", "long-name-checksum", |image| image.flip(image.entry(FIRST) - 32 + 13)),
    ("short name changed", "long-name-checksum", |image| image.set(image.entry(SETUP), b"X")),
    ("no short entry", "long-name-orphan", |image| image.set(image.entry(SETUP), [0xE5])),
    ("two long names", "long-name-orphan", |image| {
        let entry = image.entry(FIRST);
        image.set(entry - 64, [0x42]);
    }),
    ("something behind the end of a name", "long-name-padding", |image| {
        set_unit(image, image.entry(SETUP), 12, u16::from(b'x'));
    }),
    ("an entry without a character", "long-name-padding", |image| {
        let entry = image.entry(FIRST);
        // The name has 41 units; its last entry begins with the fortieth.
        set_unit(image, entry, 39, 0);
        set_unit(image, entry, 40, 0xFFFF);
        set_unit(image, entry, 41, 0xFFFF);
    }),
    ("type of a long-name entry", "long-name-reserved", |image| {
        image.set(image.entry(FIRST) - 32 + 12, [1]);
    }),
    ("cluster of a long-name entry", "long-name-reserved", |image| {
        image.set(image.entry(FIRST) - 64 + 26, [1]);
    }),
];
