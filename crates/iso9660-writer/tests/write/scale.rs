//! Sizes at which formats change their ways.

use image::{ByteCount, FileData, FileTree, NodeId, Source};
use iso9660_writer::layout;

use crate::content::{Blob, Files, MARK_DISTANCE, options};
use crate::executor::{write, write_image};
use crate::readers;
use crate::tools::{check_iso, check_udf, isoinfo_paths, run};

#[test]
fn a_folder_holds_a_hundred_thousand_files() {
    let mut tree = FileTree::new();
    for index in 0..100_000 {
        let data = FileData::blob(Blob::Noise(index % 10), ByteCount(16));
        tree.add_file(&format!("many/File number {index:06}.txt"), data).unwrap();
    }
    let layout = layout(tree.validate().unwrap(), &options()).unwrap();
    assert_eq!(layout.summary().data_extents, 10);

    let room = tempfile::tempdir().unwrap();
    let image = room.path().join("image.iso");
    write_image(&layout.into_image(), &image);
    check_iso(&image);
    check_udf(&image, false);
    for tree in [None, Some("-R"), Some("-J")] {
        assert_eq!(isoinfo_paths(&image, tree).len(), 100_001, "{tree:?}");
    }
}

/// Offsets of marks at the ends of ISO 9660 sections and UDF extents, and beyond the fields of old
/// readers.
fn marks_of_interest(len: u64) -> Vec<u64> {
    let limits = [1u64 << 30, 2 << 30, 4 << 30, 0x3FFF_F800, 0xFFFF_F800, len];
    let around = |limit: u64| {
        let mark = limit / MARK_DISTANCE * MARK_DISTANCE;
        [mark - MARK_DISTANCE, mark, mark + MARK_DISTANCE]
    };
    limits.into_iter().flat_map(around).filter(|mark| mark + 8 <= len).collect()
}

#[test]
fn files_over_4_gib_are_whole_in_every_namespace() {
    let len = 4 * 0x3FFF_F800 + 0x3FFF_F800 + 12_345;
    let mut files = Files::default().text("before.txt", "before");
    files.add("sources/install.wim", FileData::blob(Blob::Marked, ByteCount(len)), 7);
    files.add("sources/zzz.bin", FileData::blob(Blob::Noise(1), ByteCount(5000)), 8);
    let written = write(&files, &options());
    check_udf(&written.image, false);

    let marks = marks_of_interest(len);
    let expected: Vec<u64> = marks.iter().map(|mark| mark + 1).collect();
    let [udf, iso] = readers::words(&written.image, "/sources/install.wim", &marks);
    assert_eq!(udf, expected);
    assert_eq!(iso, expected);

    let image = written.image.to_str().unwrap();
    let listed = run("xorriso", &["-indev", image, "-lsl", "/sources/install.wim"]);
    assert!(listed.contains(&len.to_string()), "{listed}");
    let listed = run("bsdtar", &["-t", "-v", "-f", image]);
    assert!(listed.contains(&len.to_string()), "{listed}");
}

#[test]
fn equal_files_share_their_extent_and_others_never() {
    let mut files = Files::default()
        .text("text/1.txt", "equal")
        .text("text/2.txt", "equal")
        .text("text/3.txt", "other")
        .noise("a", 1, 5000)
        .noise("b", 1, 5000)
        .noise("shorter", 1, 4999)
        .noise("other", 2, 5000);
    let part =
        FileData::Blob { blob: Blob::Noise(1), offset: image::ByteOffset(1), len: ByteCount(4999) };
    files.add("from 1 on", part, u32::MAX);

    let tree = files.tree();
    let layout = layout(tree.clone(), &options()).unwrap();
    let start = |path: &str| {
        let node = tree.find(path).unwrap();
        layout.file_extents().find(|extent| extent.node == node).unwrap().start
    };
    assert_eq!(start("a"), start("b"));
    assert_eq!(start("text/1.txt"), start("text/2.txt"));
    let mut starts = ["a", "shorter", "other", "from 1 on", "text/1.txt", "text/3.txt"].map(start);
    starts.sort();
    assert!(starts.windows(2).all(|pair| pair[0] < pair[1]), "{starts:?}");
    let summary = layout.summary();
    assert_eq!((summary.data_extents, summary.shared_bytes), (6, ByteCount(5005)));

    // xorriso prints the first block of each extent that a file has.
    let written = write(&files, &options());
    let image = written.image.to_str().unwrap();
    let report =
        run("xorriso", &["-indev", image, "-find", "/", "-type", "f", "-exec", "report_lba"]);
    for extent in layout.file_extents() {
        let line = format!("'/{}'", tree.path(extent.node));
        let line = report.lines().find(|found| found.ends_with(&line)).unwrap();
        let block = extent.start.0 / 2048;
        assert!(line.contains(&format!(" {block} ")), "{line} should have {block}");
    }
}

#[test]
fn data_lies_by_rank_and_then_in_the_order_of_the_tree() {
    let mut files = Files::default().noise("a", 1, 100).noise("z/late", 2, 100);
    files.add("boot/second", FileData::blob(Blob::Noise(3), ByteCount(100)), 1);
    files.add("z/first", FileData::blob(Blob::Noise(4), ByteCount(100)), 0);
    let tree = files.tree();
    let image = layout(tree.clone(), &options()).unwrap().into_image();
    let seeds: Vec<u32> = image
        .extents()
        .iter()
        .filter_map(|extent| match extent.source {
            Source::Blob { blob: Blob::Noise(seed), .. } => Some(seed),
            _ => None,
        })
        .collect();
    assert_eq!(seeds, [4, 3, 1, 2]);
}

#[test]
fn an_empty_tree_and_empty_files_make_a_sound_image() {
    for files in [Files::default(), Files::default().text("empty", "").directory("d/e")] {
        let written = write(&files, &options());
        check_iso(&written.image);
        check_udf(&written.image, false);
        let layout = layout(files.tree(), &options()).unwrap();
        assert_eq!(layout.summary().data_extents, 0);
        assert!(layout.file_extents().all(|extent| extent.len == ByteCount::ZERO));
        assert_eq!(layout.tree().node(NodeId::ROOT).parent, NodeId::ROOT);
    }
}
