use std::collections::BTreeMap;
use std::path::PathBuf;

use content::{Catalog, CatalogObject, ContentId, Problem, SequenceInfo};

use super::commit::{FileText, write_all};
use crate::Error;
use crate::load::{self, LoadError, SitePath};
use crate::site_lock::SiteLock;

/// Something that a source had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportedItem {
    /// What it is.
    pub kind: ItemKind,
    /// Its id; for a distribution point its name.
    pub id: String,
    /// The name that people know it by.
    pub name: String,
    /// Its file, relative to the site.
    pub file: String,
    /// What became of the file.
    pub action: Action,
}

/// What an imported item is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ItemKind {
    /// A task sequence.
    TaskSequence,
    /// A catalog object.
    Object,
    /// A distribution point in `site.toml`.
    DistributionPoint,
}

/// What became of a file of the site.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// It is new.
    Created,
    /// It already said the same.
    Unchanged,
    /// It says something else, and was left as it is.
    Kept,
    /// It was changed.
    Updated,
}

impl Action {
    /// The word for it: `created`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Unchanged => "unchanged",
            Self::Kept => "kept",
            Self::Updated => "updated",
        }
    }
}

/// What an import is going to write, and what it has to say.
pub(super) struct Plan<'s> {
    pub(super) site: &'s SitePath,
    /// The site as it is, and then as the import will leave it.
    pub(super) catalog: Catalog,
    pub(super) problems: Vec<Problem>,
    items: Vec<ImportedItem>,
    files: BTreeMap<PathBuf, FileText>,
    /// The ids of the site's objects and task sequences, by themselves in lower case.
    spellings: BTreeMap<String, ContentId>,
    /// Held from reading the site to the last rename, so that no other edit is lost between.
    _lock: SiteLock,
}

impl<'s> Plan<'s> {
    pub(super) fn new(site: &'s SitePath) -> Result<Self, LoadError> {
        let lock = SiteLock::take(site)?;
        let (catalog, _) = load::entries(site)?;
        let (problems, items, files) = (Vec::new(), Vec::new(), BTreeMap::new());
        let known = catalog.objects.keys().chain(catalog.task_sequences.keys());
        let spellings = known.map(|id| (id.as_str().to_lowercase(), id.clone())).collect();
        Ok(Self { site, catalog, problems, items, files, spellings, _lock: lock })
    }

    /// An id as the site or this import has it already: cases make no difference.
    pub(super) fn spelled(&mut self, id: &ContentId) -> ContentId {
        self.spellings.entry(id.as_str().to_lowercase()).or_insert_with(|| id.clone()).clone()
    }

    /// Writes everything.
    pub(super) fn commit(self) -> Result<(Vec<ImportedItem>, Vec<Problem>), Error> {
        write_all(&self.files.into_values().collect::<Vec<_>>())?;
        Ok((self.items, self.problems))
    }

    /// Adds a task sequence; one that the site has stays as it is unless `overwrite` says so.
    pub(super) fn task_sequence(
        &mut self,
        id: &ContentId,
        xml: &str,
        info: &SequenceInfo,
        overwrite: bool,
    ) -> Result<(), Error> {
        let id = &self.spelled(id);
        let path = self.site.task_sequences().join(format!("{id}.xml"));
        let info_path = path.with_extension("toml");
        let texts = [(path.clone(), xml.to_owned()), (info_path, info.to_toml())];
        let before = [read(&texts[0].0)?, read(&texts[1].0)?];
        let mut action = Action::Unchanged;
        for ((_, text), before) in texts.iter().zip(&before) {
            action = match (before, action) {
                (Some(before), action) if before == text => action,
                (None, Action::Unchanged | Action::Created) => Action::Created,
                _ if overwrite => Action::Updated,
                _ => Action::Kept,
            };
        }
        if matches!(action, Action::Created | Action::Updated) {
            for ((path, text), before) in texts.into_iter().zip(before) {
                self.write(path, text, before.is_none());
            }
        }
        self.item(ItemKind::TaskSequence, id.as_str(), &info.name, &path, action);
        Ok(())
    }

    /// Adds an object; one that the site has stays as it is.
    pub(super) fn object(&mut self, mut object: CatalogObject) {
        object.id = self.spelled(&object.id);
        let path = self.site.object_file(&object.id);
        let known = self.catalog.objects.get(&object.id);
        let action = match known {
            Some(known) if *known == object => Action::Unchanged,
            Some(_) => Action::Kept,
            // The file is there, but says no object: nobody knows what it was meant to be.
            None if path.exists() => Action::Kept,
            None => Action::Created,
        };
        self.item(ItemKind::Object, object.id.as_str(), &object.name, &path, action);
        if action == Action::Created {
            self.write(path, object.to_toml(), true);
            self.catalog.objects.insert(object.id.clone(), object);
        }
    }

    /// Notes an object that the site has under another id.
    pub(super) fn known(&mut self, id: &ContentId) {
        let name = self.catalog.objects.get(id).map_or_else(String::new, |o| o.name.clone());
        let path = self.site.object_file(id);
        self.item(ItemKind::Object, id.as_str(), &name, &path, Action::Kept);
    }

    /// Replaces the text of an object's file, which the caller has edited.
    pub(super) fn edited(&mut self, object: CatalogObject, text: String) {
        let path = self.site.object_file(&object.id);
        self.item(ItemKind::Object, object.id.as_str(), &object.name, &path, Action::Updated);
        self.write(path, text, false);
        self.catalog.objects.insert(object.id.clone(), object);
    }

    /// Replaces `site.toml` because of a distribution point.
    pub(super) fn distribution_point(&mut self, name: &str, text: Option<String>) {
        let path = self.site.site_file();
        let action = if text.is_some() { Action::Updated } else { Action::Unchanged };
        self.item(ItemKind::DistributionPoint, name, name, &path, action);
        if let Some(text) = text {
            self.write(path, text, false);
        }
    }

    /// Notes what a file is to hold; one that this import creates stays new.
    fn write(&mut self, path: PathBuf, text: String, new: bool) {
        let new = new || self.files.get(&path).is_some_and(|file| file.new);
        self.files.insert(path.clone(), FileText { path, text, new });
    }

    fn item(
        &mut self,
        kind: ItemKind,
        id: &str,
        name: &str,
        path: &std::path::Path,
        action: Action,
    ) {
        let file = self.site.relative(path);
        let (id, name) = (id.to_owned(), name.to_owned());
        // An object that several sequences reference is reported once.
        if !self.items.iter().any(|item| item.kind == kind && item.id == id) {
            self.items.push(ImportedItem { kind, id, name, file, action });
        }
    }
}

/// The text of a file; `None` if there is none.
fn read(path: &std::path::Path) -> Result<Option<String>, Error> {
    if path.exists() { load::read_text(path).map(Some) } else { Ok(None) }
}
