//! Prestaged media: the task sequence comes from others, and what the disk has is not fetched.

use std::fs;

use runtime::session::SessionExit;

use crate::command;
use crate::media::Media;
use crate::target::{Answer, Target};

/// Fails unless the variables of both media are there. The log shows no values of them.
const KIND: &str =
    " test '%_SMSTSMediaType% %_SMSTSLaunchMode% %Place% %Own%' = 'OEMMedia HD site kept'";

/// Stand-alone media with three contents, of which the first two lie on disc 2.
fn site() -> Media {
    let steps = [
        command("Image", "P0100300 cat image"),
        command("Tool", "P0100401 cat tool"),
        command("Viewer", "P0100402 cat viewer"),
        command("Kind", KIND),
    ];
    let mut media = Media::with(&steps.concat());
    media.unattended = false;
    media.file("P0100300", "image", "the image\n", 2);
    media.file("P0100401", "tool", "new tool\n", 2);
    media.file("P0100402", "viewer", "the viewer\n", 1);
    media.versions.insert("P0100401".to_owned(), 2);
    media.variables = vec![("Place".to_owned(), "site".to_owned())];
    media
}

fn factory() -> Media {
    let mut media = Media::prestaged("P0100300");
    media.unattended = false;
    media.file("P0100300", "image", "the image\n", 1);
    media.file("P0100401", "tool", "old tool\n", 1);
    let (place, own) = (("Place", "factory"), ("Own", "kept"));
    media.variables = [place, own].map(|(a, b)| (a.to_owned(), b.to_owned())).to_vec();
    media
}

/// A computer with the factory's media on its disk, and the discs of the site.
fn delivered(factory: &Media, site: &Media) -> (Target, Vec<std::path::PathBuf>) {
    let mut target = Target::new();
    let disk = factory.write(&target.folder.path().join("disk"));
    target.disk = Some(disk[0].clone());
    let discs = site.write(target.folder.path());
    (target, discs)
}

#[test]
fn what_has_the_right_version_is_used_and_the_rest_is_fetched() {
    let (mut target, discs) = delivered(&factory(), &site());
    let answers = [Answer::Insert(discs[0].clone()), Answer::Insert(discs[1].clone())];
    let ran = target.start_from_disk(&answers);
    assert_eq!(ran.exit, SessionExit::Done, "{}", ran.said);
    for text in [
        "This computer's disk holds no task sequence: insert media that have one and press Enter",
        "P0100300 (Package) is used from this computer's disk",
        "P0100401 (Package) must be fetched: this computer's disk has version 1, the task sequence \
         wants version 2",
        "P0100402 (Package) must be fetched: it is not on this computer's disk",
    ] {
        assert!(ran.said.contains(text), "{text}: {}", ran.said);
    }
    for text in ["the image", "new tool", "the viewer"] {
        assert!(ran.log.contains(&format!("<![LOG[{text}]LOG]!>")), "{text}: {}", ran.log);
    }
}

#[test]
fn no_disc_is_asked_for_when_all_that_it_has_is_on_the_disk() {
    let mut factory = factory();
    factory.contents.remove("P0100401");
    factory.file("P0100401", "tool", "new tool\n", 1);
    factory.versions.insert("P0100401".to_owned(), 2);
    let (mut target, discs) = delivered(&factory, &site());
    let ran = target.start_from_disk(&[Answer::Insert(discs[0].clone())]);
    assert_eq!(ran.exit, SessionExit::Done, "{}", ran.said);
}

#[test]
fn other_files_in_the_same_version_and_damaged_ones_are_fetched() {
    let mut other = factory();
    other.contents.remove("P0100300");
    other.file("P0100300", "image", "another i\n", 1);
    let damaged = factory();
    for (factory, damage, text) in [
        (other, false, "other files in the same version, such as `image`"),
        (damaged, true, "image` is damaged"),
    ] {
        let (mut target, discs) = delivered(&factory, &site());
        if damage {
            let disk = target.disk.clone().unwrap();
            fs::write(disk.join("SMS/PKG/P0100300/image"), "the imagE\n").unwrap();
        }
        let answers = [Answer::Insert(discs[0].clone()), Answer::Insert(discs[1].clone())];
        let ran = target.start_from_disk(&answers);
        assert_eq!(ran.exit, SessionExit::Done, "{}", ran.said);
        assert!(ran.said.contains(text), "{text}: {}", ran.said);
        assert!(ran.log.contains("<![LOG[the image]LOG]!>"), "{}", ran.log);
    }
}

#[test]
fn media_without_a_sequence_and_later_discs_are_told_apart() {
    let (mut target, discs) = delivered(&factory(), &site());
    let mut others = factory();
    others.label = "Other factory".to_owned();
    let others = others.write(&target.folder.path().join("others"));
    let answers = [
        Answer::TakeOut,
        Answer::Insert(others[0].clone()),
        Answer::Insert(discs[1].clone()),
        Answer::Insert(discs[0].clone()),
        Answer::Insert(discs[1].clone()),
    ];
    let ran = target.start_from_disk(&answers);
    assert_eq!(ran.exit, SessionExit::Done, "{}", ran.said);
    for text in [
        "There are no other media",
        "/dev/sr0: this is the media \"Other factory\", which holds no task sequence",
        "/dev/sr0: this is disc 2 of 2 (\"Test\"); disc 1 is wanted",
    ] {
        assert!(ran.said.contains(text), "{text}: {}", ran.said);
    }
}

#[test]
fn each_password_is_asked_for_and_a_restart_keeps_what_is_on_the_disk() {
    let mut site = site();
    site.password = Some("of the site".to_owned());
    let restart = command("Restart", " exit 3010");
    site.sequence = site.sequence.replacen("3.10\">", &format!("3.10\">{restart}"), 1);
    let mut factory = factory();
    factory.password = Some("of the factory".to_owned());
    let (mut target, discs) = delivered(&factory, &site);
    let answers = [
        Answer::Type("of the factory"),
        Answer::Insert(discs[0].clone()),
        Answer::Type("of the site"),
    ];
    let ran = target.start_from_disk(&answers);
    assert_eq!((ran.exit, target.restarts), (SessionExit::Done, 1), "{}", ran.said);
    let ran = target.start_again(Some(&discs[0]), &[Answer::Insert(discs[1].clone())]);
    assert_eq!(ran.exit, SessionExit::Done, "{}", ran.said);
    let used = "P0100300 (Package) is used from this computer's disk";
    assert_eq!(ran.log.matches(used).count(), 2, "{}", ran.log);
}
