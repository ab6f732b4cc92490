use std::collections::{BTreeMap, BTreeSet};

use super::steps::Walked;
use crate::catalog::ObjectNames;
use crate::{Catalog, ContentId, Need, Problem};

/// Everything that a run's media need: media → sequence → step → content.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ContentGraph {
    /// The media, in the order of their definitions.
    pub media: Vec<ResolvedMedia>,
    /// The task sequences of all media, and those that they run.
    pub sequences: BTreeMap<ContentId, SequenceUses>,
    /// The contents of all media, boot images among them.
    pub contents: BTreeMap<ContentId, SharedContent>,
}

/// What one definition's media need.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResolvedMedia {
    /// The definition's name.
    pub name: String,
    /// The task sequence, if the media type has one and the site too.
    pub task_sequence: Option<ContentId>,
    /// The task sequence and all that it runs, in the order in which they first run.
    pub sequences: Vec<ContentId>,
    /// The boot image: the definition's, else the task sequence's; it is not among the needs.
    pub boot_image: Option<ContentId>,
    /// The contents: the prestart package, those of the steps, then the extra ones; each once.
    pub needs: Vec<Need>,
    /// The objects behind the needs, in the same order, and those among them that have no content;
    /// each once.
    pub objects: Vec<ContentId>,
    /// What is wrong with these media, in the order in which it was found.
    ///
    /// All of it, where the problems of a resolve name only the first definition of several that
    /// share one. What is wrong with the whole run is not here.
    pub problems: Vec<Problem>,
}

/// What the enabled steps of a task sequence use.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SequenceUses {
    /// The steps that use anything, in the order in which they run.
    pub steps: Vec<StepUse>,
}

/// What a step uses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepUse {
    /// The step's number in its sequence, from 1 on.
    pub number: usize,
    /// The groups around it, its name and its number: `Install/Office (step 12)`.
    pub path: String,
    /// The step's own name.
    pub name: String,
    /// The catalog objects, in the order in which the step names them.
    pub objects: Vec<ContentId>,
    /// The task sequence that it runs.
    pub child: Option<ContentId>,
}

/// A content and who needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SharedContent {
    /// The object that it belongs to.
    pub object: ContentId,
    /// What the object is: `package`, `application`, ….
    pub kind: &'static str,
    /// The object's name.
    pub name: String,
    /// The object's source version: always the newest.
    pub source_version: u32,
    /// The task sequences that use it, in a step of their own, through an application, or as boot
    /// image. Content that only definitions ask for has none.
    pub used_by: BTreeSet<ContentId>,
    /// The media that hold it, as positions in [`ContentGraph::media`], ascending.
    pub media: Vec<usize>,
}

/// A definition's media and which task sequences use which of their contents.
#[derive(Debug)]
pub(super) struct MediaUses {
    pub(super) media: ResolvedMedia,
    pub(super) used_by: Vec<(ContentId, ContentId)>,
}

impl ResolvedMedia {
    /// What keeps the media from being built.
    pub fn obstacles(&self) -> impl Iterator<Item = &Problem> {
        self.problems.iter().filter(|problem| problem.prevents_build())
    }
}

impl ContentGraph {
    /// The contents that more than one task sequence uses.
    pub fn shared(&self) -> impl Iterator<Item = (&ContentId, &SharedContent)> {
        self.contents.iter().filter(|(_, content)| content.used_by.len() > 1)
    }

    /// The content's name, or its id.
    pub fn content_name<'g>(&'g self, id: &'g ContentId) -> &'g str {
        self.contents.get(id).map_or(id.as_str(), |content| &content.name)
    }

    pub(super) fn add(&mut self, uses: MediaUses, catalog: &Catalog, names: &ObjectNames) {
        let position = self.media.len();
        let needed = uses.media.needs.iter().map(|need| &need.content);
        for id in needed.chain(&uses.media.boot_image) {
            let content =
                self.contents.entry(id.clone()).or_insert_with(|| shared(id, catalog, names));
            if content.media.last() != Some(&position) {
                content.media.push(position);
            }
        }
        for (content, sequence) in uses.used_by {
            if let Some(content) = self.contents.get_mut(&content)
                && !content.used_by.contains(&sequence)
            {
                content.used_by.insert(sequence);
            }
        }
        self.media.push(uses.media);
    }

    pub(super) fn take_uses(&mut self, sequences: BTreeMap<ContentId, Walked>) {
        let uses = |(id, walked): (ContentId, Walked)| (id, SequenceUses { steps: walked.steps });
        self.sequences = sequences.into_iter().map(uses).collect();
    }
}

fn shared(id: &ContentId, catalog: &Catalog, names: &ObjectNames) -> SharedContent {
    let object = names.owner(id).or_else(|| catalog.objects.get(id));
    SharedContent {
        object: object.map_or_else(|| id.clone(), |object| object.id.clone()),
        kind: object.map_or("package", |object| object.kind.as_str()),
        name: object.map_or_else(|| id.to_string(), |object| object.name.clone()),
        source_version: object.map_or(1, |object| object.source_version),
        used_by: BTreeSet::new(),
        media: Vec::new(),
    }
}
