use std::collections::{BTreeMap, HashMap};

use tasksequence::TaskSequence;

use crate::{CatalogObject, ContentId, ContentLocation, ObjectKind, SequenceInfo};

/// What a site has: its objects, its task sequences, and where the files of its contents lie.
#[derive(Clone, Debug, Default)]
pub struct Catalog {
    /// The objects by their ids.
    pub objects: BTreeMap<ContentId, CatalogObject>,
    /// The task sequences by their ids.
    pub task_sequences: BTreeMap<ContentId, SequenceEntry>,
    /// Where the files of each content lie; a content whose files are nowhere is not in it.
    pub locations: BTreeMap<ContentId, ContentLocation>,
    /// The contents without files, and why.
    pub absent: BTreeMap<ContentId, AbsentContent>,
}

/// A task sequence of a site.
#[derive(Clone, Debug)]
pub struct SequenceEntry {
    /// Its id.
    pub id: ContentId,
    /// What the site knows of it beside its steps.
    pub info: SequenceInfo,
    /// The name of its file, relative to the site.
    pub file: String,
    /// The steps.
    pub sequence: TaskSequence,
}

/// Why a content has no files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AbsentContent {
    /// Each place where they were looked for, in words for people.
    pub places: Vec<String>,
    /// What is broken where something of the content is there, one sentence each.
    pub damage: Vec<String>,
}

impl Catalog {
    /// The name of a task sequence: its file's, else the one in its document, else its id.
    pub fn sequence_name(&self, id: &ContentId) -> String {
        let Some(entry) = self.task_sequences.get(id) else { return id.to_string() };
        if entry.info.name.is_empty() { id.to_string() } else { entry.info.name.clone() }
    }

    /// Makes the list of all names that references use.
    pub fn names(&self) -> ObjectNames<'_> {
        ObjectNames::new(self)
    }
}

/// Finds objects and task sequences by what references call them, without regard to case.
#[derive(Debug)]
pub struct ObjectNames<'c> {
    /// Ids, model names and GUIDs in braces.
    objects: HashMap<String, &'c CatalogObject>,
    profiles: HashMap<String, Vec<&'c CatalogObject>>,
    sequences: HashMap<String, &'c ContentId>,
    owners: HashMap<&'c ContentId, &'c CatalogObject>,
}

impl<'c> ObjectNames<'c> {
    fn new(catalog: &'c Catalog) -> Self {
        let sequences = catalog.task_sequences.keys().map(|id| (folded(id.as_str()), id)).collect();
        let mut names = Self {
            objects: HashMap::with_capacity(catalog.objects.len() * 2),
            profiles: HashMap::new(),
            sequences,
            owners: HashMap::with_capacity(catalog.objects.len()),
        };
        catalog.objects.values().for_each(|object| names.add(object));
        names
    }

    fn add(&mut self, object: &'c CatalogObject) {
        let model_name = match &object.kind {
            ObjectKind::Application(application) => application.model_name.as_deref(),
            _ => None,
        };
        let aliases = [Some(object.id.as_str()), model_name, object.guid.as_deref()];
        for alias in aliases.into_iter().flatten() {
            // The first object keeps a name that two claim; loading reports the second.
            self.objects.entry(folded(alias)).or_insert(object);
        }
        if let Some(profile) = &object.selection_profile {
            self.profiles.entry(folded(profile)).or_default().push(object);
        }
        for source in object.contents() {
            self.owners.entry(source.content).or_insert(object);
        }
    }

    /// The object that a reference means, by its id, model name or GUID.
    pub fn object(&self, reference: &str) -> Option<&'c CatalogObject> {
        self.objects.get(&folded(reference)).copied()
    }

    /// The objects that an MDT selection profile selects.
    pub fn profile(&self, name: &str) -> &[&'c CatalogObject] {
        self.profiles.get(&folded(name)).map_or(&[], Vec::as_slice)
    }

    /// The id of the task sequence that a reference means.
    pub fn task_sequence(&self, reference: &str) -> Option<&'c ContentId> {
        self.sequences.get(&folded(reference)).copied()
    }

    /// The object that a content belongs to; an application's deployment types have contents of
    /// their own.
    pub fn owner(&self, content: &ContentId) -> Option<&'c CatalogObject> {
        self.owners.get(content).copied()
    }
}

fn folded(name: &str) -> String {
    name.to_lowercase()
}
