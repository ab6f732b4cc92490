//! Folders, selection profiles and media of a share.

use super::Guid;
use super::list::{Entry, MdtError, entries};
use crate::xml;

/// A group: a folder of the workbench with its members.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// GUID, name (the path, such as `Windows 11\Dell`), enabled, hidden.
    pub entry: Entry,
    /// The objects in the folder, in order.
    pub members: Vec<Guid>,
}

/// A selection profile: a named choice of folders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SelectionProfile {
    /// GUID, name, enabled, hidden.
    pub entry: Entry,
    /// The comments.
    pub comments: String,
    /// Whether the workbench made it.
    pub read_only: bool,
    /// The folders, such as `Out-of-Box Drivers\Windows 11`.
    pub includes: Vec<String>,
}

/// A medium that the share can make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Media {
    /// GUID, name, enabled, hidden.
    pub entry: Entry,
    /// The folder that it is made in.
    pub root: String,
    /// The name of the selection profile that says what goes on it.
    pub selection_profile: String,
    /// Whether it boots x86 computers.
    pub x86: bool,
    /// Whether it boots x64 computers.
    pub x64: bool,
    /// Whether an ISO image is made.
    pub generate_iso: bool,
    /// The name of that image.
    pub iso_name: String,
}

/// Reads a document of groups, such as `ApplicationGroups.xml`.
pub fn groups(text: &str) -> Result<Vec<Group>, MdtError> {
    entries(text, "groups", "group", |entry, fields| {
        Ok(Group { entry, members: fields.guids("Member") })
    })
}

/// Reads `SelectionProfiles.xml`.
pub fn selection_profiles(text: &str) -> Result<Vec<SelectionProfile>, MdtError> {
    entries(text, "selectionProfiles", "selectionProfile", |entry, fields| {
        let definition = fields.text("Definition");
        let includes = includes(&definition)
            .map_err(|source| MdtError::Definition { name: entry.name.clone(), source })?;
        Ok(SelectionProfile {
            entry,
            comments: fields.text("Comments"),
            read_only: fields.flag("ReadOnly").unwrap_or(false),
            includes,
        })
    })
}

/// The definition is XML inside the text of an element.
fn includes(definition: &str) -> Result<Vec<String>, xml::XmlError> {
    if definition.trim().is_empty() {
        return Ok(Vec::new());
    }
    let document = xml::parse(definition.trim())?;
    let includes = document.root.elements_named("Include");
    Ok(includes.filter_map(|include| include.attribute("path").map(str::to_owned)).collect())
}

/// Reads `Medias.xml`.
pub fn medias(text: &str) -> Result<Vec<Media>, MdtError> {
    entries(text, "medias", "media", |entry, fields| {
        Ok(Media {
            entry,
            root: fields.text("Root"),
            selection_profile: fields.text("SelectionProfile"),
            x86: fields.flag("SupportX86").unwrap_or(false),
            x64: fields.flag("SupportX64").unwrap_or(false),
            generate_iso: fields.flag("GenerateISO").unwrap_or(false),
            iso_name: fields.text("ISOName"),
        })
    })
}
