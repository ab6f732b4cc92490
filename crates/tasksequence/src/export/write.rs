//! Writing an exported file.

use std::io::{Cursor, Write};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

use super::{Export, ExportError, ExportedSequence, FOLDER, info};
use crate::reference::is_package_id;
use crate::xml::{self, Element};

const BYTE_ORDER_MARK: &str = "\u{feff}";
const DECLARATION: &str = "\u{feff}<?xml version=\"1.0\" encoding=\"utf-8\"?>";
const RELATIONSHIPS: &str = "http://schemas.openxmlformats.org/package/2006/relationships";
const PACKAGE: &str = "http://schemas.openxmlformats.org/package/2006";
/// The name that the product gives a sequence without user state migration.
const NO_PACKAGE: &str = "00000000";

/// Writes an exported file: the same export gives the same bytes.
///
/// Entries are stored without compression, as the product does; dates are the zip format's first day.
/// `Err` when a sequence has no package id for its folder, two have the same, or the file grows past the
/// limits of the zip format.
pub fn write(export: &Export) -> Result<Vec<u8>, ExportError> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, text) in entries(export)? {
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Stored)
            .last_modified_time(DateTime::default());
        zip.start_file(name.as_str(), options).map_err(ExportError::Archive)?;
        zip.write_all(text.as_bytes()).map_err(|source| ExportError::Entry { name, source })?;
    }
    Ok(zip.finish().map_err(ExportError::Archive)?.into_inner())
}

fn entries(export: &Export) -> Result<Vec<(String, String)>, ExportError> {
    if export.sequences.is_empty() {
        return Err(ExportError::NoSequence);
    }
    let state = Element::new("string").with_text(NO_PACKAGE);
    let mut entries = vec![(format!("{FOLDER}/USERSTATE_MIGRATION_PACKAGE.xml"), side(&state))];
    for sequence in &export.sequences {
        let id = sequence.object.id();
        if !is_package_id(id) {
            return Err(ExportError::BadId { id: id.to_owned() });
        }
        let contents = info::contents_document(id, &sequence.contents);
        let applications = info::applications_document(&sequence.applications);
        entries.push((format!("{FOLDER}/{id}/object.xml"), object(sequence)?));
        entries.push((format!("{FOLDER}/{id}/ReferencesInfo.xml"), side(&contents)));
        entries.push((format!("{FOLDER}/{id}/AppReferencesInfo.xml"), side(&applications)));
    }
    let core = core_name(export);
    entries.push(("_rels/.rels".to_owned(), relationships(export, &core)));
    entries.push(("Manifest.xml".to_owned(), manifest(export)));
    entries.push((core, core_properties(export)));
    entries.push(("[Content_Types].xml".to_owned(), content_types()));
    Ok(entries)
}

fn side(element: &Element) -> String {
    format!("{BYTE_ORDER_MARK}{}", xml::element_to_xml(element))
}

/// The object with its sequence in a CDATA section, one CRLF behind it, and CRLF as line ends throughout.
fn object(exported: &ExportedSequence) -> Result<String, ExportError> {
    // The tree has no CDATA sections, so a text that occurs nowhere else holds the place.
    let plain = xml::element_to_xml(&exported.object.to_element(""));
    let mut mark = "sequence".to_owned();
    while plain.contains(&mark) {
        mark.push('-');
    }
    let object = xml::element_to_xml(&exported.object.to_element(&mark));
    // A comment may hold the end of a CDATA section; two sections together hold any text.
    let sequence = exported.sequence.to_xml().replace("]]>", "]]]]><![CDATA[>");
    let object = object.replace(&mark, &format!("<![CDATA[{sequence}\n]]>"));
    let text = format!("{object}\n").replace('\n', "\r\n");
    // A property that was set from elsewhere may hold characters that XML has no form for.
    super::document(&format!("{FOLDER}/{}/object.xml", exported.object.id()), &text)?;
    Ok(text)
}

fn manifest(export: &Export) -> String {
    let property =
        Element::new("Property").with("Name", "AUTHORING_SCOPE").with("Value", &export.scope);
    let mut objects = Element::new("EntryObjects");
    for sequence in &export.sequences {
        let path = format!("{FOLDER}.PackageID='{}'", sequence.object.id());
        objects =
            objects.with_child(Element::new("Object").with("Path", &path).with("Type", FOLDER));
    }
    let document = Element::new("LibraryDocument")
        .with("xmlns:xsi", "http://www.w3.org/2001/XMLSchema-instance")
        .with("xmlns:xsd", "http://www.w3.org/2001/XMLSchema")
        .with_child(Element::new("Properties").with_child(property))
        .with_child(Element::new("Contents"))
        .with_child(objects);
    side(&document)
}

fn relationships(export: &Export, core: &str) -> String {
    let mut list = Element::new("Relationships").with("xmlns", RELATIONSHIPS);
    for sequence in &export.sequences {
        let id = sequence.object.id();
        list = list.with_child(
            Element::new("Relationship")
                .with("Type", FOLDER)
                .with("Target", &format!("/{FOLDER}/{id}/object.xml"))
                .with("TargetMode", "External")
                .with("Id", &format!("{FOLDER}-{}", hexadecimal(id, 64))),
        );
    }
    let core = Element::new("Relationship")
        .with("Type", &format!("{RELATIONSHIPS}/metadata/core-properties"))
        .with("Target", &format!("/{core}"))
        .with("Id", "R0000000000000001");
    format!("{DECLARATION}{}", xml::element_to_xml(&list.with_child(core)))
}

fn core_name(export: &Export) -> String {
    let id = export.sequences.first().map_or("", |sequence| sequence.object.id());
    let name = hexadecimal(id, 32).to_ascii_lowercase();
    format!("package/services/metadata/core-properties/{name}.psmdcp")
}

fn core_properties(export: &Export) -> String {
    let document = Element::new("coreProperties")
        .with("xmlns:dc", "http://purl.org/dc/elements/1.1/")
        .with("xmlns:dcterms", "http://purl.org/dc/terms/")
        .with("xmlns:xsi", "http://www.w3.org/2001/XMLSchema-instance")
        .with("xmlns", &format!("{PACKAGE}/metadata/core-properties"))
        .with_child(Element::new("dc:description").with_text(&export.comment));
    format!("{DECLARATION}{}", xml::element_to_xml(&document))
}

fn content_types() -> String {
    let types = [
        ("xml", "text/xml"),
        ("rels", "application/vnd.openxmlformats-package.relationships+xml"),
        ("psmdcp", "application/vnd.openxmlformats-package.core-properties+xml"),
    ];
    let list = Element::new("Types").with("xmlns", &format!("{PACKAGE}/content-types"));
    let list = types.iter().fold(list, |list, (extension, content_type)| {
        let entry = Element::new("Default");
        list.with_child(entry.with("Extension", extension).with("ContentType", content_type))
    });
    format!("{DECLARATION}{}", xml::element_to_xml(&list))
}

/// The id's bytes as hexadecimal digits, filled with zeros: what the product hashes there is not known, and
/// the container only asks for a name that is unique.
fn hexadecimal(id: &str, digits: usize) -> String {
    let mut text: String = id.bytes().map(|byte| format!("{byte:02X}")).collect();
    text.truncate(digits);
    format!("{text:0<digits$}")
}
