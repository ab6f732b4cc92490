//! Faults of the FATs and of chains in them.

use crate::read::damage::Damaged;
use crate::{COPY, Case, EMPTY, MEDIA, SETUP};

const END: u32 = 0x0FFF_FFFF;

pub const FAT: &[Case] = &[
    ("second FAT differs", "fat-copies-differ", |image| {
        image.flip(image.fat() + image.fat_len() + 40);
    }),
    ("second FAT differs at its end", "fat-copies-differ", |image| {
        image.flip(image.fat() + 2 * image.fat_len() - 1);
    }),
    ("no ones over the media byte", "fat-first-entries", |image| image.set_link(0, 0xF8)),
    ("no end mark", "fat-first-entries", |image| image.set_link(1, 0x0FFF_FF00)),
    ("left open", "fat-dirty", |image| image.set_link(1, 0x07FF_FFFF)),
    ("disk errors", "fat-dirty", |image| image.set_link(1, 0x0BFF_FFFF)),
    ("upper bits", "fat-reserved-bits", |image| {
        let link = image.link(2);
        image.set_link(2, link | 0x4000_0000);
    }),
    ("upper bits of a free cluster", "fat-reserved-bits", |image| {
        image.set_link(image.next_free(), 0xF000_0000);
    }),
    ("bad cluster", "fat-bad-cluster", |image| {
        image.set_link(image.next_free() + 9, 0x0FFF_FFF7);
        image.add_free(-1);
    }),
    ("entry of no cluster", "fat-tail", |image| image.set_link(image.clusters() + 2, END)),
    ("lost cluster", "fat-lost-cluster", |image| {
        image.set_link(image.next_free() + 9, END);
        image.add_free(-1);
    }),
    ("lost chain", "fat-lost-cluster", |image| {
        let entry = image.entry(SETUP);
        image.set_first_cluster(entry, 0);
        image.set32(entry + 28, 0);
    }),
];

/// Moves the last cluster of a file to a free one.
pub fn fragment(image: &mut Damaged) {
    let first = first_cluster(image, SETUP);
    let (old, new) = (first + 3, image.next_free());
    let bytes = image.bytes(image.cluster(old), image.cluster_size() as usize);
    let (from, to) = (image.cluster(old), image.cluster(new));
    image.set(to, &bytes);
    image.set(from, vec![0; bytes.len()]);
    image.set_link(old - 1, new);
    image.set_link(new, END);
    image.set_link(old, 0);
    image.set_boot(512 + 492, old.to_le_bytes());
}

fn first_cluster(image: &Damaged, path: &str) -> u32 {
    image.first_cluster(image.entry(path))
}

/// The file has 12,345 bytes in four clusters.
pub const CHAINS: &[Case] = &[
    ("chain leads to a free cluster", "chain-link", |image| {
        image.set_link(first_cluster(image, SETUP), image.next_free() + 5);
    }),
    ("chain ends in 0", "chain-link", |image| {
        image.set_link(first_cluster(image, SETUP) + 3, 0);
    }),
    ("chain leads to cluster 1", "chain-link", |image| {
        image.set_link(first_cluster(image, SETUP) + 1, 1);
    }),
    ("chain leads outside", "chain-link", |image| {
        image.set_link(first_cluster(image, SETUP) + 1, image.clusters() + 2);
    }),
    ("chain leads to a bad cluster", "chain-link", |image| {
        image.set_link(first_cluster(image, SETUP) + 3, 0x0FFF_FFF7);
    }),
    ("first cluster is free", "chain-link", |image| {
        image.set_first_cluster(image.entry(SETUP), image.next_free());
    }),
    ("first cluster outside", "chain-link", |image| {
        image.set_first_cluster(image.entry(SETUP), 0x1234_5678);
    }),
    ("first cluster with an upper bit", "chain-link", |image| {
        let first = first_cluster(image, SETUP);
        image.set_first_cluster(image.entry(SETUP), first | 0x1000_0000);
    }),
    ("cycle", "chain-cycle", |image| {
        let first = first_cluster(image, SETUP);
        image.set_link(first + 3, first);
    }),
    ("cluster that leads to itself", "chain-cycle", |image| {
        let first = first_cluster(image, SETUP);
        image.set_link(first, first);
    }),
    ("two files on the same clusters", "chain-cross-link", |image| {
        let first = first_cluster(image, SETUP);
        image.set_first_cluster(image.entry(COPY), first);
    }),
    ("chain leads into another one", "chain-cross-link", |image| {
        let other = first_cluster(image, COPY);
        image.set_link(first_cluster(image, SETUP) + 3, other + 1);
    }),
    ("file on a directory", "chain-cross-link", |image| {
        let directory = first_cluster(image, "SMS");
        image.set_first_cluster(image.entry(SETUP), directory);
    }),
    ("longer than its chain", "chain-short", |image| {
        image.set32(image.entry(SETUP) + 28, 5 * 4096);
    }),
    ("chain cut", "chain-short", |image| image.set_link(first_cluster(image, SETUP) + 1, END)),
    ("bytes without a cluster", "chain-short", |image| {
        image.set_first_cluster(image.entry(SETUP), 0);
    }),
    ("shorter than its chain", "chain-long", |image| {
        image.set32(image.entry(SETUP) + 28, 4096);
    }),
    ("empty file with a cluster", "chain-long", |image| {
        let free = image.next_free();
        image.set_first_cluster(image.entry(EMPTY), free);
        image.set_link(free, END);
    }),
    ("directory with a cluster too many", "chain-long", |image| {
        let (directory, free) = (first_cluster(image, "SMS"), image.next_free());
        image.set_link(directory, free);
        image.set_link(free, END);
    }),
    ("file in two pieces", "chain-fragmented", fragment),
    ("byte behind a file", "slack-not-zero", |image| {
        let data = image.cluster(first_cluster(image, MEDIA));
        image.set(data + 4095, [1]);
    }),
];
