use super::{
    Application, Architecture, BootPlatform, CatalogObject, DependencyGroup, DeploymentType,
    Detection, ObjectKind, OsImageIndex, Program,
};
use crate::fields::{Field, Fields, TomlText};
use crate::{ContentId, Problem};

/// The exit codes that a program of Linux or Windows can have; the latter are written with a sign
/// or without.
const EXIT_CODES: std::ops::RangeInclusive<i64> = i32::MIN as i64..=u32::MAX as i64;

pub(super) fn object(text: &str) -> Result<(CatalogObject, Vec<Problem>), Vec<Problem>> {
    let file = TomlText::new(text);
    let table = file.parse();
    let object = read(file.root(&table));
    match object {
        Some(object) if !file.has_syntax_errors() => Ok((object, file.into_problems())),
        _ => Err(file.into_problems()),
    }
}

fn read(fields: Fields) -> Option<CatalogObject> {
    let id = fields.id("id");
    if fields.get("id").is_none() {
        fields.missing("id", "id = \"P0100020\", the same as the file's name");
    }
    let name = required(&fields, "name");
    let kind = kind(&fields);
    let source_version = fields.number("source-version").unwrap_or(1);
    if source_version == 0
        && let Some(field) = fields.get("source-version")
    {
        field.wrong("value", "versions count from 1", "source-version = 1");
    }
    let object = id.zip(name).zip(kind).map(|((id, name), kind)| CatalogObject {
        id,
        name,
        version: fields.text("version").unwrap_or_default().to_owned(),
        source_version,
        source: match kind {
            // Reported where the deployment types are read.
            ObjectKind::Application(_) => None,
            _ => fields.get("source").and_then(|field| source(&field)),
        },
        guid: fields.get("guid").and_then(|field| guid(&field)),
        selection_profile: fields.text("selection-profile").map(str::to_owned),
        kind,
    });
    // Known also where the object cannot be read.
    fields.knows(&["version", "source", "guid", "selection-profile"]);
    fields.finish();
    object
}

fn required(fields: &Fields, key: &'static str) -> Option<String> {
    if fields.get(key).is_none() {
        fields.missing(key, &format!("{key} = \"…\""));
    }
    optional(fields, key)
}

/// A text that goes onto media.
fn optional(fields: &Fields, key: &'static str) -> Option<String> {
    let field = fields.get(key)?;
    let text = field.text()?;
    field.fits_xml("value", text);
    Some(text.to_owned())
}

/// Reads the kind, and the keys that only this kind has.
fn kind(fields: &Fields) -> Option<ObjectKind> {
    let Some(field) = fields.get("kind") else {
        fields.missing("kind", &format!("one of {}", ObjectKind::NAMES.join(", ")));
        return None;
    };
    let name = field.text()?;
    let Some(kind) = ObjectKind::of_name(name) else {
        let remedy = format!("one of {}", ObjectKind::NAMES.join(", "));
        field.wrong("value", format!("`{name}` is no kind of object"), remedy);
        return None;
    };
    Some(match kind {
        ObjectKind::Package { .. } => ObjectKind::Package {
            programs: fields.tables("program").into_iter().filter_map(program).collect(),
        },
        ObjectKind::Application(_) => ObjectKind::Application(application(fields)),
        ObjectKind::DriverPackage => ObjectKind::DriverPackage,
        ObjectKind::BootImage { .. } => boot_image(fields)?,
        ObjectKind::OsImage { .. } => ObjectKind::OsImage {
            images: fields.tables("image").into_iter().filter_map(image).collect(),
        },
        ObjectKind::OsUpgrade { .. } => ObjectKind::OsUpgrade {
            architecture: fields.get("architecture").and_then(|f| architecture(&f)),
        },
    })
}

/// A source is a relative path without `..`: it must stay below the distribution point.
fn source(field: &Field) -> Option<String> {
    let text = field.text()?;
    let leaves = text.split(['/', '\\']).any(|part| part == "..");
    let absolute = text.starts_with(['/', '\\']) || text.get(1..2) == Some(":");
    if text.is_empty() || leaves || absolute || text.contains('\0') {
        let remedy = "write a path below a distribution point, or a content library's package id";
        field.wrong("value", format!("`{}` is no such path", text.escape_debug()), remedy);
        return None;
    }
    Some(text.to_owned())
}

/// A GUID in braces, which compares without case.
fn guid(field: &Field) -> Option<String> {
    let text = field.text()?.to_ascii_lowercase();
    let inner = text.strip_prefix('{').and_then(|text| text.strip_suffix('}'));
    let groups: Vec<usize> = inner.unwrap_or("").split('-').map(str::len).collect();
    let hex = |c: char| c.is_ascii_hexdigit() || c == '-';
    if groups != [8, 4, 4, 4, 12] || !inner.is_some_and(|text| text.chars().all(hex)) {
        let remedy = "guid = \"{01234567-89ab-cdef-0123-456789abcdef}\"";
        field.wrong("value", "is no GUID in braces", remedy);
        return None;
    }
    Some(text)
}

fn architecture(field: &Field) -> Option<Architecture> {
    let text = field.text()?;
    let found = Architecture::ALL.into_iter().find(|known| known.as_str() == text);
    if found.is_none() {
        let known = Architecture::ALL.map(Architecture::as_str).join(", ");
        field.wrong("value", format!("`{text}` is no architecture"), format!("one of {known}"));
    }
    found
}

fn boot_image(fields: &Fields) -> Option<ObjectKind> {
    let platform = fields.get("platform").map_or(Some(BootPlatform::WinPe), |field| {
        let text = field.text()?;
        let found = BootPlatform::ALL.into_iter().find(|known| known.as_str() == text);
        if found.is_none() {
            let known = BootPlatform::ALL.map(BootPlatform::as_str).join(", ");
            field.wrong("value", format!("`{text}` is no platform"), format!("one of {known}"));
        }
        found
    });
    let Some(field) = fields.get("architecture") else {
        fields.missing("architecture", "one of x86, x64, arm64");
        return None;
    };
    Some(ObjectKind::BootImage { architecture: architecture(&field)?, platform: platform? })
}

fn program(fields: Fields) -> Option<Program> {
    let name = required(&fields, "name");
    let command = required(&fields, "command");
    let working_directory = optional(&fields, "working-directory");
    fields.finish();
    Some(Program { name: name?, command: command?, working_directory })
}

fn image(fields: Fields) -> Option<OsImageIndex> {
    let index = fields.number("index");
    match (index, fields.get("index")) {
        (Some(0), Some(field)) => field.wrong("value", "images count from 1", ""),
        (None, None) => fields.missing("index", "index = 1"),
        _ => {}
    }
    let name = optional(&fields, "name").unwrap_or_default();
    let architecture = fields.get("architecture").and_then(|field| architecture(&field));
    fields.finish();
    Some(OsImageIndex { index: index?, name, architecture })
}

fn application(fields: &Fields) -> Application {
    let types = fields.tables("deployment-type");
    let several = types.len() > 1;
    let application = Application {
        model_name: fields.get("model-name").and_then(|field| model_name(&field)),
        deployment_types: types.into_iter().filter_map(|t| deployment_type(t, several)).collect(),
        supersedes: fields.ids("supersedes"),
    };
    if let Some(field) = fields.get("source") {
        let remedy = "write it into the table [[deployment-type]]";
        field.wrong(
            "unknown-key",
            "an application's source belongs to its deployment type",
            remedy,
        );
    }
    application
}

fn model_name(field: &Field) -> Option<String> {
    let text = field.text()?;
    let parts = text.split_once('/');
    let fits = parts.is_some_and(|(scope, name)| {
        scope.starts_with("ScopeId_") && name.starts_with("Application_")
    });
    if !fits {
        field.wrong("value", "is no `ScopeId_…/Application_…`", "");
        return None;
    }
    Some(text.to_owned())
}

fn deployment_type(fields: Fields, several: bool) -> Option<DeploymentType> {
    let name = required(&fields, "name");
    let install = optional(&fields, "install").unwrap_or_default();
    let source = fields.get("source").and_then(|field| source(&field));
    let content = fields.id("content");
    if several && source.is_some() && content.is_none() {
        fields.missing("content", "give each deployment type's content its own id");
    }
    let uninstall = optional(&fields, "uninstall");
    let working_directory = optional(&fields, "working-directory");
    let success_codes = success_codes(&fields);
    let detection = fields.table("detection").and_then(detection);
    let dependencies = dependencies(&fields);
    fields.finish();
    Some(DeploymentType {
        name: name?,
        install,
        uninstall,
        working_directory,
        source,
        content,
        success_codes: success_codes.unwrap_or(DeploymentType::SUCCESS_CODES.to_vec()),
        detection,
        dependencies,
    })
}

/// Exit codes as Windows shows them, with or without a sign.
fn success_codes(fields: &Fields) -> Option<Vec<i64>> {
    let field = fields.get("success-codes")?;
    let code = |item: &Field| {
        let code = item.integer()?;
        if !EXIT_CODES.contains(&code) {
            item.wrong("value", format!("`{code}` is no exit code"), "");
            return None;
        }
        Some(code)
    };
    let codes: Vec<i64> = field.items().iter().filter_map(code).collect();
    if codes.is_empty() {
        field.wrong("value", "is empty, so nothing would succeed", "success-codes = [0, 3010]");
    }
    Some(codes)
}

fn detection(fields: Fields) -> Option<Detection> {
    let file = optional(&fields, "file");
    let command = optional(&fields, "command");
    if file.is_some() == command.is_some() {
        let remedy = "detection = { file = \"/opt/tool/version\" }, or with `command`";
        fields.missing("file", remedy);
    }
    fields.finish();
    file.map(Detection::File).or(command.map(Detection::Command))
}

/// Reads `["A", ["B", "C"]]`: A, and one of B and C.
fn dependencies(fields: &Fields) -> Vec<DependencyGroup> {
    let Some(field) = fields.get("dependencies") else { return Vec::new() };
    let group = |item: Field| {
        if item.is_text() {
            return item.id().map(|id| DependencyGroup(vec![id]));
        }
        let members: Vec<ContentId> =
            item.items().into_iter().filter_map(|member| member.id()).collect();
        (!members.is_empty()).then_some(DependencyGroup(members))
    };
    field.items().into_iter().filter_map(group).collect()
}
