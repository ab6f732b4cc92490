//! Volumes that others formatted are changed, and looked at by programs that others wrote.

// The crate opens no file; its tests do.
#![allow(clippy::disallowed_methods)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::process::Command;

use fat32_writer::Timestamp;
use fat32_writer::check::{CheckOptions, check};
use fat32_writer::read::{DataExtent, FatReader, FileReader, ReadAt};
use fat32_writer::update::{Change, Editor, Removed, UpdateError};
use tempfile::TempDir;

const TIME: Timestamp = Timestamp(1_795_219_200);

/// What an interrupted change may leave.
const LEFT: [&str; 4] = ["fat-lost-cluster", "fat-copies-differ", "fat-dirty", "bpb-state"];

/// A volume in a file.
struct Disk {
    folder: TempDir,
    file: File,
    len: u64,
}

impl ReadAt for Disk {
    fn read_exact_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<()> {
        self.file.read_exact_at(buf, offset)
    }

    fn len(&self) -> u64 {
        self.len
    }
}

fn tool(program: &str, args: &[&str]) -> String {
    let output = Command::new(program).args(args).output();
    let output = output.unwrap_or_else(|error| panic!("{program}: {error}"));
    let text = String::from_utf8_lossy(&output.stdout).into_owned()
        + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} {args:?}: {text}");
    text
}

impl Disk {
    fn path(&self) -> PathBuf {
        self.folder.path().join("volume")
    }

    /// A volume that mkfs.fat formats with clusters of so many sectors.
    fn format(sectors: u64, clusters: u64) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("volume");
        let len = (clusters + 2000) * sectors * 512;
        File::create(&path).unwrap().set_len(len).unwrap();
        let size = sectors.to_string();
        tool("mkfs.fat", &["-F", "32", "-s", &size, "-n", "OLD", path.to_str().unwrap()]);
        Self::open(folder)
    }

    fn open(folder: TempDir) -> Self {
        let file = File::options().read(true).write(true).open(folder.path().join("volume"));
        let file = file.unwrap();
        let len = file.metadata().unwrap().len();
        Self { folder, file, len }
    }

    fn copy(&self) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let to = folder.path().join("volume");
        tool("cp", &["--sparse=always", self.path().to_str().unwrap(), to.to_str().unwrap()]);
        Self::open(folder)
    }

    fn rules(&self) -> BTreeSet<&'static str> {
        check(self, &CheckOptions::of_others()).iter().map(|fault| fault.rule).collect()
    }

    /// Every file with its bytes, as we read them.
    fn files(&self) -> BTreeMap<String, Vec<u8>> {
        let volume = FatReader::open(self).unwrap().read_volume().unwrap();
        let files = volume.entries.iter().filter(|entry| !entry.is_directory());
        let bytes = |entry: &fat32_writer::read::Entry| {
            let mut bytes = Vec::new();
            FileReader::new(self, entry).read_to_end(&mut bytes).unwrap();
            bytes
        };
        files.map(|entry| (entry.path.clone(), bytes(entry))).collect()
    }

    /// The same as the crate fatfs reads them.
    fn files_by_fatfs(&self) -> BTreeMap<String, Vec<u8>> {
        let file = File::options().read(true).write(true).open(self.path()).unwrap();
        let volume = fatfs::FileSystem::new(file, fatfs::FsOptions::new()).unwrap();
        let mut found = BTreeMap::new();
        let mut directories = vec![(String::new(), volume.root_dir())];
        while let Some((path, directory)) = directories.pop() {
            for entry in directory.iter() {
                let entry = entry.unwrap();
                let name = format!("{path}{}", entry.file_name());
                if entry.is_file() {
                    let mut bytes = Vec::new();
                    entry.to_file().read_to_end(&mut bytes).unwrap();
                    found.insert(name, bytes);
                } else if !matches!(&*entry.file_name(), "." | "..") {
                    directories.push((format!("{name}/"), entry.to_dir()));
                }
            }
        }
        found
    }

    fn is_sound(&self) {
        assert_eq!(self.rules(), BTreeSet::new());
        let found = tool("fsck.fat", &["-n", "-v", self.path().to_str().unwrap()]);
        let wrong = ["differ", "Free cluster summary", "irty", "rphan", "wrong", "ontain"];
        assert!(!wrong.iter().any(|word| found.contains(word)), "{found}");
    }
}

/// Bytes that tell a file from the next one.
fn bytes_of(path: &str, len: u32) -> Vec<u8> {
    let seed = path.bytes().fold(7u32, |sum, byte| sum.wrapping_mul(31) + u32::from(byte));
    (0..len).map(|at| (at.wrapping_mul(2_654_435_761) ^ seed).to_be_bytes()[0]).collect()
}

/// The data of added files, and where it belongs.
type Data = Vec<(Vec<DataExtent>, Vec<u8>)>;

fn add(editor: &mut Editor<'_>, path: &str, len: u32, data: &mut Data) {
    let extents = editor.add_file(path, len).unwrap();
    data.push((extents, bytes_of(path, len)));
}

/// Writes a change in its order; `after` each write.
fn perform(
    disk: &Disk,
    editor: &Editor<'_>,
    change: &Change,
    data: &mut Data,
    after: &mut dyn FnMut(),
) {
    let mut write = |offset: u64, bytes: &[u8]| {
        disk.file.write_all_at(bytes, offset)?;
        after();
        Ok(())
    };
    for (extents, mut bytes) in data.drain(..) {
        bytes.resize(extents.iter().map(|extent| extent.len as usize).sum(), 0);
        let mut rest = &bytes[..];
        for extent in extents {
            let (now, later) = rest.split_at(extent.len as usize);
            write(extent.offset, now).unwrap();
            rest = later;
        }
    }
    change.fresh.iter().for_each(|fresh| write(fresh.offset, &fresh.bytes).unwrap());
    editor.apply(&change.chains, &mut write).unwrap();
    editor.apply(&change.links, &mut write).unwrap();
    change.entries.iter().for_each(|entries| write(entries.offset, &entries.bytes).unwrap());
    editor.apply(&change.freed, &mut write).unwrap();
}

fn commit(disk: &Disk, editor: &mut Editor<'_>, data: &mut Data, after: &mut dyn FnMut()) {
    let change = editor.commit();
    perform(disk, editor, &change, data, after);
}

fn finish(disk: &Disk, editor: &Editor<'_>, label: &str) {
    for write in editor.finish(Some(label)).unwrap() {
        disk.file.write_all_at(&write.bytes, write.offset).unwrap();
    }
}

const NAMES: [&str; 5] = ["README.TXT", "readme too.md", "Grüße 😀.txt", "a", "no.dots.many"];

/// Fills, empties and fills a volume again; `after` each write.
fn change_often(disk: &Disk, after: &mut dyn FnMut()) -> BTreeMap<String, Vec<u8>> {
    let mut editor = Editor::open(disk, TIME).unwrap();
    let mut data = Data::new();
    let mut wanted = BTreeMap::new();
    let path_len = |number: u32| {
        let name = NAMES[number as usize % NAMES.len()];
        let folder = ["", "EFI/BOOT/", "deep/er and longer than one entry/"][number as usize % 3];
        let len = [0, 1, 511, 512, 40_000][number as usize / 3 % 5];
        (format!("{folder}{number} {name}"), len)
    };
    for number in 0..60 {
        let (path, len) = path_len(number);
        add(&mut editor, &path, len, &mut data);
        wanted.insert(path.clone(), bytes_of(&path, len));
        if number % 20 == 19 {
            commit(disk, &mut editor, &mut data, after);
        }
    }
    for number in (0..60).step_by(2) {
        let path = path_len(number).0;
        assert_eq!(editor.remove(&path.to_lowercase()).unwrap(), Removed::Yes);
        wanted.remove(&path);
    }
    assert_eq!(editor.remove("efi").unwrap(), Removed::NotEmpty);
    assert_eq!(editor.remove("nowhere/nothing").unwrap(), Removed::NotThere);
    commit(disk, &mut editor, &mut data, after);
    // Holes are filled, and directories grow.
    for number in 100..200 {
        let (path, len) = path_len(number);
        add(&mut editor, &path, len, &mut data);
        wanted.insert(path.clone(), bytes_of(&path, len));
    }
    editor.add_directory("empty/one").unwrap();
    editor.set_label("NEW LABEL").unwrap();
    commit(disk, &mut editor, &mut data, after);
    assert_eq!(editor.missing_clusters(), 0);
    finish(disk, &editor, "NEW LABEL");
    assert!(editor.commit().is_empty());
    wanted
}

#[test]
fn changed_volumes_are_sound_to_every_reader_whatever_their_clusters() {
    for sectors in [1, 8, 64, 128] {
        let disk = Disk::format(sectors, 66_000);
        let wanted = change_often(&disk, &mut || ());
        disk.is_sound();
        assert_eq!(disk.files(), wanted, "{sectors}");
        assert_eq!(disk.files_by_fatfs(), wanted, "{sectors}");
        assert_eq!(FatReader::open(&disk).unwrap().info().label, "NEW LABEL");
        let listing = tool("mdir", &["-/", "-b", "-i", disk.path().to_str().unwrap(), "::"]);
        assert!(listing.contains("empty/one"), "{listing}");
        assert!(listing.lines().count() > wanted.len(), "{listing}");
    }
}

#[test]
fn a_change_that_is_cut_off_anywhere_leaves_a_volume_that_can_be_mended() {
    let disk = Disk::format(1, 66_000);
    let mut cuts = 0;
    change_often(&disk, &mut || {
        let rules = disk.rules();
        assert!(rules.iter().all(|rule| LEFT.contains(rule)), "after write {cuts}: {rules:?}");
        cuts += 1;
        if cuts % 16 != 0 {
            return;
        }
        let cut = disk.copy();
        let before = cut.files();
        let mut editor = Editor::open(&cut, TIME).unwrap();
        editor.mend(&mut |offset, bytes| cut.file.write_all_at(bytes, offset)).unwrap();
        let label = FatReader::open(&cut).unwrap().info().label.clone();
        finish(&cut, &editor, &label);
        cut.is_sound();
        assert_eq!(cut.files(), before);
    });
    assert!(cuts > 200, "{cuts}");
}

#[test]
fn a_full_volume_is_refused_with_numbers_and_a_marked_one_is_told() {
    let disk = Disk::format(1, 66_000);
    let mut editor = Editor::open(&disk, TIME).unwrap();
    let free = editor.free_clusters();
    let too_long = u32::try_from((free + 1) * editor.cluster_size()).unwrap();
    editor.add_file("folder/large", too_long).unwrap();
    assert!(editor.missing_clusters() > 0);
    // The file's, and the folder's.
    assert_eq!(editor.wanted_clusters(), free + 2);
    assert!(editor.commit().is_empty());

    for write in editor.mark_dirty().unwrap() {
        disk.file.write_all_at(&write.bytes, write.offset).unwrap();
    }
    assert_eq!(disk.rules(), BTreeSet::from(["bpb-state", "fat-dirty"]));
    let found = Command::new("fsck.fat").args(["-n"]).arg(disk.path()).output().unwrap();
    assert!(String::from_utf8_lossy(&found.stdout).contains("Dirty bit is set"));
    finish(&disk, &Editor::open(&disk, TIME).unwrap(), "OLD");
    disk.is_sound();
}

#[test]
fn names_that_are_taken_are_refused_and_files_are_no_directories() {
    let disk = Disk::format(1, 66_000);
    let mut editor = Editor::open(&disk, TIME).unwrap();
    editor.add_file("a long name.txt", 1).unwrap();
    let taken = editor.add_file("ALONGN~1.TXT", 1).unwrap_err();
    assert!(matches!(taken, UpdateError::NameTaken { path } if path == "ALONGN~1.TXT"));
    let file = editor.add_file("a long name.txt/below", 1).unwrap_err();
    assert!(matches!(file, UpdateError::NotADirectory { path } if path == "a long name.txt"));
    let name = |number: u32| format!("directory/{} {number}", "n".repeat(240));
    let full = (0..4000).find_map(|number| editor.add_file(&name(number), 0).err()).unwrap();
    assert!(matches!(full, UpdateError::DirectoryTooLarge { path } if path == "directory"));
}
