//! Checks everything about a FAT32 image that its structures say, strictly.
//!
//! Readers are lenient where they can be: fsck.fat says nothing about wrong hidden sectors, a
//! media byte that the FAT contradicts, or a short name in lower case, and exits with 0 for more.
//! [`check`] notices whatever the specification or this crate's own layout demand and an image
//! breaks; [`RULES`] lists it. It uses the parser of [`crate::read`], which shares nothing with
//! the encoder.
//!
//! What it does not know: what the files' bytes should be. Digests are the business of whoever
//! holds a manifest.

mod boot_record;
mod chain;
mod directory;
mod fat;
mod names;
mod partition;
mod report;
mod rules;
mod space;
mod tree;

pub use rules::{RULES, Rule};

use crate::read::boot_sector::{self, Geometry};
use crate::read::source::Window;
use crate::read::{ReadAt, ReadError};
use chain::Clusters;
use report::Report;

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

/// What a check demands beyond the specification.
#[derive(Clone, Debug)]
pub struct CheckOptions {
    /// What the offset of file data must be a multiple of: 4096 by default, so that it can be
    /// cloned; 1 for images of other tools, which know no more than sectors.
    pub data_alignment: u64,
    /// Whether every chain must be one run of clusters; yes by default.
    pub contiguous: bool,
    /// Whether the bytes between the end of a file and that of its last cluster are read; yes by
    /// default. They are as many small reads as there are files, all over the image.
    pub slack: bool,
    /// Whether free clusters must be zero; no by default, because there may be terabytes of them
    /// and a stick that was in use before has something else there.
    pub free_space: bool,
    /// Whether the rules count that other programs break without harm, such as that no entry is
    /// deleted; yes by default. No for a volume that others formatted or changed.
    pub own_layout: bool,
    /// How many faults of one rule are returned; 100 by default. One wrong number can break a rule
    /// for every file.
    pub max_faults_per_rule: usize,
}

impl CheckOptions {
    /// What is demanded of a volume that others formatted or changed: that it is sound.
    pub fn of_others() -> Self {
        Self {
            data_alignment: 1,
            contiguous: false,
            slack: false,
            own_layout: false,
            ..Self::default()
        }
    }
}

impl Default for CheckOptions {
    fn default() -> Self {
        Self {
            data_alignment: 4096,
            contiguous: true,
            slack: true,
            free_space: false,
            own_layout: true,
            max_faults_per_rule: 100,
        }
    }
}

/// Checks an image against every rule and returns what breaks one, in the order of offsets.
///
/// Empty means that nothing was found. Reads all metadata and, unless told otherwise, what lies
/// between the files, but no file data; a volume of 2 TiB takes some ten MB of memory. Never
/// panics on hostile images, and its work is bounded by their length.
pub fn check(image: &dyn ReadAt, options: &CheckOptions) -> Vec<Fault> {
    let mut report = Report::new(options);
    match boot_sector::find(image) {
        Ok((offset, boot_sector, place)) => {
            partition::check(image, place, &mut report);
            boot_record::check_fields(&boot_sector, offset, place, image.len(), &mut report);
            match boot_sector.geometry(offset, image.len()) {
                Ok(geometry) => {
                    let clusters = Clusters::new(geometry.clusters);
                    let checker = Checker {
                        image,
                        links: Window::new(image),
                        window: Window::new(image),
                        options,
                        geometry,
                        clusters,
                        report,
                    };
                    return checker.check(&boot_sector);
                }
                Err(error) => {
                    let rule = match error {
                        ReadError::Truncated { .. } => rules::VOLUME_TRUNCATED,
                        _ => rules::BPB_CLUSTER_COUNT,
                    };
                    report.add_error(rule, String::new, &error);
                }
            }
        }
        Err(error) => {
            partition::check(image, None, &mut report);
            report.add_error(rules::VOLUME_MISSING, String::new, &error);
        }
    }
    report.finish()
}

/// Checks a volume whose boot sector says where everything lies.
struct Checker<'a> {
    image: &'a dyn ReadAt,
    /// The part of the FAT that chains were last followed in.
    links: Window<'a>,
    /// What was last read of anything else.
    window: Window<'a>,
    options: &'a CheckOptions,
    geometry: Geometry,
    clusters: Clusters,
    report: Report,
}

impl Checker<'_> {
    fn check(mut self, boot_sector: &boot_sector::BootSector) -> Vec<Fault> {
        self.check_backup();
        let info = self.check_fs_info(boot_sector);
        self.check_tree(boot_sector);
        let free = self.check_fat(boot_sector);
        if let (Some(info), Some(free)) = (info, free) {
            self.check_free(info, free);
        }
        self.check_space();
        self.report.finish()
    }

    fn unreadable(&mut self, error: &ReadError) {
        self.report.add_error(rules::UNREADABLE, String::new, error);
    }
}
