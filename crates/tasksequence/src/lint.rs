//! What would fail, and what its author should know.

mod boot;
mod children;
mod content;
mod full_media;
mod limits;
mod network;
mod providers;
mod rules;
mod secrets;
mod standalone;
mod variables;

pub use providers::without_provider;
pub use rules::{RULES, Rule};
pub(crate) use secrets::is_secret_name;

use crate::children::{Followed, follow};
use crate::problem::{Finding, Place, Severity};
use crate::sequence::TaskSequence;
use crate::walk::Placed;

/// Finds a task sequence by its package id.
pub type SequenceLookup<'a> = &'a dyn Fn(&str) -> Option<&'a TaskSequence>;

/// Finds the architecture of an operating-system image or upgrade package by its id.
pub type ArchitectureLookup<'a> = &'a dyn Fn(&str) -> Option<Architecture>;

/// What a check knows about the world around a sequence. The default knows nothing and checks for stand-alone media.
#[derive(Clone, Copy)]
pub struct CheckContext<'a> {
    /// The package id of the sequence, empty when it has none.
    pub id: &'a str,
    /// Whether the sequence is to run from stand-alone media.
    pub stand_alone: bool,
    /// The boot image of the sequence.
    pub boot_image: BootImage<'a>,
    /// Says whether a content is there; `None` when nobody knows.
    pub content: Option<&'a dyn Fn(&str) -> ContentState>,
    /// Says for which architecture an operating-system image or upgrade package is.
    pub image_architecture: Option<ArchitectureLookup<'a>>,
    /// Finds a task sequence by its package id.
    pub sequences: Option<SequenceLookup<'a>>,
    /// Says whether a task sequence has a boot image of its own.
    pub has_boot_image: Option<&'a dyn Fn(&str) -> bool>,
    /// Names of variables that the medium sets.
    pub media_variables: &'a [&'a str],
    /// Site codes that ids may start with, besides those of the references.
    pub site_codes: &'a [&'a str],
    /// Whether the medium has a password; `None` when that is not decided.
    pub password: Option<bool>,
}

/// What is known about the boot image of a sequence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BootImage<'a> {
    /// Nothing is known: a sequence alone does not name its boot image.
    Unknown,
    /// The sequence has none.
    Absent,
    /// The sequence has this one.
    Named {
        /// Its package id.
        id: &'a str,
        /// Its architecture, `None` when not known.
        architecture: Option<Architecture>,
        /// Whether it holds PowerShell, `None` when not known.
        powershell: Option<bool>,
    },
}

/// A processor architecture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Architecture {
    /// 32-bit x86.
    X86,
    /// 64-bit x86.
    X64,
    /// 64-bit ARM.
    Arm64,
}

/// Whether a content can be put on a medium.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContentState {
    /// It is there, with files.
    Present,
    /// Nothing has this id.
    Absent,
    /// The object is known, but no source has its files.
    WithoutFiles,
}

impl Default for CheckContext<'_> {
    fn default() -> Self {
        Self {
            id: "",
            stand_alone: true,
            boot_image: BootImage::Unknown,
            content: None,
            image_architecture: None,
            sequences: None,
            has_boot_image: None,
            media_variables: &[],
            site_codes: &[],
            password: None,
        }
    }
}

impl Architecture {
    /// Returns `x86`, `x64` or `arm64`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::X86 => "x86",
            Self::X64 => "x64",
            Self::Arm64 => "arm64",
        }
    }
}

/// Checks a sequence against every rule of [`RULES`] except those that reading it has applied already,
/// and that of [`without_provider`], which is about a platform.
///
/// Only enabled steps count. On stand-alone media, a step that its condition keeps from running
/// there gives a note instead of an error.
pub fn check(sequence: &TaskSequence, context: &CheckContext<'_>) -> Vec<Finding> {
    let mut check = Check {
        sequence,
        context: *context,
        placed: sequence.walk(),
        followed: followed(sequence, context),
        findings: Vec::new(),
    };
    if context.stand_alone {
        standalone::check(&mut check);
        network::check(&mut check);
        variables::check(&mut check);
    }
    boot::check(&mut check);
    content::check(&mut check);
    children::check(&mut check);
    secrets::check(&mut check);
    limits::check(&mut check);
    check.findings
}

/// Follows the children, when the context can find them. The sequence may live shorter than what the context finds.
fn followed<'s, 'c: 's>(
    sequence: &'s TaskSequence,
    context: &CheckContext<'c>,
) -> Option<Followed<'s>> {
    let lookup = context.sequences?;
    let find = |id: &str| -> Option<&'s TaskSequence> { lookup(id) };
    Some(follow(context.id, sequence, &find))
}

/// A check under way.
struct Check<'s, 'c> {
    sequence: &'s TaskSequence,
    context: CheckContext<'c>,
    placed: Vec<Placed<'s>>,
    /// The sequence and its children; `None` when nobody can find children.
    followed: Option<Followed<'s>>,
    findings: Vec<Finding>,
}

impl<'s> Check<'s, '_> {
    /// The enabled steps in document order; child sequences are steps too.
    fn steps(&self) -> Vec<Placed<'s>> {
        let steps = self.placed.iter().filter(|placed| placed.enabled && placed.step().is_some());
        steps.cloned().collect()
    }

    /// The enabled step at a place.
    fn step_at(&self, place: &Place) -> Option<Placed<'s>> {
        let found = self.placed.iter().find(|placed| Some(&placed.path) == place.step());
        found.filter(|placed| placed.enabled).cloned()
    }

    fn add(
        &mut self,
        rule: &'static str,
        severity: Severity,
        place: Place,
        message: String,
        remedy: &str,
    ) {
        let remedy = remedy.to_owned();
        self.findings.push(Finding { rule, severity, message, child: None, place, remedy });
    }

    /// Adds a finding about stand-alone media: a note when the step does not run there.
    fn add_for_media(
        &mut self,
        rule: &'static str,
        severity: Severity,
        placed: &Placed<'_>,
        message: &str,
        remedy: &str,
    ) {
        let place = Place::Step(placed.path.clone());
        if full_media::excludes(placed) {
            let message = format!("{message}, but its condition excludes stand-alone media");
            self.add(rule, Severity::Note, place, message, remedy);
        } else {
            self.add(rule, severity, place, message.to_owned(), remedy);
        }
    }
}
