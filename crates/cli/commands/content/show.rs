//! `tsmedia content list` and `show`.

use content::{
    Application, Catalog, CatalogObject, ContentId, ContentLocation, ContentSource, DeploymentType,
    Detection, ObjectKind, Problem,
};
use pipeline::{catalog_edit, load};
use serde_json::{Value, json};

use super::id;
use crate::args::{ContentIdArgs, Global};
use crate::commands::ts::columns::columns;
use crate::exit::{CommandError, Exit};
use crate::report::{self, count};
use crate::session;

pub(super) fn list(global: &Global) -> Result<Exit, CommandError> {
    let path = session::site_path(global)?;
    let (_, catalog, problems) = load::catalog(&path)?;
    let of_catalog = |problem: &Problem| {
        let file = problem.place.file.as_deref().unwrap_or_default();
        problem.place.object.is_some() || file.starts_with("catalog/") || file == "site.toml"
    };
    let problems: Vec<Problem> = problems.into_iter().filter(of_catalog).collect();
    let objects = catalog.objects.values();
    if global.json {
        report::print_json(&json!({
            "objects": objects.map(|object| located_document(object, &catalog)).collect::<Vec<_>>(),
            "problems": report::problems_json(&problems),
        }))?;
    } else {
        let head = ["ID", "KIND", "UPDATES", "FILES", "NAME"].map(str::to_owned);
        let rows = objects.map(|object| {
            [
                object.id.to_string(),
                object.kind.as_str().to_owned(),
                object.source_version.to_string(),
                files(object, &catalog).to_owned(),
                object.name.clone(),
            ]
        });
        report::print(&columns(&[head].into_iter().chain(rows).collect::<Vec<_>>()))?;
        report::tell_problems(&problems, false);
    }
    Ok(report::exit_of(&problems).unwrap_or(Exit::Done))
}

/// Whether the files of an object are there, in one word.
fn files(object: &CatalogObject, catalog: &Catalog) -> &'static str {
    let contents = object.contents();
    let found = contents.iter().filter(|c| catalog.locations.contains_key(c.content)).count();
    match found {
        _ if contents.is_empty() => "none needed",
        0 => "missing",
        _ if found < contents.len() => "incomplete",
        _ => "found",
    }
}

pub(super) fn show(global: &Global, args: &ContentIdArgs) -> Result<Exit, CommandError> {
    let path = session::site_path(global)?;
    let (_, catalog, problems) = load::catalog(&path)?;
    let id = id(&args.id)?;
    let Some(object) = catalog.objects.get(&id) else {
        // A file that cannot be read holds no object; its problems say why.
        report::tell_problems(&of_file(&problems, &id), false);
        return Err(CommandError::usage(format!("the catalog has no `{id}`"))
            .hint("`tsmedia content list` shows the ids"));
    };
    let users = catalog_edit::users(&path, &catalog, &id)?;
    let users: Vec<String> = users.iter().map(ToString::to_string).collect();
    let problems = of_file(&problems, &id);
    if global.json {
        let mut document = located_document(object, &catalog);
        document["file"] = json!(path.relative(&path.object_file(&id)));
        document["used_by"] = json!(users);
        document["problems"] = json!(report::problems_json(&problems));
        report::print_json(&document)?;
    } else {
        report::print(&text(object, &catalog, &users))?;
        report::tell_problems(&problems, true);
    }
    Ok(Exit::Done)
}

fn of_file(problems: &[Problem], id: &ContentId) -> Vec<Problem> {
    let file = format!("catalog/{id}.toml");
    let concerns = |problem: &&Problem| problem.place.file.as_ref() == Some(&file);
    problems.iter().filter(concerns).cloned().collect()
}

/// What an object's file says of it.
pub(super) fn object_document(object: &CatalogObject) -> Value {
    let mut document = json!({
        "id": object.id,
        "kind": object.kind.as_str(),
        "name": object.name,
        "version": object.version,
        "source_version": object.source_version,
        "contents": object.contents().iter().map(content_document).collect::<Vec<_>>(),
    });
    match &object.kind {
        ObjectKind::BootImage { architecture, platform } => {
            document["architecture"] = json!(architecture.as_str());
            document["platform"] = json!(platform.as_str());
        }
        ObjectKind::OsUpgrade { architecture } => {
            document["architecture"] = json!(architecture.map(|known| known.as_str()));
        }
        ObjectKind::Application(application) => {
            document["model_name"] = json!(application.model_name);
            document["supersedes"] = json!(application.supersedes);
            document["dependencies"] = json!(dependencies(application));
            document["deployment_types"] =
                application.deployment_types.iter().map(deployment_type_document).collect();
        }
        _ => {}
    }
    document
}

fn content_document(source: &ContentSource<'_>) -> Value {
    json!({ "id": source.content, "source": source.source })
}

fn deployment_type_document(of: &DeploymentType) -> Value {
    json!({
        "name": of.name,
        "install": of.install,
        "uninstall": of.uninstall,
        "working_directory": of.working_directory,
        "success_codes": of.success_codes,
        "detection": of.detection.as_ref().map(|detection| match detection {
            Detection::File(path) => json!({ "file": path }),
            Detection::Command(command) => json!({ "command": command }),
        }),
    })
}

/// Groups of ids: of each group at least one is needed.
fn dependencies(application: &Application) -> Vec<&[ContentId]> {
    let types = application.deployment_types.iter();
    types.flat_map(|of| &of.dependencies).map(|group| group.0.as_slice()).collect()
}

/// An object with where its files lie.
fn located_document(object: &CatalogObject, catalog: &Catalog) -> Value {
    let mut document = object_document(object);
    let contents = object.contents();
    document["contents"] = contents
        .iter()
        .map(|source| {
            let mut content = content_document(source);
            content["path"] = match catalog.locations.get(source.content) {
                Some(ContentLocation::Path(path)) => json!(path),
                _ => Value::Null,
            };
            content["found"] = json!(catalog.locations.contains_key(source.content));
            content
        })
        .collect();
    document
}

fn text(object: &CatalogObject, catalog: &Catalog, users: &[String]) -> String {
    let version = if object.version.is_empty() { "-" } else { &object.version };
    let mut text = format!(
        "{}: {} \"{}\"\n  version {version}, source version {}\n",
        object.id,
        object.kind.as_str(),
        object.name,
        object.source_version,
    );
    match &object.kind {
        ObjectKind::BootImage { architecture, platform } => {
            text += &format!("  {} for {}\n", platform.as_str(), architecture.as_str());
        }
        ObjectKind::Package { programs } => {
            for program in programs {
                text += &format!("  program {}: {}\n", program.name, program.command);
            }
        }
        ObjectKind::OsImage { images } => {
            for image in images {
                text += &format!("  image {}: {}\n", image.index, image.name);
            }
        }
        ObjectKind::Application(application) => text += &application_text(application),
        ObjectKind::DriverPackage | ObjectKind::OsUpgrade { .. } => {}
    }
    for source in object.contents() {
        text += &format!("  content {}: {}\n", source.content, located(source, catalog));
    }
    for user in users {
        text += &format!("  used by {user}\n");
    }
    text
}

fn application_text(application: &Application) -> String {
    let mut text = String::new();
    if let Some(model_name) = &application.model_name {
        text += &format!("  {model_name}\n");
    }
    for of in &application.deployment_types {
        text += &format!("  deployment type {}: {}\n", of.name, of.install);
        if of.success_codes != DeploymentType::SUCCESS_CODES {
            let codes: Vec<String> = of.success_codes.iter().map(i64::to_string).collect();
            text += &format!("    succeeds with {}\n", codes.join(", "));
        }
        match &of.detection {
            Some(Detection::File(path)) => text += &format!("    installed if there is {path}\n"),
            Some(Detection::Command(command)) => {
                text += &format!("    installed if this ends with 0: {command}\n");
            }
            None => {}
        }
    }
    for group in dependencies(application) {
        let group: Vec<&str> = group.iter().map(ContentId::as_str).collect();
        text += &format!("  needs {}\n", group.join(" or "));
    }
    for id in &application.supersedes {
        text += &format!("  supersedes {id}\n");
    }
    text
}

fn located(source: ContentSource<'_>, catalog: &Catalog) -> String {
    match catalog.locations.get(source.content) {
        Some(ContentLocation::Path(path)) => path.display().to_string(),
        Some(ContentLocation::Files { files, .. }) => {
            format!("{} in a content library", count(files.len() as u64, "file"))
        }
        None => {
            let absent = catalog.absent.get(source.content).cloned().unwrap_or_default();
            let places: Vec<String> = absent.places.into_iter().chain(absent.damage).collect();
            if places.is_empty() {
                "nobody has said where its files are".to_owned()
            } else {
                format!("no files; looked for at: {}", places.join("; "))
            }
        }
    }
}
