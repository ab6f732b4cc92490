//! Task sequence exports of Configuration Manager.

use std::fs;
use std::io::Read;
use std::path::Path;

use content::{
    Application, CatalogObject, ContentId, ObjectKind, Place, Problem, ReferenceInfo, SequenceInfo,
};
use tasksequence::export::{ApplicationInfo, ContentInfo, ContentType, ExportedSequence, read};
use tasksequence::{Reference, ReferenceKind};

use super::plan::Plan;
use super::{EXPORT_MAX, ImportError, ImportOptions};
use crate::{Error, IoContext};

pub(super) fn plan(
    source: &Path,
    options: &ImportOptions,
    plan: &mut Plan,
) -> Result<(), ImportError> {
    let export = read(&bytes(source)?)
        .map_err(|error| ImportError::Export { path: source.to_owned(), source: error })?;
    for exported in &export.sequences {
        sequence(exported, source, options, plan)?;
    }
    for exported in &export.sequences {
        disabled_only(exported, plan);
    }
    let files = source.with_file_name(format!(
        "{}_files",
        source.file_stem().unwrap_or_default().to_string_lossy()
    ));
    if files.is_dir() {
        let message = format!("the content in `{}` was not imported", files.display());
        let remedy = "copy the folders to a distribution point, then `tsmedia content update`";
        plan.problems.push(Problem::note("import-content", message).remedy(remedy));
    }
    Ok(())
}

fn bytes(source: &Path) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    let file = fs::File::open(source).at("open", source)?;
    file.take(EXPORT_MAX + 1).read_to_end(&mut bytes).at("read", source)?;
    if bytes.len() as u64 > EXPORT_MAX {
        let message = format!("is larger than {EXPORT_MAX} bytes, which no export is");
        return Err(Error::Input { path: source.to_owned(), message });
    }
    Ok(bytes)
}

fn sequence(
    exported: &ExportedSequence,
    source: &Path,
    options: &ImportOptions,
    plan: &mut Plan,
) -> Result<(), ImportError> {
    let object = &exported.object;
    let Some(id) = id(object.id(), plan) else { return Ok(()) };
    let found = exported.problems.iter().cloned();
    let file = source.display().to_string();
    plan.problems.extend(found.map(|found| Problem::of_sequence(found, &id, &file)));
    let info = SequenceInfo {
        name: object.name().to_owned(),
        description: object.description().to_owned(),
        version: object.version().to_owned(),
        boot_image: object.boot_image().and_then(|boot_image| boot_image.parse().ok()),
        references: references(exported),
    };
    plan.task_sequence(&id, &exported.sequence.to_xml(), &info, options.overwrite)?;
    for reference in exported.references() {
        if reference.kind != ReferenceKind::TaskSequence && reference.enabled {
            stub(&reference, exported, &id, plan);
        }
    }
    Ok(())
}

fn id(text: &str, plan: &mut Plan) -> Option<ContentId> {
    match text.parse() {
        Ok(id) => Some(id),
        Err(error) => {
            plan.problems.push(Problem::warning("import-id", format!("left out: {error}")));
            None
        }
    }
}

fn references(exported: &ExportedSequence) -> Vec<ReferenceInfo> {
    let contents = exported.contents.iter().map(|content| ReferenceInfo {
        id: content.id.clone(),
        name: content.name.clone(),
        kind: kind_name(content.content_type).to_owned(),
    });
    let applications = exported.applications.iter().map(|application| ReferenceInfo {
        id: application.id.clone(),
        name: application_name(application).to_owned(),
        kind: "application".to_owned(),
    });
    contents.chain(applications).collect()
}

fn kind_name(content_type: ContentType) -> &'static str {
    match content_type {
        ContentType::TaskSequence => "task-sequence",
        ContentType::DriverPackage => "driver-package",
        ContentType::Application => "application",
        ContentType::OsImage => "os-image",
        ContentType::BootImage => "boot-image",
        ContentType::OsUpgrade => "os-upgrade",
        ContentType::Package | ContentType::SoftwareUpdatePackage | ContentType::Other(_) => {
            "package"
        }
    }
}

/// The name of an application, which exports of different ages keep under different names.
fn application_name(application: &ApplicationInfo) -> &str {
    const NAMES: [&str; 4] = ["RefAppDisplayName", "RefAppName", "ReferenceName", "DisplayName"];
    let named = |name: &&str| {
        let found =
            application.properties.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.trim()).filter(|value| !value.is_empty())
    };
    let name = NAMES.iter().find_map(named);
    name.unwrap_or_else(|| application.id.rsplit('/').next().unwrap_or_default())
}

/// Says for what no object was made, as only disabled steps use it and nobody would ever fill it.
fn disabled_only(exported: &ExportedSequence, plan: &mut Plan) {
    let Ok(sequence) = exported.object.id().parse::<ContentId>() else { return };
    let references = exported.references().into_iter();
    let open = references.filter(|reference| {
        !reference.enabled
            && reference.kind != ReferenceKind::TaskSequence
            && plan.catalog.names().object(&reference.id).is_none()
    });
    let note = |reference: Reference| {
        let id = &reference.id;
        let message = format!("only disabled steps use `{id}`: no object was made for it");
        let remedy = "add one before a step that uses it is enabled";
        let problem = Problem::note("import-disabled-only", message).remedy(remedy);
        problem.at(Place::sequence(&sequence))
    };
    let notes: Vec<Problem> = open.map(note).collect();
    plan.problems.extend(notes);
}

/// Adds an object without files for what a sequence references, unless the site has one.
fn stub(reference: &Reference, exported: &ExportedSequence, sequence: &ContentId, plan: &mut Plan) {
    if let Some(known) = plan.catalog.names().object(&reference.id) {
        let known = known.id.clone();
        plan.known(&known);
        return;
    }
    let object = if reference.kind == ReferenceKind::Application {
        let found = |known: &&ApplicationInfo| known.id.eq_ignore_ascii_case(&reference.id);
        application(&reference.id, exported.applications.iter().find(found), plan)
    } else {
        let found = |known: &&ContentInfo| known.id.eq_ignore_ascii_case(&reference.id);
        content(reference, exported.contents.iter().find(found), plan)
    };
    let Some(object) = object else { return };
    if matches!(object.kind, ObjectKind::BootImage { .. }) {
        let message = format!("boot image `{}` is taken to be for x64", object.id);
        let remedy = "correct `architecture` in its file if it is not";
        let place = Place { object: Some(object.id.clone()), ..Place::sequence(sequence) };
        plan.problems.push(Problem::note("import-architecture", message).remedy(remedy).at(place));
    }
    plan.object(object);
}

fn content(
    reference: &Reference,
    info: Option<&ContentInfo>,
    plan: &mut Plan,
) -> Option<CatalogObject> {
    let kind = match (info, reference.kind) {
        (Some(info), _) => kind_name(info.content_type),
        (None, ReferenceKind::BootImage) => "boot-image",
        (None, _) => "package",
    };
    let name = info.map(|info| info.name.clone()).filter(|name| !name.is_empty());
    Some(CatalogObject {
        id: id(&reference.id, plan)?,
        name: name.unwrap_or_else(|| reference.id.clone()),
        version: info.map(|info| info.version.clone()).unwrap_or_default(),
        source_version: 1,
        source: None,
        guid: None,
        selection_profile: None,
        kind: ObjectKind::of_name(kind)?,
    })
}

fn application(
    model_name: &str,
    info: Option<&ApplicationInfo>,
    plan: &mut Plan,
) -> Option<CatalogObject> {
    let own = model_name.rsplit('/').next().unwrap_or_default();
    let package = info.map(|info| info.package_id.as_str()).filter(|id| !id.is_empty());
    let free = |text: &&str| {
        let id = text.parse::<ContentId>();
        id.is_ok_and(|id| !plan.catalog.objects.contains_key(&id))
    };
    let id_text = package.filter(free).unwrap_or(own);
    Some(CatalogObject {
        id: id(id_text, plan)?,
        name: info.map_or(own, application_name).to_owned(),
        version: String::new(),
        source_version: 1,
        source: None,
        guid: None,
        selection_profile: None,
        kind: ObjectKind::Application(Application {
            model_name: Some(model_name.to_owned()),
            ..Application::default()
        }),
    })
}
