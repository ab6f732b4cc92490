//! `tsmedia import`.

use serde_json::json;

use crate::session::{Session, each, keys};

/// A site `farm`, an empty-handed second site `depot`, and the export of farm's sequence.
fn with_export() -> Session {
    let session = Session::with_site();
    session.farm("ts export P0100020 export.zip").done();
    session.write("depot/site.toml", "[site]\ncode = \"D01\"\n");
    session
}

#[test]
fn an_export_becomes_a_sequence_and_objects_without_files() {
    let session = with_export();
    let imported = session.run("--site depot import export.zip --json").exits(0).json();
    let expected = ["created", "kept", "problems", "source", "unchanged", "updated"];
    assert_eq!(keys(&imported), expected);
    assert_eq!(imported["source"], "configmgr-export");
    let created = each(&imported["created"], "id");
    for id in ["P0100020", "P0100001", "P0100002", "P0100003", "P0100004", "P0100005"] {
        assert!(created.contains(&id), "{id} is not in {created:?}");
    }
    session.run("--site depot content list").exits(0).prints(&["driver-package", "os-image"]);
    let show = |site: &str| session.run(&format!("--site {site} ts show P0100020 --json")).json();
    assert_eq!(show("depot")["references"], show("farm")["references"]);
}

#[test]
fn a_second_import_changes_nothing() {
    let session = with_export();
    session.run("--site depot import export.zip").exits(0);
    let before = session.files("depot");
    let again = session.run("--site depot import export.zip --json").exits(0).json();
    assert_eq!(again["created"], json!([]));
    assert_eq!(again["updated"], json!([]));
    assert_eq!(session.files("depot"), before);
}

#[test]
fn ids_are_those_that_the_site_has_in_whatever_case() {
    let session = with_export();
    session.run("--site depot import export.zip").exits(0);
    let spelled = [
        ("task-sequences/P0100020.toml", "task-sequences/p0100020.toml"),
        ("task-sequences/P0100020.xml", "task-sequences/p0100020.xml"),
        ("catalog/P0100004.toml", "catalog/p0100004.toml"),
    ];
    for (from, to) in spelled {
        let [from, to] = [from, to].map(|file| session.path(&format!("depot/{file}")));
        std::fs::rename(from, to).unwrap();
    }
    session.replace("depot/catalog/p0100004.toml", "P0100004", "p0100004");
    let before = session.files("depot");
    session.run("--site depot import export.zip --overwrite").exits(0);
    assert_eq!(session.files("depot"), before);
}

#[test]
fn a_corrected_sequence_is_kept_unless_overwriting_is_asked_for() {
    let session = with_export();
    session.run("--site depot import export.zip").exits(0);
    let file = "depot/task-sequences/P0100020.xml";
    let original = session.read(file);
    session.replace(file, "Partition Disk 0", "Partition the disk");
    let kept = session.run("--site depot import export.zip --json").exits(0).json();
    assert!(each(&kept["kept"], "id").contains(&"P0100020"));
    assert!(session.read(file).contains("Partition the disk"));
    let replaced = session.run("--site depot import export.zip --overwrite --json").exits(0).json();
    assert_eq!(each(&replaced["updated"], "id"), ["P0100020"]);
    assert_eq!(session.read(file), original);
}

#[test]
fn overwriting_leaves_objects_as_they_are_and_the_help_says_so() {
    let session = with_export();
    session.run("--site depot import export.zip").exits(0);
    let file = "depot/catalog/P0100004.toml";
    session.replace(file, "Deployment tools", "Our tools");
    let again = session.run("--site depot import export.zip --overwrite --json").exits(0).json();
    assert!(each(&again["kept"], "id").contains(&"P0100004"));
    assert!(session.read(file).contains("Our tools"));
    let help = session.run("import --help").done().stdout;
    let help = help.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(help.contains("Replace task sequences"), "{help}");
    assert!(help.contains("catalog objects always stay"), "{help}");
}

#[test]
fn what_only_disabled_steps_use_gets_no_object() {
    let session = Session::with_site();
    let sequence = "farm/task-sequences/P0100020.xml";
    let disabled = "<step type=\"SMS_TaskSequence_RunCommandLineAction\" name=\"Old tools\" \
                    description=\"\" disable=\"true\" successCodeList=\"0\" retryCount=\"0\" \
                    runFromNet=\"false\"><action>smsswd.exe /run:P0100055 old.exe</action>\
                    <defaultVarList/></step></sequence>";
    session.replace(sequence, "</sequence>", disabled);
    session.farm("ts export P0100020 export.zip").done();
    session.write("depot/site.toml", "[site]\ncode = \"D01\"\n");
    let imported = session.run("--site depot import export.zip --json").exits(0).json();
    let rules = each(&imported["problems"], "rule");
    assert!(rules.contains(&"import-disabled-only"), "{rules:?}");
    assert!(!session.path("depot/catalog/P0100055.toml").exists());
    assert!(session.path("depot/catalog/P0100004.toml").exists());
}

#[test]
fn the_text_says_what_became_of_each_file() {
    let session = with_export();
    let imported = session.run("--site depot import export.zip").exits(0);
    imported.prints(&[
        "created  task-sequence  task-sequences/P0100020.xml",
        "Install Windows 11",
        "task sequence export:",
        " created, 0 updated, 0 unchanged, 0 kept",
    ]);
}

const GUID: &str = "{11111111-2222-3333-4444-555555555555}";

/// A deployment share with one sequence that installs one application.
fn share(session: &Session) {
    session.write(
        "share/Control/TaskSequences.xml",
        "<tss><ts guid=\"{99999999-2222-3333-4444-555555555555}\" enable=\"True\">\
         <Name>Office computer</Name><ID>OFFICE-1</ID><Version>1.0</Version></ts></tss>",
    );
    session.write(
        "share/Control/Applications.xml",
        format!(
            "<applications><application guid=\"{GUID}\" enable=\"True\"><Name>Viewer 2</Name>\
             <ShortName>Viewer</ShortName><Version>2</Version><Source>.\\Applications\\Viewer</Source>\
             <CommandLine>setup.exe /quiet</CommandLine>\
             <WorkingDirectory>.\\Applications\\Viewer</WorkingDirectory></application></applications>"
        ),
    );
    session.write(
        "share/Control/OFFICE-1/ts.xml",
        format!(
            "<?xml version=\"1.0\"?>\n<sequence version=\"3.00\" name=\"Office computer\" \
             description=\"\"><step type=\"BDD_InstallApplication\" name=\"Install Viewer\" \
             description=\"\" disable=\"false\" successCodeList=\"0 3010\"><defaultVarList>\
             <variable name=\"ApplicationGUID\" property=\"ApplicationGUID\">{GUID}</variable>\
             </defaultVarList><action>cscript.exe \"%SCRIPTROOT%\\ZTIApplications.wsf\"</action>\
             </step></sequence>"
        ),
    );
    session.write("share/Applications/Viewer/setup.exe", "program");
}

#[test]
fn a_deployment_share_becomes_a_distribution_point() {
    let session = with_export();
    share(&session);
    let imported = session.run("--site depot import share --json").exits(0).json();
    assert_eq!(imported["source"], "mdt-share");
    let kinds = each(&imported["created"], "kind");
    assert_eq!(kinds, ["object", "task-sequence"]);
    assert_eq!(each(&imported["updated"], "kind"), ["distribution-point"]);
    assert!(session.read("depot/site.toml").contains("[[distribution-point]]"));
    let listed = session.run("--site depot content list").exits(0);
    listed.prints(&["application  1        found  Viewer"]);
    let shown = session.run("--site depot ts show OFFICE-1 --json").exits(0).json();
    assert_eq!(shown["references"][0]["id"], GUID);
    assert_eq!(shown["references"][0]["kind"], "guid");
}

#[test]
fn a_sequence_that_a_share_has_lost_is_a_finding() {
    let session = with_export();
    share(&session);
    std::fs::remove_file(session.path("share/Control/OFFICE-1/ts.xml")).unwrap();
    let imported = session.run("--site depot import share").exits(3);
    for word in ["import-sequence", "OFFICE-1", "remedy:"] {
        assert!(imported.stderr.contains(word), "no `{word}` in:\n{}", imported.stderr);
    }
}

#[test]
fn sequences_that_no_list_names_are_findings() {
    let session = with_export();
    share(&session);
    session.write("share/Control/OLD-1/TS.xml", "<sequence version=\"3.00\"/>");
    let imported = session.run("--site depot import share --json").exits(3).json();
    let messages = each(&imported["problems"], "message");
    assert_eq!(messages, [r"`Control\OLD-1\ts.xml` was left out: no list names it"]);
    assert!(each(&imported["created"], "id").contains(&"OFFICE-1"));

    std::fs::remove_file(session.path("share/Control/TaskSequences.xml")).unwrap();
    let imported = session.run("--site farm import share --json").exits(3).json();
    assert_eq!(each(&imported["problems"], "rule"), ["import-sequence"; 3]);
    let messages = each(&imported["problems"], "message");
    for (message, word) in messages.iter().zip(["TaskSequences.xml", "OFFICE-1", "OLD-1"]) {
        assert!(message.contains(word), "no `{word}` in: {message}");
    }
    assert!(each(&imported["problems"], "remedy").iter().all(|remedy| !remedy.is_empty()));
}

#[test]
fn what_nobody_knows_is_refused() {
    let session = with_export();
    session.write("folder/file", "");
    session.farm("import folder").refused(2, &["neither", "deployment share", "hint:"]);
    session.write("x.xml", "<sequence version=\"3.10\"/>");
    let takes = ["x.xml", "neither", "the .zip", "`Control`", "task-sequences/ID.xml"];
    session.farm("import x.xml").refused(2, &takes);
    session.write("broken.zip", "no archive");
    session.farm("import broken.zip").refused(2, &["broken.zip", "export the task sequence again"]);
    session.farm("import nowhere").refused(1, &["nowhere"]);
}

#[test]
fn a_damaged_share_is_refused_with_the_file() {
    for (file, text) in [
        ("Control/Applications.xml", "<applications><application>"),
        ("Control/TaskSequences.xml", "<oss/>"),
        ("Control/OFFICE-1/ts.xml", "<sequence"),
    ] {
        let session = with_export();
        share(&session);
        session.write(&format!("share/{file}"), text);
        let before = session.files("depot");
        session.run("--site depot import share").refused(2, &[file, "cannot be imported", "hint:"]);
        assert_eq!(session.files("depot"), before);
    }
}
