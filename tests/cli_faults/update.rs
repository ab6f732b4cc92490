//! Sticks that keep their file system and the files of others.

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Command, Output};

use serde_json::Value;

use crate::device::LoopDevice;
use crate::site::{Site, noise, stderr, tool};

const LEN: u64 = 320 << 20;

/// A site with two versions of media: `out/old.iso` and `out/new.iso`.
///
/// The new ones have no `gone/a.bin`, a new `come.bin`, and other bytes of the same length in
/// `changed.bin`.
fn site() -> Site {
    let mut site = Site::new();
    let folder = site.add_package();
    site.write(&format!("{folder}/same, and with a long name.bin"), noise(1, 3_000_000));
    site.write(&format!("{folder}/changed.bin"), noise(2, 700_000));
    site.write(&format!("{folder}/gone/a.bin"), noise(3, 400_000));
    site.define("old", "unlimited", "kind = \"usb\"\n");
    site.succeed(&["build", "old"]);
    fs::remove_dir_all(site.path(&format!("{folder}/gone"))).unwrap();
    site.write(&format!("{folder}/changed.bin"), noise(4, 700_000));
    site.write(&format!("{folder}/come.bin"), noise(5, 2_000_000));
    site.define("new", "unlimited", "kind = \"usb\"\n");
    site.succeed(&["build", "new"]);
    site
}

/// A stick in a file, with a FAT32 volume that begins somewhere.
struct Stick<'s> {
    site: &'s Site,
    name: &'static str,
    offset: u64,
}

impl<'s> Stick<'s> {
    /// One that mkfs.fat formats with clusters of so many sectors, in a table of this kind.
    fn format(site: &'s Site, name: &'static str, table: &str, sectors: u32) -> Self {
        File::create(site.path(name)).unwrap().set_len(LEN).unwrap();
        let path = site.path(name).to_str().unwrap().to_owned();
        let room = site.path("");
        match table {
            "mbr" => {
                let script = "start=2048, type=c\n";
                site.write("script", script);
                tool("sh", &["-c", "sfdisk -q \"$0\" < script", &path], &room);
            }
            "gpt" => drop(tool("sgdisk", &["-n", "1:2048:0", "-t", "1:0700", &path], &room)),
            _ => {}
        }
        let start: u32 = if table == "bare" { 0 } else { 2048 };
        // Behind a partition a GPT has its backup.
        let kib = (LEN / 1024 - if table == "bare" { 0 } else { 2048 }).to_string();
        let (clusters, first) = (sectors.to_string(), start.to_string());
        let words = ["-F", "32", "-s", &clusters, "-n", "MINE", "--offset", &first, "-h", &first];
        tool("mkfs.fat", &[&words[..], &[&path, &kib]].concat(), &room);
        let stick = Self { site, name, offset: u64::from(start) * 512 };
        site.write("notes", "of somebody");
        stick.mtool("mmd", &["::photos", "::SMS"]);
        for place in ["::My notes äö.txt", "::photos/notes", "::SMS/a note beside the media.txt"]
        {
            stick.mtool("mcopy", &["notes", place]);
        }
        stick
    }

    fn volume(&self) -> String {
        format!("{}@@{}", self.site.path(self.name).display(), self.offset)
    }

    fn mtool(&self, program: &str, words: &[&str]) -> String {
        mtool(self.site, program, &self.volume(), words)
    }

    fn update(&self, image: &str) -> Value {
        let device = LoopDevice::new(&self.site.path(self.name));
        let words = ["write", image, &device.0, "--update", "--yes", "--force", "--json"];
        let report: Value = serde_json::from_str(&self.site.succeed(&words)).unwrap();
        report["devices"][0]["update"].clone()
    }

    fn refused(&self, code: i32) -> String {
        let before = fs::read(self.site.path(self.name)).unwrap();
        let device = LoopDevice::new(&self.site.path(self.name));
        let words = ["write", "out/old.iso", &device.0, "--update", "--yes", "--force"];
        let text = self.site.fail(&words, code);
        drop(device);
        assert!(fs::read(self.site.path(self.name)).unwrap() == before, "it was written to");
        text
    }

    /// Runs the program under strace with these words, which bring a fault about.
    fn fault(&self, image: &str, fault: &str) -> Output {
        let device = LoopDevice::new(&self.site.path(self.name));
        let mut command = Command::new("strace");
        command.args(["-f", "-qq", "-o", "/dev/null", "-P", &device.0, "-e", "trace=pwrite64"]);
        command.args(["-e", fault]);
        let words = ["write", image, &device.0, "--update", "--yes", "--force"];
        let program = self.site.command(&words);
        command.arg(program.get_program()).args(program.get_args());
        command.current_dir(self.site.path("")).output().expect("tools/test installs strace")
    }

    /// Whether the media are there and whole, by the program and by others, and the files of
    /// others, too.
    fn holds(&self, image: &str) {
        {
            let device = LoopDevice::new(&self.site.path(self.name));
            self.site.succeed(&["verify", "--updated", &device.0]);
        }
        let volume = self.site.path("volume");
        let script = format!("dd if=\"$0\" of=\"$1\" bs=1M skip={} conv=sparse", self.offset >> 20);
        let paths = [self.site.path(self.name), volume.clone()];
        let [from, to] = paths.each_ref().map(|path| path.to_str().unwrap());
        tool("sh", &["-c", &script, from, to], &self.site.path(""));
        tool("fsck.fat", &["-n", to], &self.site.path(""));
        let there = self.copy("there", &self.volume());
        let source = format!("{}@@1048576", self.site.path(image).display());
        let wanted = self.copy("wanted", &source);
        tool("cp", &["-r", &format!("{}/.", wanted.display()), "both"], &self.site.path(""));
        for place in ["My notes äö.txt", "photos/notes", "SMS/a note beside the media.txt"] {
            assert_eq!(fs::read(there.join(place)).unwrap(), b"of somebody", "{place}");
            fs::create_dir_all(self.site.path("both/photos")).unwrap();
            fs::write(self.site.path("both").join(place), "of somebody").unwrap();
        }
        tool("diff", &["-r", "there", "both"], &self.site.path(""));
        fs::remove_dir_all(self.site.path("both")).unwrap();
    }

    /// Every file of a volume, as mtools read them.
    fn copy(&self, folder: &str, volume: &str) -> PathBuf {
        let path = self.site.path(folder);
        let _ = fs::remove_dir_all(&path);
        fs::create_dir(&path).unwrap();
        mtool(self.site, "mcopy", volume, &["-s", "-n", "::*", folder]);
        path
    }
}

/// Runs a program of mtools on a volume, in UTF-8.
fn mtool(site: &Site, program: &str, volume: &str, words: &[&str]) -> String {
    let mut command = Command::new(program);
    command.env("LC_ALL", "C.UTF-8").env("MTOOLS_SKIP_CHECK", "1");
    command.args(["-i", volume]).args(words).current_dir(site.path(""));
    let output = command.output().expect("tools/test installs mtools");
    assert!(output.status.success(), "{program} {words:?}: {}", stderr(&output));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn a_stick_of_others_takes_media_then_newer_ones_and_then_nothing() {
    let site = site();
    for (table, sectors) in [("bare", 1), ("mbr", 8), ("gpt", 2)] {
        let stick = Stick::format(&site, "stick", table, sectors);
        let first = stick.update("out/old.iso");
        assert_eq!((&first["files_kept"], &first["files_removed"]), (&0.into(), &0.into()));
        assert_eq!(first["files_of_others"], 3);
        stick.holds("out/old.iso");
        let second = stick.update("out/new.iso");
        assert_eq!(second["files_removed"], 1, "{second}");
        let written = second["bytes_written"].as_u64().unwrap();
        assert!((2_700_000..3_400_000).contains(&written), "{table}: {second}");
        stick.holds("out/new.iso");
        let third = stick.update("out/new.iso");
        assert_eq!((&third["bytes_written"], &third["files_written"]), (&0.into(), &0.into()));
        let label = stick.mtool("mlabel", &["-s", "::"]);
        assert!(label.contains("TEST"), "{label}");
    }
}

#[test]
fn a_stick_that_was_written_is_updated_and_several_are_at_once() {
    let site = site();
    fs::copy(site.path("out/old.iso"), site.path("written")).unwrap();
    let formatted = Stick::format(&site, "formatted", "mbr", 8);
    let devices = ["written", "formatted"].map(|name| LoopDevice::new(&site.path(name)));
    let words = ["write", "out/new.iso", &devices[0].0, &devices[1].0, "--update", "--yes"];
    let told = site.succeed(&[&words[..], &["--force"]].concat());
    assert_eq!(told.lines().count(), 2, "{told}");
    assert!(told.contains("1 removed") && told.contains("read back"), "{told}");
    for device in &devices {
        site.succeed(&["verify", "--updated", &device.0]);
    }
    // Without the word the traces of the update are findings.
    let text = site.fail(&["verify", &devices[1].0], 6);
    assert!(text.contains("--updated"), "{text}");
    drop(devices);
    formatted.holds("out/new.iso");
}

#[test]
fn what_several_sticks_lack_is_read_once() {
    let site = site();
    let names = ["first", "second"];
    for name in names {
        Stick::format(&site, name, "bare", 8);
    }
    let devices = names.map(|name| LoopDevice::new(&site.path(name)));
    let mut command = Command::new("strace");
    command.args(["-f", "-qq", "-o"]).arg(site.path("trace"));
    command.arg("-P").arg(site.path("out/new.iso")).args(["-e", "trace=pread64,read"]);
    let words = ["write", "out/new.iso", &devices[0].0, &devices[1].0, "--update", "--yes"];
    let program = site.command(&[&words[..], &["--force"]].concat());
    command.arg(program.get_program()).args(program.get_args()).current_dir(site.path(""));
    let output = command.output().expect("tools/test installs strace");
    assert!(output.status.success(), "{}", stderr(&output));
    let trace = fs::read_to_string(site.path("trace")).unwrap();
    let results = trace.lines().filter_map(|line| line.rsplit_once("= ")?.1.parse::<u64>().ok());
    let (read, content) = (results.sum::<u64>(), 5_700_000);
    // The file system and the manifests are looked at, too.
    assert!((content..content * 5 / 4).contains(&read), "{read} bytes of {content} were read");
}

#[test]
fn a_stick_starts_under_a_bios_only_with_the_boot_code_of_the_media() {
    let site = Site::new();
    let boot = [&[0xEB; 510][..], &[0x55, 0xAA]].concat();
    site.write("content/boot/boot/grub/i386-pc/boot.img", boot);
    site.write("content/boot/boot/grub/i386-pc/core.img", noise(7, 30_000));
    site.write("content/boot/EFI/BOOT/BOOTX64.EFI", noise(8, 10_000));
    site.define("media", "unlimited", "kind = \"usb\"\n");
    site.succeed(&["build", "media"]);
    fs::copy(site.path("out/media.iso"), site.path("written")).unwrap();
    Stick::format(&site, "formatted", "mbr", 8);
    let devices = ["written", "formatted"].map(|name| LoopDevice::new(&site.path(name)));
    let words = ["write", "out/media.iso", &devices[0].0, &devices[1].0, "--update", "--json"];
    let words = [&words[..], &["--yes", "--force"]].concat();
    let report: Value = serde_json::from_str(&site.succeed(&words)).unwrap();
    let starts = |number: usize| report["devices"][number]["update"]["starts_under"].clone();
    assert_eq!(starts(0), serde_json::json!(["bios", "uefi"]));
    assert_eq!(starts(1), serde_json::json!(["uefi"]));
    let told =
        site.succeed(&["write", "out/media.iso", &devices[1].0, "--update", "--yes", "--force"]);
    assert!(told.contains("nothing to do") && told.contains("starts under UEFI;"), "{told}");
    let text = site.fail(&["write", "out/media.iso", &devices[1].0, "--update", "--force"], 2);
    assert!(text.contains("nobody can be asked") && text.contains("--yes"), "{text}");
}

#[test]
fn a_stick_that_is_killed_or_fails_anywhere_never_looks_whole_and_is_updated_then() {
    let site = site();
    let stick = Stick::format(&site, "stick", "mbr", 8);
    stick.update("out/old.iso");
    let before = site.path("before");
    fs::copy(site.path("stick"), &before).unwrap();
    let mut interrupted = 0;
    for number in (1..40).step_by(3) {
        for fault in ["signal=SIGKILL", "error=EIO"] {
            fs::copy(&before, site.path("stick")).unwrap();
            let inject = format!("inject=pwrite64:{fault}:when={number}");
            let output = stick.fault("out/new.iso", &inject);
            if output.status.success() {
                continue;
            }
            interrupted += 1;
            let device = LoopDevice::new(&site.path("stick"));
            let verified = site.run(&["verify", "--updated", "--json", &device.0]);
            let again = ["write", "out/new.iso", &device.0, "--update", "--yes", "--force"];
            let again = site.run(&again);
            if again.status.code() == Some(6) {
                // Before the mark is there, a torn FAT is anybody's; what is on it is whole.
                assert!(number < 9, "{number} {fault}: {}", stderr(&again));
                assert!(stderr(&again).contains("fsck.fat"), "{}", stderr(&again));
                tool("sh", &["-c", "fsck.fat -a \"$0\" || true", &device.0], &site.path(""));
                continue;
            }
            assert_eq!(again.status.code(), Some(0), "{number} {fault}: {}", stderr(&again));
            if verified.status.success() {
                // Either nothing had begun, or everything was done.
                let told = String::from_utf8(again.stdout).unwrap();
                assert!(number < 9 || told.contains("0 files"), "{number} {fault}: {told}");
            }
            drop(device);
            stick.holds("out/new.iso");
        }
    }
    assert!(interrupted > 10, "{interrupted}");
}

#[test]
fn a_file_that_somebody_changed_under_its_name_is_written_again() {
    let site = site();
    let stick = Stick::format(&site, "stick", "bare", 8);
    stick.update("out/new.iso");
    site.write("other", noise(9, 700_000));
    stick.mtool("mcopy", &["-o", "other", "::SMS/PKG/P0100200/changed.bin"]);
    let update = stick.update("out/new.iso");
    assert_eq!(update["files_written"], 1, "{update}");
    stick.holds("out/new.iso");
}

#[test]
fn a_stick_full_of_holes_takes_files_in_parts() {
    let site = site();
    let stick = Stick::format(&site, "stick", "bare", 8);
    // Many small files fill it; every second one goes.
    fs::create_dir(site.path("many")).unwrap();
    for number in 0..443 {
        site.write(&format!("many/{number}"), noise(number, 750_000));
    }
    stick.mtool("mmd", &["::many"]);
    let all: Vec<String> = (0..443).map(|number| format!("many/{number}")).collect();
    let all: Vec<&str> = all.iter().map(String::as_str).chain(["::many"]).collect();
    stick.mtool("mcopy", &all);
    let gone: Vec<String> = (0..443).step_by(2).map(|number| format!("::many/{number}")).collect();
    stick.mtool("mdel", &gone.iter().map(String::as_str).collect::<Vec<_>>());
    stick.update("out/new.iso");
    let listed = stick.mtool("mshowfat", &["::SMS/PKG/P0100200/come.bin"]);
    assert!(listed.matches('<').count() > 1, "{listed}");
    for number in (0..443).step_by(2) {
        fs::remove_file(site.path(&format!("many/{number}"))).unwrap();
    }
    stick.mtool("mcopy", &["-s", "::many", "back"]);
    tool("diff", &["-r", "many", "back"], &site.path(""));
    let device = LoopDevice::new(&site.path("stick"));
    site.succeed(&["verify", "--updated", &device.0]);
}

#[test]
fn sticks_that_cannot_be_updated_are_refused_with_a_remedy_and_stay_as_they_are() {
    let site = site();
    let stick = Stick::format(&site, "stick", "bare", 1);
    let free = "of=filler bs=1M count=312 if=/dev/zero";
    tool("sh", &["-c", &format!("dd {free}")], &site.path(""));
    stick.mtool("mcopy", &["filler", "::"]);
    let text = stick.refused(5);
    assert!(text.contains("bytes free") && text.contains("are needed"), "{text}");

    let stick = Stick::format(&site, "stick", "bare", 8);
    let mut bytes = fs::read(site.path("stick")).unwrap();
    // The second FAT says of a cluster what the first one does not.
    let le = |at: usize, len: usize| {
        bytes[at..at + len].iter().rev().fold(0usize, |sum, byte| sum << 8 | usize::from(*byte))
    };
    let second = (le(14, 2) + le(36, 4)) * 512;
    bytes[second + 400] ^= 1;
    site.write("stick", &bytes);
    let text = stick.refused(6);
    assert!(text.contains("fat-copies-differ") && text.contains("chkdsk"), "{text}");
    bytes[second + 400] ^= 1;
    bytes[65] |= 1;
    site.write("stick", &bytes);
    assert!(stick.refused(6).contains("bpb-state"));

    for (program, words, named) in [
        ("mkfs.exfat", &["stick"][..], "exFAT"),
        ("mkfs.fat", &["-F", "16", "-s", "64", "stick"], "FAT16"),
        ("mkfs.ext4", &["-q", "-F", "stick"], "no FAT32"),
    ] {
        File::create(site.path("stick")).unwrap().set_len(LEN).unwrap();
        tool(program, words, &site.path(""));
        let text = stick.refused(2);
        assert!(text.contains(named) && text.contains("without --update"), "{text}");
    }
    let words = ["write", "out/old.iso", "--update", "--station", "--yes"];
    assert!(site.fail(&words, 2).contains("a station does not update"));
}

#[test]
fn a_disc_and_a_mounted_folder_are_sources_too() {
    let mut site = Site::new();
    let folder = site.add_package();
    site.write(&format!("{folder}/data.bin"), noise(1, 900_000));
    site.define("disc", "unlimited", "");
    site.succeed(&["build", "disc"]);
    let stick = Stick::format(&site, "stick", "mbr", 8);
    stick.update("out/disc.iso");
    fs::create_dir(site.path("files")).unwrap();
    tool("bsdtar", &["-xf", "out/disc.iso", "-C", "files"], &site.path(""));
    let again = stick.update("files");
    assert_eq!(again["bytes_written"], 0, "{again}");
    let device = LoopDevice::new(&site.path("stick"));
    site.succeed(&["verify", "--updated", &device.0]);
}
