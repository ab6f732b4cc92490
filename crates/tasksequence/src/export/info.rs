//! The side files: what the exporting site says about referenced objects.

use super::ExportError;
use super::cim::{self, Property, PropertyValue};
use crate::xml::{self, Document, Element};

/// What the exporting site says about a referenced package or image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContentInfo {
    /// The package id.
    pub id: String,
    /// The name of the object.
    pub name: String,
    /// Which type of object it is.
    pub content_type: ContentType,
    /// The program; `*` means any.
    pub program: String,
    /// The version that an administrator wrote, empty when there is none.
    pub version: String,
    /// The description, empty when there is none.
    pub description: String,
}

/// What the exporting site says about a referenced application.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApplicationInfo {
    /// The application id, `ScopeId_…/Application_…`.
    pub id: String,
    /// The package id of the application's content, empty when the file does not say.
    pub package_id: String,
    /// Every property as written.
    pub properties: Vec<(String, String)>,
}

/// The type of a referenced object, by the numbers of ReferencesInfo.xml.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContentType {
    /// 0: a package.
    Package,
    /// 3: a driver package.
    DriverPackage,
    /// 4: a task sequence.
    TaskSequence,
    /// 5: a software update package.
    SoftwareUpdatePackage,
    /// 8: the content of an application.
    Application,
    /// 257: an operating-system image.
    OsImage,
    /// 258: a boot image.
    BootImage,
    /// 259: an operating-system upgrade package.
    OsUpgrade,
    /// Any other number.
    Other(u32),
}

impl ContentType {
    /// Reads the number of a type.
    pub fn of_number(number: u32) -> Self {
        match number {
            0 => Self::Package,
            3 => Self::DriverPackage,
            4 => Self::TaskSequence,
            5 => Self::SoftwareUpdatePackage,
            8 => Self::Application,
            257 => Self::OsImage,
            258 => Self::BootImage,
            259 => Self::OsUpgrade,
            other => Self::Other(other),
        }
    }

    /// Returns the number of the type.
    pub fn number(self) -> u32 {
        match self {
            Self::Package => 0,
            Self::DriverPackage => 3,
            Self::TaskSequence => 4,
            Self::SoftwareUpdatePackage => 5,
            Self::Application => 8,
            Self::OsImage => 257,
            Self::BootImage => 258,
            Self::OsUpgrade => 259,
            Self::Other(number) => number,
        }
    }
}

pub(super) fn contents(name: &str, list: &Document) -> Result<Vec<ContentInfo>, ExportError> {
    let instances = instances(name, list)?.into_iter().filter_map(|properties| {
        let text = |name: &str| cim::text(&properties, name).unwrap_or_default().to_owned();
        let id = text("ReferencePackageID").trim().to_owned();
        let number = text("ReferencePackageType").trim().parse().unwrap_or(0);
        (!id.is_empty()).then(|| ContentInfo {
            id,
            name: text("ReferenceName"),
            content_type: ContentType::of_number(number),
            program: text("ReferenceProgramName"),
            version: text("ReferenceVersion"),
            description: text("ReferenceDescription"),
        })
    });
    Ok(instances.collect())
}

pub(super) fn applications(
    name: &str,
    list: &Document,
) -> Result<Vec<ApplicationInfo>, ExportError> {
    let instances = instances(name, list)?.into_iter().map(|properties| {
        let text = |name: &str| cim::text(&properties, name).unwrap_or_default().trim().to_owned();
        ApplicationInfo {
            id: text("RefAppModelName"),
            package_id: text("RefAppPackageID"),
            properties: properties.iter().filter_map(pair).collect(),
        }
    });
    Ok(instances.collect())
}

fn pair(property: &Property) -> Option<(String, String)> {
    match &property.value {
        PropertyValue::Text(text) => {
            Some((property.name.clone(), text.clone().unwrap_or_default()))
        }
        _ => None,
    }
}

/// Each string of the list is the text of an instance.
fn instances(name: &str, list: &Document) -> Result<Vec<Vec<Property>>, ExportError> {
    let strings = list.root.elements_named("string");
    let parsed = strings.map(|string| {
        let text = string.text();
        let inner = xml::parse(text.trim());
        inner
            .map(|document| cim::properties(&document.root))
            .map_err(|source| ExportError::Xml { name: name.to_owned(), source })
    });
    parsed.collect()
}

/// The authoring scope in `Manifest.xml`.
pub(super) fn scope(manifest: &Document) -> String {
    let lists = manifest.root.elements_named("Properties");
    let mut properties = lists.flat_map(|list| list.elements().filter(|e| e.name == "Property"));
    let scope = properties.find(|property| property.attribute("Name") == Some("AUTHORING_SCOPE"));
    scope.and_then(|property| property.attribute("Value")).unwrap_or_default().to_owned()
}

/// The administrator's comment in the core properties.
pub(super) fn comment(properties: &Document) -> String {
    properties.root.child_text("dc:description").unwrap_or_default().into_owned()
}

/// Makes the text of a side file's list of contents.
pub(super) fn contents_document(sequence_id: &str, contents: &[ContentInfo]) -> Element {
    let strings = contents.iter().map(|content| {
        let number = content.content_type.number().to_string();
        let fields = [
            ("PackageID", "string", sequence_id),
            ("ProgramName", "string", "*"),
            ("ReferenceDescription", "string", content.description.as_str()),
            ("ReferenceName", "string", content.name.as_str()),
            ("ReferencePackageID", "string", content.id.as_str()),
            ("ReferencePackageType", "uint32", number.as_str()),
            ("ReferenceProgramName", "string", content.program.as_str()),
            ("ReferenceVersion", "string", content.version.as_str()),
        ];
        instance_text("SMS_TaskSequenceReferencesInfo", &fields)
    });
    array_of_strings(strings)
}

/// Makes the text of a side file's list of applications.
pub(super) fn applications_document(applications: &[ApplicationInfo]) -> Element {
    let strings = applications.iter().map(|application| {
        let fields: Vec<(&str, &str, &str)> = application
            .properties
            .iter()
            .map(|(name, value)| (name.as_str(), "string", value.as_str()))
            .collect();
        instance_text("SMS_TaskSequenceAppReferencesInfo", &fields)
    });
    array_of_strings(strings)
}

fn instance_text(class: &str, fields: &[(&str, &str, &str)]) -> String {
    let mut instance = Element::new("INSTANCE").with("CLASSNAME", class);
    for (name, cim_type, value) in fields {
        let property = Element::new("PROPERTY").with("NAME", name).with("TYPE", cim_type);
        instance = instance.with_child(property.with_child(Element::new("VALUE").with_text(value)));
    }
    xml::element_to_xml(&instance)
}

fn array_of_strings(strings: impl Iterator<Item = String>) -> Element {
    let list = Element::new("ArrayOfString")
        .with("xmlns:xsi", "http://www.w3.org/2001/XMLSchema-instance")
        .with("xmlns:xsd", "http://www.w3.org/2001/XMLSchema");
    strings.fold(list, |list, text| list.with_child(Element::new("string").with_text(&text)))
}
