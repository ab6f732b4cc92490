//! A reference computer that is captured, and what comes out of that.

use std::fs;
use std::path::{Path, PathBuf};

use runtime::mount::{Access, mount};
use runtime::provider::StepFailure;
use runtime::providers::CaptureSystemImage;

use crate::apply::{facts, linux_tree};
use crate::host::{FakeHost, step};
use crate::machine::Machine;
use crate::tool;

const MIB: u64 = 1 << 20;

/// Partitions a disk of a computer that is off, and puts a system on its second partition.
fn reference(machine: &Machine, disk: usize) -> PathBuf {
    let device = machine.loops[disk].display();
    tool(&format!(
        "sgdisk -n 1:0:+40M -t 1:ef00 -n 2:0:+100M -n 3:0:0 {device} && partx -a {device} \
         && mkfs.fat -F 32 {device}p1 && mke2fs -q -F {device}p2 -t ext4 && mke2fs -q -F -t ext4 {device}p3"
    ));
    machine.see_partitions(disk);
    let folder = machine.path("reference");
    let part = PathBuf::from(format!("{device}p2"));
    mount(&part, &folder, "ext4", Access::ReadWrite, "").unwrap();
    linux_tree(&folder);
    tool(&format!(
        "cd {} && mkdir -p dev proc/self sys run/lock _tsmedia tmp && chmod 755 proc \
         && mknod dev/null c 1 3 && echo 1 > proc/self/stat && echo x > run/lock/x \
         && head -c 5000000 /dev/urandom > _tsmedia/cache",
        folder.display()
    ));
    folder
}

fn capture(
    machine: &Machine,
    host: &mut FakeHost,
    words: &[(&str, &str)],
) -> Result<(), StepFailure> {
    host.scratch = machine.path("scratch");
    let pair = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    let variables: Vec<_> = words.iter().map(pair).collect();
    let run = step("CaptureSystemImage", "osdcapturesystemimage.exe", &variables);
    CaptureSystemImage::run_on(&run, host, &machine.system()).map(drop)
}

/// What the image should hold, by removing the rest from a copy.
fn wanted(tree: &Path) -> String {
    let lines = facts(tree);
    let left_out = ["./_tsmedia", "./dev/", "./proc/", "./run/", "./sys/"];
    let is_in = |line: &&str| !left_out.iter().any(|it| line.starts_with(it));
    lines.lines().filter(is_in).map(|line| format!("{line}\n")).collect()
}

#[test]
fn a_system_is_captured_with_all_but_what_the_run_and_the_kernel_put_there() {
    let machine = Machine::new(&[300 * MIB, 100 * MIB]);
    let tree = reference(&machine, 0);
    let wanted = wanted(&tree);
    machine.unmount_all();
    let second = machine.loops[1].display();
    tool(&format!(
        "sgdisk -n 1:0:0 {second} && partx -a {second} && mke2fs -q -F -t ext4 {second}p1"
    ));
    machine.see_partitions(1);
    let mut host = FakeHost::default();
    let words = [
        ("OSDCaptureDestination", "1,1:/images/debian.wim"),
        ("OSDImageCreator", "Ada & Co"),
        ("OSDImageDescription", "The <reference>"),
        ("OSDImageVersion", "1.2"),
    ];
    capture(&machine, &mut host, &words).unwrap();
    assert!(host.log.iter().any(|line| line.contains("Xpress")), "{:?}", host.log);
    let mounts = fs::read_to_string("/proc/self/mounts").unwrap();
    assert!(!mounts.contains(&*machine.folder.path().to_string_lossy()), "all is unmounted");

    let there = machine.path("there");
    let part = PathBuf::from(format!("{second}p1"));
    mount(&part, &there, "ext4", Access::ReadWrite, "").unwrap();
    let wim = there.join("images/debian.wim");
    assert_eq!(
        fs::read_dir(wim.parent().unwrap()).unwrap().count(),
        1,
        "nothing temporary is left"
    );
    let wim = wim.display();
    tool(&format!("wimlib-imagex verify {wim}"));
    let info = tool(&format!("wimlib-imagex info {wim} --xml | iconv -f UTF-16 -t UTF-8"));
    for part in [
        "<NAME>A small Linux</NAME>",
        "<DESCRIPTION>The &lt;reference&gt;</DESCRIPTION>",
        "<CREATOR>Ada &amp; Co</CREATOR>",
        "<VERSION>1.2</VERSION>",
    ] {
        assert!(info.contains(part), "{part}: {info}");
    }
    let applied = machine.path("applied");
    tool(&format!("wimlib-imagex apply {wim} 1 {} --unix-data", applied.display()));
    assert_eq!(facts(&applied), wanted);
    // The tool's three million random bytes are there once, and the run's five million are not.
    let bytes = fs::metadata(there.join("images/debian.wim")).unwrap().len();
    assert!((3_000_000..4_000_000).contains(&bytes), "{bytes}");
}

#[test]
fn which_system_is_meant_has_to_be_clear() {
    let machine = Machine::new(&[300 * MIB, 300 * MIB]);
    let mut host = FakeHost::default();
    let to_disk = ("OSDCaptureDestination", "0,3:/image.wim");
    let error = capture(&machine, &mut host, &[to_disk]).unwrap_err();
    assert!(error.reason.contains("no partition has a system"), "{error}");
    reference(&machine, 0);
    machine.unmount_all();
    reference(&machine, 1);
    machine.unmount_all();
    let error = capture(&machine, &mut host, &[to_disk]).unwrap_err();
    assert!(error.reason.contains("on the partitions 0,2 and 1,2"), "{error}");
    for (source, wanted) in
        [("1,3", "has no system"), ("x", "such as `0,2`"), ("1,7", "no partition 7")]
    {
        let error =
            capture(&machine, &mut host, &[to_disk, ("OSDCaptureSource", source)]).unwrap_err();
        assert!(error.reason.contains(wanted), "{source}: {error}");
    }
    let lzx = ("OSDCaptureCompression", "LZX");
    capture(&machine, &mut host, &[to_disk, ("OSDCaptureSource", "1,2"), lzx]).unwrap();
    let mounts = fs::read_to_string("/proc/self/mounts").unwrap();
    assert!(!mounts.contains(&*machine.folder.path().to_string_lossy()), "all is unmounted");
}

#[test]
fn a_destination_that_cannot_be_used_leaves_nothing() {
    let machine = Machine::new(&[300 * MIB, 45 * MIB]);
    reference(&machine, 0);
    machine.unmount_all();
    let second = machine.loops[1].display();
    // So small that the image does not fit.
    tool(&format!(
        "sgdisk -n 1:0:+3M {second} && partx -a {second} && mke2fs -q -F -t ext4 -O ^has_journal {second}p1"
    ));
    machine.see_partitions(1);
    let mut host = FakeHost::default();
    let memory = machine.path("image.wim");
    for (destination, wanted) in [
        (memory.to_str().unwrap(), "would lie in memory"),
        ("/dev/shm/tsmedia-captured.wim", "would lie in memory"),
        ("C:\\image.wim", "OSDCaptureDestination is"),
        ("1,9:/image.wim", "has no partition 9"),
        ("1,1:/image.wim", "no room"),
    ] {
        let error =
            capture(&machine, &mut host, &[("OSDCaptureDestination", destination)]).unwrap_err();
        assert!(error.reason.contains(wanted), "{destination}: {error}");
    }
    assert!(!memory.exists() && !Path::new("/dev/shm/tsmedia-captured.wim").exists());
    let there = machine.path("there");
    mount(&PathBuf::from(format!("{second}p1")), &there, "ext4", Access::ReadOnly, "").unwrap();
    let left: Vec<_> =
        fs::read_dir(&there).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["lost+found"]);
}
