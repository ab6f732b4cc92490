//! Contents that are copied from media: every file arrives as it is, or is named.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use runtime::session::SessionExit;

use crate::command;
use crate::media::Media;
use crate::target::{Answer, Target};

/// A step that downloads the package P0100200 to a folder, and says in `Got01` where.
fn download(folder: &Path) -> String {
    let variable = |name: &str, value: &str| {
        format!("<variable name=\"{name}\" property=\"{name}\">{value}</variable>")
    };
    let variables = [
        variable("OSDDownloadDownloadPackages", "P0100200"),
        variable("OSDDownloadDestinationLocationType", "Custom"),
        variable("OSDDownloadDestinationPath", folder.to_str().unwrap()),
        variable("OSDDownloadDestinationVariable", "Got"),
    ];
    format!(
        "<step type=\"SMS_TaskSequence_DownloadPackageContentAction\" name=\"Get\" \
         successCodeList=\"0\"><action>OsdDownloadContent.exe </action><defaultVarList>{}\
         </defaultVarList></step>",
        variables.concat()
    )
}

#[test]
fn downloaded_packages_go_beside_what_is_in_the_folder() {
    let mut target = Target::new();
    let folder = target.folder.path().join("downloads");
    fs::create_dir_all(folder.join("P0100200")).unwrap();
    fs::write(folder.join("P0100200/mine.txt"), "mine").unwrap();
    let mut media = Media::with(&(download(&folder) + &command("Use", " cat %Got01%/a/new.txt")));
    media.file("P0100200", "a/new.txt", "new\n", 1);
    let discs = media.write(target.folder.path());
    let ran = target.start(&discs[0], &[]);
    assert_eq!(ran.exit, SessionExit::Done, "{}", ran.said);
    assert!(ran.log.contains("<![LOG[new]"), "{}", ran.log);
    assert_eq!(fs::read_to_string(folder.join("P0100200/mine.txt")).unwrap(), "mine");
}

/// Files of all lengths that are handled otherwise, and many that are not.
fn files() -> Vec<(String, Vec<u8>)> {
    const MIB: usize = 1 << 20;
    let lengths = [0, 1, MIB - 1, MIB, MIB + 1, 3 * MIB + 5];
    let bytes = |seed: usize, len: usize| -> Vec<u8> {
        (0..len).map(|at| (at * 31 + seed * 7 + at / 251) as u8).collect()
    };
    let named = lengths.iter().map(|len| (format!("long/{len}"), bytes(*len, *len)));
    let small = (0..300).map(|n| (format!("many/{}/{n:03}", n % 7), bytes(n, n * 13)));
    let mut all: Vec<_> = named.chain(small).collect();
    all.sort();
    all
}

/// Media with those files, of which every third one lies on disc 2 where there are `discs` of them.
fn media_with_files(folder: &Path, discs: u32) -> Media {
    let mut media = Media::with(&download(folder));
    for (number, (path, bytes)) in files().into_iter().enumerate() {
        let disc = if number % 3 == 2 { discs } else { 1 };
        media.file("P0100200", &path, bytes, disc);
    }
    media.file("P0100200", "empty/", "", 1);
    media
}

#[test]
fn every_file_arrives_as_it_is_from_one_disc_and_from_two() {
    for discs in [1, 2] {
        let mut target = Target::new();
        let folder = target.folder.path().join("downloads");
        let written = media_with_files(&folder, discs).write(target.folder.path());
        let program = written[0].join("SMS/PKG/P0100200/many/0/000");
        fs::set_permissions(program, fs::Permissions::from_mode(0o555)).unwrap();
        let answers: Vec<Answer> = written[1..].iter().cloned().map(Answer::Insert).collect();
        let ran = target.start(&written[0], &answers);
        assert_eq!(ran.exit, SessionExit::Done, "{}", ran.said);
        let total: u64 = files().iter().map(|(_, bytes)| bytes.len() as u64).sum();
        assert_eq!(ran.progress, (total, total));
        let got = folder.join("P0100200");
        for (path, bytes) in files() {
            assert!(fs::read(got.join(&path)).unwrap() == bytes, "{path} of {discs} discs");
        }
        assert_eq!(fs::read_dir(got.join("empty")).unwrap().count(), 0);
        let mode = |path: &str| fs::metadata(got.join(path)).unwrap().permissions().mode() & 0o700;
        assert_eq!((mode("many/0/000"), mode("many/1/001")), (0o700, 0o600));
    }
}

#[test]
fn a_damaged_file_among_many_is_named() {
    for damaged in ["many/3/150", "long/3145733", "long/1048576"] {
        for change in [shorten, flip, remove] {
            let mut target = Target::new();
            let folder = target.folder.path().join("downloads");
            let discs = media_with_files(&folder, 1).write(target.folder.path());
            change(&discs[0].join("SMS/PKG/P0100200").join(damaged));
            let ran = target.start(&discs[0], &[]);
            assert_eq!(ran.exit, SessionExit::Failed, "{damaged}: {}", ran.said);
            assert!(
                ran.said.contains(&format!("{damaged}` on the media \"Test\"")),
                "{}",
                ran.said
            );
        }
    }
}

fn shorten(path: &PathBuf) {
    let bytes = fs::read(path).unwrap();
    fs::write(path, &bytes[1..]).unwrap();
}

fn flip(path: &PathBuf) {
    let mut bytes = fs::read(path).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(path, bytes).unwrap();
}

fn remove(path: &PathBuf) {
    fs::remove_file(path).unwrap();
}
