//! Media that do not start, and why.

use std::fs;

use runtime::session::SessionExit;

use crate::command;
use crate::media::Media;
use crate::target::{Answer, Target};

fn one_step() -> Media {
    Media::with(&command("One", " echo ran"))
}

#[test]
fn the_password_is_asked_for_and_a_wrong_one_is_told() {
    let mut media = one_step();
    media.password = Some("correct horse".to_owned());
    let mut target = Target::new();
    let discs = media.write(target.folder.path());
    let answers = [Answer::Type("wrong"), Answer::Type("correct horse")];
    let ran = target.start(&discs[0], &answers);
    assert_eq!(ran.exit, SessionExit::Done, "{}", ran.said);
    assert_eq!(ran.said.matches("The password is wrong").count(), 1, "{}", ran.said);
    assert!(!ran.log.contains("horse"), "{}", ran.log);
    let ran = Target::new().start(&discs[0], &[]);
    assert_eq!(ran.exit, SessionExit::Password, "nobody typed it: {}", ran.said);
}

#[test]
fn a_clock_outside_the_dates_keeps_media_from_starting() {
    for (from, until, expected) in [
        (Some("2999-01-01T00:00:00Z"), None, "start from 2999-01-01T00:00:00Z on"),
        (None, Some("2001-01-01T00:00:00Z"), "have expired"),
    ] {
        let mut media = one_step();
        media.valid = (from.map(str::to_owned), until.map(str::to_owned));
        let mut target = Target::new();
        let discs = media.write(target.folder.path());
        let ran = target.start(&discs[0], &[]);
        assert_eq!(ran.exit, SessionExit::Failed);
        assert!(ran.said.contains(expected) && ran.said.contains("clock"), "{}", ran.said);
        assert!(!ran.log.contains("<![LOG[ran]"));
    }
}

#[test]
fn what_steps_need_is_there_before_the_first_one_runs() {
    let steps = [
        command("Harmless", " echo ran"),
        command("Needs", "P0100999 true"),
        "<step type=\"SMS_TaskSequence_EnableBitLockerAction\" name=\"Lock\"><action>x</action></step>"
            .to_owned(),
        "<step type=\"SMS_TaskSequence_ConvertDiskAction\" name=\"Off\" disable=\"true\"><action>x\
         </action></step>"
            .to_owned(),
    ];
    let mut target = Target::new();
    let discs = Media::with(&steps.concat()).write(target.folder.path());
    let ran = target.start(&discs[0], &[]);
    assert_eq!(ran.exit, SessionExit::ContentMissing, "{}", ran.said);
    assert!(ran.said.contains("Needs (step 2): the media do not have the content `P0100999`"));
    assert!(
        ran.said.contains("Lock (step 3): nothing on Linux runs steps of type"),
        "{}",
        ran.said
    );
    assert!(!ran.said.contains("Off"), "{}", ran.said);
    assert!(!ran.log.contains("<![LOG[ran]"));
}

#[test]
fn damaged_documents_are_named() {
    type Damage = fn(&std::path::Path);
    let cases: [(&str, Damage, SessionExit); 6] = [
        (
            "media.json",
            |root| fs::write(root.join("media.json"), "{").unwrap(),
            SessionExit::Integrity,
        ),
        (
            "media.json",
            |root| fs::write(root.join("media.json"), "{}").unwrap(),
            SessionExit::Integrity,
        ),
        (
            "policy.xml",
            |root| fs::write(root.join("policy.xml"), "<policy").unwrap(),
            SessionExit::Integrity,
        ),
        (
            "variables.dat",
            |root| fs::write(root.join("variables.dat"), "TSMENV\0\0").unwrap(),
            SessionExit::Integrity,
        ),
        (
            "variables.dat",
            |root| fs::remove_file(root.join("variables.dat")).unwrap(),
            SessionExit::Integrity,
        ),
        (
            "TsmBootstrap.ini",
            |root| fs::write(root.join("TsmBootstrap.ini"), "").unwrap(),
            SessionExit::Integrity,
        ),
    ];
    for (name, damage, exit) in cases {
        let mut target = Target::new();
        let discs = one_step().write(target.folder.path());
        damage(&discs[0].join("SMS/data"));
        let ran = target.start(&discs[0], &[]);
        assert_eq!(ran.exit, exit, "{name}: {}", ran.said);
        assert!(ran.said.contains(name), "{name}: {}", ran.said);
    }
}

#[test]
fn a_manifest_that_is_damaged_or_climbs_out_fails_the_step() {
    for (from, to, expected) in [
        ("x.txt", "../../x", "leads out of `P0100200`"),
        ("\"size\":3", "\"size\":4", "is not what media.json says"),
        ("{", "[", "is damaged at line 1"),
    ] {
        let mut media = Media::with(&command("Needs", "P0100200 cat x.txt"));
        media.file("P0100200", "x.txt", "abc", 1);
        let mut target = Target::new();
        let discs = media.write(target.folder.path());
        let path = discs[0].join("SMS/data/content/P0100200.jsonl");
        let text = fs::read_to_string(&path).unwrap();
        fs::write(&path, text.replacen(from, to, 1)).unwrap();
        let ran = target.start(&discs[0], &[]);
        assert_eq!(ran.exit, SessionExit::Failed, "{}", ran.said);
        assert!(ran.said.contains(expected), "{expected}: {}", ran.said);
    }
}

#[test]
fn a_later_disc_does_not_start_a_run() {
    let mut media = one_step();
    media.file("P0100200", "x.txt", "abc", 2);
    let mut target = Target::new();
    let discs = media.write(target.folder.path());
    let ran = target.start(&discs[1], &[]);
    assert_eq!(ran.exit, SessionExit::Failed);
    assert!(ran.said.contains("This is disc 2 of 2 (\"Test\"); start from disc 1"), "{}", ran.said);
}
