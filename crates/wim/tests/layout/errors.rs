//! What cannot become a WIM.

use std::sync::Arc;

use image::{ByteCount, FileData, FileTree};
use wim::{Facts, LayoutError, NameLimit, NameProblem, PlannedImage, WimOptions, layout};

use crate::support::{Blob, options, planned};

fn image(name: &str, paths: &[&str]) -> PlannedImage<Blob> {
    let mut tree = FileTree::new();
    for path in paths {
        tree.add_file(path, FileData::blob(Blob::Content(0), ByteCount(1))).unwrap();
    }
    planned(name, tree.validate().unwrap())
}

fn refused(images: Vec<PlannedImage<Blob>>) -> LayoutError {
    layout(images, &options()).unwrap_err()
}

#[test]
fn every_name_that_windows_cannot_have_is_told() {
    let long = "x".repeat(256);
    let images =
        vec![image("one", &["fine", "a:b/c?", "dot.", &long]), image("two", &["folder/tail "])];
    let problem = |image, path: &str, why| NameProblem { image, path: path.to_owned(), why };
    let expected = vec![
        problem(1, "a:b", NameLimit::Character(':')),
        problem(1, "dot.", NameLimit::End),
        problem(1, &long, NameLimit::TooLong { units: 256 }),
        problem(1, "a:b/c?", NameLimit::Character('?')),
        problem(2, "folder/tail ", NameLimit::End),
    ];
    assert_eq!(refused(images), LayoutError::Names(expected));
}

#[test]
fn a_wim_needs_images_with_names_of_their_own() {
    assert_eq!(refused(Vec::new()), LayoutError::NoImages);
    let same = refused(vec![image("x", &["a"]), image("x", &["b"])]);
    assert_eq!(same, LayoutError::SameName { name: "x".to_owned() });
    assert!(layout(vec![image("", &["a"]), image("", &["b"])], &options()).is_ok());
}

#[test]
fn only_an_image_that_is_there_starts() {
    let start = |boot_index| {
        let options = WimOptions { boot_index, ..options() };
        layout(vec![image("x", &["a"])], &options).map(drop)
    };
    assert_eq!(start(0), Ok(()));
    assert_eq!(start(1), Ok(()));
    assert_eq!(start(2), Err(LayoutError::BootIndex { index: 2, count: 1 }));
}

#[test]
fn texts_hold_no_control_characters() {
    let mut bad = image("x", &["a"]);
    bad.texts.description = "a\u{1}b".to_owned();
    let error = refused(vec![bad]);
    assert_eq!(error, LayoutError::ControlCharacter { image: 1, text: "a\u{1}b".to_owned() });
    assert_eq!(error.to_string(), "the text `a\\u{1}b` of image 1 holds a control character");
}

#[test]
fn facts_are_as_many_as_nodes() {
    let mut bad = image("x", &["a"]);
    bad.facts = Facts::Each(Arc::from([]));
    assert_eq!(refused(vec![bad]), LayoutError::Facts { image: 1, nodes: 2, facts: 0 });
}

#[test]
fn lengths_that_no_resource_can_say_are_refused() {
    let mut tree = FileTree::new();
    let data = |blob| FileData::blob(Blob::Content(blob), ByteCount(u64::MAX - 10_000));
    tree.add_file("a", data(1)).unwrap();
    tree.add_file("b", data(2)).unwrap();
    let error = refused(vec![planned("x", tree.validate().unwrap())]);
    assert!(matches!(error, LayoutError::TooLarge { .. }), "{error}");
}

#[test]
#[should_panic(expected = "one digest for each blob")]
fn a_missing_digest_is_a_broken_promise() {
    layout(vec![image("x", &["a"])], &options()).unwrap().encode_late(&[]);
}
