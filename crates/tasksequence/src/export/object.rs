//! The sequence package: the object around a sequence.

use super::cim::{self, Property, PropertyValue};
use crate::reference::ReferenceKind;
use crate::sequence::TaskSequence;
use crate::xml::{Document, Element};

/// The class of sequence packages.
pub(super) const CLASS: &str = "SMS_TaskSequencePackage";
const BASE_CLASS: &str = "SMS_PackageBaseclass";
const REFERENCE_CLASS: &str = "SMS_TaskSequence_Reference";
/// The documented default of `ProgramFlags`.
const PROGRAM_FLAGS: &str = "152084496";

/// The properties of a sequence package, in the order of the file, without `Sequence` and those of the system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SequenceObject {
    properties: Vec<Property>,
}

/// An entry of the property `References`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectReference {
    /// The id of a package or application.
    pub id: String,
    /// The program: `*` for packages, empty for applications.
    pub program: String,
    /// Whether it is an application rather than a package.
    pub is_application: bool,
}

impl SequenceObject {
    /// Reads an object and takes its sequence's text out; the error says what is missing.
    pub(super) fn of(document: &Document) -> Result<(Self, Option<String>), &'static str> {
        let root = &document.root;
        if root.name != "INSTANCE" || root.attribute("CLASSNAME") != Some(CLASS) {
            return Err("the root element is no instance of `SMS_TaskSequencePackage`");
        }
        let mut object = Self { properties: cim::properties(root) };
        let sequence = object.text("Sequence").map(str::to_owned);
        object.properties.retain(|property| property.name != "Sequence");
        if object.id().is_empty() {
            return Err("it has no property `PackageID`");
        }
        Ok((object, sequence))
    }

    /// Makes an object with the properties that an import needs; the references come from the sequence.
    pub(super) fn new(
        id: &str,
        name: &str,
        boot_image: Option<&str>,
        sequence: &TaskSequence,
    ) -> Self {
        let text = |name: &str, origin: &str, cim_type: &str, value: &str| Property {
            name: name.to_owned(),
            class_origin: origin.to_owned(),
            cim_type: cim_type.to_owned(),
            value: PropertyValue::Text(Some(value.to_owned())),
        };
        let references = Property {
            name: "References".to_owned(),
            class_origin: CLASS.to_owned(),
            cim_type: String::new(),
            value: references(sequence, boot_image),
        };
        let description = sequence.description().unwrap_or_default();
        Self {
            properties: vec![
                text("BootImageID", CLASS, "string", boot_image.unwrap_or_default()),
                text("Description", BASE_CLASS, "string", description),
                text("Name", BASE_CLASS, "string", name),
                text("PackageID", BASE_CLASS, "string", id),
                text("PackageType", BASE_CLASS, "uint32", "4"),
                text("ProgramFlags", CLASS, "uint32", PROGRAM_FLAGS),
                references,
                text("SourceVersion", BASE_CLASS, "uint32", "1"),
                text("TsEnabled", CLASS, "boolean", "TRUE"),
                text("Version", BASE_CLASS, "string", ""),
            ],
        }
    }

    /// Returns the package id, empty when the object has none.
    pub fn id(&self) -> &str {
        self.text("PackageID").unwrap_or_default().trim()
    }

    /// Returns the name of the sequence.
    pub fn name(&self) -> &str {
        self.text("Name").unwrap_or_default()
    }

    /// Returns the description, empty when there is none.
    pub fn description(&self) -> &str {
        self.text("Description").unwrap_or_default()
    }

    /// Returns the package id of the boot image, `None` when the sequence has none.
    pub fn boot_image(&self) -> Option<&str> {
        self.text("BootImageID").map(str::trim).filter(|id| !id.is_empty())
    }

    /// Returns the version that an administrator wrote, empty when there is none.
    pub fn version(&self) -> &str {
        self.text("Version").unwrap_or_default()
    }

    /// Says what the sequence is for, and which version of it this is.
    pub fn describe(&mut self, description: &str, version: &str) {
        for (name, text) in [("Description", description), ("Version", version)] {
            let value = PropertyValue::Text(Some(text.to_owned()));
            match self.properties.iter_mut().find(|property| property.name == name) {
                Some(property) => property.value = value,
                None => self.properties.push(Property {
                    name: name.to_owned(),
                    class_origin: BASE_CLASS.to_owned(),
                    cim_type: "string".to_owned(),
                    value,
                }),
            }
        }
        // The product sorts properties by name.
        self.properties.sort_by(|a, b| a.name.cmp(&b.name));
    }

    /// Returns the source version, which each change raises; `None` when the object does not say.
    pub fn source_version(&self) -> Option<u32> {
        self.text("SourceVersion")?.trim().parse().ok()
    }

    /// Returns whether the sequence may be run; older files do not say and mean yes.
    pub fn enabled(&self) -> bool {
        self.text("TsEnabled").is_none_or(|text| !text.trim().eq_ignore_ascii_case("false"))
    }

    /// Lists the property `References`.
    pub fn references(&self) -> Vec<ObjectReference> {
        let found = self.properties.iter().find(|property| property.name == "References");
        let Some(PropertyValue::Instances { instances, .. }) = found.map(|p| &p.value) else {
            return Vec::new();
        };
        let entries = instances.iter().filter_map(|instance| {
            Some(ObjectReference {
                id: cim::text(instance, "Package")?.trim().to_owned(),
                program: cim::text(instance, "Program").unwrap_or_default().to_owned(),
                is_application: cim::text(instance, "Type").map(str::trim) == Some("1"),
            })
        });
        entries.collect()
    }

    /// Returns the text of a property, `None` when it is absent, null or no text.
    pub fn text(&self, name: &str) -> Option<&str> {
        cim::text(&self.properties, name)
    }

    /// Lists all properties in the order of the file.
    pub fn properties(&self) -> &[Property] {
        &self.properties
    }

    /// Makes the object's element with the sequence's text in it.
    pub(super) fn to_element(&self, sequence: &str) -> Element {
        let mut properties = self.properties.clone();
        // The product sorts properties by name.
        let at = properties.iter().position(|p| p.name.as_str() > "Sequence");
        properties.insert(
            at.unwrap_or(properties.len()),
            Property {
                name: "Sequence".to_owned(),
                class_origin: CLASS.to_owned(),
                cim_type: "string".to_owned(),
                value: PropertyValue::Text(Some(sequence.to_owned())),
            },
        );
        cim::instance(CLASS, &properties, 0)
    }
}

fn references(sequence: &TaskSequence, boot_image: Option<&str>) -> PropertyValue {
    let references = sequence.references();
    let enabled = references.iter().filter(|reference| reference.enabled);
    let used = enabled.map(|r| (r.id.as_str(), r.kind == ReferenceKind::Application));
    let boot = boot_image.map(|id| (id, false));
    let property = |name: &str, cim_type: &str, value: &str| Property {
        name: name.to_owned(),
        class_origin: REFERENCE_CLASS.to_owned(),
        cim_type: cim_type.to_owned(),
        value: PropertyValue::Text(Some(value.to_owned())),
    };
    let instances = used.chain(boot).map(|(id, is_application)| {
        vec![
            property("Package", "string", id),
            property("Program", "string", if is_application { "" } else { "*" }),
            property("Type", "uint32", if is_application { "1" } else { "0" }),
        ]
    });
    PropertyValue::Instances { class: REFERENCE_CLASS.to_owned(), instances: instances.collect() }
}
