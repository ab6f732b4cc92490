//! Names that a namespace cannot hold as they are.

use std::collections::BTreeSet;

use hadris_iso::Namespace;
use iso9660_writer::layout;

use crate::content::{Files, options};
use crate::executor::{bytes, write};
use crate::readers;
use crate::tools::{check_iso, check_udf, isoinfo_paths};

/// Paths in the Joliet tree of these files, by a reader that checks the tree as it goes.
fn joliet_paths(files: &Files) -> Vec<String> {
    let image = layout(files.tree(), &options()).unwrap().into_image();
    readers::iso(bytes(&image), Namespace::Joliet).into_keys().collect()
}

#[test]
fn plain_names_are_upper_case_with_a_dot_and_a_version() {
    let files = Files::default()
        .text("isolinux/isolinux.cfg", "a")
        .text("isolinux/README", "b")
        .text("isolinux/.hidden", "c")
        .text("v1.0/setup-x64.tar.gz", "d");
    let written = write(&files, &options());
    assert_eq!(
        isoinfo_paths(&written.image, None),
        [
            "ISOLINUX",
            "ISOLINUX/ISOLINUX.CFG;1",
            "ISOLINUX/README.;1",
            "ISOLINUX/_HIDDEN.;1",
            "V1_0",
            "V1_0/SETUP_X64_TAR.GZ;1",
        ]
    );
}

#[test]
fn equal_mangled_names_are_numbered_and_faithful_ones_stay() {
    let files = Files::default()
        .text("a b.txt", "1")
        .text("a-b.txt", "2")
        .text("a_b.txt", "3")
        .text("a+b.txt", "4")
        .directory("x.y")
        .directory("x y")
        .text("x_y", "5");
    let written = write(&files, &options());
    check_iso(&written.image);
    assert_eq!(
        isoinfo_paths(&written.image, None),
        ["A_B.TXT;1", "A_B_1.TXT;1", "A_B_2.TXT;1", "A_B_3.TXT;1", "X_Y.;1", "X_Y_1", "X_Y_2"]
    );
    assert_eq!(isoinfo_paths(&written.image, Some("-R")), files.paths());
}

#[test]
fn long_names_are_cut_in_plain_and_joliet_and_whole_elsewhere() {
    let long = |count: usize, end: &str| format!("{}{end}", "long name ".repeat(count));
    let files = Files::default()
        .text(&long(6, "1.json"), "1")
        .text(&long(6, "2.json"), "2")
        .text(&long(6, "and more 1.json"), "3")
        .text(&long(6, "and more 2.json"), "4")
        .text(&long(20, "to the limit.json"), "5")
        .text(&format!("{}.txt", "漢字".repeat(61)), "6");
    let written = write(&files, &options());
    check_iso(&written.image);
    check_udf(&written.image, false);

    let plain = isoinfo_paths(&written.image, None);
    assert_eq!(plain.len(), 6);
    assert!(plain.iter().all(|name| name.len() <= 33), "{plain:?}");
    let joliet: BTreeSet<String> = joliet_paths(&files).into_iter().collect();
    let stem = "long name ".repeat(6);
    let expected = [
        format!("{stem}1.json").replace("long name 1.json", "long nam.json"),
        format!("{stem}2.json"),
    ];
    assert_eq!(joliet.len(), 6);
    assert!(joliet.iter().all(|name| name.encode_utf16().count() <= 64), "{joliet:?}");
    assert!(joliet.iter().all(|name| name.ends_with(".json") || name.ends_with(".txt")));
    assert!(!joliet.contains(&expected[1]), "66 units are cut: {joliet:?}");
    assert_eq!(isoinfo_paths(&written.image, Some("-R")).len(), 6);

    let image = layout(files.tree(), &options()).unwrap().into_image();
    let udf: Vec<String> = readers::udf(bytes(&image)).into_keys().collect();
    assert_eq!(udf, files.paths());
}

#[test]
fn joliet_has_no_forbidden_characters_and_no_trailing_dots() {
    let files = Files::default()
        .text("a:b;c*d?e\\f", "1")
        .text("a_b_c_d_e_f", "2")
        .text("dots..", "3")
        .text("dots__", "4")
        .text("space ", "5")
        .text("smile 😀", "6");
    assert_eq!(
        joliet_paths(&files),
        ["a_b_c_d_e_f", "a_b_c_d_e_f~1", "dots__", "dots__~1", "smile 😀", "space_"]
    );
    let image = layout(files.tree(), &options()).unwrap().into_image();
    let rock_ridge: Vec<String> =
        readers::iso(bytes(&image), Namespace::RockRidge).into_keys().collect();
    assert_eq!(rock_ridge, files.paths());
}

#[test]
fn rock_ridge_names_of_any_length_lie_in_the_record_or_behind_it() {
    let mut files = Files::default();
    for len in 1..=250 {
        files = files.text(&format!("{len:03}{}", "n".repeat(len)), "x").directory("d");
        files = files.text(&format!("d/{}{len:03}", "é".repeat(len / 2)), "y");
    }
    let image = layout(files.tree(), &options()).unwrap().into_image();
    let found: Vec<String> =
        readers::iso(bytes(&image), Namespace::RockRidge).into_keys().collect();
    let expected = files.paths();
    let long = |path: &&String| path.rsplit('/').next().unwrap().len() > 250;
    assert_eq!(found.len(), expected.len());
    let kept: Vec<&String> = expected.iter().filter(|path| !long(path)).collect();
    let cut = expected.iter().filter(long).count();
    assert_eq!(found.iter().filter(|path| kept.binary_search(path).is_err()).count(), cut);
    assert!(cut > 0);
}

#[test]
fn a_mangled_name_does_not_depend_on_other_directories_or_the_order_of_input() {
    let few = Files::default().text("d/a b.txt", "1").text("d/a-b.txt", "2");
    let many = few.clone().text("c/a b.txt", "3").text("e/a?b.txt", "4");
    let in_d = |files: &Files| -> Vec<String> {
        let written = write(files, &options());
        let paths = isoinfo_paths(&written.image, None);
        paths.into_iter().filter(|path| path.starts_with("D/")).collect()
    };
    assert_eq!(in_d(&few), in_d(&many));
    assert_eq!(in_d(&few), ["D/A_B.TXT;1", "D/A_B_1.TXT;1"]);
}
