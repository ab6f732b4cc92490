//! Images made by tools that share no code with this crate are read as they were meant.

// The crate is pure; its tests run tools and read files.
#![allow(clippy::disallowed_methods)]

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::ops::ControlFlow;
use std::path::Path;
use std::process::Command;

use iso9660_writer::check::{CheckOptions, check};
use iso9660_writer::read::{self, EntryKind, FileReader, Namespace, ReadAt};

/// Path to bytes; None for a directory.
type Tree = BTreeMap<String, Option<Vec<u8>>>;

/// Runs a reference tool, which must be there and succeed.
fn run(program: &str, arguments: &[&str]) {
    let output = Command::new(program).args(arguments).output();
    let output = output.unwrap_or_else(|error| panic!("{program} cannot be run: {error}"));
    let messages = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} {arguments:?}: {messages}");
}

fn sample() -> Tree {
    let mut tree = Tree::new();
    let pattern = |len: usize| (0..len).map(|at| (at * 7 + at / 251) as u8).collect::<Vec<_>>();
    let mut add = |path: &str, bytes: Option<Vec<u8>>| {
        let mut parents = path.match_indices('/').map(|(at, _)| &path[..at]);
        assert!(parents.all(|parent| tree.get(parent) == Some(&None)), "parents of {path} first");
        tree.insert(path.to_owned(), bytes);
    };
    add("empty directory", None);
    add("SMS", None);
    add("SMS/data", None);
    add("SMS/data/media.json", Some(b"{}\n".to_vec()));
    add("SMS/data/empty.bin", Some(Vec::new()));
    add("SMS/data/exactly one sector", Some(pattern(2048)));
    add("SMS/data/one byte more", Some(pattern(2049)));
    add("SMS/PKG", None);
    for index in 0..150 {
        let name = format!("SMS/PKG/a name of middling length, number {index:03}.dat");
        add(&name, Some(pattern(index * 31)));
    }
    add("Grüße an Łódź.txt", Some(b"umlauts".to_vec()));
    tree
}

fn write_tree(tree: &Tree, directory: &Path) {
    for (path, bytes) in tree {
        let path = directory.join(path);
        match bytes {
            None => std::fs::create_dir(path).unwrap(),
            Some(bytes) => std::fs::write(path, bytes).unwrap(),
        }
    }
}

fn read_tree(image: &dyn ReadAt, namespace: Namespace) -> Tree {
    let mut tree = Tree::new();
    read::walk(image, namespace, &mut |entry| {
        let bytes = (entry.kind == EntryKind::File).then(|| {
            let mut bytes = Vec::new();
            FileReader::new(image, entry).read_to_end(&mut bytes).unwrap();
            assert_eq!(bytes.len() as u64, entry.len, "{}", entry.path);
            bytes
        });
        assert!(tree.insert(entry.path.clone(), bytes).is_none(), "{} twice", entry.path);
        ControlFlow::Continue(())
    })
    .unwrap();
    tree
}

fn made_by(program: &str, arguments: &[&str], tree: &Tree) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let source = folder.path().join("tree");
    let image = folder.path().join("image.iso");
    std::fs::create_dir(&source).unwrap();
    write_tree(tree, &source);
    let (source, path) = (source.to_str().unwrap(), image.to_str().unwrap());
    let arguments = [arguments, &["-o", path, source]].concat();
    run(program, &arguments);
    std::fs::read(&image).unwrap()
}

#[test]
fn rock_ridge_and_joliet_of_xorriso_give_the_tree_back() {
    let tree = sample();
    let options = ["-as", "mkisofs", "-quiet", "-J", "-joliet-long", "-R", "-V", "SAMPLE"];
    let image = made_by("xorriso", &options, &tree);
    let expected = [Namespace::RockRidge, Namespace::Joliet, Namespace::Iso9660];
    assert_eq!(read::namespaces(&image), expected);
    assert_eq!(read_tree(&image, Namespace::RockRidge), tree);
    assert_eq!(read_tree(&image, Namespace::Joliet), tree);
    assert_eq!(read::read_volume(&image, Namespace::Joliet).unwrap().label, "SAMPLE");
}

#[test]
fn plain_names_of_xorriso_lead_to_the_same_bytes() {
    let tree = sample();
    let options = ["-as", "mkisofs", "-quiet", "-iso-level", "3"];
    let image = made_by("xorriso", &options, &tree);
    let contents = |tree: &Tree| {
        let mut contents: Vec<_> = tree.values().cloned().collect();
        contents.sort();
        contents
    };
    let plain = read_tree(&image, Namespace::Iso9660);
    assert_eq!(contents(&plain), contents(&tree));
    assert_eq!(plain["SMS/DATA/MEDIA.JSON"], tree["SMS/data/media.json"]);
}

#[test]
fn udf_of_genisoimage_gives_the_tree_back() {
    let tree = sample();
    let options =
        ["-quiet", "-udf", "-J", "-joliet-long", "-R", "-V", "SAMPLE", "-input-charset", "utf-8"];
    let image = made_by("genisoimage", &options, &tree);
    assert_eq!(read_tree(&image, Namespace::Udf), tree);
    assert_eq!(read_tree(&image, Namespace::RockRidge), tree);
    assert_eq!(read_tree(&image, Namespace::Joliet), tree);
}

#[test]
fn an_empty_udf_volume_of_mkudffs_has_a_label_and_no_files() {
    let folder = tempfile::tempdir().unwrap();
    for revision in ["1.02", "2.01"] {
        let image = folder.path().join(format!("{revision}.udf"));
        std::fs::File::create(&image).unwrap().set_len(8 << 20).unwrap();
        let path = image.to_str().unwrap();
        let revision = format!("--udfrev={revision}");
        let arguments = ["--media-type=hd", "--blocksize=2048", &revision, "--label=Grün", path];
        let program =
            if Path::new("/usr/sbin/mkudffs").exists() { "/usr/sbin/mkudffs" } else { "mkudffs" };
        run(program, &arguments);
        let bytes = std::fs::read(&image).unwrap();
        let volume = read::read_volume(&bytes, Namespace::Udf).unwrap();
        assert_eq!(volume.label, "Grün");
        assert_eq!(volume.entries, []);
    }
}

#[test]
fn directories_that_rock_ridge_moved_are_found_where_they_belong() {
    let mut tree = Tree::new();
    let mut path = String::from("1");
    tree.insert(path.clone(), None);
    for level in 2..=12 {
        path.push_str(&format!("/{level}"));
        tree.insert(path.clone(), None);
    }
    tree.insert(format!("{path}/deep.txt"), Some(b"deep".to_vec()));
    let options = ["-quiet", "-R", "-input-charset", "utf-8"];
    let image = made_by("genisoimage", &options, &tree);
    let mut read = read_tree(&image, Namespace::RockRidge);
    read.remove("rr_moved");
    assert_eq!(read, tree);
}

#[test]
fn a_single_path_is_found_without_a_walk() {
    let image = made_by("xorriso", &["-as", "mkisofs", "-quiet", "-R"], &sample());
    let entry = read::find(&image, Namespace::RockRidge, "SMS/data/media.json").unwrap();
    assert_eq!((entry.len, entry.name()), (3, "media.json"));
    let missing = read::find(&image, Namespace::RockRidge, "SMS/data/no.json").unwrap_err();
    assert_eq!(missing.to_string(), "`SMS/data/no.json` is not in the image");
    let through_a_file = "SMS/data/media.json/x";
    assert!(read::find(&image, Namespace::RockRidge, through_a_file).is_err());
}

#[test]
fn boot_catalog_and_partition_tables_of_xorriso_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let source = folder.path().join("tree");
    let image = folder.path().join("image.iso");
    std::fs::create_dir(&source).unwrap();
    std::fs::write(source.join("bios.img"), vec![0xEB; 4096]).unwrap();
    std::fs::write(source.join("efi.img"), vec![0xEF; 65536]).unwrap();
    let arguments = [
        "-as",
        "mkisofs",
        "-quiet",
        "-c",
        "boot.cat",
        "-b",
        "bios.img",
        "-no-emul-boot",
        "-boot-load-size",
        "4",
        "-boot-info-table",
        "-eltorito-alt-boot",
        "-e",
        "efi.img",
        "-no-emul-boot",
        "-isohybrid-gpt-basdat",
        "-o",
    ];
    let paths = [image.to_str().unwrap(), source.to_str().unwrap()];
    run("xorriso", &[&arguments[..], &paths].concat());
    let bytes = std::fs::read(&image).unwrap();
    let catalog = read::boot::BootCatalog::read(&bytes).unwrap().unwrap();
    let platforms: Vec<_> = catalog.entries.iter().map(|entry| entry.platform).collect();
    assert_eq!(platforms, [read::boot::Platform::Bios, read::boot::Platform::Uefi]);
    let efi = read::find(&bytes, Namespace::Iso9660, "EFI.IMG").unwrap();
    assert_eq!(catalog.entries[1].load_offset(), efi.extents[0].offset);
    assert_eq!(catalog.entries[0].sector_count, 4);
}

/// A verifier that only its own writer's images pass would prove little.
#[test]
fn images_of_xorriso_have_no_fault() {
    let options = ["-as", "mkisofs", "-quiet", "-iso-level", "3", "-R", "-V", "SAMPLE"];
    let image = made_by("xorriso", &options, &sample());
    let sectors = CheckOptions { data_alignment: 2048, ..CheckOptions::default() };
    assert_eq!(check(&image, &sectors), []);
}

/// libisofs points the parent records of Joliet directories at the directories themselves.
#[test]
fn the_parent_records_of_xorriso_in_joliet_are_its_only_fault() {
    let options = ["-as", "mkisofs", "-quiet", "-J", "-joliet-long", "-V", "SAMPLE"];
    let mut tree = sample();
    // Joliet's 64 characters are one of its rules, and the option above lifts it.
    tree.retain(|path, _| path.rsplit('/').next().unwrap().chars().count() <= 64);
    let image = made_by("xorriso", &options, &tree);
    let sectors = CheckOptions { data_alignment: 2048, ..CheckOptions::default() };
    let faults = check(&image, &sectors);
    assert_eq!(faults.len(), 4, "{faults:?}");
    assert!(faults.iter().all(|fault| fault.rule == "iso-directory"), "{faults:?}");
}

/// `genisoimage` takes the time twice for the volume set identifier, and pads behind its partition.
#[test]
fn the_udf_side_of_genisoimage_has_the_faults_it_is_known_for() {
    let options = ["-quiet", "-udf", "-R", "-V", "SAMPLE", "-input-charset", "utf-8"];
    let image = made_by("genisoimage", &options, &sample());
    let sectors = CheckOptions { data_alignment: 2048, ..CheckOptions::default() };
    let rules: BTreeSet<_> = check(&image, &sectors).iter().map(|fault| fault.rule).collect();
    let known = ["udf-icb", "udf-partition-length", "udf-sequences-differ", "udf-unreachable"];
    assert!(rules.iter().all(|rule| known.contains(rule)), "{rules:?}");
    assert!(rules.contains("udf-partition-length"), "{rules:?}");
}

/// A bridge of the hadris crates, its files, and a hard link.
fn hadris_bridge() -> (Vec<u8>, Tree) {
    let options = hadris_iso::IsoOptions::default()
        .with_id(hadris_iso::IsoId::Volume, "BRIDGE")
        .with_level(hadris_iso::IsoLevel::L3)
        .with_joliet()
        .with_rock_ridge();
    let udf = hadris_udf::UdfOptions::default()
        .with_id(hadris_udf::UdfId::Volume, "BRIDGE")
        .with_revision(hadris_udf::UdfRevision::V1_02);
    let mut source = hadris_fs::Tree::new();
    let mut tree = Tree::new();
    let large: Vec<u8> = (0..5000).map(|at| (at % 251) as u8).collect();
    let file = |bytes: &[u8]| hadris_fs::Node::file(hadris_fs::Content::bytes(bytes.to_vec()));
    source.insert("DOCS/LARGE.BIN", file(&large)).unwrap();
    source.insert("DOCS/INNER/NOTE.TXT", file(b"note")).unwrap();
    source.link("DOCS/LARGE.BIN", "DOCS/SAME.BIN").unwrap();
    for directory in ["DOCS", "DOCS/INNER"] {
        tree.insert(directory.to_owned(), None);
    }
    for (path, bytes) in [
        ("DOCS/LARGE.BIN", &large[..]),
        ("DOCS/SAME.BIN", &large[..]),
        ("DOCS/INNER/NOTE.TXT", b"note"),
    ] {
        tree.insert(path.to_owned(), Some(bytes.to_vec()));
    }
    let report = hadris_udf::plan_bridge(&source, &options, &udf).unwrap();
    let block = hadris_storage::BlockSize::new(2048).unwrap();
    let mut device = hadris_storage::MemDevice::new(vec![0u8; report.size() as usize], block);
    hadris_udf::sync::write_bridge(&mut device, &source, &options, &udf).unwrap();
    (device.into_inner(), tree)
}

#[test]
fn every_tree_of_a_hadris_bridge_gives_the_files_back() {
    let (image, tree) = hadris_bridge();
    let all = [Namespace::Udf, Namespace::RockRidge, Namespace::Joliet, Namespace::Iso9660];
    assert_eq!(read::namespaces(&image), all);
    for namespace in all {
        assert_eq!(read_tree(&image, namespace), tree, "{namespace}");
    }
}

/// Its root has unique id 16, and its path tables lie behind the data.
#[test]
fn the_known_faults_of_a_hadris_bridge_are_found() {
    let sectors = CheckOptions { data_alignment: 2048, ..CheckOptions::default() };
    let faults = check(&hadris_bridge().0, &sectors);
    let rules: BTreeSet<_> = faults.iter().map(|fault| fault.rule).collect();
    assert!(rules.contains("udf-unique-id"), "{faults:#?}");
    assert!(rules.contains("metadata-after-data"), "{faults:#?}");
}
