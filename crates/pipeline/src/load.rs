//! Reads a site: its description, its catalog, its task sequences, and where its contents lie.

mod files;
mod locate;
mod site_path;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use content::{
    Catalog, CatalogObject, ContentId, Digest, MediaDefinition, NamedDefinition, ObjectKind, Place,
    Problem, ProblemClass, SequenceEntry, Site,
};
use rayon::prelude::*;
use thiserror::Error;

pub use site_path::SitePath;

pub(crate) use files::read_text;

use crate::Error as RunError;

/// Why a site cannot be read at all.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum LoadError {
    /// No folder upwards has a `site.toml`.
    #[error("neither `{}` nor a folder above it holds a `site.toml`", start.display())]
    NoSite {
        /// Where the search began.
        start: PathBuf,
    },
    /// Something cannot be read.
    #[error(transparent)]
    Read(#[from] RunError),
    /// A file says nothing that can be used; here is every problem of it.
    #[error("`{}` cannot be used: {}", path.display(), problems.first().map_or("", |p| &p.message))]
    Unusable {
        /// Which file.
        path: PathBuf,
        /// What is wrong in it.
        problems: Vec<Problem>,
    },
}

/// Reads the description of a site, `site.toml`.
pub fn site(path: &SitePath) -> Result<(Site, Vec<Problem>), LoadError> {
    let file = path.site_file();
    let text = files::read_text(&file)?;
    let name = path.relative(&file);
    let named = |problems: Vec<Problem>| -> Vec<Problem> {
        problems.into_iter().map(|problem| problem.in_file(&name)).collect()
    };
    match Site::parse(&text) {
        Ok((site, problems)) => Ok((site, named(problems))),
        Err(problems) => Err(LoadError::Unusable { path: file, problems: named(problems) }),
    }
}

/// Reads a site with its catalog and task sequences, and finds the files of every content.
///
/// Files that cannot be used are left out, and their problems say why. The result does not depend
/// on the order in which the host lists files.
pub fn catalog(path: &SitePath) -> Result<(Site, Catalog, Vec<Problem>), LoadError> {
    let loaded = with_directory_hashes(path)?;
    Ok((loaded.site, loaded.catalog, loaded.problems))
}

/// A site, and what its content libraries state of whole contents.
pub(crate) struct Loaded {
    pub(crate) site: Site,
    pub(crate) catalog: Catalog,
    pub(crate) problems: Vec<Problem>,
    pub(crate) directory_hashes: BTreeMap<ContentId, Digest>,
}

/// Does what [`catalog`] does, and keeps what only a check of contents asks for.
pub(crate) fn with_directory_hashes(path: &SitePath) -> Result<Loaded, LoadError> {
    let (site, mut problems) = site(path)?;
    let (mut catalog, found) = entries(path)?;
    problems.extend(found);
    let located = locate::contents(path, &site, &mut catalog)?;
    problems.extend(located.problems);
    problems.sort();
    Ok(Loaded { site, catalog, problems, directory_hashes: located.directory_hashes })
}

/// Reads the catalog and the task sequences without looking for files of contents.
pub fn entries(path: &SitePath) -> Result<(Catalog, Vec<Problem>), LoadError> {
    let (objects, sequences) = rayon::join(|| self::objects(path), || self::task_sequences(path));
    let ((objects, mut problems), (task_sequences, of_sequences)) = (objects?, sequences?);
    problems.extend(of_sequences);
    problems.extend(claimed_twice(&objects));
    Ok((Catalog { objects, task_sequences, ..Catalog::default() }, problems))
}

/// Reads a media definition: the name of a file in `media`, or the path of any file.
pub fn definition(
    site: &SitePath,
    name: &str,
) -> Result<(NamedDefinition, Vec<Problem>), LoadError> {
    let path = definition_path(site, name);
    let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or(name).to_owned();
    let text = files::read_text(&path)?;
    let shown = site.relative(&path);
    let named = |problems: Vec<Problem>| -> Vec<Problem> {
        let named = |problem: Problem| problem.in_file(&shown).in_definition(&stem);
        problems.into_iter().map(named).collect()
    };
    match MediaDefinition::parse(&text) {
        Ok((definition, problems)) => {
            let problems = named(problems);
            Ok((NamedDefinition { name: stem, definition }, problems))
        }
        Err(problems) => Err(LoadError::Unusable { problems: named(problems), path }),
    }
}

/// The names of the definitions in `media`, sorted.
pub fn definition_names(site: &SitePath) -> Result<Vec<String>, LoadError> {
    let files = files::list(&site.media(), "toml")?;
    Ok(files.into_iter().map(|file| file.stem).collect())
}

fn definition_path(site: &SitePath, name: &str) -> PathBuf {
    let given = Path::new(name);
    if name.contains('/') || given.extension().is_some_and(|extension| extension == "toml") {
        let below_media = site.media().join(given);
        return if !given.exists() && below_media.exists() { below_media } else { given.into() };
    }
    site.media().join(format!("{name}.toml"))
}

type Objects = BTreeMap<ContentId, CatalogObject>;

fn objects(path: &SitePath) -> Result<(Objects, Vec<Problem>), LoadError> {
    let files = files::list(&path.catalog(), "toml")?;
    let read = |file: &files::Listed| -> Result<_, LoadError> {
        let text = files::read_text(&file.path)?;
        let name = path.relative(&file.path);
        let (mut object, problems) = match CatalogObject::parse(&text) {
            Ok((object, problems)) => (Some(object), problems),
            Err(problems) => (None, problems),
        };
        let mut problems: Vec<Problem> =
            problems.into_iter().map(|problem| problem.in_file(&name)).collect();
        // It is left out: it could hide the object that rightly has the id.
        if let Some(wrong) = object.take_if(|object| object.id.as_str() != file.stem) {
            problems.push(misnamed(&wrong.id, &name));
        }
        Ok((object, problems))
    };
    let read: Vec<_> = files.par_iter().map(read).collect::<Result<_, _>>()?;
    let mut objects = BTreeMap::new();
    let mut problems = Vec::new();
    for (object, found) in read {
        problems.extend(found);
        objects.extend(object.map(|object| (object.id.clone(), object)));
    }
    Ok((objects, problems))
}

fn misnamed(id: &ContentId, file: &str) -> Problem {
    let message = format!("the file holds object `{id}`, but is not named after it");
    Problem::error("catalog-file-name", ProblemClass::Definition, message)
        .remedy(format!("rename it to {id}.toml, or correct its id"))
        .at(Place::object(id))
        .in_file(file)
}

type Sequences = BTreeMap<ContentId, SequenceEntry>;

fn task_sequences(path: &SitePath) -> Result<(Sequences, Vec<Problem>), LoadError> {
    let files = files::list(&path.task_sequences(), "xml")?;
    let read: Vec<_> =
        files.par_iter().map(|file| files::task_sequence(path, file)).collect::<Result<_, _>>()?;
    let mut sequences = BTreeMap::new();
    let mut problems = Vec::new();
    for (entry, found) in read {
        problems.extend(found);
        sequences.extend(entry.map(|entry| (entry.id.clone(), entry)));
    }
    Ok((sequences, problems))
}

/// The names that no other object may have: the id, the model name, the GUID and the content ids.
pub(crate) fn claims(object: &CatalogObject) -> Vec<&str> {
    let model_name = match &object.kind {
        ObjectKind::Application(application) => application.model_name.as_deref(),
        _ => None,
    };
    let names = [Some(object.id.as_str()), model_name, object.guid.as_deref()];
    let contents = object.contents().into_iter().map(|source| source.content.as_str());
    names.into_iter().flatten().chain(contents).collect()
}

/// The names that objects have, in lower case, each with the object; a file that says no object
/// still claims its own name, since a person may be about to correct it.
pub(crate) fn claimed_names(
    site: &SitePath,
    catalog: &Catalog,
) -> Result<BTreeMap<String, ContentId>, LoadError> {
    let mut names = BTreeMap::new();
    for file in files::list(&site.catalog(), "toml")? {
        if let Ok(id) = file.stem.parse::<ContentId>() {
            names.insert(file.stem.to_lowercase(), id);
        }
    }
    for object in catalog.objects.values() {
        for name in claims(object) {
            names.insert(name.to_lowercase(), object.id.clone());
        }
    }
    Ok(names)
}

/// Finds names that two objects claim: a reference would mean only one of them.
fn claimed_twice(objects: &Objects) -> Vec<Problem> {
    let mut owners: BTreeMap<String, &ContentId> = BTreeMap::new();
    let mut problems = Vec::new();
    for object in objects.values() {
        let mut names: Vec<String> = claims(object).into_iter().map(str::to_lowercase).collect();
        names.sort();
        names.dedup();
        for name in names {
            if let Some(other) = owners.get(&name) {
                let message = format!("objects `{other}` and `{}` both claim `{name}`", object.id);
                let problem = Problem::error("catalog-name", ProblemClass::Definition, message)
                    .remedy("give one of them another id, model name, guid or content id")
                    .at(Place::object(&object.id));
                problems.push(problem);
            } else {
                owners.insert(name, &object.id);
            }
        }
    }
    problems
}
