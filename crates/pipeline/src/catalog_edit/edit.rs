//! Edits the text of an object's file, so that what a person wrote there stays.

use content::{CatalogObject, ObjectKind, Problem, ProblemClass};
use toml_edit::{ArrayOfTables, DocumentMut, Item, Table, value};

use super::ObjectChange;

/// The text with the change, and what it now says; `Err` holds the problems of a text that says no
/// object.
pub(super) fn changed(
    text: &str,
    source: Option<String>,
    change: &ObjectChange,
) -> Result<(CatalogObject, String), Vec<Problem>> {
    let (object, _) = CatalogObject::parse(text)?;
    let mut document = document(text)?;
    let next = object.source_version.checked_add(1).ok_or_else(|| {
        let message = format!("source-version {} cannot be raised", object.source_version);
        vec![Problem::error("value", ProblemClass::Definition, message)]
    })?;
    set(&mut document, "source-version", i64::from(next).into());
    for (key, text) in [("name", &change.name), ("version", &change.version)] {
        if let Some(text) = text {
            set(&mut document, key, text.into());
        }
    }
    if let Some(source) = &source {
        let table = source_table(&mut document, &object);
        set(table, "source", source.into());
    }
    said(document.to_string())
}

/// The text with the source and the source version of `found`, where it says no source itself.
///
/// `None` if the text cannot be filled in, for example because it is of another kind.
pub(crate) fn fill_source(text: &str, found: &CatalogObject) -> Option<(CatalogObject, String)> {
    let (object, _) = CatalogObject::parse(text).ok()?;
    let mut document = document(text).ok()?;
    match (&object.kind, &found.kind) {
        (ObjectKind::Application(_), ObjectKind::Application(of_library)) => {
            if matches!(&object.kind, ObjectKind::Application(a) if !a.deployment_types.is_empty())
            {
                return None;
            }
            let mut tables = ArrayOfTables::new();
            for deployment_type in &of_library.deployment_types {
                let mut table = Table::new();
                table["name"] = value(&deployment_type.name);
                if let Some(source) = &deployment_type.source {
                    table["source"] = value(source);
                }
                if let Some(content) = &deployment_type.content {
                    table["content"] = value(content.as_str());
                }
                tables.push(table);
            }
            document["deployment-type"] = Item::ArrayOfTables(tables);
        }
        (ObjectKind::Application(_), _) | (_, ObjectKind::Application(_)) => return None,
        _ => set(&mut document, "source", found.source.as_ref()?.into()),
    }
    set(&mut document, "source-version", i64::from(found.source_version).into());
    said(document.to_string()).ok()
}

fn document(text: &str) -> Result<DocumentMut, Vec<Problem>> {
    text.parse().map_err(|error: toml_edit::TomlError| {
        vec![Problem::error("toml-syntax", ProblemClass::Definition, error.message())]
    })
}

fn said(text: String) -> Result<(CatalogObject, String), Vec<Problem>> {
    let (object, _) = CatalogObject::parse(&text)?;
    Ok((object, text))
}

/// Sets a value and keeps the comment beside the old one.
fn set(table: &mut Table, key: &str, mut new: toml_edit::Value) {
    if let Some(old) = table.get(key).and_then(Item::as_value) {
        *new.decor_mut() = old.decor().clone();
    }
    table[key] = Item::Value(new);
}

/// The table that holds the source: the object's own, or its first deployment type.
fn source_table<'d>(document: &'d mut DocumentMut, object: &CatalogObject) -> &'d mut Table {
    if !matches!(object.kind, ObjectKind::Application(_)) {
        return document.as_table_mut();
    }
    let types = document
        .entry("deployment-type")
        .or_insert_with(|| Item::ArrayOfTables(ArrayOfTables::new()));
    if types.as_array_of_tables().is_none() {
        // An inline list says the same; only as tables can it be edited in place.
        let inline = types.as_array().cloned().unwrap_or_default();
        let tables = inline.into_iter().filter_map(|item| item.as_inline_table().cloned());
        *types = Item::ArrayOfTables(tables.map(|table| table.into_table()).collect());
    }
    let tables = types.as_array_of_tables_mut().expect("because it was made one above");
    if tables.is_empty() {
        let mut table = Table::new();
        table["name"] = value("Script");
        tables.push(table);
    }
    tables.get_mut(0).expect("because the list is not empty")
}
