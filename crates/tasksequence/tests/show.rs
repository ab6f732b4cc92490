//! The document of `ts show --json`.

use tasksequence::TaskSequence;
use tasksequence::export;
use tasksequence::show::{show, show_export};

const CONFIGMGR: &str = include_str!("fixtures/configmgr.xml");
const MDT: &str = include_str!("fixtures/mdt.xml");

/// The expected text is the whole document, as a reader of the command line sees it.
fn shown(text: &str) -> String {
    let (sequence, problems) = TaskSequence::parse(text).unwrap();
    serde_json::to_string_pretty(&show(&sequence, &problems)).unwrap() + "\n"
}

#[test]
fn a_configmgr_sequence_at_a_glance() {
    assert_eq!(shown(CONFIGMGR), include_str!("fixtures/configmgr.show.json"));
}

#[test]
fn an_mdt_sequence_at_a_glance() {
    assert_eq!(shown(MDT), include_str!("fixtures/mdt.show.json"));
}

#[test]
fn an_export_shows_its_package_and_boot_image() {
    let (sequence, _) = TaskSequence::parse("<sequence version=\"3.10\"/>").unwrap();
    let exported = export::ExportedSequence::new("XYZ00001", "Client", Some("XYZ00005"), sequence);
    let value = serde_json::to_value(show_export(&exported, &[])).unwrap();
    let expected = serde_json::json!({
        "format": "configmgr", "version": "3.10", "name": "Client", "id": "XYZ00001", "source_version": 1,
        "steps": 0, "groups": 0, "disabled": 0, "problems": [],
        "references": [
            {"id": "XYZ00005", "kind": "boot-image", "program": null, "enabled": true, "where": ["BootImageID"]}
        ],
    });
    assert_eq!(value, expected);
}

#[test]
fn an_id_that_only_the_list_names_is_shown_with_its_program() {
    let text = "<sequence version=\"3.10\"><referenceList><reference package=\"ABC00001\" program=\"*\"/></referenceList></sequence>";
    let (sequence, problems) = TaskSequence::parse(text).unwrap();
    let show = show(&sequence, &problems);
    assert_eq!(show.name, None);
    assert_eq!(show.references[0].program.as_deref(), Some("*"));
    assert_eq!(show.references[0].places, ["referenceList"]);
}
