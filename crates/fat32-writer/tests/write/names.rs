//! Names as other readers see them.

use crate::content::{Files, options};
use crate::executor::write;
use crate::readers;
use crate::tools::{check_extracted, fsck, mdir};

/// Names of every kind that FAT32 can hold.
fn strange_names() -> Files {
    let long = "l".repeat(255);
    let wide = "ä".repeat(255);
    let outside_the_bmp = "💿".repeat(127);
    let names = [
        "A",
        "README.TXT",
        "readme2.txt",
        "Mixed.Case",
        ".hidden",
        "..two",
        " leading space",
        "a.b.c.d",
        "no extension",
        "an.extension of many characters",
        "plus+comma,semi;equals=[brackets]",
        "thirteen char",
        "twenty-six characters long",
        "Grüße an Łódź.txt",
        "日本語.txt",
        "💿 disc.txt",
        "e\u{301} decomposed",
        "100%.txt",
        "~1",
        "con_",
        "å",
        &long,
        &wide,
        &outside_the_bmp,
    ];
    let mut files = Files::default();
    for (index, name) in names.iter().enumerate() {
        files = files.noise(&format!("files/{name}"), index as u32, 10 + index as u64);
        files = files.directory(&format!("directories/{name}/{name}"));
    }
    files
}

#[test]
fn every_name_that_fat32_can_hold_is_read_by_all() {
    let files = strange_names();
    let written = write(&files, &options());
    fsck(&written.image);
    assert_eq!(readers::hadris_findings(&written.image), [""; 0]);
    assert_eq!(readers::hadris(&written.image), files.listing());
    assert_eq!(readers::fatfs(&written.image), files.listing());
}

/// A name of 255 bytes is the longest that the file systems of Linux hold, and mtools knows no
/// characters outside of the BMP.
#[test]
fn programs_extract_names_that_linux_can_hold() {
    let mut files = Files::default();
    for (path, content) in strange_names().contents() {
        let (_, name) = path.rsplit_once('/').unwrap();
        if name.len() <= 255 && name.chars().all(|character| character <= '\u{FFFF}') {
            files = files.bytes(&path, content);
        }
    }
    let written = write(&files, &options());
    check_extracted(&written.image, written.directory.path(), &files.listing());
}

#[test]
fn short_names_are_those_that_windows_would_give() {
    let mut files = Files::default();
    let names = [
        ("readme.txt", "README.TXT"),
        ("EXACT.TXT", "EXACT.TXT"),
        ("long name one.text", "LONGNA~1.TEX"),
        ("long name two.text", "LONGNA~2.TEX"),
        ("LONGNA~3.TEX", "LONGNA~3.TEX"),
        ("long name xyz.text", "LONGNA~4.TEX"),
        (".profile", "PROFIL~1"),
        ("a.b.c", "AB~1.C"),
        ("größe", "GR__E~1"),
    ];
    for (name, _) in names {
        files = files.text(name, name);
    }
    let written = write(&files, &options());
    let mut found = mdir(&written.image, "/");
    found.sort();
    let mut expected: Vec<(String, String)> = names
        .iter()
        .map(|(name, short)| {
            let long = if name == short { "" } else { *name };
            ((*short).to_owned(), long.to_owned())
        })
        .collect();
    expected.sort();
    assert_eq!(found, expected);
}

#[test]
fn names_that_begin_alike_all_have_short_names_of_their_own() {
    let mut files = Files::default();
    for index in 0..300 {
        files = files.text(&format!("d/A file with a long name, number {index}.txt"), "x");
    }
    let written = write(&files, &options());
    let mut shorts: Vec<String> =
        mdir(&written.image, "/d").into_iter().map(|(short, _)| short).collect();
    shorts.sort();
    shorts.dedup();
    assert_eq!(shorts.len(), 300);
    assert_eq!(fsck(&written.image).split(' ').next(), Some("302"));
    assert_eq!(readers::fatfs(&written.image), files.listing());
}
