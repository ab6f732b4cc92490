//! What lies where.

use std::sync::Arc;

use image::{ByteCount, FileData, FileTree, NodeId, NodeKind};
use wim::dump::{DumpOptions, dump_to_string};
use wim::read::{BlobPlace, WimReader, inspect};
use wim::{Facts, FileFacts, Filetime, ImageTexts, LatePart, PlannedImage, Sha1, layout};

use crate::support::{Blob, Files, Planned, bytes, options, planned, sample_files};

#[test]
fn every_blob_and_all_metadata_start_at_multiples_of_4096() {
    let files = sample_files();
    let planned = Planned::new(&[("one", &files), ("two", &files)], &options());
    for blob in planned.layout.blobs() {
        assert_eq!(blob.start.0 % 4096, 0);
    }
    let [(_, header, header_len), (_, tables, _)] = planned.layout.late_extents();
    assert_eq!((header.0, header_len.0), (0, 208));
    assert_eq!(tables.0 % 4096, 0);
    let wim = planned.bytes();
    assert_eq!(WimReader::open(&wim).unwrap().header().boot_metadata.offset % 4096, 0);
}

#[test]
fn files_with_one_source_share_a_blob_and_empty_files_have_none() {
    let mut tree = FileTree::new();
    let whole = FileData::blob(Blob::Content(0), ByteCount(100));
    tree.add_file("a", whole.clone()).unwrap();
    tree.add_file("b", whole).unwrap();
    tree.add_file("c", FileData::blob(Blob::Content(1), ByteCount(0))).unwrap();
    let tree = tree.validate().unwrap();
    let [a, b, c] = ["a", "b", "c"].map(|path| tree.find(path).unwrap());
    let layout = layout(vec![planned("image", tree)], &options()).unwrap();
    assert_eq!(layout.blobs().len(), 1);
    assert_eq!(layout.blobs()[0].references, 2);
    let blobs = [a, b, c, NodeId::ROOT].map(|node| layout.blob_of(0, node));
    assert_eq!(blobs, [Some(0), Some(0), None, None]);
}

#[test]
fn blobs_that_turn_out_to_be_equal_are_one() {
    let mut tree = FileTree::new();
    for (path, blob) in [("a", 0), ("b", 1), ("c", 2)] {
        let data = FileData::blob(Blob::Content(blob), ByteCount(5_000));
        tree.add_file(path, data).unwrap();
    }
    let layout = layout(vec![planned("image", tree.validate().unwrap())], &options()).unwrap();
    let contents = vec![bytes(1, 5_000), bytes(2, 5_000), bytes(1, 5_000)];
    let planned = Planned { layout, contents };
    let wim = planned.bytes();
    let statistics = inspect(&wim).unwrap().statistics;
    assert_eq!((statistics.blobs, statistics.references), (2, 3));
    assert_eq!(statistics.shared_bytes(), 5_000);
}

#[test]
fn blobs_lie_by_rank_and_then_in_the_order_of_the_tree() {
    let mut tree = FileTree::new();
    for (path, blob, rank) in [("z", 0, 1), ("a", 1, 2), ("b", 2, 2), ("c", 3, 0)] {
        let data = FileData::blob(Blob::Content(blob), ByteCount(1));
        tree.add_file_ranked(path, data, rank).unwrap();
    }
    let layout = layout(vec![planned("image", tree.validate().unwrap())], &options()).unwrap();
    let order: Vec<Blob> = layout
        .blobs()
        .iter()
        .map(|blob| match blob.data {
            FileData::Blob { blob, .. } => blob,
            FileData::Bytes(_) => panic!("all are blobs"),
        })
        .collect();
    assert_eq!(order, [3, 0, 1, 2].map(Blob::Content));
}

#[test]
fn attributes_times_and_texts_are_told() {
    let mut tree = FileTree::<Blob>::new();
    tree.add_file("folder/file", FileData::Bytes(b"bytes".as_slice().into())).unwrap();
    let tree = Arc::new(tree.validate().unwrap());
    let at = |number: i64| Filetime::from_unix_seconds(1_600_000_000 + number);
    let facts = |node: NodeId| FileFacts {
        attributes: if matches!(tree.node(node).kind, NodeKind::File { .. }) { 0x21 } else { 0x2 },
        created: at(1),
        accessed: at(2),
        written: at(3),
    };
    let facts: Vec<FileFacts> = tree.nodes().map(|(id, _)| facts(id)).collect();
    let image = PlannedImage {
        tree: tree.clone(),
        facts: Facts::Each(facts.into()),
        texts: ImageTexts {
            name: "N & <n>".to_owned(),
            description: "D".to_owned(),
            display_name: "Dn".to_owned(),
            display_description: "Dd".to_owned(),
            flags: "F".to_owned(),
        },
    };
    let layout = layout(vec![image], &options()).unwrap();
    let wim = Planned { layout, contents: Vec::new() }.bytes();
    let reader = WimReader::open(&wim).unwrap();
    let info = &reader.images().unwrap()[0];
    assert_eq!(info.name.as_deref(), Some("N & <n>"));
    assert_eq!(info.description.as_deref(), Some("D"));
    assert_eq!(info.display_name.as_deref(), Some("Dn"));
    assert_eq!(info.display_description.as_deref(), Some("Dd"));
    assert_eq!(info.flags.as_deref(), Some("F"));
    assert_eq!((info.directories, info.files, info.total_bytes), (Some(2), Some(1), Some(5)));
    assert_eq!((info.created, info.modified), (Some(options().created), Some(options().created)));

    let entries = reader.tree(1).unwrap().entries().unwrap();
    let told: Vec<(&str, u32)> =
        entries.iter().map(|entry| (&*entry.path, entry.attributes)).collect();
    assert_eq!(told, [("", 0x12), ("folder", 0x12), ("folder/file", 0x21)]);
    let times = (entries[2].created, entries[2].accessed, entries[2].written);
    assert_eq!(times, (at(1), at(2), at(3)));
    assert_eq!(entries[2].security_id, None);
}

#[test]
fn the_same_input_gives_the_same_bytes_and_digests_can_be_known_before() {
    let files = sample_files();
    let planned = Planned::new(&[("one", &files)], &options());
    let wim = planned.bytes();
    assert!(Planned::new(&[("one", &files)], &options()).bytes() == wim);

    let finished = planned.layout.finished_image(&planned.digests());
    let late = planned.layout.image(Blob::Late);
    assert_eq!(finished.extents().len(), late.extents().len());
    assert_eq!(finished.len().0, wim.len() as u64);
    let header = planned.layout.encode_late(&planned.digests()).header;
    assert_eq!(header[..], wim[..208]);
}

#[test]
fn the_late_parts_are_named_once_each() {
    let files = Files::from([("file".to_owned(), bytes(1, 10))]);
    let planned = Planned::new(&[("one", &files)], &options());
    let mut named = Vec::new();
    planned.layout.image(|part| {
        named.push(part);
        Blob::Late(part)
    });
    assert_eq!(named, [LatePart::Header, LatePart::Tables]);
}

#[test]
fn our_reader_finds_every_byte() {
    let files = sample_files();
    let wim = Planned::new(&[("one", &files)], &options()).bytes();
    let reader = WimReader::open(&wim).unwrap();
    let blobs = reader.blobs().unwrap();
    let mut found = Files::new();
    for entry in reader.tree(1).unwrap().entries().unwrap().iter().filter(|e| e.is_file()) {
        let content = entry.sha1.map_or(Vec::new(), |sha1| {
            let blob = blobs.get(sha1).unwrap();
            let BlobPlace::Plain { offset } = blob.place else { panic!("nothing is compressed") };
            wim[offset as usize..(offset + blob.len) as usize].to_vec()
        });
        assert_eq!(entry.sha1.unwrap_or(Sha1::of(b"")), Sha1::of(&content));
        found.insert(entry.path.clone(), content);
    }
    crate::support::assert_same(&found, &files);
}

#[test]
fn a_dump_says_what_is_where() {
    let files = Files::from([("a/b".to_owned(), bytes(1, 10)), ("c".to_owned(), Vec::new())]);
    let wim = Planned::new(&[("one", &files)], &options()).bytes();
    let text = dump_to_string(&wim, &DumpOptions::default());
    let expected = "\
+00000000 header version=0x10d00 flags=0x0 compression=none chunk=0 guid=61206775696420\
6f662074657374732e part=1/1 images=1 boot=1
+00002258 blob table stored=100 original=100 flags=0x2
+000022bc XML data stored=762 original=762 flags=0x2
+00002000 boot metadata stored=600 original=600 flags=0x2
          integrity table: none
+00002258 blobs=1 references=1 bytes=10 referenced=10 stored=10 solid=0 metadata=600
+00001000 blob a92de70e91271712d7630e0164710690a59f57ae len=10 plain references=1
+000022bc image 1 name=`one` directories=3 files=2 bytes=10 hard-link-bytes=0 \
created=2023-11-14T22:13:20Z modified=2023-11-14T22:13:20Z
          tree of image 1
            / attributes=0x10 written=2023-11-14T22:13:20Z
            /a attributes=0x10 written=2023-11-14T22:13:20Z
            /a/b attributes=0x80 written=2023-11-14T22:13:20Z \
sha1=a92de70e91271712d7630e0164710690a59f57ae len=10
            /c attributes=0x80 written=2023-11-14T22:13:20Z
            /empty folder attributes=0x10 written=2023-11-14T22:13:20Z
";
    assert_eq!(text, expected);
}
