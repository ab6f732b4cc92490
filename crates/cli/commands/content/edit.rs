//! `tsmedia content add`, `update` and `remove`.

use content::{Application, Architecture, BootPlatform, DeploymentType, ObjectKind};
use pipeline::catalog_edit::{self, Edited, NewObject, ObjectChange};
use serde_json::json;

use super::id;
use super::show::object_document;
use crate::args::{ContentAddArgs, ContentRemoveArgs, ContentUpdateArgs, Global};
use crate::exit::{CommandError, Exit};
use crate::report;
use crate::session;

pub(super) fn add(global: &Global, args: &ContentAddArgs) -> Result<Exit, CommandError> {
    let site = session::site_path(global)?;
    let new = NewObject {
        id: args.id.as_deref().map(id).transpose()?,
        kind: kind(args)?,
        name: args.name.clone(),
        version: args.version.clone(),
        source: args.source.as_ref().map(Into::into),
    };
    let edited = catalog_edit::add(&site, new)?;
    told(global, "added", &edited)
}

pub(super) fn update(global: &Global, args: &ContentUpdateArgs) -> Result<Exit, CommandError> {
    let site = session::site_path(global)?;
    let change = ObjectChange {
        source: args.source.as_ref().map(Into::into),
        name: args.name.clone(),
        version: args.version.clone(),
    };
    let edited = catalog_edit::update(&site, &id(&args.id)?, &change)?;
    told(global, "updated", &edited)
}

pub(super) fn remove(global: &Global, args: &ContentRemoveArgs) -> Result<Exit, CommandError> {
    let site = session::site_path(global)?;
    let id = id(&args.id)?;
    let users = catalog_edit::remove(&site, &id, args.force)?;
    let users: Vec<String> = users.iter().map(ToString::to_string).collect();
    if global.json {
        report::print_json(&json!({ "removed": id, "used_by": users }))?;
    } else {
        report::print(&format!("removed {id}; its files stay\n"))?;
        for user in users {
            report::warn(&format!("{user} still uses it"));
        }
    }
    Ok(Exit::Done)
}

fn told(global: &Global, done: &str, edited: &Edited) -> Result<Exit, CommandError> {
    let Edited { object, file } = edited;
    if global.json {
        let mut document = object_document(object);
        document["file"] = json!(file);
        report::print_json(&document)?;
    } else {
        report::print(&format!(
            "{done} {} {} \"{}\", source version {}: {}\n",
            object.kind.as_str(),
            object.id,
            object.name,
            object.source_version,
            file.display(),
        ))?;
    }
    Ok(Exit::Done)
}

/// The kind with what the flags say of it; a flag that the kind does not know is refused.
fn kind(args: &ContentAddArgs) -> Result<ObjectKind, CommandError> {
    let Some(kind) = ObjectKind::of_name(&args.kind) else {
        let message = format!("`{}` is no kind of object", args.kind.escape_debug());
        let known = ObjectKind::NAMES.join(", ");
        return Err(CommandError::usage(message).hint(format!("one of {known}")));
    };
    let flags = [
        ("--architecture", &args.architecture, &["boot-image", "os-upgrade"][..]),
        ("--platform", &args.platform, &["boot-image"]),
        ("--install", &args.install, &["application"]),
    ];
    for (flag, value, kinds) in flags {
        if value.is_some() && !kinds.contains(&kind.as_str()) {
            let message = format!("`{flag}` does not belong to a {}", kind.as_str());
            return Err(
                CommandError::usage(message).hint(format!("it is for {}", kinds.join(", ")))
            );
        }
    }
    Ok(match kind {
        ObjectKind::BootImage { .. } => ObjectKind::BootImage {
            architecture: architecture(args)?.ok_or_else(|| {
                CommandError::usage("a boot-image needs `--architecture`")
                    .hint("one of x86, x64, arm64")
            })?,
            platform: platform(args)?,
        },
        ObjectKind::OsUpgrade { .. } => ObjectKind::OsUpgrade { architecture: architecture(args)? },
        ObjectKind::Application(_) => application(args),
        other => other,
    })
}

fn architecture(args: &ContentAddArgs) -> Result<Option<Architecture>, CommandError> {
    let Some(text) = &args.architecture else { return Ok(None) };
    let found = Architecture::ALL.into_iter().find(|known| known.as_str() == text);
    found.map(Some).ok_or_else(|| {
        let known = Architecture::ALL.map(Architecture::as_str).join(", ");
        CommandError::usage(format!("`{}` is no architecture", text.escape_debug()))
            .hint(format!("one of {known}"))
    })
}

fn platform(args: &ContentAddArgs) -> Result<BootPlatform, CommandError> {
    let Some(text) = &args.platform else { return Ok(BootPlatform::WinPe) };
    let found = BootPlatform::ALL.into_iter().find(|known| known.as_str() == text);
    found.ok_or_else(|| {
        let known = BootPlatform::ALL.map(BootPlatform::as_str).join(", ");
        CommandError::usage(format!("`{}` is no platform", text.escape_debug()))
            .hint(format!("one of {known}"))
    })
}

/// The deployment type gets the source when the object is added.
fn application(args: &ContentAddArgs) -> ObjectKind {
    let deployment_type = args.install.as_ref().map(|install| DeploymentType {
        name: "Script".to_owned(),
        install: install.clone(),
        ..DeploymentType::default()
    });
    ObjectKind::Application(Application {
        deployment_types: deployment_type.into_iter().collect(),
        ..Application::default()
    })
}
