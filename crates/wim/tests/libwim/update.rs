//! Changes of images in files, as for a boot image that gets a runtime.

use std::fs;
use std::path::{Path, PathBuf};

use wim::libwim::{CaptureSource, Change, Compression, UnixOptions, Wim, WriteOptions, silent};
use wim::read::inspect_file;
use wim::{Algorithm, Error};

use crate::support::{Files, assert_same, bytes, run, text, verify, write_files};
use crate::{applied, fixed, named, unsynced, whole};

/// A boot image as Windows has it: two images, the second of which starts.
struct BootImage {
    room: tempfile::TempDir,
    wim: PathBuf,
    pe: Files,
    setup: Files,
}

impl BootImage {
    fn new() -> Self {
        let room = tempfile::tempdir().unwrap();
        let mut pe = Files::new();
        for (number, path) in [
            "Windows/System32/ntoskrnl.exe",
            "Windows/System32/winpeshl.ini",
            "Windows/System32/drivers/disk.sys",
            "Windows/Boot/EFI/bootmgfw.efi",
        ]
        .into_iter()
        .enumerate()
        {
            pe.insert(path.to_owned(), bytes(number as u64, 20_000 + number));
        }
        let mut setup = pe.clone();
        setup.insert("setup.exe".to_owned(), bytes(9, 3_000));
        write_files(&room.path().join("pe"), &pe);
        write_files(&room.path().join("setup"), &setup);
        let wim = room.path().join("boot.wim");
        let at = |name: &str| text(&room.path().join(name)).to_owned();
        run("wimlib-imagex", &["capture", &at("pe"), text(&wim), "Windows PE", "--compress=lzx"]);
        run("wimlib-imagex", &["append", &at("setup"), text(&wim), "Windows Setup", "--boot"]);
        Self { room, wim, pe, setup }
    }

    fn at(&self, name: &str) -> PathBuf {
        self.room.path().join(name)
    }

    fn runtime(&self) -> Vec<Change> {
        write_files(
            &self.at("runtime"),
            &Files::from([("tsmedia-run.exe".to_owned(), bytes(50, 7_000))]),
        );
        fs::write(self.at("winpeshl.ini"), b"[LaunchApps]\r\n").unwrap();
        let add = |source: &str, target: &str| {
            Change::Add(CaptureSource { source: self.at(source), target: target.to_owned() })
        };
        vec![
            add("runtime", "SMS/bin/x64"),
            add("winpeshl.ini", "windows/system32/WINPESHL.INI"),
            Change::Rename { from: "setup.exe".to_owned(), to: "setup-of-windows.exe".to_owned() },
            Change::Delete { path: "Windows/System32/drivers".to_owned(), may_be_missing: false },
            Change::Delete { path: "not there".to_owned(), may_be_missing: true },
        ]
    }
}

fn lzx() -> WriteOptions {
    WriteOptions { fixed: Some(fixed()), ..unsynced(Compression::new(Algorithm::Lzx)) }
}

fn updated(wim: &Path, image: u32, changes: &[Change]) -> Result<(), Error> {
    let mut wim = Wim::open(wim)?;
    wim.update(image, changes, &UnixOptions::default(), &mut silent)?;
    wim.save(&lzx(), &mut silent)
}

#[test]
fn a_runtime_is_put_into_the_image_that_starts() {
    let boot = BootImage::new();
    let before = inspect_file(&boot.wim).unwrap();
    updated(&boot.wim, 2, &boot.runtime()).unwrap();

    let after = inspect_file(&boot.wim).unwrap();
    assert_eq!(after.header.boot_index, 2);
    let names: Vec<_> = after.images.iter().map(|image| image.name.as_deref().unwrap()).collect();
    assert_eq!(names, ["Windows PE", "Windows Setup"]);
    assert_eq!(after.images[0], before.images[0], "the other image is as it was");
    assert_eq!(after.images[1].created, before.images[1].created);
    assert_eq!(after.images[1].modified, Some(fixed().time));

    let mut expected = boot.setup.clone();
    let moved = expected.remove("setup.exe").unwrap();
    expected.insert("setup-of-windows.exe".to_owned(), moved);
    expected.remove("Windows/System32/drivers/disk.sys").unwrap();
    // The name that was there, or the new one: Windows does not tell them apart.
    expected.remove("Windows/System32/winpeshl.ini").unwrap();
    expected.insert("Windows/System32/WINPESHL.INI".to_owned(), b"[LaunchApps]\r\n".to_vec());
    expected.insert("SMS/bin/x64/tsmedia-run.exe".to_owned(), bytes(50, 7_000));
    verify(&boot.wim);
    assert_same(&applied(&boot.wim, 2, &boot.at("applied 2")), &expected);
    assert_same(&applied(&boot.wim, 1, &boot.at("applied 1")), &boot.pe);
    let target = boot.at("theirs");
    run("wimlib-imagex", &["apply", text(&boot.wim), "2", text(&target)]);
    assert_same(&crate::support::read_files(&target), &expected);
}

#[test]
fn an_image_is_appended_and_one_is_exported() {
    let boot = BootImage::new();
    let mut wim = Wim::open(&boot.wim).unwrap();
    let more = Files::from([("more".to_owned(), bytes(77, 999))]);
    write_files(&boot.at("more"), &more);
    let unix = UnixOptions::default();
    assert_eq!(
        wim.capture(&whole(&boot.at("more")), &named("third"), &unix, &mut silent).unwrap(),
        3
    );
    wim.save(&lzx(), &mut silent).unwrap();
    verify(&boot.wim);
    let info = inspect_file(&boot.wim).unwrap();
    assert_eq!((info.header.image_count, info.header.boot_index), (3, 2));
    assert_same(&applied(&boot.wim, 3, &boot.at("applied 3")), &more);

    let solid = boot.at("solid.wim");
    let mut exported = Wim::create(&Compression::solid()).unwrap();
    let mut wim = Wim::open(&boot.wim).unwrap();
    assert_eq!(wim.export(2, &mut exported, None).unwrap(), 1);
    assert_eq!(wim.export(1, &mut exported, Some("renamed")).unwrap(), 2);
    drop(wim);
    exported.write(&solid, &unsynced(Compression::solid()), &mut silent).unwrap();
    verify(&solid);
    let info = inspect_file(&solid).unwrap();
    assert!(info.statistics.is_solid());
    assert_eq!(info.header.version, 0xe00);
    let names: Vec<_> = info.images.iter().map(|image| image.name.as_deref().unwrap()).collect();
    assert_eq!(names, ["Windows Setup", "renamed"]);
    assert_same(&applied(&solid, 1, &boot.at("solid 1")), &boot.setup);
}

#[test]
fn what_no_image_refers_to_is_gone() {
    let boot = BootImage::new();
    let blobs = || inspect_file(&boot.wim).unwrap().statistics.blobs;
    let before = blobs();
    let delete = Change::Delete { path: "setup.exe".to_owned(), may_be_missing: false };
    updated(&boot.wim, 2, &[delete]).unwrap();
    assert_eq!(blobs(), before - 1);
    let delete = Change::Delete { path: "Windows".to_owned(), may_be_missing: false };
    updated(&boot.wim, 2, &[delete]).unwrap();
    assert_eq!(blobs(), before - 1, "the other image still has them");
}

#[test]
fn a_change_that_fails_changes_nothing() {
    let boot = BootImage::new();
    let before = fs::read(&boot.wim).unwrap();
    let mut changes = boot.runtime();
    changes.push(Change::Delete { path: "not there".to_owned(), may_be_missing: false });
    let error = updated(&boot.wim, 2, &changes).unwrap_err();
    assert!(matches!(error, Error::Library { code: 49, .. }), "{error}");
    assert!(fs::read(&boot.wim).unwrap() == before);

    let error = updated(&boot.wim, 3, &boot.runtime()).unwrap_err();
    let message = error.to_string();
    assert!(message.starts_with("there is no image 3 in `"), "{message}");
    assert!(message.ends_with("boot.wim`; the WIM holds 1 to 2"), "{message}");
    assert!(fs::read(&boot.wim).unwrap() == before);
}

#[test]
fn names_of_images_are_their_own() {
    let boot = BootImage::new();
    let mut wim = Wim::open(&boot.wim).unwrap();
    let error = wim.set_property(1, "NAME", "Windows Setup").unwrap_err();
    assert!(matches!(error, Error::Library { code: 11, .. }), "{error}");
    let unix = UnixOptions::default();
    let error =
        wim.capture(&whole(&boot.at("pe")), &named("Windows PE"), &unix, &mut silent).unwrap_err();
    assert!(matches!(error, Error::Library { code: 11, .. }), "{error}");
    assert_eq!(wim.image_count(), 2);
}
