//! Each fault that a volume can have is put into a sound one of this crate's writer, one at a time,
//! and the verifier finds it by the rule that is meant. Sums are made to fit unless they are the
//! fault.

use std::collections::BTreeSet;

use exfat_writer::check::{CheckOptions, RULES, check};
use exfat_writer::read::ReadAt;
use image::{ByteCount, FileData, FileTree};

use crate::support::damage::Damaged;
use crate::support::{Sparse, in_mbr, sample_image, sample_options, sample_tree};

/// What is broken, the rule that finds it, and how it is broken.
type Case = (&'static str, &'static str, fn(&mut Damaged));

const SETUP: &str = "SMS/PKG/P0100001/setup.exe";
const MEDIA: &str = "SMS/data/media.json";
const EMPTY: &str = "SMS/data/empty.bin";
const MANY: &str = "SMS/PKG/many";
const LONG: &str = "SMS/PKG/P0100002/copy of setup.exe";

/// Where fields of a set stand that belong to its second and third entry.
const STREAM: u64 = 32;
const NAME: u64 = 64;

const BOOT: &[Case] = &[
    ("jump", "boot-field", |image| image.set_boot(0, [0xE9])),
    ("revision", "boot-field", |image| image.set_boot(104, [1])),
    ("drive", "boot-field", |image| image.set_boot(111, [0])),
    ("boot code", "boot-field", |image| image.set_boot(200, [0x90])),
    ("bytes that must be 0", "boot-reserved", |image| image.set_boot(30, [1])),
    ("reserved bytes", "boot-reserved", |image| image.set_boot(115, [1])),
    ("an extended boot sector", "boot-reserved", |image| image.set_boot(3 * 512 + 5, [1])),
    ("OEM parameters", "boot-reserved", |image| image.set_boot(9 * 512, [1])),
    ("reserved sector", "boot-reserved", |image| image.set_boot(10 * 512 + 500, [1])),
    ("partition offset", "boot-partition-offset", |image| image.set_boot(64, [7])),
    ("volume length", "boot-volume-length", |image| {
        let sectors = image.get64(72);
        image.set_boot(72, (sectors - 1).to_le_bytes());
    }),
    ("cluster count", "boot-cluster-count", |image| {
        let count = image.clusters();
        image.set_boot(92, (count - 1).to_le_bytes());
    }),
    ("too many clusters", "boot-geometry", |image| image.set_boot(92, [0xFF; 4])),
    ("FAT in the boot region", "boot-geometry", |image| image.set_boot(80, [8, 0, 0, 0])),
    ("FAT too long", "boot-geometry", |image| image.set_boot(84, [0, 0, 1, 0])),
    ("FAT too short", "boot-geometry", |image| image.set_boot(84, [0; 4])),
    ("clusters too early", "boot-geometry", |image| image.set_boot(88, [0, 0, 0, 0])),
    ("sector size", "boot-geometry", |image| image.set_boot(108, [13])),
    ("cluster size", "boot-geometry", |image| image.set_boot(109, [30])),
    ("two FATs", "boot-field", |image| image.set_boot(110, [2])),
    ("root cluster", "cluster-range", |image| image.set_boot(96, [0; 4])),
    ("left open", "boot-state", |image| image.set(106, [2])),
    ("percentage", "boot-percent", |image| {
        let [percent] = image.get::<1>(112);
        image.set(112, [percent + 1]);
    }),
    ("a mark", "boot-extended", |image| image.set_boot(5 * 512 + 510, [0])),
    ("serial number", "boot-checksum", |image| image.flip(100)),
    ("checksum", "boot-checksum", |image| image.flip(11 * 512 + 300)),
    ("checksum of the backup", "boot-checksum", |image| image.flip(23 * 512 + 300)),
    ("backup", "backup-boot-region", |image| {
        image.flip(12 * 512 + 100);
        image.fix_boot();
    }),
    ("no boot sector", "volume-missing", |image| image.set_boot(510, [0])),
    ("no name", "volume-missing", |image| image.set_boot(3, [b'N'])),
    ("percentage in the backup", "backup-boot-region", |image| image.flip(12 * 512 + 112)),
    ("cut", "volume-truncated", |image| {
        let end = image.cluster(2 + image.clusters() / 2);
        image.0.truncate(end);
    }),
    ("gap before the FAT", "gap-not-zero", |image| image.set(image.fat() - 1, [1])),
    ("gap before the clusters", "gap-not-zero", |image| image.set(image.cluster(2) - 1, [1])),
];

const TABLES: &[Case] = &[
    ("first entry", "fat-first-entries", |image| image.flip(image.fat())),
    ("second entry", "fat-first-entries", |image| image.flip(image.fat() + 4)),
    ("chain of the bitmap cut", "fat-chain", |image| {
        // The up-case table has two clusters, from 3 on.
        image.set32(image.fat() + 3 * 4, 0);
    }),
    ("chain into itself", "cluster-cross-link", |image| image.set32(image.fat() + 3 * 4, 3)),
    ("chain too long", "fat-chain-long", |image| image.set32(image.fat() + 4 * 4, 30)),
    ("an entry of a run", "fat-unused", |image| {
        let cluster = image.first_cluster(SETUP);
        image.set32(image.fat() + u64::from(cluster) * 4, cluster + 1);
    }),
    ("an entry behind the last", "fat-unused", |image| {
        image.set32(image.fat() + u64::from(image.clusters() + 2) * 4, 5);
    }),
    ("a bit too few", "bitmap-free-cluster", |image| image.flip(image.cluster(2))),
    ("a bit of the last byte", "bitmap-lost-cluster", |image| {
        let last = image.cluster(2) + u64::from(image.clusters() - 1) / 8;
        image.flip(last);
    }),
    ("a bit behind the last cluster", "bitmap-tail", |image| {
        let behind = image.cluster(2) + u64::from(image.clusters()).div_ceil(8);
        image.set(behind, [0x10]);
    }),
    ("length of the bitmap", "bitmap-missing", |image| {
        image.flip(image.volume_entry(0x81) + 24);
    }),
    ("second bitmap", "bitmap-missing", |image| {
        let at = image.volume_entry(0x83);
        let bitmap = image.bytes(image.volume_entry(0x81), 32);
        image.set(at, bitmap);
    }),
    ("bitmap elsewhere", "cluster-cross-link", |image| {
        let cluster = image.first_cluster(SETUP);
        image.set32(image.volume_entry(0x81) + 20, cluster + 1);
        image.set32(image.fat() + u64::from(cluster + 1) * 4, u32::MAX);
    }),
    ("no up-case table", "upcase-missing", |image| {
        image.set(image.volume_entry(0x82), [0x02]);
    }),
    ("up-case table too long", "upcase-missing", |image| {
        image.set(image.volume_entry(0x82) + 26, [0xFF]);
    }),
    ("up-case checksum", "upcase-checksum", |image| image.flip(image.volume_entry(0x82) + 4)),
    ("up-case table", "upcase-table", |image| image.flip(image.cluster(3) + 2 * 0x61)),
    ("slack of the table", "slack-not-zero", |image| image.set(image.cluster(3) + 5836, [1])),
    ("reserved byte of the bitmap", "set-reserved", |image| {
        image.set(image.volume_entry(0x81) + 1, [1]);
    }),
    ("length of the label", "label", |image| image.set(image.volume_entry(0x83) + 1, [12])),
    ("letter of the label", "label", |image| image.set(image.volume_entry(0x83) + 2, [b'*'])),
    ("label behind its end", "label", |image| image.set(image.volume_entry(0x83) + 22, [1])),
];

const ENTRIES: &[Case] = &[
    ("more entries than follow", "set-broken", |image| {
        image.set_entry(SETUP, 1, [9]);
    }),
    ("no stream", "set-broken", |image| image.set_entry(SETUP, STREAM, [0xC1])),
    ("length of the name", "set-broken", |image| image.set_entry(LONG, STREAM + 3, [33])),
    ("checksum", "set-checksum", |image| {
        let entry = image.entry(SETUP);
        image.flip(entry + 2);
    }),
    ("a bit of the name", "set-checksum", |image| {
        let entry = image.entry(SETUP);
        image.flip(entry + NAME + 4);
    }),
    ("attributes", "set-attributes", |image| image.set_entry(SETUP, 5, [1])),
    ("reserved bytes of the file", "set-reserved", |image| image.set_entry(SETUP, 27, [1])),
    ("reserved bytes of the stream", "set-reserved", |image| {
        image.set_entry(SETUP, STREAM + 17, [1]);
    }),
    ("flags of the name", "set-reserved", |image| image.set_entry(SETUP, NAME + 1, [1])),
    ("month", "set-time", |image| image.set_entry(SETUP, 14, [0x1F, 0x5C])),
    ("hundredths", "set-time", |image| image.set_entry(SETUP, 20, [200])),
    ("zone", "set-time", |image| image.set_entry(SETUP, 24, [0])),
    ("no clusters possible", "stream-flags", |image| image.set_entry(SETUP, STREAM + 1, [2])),
    ("a run without clusters", "stream-flags", |image| image.set_entry(EMPTY, STREAM + 1, [3])),
    ("a chain", "cluster-fragmented", |image| image.set_entry(SETUP, STREAM + 1, [1])),
    ("valid length", "stream-valid-length", |image| image.set_entry(SETUP, STREAM + 8, [1])),
    ("hash of the name", "name-hash", |image| image.set_entry(SETUP, STREAM + 4, [1, 2])),
    ("a character", "name", |image| image.set_entry(SETUP, NAME + 2, [b'?'])),
    ("half a character", "name", |image| image.set_entry(SETUP, NAME + 2, [0, 0xD8])),
    ("a device", "name", |image| {
        let entry = image.entry("SMS/PKG/P0100001");
        image.set(entry + STREAM + 3, [3]);
        image.set(entry + NAME + 2, b"n\0U\0l\0");
        image.fix_set(entry);
    }),
    ("the same name", "name-duplicate", |image| {
        image.set_entry(
            "SMS/PKG/many/a name of middling length, number 007.dat",
            NAME + 64 + 2 + 2 * 6,
            [b'8'],
        );
    }),
    ("behind the name", "name-padding", |image| image.set_entry(SETUP, NAME + 2 + 2 * 9, [1])),
    ("first cluster outside", "cluster-range", |image| {
        image.set_entry(SETUP, STREAM + 20, [0xFF; 4]);
    }),
    ("clusters of no bytes", "cluster-range", |image| image.set_entry(EMPTY, STREAM + 20, [9])),
    ("length", "cluster-range", |image| image.set_entry(SETUP, STREAM + 31, [1])),
    ("the clusters of another", "cluster-cross-link", |image| {
        let cluster = image.first_cluster(MEDIA);
        image.set_entry(SETUP, STREAM + 20, cluster.to_le_bytes());
    }),
    ("length of a directory", "directory-length", |image| {
        image.set_entry(MANY, STREAM + 24, [1]);
    }),
    ("a directory without clusters", "directory-length", |image| {
        image.set_entry("an empty directory", STREAM + 24, [0; 8]);
        image.set_entry("an empty directory", STREAM + 20, [0; 4]);
    }),
    ("behind a directory", "directory-end", |image| {
        let cluster = image.first_cluster("an empty directory");
        image.set(image.cluster(cluster) + 100, [1]);
    }),
    ("deleted entry", "entry-unused", |image| {
        let entry = image.entry(SETUP);
        image.set(entry, [0x05]);
    }),
    ("unknown entry", "entry-unknown", |image| {
        let entry = image.entry(EMPTY);
        image.set(entry, [0xA1]);
    }),
    ("slack", "slack-not-zero", |image| {
        let data = image.cluster(image.first_cluster(MEDIA));
        image.set(data + 3, [1]);
    }),
];

/// The rules that an image breaks.
fn found(image: &Sparse, options: &CheckOptions) -> BTreeSet<&'static str> {
    check(image, options).into_iter().map(|fault| fault.rule).collect()
}

fn check_cases(cases: &[Case]) {
    let image = sample_image();
    let options = CheckOptions::default();
    assert_eq!(check(&image, &options), [], "the image before any damage");
    for (name, rule, damage) in cases {
        let mut damaged = Damaged(image.clone());
        damage(&mut damaged);
        let rules = found(&damaged.0, &options);
        assert!(RULES.iter().any(|known| known.id == *rule), "{rule} is no rule");
        assert!(rules.contains(rule), "{name}: found {rules:?} instead of {rule}");
    }
}

#[test]
fn faults_of_the_boot_regions_are_found() {
    check_cases(BOOT);
}

#[test]
fn faults_of_the_tables_are_found() {
    check_cases(TABLES);
}

#[test]
fn faults_of_entries_are_found() {
    check_cases(ENTRIES);
}

/// Wherever a bit of the metadata is wrong, something is found.
#[test]
fn every_byte_of_boot_regions_and_entries_counts() {
    let sound = Damaged(sample_image());
    let fields = (0..128).chain(12 * 512..12 * 512 + 128);
    let regions = fields.chain((128..24 * 512).step_by(41));
    // Nothing says what letters a label should have.
    let root = sound.root() + 32..sound.root() + 400;
    let entry = sound.entry(SETUP);
    for at in regions.chain(root).chain(entry..entry + 96) {
        let mut image = sound.clone();
        let [byte] = image.get(at);
        image.set(at, [byte ^ 0x40]);
        assert_ne!(check(&image.0, &CheckOptions::default()), [], "byte {at}");
    }
}

#[test]
fn a_partition_at_no_multiple_of_1_mib_is_found() {
    let image = in_mbr(sample_tree(), 0x07);
    let mut moved = image.moved(4096);
    let first: u32 = 2048 + 8;
    moved.write(446 + 4, &[7]);
    moved.write(446 + 8, &first.to_le_bytes());
    moved.write(446 + 12, &(((image.len() - (1 << 20)) / 512) as u32).to_le_bytes());
    moved.write(510, &[0x55, 0xAA]);
    let rules = found(&moved, &CheckOptions::default());
    assert_eq!(rules, BTreeSet::from(["boot-partition-offset", "volume-alignment"]));
}

#[test]
fn data_at_odd_places_and_what_is_in_free_clusters_is_found_where_it_matters() {
    let options =
        CheckOptions { data_alignment: 1 << 40, max_faults_per_rule: 7, ..Default::default() };
    assert_eq!(found(&sample_image(), &options), BTreeSet::from(["data-alignment"]));
    assert_eq!(check(&sample_image(), &options).len(), 7);
    let mut image = Damaged(sample_image());
    let free = image.cluster(image.clusters() + 1);
    image.set(free + 77, [1]);
    assert_eq!(found(&image.0, &CheckOptions::default()), BTreeSet::new());
    let options = CheckOptions { free_space: true, ..CheckOptions::default() };
    let faults = check(&image.0, &options);
    assert_eq!((faults.len(), faults[0].rule, faults[0].offset), (1, "free-not-zero", free + 77));
}

#[test]
fn slack_is_read_only_where_it_is_wanted() {
    let mut image = Damaged(sample_image());
    let data = image.cluster(image.first_cluster(MEDIA));
    image.set(data + 3, [1]);
    let options = CheckOptions { slack: false, ..CheckOptions::default() };
    assert_eq!(found(&image.0, &options), BTreeSet::new());
}

#[test]
fn directories_deep_inside_each_other_are_found() {
    let image = |depth: usize| {
        let mut tree = FileTree::new();
        tree.add_directory(&vec!["d"; depth].join("/")).unwrap();
        Sparse::planned(tree, &sample_options())
    };
    assert_eq!(found(&image(256), &CheckOptions::default()), BTreeSet::new());
    let rules = found(&image(257), &CheckOptions::default());
    assert!(rules.contains("directory-depth"), "{rules:?}");
}

/// Files that were written by a driver in pieces.
#[test]
fn chains_are_no_fault_where_they_are_allowed() {
    let mut tree = FileTree::new();
    tree.add_file("file", FileData::blob(1, ByteCount(8_192))).unwrap();
    let mut image = Damaged(Sparse::planned(tree, &sample_options()));
    let cluster = image.first_cluster("file");
    image.set_entry("file", STREAM + 1, [1]);
    image.set32(image.fat() + u64::from(cluster) * 4, cluster + 1);
    image.set32(image.fat() + u64::from(cluster + 1) * 4, u32::MAX);
    assert_eq!(found(&image.0, &CheckOptions::default()), BTreeSet::from(["cluster-fragmented"]));
    let options = CheckOptions { contiguous: false, ..CheckOptions::default() };
    assert_eq!(found(&image.0, &options), BTreeSet::new());
    let entry = exfat_writer::read::ExfatReader::open(&image.0).unwrap().find("FILE").unwrap();
    assert_eq!((entry.len, entry.extents.len()), (8_192, 1));
}

/// A source that fails where the metadata is.
struct Failing(Sparse, u64);

impl ReadAt for Failing {
    fn read_exact_at(&self, offset: u64, buf: &mut [u8]) -> std::io::Result<()> {
        if (offset..offset + buf.len() as u64).contains(&self.1) {
            return Err(std::io::Error::other("bad sector"));
        }
        self.0.read_exact_at(offset, buf)
    }

    fn len(&self) -> u64 {
        self.0.len()
    }
}

#[test]
fn what_cannot_be_read_is_said() {
    let image = Damaged(sample_image());
    let directory = image.cluster(image.first_cluster("SMS/PKG"));
    for at in [0, 12 * 512, image.fat() + 12, image.cluster(2), image.cluster(3), directory] {
        let failing = Failing(image.0.clone(), at);
        let faults = check(&failing, &CheckOptions::default());
        assert!(faults.iter().any(|fault| fault.rule == "unreadable"), "{at}: {faults:?}");
    }
}

#[test]
fn every_rule_is_broken_by_some_case() {
    let mut covered: BTreeSet<&str> =
        [BOOT, TABLES, ENTRIES].concat().iter().map(|(_, rule, _)| *rule).collect();
    // These have a test of their own; four million entries take a while.
    covered.extend(["volume-alignment", "data-alignment", "free-not-zero", "directory-depth"]);
    covered.extend(["unreadable", "entry-count"]);
    let missing: Vec<_> =
        RULES.iter().map(|rule| rule.id).filter(|id| !covered.contains(id)).collect();
    assert_eq!(missing, [] as [&str; 0]);
}
