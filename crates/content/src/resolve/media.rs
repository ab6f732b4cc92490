use std::collections::{BTreeMap, BTreeSet};

use tasksequence::children::MAX_CHILD_DEPTH;

use super::applications::{self, Visited};
use super::graph::MediaUses;
use super::steps::Walked;
use super::{NamedDefinition, ResolvedMedia, check, lint, prestaged};
use crate::catalog::ObjectNames;
use crate::{
    Application, Catalog, CatalogObject, ContentId, MediaDefinition, MediaType, Need, ObjectKind,
    Place, Problem,
};

/// What one definition resolves to.
pub(super) struct Resolution<'c> {
    pub(super) media: MediaUses,
    pub(super) problems: Vec<Problem>,
    /// The applications of the media, from which cycles are looked for.
    pub(super) applications: Vec<&'c ContentId>,
}

/// Why something is on the media: for the problem's place, and in words.
#[derive(Clone)]
struct Reason<'a, 'r> {
    sequence: Option<&'a ContentId>,
    step: Option<&'r str>,
    words: &'r str,
}

struct Gathering<'a> {
    catalog: &'a Catalog,
    names: &'a ObjectNames<'a>,
    sequences: &'a BTreeMap<ContentId, Walked>,
    definition: &'a MediaDefinition,
    needs: Vec<Need>,
    needed: BTreeSet<&'a ContentId>,
    objects: Vec<ContentId>,
    used: BTreeSet<&'a ContentId>,
    used_by: BTreeSet<(&'a ContentId, &'a ContentId)>,
    /// The applications that each sequence has led to; under `None` those of the definition.
    visited: BTreeMap<Option<&'a ContentId>, Visited<'a>>,
    applications: Vec<&'a ContentId>,
    /// The applications whose dependencies the definition does not want, and who uses them.
    alone: Vec<(&'a ContentId, &'a Application, Place)>,
    ordered_sequences: Vec<&'a ContentId>,
    /// How many levels of children each sequence has below itself, once it has been walked.
    heights: BTreeMap<&'a ContentId, usize>,
    problems: Vec<Problem>,
}

pub(super) fn resolve<'a>(
    named: &'a NamedDefinition,
    catalog: &'a Catalog,
    names: &'a ObjectNames<'a>,
    sequences: &'a BTreeMap<ContentId, Walked>,
) -> Resolution<'a> {
    let definition = &named.definition;
    let mut gathering = Gathering {
        catalog,
        names,
        sequences,
        definition,
        needs: Vec::new(),
        needed: BTreeSet::new(),
        objects: Vec::new(),
        used: BTreeSet::new(),
        used_by: BTreeSet::new(),
        visited: BTreeMap::new(),
        applications: Vec::new(),
        alone: Vec::new(),
        ordered_sequences: Vec::new(),
        heights: BTreeMap::new(),
        problems: Vec::new(),
    };
    gathering.prestart();
    gathering.image();
    let task_sequence = gathering.task_sequence();
    gathering.extra();
    let boot_image = check::boot_image(definition, catalog, &mut gathering.problems);
    if definition.media_type == MediaType::Prestaged {
        let sequence = task_sequence.and_then(|id| catalog.task_sequences.get(id));
        gathering.problems.extend(prestaged::problems(definition, sequence, catalog));
        if task_sequence.is_some() {
            gathering.prestaged_references();
        }
    }
    gathering.whole(boot_image);
    let findings = lint::findings(definition, &gathering.ordered_sequences, catalog);
    gathering.problems.extend(findings);
    if let (Some(boot_image), Some(sequence)) = (boot_image, &task_sequence) {
        gathering.used_by.insert((boot_image, sequence));
    }
    let Gathering { needs, objects, used_by, applications, ordered_sequences, problems, .. } =
        gathering;
    let media = ResolvedMedia {
        name: named.name.clone(),
        task_sequence: task_sequence.cloned(),
        sequences: ordered_sequences.into_iter().cloned().collect(),
        boot_image: boot_image.cloned(),
        needs,
        objects,
        problems: problems.clone(),
    };
    let used_by = used_by.into_iter().map(|(a, b)| (a.clone(), b.clone())).collect();
    Resolution { media: MediaUses { media, used_by }, problems, applications }
}

impl<'a> Gathering<'a> {
    fn prestart(&mut self) {
        let Some(prestart) = &self.definition.customization.prestart else { return };
        let Some(package) = &prestart.package else { return };
        self.definition_object(package, "prestart command", "package");
    }

    /// Takes the OS image of prestaged media.
    fn image(&mut self) {
        if let Some(image) = &self.definition.image {
            self.definition_object(&image.os_image, "image of the definition", "os-image");
        }
    }

    /// Notes what is on prestaged media and no step asks for.
    fn prestaged_references(&mut self) {
        let steps = self.ordered_sequences.iter().filter_map(|id| self.sequences.get(*id));
        let referenced: BTreeSet<&ContentId> = steps
            .flat_map(|walked| {
                walked.steps.iter().flat_map(|step| &step.objects).chain(&walked.listed)
            })
            .collect();
        let image = self.definition.image.iter().map(|image| &image.os_image);
        let content = &self.definition.content;
        let chosen = content.applications.iter().chain(&content.packages);
        let unused = image.chain(chosen).chain(&content.driver_packages);
        let unused = unused.filter(|id| !referenced.contains(id));
        self.problems.extend(unused.map(prestaged::not_referenced));
    }

    /// Whether the media hold what the steps use; prestaged media hold what was chosen only.
    fn holds_references(&self) -> bool {
        self.definition.media_type != MediaType::Prestaged
    }

    /// Walks the task sequence and its children; `None` without one.
    fn task_sequence(&mut self) -> Option<&'a ContentId> {
        let id = self.definition.task_sequence.as_ref()?;
        let Some((id, _)) = self.sequences.get_key_value(id) else {
            self.problems.push(check::missing_sequence(id, Place::default()));
            return None;
        };
        let mut path = vec![id];
        self.sequence(&mut path);
        Some(id)
    }

    /// Takes what the last sequence of `path` uses; `path` is how it was reached.
    ///
    /// Recurses at most [`MAX_CHILD_DEPTH`] times, and takes each sequence once: what it
    /// uses when it runs again is there already.
    fn sequence(&mut self, path: &mut Vec<&'a ContentId>) {
        let id = *path.last().expect("because the path holds the sequence that is walked");
        let sequences = self.sequences;
        let Some(walked) = sequences.get(id) else { return };
        self.ordered_sequences.push(id);
        // What prestaged media do not hold may lie elsewhere than in this site's catalog.
        let holds = self.holds_references();
        let told = walked.problems.iter().filter(|found| holds || found.rule != "content-missing");
        self.problems.extend(told.cloned());
        let mut height = 0;
        for step in &walked.steps {
            let words = format!("step {} \"{}\" of {id}", step.number, step.name);
            let reason = Reason { sequence: Some(id), step: Some(&step.path), words: &words };
            for object in step.objects.iter().filter(|_| holds) {
                if let Some(object) = self.catalog.objects.get(object) {
                    self.object(object, &reason);
                }
            }
            let Some(child) = &step.child else { continue };
            let place = || Place { step: Some(step.path.clone()), ..Place::sequence(id) };
            if path.contains(&child) {
                self.problems.push(check::child_cycle(path, child, place()));
                continue;
            }
            let below = self.heights.get(child).copied().unwrap_or(0);
            if path.len() + below > MAX_CHILD_DEPTH {
                self.problems.push(check::child_depth(path, place()));
                continue;
            }
            let Some((child, _)) = sequences.get_key_value(child) else { continue };
            if !self.ordered_sequences.contains(&child) {
                path.push(child);
                self.sequence(path);
                path.pop();
            }
            let levels = self.heights.get(child).map_or(0, |below| below + 1);
            height = height.max(levels);
        }
        self.heights.insert(id, height);
        let words = format!("the reference list of {id}");
        let reason = Reason { sequence: Some(id), step: None, words: &words };
        let listed = walked.listed.iter().filter(|_| holds);
        for object in listed.filter_map(|id| self.catalog.objects.get(id)) {
            self.object(object, &reason);
        }
    }

    /// Takes what the definition asks for beside what the steps need.
    fn extra(&mut self) {
        let content = &self.definition.content;
        let lists = [
            (&content.applications, "application"),
            (&content.packages, "package"),
            (&content.driver_packages, "driver-package"),
        ];
        for (ids, kind) in lists {
            for id in ids {
                self.definition_object(id, "extra content of the definition", kind);
            }
        }
    }

    fn definition_object(&mut self, id: &ContentId, words: &str, kind: &'static str) {
        let Some(object) = self.catalog.objects.get(id) else {
            self.problems.push(check::unknown_object(id.as_str(), kind, words, Place::default()));
            return;
        };
        if object.kind.as_str() != kind {
            let found = object.kind.as_str();
            let message = format!("`{id}` is listed as {kind}, but it is of kind {found}");
            self.problems.push(
                Problem::warning("content-kind", message).remedy("list it under its own kind"),
            );
        }
        self.object(object, &Reason { sequence: None, step: None, words });
    }

    fn object(&mut self, object: &'a CatalogObject, reason: &Reason<'a, '_>) {
        let ObjectKind::Application(application) = &object.kind else {
            self.contents(object, reason);
            return;
        };
        if !self.definition.content.application_dependencies {
            self.problems.extend(check::no_deployment_type(object, reason.place()));
            self.contents(object, reason);
            self.alone.push((&object.id, application, reason.place()));
            return;
        }
        let visited = self.visited.entry(reason.sequence).or_default();
        for member in applications::closure(&object.id, self.catalog, visited) {
            let Some(known) = self.catalog.objects.get(member) else {
                let words = format!("application {} needs or supersedes it", object.id);
                let (name, place) = (member.as_str(), reason.place());
                self.problems.push(check::unknown_object(name, "application", &words, place));
                continue;
            };
            self.applications.push(&known.id);
            self.problems.extend(check::no_deployment_type(known, reason.place()));
            if known.id == object.id {
                self.contents(known, reason);
                continue;
            }
            let words = format!("application {} for {}", object.id, reason.words);
            self.contents(known, &Reason { words: &words, ..reason.clone() });
        }
    }

    /// Notes that the contents of an object are needed.
    fn contents(&mut self, object: &'a CatalogObject, reason: &Reason<'a, '_>) {
        if self.used.insert(&object.id) {
            self.objects.push(object.id.clone());
        }
        for source in object.contents() {
            let content = source.content;
            if let Some(sequence) = reason.sequence {
                self.used_by.insert((content, sequence));
            }
            if !self.needed.insert(content) {
                continue;
            }
            let first_used_by = reason.words.to_owned();
            self.needs.push(Need { content: content.clone(), first_used_by });
            if !self.catalog.locations.contains_key(content) {
                let problems =
                    check::absent_content(object, content, self.catalog, &reason.place());
                self.problems.extend(problems);
            }
        }
    }

    /// Checks what can be judged only when all needs are known.
    fn whole(&mut self, boot_image: Option<&ContentId>) {
        for (id, application, place) in std::mem::take(&mut self.alone) {
            let names = self.names;
            let lacking = applications::dependencies(application)
                .filter(|dependency| !self.has(names.object(dependency.as_str())));
            let lacking: Vec<&str> = lacking.map(ContentId::as_str).collect();
            if !lacking.is_empty() {
                self.problems.push(check::lacking_dependencies(id, &lacking, place));
            }
        }
        if let Some(boot_image) = boot_image {
            let found = check::no_detection(&self.objects, boot_image, self.catalog);
            self.problems.extend(found);
        }
        let holds = self.holds_references();
        for id in &self.ordered_sequences {
            let Some(walked) = self.sequences.get(*id) else { continue };
            for open in walked.candidates.iter().filter(|_| holds) {
                if !self.has(self.catalog.objects.get(&open.object)) {
                    self.problems.push(check::candidate(open));
                }
            }
            if let Some(boot_image) = boot_image {
                self.problems.extend(check::architectures(walked, id, boot_image, self.catalog));
            }
        }
    }

    /// Whether the media hold everything of an object.
    fn has(&self, object: Option<&CatalogObject>) -> bool {
        let held = |object: &CatalogObject| {
            object.contents().iter().all(|source| self.needed.contains(source.content))
        };
        object.is_some_and(held)
    }
}

impl Reason<'_, '_> {
    fn place(&self) -> Place {
        Place {
            sequence: self.sequence.cloned(),
            step: self.step.map(str::to_owned),
            ..Place::default()
        }
    }
}
