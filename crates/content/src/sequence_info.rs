use toml_edit::{ArrayOfTables, DocumentMut, Item, Table};

use crate::fields::{Fields, TomlText};
use crate::{ContentId, Problem};

/// What a site knows of a task sequence beside its steps: the file `task-sequences/<ID>.toml`.
///
/// The exported document holds it outside of the sequence; an MDT sequence has none of it but the
/// name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SequenceInfo {
    /// The name that people know it by.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// Its version; may be empty.
    pub version: String,
    /// The boot image that it starts from.
    pub boot_image: Option<ContentId>,
    /// What the export says of the packages that the steps reference.
    pub references: Vec<ReferenceInfo>,
}

/// What an export says of a referenced package.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ReferenceInfo {
    /// Its id: a package's, or `ScopeId_…/Application_…`.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What it is, in the words of the catalog; `task-sequence` for a child.
    pub kind: String,
}

impl SequenceInfo {
    /// Reads the file; `Err` holds every problem of a text that cannot be read.
    pub fn parse(text: &str) -> Result<(Self, Vec<Problem>), Vec<Problem>> {
        let file = TomlText::new(text);
        let table = file.parse();
        let info = read(file.root(&table));
        if file.has_syntax_errors() {
            return Err(file.into_problems());
        }
        Ok((info, file.into_problems()))
    }

    /// Writes the file as [`SequenceInfo::parse`] reads it.
    pub fn to_toml(&self) -> String {
        let mut document = DocumentMut::new();
        document["name"] = toml_edit::value(&self.name);
        let texts = [("description", &self.description), ("version", &self.version)];
        for (key, text) in texts.into_iter().filter(|(_, text)| !text.is_empty()) {
            document[key] = toml_edit::value(text);
        }
        if let Some(boot_image) = &self.boot_image {
            document["boot-image"] = toml_edit::value(boot_image.as_str());
        }
        let mut references = ArrayOfTables::new();
        for reference in &self.references {
            let mut table = Table::new();
            table["id"] = toml_edit::value(&reference.id);
            table["name"] = toml_edit::value(&reference.name);
            table["kind"] = toml_edit::value(&reference.kind);
            references.push(table);
        }
        if !references.is_empty() {
            document["reference"] = Item::ArrayOfTables(references);
        }
        document.to_string()
    }
}

fn read(fields: Fields) -> SequenceInfo {
    let text = |key| fields.text(key).unwrap_or_default().to_owned();
    if let Some(field) = fields.get("name") {
        field.fits_xml("value", fields.text("name").unwrap_or_default());
    }
    let info = SequenceInfo {
        name: text("name"),
        description: text("description"),
        version: text("version"),
        boot_image: fields.id("boot-image"),
        references: fields.tables("reference").into_iter().map(reference).collect(),
    };
    fields.finish();
    info
}

fn reference(fields: Fields) -> ReferenceInfo {
    let text = |key| fields.text(key).unwrap_or_default().to_owned();
    let reference = ReferenceInfo { id: text("id"), name: text("name"), kind: text("kind") };
    fields.finish();
    reference
}
