//! Content libraries of distribution points.

use std::path::Path;

use content::library::content_version;
use content::{
    Application, CatalogObject, ContentId, ContentLocation, DeploymentType, ObjectKind, Problem,
};

use super::ImportError;
use super::distribution_point;
use super::plan::Plan;
use crate::catalog_edit::fill_source;
use crate::library::{Found, Library, LibraryPackage};
use crate::load;

pub(super) fn plan(source: &Path, plan: &mut Plan) -> Result<(), ImportError> {
    let library = Library::open(source, &[])?;
    for package in library.packages() {
        match package.id.parse() {
            Ok(id) => object(id, package, &library, plan)?,
            Err(error) => {
                plan.problems.push(Problem::warning("import-id", format!("left out: {error}")));
            }
        }
    }
    distribution_point::add("content-library", source, plan)
}

/// Adds the object of a package, or says in the site's own where its files are.
fn object(
    id: ContentId,
    package: &LibraryPackage,
    library: &Library,
    plan: &mut Plan,
) -> Result<(), ImportError> {
    let Some(object) = described(plan.spelled(&id), package, library) else {
        let message = format!("`{}` lists no content", package.id);
        plan.problems.push(Problem::note("import-empty", message));
        return Ok(());
    };
    let known = plan.catalog.objects.get(&object.id);
    if known.is_some_and(|known| known.contents().iter().all(|known| known.source.is_none())) {
        let path = plan.site.object_file(&object.id);
        if let Some((filled, text)) = fill_source(&load::read_text(&path)?, &object) {
            plan.edited(filled, text);
            return Ok(());
        }
    }
    plan.object(object);
    Ok(())
}

/// What a library says of a package: its contents and their version, but neither name nor kind.
fn described(id: ContentId, package: &LibraryPackage, library: &Library) -> Option<CatalogObject> {
    let mut names: Vec<&str> = package
        .contents
        .iter()
        .map(|content| content_version(content).map_or(content.as_str(), |(of, _)| of))
        .collect();
    names.sort();
    names.dedup();
    let newest = names.iter().filter_map(|name| library.newest(name));
    let version = newest.map(|content| content.version).max()?.max(1);
    let is_application = names.iter().any(|name| name.starts_with("Content_"));
    let kind = if is_application {
        let deployment_types = names.iter().map(|name| deployment_type(name)).collect();
        ObjectKind::Application(Application { deployment_types, ..Application::default() })
    } else {
        kind_by_files(&library.locate(id.as_str()))
    };
    Some(CatalogObject {
        name: id.to_string(),
        version: String::new(),
        source_version: version,
        source: (!is_application).then(|| id.to_string()),
        guid: None,
        selection_profile: None,
        kind,
        id,
    })
}

fn deployment_type(name: &str) -> DeploymentType {
    DeploymentType {
        name: name.to_owned(),
        source: Some(name.to_owned()),
        content: name.parse().ok(),
        ..DeploymentType::default()
    }
}

/// A library does not say what a package is; images and Windows Setup show it by their files.
fn kind_by_files(found: &Found) -> ObjectKind {
    let Found::Whole { location: ContentLocation::Files { files, .. }, .. } = found else {
        return ObjectKind::Package { programs: Vec::new() };
    };
    let has = |name: &str| files.iter().any(|file| file.path.eq_ignore_ascii_case(name));
    if has("setup.exe") && (has("sources/install.wim") || has("sources/install.esd")) {
        return ObjectKind::OsUpgrade { architecture: None };
    }
    let is_wim = |path: &str| path.to_ascii_lowercase().ends_with(".wim");
    if files.len() == 1 && is_wim(&files[0].path) {
        return ObjectKind::OsImage { images: Vec::new() };
    }
    ObjectKind::Package { programs: Vec::new() }
}
