//! What cannot be stored is refused, with every path that is concerned.

use exfat_writer::{ExfatOptions, LayoutError, Timestamp, layout};
use image::{ByteCount, FileData, FileTree};

fn tree(paths: &[&str]) -> FileTree<u32> {
    let mut tree = FileTree::new();
    for path in paths {
        tree.add_file(path, FileData::blob(1, ByteCount(1))).unwrap();
    }
    tree
}

fn refused(tree: FileTree<u32>, options: &ExfatOptions) -> LayoutError {
    layout(tree.validate().unwrap(), options).unwrap_err()
}

#[test]
fn every_name_that_exfat_cannot_hold_is_named() {
    let tree = tree(&["a/what?", "a/nul.txt", "fine", "dot."]);
    let error = refused(tree, &ExfatOptions::default());
    let LayoutError::Tree(problems) = &error else { panic!("{error}") };
    let paths: Vec<&str> = problems.iter().map(|problem| &*problem.path).collect();
    assert_eq!(paths, ["dot.", "a/nul.txt", "a/what?"]);
    assert!(error.to_string().starts_with("3 files or directories cannot be stored on exFAT"));
}

#[test]
fn options_that_cannot_be_are_refused() {
    let with = |options: ExfatOptions| refused(tree(&["a"]), &options);
    let default = ExfatOptions::default;
    for (options, expected) in [
        (ExfatOptions { cluster_size: Some(2048), ..default() }, "clusters have"),
        (ExfatOptions { cluster_size: Some(5000), ..default() }, "clusters have"),
        (ExfatOptions { cluster_size: Some(64 << 20), ..default() }, "clusters have"),
        (ExfatOptions { size: Some(ByteCount(5000)), ..default() }, "no multiple of 512"),
        (
            ExfatOptions { size: Some(ByteCount(512)), ..default() },
            "the volume needs 2097152 bytes",
        ),
        (ExfatOptions { created: Timestamp(0), ..default() }, "outside the years 1980"),
        (ExfatOptions { volume_label: "a:b".to_owned(), ..default() }, "the volume label"),
        (ExfatOptions { volume_label: "a label too long".to_owned(), ..default() }, "is longer"),
    ] {
        let error = with(options).to_string();
        assert!(error.contains(expected), "{error}, not {expected}");
    }
}

#[test]
fn files_that_no_volume_holds_are_refused() {
    let mut tree = FileTree::new();
    for name in ["a", "b", "c"] {
        tree.add_file(name, FileData::blob(1, ByteCount(u64::MAX))).unwrap();
    }
    let error = refused(tree, &ExfatOptions::default());
    assert!(matches!(error, LayoutError::TooManyClusters { .. }), "{error}");
}
