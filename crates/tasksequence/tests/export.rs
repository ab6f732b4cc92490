//! Exported files: what we write is read again, also by other tools; damaged and hostile files are errors.

#![allow(clippy::disallowed_methods, reason = "the reference tools read files")]

use std::io::{Cursor, Write};
use std::process::Command;

use tasksequence::export::{
    self, ContentInfo, ContentType, Export, ExportError, ExportedSequence, PropertyValue,
};
use tasksequence::{ReferenceKind, TaskSequence};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

const CONFIGMGR: &str = include_str!("fixtures/configmgr.xml");
const OBJECT: &str = include_str!("fixtures/object.xml");
const REFERENCES_INFO: &str = include_str!("fixtures/ReferencesInfo.xml");
const FOLDER: &str = "SMS_TaskSequencePackage/XYZ000F8";

fn packed(entries: &[(&str, &[u8])], method: CompressionMethod) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in entries {
        let options = SimpleFileOptions::default().compression_method(method);
        zip.start_file(*name, options).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

fn fixture() -> Vec<u8> {
    let object = format!("{FOLDER}/object.xml");
    let info = format!("{FOLDER}/ReferencesInfo.xml");
    let info_text = format!("\u{feff}{REFERENCES_INFO}");
    let entries: [(&str, &[u8]); 3] = [
        (
            "SMS_TaskSequencePackage/USERSTATE_MIGRATION_PACKAGE.xml",
            "\u{feff}<string>00000000</string>".as_bytes(),
        ),
        (&object, OBJECT.as_bytes()),
        (&info, info_text.as_bytes()),
    ];
    packed(&entries, CompressionMethod::Stored)
}

fn sample(id: &str) -> ExportedSequence {
    let (sequence, _) = TaskSequence::parse(CONFIGMGR).unwrap();
    let mut exported = ExportedSequence::new(id, "Clients & <more>", Some("XYZ00005"), sequence);
    exported.contents.push(ContentInfo {
        id: "XYZ00012".to_owned(),
        name: "Tools \"new\"".to_owned(),
        content_type: ContentType::Package,
        program: "*".to_owned(),
        version: "2".to_owned(),
        description: "a\nb".to_owned(),
    });
    exported
}

#[test]
fn an_object_is_read_by_structure() {
    let export = export::read(&fixture()).expect("the fixture is an export");
    let exported = &export.sequences[0];
    let object = &exported.object;
    // Qualifiers and nested instances repeat the names `Type`, `Package` and `PackageID` before and inside.
    assert_eq!((object.id(), object.name()), ("XYZ000F8", "Office clients"));
    assert_eq!((object.boot_image(), object.source_version()), (Some("XYZ00005"), Some(7)));
    assert_eq!((object.version(), object.enabled()), ("4.2", true));
    let references: Vec<_> =
        object.references().into_iter().map(|r| (r.id, r.program, r.is_application)).collect();
    let expected = [("XYZ00012", "*", false), ("ScopeId_1/Application_1", "", true)];
    assert_eq!(references, expected.map(|(id, p, a)| (id.to_owned(), p.to_owned(), a)));
    assert_eq!(object.text("SiteColour"), Some("blue"));
    assert_eq!(object.text("Reserved"), None);
    let names: Vec<&str> =
        object.properties().iter().map(|property| property.name.as_str()).collect();
    assert!(!names.iter().any(|name| name.starts_with("__")), "{names:?}");
    let scopes = object.properties().iter().find(|property| property.name == "SecuredScopeNames");
    let scopes = scopes.map(|property| &property.value);
    assert_eq!(scopes, Some(&PropertyValue::List(vec!["Default".to_owned(), "Lab".to_owned()])));
    assert_eq!(exported.problems, []);
}

#[test]
fn side_files_tell_the_types_of_references() {
    let export = export::read(&fixture()).unwrap();
    let exported = &export.sequences[0];
    let types: Vec<_> = exported.contents.iter().map(|c| (c.id.as_str(), c.content_type)).collect();
    assert_eq!(
        types,
        [("XYZ00012", ContentType::TaskSequence), ("XYZ00005", ContentType::BootImage)]
    );
    let references: Vec<_> = exported
        .references()
        .into_iter()
        .map(|r| (r.id, r.kind, r.uses[0].place.to_string()))
        .collect();
    let expected = [
        ("XYZ00012", ReferenceKind::TaskSequence, "Run tools (step 1)"),
        ("XYZ00005", ReferenceKind::BootImage, "BootImageID"),
    ];
    assert_eq!(
        references,
        expected.map(|(id, kind, place)| (id.to_owned(), kind, place.to_owned()))
    );
}

#[test]
fn numbers_of_content_types_go_both_ways() {
    for number in [0, 3, 4, 5, 8, 257, 258, 259, 1000] {
        assert_eq!(ContentType::of_number(number).number(), number);
    }
    assert_eq!(ContentType::of_number(257), ContentType::OsImage);
}

#[test]
fn what_is_written_is_read_again() {
    let export = Export {
        sequences: vec![sample("XYZ000F8"), sample("XYZ000F9")],
        scope: "ScopeId_1".to_owned(),
        comment: "for <Zürich> & others".to_owned(),
    };
    let bytes = export::write(&export).unwrap();
    let mut again = export::read(&bytes).unwrap();
    for (read, written) in again.sequences.iter_mut().zip(&export.sequences) {
        assert!(!read.problems.is_empty(), "the fixture has oddities, and reading finds them");
        read.problems.clear();
        assert_eq!(read, written);
    }
    assert_eq!(again, export);
    assert_eq!(export::write(&again).unwrap(), bytes);
}

#[test]
fn an_export_of_the_product_keeps_its_properties_when_written_again() {
    let export = export::read(&fixture()).unwrap();
    let again = export::read(&export::write(&export).unwrap()).unwrap();
    assert_eq!(again, export);
    let text = String::from_utf8_lossy(&export::write(&export).unwrap()).into_owned();
    assert!(!text.contains("SECRET-SERVER"), "the site server's name is not passed on");
}

#[test]
fn a_comment_may_hold_the_end_of_a_character_data_section() {
    let text = "<sequence version=\"3.10\"><!-- ]]> --><group name=\"sequence\"/></sequence>";
    let (sequence, _) = TaskSequence::parse(text).unwrap();
    let exported = ExportedSequence::new("XYZ00001", "sequence", None, sequence);
    let export = Export { sequences: vec![exported], ..Default::default() };
    assert_eq!(export::read(&export::write(&export).unwrap()).unwrap(), export);
}

#[test]
fn what_cannot_be_written_is_an_error() {
    let with = |id: &str, name: &str| {
        let (sequence, _) = TaskSequence::parse("<sequence version=\"3.10\"/>").unwrap();
        let sequences = vec![ExportedSequence::new(id, name, None, sequence)];
        export::write(&Export { sequences, ..Default::default() })
    };
    assert!(matches!(with("../../XY", "a"), Err(ExportError::BadId { .. })));
    assert!(matches!(with("XYZ00001", "bell \u{7}"), Err(ExportError::Xml { .. })));
    assert!(matches!(export::write(&Export::default()), Err(ExportError::NoSequence)));
    let twice = vec![sample("XYZ00001"), sample("XYZ00001")];
    let twice = export::write(&Export { sequences: twice, ..Default::default() });
    assert!(matches!(twice, Err(ExportError::Archive(_))), "{twice:?}");
}

#[test]
fn other_tools_accept_what_we_write() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("export.zip");
    let export = Export { sequences: vec![sample("XYZ000F8")], ..Default::default() };
    std::fs::write(&path, export::write(&export).unwrap()).unwrap();
    for (tool, switch) in [("unzip", "-tq"), ("7z", "t")] {
        let output = Command::new(tool).arg(switch).arg(&path).output();
        let output = output.unwrap_or_else(|error| panic!("{tool} is installed: {error}"));
        assert!(output.status.success(), "{tool}: {output:?}");
    }
    // Stored, as the product stores it: the text of the object is in the file as it is.
    let listing = Command::new("unzip").arg("-v").arg(&path).output().unwrap().stdout;
    let listing = String::from_utf8(listing).unwrap();
    assert_eq!(listing.matches("Stored").count(), 8, "{listing}");
    assert!(!listing.contains("Defl"), "{listing}");
}

#[test]
fn damage_is_an_error_that_names_the_entry() {
    let mut bytes = fixture();
    let at = bytes.windows(14).position(|window| window == b"Office clients").unwrap();
    bytes[at] = b'X';
    match export::read(&bytes) {
        Err(ExportError::Entry { name, .. }) => assert_eq!(name, format!("{FOLDER}/object.xml")),
        other => panic!("{other:?}"),
    }
    assert!(matches!(export::read(&fixture()[..200]), Err(ExportError::Archive(_))));
    assert!(matches!(export::read(b"PK"), Err(ExportError::Archive(_))));
    assert!(matches!(export::read(b""), Err(ExportError::Archive(_))));
}

#[test]
fn names_that_lead_out_of_the_file_are_refused() {
    for name in ["../evil.xml", "/evil.xml", "a/../../evil", "C:/evil", "a\\..\\evil"] {
        let object = format!("{FOLDER}/object.xml");
        let entries: [(&str, &[u8]); 2] = [(&object, OBJECT.as_bytes()), (name, b"x")];
        match export::read(&packed(&entries, CompressionMethod::Stored)) {
            Err(ExportError::UnsafeName { name: found }) => assert_eq!(found, name),
            other => panic!("{name}: {other:?}"),
        }
    }
}

#[test]
fn bombs_are_refused() {
    let object = format!("{FOLDER}/object.xml");
    let blanks = vec![b' '; usize::try_from(export::MAX_ENTRY_BYTES).unwrap() + 1];
    let bomb = packed(&[(&object, &blanks)], CompressionMethod::Deflated);
    assert!(bomb.len() < 100_000);
    assert!(matches!(export::read(&bomb), Err(ExportError::EntryTooLarge { .. })));
    // A header that lies about the size does not help.
    let mut lying = bomb.clone();
    let size = u32::try_from(blanks.len()).unwrap().to_le_bytes();
    for at in 0..lying.len() - 4 {
        if lying[at..at + 4] == size {
            lying[at..at + 4].copy_from_slice(&100_u32.to_le_bytes());
        }
    }
    assert_ne!(lying, bomb);
    assert!(export::read(&lying).is_err());
    let names: Vec<String> = (0..=export::MAX_ENTRIES).map(|n| format!("n{n}")).collect();
    let entries: Vec<(&str, &[u8])> =
        names.iter().map(|name| (name.as_str(), b"".as_slice())).collect();
    let many = packed(&entries, CompressionMethod::Stored);
    assert!(matches!(export::read(&many), Err(ExportError::TooManyEntries { .. })));
}

#[test]
fn files_without_a_good_sequence_are_refused() {
    let read = |object: &str| {
        let name = format!("{FOLDER}/object.xml");
        export::read(&packed(&[(&name, object.as_bytes())], CompressionMethod::Deflated))
    };
    assert!(read(OBJECT).is_ok());
    assert!(matches!(
        export::read(&packed(&[("a.xml", b"x")], CompressionMethod::Stored)),
        Err(ExportError::NoSequence)
    ));
    assert!(matches!(read("<INSTANCE/>"), Err(ExportError::Object { .. })));
    assert!(matches!(read("<INSTANCE"), Err(ExportError::Xml { .. })));
    assert!(matches!(
        read(&OBJECT.replace("XYZ000F8</VALUE>", "../../..</VALUE>")),
        Err(ExportError::BadId { .. })
    ));
    assert!(matches!(
        read(&OBJECT.replace("\"Sequence\"", "\"Sequel\"")),
        Err(ExportError::Object { .. })
    ));
    assert!(matches!(
        read(&OBJECT.replace("<sequence ", "<steps ")),
        Err(ExportError::Sequence { .. })
    ));
    let name = format!("{FOLDER}/object.xml");
    let latin = packed(&[(&name, b"<INSTANCE a='\xe4'/>")], CompressionMethod::Stored);
    assert!(matches!(export::read(&latin), Err(ExportError::Encoding { .. })));
}
