//! Damaged and hostile input: a clear message, the documented exit code, and nothing changed.

use std::fs;
use std::io::{Cursor, Write};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use crate::session::{Session, each};

#[test]
fn malformed_xml_is_named_with_line_and_remedy() {
    let session = Session::new();
    session.write("bad.xml", "<sequence version=\"3.10\">\n<group name=\"a\">\n</sequence>\n");
    for words in ["ts show bad.xml", "ts check bad.xml", "ts export bad.xml out.xml"] {
        session.run(words).refused(2, &["bad.xml", "3:", "hint:"]);
    }
}

#[test]
fn xml_that_is_no_sequence_is_refused() {
    let session = Session::new();
    session.write("other.xml", "<html/>");
    session.write("empty.xml", "");
    session.write("binary.xml", [0xff, 0x00, 0x80, 0x81]);
    session.run("ts show other.xml").refused(2, &["`html`, not `sequence`"]);
    session.run("ts show empty.xml").refused(2, &["empty.xml"]);
    session.run("ts show binary.xml").refused(2, &["binary.xml", "UTF-8"]);
}

#[test]
fn hostile_xml_is_refused() {
    let session = Session::new();
    let entities = "<!DOCTYPE s [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;\">]>\
                    <sequence version=\"3.10\">&b;</sequence>";
    session.write("entities.xml", entities);
    session.run("ts show entities.xml").refused(2, &["document type declaration"]);
    let deep =
        format!("<sequence>{}{}</sequence>", "<group>".repeat(5000), "</group>".repeat(5000));
    session.write("deep.xml", deep);
    session.run("ts show deep.xml").refused(2, &["nest deeper"]);
}

#[test]
fn control_characters_in_names_do_not_reach_the_terminal() {
    let session = Session::new();
    let text = "<sequence version=\"3.10\"><step name=\"a&#x9b;31m&#10;b\"/></sequence>";
    session.write("odd.xml", text);
    let shown = session.run("ts show odd.xml").exits(0).stdout;
    assert!(shown.contains("1. a\\u{9b}31m\\nb"), "{shown}");
}

#[test]
fn malformed_toml_is_named_with_line_and_remedy() {
    let session = Session::with_site();
    session.write("farm/media/bad.toml", "[media]\ntype = \"stand-alone\ntask-sequence = 1\n");
    let words = ["toml-syntax", "media/bad.toml:2", "remedy:"];
    session.farm("check bad").exits(2).prints(&words);
    for verb in ["plan bad", "build bad"] {
        session.farm(verb).refused(2, &words);
    }
}

/// One definition that cannot be read hides neither the problems of others nor the document.
#[test]
fn problems_of_an_unreadable_definition_stand_among_the_others_in_json_too() {
    let session = Session::with_site();
    session.write("farm/media/bad.toml", "[media\ntype");
    session.replace("farm/media/example.toml", "label = ", "lable = ");
    for words in ["check --json", "plan bad example --json"] {
        let found = session.farm(words).exits(2).json();
        let rules = each(&found["problems"], "rule");
        assert!(rules.contains(&"toml-syntax") && rules.contains(&"unknown-key"), "{rules:?}");
    }
    let keys_of_a_plan = ["media", "discs", "content", "swaps", "lower_bound_discs", "problems"];
    let plan = session.farm("plan bad --json").exits(2).json();
    for key in keys_of_a_plan {
        assert!(plan.get(key).is_some(), "{key}");
    }
}

#[test]
fn content_that_cannot_be_used_is_a_problem_of_the_plan() {
    let session = Session::with_site();
    let link = fs::read_dir(session.path("farm/content/packages")).unwrap().next().unwrap();
    let link = link.unwrap().path().join("link");
    std::os::unix::fs::symlink("/etc/passwd", link).unwrap();
    let found = session.farm("plan example --json").exits(4).json();
    assert_eq!(each(&found["problems"], "rule").last(), Some(&"content-unusable"));
    let text = session.farm("plan example").exits(4).stderr;
    assert!(text.contains("/etc/passwd") && text.contains("out of the content"), "{text}");
}

#[test]
fn a_file_that_cannot_be_read_stops_only_media_that_need_it() {
    let session = Session::with_site();
    session.write("farm/catalog/P0100099.toml", "id = \"P0100099\nkind");
    session.write("farm/task-sequences/P0100098.xml", "<sequence");
    session.farm("check example").exits(2);
    session.farm("build example --progress none").exits(0);
    let object = session.read("farm/catalog/P0100004.toml");
    session.write("farm/catalog/P0100004.toml", &object[..object.len() / 2]);
    let refused = session.farm("build example --progress none").exits(4);
    assert!(refused.stderr.contains("P0100004"), "{}", refused.stderr);
}

#[test]
fn what_is_no_file_is_no_part_of_a_catalog() {
    let session = Session::with_site();
    fs::create_dir(session.path("farm/catalog/folder.toml")).unwrap();
    let pipe = session.path("farm/catalog/pipe.toml");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status().unwrap();
    assert!(made.success());
    session.farm("check example").exits(0);
}

#[test]
fn an_unknown_key_is_an_error_that_shows_the_line() {
    let session = Session::with_site();
    session.replace("farm/media/example.toml", "label = ", "lable = ");
    let check = session.farm("check example").exits(2);
    check.prints(&["unknown-key", "media/example.toml:", "| lable = \"Example\"", "remedy:"]);
    let build = session.farm("build example").refused(2, &["lable"]);
    assert!(build.stderr.contains("nothing was built"), "{}", build.stderr);
    assert!(!session.path("farm/out/example.iso").exists());
}

#[test]
fn a_site_that_cannot_be_read_is_refused() {
    let session = Session::with_site();
    session.write("farm/site.toml", "[site]\ncode = \"toolong\"\n");
    session.farm("check").refused(2, &["site.toml:2", "toolong"]);
}

#[test]
fn missing_content_is_found_by_check_and_stops_the_build() {
    let session = Session::with_site();
    fs::remove_dir_all(session.path("farm/content/packages/tools")).unwrap();
    let found = session.farm("check example --json").exits(4).json();
    assert_eq!(each(&found["problems"], "rule"), ["content-missing", "boot-image-incomplete"]);
    assert!(each(&found["problems"], "where")[0].contains("Set the power plan (step 8)"));
    assert!(each(&found["problems"], "remedy")[0].contains("tsmedia content update P0100004"));
    session.farm("build example").refused(4, &["content-missing", "packages/tools"]);
}

#[test]
fn a_missing_boot_image_is_missing_content() {
    let session = Session::with_site();
    fs::remove_file(session.path("farm/catalog/P0100001.toml")).unwrap();
    session.farm("check example").exits(4).prints(&["boot-image-missing", "P0100001"]);
}

#[test]
fn a_missing_task_sequence_is_missing_content() {
    let session = Session::with_site();
    fs::remove_file(session.path("farm/task-sequences/P0100020.xml")).unwrap();
    session.farm("check example").exits(4).prints(&["task-sequence-missing", "P0100020"]);
}

#[test]
fn a_boot_image_of_another_architecture_is_a_finding() {
    let session = Session::with_site();
    let file = "farm/catalog/P0100001.toml";
    session.replace(file, "architecture = \"x64\"", "architecture = \"arm64\"");
    session.farm("check example").exits(3).prints(&["boot-image-arch", "arm64", "remedy:"]);
}

#[test]
fn a_disc_that_holds_nothing_is_refused() {
    let session = Session::with_site();
    session.replace("farm/media/two-discs.toml", "\"3.8 MB\"", "\"3.8 kB\"");
    session.farm("check two-discs").exits(2).prints(&["output-size"]);
}

fn archive(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    for (name, bytes) in entries {
        zip.start_file(*name, options).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// Demands that neither `import` nor `ts` take the file, and that the site stays as it is.
#[track_caller]
fn refused_everywhere(bytes: &[u8], words: &[&str]) {
    let session = Session::with_site();
    let before = session.files("farm");
    session.write("in/bad.zip", bytes);
    let words: Vec<&str> = ["bad.zip", "hint:"].iter().chain(words).copied().collect();
    session.farm("import in/bad.zip").refused(2, &words);
    session.farm("ts show in/bad.zip").refused(2, &words);
    session.farm("ts check in/bad.zip").refused(2, &words);
    assert_eq!(session.files("farm"), before);
    assert_eq!(session.files("in").len(), 1);
    assert!(!session.path("evil").exists());
}

const OBJECT: &str = "SMS_TaskSequencePackage/ABC00010/object.xml";

#[test]
fn a_zip_bomb_is_refused() {
    refused_everywhere(&archive(&[(OBJECT, &vec![b' '; 200 << 20])]), &["larger than the limit"]);
}

#[test]
fn a_zip_with_too_many_entries_is_refused() {
    let names: Vec<String> = (0..10_001).map(|number| format!("{number}")).collect();
    let entries: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), &b""[..])).collect();
    refused_everywhere(&archive(&entries), &["10001", "entries"]);
}

#[test]
fn a_zip_whose_names_climb_is_refused() {
    for name in ["../evil", "SMS_TaskSequencePackage/../../evil", "/evil", "a\\..\\evil", "C:evil"]
    {
        let bytes = archive(&[(name, b"x"), (OBJECT, b"<INSTANCE/>")]);
        refused_everywhere(&bytes, &["unsafe name"]);
    }
}

#[test]
fn a_truncated_zip_is_refused() {
    let session = Session::with_site();
    session.farm("ts export P0100020 whole.zip").done();
    let whole = fs::read(session.path("whole.zip")).unwrap();
    for len in [0, 1, 30, whole.len() / 2, whole.len() - 1] {
        refused_everywhere(&whole[..len], &[]);
    }
}

#[test]
fn a_zip_without_a_sequence_is_refused() {
    refused_everywhere(&archive(&[("readme.txt", b"hello")]), &["no task sequence"]);
    refused_everywhere(&archive(&[(OBJECT, b"<INSTANCE/>")]), &["no instance"]);
    refused_everywhere(&archive(&[(OBJECT, b"<INSTANCE")]), &["not XML"]);
}

#[test]
fn a_folder_that_no_image_has_is_a_wrong_command_line() {
    let session = Session::with_site();
    session.farm("build example --progress none").exits(0);
    let ls = "ls farm/out/example.iso --below";
    for json in ["", "--json"] {
        session.run(&format!("{ls} SMS/NOPE {json}")).refused(2, &["`SMS/NOPE`", "--below"]);
    }
    let all = session.run("ls farm/out/example.iso").done().stdout;
    assert_eq!(session.run(&format!("{ls} /")).done().stdout, all);
    session.run(&format!("{ls} SMS/data")).done().prints(&["SMS/data/media.json"]);
}

#[test]
fn every_name_that_windows_cannot_hold_stands_in_the_document() {
    let session = Session::with_site();
    for number in 1..=5 {
        session.write(&format!("farm/content/packages/tools/what{number}?"), "x");
    }
    let text = session.farm("plan example").exits(0).stderr;
    assert!(text.contains("what3?") && !text.contains("what4?"), "{text}");
    let plan = session.farm("plan example --json").exits(0).json();
    let messages = each(&plan["problems"], "message").join("\n");
    for number in 1..=5 {
        assert!(messages.contains(&format!("`what{number}?`")), "{messages}");
    }
}
