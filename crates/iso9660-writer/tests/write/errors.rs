//! Trees and options that cannot become an image.

use std::sync::Arc;

use image::{ByteCount, FileData, FileTree, ValidTree};
use iso9660_writer::{
    BiosBoot, BootImageProblem, IsoOptions, LayoutError, NameLimit, NameProblem, Timestamp,
    UefiBoot, layout, measure,
};

use crate::content::{Blob, Files, options};

fn refused(files: &Files, options: &IsoOptions) -> LayoutError {
    let error = layout(files.tree(), options).unwrap_err();
    assert_eq!(measure(&files.tree(), options).unwrap_err(), error);
    error
}

#[test]
fn every_name_too_long_for_udf_is_reported() {
    let latin = "l".repeat(255);
    let wide = "Ω".repeat(128);
    let files = Files::default()
        .text(&"f".repeat(254), "fits")
        .text(&"ω".repeat(127), "fits")
        .text(&format!("d/{latin}"), "too long")
        .directory(&wide);
    let why = |bytes| NameLimit::UdfTooLong { bytes };
    let expected = vec![
        NameProblem { path: wide, why: why(257) },
        NameProblem { path: format!("d/{latin}"), why: why(256) },
    ];
    assert_eq!(refused(&files, &options()), LayoutError::Names(expected));
    layout(files.tree(), &IsoOptions { udf: false, ..options() }).unwrap();
}

#[test]
fn a_path_table_holds_65535_directories() {
    let tree = |count: usize| -> Arc<ValidTree<Blob>> {
        let mut tree = FileTree::new();
        for index in 1..count {
            tree.add_directory(&format!("{:02}/{index}", index % 100)).unwrap();
        }
        Arc::new(tree.validate().unwrap())
    };
    // The hundred directories in the middle and the root count too.
    layout(tree(65_535 - 100), &options()).unwrap();
    let error = layout(tree(65_536 - 100), &options()).unwrap_err();
    assert_eq!(error, LayoutError::TooManyDirectories { count: 65_536, max: 65_535 });
    assert!(error.to_string().contains("65535"));
}

#[test]
fn a_file_may_be_as_long_as_234_extents_of_udf() {
    let max = 234 * 0x3FFF_F800;
    let mut files = Files::default();
    files.add("huge", FileData::blob(Blob::Marked, ByteCount(max)), 0);
    layout(files.tree(), &options()).unwrap();
    files.add("huger", FileData::blob(Blob::Marked, ByteCount(max + 1)), 0);
    let LayoutError::FilesTooLong(problems) = refused(&files, &options()) else { panic!() };
    assert_eq!((problems.len(), &*problems[0].path, problems[0].max), (1, "huger", max));
    layout(files.tree(), &IsoOptions { udf: false, ..options() }).unwrap();
}

#[test]
fn an_image_ends_before_8_tib() {
    let mut files = Files::default();
    let len = ByteCount(200 << 30);
    for seed in 0..41 {
        files.add(&format!("{seed}"), FileData::blob(Blob::Noise(seed), len), 0);
    }
    let error = refused(&files, &options());
    assert!(matches!(error, LayoutError::ImageTooLarge { max, .. } if max == u32::MAX.into()));
}

#[test]
fn labels_and_times_that_no_descriptor_holds_are_refused() {
    let with = |volume_label: &str| IsoOptions { volume_label: volume_label.into(), ..options() };
    let files = Files::default();
    layout(files.tree(), &with(&"Ω".repeat(32))).unwrap();
    for label in ["Ω".repeat(33), "a\u{1}".to_owned()] {
        assert_eq!(refused(&files, &with(&label)), LayoutError::VolumeLabel { label });
    }
    let created = Timestamp(1 << 40);
    let late = IsoOptions { created, ..options() };
    assert_eq!(refused(&files, &late), LayoutError::TimeOutOfRange(created));
}

#[test]
fn boot_images_that_cannot_be_used_are_refused() {
    let mut files = Files::default().text("boot/short", "x").text("boot/empty", "");
    files.add("boot/blob", FileData::blob(Blob::Noise(1), ByteCount(5000)), 0);
    let check = |path: &str, why| {
        let mut options = options();
        options.boot.bios = Some(BiosBoot::isolinux(path));
        let path = path.to_owned();
        assert_eq!(refused(&files, &options), LayoutError::BootImage { path, why });
    };
    check("boot/none", BootImageProblem::Missing);
    check("boot", BootImageProblem::Directory);
    check("boot/short", BootImageProblem::TooShort { min: 2048 });
    check("boot/blob", BootImageProblem::NotInMemory);

    let mut options = options();
    options.boot.uefi = Some(UefiBoot { image: "boot/empty".to_owned() });
    let LayoutError::BootImage { why, .. } = refused(&files, &options) else { panic!() };
    assert_eq!(why, BootImageProblem::TooShort { min: 512 });
}

#[test]
fn a_hybrid_image_needs_something_to_start() {
    let files = Files::default().bytes("isolinux.bin", vec![0; 4096]);
    let mut options = IsoOptions { hybrid: true, ..options() };
    assert_eq!(refused(&files, &options), LayoutError::NothingToStart);
    options.boot.bios = Some(BiosBoot::isolinux("isolinux.bin"));
    assert_eq!(refused(&files, &options), LayoutError::NothingToStart);
}
