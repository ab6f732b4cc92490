//! Faults of the UDF side.

use iso9660_writer::read::Namespace::Udf;

use crate::read::damage::{INTEGRITY, MAIN_SEQUENCE, PARTITION, RESERVE_SEQUENCE, SECTOR};
use crate::{Case, MANY, MEDIA, SETUP, recognition};

/// The table of faults in UDF volumes that readers in use were tried on; a changed data bit is
/// left to digests.
pub const UDF_MATRIX: &[Case] = &[
    ("file entry CRC", "udf-tag-crc", |image| image.flip(image.file_entry(SETUP) + 85)),
    ("file entry checksum", "udf-tag-checksum", |image| image.flip(image.file_entry(SETUP) + 4)),
    ("file entry location", "udf-tag-location", |image| {
        let entry = image.file_entry(SETUP);
        image.flip(entry + 12);
        image.retag_checksum(entry);
    }),
    ("file identifier CRC", "udf-tag-crc", |image| image.flip(image.record(Udf, SETUP) + 39)),
    ("end anchor missing", "udf-anchor-missing", |image| {
        image.zero((image.last_sector() - 256) * SECTOR, 512);
    }),
    ("reserve sequence missing", "udf-sequence-missing", |image| {
        image.zero(RESERVE_SEQUENCE * SECTOR, 16 * SECTOR);
    }),
    ("main sequence missing", "udf-sequence-missing", |image| {
        image.zero(MAIN_SEQUENCE * SECTOR, 16 * SECTOR);
    }),
    ("integrity size one less", "udf-integrity-size", |image| {
        let size = image.get32(INTEGRITY + 84);
        image.set_in(INTEGRITY, 84, (size - 1).to_le_bytes());
    }),
    ("partition too short", "udf-partition-length", |image| {
        let len = image.get32(INTEGRITY + 84) - 10;
        image.set_in(INTEGRITY, 84, len.to_le_bytes());
        image.set_in_sequences(5, 192, len.to_le_bytes());
    }),
    ("information length above the extents", "udf-information-length", |image| {
        let entry = image.file_entry(SETUP);
        let len = image.get64(entry + 56);
        image.set_in(entry, 56, (len + 1).to_le_bytes());
    }),
    ("extent off by one", "trees-differ", |image| {
        let entry = image.file_entry(SETUP);
        let field = image.allocation(entry) - entry + 4;
        let block = image.get32(entry + field);
        image.set_in(entry, field, (block + 1).to_le_bytes());
    }),
    ("extent beyond the partition", "udf-ad-range", |image| {
        let entry = image.file_entry(SETUP);
        let field = image.allocation(entry) - entry + 4;
        let len = image.get32(INTEGRITY + 84);
        image.set_in(entry, field, (len - 1).to_le_bytes());
    }),
    ("extent of type 2", "udf-ad-type", |image| {
        let entry = image.file_entry(SETUP);
        let field = image.allocation(entry) - entry;
        let len = image.get32(entry + field);
        image.set_in(entry, field, (len | 2 << 30).to_le_bytes());
    }),
    ("TEA01 missing", "udf-recognition", |image| image.zero(recognition(image) + 2 * SECTOR, 7)),
    ("NSR02 missing", "udf-recognition", |image| image.zero(recognition(image) + SECTOR, 7)),
    ("BEA01 missing", "udf-recognition", |image| image.zero(recognition(image), 7)),
    ("blocks recorded wrong", "udf-blocks-recorded", |image| {
        let entry = image.file_entry(SETUP);
        let blocks = image.get64(entry + 64);
        image.set_in(entry, 64, (blocks + 1).to_le_bytes());
    }),
    ("link count 0", "udf-link-count", |image| {
        image.set_in(image.file_entry(SETUP), 48, [0, 0]);
    }),
    ("file set CRC", "udf-tag-crc", |image| image.flip(PARTITION * SECTOR + 120)),
    ("integrity open", "udf-integrity-open", |image| image.set_in(INTEGRITY, 28, [0])),
    ("name of a directory leads to its parent", "udf-tree-loop", |image| {
        let parent = image.get32(image.record(Udf, "SMS") + 24);
        image.set_in(image.record(Udf, MANY), 24, parent.to_le_bytes());
    }),
    ("first anchor missing", "udf-anchor-missing", |image| image.zero(256 * SECTOR, 512)),
];

pub const UDF_VOLUME: &[Case] = &[
    ("end anchor names another sequence", "udf-anchors-differ", |image| {
        let at = (image.last_sector() - 256) * SECTOR;
        let main = image.get32(at + 20);
        image.set_in(at, 20, (main + 16).to_le_bytes());
    }),
    ("first anchor checksum", "udf-tag-checksum", |image| image.flip(256 * SECTOR + 4)),
    ("end anchor checksum", "udf-tag-checksum", |image| {
        image.flip((image.last_sector() - 256) * SECTOR + 4);
    }),
    ("end anchor identifier", "udf-tag", |image| {
        let at = (image.last_sector() - 256) * SECTOR;
        image.flip(at);
        image.retag(at);
    }),
    ("reserve sequence differs", "udf-sequences-differ", |image| {
        image.set_in(image.descriptor(RESERVE_SEQUENCE, 5), 200, b"X");
    }),
    ("short sequence", "udf-sequence", |image| {
        for anchor in [256 * SECTOR, (image.last_sector() - 256) * SECTOR] {
            image.set_in(anchor, 16, (15 * SECTOR as u32).to_le_bytes());
        }
    }),
    ("unknown tag in a sequence", "udf-tag", |image| {
        let at = image.descriptor(MAIN_SEQUENCE, 7);
        image.set_in(at, 0, [77]);
    }),
    ("no terminator in a sequence", "udf-sequence", |image| {
        image.zero(image.descriptor(MAIN_SEQUENCE, 8), 512);
    }),
    ("CRC covers less than the descriptor", "udf-tag-crc", |image| {
        image.set_in(INTEGRITY, 10, 100u16.to_le_bytes());
    }),
    ("descriptor version 3", "udf-tag", |image| image.set_in(INTEGRITY, 2, [3])),
    ("logical block size", "udf-descriptor", |image| {
        image.set_in_sequences(6, 212, 4096u32.to_le_bytes());
    }),
    ("domain revision", "udf-descriptor", |image| image.set_in_sequences(6, 240, [0x50, 0x01])),
    ("partition number of the map", "udf-descriptor", |image| {
        image.set_in_sequences(6, 444, [1]);
    }),
    ("volume set identifier empty", "udf-descriptor", |image| {
        image.set_in_sequences(1, 199, [0]);
    }),
    ("partition writable", "udf-partition", |image| image.set_in_sequences(5, 184, [4])),
    ("partition contents", "udf-partition", |image| image.set_in_sequences(5, 25, b"+NSR03")),
    ("another label in the file set", "udf-label", |image| {
        image.set_in(PARTITION * SECTOR, 114, b"X");
    }),
    ("another label in the information", "udf-label", |image| {
        image.set_in_sequences(4, 118, b"X");
    }),
    ("time stamp", "udf-timestamp", |image| image.set_in(INTEGRITY, 20, [13])),
    ("integrity for two partitions", "udf-integrity", |image| image.set_in(INTEGRITY, 72, [2])),
    ("free space", "udf-integrity-size", |image| image.set_in(INTEGRITY, 80, [1])),
    ("file count", "udf-integrity-counts", |image| {
        let files = image.get32(INTEGRITY + 120);
        image.set_in(INTEGRITY, 120, (files + 1).to_le_bytes());
    }),
    ("directory count", "udf-integrity-counts", |image| {
        let directories = image.get32(INTEGRITY + 124);
        image.set_in(INTEGRITY, 124, (directories - 1).to_le_bytes());
    }),
    ("read revision", "udf-integrity-revision", |image| {
        image.set_in(INTEGRITY, 128, [0x50, 0x01]);
    }),
    ("next unique id in use", "udf-integrity-unique-id", |image| {
        let next = image.get64(INTEGRITY + 40);
        image.set_in(INTEGRITY, 40, (next - 1).to_le_bytes());
    }),
    ("root outside the partition", "udf-file-set", |image| {
        image.set_in(PARTITION * SECTOR, 404, [0xFF, 0xFF, 0xFF]);
    }),
    ("file set interchange level", "udf-file-set", |image| {
        image.set_in(PARTITION * SECTOR, 28, [1]);
    }),
];

pub const UDF_TREE: &[Case] = &[
    ("unique id of the root", "udf-unique-id", |image| {
        image.set_in(image.file_entry(""), 160, [16]);
    }),
    ("unique id twice", "udf-unique-id", |image| {
        let id = image.get64(image.file_entry(SETUP) + 160);
        image.set_in(image.file_entry(MEDIA), 160, id.to_le_bytes());
    }),
    ("unique id reserved", "udf-unique-id", |image| {
        image.set_in(image.file_entry(SETUP), 160, 7u64.to_le_bytes());
    }),
    ("unique id of the name", "udf-unique-id", |image| {
        image.set_in(image.record(Udf, SETUP), 32, [0xEE]);
    }),
    ("file behind the name of a directory", "udf-icb-type", |image| {
        let file = image.get32(image.record(Udf, "README.txt") + 24);
        image.set_in(image.record(Udf, "an empty directory"), 24, file.to_le_bytes());
    }),
    ("file type", "udf-icb-type", |image| image.set_in(image.file_entry(SETUP), 27, [4])),
    ("ICB strategy", "udf-icb", |image| {
        image.set_in(image.file_entry(SETUP), 20, 4096u16.to_le_bytes());
    }),
    ("long allocation descriptors", "udf-icb", |image| {
        image.set_in(image.file_entry(SETUP), 34, [1]);
    }),
    ("empty extent", "udf-ad-length", |image| {
        let entry = image.file_entry("SMS/data/empty.bin");
        image.set32(entry + 172, 8);
        let covered = image.get16(entry + 10);
        image.set_in(entry, 10, (covered + 8).to_le_bytes());
    }),
    ("extent inside a file that is no whole block", "udf-ad-length", |image| {
        let entry = image.file_entry(SETUP);
        let allocation = image.allocation(entry);
        let (len, block) = (image.get32(allocation), image.get32(allocation + 4));
        image.set32(allocation, 1000);
        image.set32(allocation + 8, len - 1000);
        image.set32(allocation + 12, block + 1);
        image.set32(entry + 172, 16);
        let covered = image.get16(entry + 10);
        image.set_in(entry, 10, (covered + 8).to_le_bytes());
    }),
    ("parent is not the first", "udf-fid-parent", |image| {
        image.set_in(image.identifiers(MANY), 18, [0x02]);
    }),
    ("parent leads elsewhere", "udf-fid-parent", |image| {
        let block = image.get32(image.record(Udf, "boot") + 24);
        image.set_in(image.identifiers(MANY), 24, block.to_le_bytes());
    }),
    ("deleted name", "udf-fid", |image| image.set_in(image.record(Udf, SETUP), 18, [0x04])),
    ("ICB of two blocks", "udf-fid", |image| {
        image.set_in(image.record(Udf, SETUP), 20, 4096u32.to_le_bytes());
    }),
    ("ICB outside the partition", "udf-fid", |image| {
        image.set_in(image.record(Udf, SETUP), 24, [0xFF, 0xFF, 0xFF]);
    }),
    ("directory shorter than its names", "udf-fid", |image| {
        let entry = image.file_entry(MANY);
        let len = image.get64(entry + 56) - 8;
        let field = image.allocation(entry) - entry;
        image.set32(entry + field, len as u32);
        image.set_in(entry, 56, len.to_le_bytes());
    }),
    ("name location", "udf-tag-location", |image| {
        let name = image.record(Udf, SETUP);
        image.flip(name + 12);
        image.retag_checksum(name);
    }),
    ("name with a slash", "udf-name", |image| {
        image.set_in(image.record(Udf, SETUP), 40, b"/");
    }),
    ("name of a wrong width", "udf-name", |image| image.set_in(image.record(Udf, SETUP), 38, [9])),
    ("name twice", "udf-name", |image| {
        let name = format!("{MANY}/a name of middling length, number 007.dat");
        let at = image.record(Udf, &name);
        let digit = at + 38 + "\u{8}a name of middling length, number 00".len();
        image.set_in(at, digit - at, b"8");
    }),
    ("name other than Joliet's", "names-differ", |image| {
        image.set_in(image.record(Udf, SETUP), 39, b"S");
    }),
    ("file that nothing leads to", "udf-unreachable", |image| {
        let twin = image.get32(image.record(Udf, MEDIA) + 24);
        image.set_in(image.record(Udf, SETUP), 24, twin.to_le_bytes());
    }),
    ("directory data beyond the image", "udf-ad-range", |image| {
        let entry = image.file_entry(MANY);
        let field = image.allocation(entry) - entry + 4;
        image.set_in(entry, field, [0xFF, 0xFF, 0xFF]);
    }),
];
