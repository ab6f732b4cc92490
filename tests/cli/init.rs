//! `tsmedia init`: the example builds at once.

use std::fs;

use crate::session::{Session, each};

#[test]
fn a_new_site_has_no_problems_but_its_placeholder() {
    let session = Session::with_site();
    let check = session.farm("check --json").done().json();
    assert_eq!(check["definitions"], serde_json::json!(["example", "two-discs"]));
    // Its boot image is a placeholder, so that the example needs no network.
    assert_eq!(each(&check["problems"], "rule"), ["boot-image-incomplete"; 2]);
    assert_eq!(each(&check["problems"], "severity"), ["warning"; 2]);
    session.farm("ts check").done().prints(&["1 task sequence: 0 findings"]);
    session.farm("content verify").done().prints(&["7 contents: 0 problems"]);
}

#[test]
fn the_example_builds_and_verifies() {
    let session = Session::with_site();
    session.farm("build example --progress none").exits(0);
    session.run("verify farm/out/example.iso").done().prints(&["ok"]);
    let media = session.run("inspect farm/out/example.iso").done();
    media.prints(&["Example", "P0100020 Install Windows 11", "P0100007"]);
}

#[test]
fn the_second_definition_needs_two_discs() {
    let session = Session::with_site();
    let plan = session.farm("plan two-discs --json --progress none").exits(0).json();
    let discs = plan["discs"].as_array().unwrap();
    assert_eq!(discs.len(), 2);
    assert!(discs.iter().all(|disc| disc["bytes"].as_u64() <= disc["capacity"].as_u64()));
    session.farm("build two-discs --progress none").exits(0);
    session.run("verify farm/out/two-discs.iso").done().prints(&["disc 2 of 2", "ok"]);
}

#[test]
fn the_editor_brings_the_runtime_that_it_depends_on() {
    let session = Session::with_site();
    let plan = session.farm("plan example --json --progress none").exits(0).json();
    let contents = each(&plan["discs"][0]["contents"], "id");
    assert!(contents.contains(&"P0100006"), "{contents:?}");
    let content = &plan["content"];
    assert!(content["unique_bytes"].as_u64() < content["bytes"].as_u64());
}

#[test]
fn the_site_code_begins_every_id() {
    let session = Session::new();
    let made = session.run("init lab --code x7y --json").done().json();
    assert_eq!(made["code"], "X7Y");
    assert_eq!(made["definitions"], serde_json::json!(["example", "two-discs"]));
    session.run("--site lab check").done();
    for folder in ["lab/catalog", "lab/task-sequences"] {
        for (path, _) in session.files(folder) {
            assert!(path.file_name().unwrap().to_str().unwrap().starts_with("X7Y"), "{path:?}");
        }
    }
    for (path, bytes) in session.files("lab") {
        let text = String::from_utf8_lossy(&bytes);
        assert!(!text.contains("@CODE@") && !text.contains("P0100"), "{path:?}");
    }
}

#[test]
fn two_sites_of_one_code_are_equal() {
    let session = Session::new();
    session.run("init a").done();
    session.run("init b").done();
    let of = |site: &str| -> Vec<_> {
        let root = session.path(site);
        let files = session.files(site).into_iter();
        files.map(|(path, bytes)| (path.strip_prefix(&root).unwrap().to_owned(), bytes)).collect()
    };
    assert_eq!(of("a"), of("b"));
}

#[test]
fn an_empty_folder_becomes_a_site() {
    let session = Session::new();
    fs::create_dir(session.path("farm")).unwrap();
    session.run("init farm").done();
    session.farm("check").done();
}

#[test]
fn a_folder_with_something_in_it_is_left_alone() {
    let session = Session::new();
    session.write("farm/notes.txt", "mine");
    session.run("init farm").refused(2, &["`farm` is not empty", "hint:"]);
    assert_eq!(session.files("farm").len(), 1);
    session.run("init farm/notes.txt").refused(2, &["is no folder"]);
    assert_eq!(session.read("farm/notes.txt"), "mine");
}

#[test]
fn a_folder_that_cannot_be_made_is_named() {
    let session = Session::new();
    session.write("file", "");
    session.run("init file/below/farm").refused(2, &["file/below/farm"]);
}

#[test]
fn a_wrong_site_code_is_refused_before_anything_is_written() {
    let session = Session::new();
    for code in ["P0", "P001", "P-1", "ÄÖ1"] {
        session.run_words(&["init", "farm", "--code", code]).refused(2, &["site code", "hint:"]);
    }
    assert!(!session.path("farm").exists());
}
