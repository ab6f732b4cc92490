//! `tsmedia content`.

use std::fs;

use serde_json::json;
use sha2::{Digest, Sha256};

use crate::session::{Session, each, keys};

#[test]
fn a_package_is_added_under_the_next_id() {
    let session = Session::with_site();
    session.write("farm/content/packages/fonts/a.ttf", "font");
    let words = [
        "--site",
        "farm",
        "content",
        "add",
        "package",
        "House fonts",
        "--source",
        "packages/fonts",
        "--version",
        "3",
        "--json",
    ];
    let added = session.run_words(&words).done().json();
    assert_eq!(added["id"], "P0100021");
    assert_eq!(added["source_version"], 1);
    assert_eq!(added["contents"], json!([{ "id": "P0100021", "source": "packages/fonts" }]));
    session.farm("content show P0100021").done().prints(&["House fonts", "version 3", "fonts"]);
    session.farm("content verify P0100021").done().prints(&["1 file", "4 bytes"]);
}

#[test]
fn an_application_is_added_with_its_command() {
    let session = Session::with_site();
    let words = [
        "--site",
        "farm",
        "content",
        "add",
        "application",
        "Editor 13",
        "--install",
        "cmd.exe /c install.cmd",
        "--source",
        "farm/content/applications/editor",
        "--id",
        "EDITOR13",
    ];
    session.run_words(&words).done();
    let shown = session.farm("content show EDITOR13").done();
    shown.prints(&["application \"Editor 13\"", "cmd.exe /c install.cmd", "applications/editor"]);
}

#[test]
fn a_boot_image_needs_an_architecture() {
    let session = Session::with_site();
    let add = "content add boot-image New --source boot/linux-x64 --platform linux";
    session.farm(add).refused(2, &["--architecture", "x86, x64, arm64"]);
    session.farm(&format!("{add} --architecture ia64")).refused(2, &["ia64", "x86, x64, arm64"]);
    session.farm(&format!("{add} --architecture x64 --id NEWBOOT")).done();
    let shown = session.farm("content show NEWBOOT --json").done().json();
    assert_eq!((&shown["architecture"], &shown["platform"]), (&json!("x64"), &json!("linux")));
}

#[test]
fn an_object_that_cannot_be_is_refused() {
    let session = Session::with_site();
    let before = session.files("farm");
    session.farm("content add gadget X").refused(2, &["gadget", "driver-package"]);
    session.farm("content add package X --install y").refused(2, &["--install", "application"]);
    session.farm("content add package X --id P0100004").refused(2, &["P0100004", "hint:"]);
    session.farm("content add package X --id ../x").refused(2, &["is no id"]);
    session.farm("content add package X --id p0100004").refused(2, &["`P0100004`", "hint:"]);
    for name in ["", "  "] {
        let add = ["--site", "farm", "content", "add", "package", name];
        session.run_words(&add).refused(2, &["name is empty", "hint:"]);
        let update = ["--site", "farm", "content", "update", "P0100004", "--name", name];
        session.run_words(&update).refused(2, &["name is empty", "hint:"]);
    }
    session.farm("content add package X --source nowhere").refused(2, &["nowhere"]);
    session.write("outside/file", "");
    session.farm("content add package X --source outside").refused(2, &["no distribution point"]);
    assert_eq!(session.files("farm"), before);
}

#[test]
fn list_says_whose_files_are_missing() {
    let session = Session::with_site();
    fs::remove_dir_all(session.path("farm/content/packages/tools")).unwrap();
    session.farm("content list").done().prints(&["P0100004  package         1        missing"]);
    let list = session.farm("content list --json").done().json();
    assert_eq!(each(&list["objects"], "id").len(), 7);
    let tools = &list["objects"][3];
    assert_eq!(tools["id"], "P0100004");
    assert_eq!(tools["contents"][0]["found"], false);
    session.farm("content show P0100004").done().prints(&["looked for at", "packages/tools"]);
    session.farm("content verify").exits(4).prints(&["content-missing", "P0100004"]);
}

#[test]
fn verify_says_what_gives_a_content_its_files() {
    let session = Session::with_site();
    session.farm("content add package Bare --id BARE").done();
    let update = "`tsmedia content update BARE --source PATH`";
    session.farm("content verify BARE").exits(4).prints(&["BARE", "has no source", update]);
    fs::remove_dir_all(session.path("farm/content/packages/tools")).unwrap();
    let verified = session.farm("content verify P0100004").exits(4);
    verified.prints(&["packages/tools", "remedy: put its files there"]);
    session.farm("content verify NONE").exits(4).prints(&["NONE", "`tsmedia content list`"]);
}

#[test]
fn an_update_raises_the_source_version_and_keeps_the_comments() {
    let session = Session::with_site();
    let updated = session.farm("content update P0100004 --version 1.3 --json").done().json();
    assert_eq!(updated["source_version"], 2);
    let text = session.read("farm/catalog/P0100004.toml");
    assert!(text.starts_with("# A package with a program."), "{text}");
    assert!(text.contains("source-version = 2") && text.contains("version = \"1.3\""), "{text}");
    session.farm("content update P0100004").done().prints(&["source version 3"]);
    session.farm("check").done();
    session.farm("build example --progress none").exits(0);
    session.run("inspect farm/out/example.iso").done().prints(&["version 3"]);
}

#[test]
fn an_object_in_use_is_removed_only_by_force() {
    let session = Session::with_site();
    let refused = session.farm("content remove P0100004");
    refused.refused(2, &["task sequence P0100020", "--force"]);
    session.farm("content remove P0100001").refused(2, &["P0100020 (boot image)"]);
    session.farm("content remove P0100006").refused(2, &["application P0100007"]);
    let removed = session.farm("content remove P0100004 --force").exits(0);
    assert!(removed.stderr.contains("task sequence P0100020"), "{}", removed.stderr);
    assert!(session.path("farm/content/packages/tools/power.cmd").exists());
    session.farm("check example").exits(4).prints(&["content-missing", "P0100004"]);
    session.farm("content show P0100004").refused(2, &["P0100004", "tsmedia content list"]);
}

#[test]
fn show_says_who_uses_an_object() {
    let session = Session::with_site();
    let shown = session.farm("content show P0100006 --json").done().json();
    assert_eq!(shown["used_by"], json!(["application P0100007"]));
    let expected = [
        "contents",
        "dependencies",
        "deployment_types",
        "file",
        "id",
        "kind",
        "model_name",
        "name",
        "problems",
        "source_version",
        "supersedes",
        "used_by",
        "version",
    ];
    assert_eq!(keys(&shown), expected);
    let known = &shown["deployment_types"][0];
    assert_eq!(known["success_codes"], json!([0, 3010]));
    let file = r"C:\Program Files\Example\runtime.bin";
    assert_eq!(known["detection"], json!({ "file": file }));
    session.farm("content show P0100006").done().prints(&["installed if there is C:\\Program"]);
}

#[test]
fn a_damaged_object_is_named_with_its_line() {
    let session = Session::with_site();
    session.replace("farm/catalog/P0100004.toml", "version = \"1.2\"", "verison = \"1.2\"");
    let listed = session.farm("content list").exits(2);
    for word in ["unknown-key", "verison", "catalog/P0100004.toml:9"] {
        assert!(listed.stderr.contains(word), "no `{word}` in:\n{}", listed.stderr);
    }
}

/// A content library with one package of one file, and that file's place.
fn library(session: &Session) -> String {
    let bytes = b"the bytes of a file";
    let hash: String = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02X}")).collect();
    let file = format!("lib/FileLib/{}/{hash}", &hash[..4]);
    session.write("lib/PkgLib/ABC00010.INI", "[Packages]\r\nABC00010.3=\r\n");
    let described = format!("[File]\r\nSize={}\r\nHash={hash}\r\n", bytes.len());
    session.write("lib/DataLib/ABC00010.3/setup.exe.INI", described);
    session.write(&file, bytes);
    file
}

#[test]
fn content_of_a_library_is_imported_and_checked() {
    let session = Session::with_site();
    library(&session);
    let imported = session.farm("import lib --json").exits(0).json();
    assert_eq!(imported["source"], "content-library");
    assert_eq!(each(&imported["created"], "id"), ["ABC00010"]);
    session.farm("content verify ABC00010").done().prints(&["1 with a stated digest"]);
}

#[test]
fn a_library_file_with_other_bytes_is_damage() {
    let session = Session::with_site();
    let file = library(&session);
    session.farm("import lib").exits(0);
    session.write(&file, b"THE BYTES OF A FILE");
    let found = session.farm("content verify").exits(6);
    found.prints(&["content-digest", "setup.exe", "FileLib", "remedy:"]);
}

#[test]
fn a_library_file_that_is_not_there_is_missing_content() {
    let session = Session::with_site();
    let file = library(&session);
    session.farm("import lib").exits(0);
    fs::remove_file(session.path(&file)).unwrap();
    session.farm("content verify ABC00010").exits(4).prints(&["setup.exe", "FileLib"]);
}

/// Starts one run for each command line at the same moment, and demands that all succeed.
fn at_once(session: &Session, lines: &[Vec<String>]) {
    std::thread::scope(|scope| {
        for line in lines {
            scope.spawn(move || {
                let words = ["--site", "farm"].into_iter().chain(line.iter().map(String::as_str));
                session.run_words(&words.collect::<Vec<_>>()).done();
            });
        }
    });
}

#[test]
fn no_edit_is_lost_when_many_run_at_once() {
    let session = Session::with_site();
    let before = session.files("farm").len();
    let words = |line: String| line.split(' ').map(str::to_owned).collect::<Vec<_>>();
    let adds: Vec<_> = (1..=12).map(|n| words(format!("content add package Par-{n}"))).collect();
    at_once(&session, &adds);
    let list = session.farm("content list --json").exits(0).json();
    let names = each(&list["objects"], "name");
    for number in 1..=12 {
        assert!(names.contains(&format!("Par-{number}").as_str()), "{number} is not in {names:?}");
    }
    let updates = vec![words("content update P0100004".into()); 8];
    at_once(&session, &updates);
    let shown = session.farm("content show P0100004 --json").done().json();
    assert_eq!(shown["source_version"], 9);
    assert_eq!(session.files("farm").len(), before + 12);
}

#[test]
fn an_import_and_an_edit_wait_for_each_other() {
    let session = Session::with_site();
    let words = |line: &str| line.split(' ').map(str::to_owned).collect::<Vec<_>>();
    let mut lines = vec![words("content update P0100004"); 4];
    for number in 1..=4 {
        session.write(&format!("share{number}/Control/TaskSequences.xml"), "<tss/>");
        lines.push(words(&format!("import share{number}")));
    }
    at_once(&session, &lines);
    let site = session.read("farm/site.toml");
    for number in 1..=4 {
        assert!(site.contains(&format!("name = \"share{number}\"")), "{number} is not in {site}");
    }
}
