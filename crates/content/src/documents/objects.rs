//! Packages and applications in the policy.

use super::DocumentError;
use super::element::Reader;
use super::write::{attribute, optional};
use crate::{
    Application, CatalogObject, ContentId, DependencyGroup, DeploymentType, Detection, ObjectKind,
    Program,
};

/// Writes an object; one that is neither package nor application leaves nothing.
pub(super) fn write(text: &mut String, object: &CatalogObject) {
    match &object.kind {
        ObjectKind::Package { programs } => {
            open(text, object);
            *text += ">";
            programs.iter().for_each(|program| write_program(text, program));
            *text += "</package>\n";
        }
        ObjectKind::Application(application) => {
            open(text, object);
            optional(text, "modelName", application.model_name.as_deref());
            *text += ">";
            ids(text, "supersedes", &application.supersedes);
            application.deployment_types.iter().for_each(|known| write_type(text, known));
            *text += "</application>\n";
        }
        _ => {}
    }
}

fn open(text: &mut String, object: &CatalogObject) {
    *text += &format!("<{}", object.kind.as_str());
    attribute(text, "id", object.id.as_str());
    attribute(text, "name", &object.name);
    optional(text, "guid", object.guid.as_deref());
}

fn write_program(text: &mut String, program: &Program) {
    *text += "<program";
    attribute(text, "name", &program.name);
    attribute(text, "command", &program.command);
    optional(text, "workingDirectory", program.working_directory.as_deref());
    *text += "/>";
}

fn write_type(text: &mut String, known: &DeploymentType) {
    *text += "\n<deploymentType";
    attribute(text, "name", &known.name);
    attribute(text, "install", &known.install);
    optional(text, "uninstall", known.uninstall.as_deref());
    optional(text, "workingDirectory", known.working_directory.as_deref());
    optional(text, "content", known.content.as_ref().map(ContentId::as_str));
    let codes: Vec<String> = known.success_codes.iter().map(i64::to_string).collect();
    attribute(text, "successCodes", &codes.join(" "));
    *text += ">";
    if let Some(detection) = &known.detection {
        *text += "<detection";
        match detection {
            Detection::File(path) => attribute(text, "file", path),
            Detection::Command(command) => attribute(text, "command", command),
        }
        *text += "/>";
    }
    known.dependencies.iter().for_each(|group| ids(text, "dependency", &group.0));
    *text += "</deploymentType>";
}

/// An element with ids, if there are any.
fn ids(text: &mut String, name: &str, ids: &[ContentId]) {
    if ids.is_empty() {
        return;
    }
    *text += &format!("<{name}>");
    ids.iter().for_each(|id| *text += &format!("<application id=\"{id}\"/>"));
    *text += &format!("</{name}>");
}

/// Reads a package or an application.
pub(super) fn read(element: &Reader) -> Result<CatalogObject, DocumentError> {
    let object = CatalogObject {
        id: element.parsed("id")?,
        name: element.required("name")?.to_owned(),
        version: String::new(),
        source_version: 1,
        source: None,
        guid: element.optional("guid").map(str::to_owned),
        selection_profile: None,
        kind: match element.name() {
            "package" => ObjectKind::Package { programs: programs(element)? },
            _ => ObjectKind::Application(application(element)?),
        },
    };
    element.finish()?;
    Ok(object)
}

fn programs(package: &Reader) -> Result<Vec<Program>, DocumentError> {
    let program = |element: &Reader| {
        if element.name() != "program" {
            return Err(element.unknown());
        }
        let program = Program {
            name: element.required("name")?.to_owned(),
            command: element.required("command")?.to_owned(),
            working_directory: element.optional("workingDirectory").map(str::to_owned),
        };
        element.empty()?;
        element.finish()?;
        Ok(program)
    };
    package.elements()?.iter().map(program).collect()
}

fn application(element: &Reader) -> Result<Application, DocumentError> {
    let model_name = element.optional("modelName").map(str::to_owned);
    let mut application = Application { model_name, ..Application::default() };
    for child in element.elements()? {
        match child.name() {
            "supersedes" if application.supersedes.is_empty() => {
                application.supersedes = read_ids(&child)?;
            }
            "deploymentType" => application.deployment_types.push(deployment_type(&child)?),
            "supersedes" => return Err(child.unexpected("a second list stands")),
            _ => return Err(child.unknown()),
        }
    }
    Ok(application)
}

fn deployment_type(element: &Reader) -> Result<DeploymentType, DocumentError> {
    let codes = element.required("successCodes")?.split_ascii_whitespace();
    let mut known = DeploymentType {
        name: element.required("name")?.to_owned(),
        install: element.required("install")?.to_owned(),
        uninstall: element.optional("uninstall").map(str::to_owned),
        working_directory: element.optional("workingDirectory").map(str::to_owned),
        source: None,
        content: element.optional("content").map(|id| element.parse(id)).transpose()?,
        success_codes: codes.map(|code| element.parse(code)).collect::<Result<_, _>>()?,
        detection: None,
        dependencies: Vec::new(),
    };
    element.finish()?;
    for child in element.elements()? {
        match child.name() {
            "detection" if known.detection.is_none() => known.detection = Some(detection(&child)?),
            "dependency" => known.dependencies.push(DependencyGroup(read_ids(&child)?)),
            "detection" => return Err(child.unexpected("a second rule stands")),
            _ => return Err(child.unknown()),
        }
    }
    Ok(known)
}

fn detection(element: &Reader) -> Result<Detection, DocumentError> {
    let detection = match (element.optional("file"), element.optional("command")) {
        (Some(path), None) => Detection::File(path.to_owned()),
        (None, Some(command)) => Detection::Command(command.to_owned()),
        _ => return Err(element.unexpected("not one of `file` and `command` stands")),
    };
    element.empty()?;
    element.finish()?;
    Ok(detection)
}

/// One or more ids.
fn read_ids(element: &Reader) -> Result<Vec<ContentId>, DocumentError> {
    element.finish()?;
    let id = |child: &Reader| {
        if child.name() != "application" {
            return Err(child.unknown());
        }
        let id = child.parsed("id")?;
        child.empty()?;
        child.finish()?;
        Ok(id)
    };
    let ids: Vec<ContentId> = element.elements()?.iter().map(id).collect::<Result<_, _>>()?;
    match ids.is_empty() {
        true => Err(element.unexpected("no application stands")),
        false => Ok(ids),
    }
}
