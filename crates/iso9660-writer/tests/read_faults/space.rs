//! Faults of what lies where.

use iso9660_writer::read::Namespace::{Joliet, RockRidge};

use crate::read::damage::SECTOR;
use crate::{Case, MANY, MEDIA, SETUP};

pub const SPACE: &[Case] = &[
    ("half a sector at the end", "image-length", |image| image.0.extend([0; 1000])),
    ("file extents overlap", "extent-overlap", |image| image.move_data(SETUP, SETUP, 2)),
    ("file data over metadata", "data-in-metadata", |image| {
        let from = image.get32(image.record(RockRidge, SETUP) + 2);
        let to = image.get32(image.record(RockRidge, MANY) + 2);
        for record in [image.record(RockRidge, SETUP), image.record(Joliet, SETUP)] {
            assert_eq!(image.get32(record + 2), from);
            image.set_both32(record + 2, to);
        }
    }),
    ("directory over a directory", "metadata-overlap", |image| {
        let twin = image.get32(image.record(RockRidge, "boot") + 2);
        image.set_both32(image.record(Joliet, "boot") + 2, twin);
    }),
    ("data not aligned", "data-alignment", |image| image.move_data(SETUP, SETUP, 1)),
    ("byte behind a file", "gap-not-zero", |image| {
        let data = image.get32(image.record(RockRidge, MEDIA) + 2) as usize * SECTOR;
        image.set(data + 3, [1]);
    }),
    ("byte between data and end anchor", "gap-not-zero", |image| {
        let anchor = (image.last_sector() - 256) * SECTOR;
        image.set(anchor - 1, [1]);
    }),
    ("byte behind the end anchor", "gap-not-zero", |image| {
        let anchor = (image.last_sector() - 256) * SECTOR;
        image.set(anchor + 5 * SECTOR, [1]);
    }),
    ("byte in the system area", "gap-not-zero", |image| image.set(14 * SECTOR, [1])),
    ("truncated", "iso-space-size", |image| image.0.truncate(image.0.len() - 10 * SECTOR)),
];
