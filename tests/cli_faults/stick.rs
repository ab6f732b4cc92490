//! Media on sticks: which disks are taken, and what becomes of those that fail.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::device::LoopDevice;
use crate::site::{Site, noise, stderr, tool};

/// A site with an image of some megabytes, and the image's bytes.
fn site_with_image() -> (Site, Vec<u8>) {
    let mut site = Site::new();
    let folder = site.add_package();
    site.write(&format!("{folder}/data.bin"), noise(1, 9_000_000));
    site.define("one", "unlimited", "");
    site.succeed(&["build", "one"]);
    let image = fs::read(site.path("out/one.iso")).unwrap();
    (site, image)
}

/// A disk of this size, full of the bytes of older media.
fn disk(site: &Site, name: &str, len: usize) -> LoopDevice {
    let old = fs::read(site.path("out/one.iso")).unwrap();
    let bytes: Vec<u8> = old.iter().rev().copied().cycle().take(len).collect();
    site.write(name, bytes);
    LoopDevice::new(&site.path(name))
}

const DISK: usize = 16 << 20;

#[test]
fn several_sticks_are_written_from_one_read_of_the_image_and_logged() {
    let (site, image) = site_with_image();
    let disks = [disk(&site, "a", DISK), disk(&site, "b", DISK)];
    let mut command = Command::new("strace");
    command.args(["-f", "-qq", "-o"]).arg(site.path("trace"));
    command.arg("-P").arg(site.path("out/one.iso")).args(["-e", "trace=pread64,read"]);
    let write = ["write", "out/one.iso", &disks[0].0, &disks[1].0, "--yes", "--force", "--json"];
    let program = site.command(&[&write[..], &["--log", "sticks.log"]].concat());
    command.arg(program.get_program()).args(program.get_args()).current_dir(site.path(""));
    let output = command.output().expect("tools/test installs strace");
    assert!(output.status.success(), "{}", stderr(&output));
    // The manifest is looked at before.
    let read: u64 = fs::read_to_string(site.path("trace"))
        .unwrap()
        .lines()
        .filter_map(|line| line.rsplit_once("= ")?.1.parse::<u64>().ok())
        .sum();
    let len = image.len() as u64;
    assert!((len..len + len / 8).contains(&read), "{read} bytes of {len} were read");

    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let log = fs::read_to_string(site.path("sticks.log")).unwrap();
    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    for (number, disk) in disks.iter().enumerate() {
        assert_eq!(report["devices"][number]["device"], disk.0);
        assert_eq!(
            (&lines[number]["device"], &lines[number]["ok"]),
            (&disk.0.clone().into(), &true.into())
        );
        assert_eq!(lines[number]["set"], report["set"]);
        site.succeed(&["verify", &disk.0]);
    }
    for name in ["a", "b"] {
        assert!(fs::read(site.path(name)).unwrap()[..image.len()] == image, "{name}");
    }
}

#[test]
fn disks_that_must_not_be_written_are_refused_and_stay_as_they_are() {
    let (site, image) = site_with_image();
    let fixed = disk(&site, "fixed", DISK);
    let small = disk(&site, "small", image.len() / 2 / 4096 * 4096);
    let before = fs::read(site.path("fixed")).unwrap();
    let write = |device: &str, more: &[&str], code| {
        let words = [&["write", "out/one.iso", device][..], more].concat();
        let text = site.fail(&words, code);
        assert!(fs::read(site.path("fixed")).unwrap() == before, "{words:?}");
        text
    };
    let text = write(&fixed.0, &["--yes"], 2);
    assert!(text.contains("cannot be taken out") && text.contains("--force"), "{text}");
    let text = write(&fixed.0, &["--force"], 2);
    assert!(text.contains("--yes"), "{text}");
    let text = write(&small.0, &["--yes", "--force"], 5);
    assert!(text.contains(&image.len().to_string()), "{text}");
    for name in ["out/one.iso", "nowhere"] {
        write(name, &["--yes", "--force"], if name == "nowhere" { 1 } else { 2 });
    }
    // One that must not be written keeps the others from it, too.
    let text = site.fail(&["write", "out/one.iso", &fixed.0, &small.0, "--yes", "--force"], 5);
    assert!(text.contains("nothing was written"), "{text}");
    assert!(fs::read(site.path("fixed")).unwrap() == before);
    let twice = ["write", "out/one.iso", &fixed.0, &fixed.0, "--yes", "--force"];
    assert!(site.fail(&twice, 2).contains("named twice"));
}

#[test]
fn a_disk_that_is_mounted_or_write_protected_is_refused() {
    let (site, _) = site_with_image();
    File::create(site.path("mounted")).unwrap().set_len(DISK as u64).unwrap();
    tool("mkfs.ext4", &["-q", "mounted"], &site.path(""));
    let device = LoopDevice::new(&site.path("mounted"));
    fs::create_dir(site.path("root")).unwrap();
    tool("mount", &[&device.0, "root"], &site.path(""));
    let text = site.fail(&["write", "out/one.iso", &device.0, "--yes", "--force"], 2);
    tool("umount", &["root"], &site.path(""));
    assert!(text.contains("in use: mounted at") && text.contains("/root"), "{text}");

    File::create(site.path("locked")).unwrap().set_len(DISK as u64).unwrap();
    let locked = LoopDevice::read_only(&site.path("locked"));
    let text = site.fail(&["write", "out/one.iso", &locked.0, "--yes", "--force"], 2);
    assert!(text.contains("write-protected"), "{text}");
}

#[test]
fn discs_of_a_set_do_not_fit_a_stick() {
    let (site, _) = site_with_image();
    site.define("one", "5 MB", "");
    site.succeed(&["build", "one"]);
    let text = site.fail(&["write", "out/one.1.iso", "/dev/null", "--yes"], 2);
    assert!(text.contains("disc 1 of") && text.contains("hint:"), "{text}");
}

/// A file system that takes six megabytes: a disk in it fails in the middle.
struct TinyRoom<'s>(&'s Site);

impl<'s> TinyRoom<'s> {
    fn new(site: &'s Site) -> Self {
        fs::create_dir(site.path("tiny")).unwrap();
        tool("mount", &["-t", "tmpfs", "-o", "size=6m", "tmpfs", "tiny"], &site.path(""));
        Self(site)
    }
}

impl Drop for TinyRoom<'_> {
    fn drop(&mut self) {
        tool("umount", &["tiny"], &self.0.path(""));
    }
}

#[test]
fn a_stick_that_fails_in_the_middle_is_named_holds_nothing_and_keeps_no_other_from_it() {
    let (site, image) = site_with_image();
    let _room = TinyRoom::new(&site);
    File::create(site.path("tiny/bad")).unwrap().set_len(DISK as u64).unwrap();
    {
        let (bad, good) = (LoopDevice::new(&site.path("tiny/bad")), disk(&site, "good", DISK));
        let words = ["write", "out/one.iso", &bad.0, &good.0, "--yes", "--force"];
        let text = site.fail(&words, 1);
        assert!(text.contains(&bad.0) && text.contains("at byte"), "{text}");
        site.succeed(&["verify", &good.0]);
        site.fail(&["verify", &bad.0], 6);
    }
    assert!(fs::read(site.path("good")).unwrap()[..image.len()] == image);
    let start = fs::read(site.path("tiny/bad")).unwrap();
    assert!(start[..1 << 20].iter().all(|byte| *byte == 0));
}

#[test]
fn a_sector_that_cannot_be_read_back_is_named_with_its_place() {
    let (site, _) = site_with_image();
    let device = disk(&site, "worn", DISK);
    let mut command = Command::new("strace");
    command.args(["-f", "-qq", "-o", "/dev/null", "-P", &device.0, "-e", "trace=pread64"]);
    command.args(["-e", "inject=pread64:error=EIO:when=2"]);
    let program = site.command(&["write", "out/one.iso", &device.0, "--yes", "--force"]);
    command.arg(program.get_program()).args(program.get_args()).current_dir(site.path(""));
    let output = command.output().expect("tools/test installs strace");
    assert_eq!(output.status.code(), Some(6), "{}", stderr(&output));
    assert!(stderr(&output).contains("cannot be read at byte 4194304"), "{}", stderr(&output));
}

#[test]
fn an_interrupted_stick_holds_neither_old_nor_new_media() {
    let (site, image) = site_with_image();
    site.write("stick", &image);
    let device = LoopDevice::new(&site.path("stick"));
    site.succeed(&["verify", &device.0]);
    // The beginning is cleared and the second piece written; at the third it is killed.
    let mut child = Command::new("strace")
        .args(["-f", "-qq", "-o", "/dev/null", "-P", &device.0])
        .args(["-e", "trace=pwrite64", "-e", "inject=pwrite64:signal=SIGKILL:when=3"])
        .arg(env!("CARGO_BIN_EXE_tsmedia"))
        .args(["write", "out/one.iso", &device.0, "--yes", "--force"])
        .current_dir(site.path(""))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    child.wait().unwrap();
    site.fail(&["verify", &device.0], 6);
    site.succeed(&["write", "out/one.iso", &device.0, "--yes", "--force"]);
    site.succeed(&["verify", &device.0]);
}

/// Ctrl-C after the first piece: the end of the pieces is not the end of the image.
#[test]
fn a_stick_that_the_user_stopped_holds_neither_old_nor_new_media() {
    let (site, image) = site_with_image();
    site.write("stick", &image);
    let device = LoopDevice::new(&site.path("stick"));
    let words = ["write", "out/one.iso", &device.0, "--yes", "--force", "--progress", "json"];
    let mut command = Command::new("strace");
    command.args(["-f", "-qq", "-o", "/dev/null", "-P"]).arg(site.path("out/one.iso"));
    command.args(["-e", "trace=pread64", "-e", "inject=pread64:signal=SIGINT:when=12"]);
    let program = site.command(&words);
    command.arg(program.get_program()).args(program.get_args()).current_dir(site.path(""));
    let output = command.output().expect("tools/test installs strace");
    assert_eq!(output.status.code(), Some(130), "{}", stderr(&output));
    site.fail(&["verify", &device.0], 6);
}

#[test]
fn an_image_on_a_stick_is_written_to_another_one_and_never_to_itself() {
    let (site, image) = site_with_image();
    site.write("first", &image);
    let (first, second) = (LoopDevice::new(&site.path("first")), disk(&site, "second", DISK));
    site.succeed(&["write", &first.0, &second.0, "--yes", "--force"]);
    site.succeed(&["verify", &second.0]);
    let text = site.fail(&["write", &first.0, &first.0, "--yes", "--force"], 2);
    assert!(text.contains("is what is to be written"), "{text}");
    site.succeed(&["verify", &first.0]);
    drop(second);
    assert!(fs::read(site.path("second")).unwrap()[..image.len()] == image);
}

#[test]
fn what_cannot_be_logged_is_not_written() {
    let (site, image) = site_with_image();
    site.write("stick", &image);
    let device = LoopDevice::new(&site.path("stick"));
    let words = ["write", "out/one.iso", &device.0, "--yes", "--force", "--log", "no/such/log"];
    site.fail(&words, 1);
    site.succeed(&["verify", &device.0]);
    site.fail(&["write", "out/one.iso", "--station", "--yes", "--force"], 2);
}

#[test]
fn a_station_writes_to_whatever_is_put_in_until_it_is_stopped() {
    let (site, image) = site_with_image();
    // No other disk of this computer is put in there.
    let place = format!("/dev/loop{}", 1_000 + std::process::id() % 10_000);
    let log = ["--log", "sticks.log"];
    let words =
        [&["write", "out/one.iso", &place, "--station", "--yes", "--force"][..], &log].concat();
    let mut station =
        site.command(&words).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut told = BufReader::new(station.stderr.take().unwrap()).lines();
    assert!(told.next().unwrap().unwrap().contains("Ctrl-C"));
    site.write("stick", vec![7; DISK]);
    let device = LoopDevice::at(&place, &site.path("stick"));
    let mut printed = BufReader::new(station.stdout.take().unwrap()).lines();
    let line = printed.find(|line| line.as_ref().unwrap().contains(&device.0)).unwrap().unwrap();
    assert!(line.contains("written and read back"), "{line}");
    kill_process(Pid::from_child(&station), Signal::INT).unwrap();
    assert_eq!(station.wait().unwrap().code(), Some(0));
    let log = fs::read_to_string(site.path("sticks.log")).unwrap();
    assert!(
        log.lines().any(|line| line.contains(&device.0) && line.contains("\"ok\":true")),
        "{log}"
    );
    drop(device);
    assert!(fs::read(site.path("stick")).unwrap()[..image.len()] == image);
}
