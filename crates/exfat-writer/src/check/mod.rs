//! Checks everything about an exFAT volume that its structures say, strictly.
//!
//! Readers are lenient where they can be: Linux mounts a volume with a wrong percentage, bits for
//! clusters that nothing uses, or a wrong backup of the boot region. [`check`] notices whatever the
//! specification or this crate's own layout demand and a volume breaks; [`RULES`] lists it. It uses
//! the parser of [`crate::read`], which shares nothing with the encoder.
//!
//! What it does not know: what the files' bytes should be, and whether partition tables are sound.
//! Digests are the business of whoever holds a manifest.

mod boot_region;
mod clusters;
mod directory;
mod entry_set;
mod names;
mod report;
mod rules;
mod space;
mod tables;
mod tree;

pub use rules::{RULES, Rule};

use crate::read::boot_sector::{self, BootSector, Geometry};
use crate::read::clusters::Fat;
use crate::read::source::Window;
use crate::read::upcase::UpcaseTable;
use crate::read::{ReadAt, ReadError};
use clusters::Clusters;
use report::Report;

/// Something about a volume that breaks a rule.
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
    /// Whether every file and directory must be one run of which the FAT says nothing; yes by
    /// default. Those of drivers are, until they are appended to.
    pub contiguous: bool,
    /// Whether the bytes between the end of a file and that of its last cluster are read; yes by
    /// default. They are as many small reads as there are files, all over the image.
    pub slack: bool,
    /// Whether free clusters must be zero; no by default, because there may be terabytes of them
    /// and a stick that was in use before has something else there.
    pub free_space: bool,
    /// How many faults of one rule are returned; 100 by default. One wrong number can break a rule
    /// for every file.
    pub max_faults_per_rule: usize,
}

impl Default for CheckOptions {
    fn default() -> Self {
        Self {
            data_alignment: 4096,
            contiguous: true,
            slack: true,
            free_space: false,
            max_faults_per_rule: 100,
        }
    }
}

/// Checks the volume of an image against every rule and returns what breaks one, in the order of
/// offsets.
///
/// Empty means that nothing was found. Reads all metadata and, unless told otherwise, what lies
/// between the files, but no file data; the bits of clusters take as much memory as the volume's
/// bitmap. Never panics on hostile images, and its work is bounded by their length.
pub fn check(image: &dyn ReadAt, options: &CheckOptions) -> Vec<Fault> {
    let mut report = Report::new(options.max_faults_per_rule);
    match boot_sector::find(image) {
        Ok((offset, boot_sector, place)) => {
            boot_region::check_fields(&boot_sector, offset, place, image.len(), &mut report);
            match boot_sector.geometry(offset, image.len()) {
                Ok(geometry) => {
                    let checker = Checker {
                        image,
                        fat: Fat::new(image, geometry),
                        window: Window::new(image),
                        options,
                        geometry,
                        clusters: Clusters::new(geometry.clusters),
                        chained: Clusters::new(geometry.clusters),
                        upcase: UpcaseTable::ascii(),
                        report,
                    };
                    return checker.check(&boot_sector);
                }
                Err(error) => {
                    let rule = match error {
                        ReadError::Truncated { .. } => rules::VOLUME_TRUNCATED,
                        _ => rules::BOOT_GEOMETRY,
                    };
                    report.add_error(rule, String::new, &error);
                }
            }
        }
        Err(error) => report.add_error(rules::VOLUME_MISSING, String::new, &error),
    }
    report.finish()
}

/// Checks a volume whose boot sector says where everything lies.
struct Checker<'a> {
    image: &'a dyn ReadAt,
    /// The part of the FAT that chains were last followed in.
    fat: Fat<'a>,
    /// What was last read of anything else.
    window: Window<'a>,
    options: &'a CheckOptions,
    geometry: Geometry,
    /// The clusters that something uses.
    clusters: Clusters,
    /// Those of them that are in a chain of the FAT.
    chained: Clusters,
    upcase: UpcaseTable,
    report: Report,
}

impl Checker<'_> {
    fn check(mut self, boot_sector: &BootSector) -> Vec<Fault> {
        self.check_boot_regions();
        let bitmap = self.check_tree();
        self.check_bitmap(bitmap.as_ref());
        self.check_percent(boot_sector);
        self.check_fat();
        self.check_space();
        self.report.finish()
    }

    fn unreadable(&mut self, error: &ReadError) {
        self.report.add_error(rules::UNREADABLE, String::new, error);
    }
}
