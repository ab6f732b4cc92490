//! Every image that the tests of the other groups left: a kernel mounts it and reads every file.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use exfat_writer::read::ExfatReader;
use fat32_writer::read::FatReader;
use image::read::{DataExtent, ReadAt};
use iso9660_writer::read as iso;
use sha2::{Digest, Sha256};

use crate::machine::require;
use crate::mounted::{Drive, GuestView, MountedFile, MountedTree, Namespace, guest_trees};
use crate::site::{left, tool};

/// An image that is not read into memory, as it may be hundreds of gigabytes of holes.
struct OnDisk(File);

impl ReadAt for OnDisk {
    fn len(&self) -> u64 {
        self.0.metadata().unwrap().len()
    }

    fn read_exact_at(&self, offset: u64, bytes: &mut [u8]) -> std::io::Result<()> {
        self.0.read_exact_at(bytes, offset)
    }
}

/// Whose images must be there, by package and test target.
const MAKERS: [&str; 6] = [
    "exfat-writer-write",
    "fat32-writer-write",
    "iso9660-writer-write",
    "tsmedia-cli",
    "tsmedia-cli_faults",
    "tsmedia-reference",
];

/// An emulated machine takes seconds to read as much, in each namespace. Long files have tests of
/// their own.
const DATA_MAX: u64 = 64 << 20;

/// The same for files, of which each is opened.
const FILES_MAX: usize = 5000;

/// Drives of a machine.
const DRIVES: usize = 100;

/// The files and folders of an image as our readers find them, in every namespace that they know
/// by its full names.
struct Known {
    path: PathBuf,
    drive: Drive,
    trees: BTreeMap<Namespace, MountedTree>,
}

#[test]
fn a_kernel_reads_every_file_of_every_image_that_a_test_made() {
    let mut images = Vec::new();
    for maker in MAKERS {
        let folder = left::folder().join(maker);
        require(&folder, "tools/test unit cli reference");
        images.extend(distinct(&folder));
    }
    let known: Vec<Known> = images.into_iter().filter_map(Known::read).collect();
    for namespace in [Namespace::Udf, Namespace::RockRidge, Namespace::Fat, Namespace::Exfat] {
        assert!(known.iter().any(|image| image.trees.contains_key(&namespace)), "{namespace:?}");
    }
    // One machine a core.
    let (even, odd): (Vec<_>, Vec<_>) = known.iter().enumerate().partition(|(at, _)| at % 2 == 0);
    std::thread::scope(|scope| {
        for half in [even, odd] {
            scope.spawn(move || {
                for some in half.chunks(DRIVES) {
                    check(&some.iter().map(|(_, known)| *known).collect::<Vec<_>>());
                }
            });
        }
    });
}

/// The images in a folder, without those that are equal to another one.
fn distinct(folder: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let mut seen = BTreeSet::new();
    paths.retain(|path| {
        // Summing up sticks of hundreds of gigabytes would take minutes; there are few.
        let len = fs::metadata(path).unwrap().len();
        len > 1 << 30 || seen.insert(checksum(path))
    });
    paths
}

/// The checksum and length of a file.
fn checksum(path: &Path) -> String {
    let said = tool("cksum", &[path.to_str().unwrap()], Path::new("/"));
    said.split(' ').take(2).collect::<Vec<_>>().join("-")
}

fn check(images: &[&Known]) {
    let drives: Vec<(&Path, Drive)> =
        images.iter().map(|image| (&*image.path, image.drive)).collect();
    for (image, view) in images.iter().zip(guest_trees(&drives)) {
        image.check(&view);
    }
}

impl Known {
    /// `None` for an image with more data than an emulated machine should read.
    fn read(path: PathBuf) -> Option<Self> {
        let image = OnDisk(File::open(&path).unwrap());
        let mut id = [0; 5];
        let is_iso = image.0.read_exact_at(&mut id, 16 * 2048 + 1).is_ok() && &id == b"CD001";
        let (drive, trees) = match is_iso {
            true => (Drive::Optical, iso_trees(&image)?),
            false => (Drive::Disk, disk_trees(&image)?),
        };
        Some(Self { path, drive, trees })
    }

    fn check(&self, view: &GuestView) {
        for (namespace, found) in view {
            let place = format!("{} as {namespace:?}", self.path.display());
            let known = self.trees.get(namespace);
            if *namespace == Namespace::Udf && known.is_none() {
                assert!(found.files.is_empty(), "{place}: there is no UDF volume");
                continue;
            }
            assert_eq!(found.errors, [""; 0], "{place}");
            // All namespaces of a disc have the same files, some of them by other names.
            let any = known.or_else(|| self.trees.values().next()).unwrap();
            assert_eq!(contents(found), contents(any), "{place}");
            assert_eq!(found.folders.len(), any.folders.len(), "{place}");
            let Some(tree) = known else { continue };
            for (path, file) in tree.files.iter().filter(|(path, _)| is_shown(path)) {
                assert_eq!(found.files.get(path), Some(file), "{place}: {path}");
            }
            for path in tree.folders.iter().filter(|path| is_shown(path)) {
                assert!(found.folders.contains(path), "{place}: {path}");
            }
        }
        let is_missing = |namespace: &&Namespace| !view.contains_key(namespace);
        let missing: Vec<_> = self.trees.keys().filter(is_missing).collect();
        assert!(missing.is_empty(), "{}: not mounted as {missing:?}", self.path.display());
    }
}

/// Files in an order that does not depend on their names.
fn contents(tree: &MountedTree) -> Vec<&MountedFile> {
    let mut files: Vec<&MountedFile> = tree.files.values().collect();
    files.sort_unstable();
    files
}

/// Whether Linux shows a path as it is: names of more bytes than this it makes up.
fn is_shown(path: &str) -> bool {
    path.split('/').all(|name| name.len() <= 254)
}

fn iso_trees(image: &OnDisk) -> Option<BTreeMap<Namespace, MountedTree>> {
    let mut trees = BTreeMap::new();
    for namespace in iso::namespaces(image) {
        let volume = iso::read_volume(image, namespace).unwrap();
        let entries = volume.entries.into_iter().map(|entry| {
            let is_file = !entry.is_directory();
            (entry.path, is_file.then_some(entry.extents))
        });
        let kernel = match namespace {
            iso::Namespace::Udf => Namespace::Udf,
            iso::Namespace::RockRidge => Namespace::RockRidge,
            // The kernel shows other names here than those that are written.
            iso::Namespace::Joliet | iso::Namespace::Iso9660 => continue,
        };
        trees.insert(kernel, tree(image, entries.collect())?);
    }
    Some(trees)
}

/// The volumes of a disk or stick.
fn disk_trees(image: &OnDisk) -> Option<BTreeMap<Namespace, MountedTree>> {
    let mut trees = BTreeMap::new();
    if let Ok(volume) = FatReader::open(image) {
        let entries = volume.read_volume().unwrap().entries;
        let entries = entries.into_iter().map(|entry| {
            let is_file = !entry.is_directory();
            (entry.path, is_file.then_some(entry.extents))
        });
        trees.insert(Namespace::Fat, tree(image, entries.collect())?);
    }
    if let Ok(volume) = ExfatReader::open(image) {
        let entries = volume.read_volume().unwrap().entries;
        let entries = entries.into_iter().map(|entry| {
            let is_file = !entry.is_directory();
            (entry.path, is_file.then_some(entry.extents))
        });
        trees.insert(Namespace::Exfat, tree(image, entries.collect())?);
    }
    assert!(!trees.is_empty(), "neither of our readers finds a volume");
    Some(trees)
}

/// A path, and the runs of a file's bytes; `None` for a folder.
type Found = (String, Option<Vec<DataExtent>>);

fn tree(image: &OnDisk, entries: Vec<Found>) -> Option<MountedTree> {
    let runs = entries.iter().filter_map(|(_, runs)| runs.as_ref());
    let bytes: u64 = runs.flatten().map(|run| run.len).sum();
    if bytes > DATA_MAX || entries.len() > FILES_MAX {
        return None;
    }
    let mut tree = MountedTree::default();
    for (path, runs) in entries {
        let Some(runs) = runs else {
            tree.folders.insert(path);
            continue;
        };
        let (mut hash, mut size) = (Sha256::new(), 0);
        for run in runs {
            let mut bytes = vec![0; run.len as usize];
            image.0.read_exact_at(&mut bytes, run.offset).unwrap();
            hash.update(&bytes);
            size += run.len;
        }
        let sha256 = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        tree.files.insert(path, MountedFile { size, sha256 });
    }
    Some(tree)
}
