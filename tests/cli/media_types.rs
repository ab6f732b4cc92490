//! Media that hold no task sequence of the site: bootable and capture.

use std::fs;

use crate::session::{Session, each};

const BOOTABLE: &str = "[media]\ntype = \"bootable\"\nboot-image = \"P0100001\"\nlabel = \"Start\"\n\n\
    [output]\npath = \"out/start.iso\"\ntimestamp = 2026-11-01T00:00:00Z\n\n\
    [security]\npassword-file = \"secrets/media\"\nunknown-computers = true\n\
    certificate = { file = \"secrets/media.pfx\", valid-until = 2099-01-01T00:00:00Z }\n\n\
    [network]\nmanagement-points = [\"http://mp1.example.org\", \"http://mp2.example.org\"]\n\n\
    [customization]\nvariables = { OSDTimeZone = \"hush\" }\n\
    prestart = { command = \"cmd /C ask.cmd\", package = \"P0100003\" }\n";

fn with_bootable() -> Session {
    let session = Session::with_site();
    session.write("farm/media/start.toml", BOOTABLE);
    session.write("farm/secrets/media", "correct horse\n");
    session
}

#[test]
fn bootable_media_hold_the_prestart_files_and_no_task_sequence() {
    let session = with_bootable();
    session.farm("check start").done();
    let plan = session.farm("plan start --json").done().json();
    assert_eq!(each(&plan["discs"][0]["contents"], "id"), ["P0100003"]);
    assert!(!session.path("farm/secrets/media.pfx").exists(), "a plan makes no certificate");
    session.farm("build start --progress none").exits(0);

    let listed = session.run("ls farm/out/start.iso").done().stdout;
    assert!(listed.contains("SMS/PKG/P0100003/") && !listed.contains("policy.xml"), "{listed}");
    let closed = session.run("inspect farm/out/start.iso --json").done().json();
    let image = &closed["images"][0];
    assert_eq!(
        (&image["media"]["type"], &image["password_required"]),
        (&"bootable".into(), &true.into())
    );
    assert!(image["variables"].is_null() && image["prestart"].is_null());
    assert!(image["media"].get("task_sequence").is_none());

    let opened =
        session.run("inspect farm/out/start.iso --password-file farm/secrets/media").done();
    assert!(!opened.stdout.contains("hush"), "values are not shown");
    opened.prints(&["SMSTSLocationMPs", "_SMSTSMediaPFX", "OSDTimeZone", "cmd /C ask.cmd"]);
    session.write("wrong", "wrong\n");
    session.run("inspect farm/out/start.iso --password-file wrong").refused(7, &["variables.dat"]);
    session.run("verify farm/out/start.iso --password-file farm/secrets/media").done();
}

#[test]
fn a_self_signed_certificate_is_kept_so_that_the_next_build_has_the_same_bytes() {
    let session = with_bootable();
    session.farm("build start --progress none").exits(0);
    let (first, pfx) =
        (session.read_bytes("farm/out/start.iso"), session.read_bytes("farm/secrets/media.pfx"));
    fs::remove_file(session.path("farm/out/start.iso")).unwrap();
    session.farm("build start --progress none").exits(0);
    assert!(first == session.read_bytes("farm/out/start.iso"));
    assert!(pfx == session.read_bytes("farm/secrets/media.pfx"));
}

#[test]
fn a_certificate_that_cannot_be_used_stops_the_build_and_says_why() {
    let session = with_bootable();
    session.replace(
        "farm/media/start.toml",
        "file = \"secrets/media.pfx\"",
        "file = \"secrets/none.pfx\", kind = \"pki\"",
    );
    session.replace("farm/media/start.toml", ", valid-until = 2099-01-01T00:00:00Z", "");
    session.replace(
        "farm/media/start.toml",
        "http://mp1.example.org\", \"http://mp2",
        "https://mp1.example.org\", \"https://mp2",
    );
    session.farm("build start --progress none").refused(1, &["none.pfx"]);
    session.write("farm/secrets/none.pfx", "no certificate");
    session.farm("build start --progress none").refused(2, &["none.pfx", "PKCS #12"]);
    session.replace(
        "farm/media/start.toml",
        "kind = \"pki\"",
        "valid-from = 2001-01-01T00:00:00Z, valid-until = 2002-01-01T00:00:00Z",
    );
    session.replace(
        "farm/media/start.toml",
        "https://mp1.example.org\", \"https://mp2",
        "http://mp1.example.org\", \"http://mp2",
    );
    fs::remove_file(session.path("farm/secrets/none.pfx")).unwrap();
    session.farm("build start --progress none").refused(2, &["could not be used", "valid-until"]);
    assert!(!session.path("farm/out/start.iso").exists());
}

#[test]
fn capture_media_hold_the_built_in_task_sequence() {
    let session = Session::with_site();
    session.write(
        "farm/media/capture.toml",
        "[media]\ntype = \"capture\"\nboot-image = \"P0100001\"\n\n[output]\npath = \"out/capture.iso\"\n",
    );
    session.farm("check capture").done();
    session.farm("build capture --progress none").exits(0);
    session.run("verify farm/out/capture.iso").done();
    let found = session.run("inspect farm/out/capture.iso --json").done().json();
    let media = &found["images"][0]["media"];
    assert_eq!(
        (&media["type"], &media["task_sequence"]["id"]),
        (&"capture".into(), &"capture".into())
    );
    session.run("extract farm/out/capture.iso -o all").exits(0);
    let bootstrap = session.read("all/SMS/data/TsmBootstrap.ini");
    assert!(bootstrap.contains("MediaType=CaptureMedia"), "{bootstrap}");
    assert!(session.read("all/SMS/data/policy.xml").contains("CaptureSystemImageAction"));
}

#[test]
fn options_of_other_media_are_refused_with_the_reason_and_listed_by_schema() {
    let session = with_bootable();
    session.replace("farm/media/start.toml", "label =", "task-sequence = \"P0100020\"\nlabel =");
    let refused = session.farm("check start").exits(2);
    assert!(refused.stderr.contains("option-of-type") || refused.stdout.contains("option-of-type"));
    let matrix = session.run("schema options").done().json();
    let options = matrix["options"].as_array().unwrap();
    let option = |key: &str| options.iter().find(|option| option["key"] == key).unwrap();
    assert_eq!(option("media.task-sequence")["stand-alone"]["use"], "required");
    assert_eq!(option("media.task-sequence")["bootable"]["use"], "never");
    assert!(option("security.valid-from")["bootable"]["because"].is_string());
    assert_eq!(matrix["kinds"]["prestaged"][0], "wim");
}
