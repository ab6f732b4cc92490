//! Each fault that an image can have is put into a sound image of this crate's writer, one at a
//! time, and the verifier finds it by the rule that is meant. Sums and copies are made to fit
//! unless they are the fault.

mod fat;
mod names;
mod partitions;
#[path = "../read/mod.rs"]
mod read;
mod tree;
mod volume;

use std::collections::BTreeSet;

use fat32_writer::FatOptions;
use fat32_writer::check::{CheckOptions, RULES, check};
use fat32_writer::read::ReadAt;
use image::{ByteCount, FileData, FileTree};
use read::damage::Damaged;
use read::{Sparse, bare_options, mbr_options, sample_image, sample_options, sample_tree};

/// What is broken, the rule that finds it, and how it is broken.
type Case = (&'static str, &'static str, fn(&mut Damaged));

const SETUP: &str = "SMS/PKG/P0100001/setup.exe";
const COPY: &str = "SMS/PKG/P0100002/copy of setup.exe";
const MANY: &str = "SMS/PKG/many";
const MEDIA: &str = "SMS/data/media.json";
const EMPTY: &str = "SMS/data/empty.bin";

/// The rules that an image breaks.
fn found(image: &Sparse, options: &CheckOptions) -> BTreeSet<&'static str> {
    check(image, options).into_iter().map(|fault| fault.rule).collect()
}

fn check_cases(image: &Sparse, cases: &[Case]) {
    let options = CheckOptions::default();
    assert_eq!(check(image, &options), [], "the image before any damage");
    for (name, rule, damage) in cases {
        let mut damaged = Damaged(image.clone());
        damage(&mut damaged);
        let rules = found(&damaged.0, &options);
        assert!(RULES.iter().any(|known| known.id == *rule), "{rule} is no rule");
        assert!(rules.contains(rule), "{name}: found {rules:?} instead of {rule}");
    }
}

#[test]
fn faults_of_the_boot_record_are_found() {
    check_cases(&sample_image(), volume::BOOT_RECORD);
    check_cases(&Sparse::planned(sample_tree(), &bare_options()), volume::BOOT_RECORD);
}

#[test]
fn faults_of_the_fat_are_found() {
    check_cases(&sample_image(), fat::FAT);
}

#[test]
fn faults_of_chains_are_found() {
    check_cases(&sample_image(), fat::CHAINS);
}

#[test]
fn faults_of_directories_are_found() {
    check_cases(&sample_image(), tree::DIRECTORIES);
}

#[test]
fn faults_of_entries_are_found() {
    check_cases(&sample_image(), tree::ENTRIES);
}

#[test]
fn faults_of_names_are_found() {
    check_cases(&sample_image(), names::NAMES);
}

#[test]
fn faults_of_partition_tables_are_found() {
    check_cases(&sample_image(), partitions::GPT);
    check_cases(&Sparse::planned(sample_tree(), &mbr_options()), partitions::MBR);
}

#[test]
fn a_partition_at_no_multiple_of_1_mib_is_found() {
    let volume = Damaged(Sparse::planned(sample_tree(), &bare_options()));
    let image = partitions::in_a_partition_at(63, &volume);
    let rules = found(&image, &CheckOptions::default());
    assert_eq!(rules, BTreeSet::from(["data-alignment", "partition-alignment"]));
    // Readers of other tools' images do not mind where data lies.
    let options = CheckOptions { data_alignment: 512, ..CheckOptions::default() };
    assert_eq!(found(&image, &options), BTreeSet::from(["partition-alignment"]));
}

#[test]
fn another_partition_is_nobodys_gap() {
    let mut image = Damaged(Sparse::planned(sample_tree(), &mbr_options()));
    let first = (image.0.len() / 512) as u32;
    image.0.extend(1 << 20);
    image.set(u64::from(first) * 512 + 77, [1]);
    assert_eq!(found(&image.0, &CheckOptions::default()), BTreeSet::from(["gap-not-zero"]));
    image.set(462 + 4, [0x07]);
    image.set32(462 + 8, first);
    image.set32(462 + 12, 2048);
    assert_eq!(found(&image.0, &CheckOptions::default()), BTreeSet::new());
}

#[test]
fn what_is_in_free_clusters_is_found_where_it_matters() {
    let mut image = Damaged(sample_image());
    let free = image.cluster(image.next_free() + 100);
    image.set(free + 77, [1]);
    assert_eq!(found(&image.0, &CheckOptions::default()), BTreeSet::new());
    let options = CheckOptions { free_space: true, ..CheckOptions::default() };
    let faults = check(&image.0, &options);
    assert_eq!((faults.len(), faults[0].rule, faults[0].offset), (1, "free-not-zero", free + 77));
}

#[test]
fn slack_is_read_only_where_it_is_wanted() {
    let mut image = Damaged(sample_image());
    let data = image.cluster(image.first_cluster(image.entry(MEDIA)));
    image.set(data + 3, [1]);
    assert_eq!(found(&image.0, &CheckOptions::default()), BTreeSet::from(["slack-not-zero"]));
    let options = CheckOptions { slack: false, ..CheckOptions::default() };
    assert_eq!(found(&image.0, &options), BTreeSet::new());
}

#[test]
fn directories_deep_inside_each_other_are_found() {
    let image = |depth: usize| {
        let mut tree = FileTree::new();
        tree.add_directory(&vec!["d"; depth].join("/")).unwrap();
        Sparse::planned(tree, &bare_options())
    };
    assert_eq!(found(&image(256), &CheckOptions::default()), BTreeSet::new());
    assert_eq!(
        found(&image(257), &CheckOptions::default()),
        BTreeSet::from(["directory-depth", "fat-lost-cluster"])
    );
}

#[test]
fn one_fault_for_every_file_is_cut_off_where_the_caller_wants() {
    let options =
        CheckOptions { data_alignment: 1 << 40, max_faults_per_rule: 7, ..CheckOptions::default() };
    assert_eq!(check(&sample_image(), &options).len(), 7);
}

#[test]
fn chains_in_pieces_are_no_fault_where_they_are_allowed() {
    let mut image = Damaged(sample_image());
    fat::fragment(&mut image);
    assert_eq!(found(&image.0, &CheckOptions::default()), BTreeSet::from(["chain-fragmented"]));
    let options = CheckOptions { contiguous: false, ..CheckOptions::default() };
    assert_eq!(found(&image.0, &options), BTreeSet::new());
}

#[test]
fn a_full_volume_has_no_next_free_cluster() {
    let mut tree = FileTree::new();
    tree.add_file("FULL.BIN", FileData::blob(1, ByteCount(65_540 * 4096))).unwrap();
    let mut image = Damaged(Sparse::planned(tree, &bare_options()));
    assert_eq!(found(&image.0, &CheckOptions::default()), BTreeSet::new());
    assert_eq!(image.next_free(), u32::MAX);
    image.set_boot(512 + 492, 5u32.to_le_bytes());
    assert_eq!(found(&image.0, &CheckOptions::default()), BTreeSet::from(["fsinfo-next"]));
}

#[test]
fn every_rule_is_broken_by_some_case() {
    let tables = [
        volume::BOOT_RECORD,
        fat::FAT,
        fat::CHAINS,
        tree::DIRECTORIES,
        tree::ENTRIES,
        names::NAMES,
        partitions::GPT,
        partitions::MBR,
    ]
    .concat();
    let mut covered: BTreeSet<&str> = tables.iter().map(|(_, rule, _)| *rule).collect();
    // These have a test of their own; nothing is unreadable in memory, and four million entries
    // take a while.
    covered.extend(["partition-alignment", "data-alignment", "free-not-zero", "directory-depth"]);
    covered.extend(["unreadable", "entry-count"]);
    let missing: Vec<_> =
        RULES.iter().map(|rule| rule.id).filter(|id| !covered.contains(id)).collect();
    assert_eq!(missing, [] as [&str; 0]);
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
    let options: FatOptions = sample_options();
    let image = Damaged(Sparse::planned(sample_tree(), &options));
    let entry = image.entry("SMS/PKG");
    let directory = image.cluster(image.first_cluster(entry));
    for at in [0, 512, image.volume(), image.volume() + 512, image.fat() + 8, directory] {
        let failing = Failing(image.0.clone(), at);
        let faults = check(&failing, &CheckOptions::default());
        assert!(faults.iter().any(|fault| fault.rule == "unreadable"), "{at}: {faults:?}");
    }
}
