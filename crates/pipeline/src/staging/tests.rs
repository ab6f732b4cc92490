use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

use content::ContentLocation;

use super::*;
use crate::HashCache;
use crate::blob_source::BlobSource;
use crate::progress::{Amount, Cancel, Phase, Progress, Silent};
use crate::scan::Scan;
use crate::split_wims::{SplitWims, StagedState, split_wims};

const MAX: ByteCount = ByteCount(300_000);

fn wimlib(words: &[&str]) {
    let output = Command::new("wimlib-imagex").args(words).output().unwrap();
    assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// Bytes that do not become shorter.
fn noise(seed: u64, len: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 32) as u8
    };
    std::iter::repeat_with(next).take(len).collect()
}

/// A content with a solid WIM of two images.
struct Room {
    folder: tempfile::TempDir,
}

impl Room {
    fn new(largest: usize) -> Self {
        let room = Self { folder: tempfile::tempdir().unwrap() };
        for image in ["one", "two"] {
            let tree = room.at(image);
            fs::create_dir_all(&tree).unwrap();
            for number in 0..5 {
                let bytes = noise(number, if number == 0 { largest } else { 90_000 });
                fs::write(tree.join(number.to_string()), bytes).unwrap();
            }
            fs::write(tree.join("zeros"), vec![0; 400_000]).unwrap();
            fs::write(tree.join(image), image).unwrap();
        }
        fs::create_dir_all(room.at("P/sources")).unwrap();
        room.capture();
        room
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn wim(&self) -> PathBuf {
        self.at("P/sources/install.esd")
    }

    fn staging(&self) -> PathBuf {
        self.at("staging")
    }

    fn capture(&self) {
        let wim = self.wim();
        let _ = fs::remove_file(&wim);
        let options = ["--solid", "--solid-chunk-size=1M"];
        let one = self.at("one");
        let words = ["capture", text(&one), text(&wim), "first"];
        wimlib(&[&words[..], &options].concat());
        wimlib(&["append", text(&self.at("two")), text(&wim), "second", "--boot"]);
    }

    fn scan(&self) -> Scan {
        let contents = [("P".parse().unwrap(), ContentLocation::Path(self.at("P")))];
        crate::scan::run(&contents, &HashCache::none(), &Cancel::new(), &Silent).unwrap()
    }

    fn plan(&self, scan: &Scan) -> SplitWims {
        self.plan_in(scan, &self.staging(), MAX)
    }

    fn plan_in(&self, scan: &Scan, staging: &Path, max: ByteCount) -> SplitWims {
        split_wims(scan, &[0], max, staging, &HashCache::none()).unwrap()
    }

    fn export(&self) -> Export {
        self.plan(&self.scan()).unsure()[0].clone()
    }

    /// The names in the staging folder but that of the lock.
    fn staged(&self) -> Vec<String> {
        let Ok(entries) = fs::read_dir(self.staging()) else { return Vec::new() };
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.filter(|name| name != ".tsmedia-lock").collect()
    }

    fn provide(&self) -> Result<bool, Error> {
        Stager::new(&Cancel::new(), &Silent).provide(&self.export())
    }
}

/// The sizes of the files that are or stand for parts.
fn sizes(scan: &Scan) -> Vec<u64> {
    let files = scan.index.contents[0].files.iter();
    files.map(|file| scan.index.size(file).0).collect()
}

/// Writes the files of a content to a folder.
fn write_parts(scan: &Scan, folder: &Path) {
    fs::create_dir(folder).unwrap();
    for file in &scan.index.contents[0].files {
        let source = BlobSource::open_unchanged(scan, file.blob).unwrap();
        let mut bytes = vec![0; scan.index.size(file).0 as usize];
        source.read_exact(&mut bytes, 0).unwrap();
        fs::write(folder.join(file.path.rsplit('/').next().unwrap()), bytes).unwrap();
    }
}

fn assert_same_trees(one: &Path, other: &Path) {
    let output = Command::new("diff").args(["-r", text(one), text(other)]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}

#[test]
fn a_solid_wim_is_exported_and_its_parts_hold_what_it_held() {
    let room = Room::new(90_000);
    let scan = room.scan();
    let planned = room.plan(&scan);
    assert!(!planned.are_staged() && room.staged().is_empty(), "a plan writes nothing");
    let export = planned.unsure()[0].clone();
    assert_eq!(planned.reserved(), export.reserved);
    let state = planned.split[0].export.as_ref().unwrap().state;
    assert_eq!(state, StagedState::Missing { may_be_cut: true }, "as the zeros are long");

    assert!(Stager::new(&Cancel::new(), &Silent).provide(&export).unwrap());
    assert!(fs::metadata(&export.target).unwrap().len() <= export.reserved.0);
    assert_eq!(room.staged().len(), 1);
    let exact = room.plan(&scan);
    assert!(exact.are_staged());
    assert_eq!(exact.split[0].export.as_ref().unwrap().state, StagedState::Unverified);
    let (most, sizes) =
        (sizes(planned.scan.as_ref().unwrap()), sizes(exact.scan.as_ref().unwrap()));
    assert!(sizes.len() > 1 && sizes.len() <= most.len(), "{sizes:?} {most:?}");
    assert!(sizes.iter().all(|size| *size <= MAX.0) && most.iter().all(|size| *size <= MAX.0));
    // What stands for them takes as many clusters, however large those are.
    let clusters = |sizes: &[u64]| sizes.iter().map(|size| size.div_ceil(32_768)).sum::<u64>();
    assert!(clusters(&sizes) <= clusters(&most), "{sizes:?} {most:?}");

    let parts = room.at("parts");
    write_parts(exact.scan.as_ref().unwrap(), &parts);
    let (first, others) = (parts.join("install.swm"), format!("{}/install*.swm", text(&parts)));
    let reference = format!("--ref={others}");
    wimlib(&["verify", text(&first), &reference]);
    for name in ["first", "second"] {
        let applied = room.at(&format!("applied {name}"));
        wimlib(&["apply", text(&first), name, text(&applied), &reference]);
        assert_same_trees(&applied, &room.at(if name == "first" { "one" } else { "two" }));
    }
    let info = wim::read::inspect_file(&first).unwrap();
    assert_eq!(info.header.boot_index, 2);
    assert_eq!(info.header.algorithm(), Some(wim::Algorithm::Lzx));
}

#[test]
fn an_export_has_the_same_bytes_wherever_and_whenever() {
    let room = Room::new(90_000);
    room.provide().unwrap();
    let scan = room.scan();
    let other = room.plan_in(&scan, &room.at("elsewhere"), MAX).unsure()[0].clone();
    Stager::new(&Cancel::new(), &Silent).provide(&other).unwrap();
    let one = room.export();
    assert!(fs::read(one.target).unwrap() == fs::read(other.target).unwrap());
}

#[test]
fn a_wim_that_changed_is_never_taken_for_what_it_was() {
    let room = Room::new(90_000);
    room.provide().unwrap();
    fs::write(room.at("one/one"), "more than before").unwrap();
    room.capture();
    let planned = room.plan(&room.scan());
    assert!(!planned.are_staged());
    let old = room.staged();
    room.provide().unwrap();
    assert_eq!(room.staged().len(), 2, "the old one stays for whoever may need it");
    // Under the name of another it is no export of that.
    let new = room.export().target;
    fs::copy(room.staging().join(&old[0]), &new).unwrap();
    assert!(!room.plan(&room.scan()).are_staged());
}

#[test]
fn a_wim_that_changes_after_it_was_listed_is_not_exported() {
    let room = Room::new(90_000);
    let export = room.export();
    room.capture();
    let error = Stager::new(&Cancel::new(), &Silent).provide(&export).unwrap_err();
    assert!(matches!(error, Error::Changed { .. }), "{error}");
    assert_eq!(room.staged(), [""; 0]);
}

#[test]
fn what_is_staged_is_looked_at_once_a_run_and_made_anew_if_it_is_damaged() {
    let room = Room::new(90_000);
    room.provide().unwrap();
    let target = room.export().target;
    let good = fs::read(&target).unwrap();
    let told = Told::default();
    let cancel = Cancel::new();
    let mut stager = Stager::new(&cancel, &told);
    assert!(!stager.provide(&room.export()).unwrap());
    assert!(!stager.provide(&room.export()).unwrap());
    assert_eq!(*told.0.lock().unwrap(), [Phase::Verify]);

    for damage in [good.len() / 3, good.len() - 500] {
        let mut bad = good.clone();
        bad[damage..damage + 8].iter_mut().for_each(|byte| *byte ^= 0x55);
        fs::write(&target, bad).unwrap();
        assert!(Stager::new(&cancel, &Silent).provide(&room.export()).unwrap());
        assert!(fs::read(&target).unwrap() == good);
    }
    fs::write(&target, &good[..good.len() / 2]).unwrap();
    assert!(!room.plan(&room.scan()).are_staged(), "what is cut off is as good as not there");
}

#[test]
fn a_damaged_solid_wim_is_named_and_leaves_nothing() {
    let room = Room::new(90_000);
    let mut bytes = fs::read(room.wim()).unwrap();
    bytes[5000..5100].iter_mut().for_each(|byte| *byte ^= 0x55);
    fs::write(room.wim(), bytes).unwrap();
    let error = room.provide().unwrap_err();
    assert!(matches!(error, Error::Integrity(_)), "{error}");
    assert!(error.to_string().contains("P/sources/install.esd` is damaged"), "{error}");
    assert_eq!(room.staged(), [""; 0]);
}

#[test]
fn a_run_that_is_stopped_leaves_nothing() {
    let room = Room::new(90_000);
    let cancel = Cancel::new();
    for phase in [Phase::Export, Phase::Verify] {
        let cancel = Cancel::new();
        let at = Stops { phase, cancel: &cancel };
        let error = Stager::new(&cancel, &at).provide(&room.export()).unwrap_err();
        assert!(matches!(error, Error::Cancelled), "{error}");
        assert_eq!(room.staged(), [""; 0], "{phase:?}");
    }
    assert!(Stager::new(&cancel, &Silent).provide(&room.export()).unwrap());
}

#[test]
fn what_a_kill_left_is_removed_and_what_others_put_there_stays() {
    let room = Room::new(90_000);
    let left = room.staging().join(".tsmedia-0123.wim.partial");
    fs::create_dir_all(left.join(".wim-abc")).unwrap();
    fs::write(left.join(".wim-abc/wim"), "half of it").unwrap();
    fs::write(room.staging().join("notes.partial"), "mine").unwrap();
    room.provide().unwrap();
    assert!(!left.exists() && room.staging().join("notes.partial").exists());
}

#[test]
fn too_little_room_is_told_with_numbers_before_anything_is_made() {
    let room = Room::new(90_000);
    let export = Export { reserved: ByteCount(u64::MAX), ..room.export() };
    let error = Stager::new(&Cancel::new(), &Silent).provide(&export).unwrap_err();
    assert!(matches!(error, Error::NoStagingSpace { .. }), "{error}");
    let text = error.to_string();
    assert!(text.contains(&u64::MAX.to_string()) && text.contains("install.esd"), "{text}");
    assert_eq!(room.staged(), [""; 0]);
}

#[test]
fn two_runs_at_once_make_one_export() {
    let room = Room::new(90_000);
    let export = room.export();
    let made = std::thread::scope(|scope| {
        let provide = || Stager::new(&Cancel::new(), &Silent).provide(&export).unwrap();
        let runs: Vec<_> = (0..3).map(|_| scope.spawn(provide)).collect();
        runs.into_iter().map(|run| run.join().unwrap()).collect::<Vec<_>>()
    });
    assert_eq!(made.iter().filter(|made| **made).count(), 1, "{made:?}");
    assert_eq!(room.staged().len(), 1);
}

#[test]
fn a_file_that_is_longer_than_a_part_is_known_once_it_is_exported() {
    let room = Room::new(400_001);
    let scan = room.scan();
    let planned = room.plan(&scan);
    let state = planned.split[0].export.as_ref().unwrap().state;
    assert_eq!(state, StagedState::Missing { may_be_cut: true });
    assert!(sizes(planned.scan.as_ref().unwrap()).iter().sum::<u64>() > scan.index.blobs[0].size.0);
    room.provide().unwrap();
    let cut = room.plan(&scan);
    assert!(cut.scan.is_none() && cut.split.is_empty());
    let reason = &cut.unsplit[0].reason;
    assert!(reason.contains("300000 are the most"), "{reason}");
}

#[test]
fn an_export_that_is_short_enough_stands_in_the_place_of_the_wim() {
    let room = Room::new(90_000);
    room.provide().unwrap();
    // As if most of what the solid one holds were of no image.
    let size = fs::metadata(room.export().target).unwrap().len();
    File::options().append(true).open(room.wim()).unwrap().set_len(size + 100_000).unwrap();
    let scan = room.scan();
    let planned = room.plan_in(&scan, &room.staging(), ByteCount(size));
    let planned = planned.scan.unwrap();
    let file = &planned.index.contents[0].files[0];
    assert_eq!((&*file.path, planned.index.size(file).0), ("sources/install.esd", size));
    write_parts(&planned, &room.at("parts"));
    wimlib(&["verify", text(&room.at("parts/install.esd"))]);
}

#[test]
fn files_that_stand_for_parts_take_no_name_of_another() {
    let room = Room::new(90_000);
    fs::write(room.at("P/sources/install3.SWM"), "another").unwrap();
    let planned = room.plan(&room.scan()).scan.unwrap();
    let files = planned.index.contents[0].files.iter();
    let mut names: Vec<String> = files.map(|file| file.path.to_ascii_lowercase()).collect();
    let count = names.len();
    names.dedup();
    assert!(count == 6 && names.len() == count, "{names:?}");
    fs::write(room.at("P/sources/Install.swm"), "in the place of the first").unwrap();
    let error = split_wims(&room.scan(), &[0], MAX, &room.staging(), &HashCache::none());
    let error = error.unwrap_err().to_string();
    assert!(error.contains("sources/install.swm"), "{error}");
}

/// Notes the phases.
#[derive(Default)]
struct Told(Mutex<Vec<Phase>>);

impl Progress for Told {
    fn begin(&self, phase: Phase, _: Amount) {
        self.0.lock().unwrap().push(phase);
    }

    fn advance(&self, _: Amount) {}
}

/// A user who stops the run as soon as it tells of a phase.
struct Stops<'a> {
    phase: Phase,
    cancel: &'a Cancel,
}

impl Progress for Stops<'_> {
    fn begin(&self, phase: Phase, _: Amount) {
        if phase == self.phase {
            self.cancel.cancel();
        }
    }

    fn advance(&self, _: Amount) {}
}
