//! Sizes at which formats change their ways.

use fat32_writer::{FILE_LEN_MAX, FatOptions, Partitioning, layout, measure};
use image::{ByteCount, FileData, FileTree, Source};

use crate::content::{Blob, Files, MARK_DISTANCE, options};
use crate::executor::{write, write_image};
use crate::readers;
use crate::tools::{check_extracted, fsck, run, text};

#[test]
fn an_empty_tree_and_empty_files_make_a_sound_volume() {
    for files in [Files::default(), Files::default().text("empty", "").directory("d/e")] {
        let written = write(&files, &options());
        fsck(&written.image);
        assert_eq!(readers::hadris_findings(&written.image), [""; 0]);
        check_extracted(&written.image, written.directory.path(), &files.listing());
        let layout = layout(files.tree(), &options()).unwrap();
        assert!(layout.file_extents().all(|extent| extent.start.0 == 0 && extent.len.0 == 0));
    }
}

#[test]
fn a_folder_holds_as_many_files_as_it_has_entries_for() {
    let mut tree = FileTree::new();
    for index in 0..65_534 {
        let data = FileData::blob(Blob::Noise(index % 10), ByteCount(u64::from(index % 3)));
        tree.add_file(&format!("MANY/{index:08}.TXT"), data).unwrap();
    }
    let layout = layout(tree.validate().unwrap(), &options()).unwrap();
    let room = tempfile::tempdir().unwrap();
    let image = room.path().join("image.img");
    write_image(&layout.into_image(), &image);
    assert_eq!(fsck(&image).split(' ').next(), Some("65536"));
    assert_eq!(readers::hadris_findings(&image), [""; 0]);
    let listed = run("7z", &["l", "-tfat", text(&image)]);
    assert!(listed.contains("65534 files"), "{listed}");
}

#[test]
fn a_hundred_thousand_files_lie_in_many_folders() {
    let mut tree = FileTree::new();
    for index in 0..100_000 {
        let data = FileData::blob(Blob::Noise(index % 10), ByteCount(16));
        let path = format!("folder {}/sub {}/File number {index:06}.txt", index % 10, index % 300);
        tree.add_file(&path, data).unwrap();
    }
    let tree = std::sync::Arc::new(tree.validate().unwrap());
    let measured = measure(&tree, &options()).unwrap();
    let layout = layout(tree, &options()).unwrap();
    assert_eq!(layout.len(), measured);
    assert_eq!(layout.summary().files, 100_000);
    let room = tempfile::tempdir().unwrap();
    let image = room.path().join("image.img");
    write_image(&layout.into_image(), &image);
    assert_eq!(fsck(&image).split(' ').next(), Some("100311"));
    assert_eq!(readers::hadris_findings(&image), [""; 0]);
}

#[test]
fn the_longest_file_is_whole_and_a_longer_one_is_refused() {
    let mut files = Files::default().text("BEFORE.TXT", "before");
    files.add("install.wim", FileData::blob(Blob::Marked, FILE_LEN_MAX), 7);
    files.add("zzz.bin", FileData::blob(Blob::Noise(1), ByteCount(5000)), 8);
    let written = write(&files, &options());
    assert_eq!(readers::hadris_findings(&written.image), [""; 0]);
    let listed = run("7z", &["l", "-tfat", text(&written.image)]);
    assert!(listed.contains("4294967295"), "{listed}");
    let offsets: Vec<u64> = (0..FILE_LEN_MAX.0 - MARK_DISTANCE).step_by(101 << 20).collect();
    let expected: Vec<u64> = offsets.iter().map(|offset| offset + 1).collect();
    assert_eq!(readers::hadris_words(&written.image, "/install.wim", &offsets), expected);

    // The length of the chain, 4 GiB, is 0 in the 32 bits in which fsck.fat 4.2 counts it.
    files.add("install.wim", FileData::blob(Blob::Marked, ByteCount((4 << 30) - 4096)), 7);
    fsck(&write(&files, &options()).image);

    files.add("install.wim", FileData::blob(Blob::Marked, ByteCount(FILE_LEN_MAX.0 + 1)), 7);
    layout(files.tree(), &options()).unwrap_err();
}

#[test]
fn a_stick_of_almost_2_tib_is_one_volume() {
    let size = ByteCount((2 << 40) - (4 << 20));
    let files = Files::default().noise("a/b.bin", 1, 10_000);
    let options = FatOptions { size: Some(size), ..options() };
    let layout = layout(files.tree(), &options).unwrap();
    assert_eq!((layout.len(), layout.summary().cluster_size), (size, 32_768));
    let free = layout.free_space();
    assert!(free.start.0 < 1 << 30 && free.len.0 > (2 << 40) - (1 << 30), "{free:?}");
    let room = tempfile::tempdir().unwrap();
    let image = room.path().join("image.img");
    write_image(&layout.into_image(), &image);
    fsck(&image);
    assert_eq!(readers::fatfs(&image), files.listing());
}

#[test]
fn sizes_over_32_gb_are_nothing_special() {
    for gib in [31, 32, 33, 64, 512] {
        let size = ByteCount(gib << 30);
        let options = FatOptions { size: Some(size), ..options() };
        let files = Files::default().noise("a.bin", 1, 10_000);
        assert_eq!(measure(&files.tree(), &options), Ok(size));
        let written = write(&files, &options);
        fsck(&written.image);
        check_extracted(&written.image, written.directory.path(), &files.listing());
    }
}

#[test]
fn every_cluster_size_is_read() {
    let files = Files::default()
        .noise("one byte more.bin", 1, 32_769)
        .noise("exact.bin", 2, 32_768)
        .noise("d/small.bin", 3, 1);
    for cluster_size in [4096, 8192, 16_384, 32_768] {
        let options = FatOptions { cluster_size: Some(cluster_size), ..options() };
        let written = write(&files, &options);
        fsck(&written.image);
        assert_eq!(readers::hadris_findings(&written.image), [""; 0]);
        assert_eq!(readers::fatfs(&written.image), files.listing());
        check_extracted(&written.image, written.directory.path(), &files.listing());
    }
}

#[test]
fn a_full_volume_has_no_free_cluster() {
    let empty = measure(&Files::default().tree(), &options()).unwrap();
    let layout_of = |len: u64| {
        let mut files = Files::default();
        files.add("FULL.BIN", FileData::blob(Blob::Marked, ByteCount(len)), 0);
        layout(files.tree(), &FatOptions { size: Some(empty), ..options() })
    };
    let free = layout_of(1).unwrap().free_space().len.0;
    let full = layout_of(free + 4096).unwrap();
    assert_eq!((full.free_space().len.0, full.summary().free_clusters), (0, 0));
    layout_of(free + 4097).unwrap_err();
    let room = tempfile::tempdir().unwrap();
    let image = room.path().join("image.img");
    write_image(&full.into_image(), &image);
    fsck(&image);
    assert_eq!(readers::hadris_findings(&image), [""; 0]);
}

#[test]
fn equal_files_have_clusters_of_their_own() {
    let files = Files::default().noise("a", 1, 5000).noise("b", 1, 5000);
    let layout = layout(files.tree(), &options()).unwrap();
    let starts: Vec<u64> = layout.file_extents().map(|extent| extent.start.0).collect();
    assert_eq!(starts[1], starts[0] + 8192);
}

#[test]
fn data_lies_by_rank_and_then_in_the_order_of_the_tree() {
    let mut files = Files::default().noise("a", 1, 100).noise("z/late", 2, 100);
    files.add("boot/second", FileData::blob(Blob::Noise(3), ByteCount(100)), 1);
    files.add("z/first", FileData::blob(Blob::Noise(4), ByteCount(100)), 0);
    let options = FatOptions { partitioning: Partitioning::Mbr { disk_signature: 1 }, ..options() };
    let image = layout(files.tree(), &options).unwrap().into_image();
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
