//! Trees and options that cannot become an image.

use std::sync::Arc;

use fat32_writer::names::{LabelLimit, NameLimit};
use fat32_writer::{
    FILE_LEN_MAX, FatOptions, GrubImages, LayoutError, Limit, PartitionKind, Partitioning, Problem,
    Timestamp, layout, measure,
};
use image::{ByteCount, FileData, FileTree, ValidTree};

use crate::content::{Blob, Files, options};

fn refused(files: &Files, options: &FatOptions) -> LayoutError {
    let error = layout(files.tree(), options).unwrap_err();
    assert_eq!(measure(&files.tree(), options).unwrap_err(), error);
    error
}

#[test]
fn everything_that_fat32_cannot_hold_is_reported_at_once() {
    let long = "l".repeat(256);
    let mut files = Files::default()
        .text("a?b", "")
        .text("con/x", "")
        .text("d/trailing.", "")
        .text(&format!("d/{long}"), "")
        .text("d/nul.tar.gz", "");
    files.add("d/big.wim", FileData::blob(Blob::Marked, ByteCount(1 << 32)), 0);
    let problem = |path: &str, why| Problem { path: path.to_owned(), why };
    let name = |path: &str, why| problem(path, Limit::Name(why));
    let expected = vec![
        name("a?b", NameLimit::Character('?')),
        name("con", NameLimit::Device("CON")),
        problem("d/big.wim", Limit::FileTooLong { len: 1 << 32, max: FILE_LEN_MAX.0 }),
        name(&format!("d/{long}"), NameLimit::TooLong { units: 256 }),
        name("d/nul.tar.gz", NameLimit::Device("NUL")),
        name("d/trailing.", NameLimit::TrailingDotOrSpace),
    ];
    let error = refused(&files, &options());
    assert_eq!(error, LayoutError::Tree(expected));
    let text = error.to_string();
    assert!(text.starts_with("6 files or directories cannot be stored on FAT32: "), "{text}");
    assert!(text.contains("`d/big.wim`: the file is 4294967296 bytes long"), "{text}");
}

/// A tree with `count` names of `slots` entries each in one directory, or in the root.
fn wide_tree(prefix: &str, count: usize) -> Arc<ValidTree<Blob>> {
    let mut tree = FileTree::new();
    for index in 0..count {
        tree.add_file(&format!("{prefix}{index:08}.TXT"), FileData::Bytes([].into())).unwrap();
    }
    Arc::new(tree.validate().unwrap())
}

#[test]
fn a_directory_holds_65536_entries() {
    let unlabelled = FatOptions { volume_label: String::new(), ..options() };
    for (prefix, options, max) in
        [("d/", options(), 65_534), ("", options(), 65_535), ("", unlabelled, 65_536)]
    {
        layout(wide_tree(prefix, max), &options).unwrap();
        let error = layout(wide_tree(prefix, max + 1), &options).unwrap_err();
        let path = prefix.trim_end_matches('/').to_owned();
        let why = Limit::DirectoryTooLarge { entries: 65_537, max: 65_536 };
        assert_eq!(error, LayoutError::Tree(vec![Problem { path, why }]));
    }
    // Long names take two or more.
    let mut tree = FileTree::<Blob>::new();
    for index in 0..32_768 {
        tree.add_file(&format!("{index:08}.txt"), FileData::Bytes([].into())).unwrap();
    }
    layout(tree.clone().validate().unwrap(), &FatOptions::default()).unwrap();
    tree.add_directory("D").unwrap();
    layout(tree.validate().unwrap(), &FatOptions::default()).unwrap_err();
}

#[test]
fn options_that_no_volume_has_are_refused() {
    let files = Files::default();
    let with = |volume_label: &str| FatOptions { volume_label: volume_label.into(), ..options() };
    layout(files.tree(), &with("ELEVENCHARS")).unwrap();
    for (label, why) in [
        ("TWELVE CHARS", LabelLimit::TooLong),
        ("lower", LabelLimit::Character('l')),
        (" A", LabelLimit::OuterSpace),
    ] {
        let label = label.to_owned();
        assert_eq!(refused(&files, &with(&label)), LayoutError::VolumeLabel { label, why });
    }
    let created = Timestamp(0);
    let early = FatOptions { created, ..options() };
    assert_eq!(refused(&files, &early), LayoutError::TimeOutOfRange(created));
    for bytes in [0, 512, 2048, 4097, 65_536] {
        let sizes = FatOptions { cluster_size: Some(bytes), ..options() };
        assert_eq!(refused(&files, &sizes), LayoutError::ClusterSize { bytes });
    }
    let size = ByteCount((1 << 30) + 1);
    let odd = FatOptions { size: Some(size), ..options() };
    assert_eq!(refused(&files, &odd), LayoutError::SizeNotSectors { size });
    let name = "n".repeat(37);
    let partitioning =
        Partitioning::Gpt { kind: PartitionKind::EfiSystem, name: name.clone(), id: [0; 16] };
    let named = FatOptions { partitioning, ..options() };
    assert_eq!(refused(&files, &named), LayoutError::PartitionName { name });
    let mut boot = vec![0; 512];
    boot[510..].copy_from_slice(&[0x55, 0xAA]);
    let bios_boot = Some(GrubImages::new(&boot, &[0; 1024]).unwrap());
    let bare = FatOptions { bios_boot, ..options() };
    assert_eq!(refused(&files, &bare), LayoutError::NoRoomForBootCode);
}

#[test]
fn a_size_that_is_too_small_says_how_much_is_needed() {
    let mut files = Files::default();
    files.add("big", FileData::blob(Blob::Marked, ByteCount(3 << 30)), 0);
    for partitioning in [Partitioning::None, Partitioning::Mbr { disk_signature: 1 }] {
        for size in [0, 512, 1 << 20, 1 << 28, 3 << 30] {
            let size = ByteCount(size);
            let partitioning = partitioning.clone();
            let small = FatOptions { size: Some(size), partitioning, ..options() };
            let error = refused(&files, &small);
            let LayoutError::SizeTooSmall { min, .. } = error else { panic!("{error}") };
            assert_eq!(error, LayoutError::SizeTooSmall { size, min });
            let enough = FatOptions { size: Some(min), ..small };
            assert_eq!(measure(&files.tree(), &enough), Ok(min));
        }
    }
}

#[test]
fn a_volume_ends_before_2_tib() {
    let mut files = Files::default();
    for index in 0..513 {
        files.add(&format!("{index}"), FileData::blob(Blob::Marked, FILE_LEN_MAX), 0);
    }
    let error = refused(&files, &options());
    assert!(matches!(error, LayoutError::VolumeTooLarge(_)), "{error}");
}
