//! Sets that lack a disc.

use std::fs;

use crate::session::{Session, each};

fn with_set() -> Session {
    let session = Session::with_site();
    session.farm("build two-discs --progress none").exits(0);
    session
}

#[test]
fn a_set_that_lacks_a_disc_is_damaged() {
    for disc in [1, 2] {
        let session = with_set();
        let whole = session.run("verify farm/out/two-discs.iso --json").done().json();
        assert_eq!((&whole["complete"], &whole["ok"]), (&true.into(), &true.into()));
        fs::remove_file(session.path(&format!("farm/out/two-discs.{disc}.iso"))).unwrap();
        let found = session.run("verify farm/out/two-discs.iso --json").exits(6).json();
        assert_eq!(each(&found["findings"], "rule"), ["disc-missing"]);
        assert_eq!(found["findings"][0]["disc"], disc);
        assert_eq!(found["findings"][0]["image"], "farm/out/two-discs.iso");
        assert_eq!((&found["complete"], &found["ok"]), (&false.into(), &false.into()));
        let text = session.run("verify farm/out/two-discs.iso").exits(6);
        text.prints(&["[disc-missing]", &format!("disc {disc} of 2 is not there"), "1 finding"]);
    }
}

#[test]
fn a_disc_that_was_named_itself_is_right_without_the_others() {
    let session = with_set();
    let verified = session.run("verify farm/out/two-discs.2.iso").done();
    verified.prints(&["note: 1 of 2 discs were given", "ok"]);
    let document = session.run("verify farm/out/two-discs.2.iso --json").done().json();
    assert_eq!((&document["complete"], &document["ok"]), (&false.into(), &true.into()));
}

#[test]
fn inspect_finds_what_a_set_lacks() {
    let session = with_set();
    let whole = session.run("inspect farm/out/two-discs.iso --json").done().json();
    assert_eq!(whole["findings"].as_array().unwrap().len(), 0);
    fs::remove_file(session.path("farm/out/two-discs.2.iso")).unwrap();
    let found = session.run("inspect farm/out/two-discs.iso --json").exits(3).json();
    assert_eq!(found["images"].as_array().unwrap().len(), 1);
    assert_eq!(each(&found["findings"], "rule"), ["disc-missing"]);
    session.run("inspect farm/out/two-discs.iso").exits(3).prints(&["[disc-missing]", "disc 2"]);
    session.run("inspect farm/out/two-discs.1.iso").done();
}

#[test]
fn extract_says_what_a_set_lacks() {
    let session = with_set();
    fs::remove_file(session.path("farm/out/two-discs.2.iso")).unwrap();
    let all = session.run("extract farm/out/two-discs.iso --output all");
    all.refused(4, &["disc 2 of 2", "hint:"]);
    assert!(!session.path("all").exists());
    let one = "--output one --content P0100003";
    let some = session.run(&format!("extract farm/out/two-discs.iso {one}")).exits(0);
    assert!(some.stderr.contains("disc 2 of 2 is not there"), "{}", some.stderr);
}

#[test]
fn the_help_of_diff_says_that_manifests_are_compared() {
    let session = Session::new();
    session.run("--help").done().prints(&["Compare what the manifests of two sets"]);
    session.run("diff --help").done().prints(&["what the manifests", "`verify`"]);
}
