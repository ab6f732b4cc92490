//! Checks everything about an image that its structures say, strictly.
//!
//! Readers are lenient where they can be: none of those in use notices a missing reserve sequence,
//! a wrong size in the integrity descriptor or a wrong count of recorded blocks. [`check`] notices
//! whatever the standards or this crate's own layout demand and an image breaks; [`RULES`] lists
//! it. It uses the parser of [`crate::read`], which shares nothing with the encoder.
//!
//! What it does not know: what the files' bytes should be. Digests are the business of whoever
//! holds a manifest.

mod agreement;
mod boot;
mod dates;
mod iso_names;
mod iso_tree;
mod iso_volume;
mod partition;
mod path_table;
mod report;
mod rock_ridge;
mod rules;
mod space;
mod tree;
mod udf_directory;
mod udf_file_entry;
mod udf_sequence;
mod udf_tag;
mod udf_tree;
mod udf_volume;

pub use rules::{RULES, Rule};

use crate::read::iso::SECTOR;
use crate::read::{Namespace, ReadAt};
use report::Report;
use space::Claim;

/// Something about an image that breaks a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The id of the rule, one of [`RULES`].
    pub rule: &'static str,
    /// Where in the image, in bytes from its start: the structure, or the very byte.
    pub offset: u64,
    /// The file or directory that is concerned, if it is one.
    pub path: Option<String>,
    /// What is there and what should be.
    pub message: String,
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} at byte {}", self.rule, self.offset)?;
        if let Some(path) = &self.path {
            write!(f, " (`{path}`)")?;
        }
        write!(f, ": {}", self.message)
    }
}

/// What a check demands beyond the standards.
#[derive(Clone, Debug)]
pub struct CheckOptions {
    /// What the offset of file data must be a multiple of: 4096 by default, so that it can be
    /// cloned; 2048 for images of other tools, which know no more than sectors.
    pub data_alignment: u64,
    /// Trees that must be there; none by default. A tree of which anything is there is checked
    /// anyhow.
    pub require: Vec<Namespace>,
    /// How many faults of one rule are returned; 100 by default. One wrong number can break a rule
    /// for every file.
    pub max_faults_per_rule: usize,
    /// Whether the bytes between the end of a file's data and the next alignment are read; yes by
    /// default. They are as many small reads as there are files, all over the image.
    pub slack: bool,
}

impl Default for CheckOptions {
    fn default() -> Self {
        Self { data_alignment: 4096, require: Vec::new(), max_faults_per_rule: 100, slack: true }
    }
}

/// Checks an image against every rule and returns what breaks one, in the order of offsets.
///
/// Empty means that nothing was found. Reads all metadata and, unless told otherwise, all bytes
/// that belong to nothing, but no file data; a million files take some hundred MB of memory. Never
/// panics on hostile images, and its work is bounded by their length.
pub fn check(image: &dyn ReadAt, options: &CheckOptions) -> Vec<Fault> {
    let mut checker = Checker {
        image,
        options,
        report: Report::new(options.max_faults_per_rule),
        claims: Vec::new(),
    };
    checker.check();
    checker.report.finish()
}

struct Checker<'a> {
    image: &'a dyn ReadAt,
    options: &'a CheckOptions,
    report: Report,
    claims: Vec<Claim>,
}

impl Checker<'_> {
    fn check(&mut self) {
        if !self.image.len().is_multiple_of(SECTOR) {
            let message = format!("{} bytes are no whole number of sectors", self.image.len());
            self.report.add(rules::IMAGE_LENGTH, self.image.len() / SECTOR * SECTOR, message);
        }
        let mut trees = Vec::new();
        let iso = self.check_iso_volume();
        if let Some(iso) = &iso {
            trees.extend(self.check_iso_trees(iso));
        }
        let udf = self.check_udf_volume(iso.as_ref().map(|iso| iso.descriptors_end));
        if let Some(udf) = &udf {
            trees.extend(self.check_udf_tree(udf));
        }
        for &namespace in &self.options.require {
            let found = |tree: &tree::Tree| {
                let plain = namespace == Namespace::Iso9660;
                tree.namespace == namespace || plain && tree.namespace == Namespace::RockRidge
            };
            if !trees.iter().any(found) {
                let message = format!("there is no sound {namespace} tree");
                self.report.add(rules::TREE_MISSING, 16 * SECTOR, message);
            }
        }
        if let Some(iso) = &iso {
            self.check_boot(iso, &trees);
        }
        self.check_partition_tables(&trees);
        self.check_agreement(&trees);
        for tree in &trees {
            self.claim_files(tree);
        }
        self.check_space(&trees, udf.and_then(|udf| udf.end_anchor));
    }
}
