//! `tsmedia ts`.

use std::collections::BTreeSet;
use std::fs;

use serde_json::json;
use tasksequence::TaskSequence;
use tasksequence::export::{Export, ExportedSequence};
use tasksequence::lint::RULES;
use tasksequence::xml::{canonical, parse};

use crate::session::{Session, each, keys};

/// A sequence with a group, conditions, a program, a disabled step and a child.
const SEQUENCE: &str = r#"<sequence version="3.10">
  <referenceList><reference package="ABC00010" program="*"/></referenceList>
  <group name="Install" description="">
    <condition>
      <operator type="or">
        <expression type="SMS_TaskSequence_VariableConditionExpression">
          <variable name="Operator">equals</variable>
          <variable name="Value">true</variable>
          <variable name="Variable">Wanted</variable>
        </expression>
        <expression type="SMS_TaskSequence_FolderConditionExpression">
          <variable name="Path">C:\Windows</variable>
        </expression>
      </operator>
    </condition>
    <step type="SMS_TaskSequence_RunCommandLineAction" name="Tools" description=""
          continueOnError="true" successCodeList="0">
      <action>smsswd.exe /run:ABC00010 setup.exe</action>
      <defaultVarList/>
    </step>
    <step type="SMS_TaskSequence_RunCommandLineAction" name="Old tools" description=""
          disable="true" successCodeList="0">
      <action>smsswd.exe /run:ABC00011 old.exe</action>
      <defaultVarList/>
    </step>
  </group>
</sequence>"#;

/// An MDT sequence whose step has no type.
const UNTYPED: &str = "<sequence version=\"3.00\" name=\"T\"><step name=\"Copy\" \
    successCodeList=\"0\"><action>cmd.exe /c copy.cmd</action></step></sequence>";

const EMPTY: &str = r#"<sequence version="3.10"><referenceList/></sequence>"#;

#[test]
fn show_prints_exactly_the_documented_keys() {
    let session = Session::new();
    session.write("tools.xml", SEQUENCE);
    let shown = session.run("ts show tools.xml --json").done().json();
    let expected = [
        "disabled",
        "format",
        "groups",
        "items",
        "name",
        "problems",
        "references",
        "steps",
        "version",
    ];
    assert_eq!(keys(&shown), expected);
    let item = |kind, number, name, groups, what, enabled, continues, condition| {
        json!({
            "kind": kind, "number": number, "name": name, "groups": groups, "what": what,
            "enabled": enabled, "continue_on_error": continues, "condition": condition,
        })
    };
    let (none, run) = (json!(null), json!("RunCommandLine"));
    let condition = shown["items"][0]["condition"].clone();
    assert!(
        condition.as_str().is_some_and(|text| text.contains("Wanted = \"true\"")),
        "{condition}"
    );
    let items = json!([
        item("group", 1, "Install", 0, none.clone(), true, false, condition),
        item("step", 1, "Tools", 1, run.clone(), true, true, none.clone()),
        item("step", 2, "Old tools", 1, run, false, false, none),
    ]);
    assert_eq!(shown["items"], items);
    assert_eq!(shown["format"], "configmgr");
    assert_eq!(shown["version"], "3.10");
    assert_eq!(shown["name"], json!(null));
    assert_eq!((&shown["steps"], &shown["groups"]), (&json!(2), &json!(1)));
    assert_eq!(shown["disabled"], 1);
    let expected = json!([
        {
            "id": "ABC00010", "kind": "package", "program": "*", "enabled": true,
            "where": ["Install/Tools (step 1)"],
        },
        {
            "id": "ABC00011", "kind": "package", "program": null, "enabled": false,
            "where": ["Install/Old tools (step 2)"],
        },
    ]);
    assert_eq!(shown["references"], expected);
}

#[test]
fn show_draws_the_tree_with_marks_and_conditions() {
    let session = Session::new();
    session.write("tools.xml", SEQUENCE);
    let shown = session.run("ts show tools.xml").done().stdout;
    let expected = "\
tools.xml
configmgr 3.10: 2 steps in 1 group, 1 disabled

Install/
  if Wanted = \"true\" or folder C:\\Windows exists
  1. Tools [RunCommandLine] (continues on error)
  2. Old tools [RunCommandLine] (disabled)

REFERENCE  KIND     USED                    BY
ABC00010   package  yes                     Install/Tools (step 1)
ABC00011   package  only by disabled steps  Install/Old tools (step 2)
";
    assert_eq!(shown, expected);
}

#[test]
fn a_sequence_of_the_site_is_shown_with_its_boot_image() {
    let session = Session::with_site();
    let shown = session.farm("ts show P0100020 --json").done().json();
    assert_eq!(shown["id"], "P0100020");
    assert_eq!(shown["name"], "Install Windows 11");
    let references = shown["references"].as_array().unwrap();
    let boot = references.iter().find(|reference| reference["kind"] == "boot-image").unwrap();
    assert_eq!(boot["id"], "P0100001");
    assert_eq!(boot["where"], json!(["BootImageID"]));
}

#[test]
fn mdt_sequences_are_read_in_utf_16_too() {
    let session = Session::new();
    let text = "<?xml version=\"1.0\" encoding=\"utf-16\"?>\r\n<sequence version=\"3.00\" \
                name=\"Über\" description=\"\"><step name=\"Ünder\" description=\"\" \
                successCodeList=\"0\"><action>cmd /c ver</action></step></sequence>";
    let units = std::iter::once(0xfeff).chain(text.encode_utf16());
    session.write("ts.xml", units.flat_map(u16::to_le_bytes).collect::<Vec<u8>>());
    let shown = session.run("ts show ts.xml --json").done().json();
    assert_eq!(shown["format"], "mdt");
    assert_eq!(shown["name"], "Über");
    session.run("ts show ts.xml").done().prints(&["1. Ünder [cmd /c ver]"]);
}

#[test]
fn list_has_every_sequence_of_the_site() {
    let session = Session::with_site();
    session.write("farm/task-sequences/P0100021.xml", EMPTY);
    session.farm("ts list").done().prints(&["P0100020  configmgr 3.10  10     P0100001"]);
    let list = session.farm("ts list --json").done().json();
    assert_eq!(each(&list["sequences"], "id"), ["P0100020", "P0100021"]);
    let expected =
        ["boot_image", "description", "file", "format", "groups", "id", "name", "steps", "version"];
    assert_eq!(keys(&list["sequences"][0]), expected);
}

#[test]
fn a_damaged_sequence_of_the_site_is_named_and_the_others_are_listed() {
    let session = Session::with_site();
    session.write("farm/task-sequences/P0100021.xml", "<sequence>\n  <group>\n</sequence>");
    let list = session.farm("ts list").exits(2).prints(&["P0100020"]);
    for word in ["sequence-unreadable", "task-sequences/P0100021.xml", "at 3:1", "remedy:"] {
        assert!(list.stderr.contains(word), "no `{word}` in:\n{}", list.stderr);
    }
    session.farm("ts check").exits(2).prints(&["sequence-unreadable", "P0100021"]);
    session.farm("ts check P0100020").done();
    session.farm("ts show P0100021").refused(2, &["P0100021.xml", "at 3:1", "hint:"]);
}

#[test]
fn check_prints_findings_with_rule_place_and_remedy() {
    let session = Session::new();
    let software_updates = SEQUENCE.replace("RunCommandLine", "InstallUpdate");
    session.write("updates.xml", software_updates);
    let found = session.run("ts check updates.xml").exits(3);
    found.prints(&[
        "error[standalone-software-updates]",
        "at updates.xml, Install/Tools (step 1)",
        "remedy:",
    ]);
    let found = session.run("ts check updates.xml --json").exits(3).json();
    assert_eq!(found["sequences"], json!(["updates.xml"]));
    assert_eq!(keys(&found["problems"][0]), ["message", "remedy", "rule", "severity", "where"]);
}

#[test]
fn warnings_are_findings_and_notes_are_not() {
    let session = Session::new();
    let quiet = SEQUENCE.replace("Wanted", "_SMSTSInWinPE");
    session.write("notes.xml", &quiet);
    let notes = session.run("ts check notes.xml --json").exits(0).json();
    let severities: BTreeSet<&str> = each(&notes["problems"], "severity").into_iter().collect();
    assert_eq!(severities, BTreeSet::from(["note"]));
    session.write("warnings.xml", quiet.replace("ABC00010\" program", "ABC00012\" program"));
    let warnings = session.run("ts check warnings.xml --json").exits(3).json();
    let severities: BTreeSet<&str> = each(&warnings["problems"], "severity").into_iter().collect();
    assert_eq!(severities, BTreeSet::from(["note", "warning"]));
}

#[test]
fn a_variable_that_media_set_is_no_finding_in_the_site() {
    let session = Session::with_site();
    let file = "farm/task-sequences/P0100020.xml";
    session.replace(file, ">_SMSTSBootUEFI<", ">HouseRules<");
    session.farm("ts check").exits(3).prints(&["standalone-collection-variables", "HouseRules"]);
    let definition = "farm/media/example.toml";
    session.replace(definition, "OSDTimeZone = \"UTC\"", "HouseRules = \"strict\"");
    session.farm("ts check").done();
}

#[test]
fn check_of_the_site_knows_the_catalog() {
    let session = Session::with_site();
    fs::remove_dir_all(session.path("farm/content/drivers")).unwrap();
    fs::remove_file(session.path("farm/catalog/P0100004.toml")).unwrap();
    let found = session.farm("ts check P0100020 --json").exits(3).json();
    assert_eq!(each(&found["problems"], "rule"), ["content-missing", "content-missing"]);
    let messages = each(&found["problems"], "message").join("\n");
    assert!(messages.contains("P0100005") && messages.contains("P0100004"), "{messages}");
}

#[test]
fn check_compares_architectures() {
    let session = Session::with_site();
    session.replace(
        "farm/catalog/P0100001.toml",
        "architecture = \"x64\"",
        "architecture = \"arm64\"",
    );
    session.farm("ts check").exits(3).prints(&["boot-image-arch", "arm64"]);
}

#[test]
fn the_rules_are_those_of_the_library() {
    let session = Session::new();
    let rules = session.run("ts check --rules --json").done().json();
    let expected: Vec<&str> = RULES.iter().map(|rule| rule.id).collect();
    assert_eq!(each(&rules["rules"], "rule"), expected);
    let text = session.run("ts check --rules").done().stdout;
    assert!(RULES.iter().all(|rule| text.contains(rule.id) && text.contains(rule.finds)));
}

#[test]
fn an_exported_document_is_the_same() {
    let session = Session::with_site();
    session.farm("ts export P0100020 out.xml").done().prints(&["out.xml"]);
    let original = parse(&session.read("farm/task-sequences/P0100020.xml")).unwrap();
    let exported = parse(&session.read("out.xml")).unwrap();
    assert_eq!(canonical(&original), canonical(&exported));
}

#[test]
fn an_exported_package_says_what_the_site_knows() {
    let session = Session::with_site();
    session.farm("ts export P0100020 out.zip").done();
    let of_site = session.farm("ts show P0100020 --json").done().json();
    let of_file = session.run("ts show out.zip --json").done().json();
    for key in ["id", "name", "steps", "groups", "disabled", "references", "version"] {
        assert_eq!(of_site[key], of_file[key], "{key}");
    }
    session.run("ts check out.zip").done();
    session.write("depot/site.toml", "[site]\ncode = \"D01\"\n");
    session.run("--site depot import out.zip").exits(0);
    let taken = session.read("depot/task-sequences/P0100020.toml");
    for line in ["description = \"Applies the image, the drivers", "version = \"1.0\""] {
        assert!(taken.contains(line), "no `{line}` in:\n{taken}");
    }
}

#[test]
fn an_export_never_replaces_a_file_unasked() {
    let session = Session::with_site();
    session.write("out.xml", "mine");
    session.farm("ts export P0100020 out.xml").refused(2, &["out.xml", "--force"]);
    assert_eq!(session.read("out.xml"), "mine");
    session.farm("ts export P0100020 out.xml --force").done();
    assert!(session.read("out.xml").starts_with("<sequence"));
    let left: Vec<_> =
        fs::read_dir(session.path("")).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert!(left.iter().all(|name| !name.to_string_lossy().starts_with(".tsmedia")), "{left:?}");
}

#[test]
fn an_export_that_cannot_be_is_refused() {
    let session = Session::with_site();
    session.write("bare.xml", SEQUENCE);
    session.write("mdt.xml", "<sequence version=\"3.00\" name=\"n\"><step name=\"s\"/></sequence>");
    session.write("farm/task-sequences/ODD.xml", SEQUENCE);
    session.farm("ts export P0100020 out.txt").refused(2, &["out.txt", ".xml", ".zip"]);
    session.run("ts export bare.xml out.zip").refused(2, &["package id", "hint:"]);
    session.run("ts export mdt.xml out.zip").refused(2, &["MDT", "hint:"]);
    session.farm("ts export ODD out.zip").refused(2, &["`ODD`", "hint:"]);
    session.farm("ts export P0100020 no/out.xml").refused(1, &["`no`"]);
    assert!(!session.path("out.zip").exists());
}

#[test]
fn an_id_that_is_not_there_is_refused() {
    let session = Session::with_site();
    for words in ["ts show P0100099", "ts check P0100099", "ts export P0100099 x.xml"] {
        session.farm(words).refused(2, &["P0100099", "hint:", "tsmedia ts list"]);
    }
    session.farm("ts show ..").refused(2, &["is no id"]);
    session.run("ts show nowhere.xml").refused(1, &["nowhere.xml"]);
}

#[test]
fn every_sequence_of_an_export_is_shown_and_checked() {
    let session = Session::new();
    let exported = |id: &str, name: &str| {
        let (sequence, _) = TaskSequence::parse(SEQUENCE).unwrap();
        ExportedSequence::new(id, name, Some("ABC00001"), sequence)
    };
    let sequences = vec![exported("ABC00020", "First"), exported("ABC00021", "Second")];
    let export = Export { sequences, ..Export::default() };
    session.write("both.zip", tasksequence::export::write(&export).unwrap());
    let shown = session.run("ts show both.zip --json").done().json();
    assert_eq!(each(&shown["sequences"], "name"), ["First", "Second"]);
    session.run("ts show both.zip").done().prints(&["First (ABC00020)", "\nSecond (ABC00021)"]);
    session.run("ts check both.zip").exits(3).prints(&["ABC00020", "ABC00021"]);
    session.run("ts export both.zip out.xml").refused(2, &["2 task sequences", "hint:"]);
}

/// A sequence that runs another one.
fn running(child: &str) -> String {
    format!(
        "<sequence version=\"3.10\"><referenceList/><subtasksequence \
         type=\"SMS_TaskSequence_SubTasksequence\" name=\"Run {child}\" description=\"\">\
         <defaultVarList><variable name=\"OSDSubTasksequencePackageID\">{child}</variable>\
         </defaultVarList></subtasksequence></sequence>"
    )
}

#[test]
fn a_cycle_of_children_is_placed_where_its_step_stands() {
    let session = Session::with_site();
    for (id, child) in
        [("P0100030", "P0100031"), ("P0100031", "p0100032"), ("P0100032", "P0100030")]
    {
        session.write(&format!("farm/task-sequences/{id}.xml"), running(child));
    }
    let found = session.farm("ts check P0100030 --json").exits(3).json();
    let problems = found["problems"].as_array().unwrap();
    let cycle = problems.iter().find(|problem| problem["rule"] == "child-cycle").unwrap();
    let place = "task-sequences/P0100032.xml, task sequence P0100032, Run P0100030 (step 1)";
    assert_eq!(cycle["where"], place);
}

#[test]
fn what_is_wrong_in_a_child_is_told_once() {
    let session = Session::with_site();
    session.write("farm/task-sequences/P0100030.xml", running("P0100032"));
    session.write("farm/task-sequences/P0100031.xml", running("P0100032"));
    session.write("farm/task-sequences/P0100032.xml", running("P0100099"));
    let found = session.farm("ts check --json").exits(3).json();
    let problems = found["problems"].as_array().unwrap().iter();
    let missing: Vec<_> = problems.filter(|problem| problem["rule"] == "child-missing").collect();
    assert_eq!(missing.len(), 1, "{missing:?}");
    let place = missing[0]["where"].as_str().unwrap();
    assert!(place.starts_with("task-sequences/P0100032.xml"), "{place}");
}

#[test]
fn a_step_without_type_is_shown_by_its_command_in_text_and_json() {
    let session = Session::new();
    session.write("mdt.xml", UNTYPED);
    session.run("ts show mdt.xml").exits(0).prints(&["Copy [cmd.exe /c copy.cmd]"]);
    let shown = session.run("ts show mdt.xml --json").exits(0).json();
    assert_eq!(shown["items"][0]["what"], "cmd.exe /c copy.cmd");
}
