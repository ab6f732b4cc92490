//! Each fault that an image can have is put into a sound image of this crate's writer, one at a
//! time, and the verifier finds it by the rule that is meant. Sums are made to fit unless the sum
//! is the fault.

mod boot;
mod iso;
#[path = "../read/mod.rs"]
mod read;
mod space;
mod udf;

use std::collections::BTreeSet;

use iso9660_writer::check::{CheckOptions, RULES, check};
use iso9660_writer::read::Namespace::{Joliet, RockRidge, Udf};
use read::damage::{Damaged, INTEGRITY, PARTITION, SECTOR};
use read::{Planned, sample_image, sample_options, sample_tree};

/// What is broken, the rule that finds it, and how it is broken.
type Case = (&'static str, &'static str, fn(&mut Damaged));

const SETUP: &str = "SMS/PKG/P0100001/setup.exe";
const MANY: &str = "SMS/PKG/many";
const MEDIA: &str = "SMS/data/media.json";

fn check_cases(image: &[u8], cases: &[Case]) {
    let options = CheckOptions { require: vec![Udf, RockRidge, Joliet], ..Default::default() };
    assert_eq!(check(&image.to_vec(), &options), [], "the image before any damage");
    for (name, rule, damage) in cases {
        let mut damaged = Damaged(image.to_vec());
        damage(&mut damaged);
        let faults = check(&damaged.0, &options);
        let rules: BTreeSet<_> = faults.iter().map(|fault| fault.rule).collect();
        assert!(RULES.iter().any(|known| known.id == *rule), "{rule} is no rule");
        assert!(rules.contains(rule), "{name}: found {rules:?} instead of {rule}");
    }
}

fn recognition(image: &Damaged) -> usize {
    let mut sectors = (17..32).map(|sector| sector * SECTOR);
    sectors.find(|&at| image.0[at + 1..at + 6] == *b"BEA01").unwrap()
}

#[test]
fn faults_of_the_udf_matrix_are_found() {
    check_cases(&sample_image(), udf::UDF_MATRIX);
}

#[test]
fn faults_of_udf_volume_descriptors_are_found() {
    check_cases(&sample_image(), udf::UDF_VOLUME);
}

#[test]
fn faults_of_the_udf_tree_are_found() {
    check_cases(&sample_image(), udf::UDF_TREE);
}

#[test]
fn faults_of_iso_9660_and_joliet_are_found() {
    check_cases(&sample_image(), iso::ISO);
}

#[test]
fn faults_of_rock_ridge_are_found() {
    check_cases(&sample_image(), iso::ROCK_RIDGE);
}

#[test]
fn faults_of_boot_structures_are_found() {
    check_cases(&sample_image(), boot::BOOT);
}

#[test]
fn faults_of_partition_tables_are_found() {
    check_cases(&sample_image(), boot::PARTITIONS);
}

#[test]
fn faults_of_the_use_of_space_are_found() {
    check_cases(&sample_image(), space::SPACE);
}

/// An image without a backup GPT, whose end can be moved.
fn plain_image() -> Vec<u8> {
    let mut options = sample_options();
    options.hybrid = false;
    Planned::new(sample_tree(), &options).bytes()
}

/// The sector of the end anchor: the last one, or 256 before it.
fn end_anchor(image: &Damaged) -> usize {
    let last = image.last_sector();
    if image.get16(last * SECTOR) == 2 { last } else { last - 256 }
}

/// Puts `blocks` zero blocks before the end anchor and tells every descriptor about it.
fn lengthen(image: &mut Damaged, blocks: usize) {
    let old = end_anchor(image);
    let anchor = image.0[old * SECTOR..(old + 1) * SECTOR].to_vec();
    image.zero(old * SECTOR, SECTOR);
    image.0.resize(image.0.len() + blocks * SECTOR, 0);
    let new = (old + blocks) * SECTOR;
    image.set(new, anchor);
    image.set_in(new, 12, ((old + blocks) as u32).to_le_bytes());
    let sectors = image.0.len() / SECTOR;
    for descriptor in [16 * SECTOR, image.joliet_descriptor()] {
        image.set_both32(descriptor + 80, sectors as u32);
    }
    let len = (old + blocks - PARTITION) as u32;
    image.set_in(INTEGRITY, 84, len.to_le_bytes());
    image.set_in_sequences(5, 192, len.to_le_bytes());
}

#[test]
fn an_end_anchor_far_behind_the_data_is_found() {
    let found = |blocks| {
        let mut image = Damaged(plain_image());
        lengthen(&mut image, blocks);
        let faults = check(&image.0, &CheckOptions::default());
        faults.iter().map(|fault| fault.rule).collect::<Vec<_>>()
    };
    // Readers look through 1,024 blocks; some are there already.
    assert_eq!(found(600), [] as [&str; 0]);
    assert_eq!(found(1_100), ["udf-end-anchor"]);
}

#[test]
fn metadata_behind_file_data_is_found() {
    let mut image = Damaged(plain_image());
    lengthen(&mut image, 10);
    let record = image.record(Joliet, "boot");
    let old = image.get32(record + 2) as usize;
    let new = end_anchor(&image) - 3;
    let directory = image.0[old * SECTOR..(old + 1) * SECTOR].to_vec();
    image.zero(old * SECTOR, SECTOR);
    image.0[new * SECTOR..(new + 1) * SECTOR].copy_from_slice(&directory);
    image.set_both32(record + 2, new as u32);
    image.set_both32(new * SECTOR + 2, new as u32);
    let rules: BTreeSet<_> =
        check(&image.0, &CheckOptions::default()).into_iter().map(|fault| fault.rule).collect();
    assert!(rules.contains("metadata-after-data"), "{rules:?}");
}

#[test]
fn a_tree_that_was_asked_for_and_is_not_there_is_found() {
    let mut options = sample_options();
    options.udf = false;
    let image = Planned::new(sample_tree(), &options).bytes();
    let require = vec![Udf];
    let faults = check(&image, &CheckOptions { require, ..Default::default() });
    assert_eq!(faults.iter().map(|fault| fault.rule).collect::<Vec<_>>(), ["tree-missing"]);
}

#[test]
fn one_fault_for_every_file_is_cut_off_where_the_caller_wants() {
    let image = sample_image();
    let options =
        CheckOptions { data_alignment: 1 << 40, max_faults_per_rule: 7, ..CheckOptions::default() };
    assert_eq!(check(&image, &options).len(), 7);
}

#[test]
fn every_rule_is_broken_by_some_case() {
    let tables = [
        udf::UDF_MATRIX,
        udf::UDF_VOLUME,
        udf::UDF_TREE,
        iso::ISO,
        iso::ROCK_RIDGE,
        boot::BOOT,
        boot::PARTITIONS,
        space::SPACE,
    ]
    .concat();
    let mut covered: BTreeSet<&str> = tables.iter().map(|(_, rule, _)| *rule).collect();
    // These have a test of their own; nothing is unreadable in memory.
    covered.extend(["udf-end-anchor", "metadata-after-data", "tree-missing", "unreadable"]);
    let missing: Vec<_> =
        RULES.iter().map(|rule| rule.id).filter(|id| !covered.contains(id)).collect();
    assert_eq!(missing, [] as [&str; 0]);
}
