use toml_edit::{Array, ArrayOfTables, DocumentMut, InlineTable, Item, Table, Value};

use super::{
    Application, BootPlatform, CatalogObject, DependencyGroup, DeploymentType, Detection,
    ObjectKind, OsImageIndex, Program,
};
use crate::ContentId;

pub(super) fn object(object: &CatalogObject) -> String {
    let mut document = DocumentMut::new();
    let table = document.as_table_mut();
    text(table, "id", object.id.as_str());
    text(table, "kind", object.kind.as_str());
    text(table, "name", &object.name);
    if !object.version.is_empty() {
        text(table, "version", &object.version);
    }
    table["source-version"] = toml_edit::value(i64::from(object.source_version));
    optional(table, "source", object.source.as_deref());
    optional(table, "guid", object.guid.as_deref());
    optional(table, "selection-profile", object.selection_profile.as_deref());
    kind(table, &object.kind);
    document.to_string()
}

fn text(table: &mut Table, key: &str, value: &str) {
    table[key] = toml_edit::value(value);
}

fn optional(table: &mut Table, key: &str, value: Option<&str>) {
    if let Some(value) = value {
        text(table, key, value);
    }
}

fn tables<T>(table: &mut Table, key: &str, items: &[T], write: impl Fn(&mut Table, &T)) {
    if items.is_empty() {
        return;
    }
    let mut tables = ArrayOfTables::new();
    for item in items {
        let mut table = Table::new();
        write(&mut table, item);
        tables.push(table);
    }
    table[key] = Item::ArrayOfTables(tables);
}

fn kind(table: &mut Table, kind: &ObjectKind) {
    match kind {
        ObjectKind::Package { programs } => tables(table, "program", programs, program),
        ObjectKind::Application(application) => self::application(table, application),
        ObjectKind::DriverPackage => {}
        ObjectKind::BootImage { architecture, platform } => {
            text(table, "architecture", architecture.as_str());
            if *platform != BootPlatform::WinPe {
                text(table, "platform", platform.as_str());
            }
        }
        ObjectKind::OsImage { images } => tables(table, "image", images, image),
        ObjectKind::OsUpgrade { architecture } => {
            optional(table, "architecture", architecture.map(|known| known.as_str()));
        }
    }
}

fn program(table: &mut Table, program: &Program) {
    text(table, "name", &program.name);
    text(table, "command", &program.command);
    optional(table, "working-directory", program.working_directory.as_deref());
}

fn image(table: &mut Table, image: &OsImageIndex) {
    table["index"] = toml_edit::value(i64::from(image.index));
    if !image.name.is_empty() {
        text(table, "name", &image.name);
    }
    optional(table, "architecture", image.architecture.map(|known| known.as_str()));
}

fn application(table: &mut Table, application: &Application) {
    optional(table, "model-name", application.model_name.as_deref());
    if !application.supersedes.is_empty() {
        table["supersedes"] = toml_edit::value(ids(&application.supersedes));
    }
    tables(table, "deployment-type", &application.deployment_types, deployment_type);
}

fn deployment_type(table: &mut Table, deployment_type: &DeploymentType) {
    text(table, "name", &deployment_type.name);
    if !deployment_type.install.is_empty() {
        text(table, "install", &deployment_type.install);
    }
    optional(table, "uninstall", deployment_type.uninstall.as_deref());
    optional(table, "working-directory", deployment_type.working_directory.as_deref());
    optional(table, "source", deployment_type.source.as_deref());
    optional(table, "content", deployment_type.content.as_ref().map(ContentId::as_str));
    if deployment_type.success_codes != DeploymentType::SUCCESS_CODES {
        let codes = deployment_type.success_codes.iter().copied();
        table["success-codes"] = toml_edit::value(codes.collect::<Array>());
    }
    if let Some(detection) = &deployment_type.detection {
        table["detection"] = toml_edit::value(self::detection(detection));
    }
    if !deployment_type.dependencies.is_empty() {
        let groups = deployment_type.dependencies.iter().map(dependency_group);
        table["dependencies"] = toml_edit::value(groups.collect::<Array>());
    }
}

fn detection(detection: &Detection) -> InlineTable {
    let (key, value) = match detection {
        Detection::File(path) => ("file", path),
        Detection::Command(command) => ("command", command),
    };
    InlineTable::from_iter([(key, value.as_str())])
}

fn dependency_group(group: &DependencyGroup) -> Value {
    match group.0.as_slice() {
        [only] => only.as_str().into(),
        members => ids(members).into(),
    }
}

fn ids(ids: &[ContentId]) -> Array {
    ids.iter().map(ContentId::as_str).collect()
}
