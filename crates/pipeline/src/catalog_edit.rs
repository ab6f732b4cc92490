//! Adds, changes, removes and checks the objects of a site's catalog.
//!
//! Edits of one site follow each other: each holds its lock from reading the site to the rename.

mod edit;
mod source;
mod users;
mod verify;

use std::collections::BTreeMap;
use std::path::PathBuf;

use content::{
    Application, Catalog, CatalogObject, ContentId, DeploymentType, ObjectKind, Problem,
};
use thiserror::Error;

pub(crate) use edit::fill_source;
pub use users::{ObjectUser, users};
pub use verify::{VerifiedContent, VerifyReport, verify};

use crate::import::commit::{FileText, write_all};
use crate::load::{self, LoadError, SitePath};
use crate::site_lock::SiteLock;
use crate::{Error as RunError, IoContext};

/// The ids that a site can give: a site code and five hexadecimal digits, from 1 on.
const NUMBER_MAX: u32 = 0xF_FFFF;

/// An object to be added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewObject {
    /// Its id; the next free one of the site if there is none.
    pub id: Option<ContentId>,
    /// What it is. An application that has no deployment type gets one with the source.
    pub kind: ObjectKind,
    /// The name that people know it by.
    pub name: String,
    /// The version of what it holds; may be empty.
    pub version: String,
    /// Where its files are: a path below a distribution point or the site, or the id of a package
    /// in a content library.
    pub source: Option<PathBuf>,
}

/// What is to change in an object; what is `None` stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ObjectChange {
    /// Where its files are; for an application, those of its first deployment type.
    pub source: Option<PathBuf>,
    /// The name.
    pub name: Option<String>,
    /// The version.
    pub version: Option<String>,
}

/// An object after an edit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edited {
    /// The object as its file now says it.
    pub object: CatalogObject,
    /// Its file.
    pub file: PathBuf,
}

/// Why an object was not added, changed or removed.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum EditError {
    /// The site cannot be read.
    #[error(transparent)]
    Site(#[from] LoadError),
    /// Something cannot be read or written.
    #[error(transparent)]
    Io(#[from] RunError),
    /// Another object has the id, model name, GUID or content id; cases make no difference.
    #[error("the catalog already has `{name}`{}", owner(name, object))]
    Exists {
        /// What is taken.
        name: String,
        /// The object that has it.
        object: ContentId,
    },
    /// The name holds nothing that could be read.
    #[error("the name is empty")]
    NoName,
    /// The site has given all its ids.
    #[error("site `{0}` has no free id left")]
    NoFreeId(String),
    /// There is no such object.
    #[error("the catalog has no `{0}`")]
    NotFound(ContentId),
    /// The source is not there, or where media are not made from.
    #[error("source `{}` cannot be used: {reason}", path.display())]
    Source {
        /// The source.
        path: PathBuf,
        /// Why not, and what would mend it.
        reason: String,
    },
    /// Others need it.
    #[error("`{id}` is used by {}", users.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "))]
    InUse {
        /// The object.
        id: ContentId,
        /// By whom.
        users: Vec<ObjectUser>,
    },
    /// The object's file says something impossible.
    #[error("`{}` cannot be changed: {}", path.display(), problems.first().map_or("", |p| &p.message))]
    Unusable {
        /// The file.
        path: PathBuf,
        /// What is wrong in it.
        problems: Vec<Problem>,
    },
}

/// Adds an object to the catalog.
pub fn add(site: &SitePath, new: NewObject) -> Result<Edited, EditError> {
    readable(&new.name)?;
    let _lock = SiteLock::take(site)?;
    let (described, _) = load::site(site)?;
    let (catalog, _) = load::entries(site)?;
    let taken = load::claimed_names(site, &catalog)?;
    let id = match new.id {
        Some(id) => id,
        None => next_id(&described.code, &taken, &catalog)?,
    };
    let file = site.object_file(&id);
    let source = new.source.map(|path| source::of(site, &described, &path)).transpose()?;
    let mut object = CatalogObject {
        id,
        name: new.name,
        version: new.version,
        source_version: 1,
        source,
        guid: None,
        selection_profile: None,
        kind: new.kind,
    };
    if let ObjectKind::Application(application) = &mut object.kind {
        give_source(application, object.source.take());
    }
    for name in load::claims(&object) {
        if let Some(owner) = taken.get(&name.to_lowercase()) {
            return Err(EditError::Exists { name: name.to_owned(), object: owner.clone() });
        }
    }
    write_all(&[FileText { path: file.clone(), text: object.to_toml(), new: true }])?;
    Ok(Edited { object, file })
}

/// Changes an object and raises its source version, which every task sequence then follows.
///
/// What else stands in the file stays as a person wrote it, comments too.
pub fn update(site: &SitePath, id: &ContentId, change: &ObjectChange) -> Result<Edited, EditError> {
    change.name.as_deref().map_or(Ok(()), readable)?;
    let _lock = SiteLock::take(site)?;
    let (described, _) = load::site(site)?;
    let file = site.object_file(id);
    if !file.exists() {
        return Err(EditError::NotFound(id.clone()));
    }
    let source = change.source.as_ref();
    let source = source.map(|path| source::of(site, &described, path)).transpose()?;
    let text = load::read_text(&file)?;
    let unusable = |problems| EditError::Unusable { path: file.clone(), problems };
    let (object, text) = edit::changed(&text, source, change).map_err(unusable)?;
    write_all(&[FileText { path: file.clone(), text, new: false }])?;
    Ok(Edited { object, file })
}

/// Removes an object from the catalog; one that others use only if `force` says so. Files of
/// contents are never removed. Returns those that used it.
pub fn remove(site: &SitePath, id: &ContentId, force: bool) -> Result<Vec<ObjectUser>, EditError> {
    let _lock = SiteLock::take(site)?;
    let (catalog, _) = load::entries(site)?;
    let file = site.object_file(id);
    if !file.exists() {
        return Err(EditError::NotFound(id.clone()));
    }
    let users = users(site, &catalog, id)?;
    if !users.is_empty() && !force {
        return Err(EditError::InUse { id: id.clone(), users });
    }
    std::fs::remove_file(&file).at("remove", &file)?;
    Ok(users)
}

/// Refuses a name that people could not tell from none.
fn readable(name: &str) -> Result<(), EditError> {
    if name.trim().is_empty() { Err(EditError::NoName) } else { Ok(()) }
}

/// Who has a name that is taken, where the name itself does not say it.
fn owner(name: &str, object: &ContentId) -> String {
    if name == object.as_str() {
        return String::new();
    }
    format!(": it is a name of object `{object}`, and cases make no difference")
}

/// The id after the highest that the site has given to an object, content or task sequence.
fn next_id(
    code: &str,
    taken: &BTreeMap<String, ContentId>,
    catalog: &Catalog,
) -> Result<ContentId, EditError> {
    let sequences = catalog.task_sequences.keys().map(ContentId::as_str);
    let given = taken.keys().map(String::as_str).chain(sequences);
    let number = |id: &str| {
        let (head, digits) = id.split_at_checked(code.len())?;
        let fits = head.eq_ignore_ascii_case(code) && digits.len() == 5;
        fits.then(|| u32::from_str_radix(digits, 16).ok()).flatten()
    };
    let next = given.filter_map(number).max().unwrap_or(0) + 1;
    if next > NUMBER_MAX {
        return Err(EditError::NoFreeId(code.to_owned()));
    }
    let id = format!("{code}{next:05X}").parse();
    Ok(id.expect("because a site code and hexadecimal digits are an id"))
}

fn give_source(application: &mut Application, source: Option<String>) {
    match application.deployment_types.first_mut() {
        Some(first) => first.source = source.or(first.source.take()),
        None => application.deployment_types.push(DeploymentType {
            name: "Script".into(),
            source,
            ..DeploymentType::default()
        }),
    }
}
