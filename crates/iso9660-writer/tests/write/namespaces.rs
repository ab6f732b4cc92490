//! Every namespace shows the same tree.

use std::collections::BTreeSet;

use crate::content::{Files, options};
use crate::executor::write;
use crate::tools::{check_extracted, check_iso, check_udf, isoinfo_paths};

fn sample() -> Files {
    Files::default()
        .text("README.txt", "read me")
        .text("empty.txt", "")
        .directory("empty folder")
        .noise("sources/boot.wim", 1, 300_000)
        .noise("sources/copy.wim", 1, 300_000)
        .noise("sources/one block", 2, 2048)
        .noise("sources/two blocks", 3, 4096)
        .noise("sources/one more", 4, 4097)
        .text("a/b/c/d/e/f/g/h/i/j/deep.txt", "ten levels down")
        .text("Größe/Ω.txt", "not ASCII")
        .text("😀/smile 😀.txt", "not of the BMP")
}

#[test]
fn every_program_finds_every_file() {
    let files = sample();
    let written = write(&files, &options());
    check_iso(&written.image);
    check_udf(&written.image, false);
    check_extracted(&written.image, written.directory.path(), &files.contents());
    assert_eq!(isoinfo_paths(&written.image, Some("-R")), files.paths());
}

#[test]
fn small_images_are_read_whatever_lies_256_blocks_before_their_end() {
    // There a reader looks for an anchor, and here it finds each of the sequences' descriptors.
    let mut ends = BTreeSet::new();
    for blocks in 1..60 {
        let written = write(&Files::default().noise("file", 1, blocks * 2048), &options());
        ends.insert(written.image.metadata().unwrap().len() / 2048 - 1 - 256);
        check_udf(&written.image, false);
    }
    assert!((32..=65).all(|end| ends.contains(&end)), "{ends:?}");
}
