use std::fmt;

use content::{Catalog, ContentId, MediaDefinition, ObjectKind};

use crate::load::{self, LoadError, SitePath};

/// Who uses an object.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ObjectUser {
    /// A step of this task sequence, disabled ones included.
    TaskSequence(ContentId),
    /// This task sequence starts from it.
    BootImageOf(ContentId),
    /// This application needs it or replaces it.
    Application(ContentId),
    /// This media definition names it.
    Definition(String),
}

impl fmt::Display for ObjectUser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TaskSequence(id) => write!(f, "task sequence {id}"),
            Self::BootImageOf(id) => write!(f, "task sequence {id} (boot image)"),
            Self::Application(id) => write!(f, "application {id}"),
            Self::Definition(name) => write!(f, "definition {name}"),
        }
    }
}

/// Everyone who uses an object, sorted; definitions that cannot be read are left out.
pub fn users(
    site: &SitePath,
    catalog: &Catalog,
    id: &ContentId,
) -> Result<Vec<ObjectUser>, LoadError> {
    let names = catalog.names();
    let mut users = Vec::new();
    for entry in catalog.task_sequences.values() {
        if entry.info.boot_image.as_ref() == Some(id) {
            users.push(ObjectUser::BootImageOf(entry.id.clone()));
        }
        let by_reference =
            entry.sequence.references().iter().any(|reference| {
                names.object(&reference.id).is_some_and(|object| object.id == *id)
            });
        let by_profile = entry
            .sequence
            .selection_profiles()
            .iter()
            .any(|profile| names.profile(&profile.name).iter().any(|object| object.id == *id));
        if by_reference || by_profile {
            users.push(ObjectUser::TaskSequence(entry.id.clone()));
        }
    }
    for object in catalog.objects.values() {
        let ObjectKind::Application(application) = &object.kind else { continue };
        let types = application.deployment_types.iter();
        let mut needed = types.flat_map(|kind| &kind.dependencies).flat_map(|group| &group.0);
        if application.supersedes.contains(id) || needed.any(|needed| needed == id) {
            users.push(ObjectUser::Application(object.id.clone()));
        }
    }
    for name in load::definition_names(site)? {
        let Ok((named, _)) = load::definition(site, &name) else { continue };
        if names_object(&named.definition, id) {
            users.push(ObjectUser::Definition(name));
        }
    }
    users.sort();
    Ok(users)
}

fn names_object(definition: &MediaDefinition, id: &ContentId) -> bool {
    let content = &definition.content;
    let prestart = definition.customization.prestart.as_ref();
    let lists = [&content.applications, &content.packages, &content.driver_packages];
    definition.boot_image.as_ref() == Some(id)
        || lists.iter().any(|list| list.contains(id))
        || prestart.and_then(|prestart| prestart.package.as_ref()) == Some(id)
}
