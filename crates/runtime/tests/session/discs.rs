//! Discs: each is asked for once, and nothing else is taken for it.

use std::fs;

use runtime::session::SessionExit;

use crate::command;
use crate::media::Media;
use crate::target::{Answer, Target};

/// Three discs: the first step needs a file that is cut over discs 1 and 2, the second what lies
/// on disc 3, the third what lies on disc 1 and 2.
fn three_discs() -> Media {
    let steps = [
        command("Cut", "P0100200 wc -c <big"),
        command("Third", "P0100300 cat third.txt"),
        command("Scattered", "P0100400 cat one.txt two.txt"),
    ];
    let mut media = Media::with(&steps.concat());
    let big: Vec<u8> = (0..5_000_000u32).map(|at| (at % 251) as u8).collect();
    media.cut_file("P0100200", "big", big, vec![(1, 2_000_000), (2, 3_000_000)]);
    media.file("P0100300", "third.txt", "three\n", 3);
    media.file("P0100400", "one.txt", "one\n", 1);
    media.file("P0100400", "two.txt", "two\n", 2);
    media
}

#[test]
fn each_disc_is_asked_for_once() {
    let mut target = Target::new();
    let discs = three_discs().write(target.folder.path());
    let insert = |number: usize| Answer::Insert(discs[number].clone());
    let ran = target.start(&discs[0], &[insert(1), insert(2)]);
    assert_eq!(ran.exit, SessionExit::Done, "{}", ran.said);
    for disc in [2, 3] {
        let prompt = format!("Insert disc {disc} of 3 (label \"Test\") and press Enter");
        assert_eq!(ran.said.matches(&prompt).count(), 1, "{}", ran.said);
    }
    for text in ["5000000", "three", "one", "two"] {
        assert!(ran.log.contains(&format!("<![LOG[{text}]LOG]!>")), "{}", ran.log);
    }
}

#[test]
fn a_wrong_disc_one_of_another_set_and_none_are_told_apart() {
    let mut target = Target::new();
    let mut other = three_discs();
    other.label = "Other".to_owned();
    let others = other.write(&target.folder.path().join("other"));
    let discs = three_discs().write(target.folder.path());
    let nothing = target.folder.path().join("music");
    fs::create_dir(&nothing).unwrap();
    let answers = [
        Answer::Insert(discs[2].clone()),
        Answer::Insert(others[1].clone()),
        Answer::Insert(nothing),
        Answer::TakeOut,
        Answer::Insert(discs[1].clone()),
        Answer::Insert(discs[2].clone()),
    ];
    let ran = target.start(&discs[0], &answers);
    assert_eq!(ran.exit, SessionExit::Done, "{}", ran.said);
    for text in [
        "/dev/sr0: this is disc 3 of 3; disc 2 of 3 (\"Test\") is wanted",
        "/dev/sr0: this is disc 2 of 3 (\"Other\"), of another set; disc 2 of 3 (\"Test\") is wanted",
        "/dev/sr0: this disc holds no such media",
        "There is no disc in the drive",
    ] {
        assert!(ran.said.contains(text), "{text}: {}", ran.said);
    }
}

#[test]
fn a_disc_that_says_otherwise_than_the_first_is_refused() {
    let mut target = Target::new();
    let discs = three_discs().write(target.folder.path());
    let path = discs[1].join("SMS/data/media.json");
    let text = fs::read_to_string(&path).unwrap();
    let good = target.folder.path().join("good");
    copy(&discs[1], &good);
    fs::write(&path, text.replace("\"files\":2", "\"files\":3")).unwrap();
    let answers =
        [Answer::Insert(discs[1].clone()), Answer::Insert(good), Answer::Insert(discs[2].clone())];
    let ran = target.start(&discs[0], &answers);
    assert!(ran.said.contains("does not say the same of the set"), "{}", ran.said);
    assert_eq!(ran.exit, SessionExit::Done, "{}", ran.said);
}

#[test]
fn a_damaged_file_is_named_with_its_disc_and_fails_the_step_that_needs_it() {
    for (attribute, exit) in
        [("", SessionExit::Failed), ("continueOnError=\"true\"", SessionExit::Done)]
    {
        let steps = crate::command_with("Two", "P0100200 cat x.txt", attribute)
            + &command("After", " echo after");
        let mut media = Media::with(&steps);
        media.file("P0100200", "x.txt", "what it should be\n", 2);
        let mut target = Target::new();
        let discs = media.write(target.folder.path());
        fs::write(discs[1].join("SMS/PKG/P0100200/x.txt"), "what it should not\n").unwrap();
        let ran = target.start(&discs[0], &[Answer::Insert(discs[1].clone())]);
        assert_eq!(ran.exit, exit, "{}", ran.said);
        assert!(ran.said.contains("x.txt` on disc 2 of 2 (\"Test\") is damaged"), "{}", ran.said);
        assert_eq!(ran.log.contains("<![LOG[after]"), exit == SessionExit::Done);
        assert!(!ran.log.contains("<![LOG[what it should not]"), "it was used: {}", ran.log);
    }
}

#[test]
fn a_disc_can_be_cleaned_and_tried_again() {
    let mut media = Media::with(&command("Two", "P0100200 cat x.txt"));
    media.unattended = false;
    media.file("P0100200", "x.txt", "clean\n", 2);
    let mut target = Target::new();
    let discs = media.write(target.folder.path());
    let clean = target.folder.path().join("clean");
    copy(&discs[1], &clean);
    fs::remove_file(discs[1].join("SMS/PKG/P0100200/x.txt")).unwrap();
    let answers = [Answer::Insert(discs[1].clone()), Answer::Insert(clean)];
    let ran = target.start(&discs[0], &answers);
    assert_eq!(ran.exit, SessionExit::Done, "{}", ran.said);
    assert!(ran.said.contains("cannot read `"), "{}", ran.said);
    assert!(ran.log.contains("<![LOG[clean]"), "{}", ran.log);
}

#[test]
fn what_is_in_the_cache_is_compared_again_after_a_restart() {
    let steps = [
        command("Restart", "P0100200 wc -c <big; exit 3010"),
        command("Again", "P0100200 wc -c <big"),
    ];
    for damage in [false, true] {
        let mut media = Media::with(&steps.concat());
        let big = vec![7; 3_000_000];
        media.cut_file("P0100200", "big", big, vec![(1, 1_000_000), (2, 2_000_000)]);
        let mut target = Target::new();
        let discs = media.write(target.folder.path());
        let insert = |number: usize| Answer::Insert(discs[number].clone());
        // The computer starts from the first disc.
        let ran = target.start(&discs[0], &[insert(1), insert(0)]);
        assert_eq!(target.restarts, 1, "{}", ran.said);
        let own = target.own_folder();
        if damage {
            fs::write(own.join("Packages/P0100200/big"), vec![8; 3_000_000]).unwrap();
        }
        // What is damaged there is read from its discs once more.
        let answers = if damage { vec![insert(0)] } else { Vec::new() };
        let ran = target.start_again(Some(&discs[1]), &answers);
        assert_eq!(ran.exit, SessionExit::Done, "{}", ran.said);
        assert_eq!(ran.log.matches("<![LOG[3000000]").count(), 2, "{}", ran.log);
    }
}

fn copy(from: &std::path::Path, to: &std::path::Path) {
    let status = std::process::Command::new("cp").arg("-a").arg(from).arg(to).status().unwrap();
    assert!(status.success());
}
