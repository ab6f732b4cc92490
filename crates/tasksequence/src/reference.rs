//! The references of a sequence, read by position and never by pattern over free text.
//!
//! Command lines hold words that look like package ids (`REG ADD … /d 00000000`), so only the
//! places where the format puts an id are read.

mod candidate;
mod position;

use std::collections::HashMap;

use serde::Serialize;

pub use candidate::{Assignment, Candidate};
pub use position::{DynamicKind, DynamicList, MalformedReference, is_guid, is_package_id};
use position::{Position, Scan};
pub(crate) use position::{after_switch, first_argument};

use crate::problem::Place;
use crate::sequence::{Dialect, TaskSequence};

/// Something that a sequence needs, by its id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// The id as first written: `ABC00010`, `ScopeId_…/Application_…` or `{guid}`. Compare without case.
    pub id: String,
    /// What the position says about the kind; a package may turn out to be an image or a driver package.
    pub kind: ReferenceKind,
    /// The program that an Install Package step names.
    pub program: Option<String>,
    /// Whether an enabled step uses it; `false` when only disabled steps do.
    pub enabled: bool,
    /// Every use in document order; never empty.
    pub uses: Vec<ReferenceUse>,
}

/// The kind of a referenced object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReferenceKind {
    /// A package, driver package, image or upgrade package: the position does not tell which.
    Package,
    /// An application.
    Application,
    /// Another task sequence.
    TaskSequence,
    /// A boot image.
    BootImage,
    /// An object of an MDT deployment share.
    Guid,
}

/// One use of a reference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReferenceUse {
    /// The step, or `globalVarList`.
    pub place: Place,
    /// The position of the id: an action switch such as `/run:`, or the name of a variable.
    pub source: &'static str,
    /// The program that an Install Package step names.
    pub program: Option<String>,
    /// Whether neither the step nor a group above it is disabled.
    pub enabled: bool,
}

/// A use of a selection profile of an MDT deployment share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SelectionProfileUse {
    /// The name of the profile.
    pub name: String,
    /// The variable that names it.
    pub source: &'static str,
    /// The step.
    pub place: Place,
    /// Whether neither the step nor a group above it is disabled.
    pub enabled: bool,
}

impl TaskSequence {
    /// Lists what the sequence references, in order of first use, each id once.
    ///
    /// A use by an enabled step counts before that by a disabled one: it is the order in which content is needed.
    /// The boot image is not among them: it stands in the file around the sequence.
    pub fn references(&self) -> Vec<Reference> {
        let mut merged = Merged::default();
        for (position, place, enabled) in self.scan().found {
            merged.add(position, place, enabled);
        }
        merged.in_order()
    }

    /// Lists the places where content is chosen only at run time, in document order.
    pub fn dynamic_lists(&self) -> Vec<DynamicList> {
        self.scan().dynamic
    }

    /// Lists the values that stand where an id belongs and are none, in document order.
    pub fn malformed_references(&self) -> Vec<MalformedReference> {
        self.scan().malformed
    }

    /// Lists the selection profiles that an MDT sequence names, in document order.
    pub fn selection_profiles(&self) -> Vec<SelectionProfileUse> {
        let mut found = Vec::new();
        if self.dialect() != Dialect::Mdt {
            return found;
        }
        for placed in self.walk() {
            let Some(step) = placed.step() else { continue };
            let variables = step.variables();
            for source in ["DriverSelectionProfile", "PackageSelectionProfile"] {
                let name = variables.get(source).unwrap_or_default().trim();
                if !name.is_empty() {
                    found.push(SelectionProfileUse {
                        name: name.to_owned(),
                        source,
                        place: Place::Step(placed.path.clone()),
                        enabled: placed.enabled,
                    });
                }
            }
        }
        found
    }

    fn scan(&self) -> Scan {
        match self.dialect() {
            Dialect::ConfigMgr => Scan::of_configmgr(self),
            Dialect::Mdt => Scan::of_mdt(self),
        }
    }
}

#[derive(Default)]
struct Merged {
    references: Vec<Reference>,
    by_id: HashMap<String, usize>,
    /// For each reference, the number of the use that counts for the order.
    first_uses: Vec<usize>,
    uses: usize,
}

impl Merged {
    fn add(&mut self, position: Position, place: Place, enabled: bool) {
        let Position { id, kind, source, program } = position;
        let at = *self.by_id.entry(id.to_ascii_uppercase()).or_insert_with(|| {
            self.references.push(Reference {
                id,
                kind,
                program: None,
                enabled: false,
                uses: Vec::new(),
            });
            self.first_uses.push(self.uses);
            self.references.len() - 1
        });
        let reference = &mut self.references[at];
        if enabled && !reference.enabled {
            self.first_uses[at] = self.uses;
        }
        self.uses += 1;
        // A child sequence can also stand in a list of packages, which knows less about it.
        if reference.kind == ReferenceKind::Package {
            reference.kind = kind;
        }
        if reference.program.is_none() {
            reference.program.clone_from(&program);
        }
        reference.enabled |= enabled;
        reference.uses.push(ReferenceUse { place, source, program, enabled });
    }

    fn in_order(self) -> Vec<Reference> {
        let mut ordered: Vec<(usize, Reference)> =
            self.first_uses.into_iter().zip(self.references).collect();
        ordered.sort_by_key(|(first, _)| *first);
        ordered.into_iter().map(|(_, reference)| reference).collect()
    }
}
