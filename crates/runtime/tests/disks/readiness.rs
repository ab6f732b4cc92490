//! Whether a computer is ready, by what its kernel shows.

use std::fs;

use runtime::disk::DeviceFolders;
use runtime::partition::LinuxKernel;
use runtime::providers::CheckReadiness;
use runtime::system::System;
use tasksequence::run::StepEnd;
use tempfile::TempDir;

use crate::host::{FakeHost, step};

/// A computer with these files below its `/sys` and `/proc`.
fn computer(files: &[(&str, &str)]) -> (TempDir, System) {
    let room = tempfile::tempdir().unwrap();
    let path = |name: &str| room.path().join(name);
    for name in ["sys/block", "proc"] {
        fs::create_dir_all(path(name)).unwrap();
    }
    for (file, text) in files {
        fs::create_dir_all(path(file).parent().unwrap()).unwrap();
        fs::write(path(file), format!("{text}\n")).unwrap();
    }
    let system = System {
        folders: DeviceFolders { sys: path("sys"), dev: path("dev") },
        proc: path("proc"),
        volumes: path("volumes"),
        kernel: Box::new(LinuxKernel),
    };
    (room, system)
}

fn check(system: &System, words: &[&str]) -> (i64, FakeHost) {
    let mut host = FakeHost::default();
    let pair = |word: &&str| {
        let (name, value) = word.split_once('=').unwrap_or((word, "true"));
        (name.to_owned(), value.to_owned())
    };
    let variables: Vec<_> = words.iter().map(pair).collect();
    let run = step("PrestartCheck", "OSDPrestartCheck.exe ", &variables);
    match CheckReadiness::run_on(&run, &mut host, system).unwrap() {
        StepEnd::Exited { code, .. } => (code, host),
        end => panic!("{end:?}"),
    }
}

const ALL: [&str; 10] = [
    "OSDCheckMemory",
    "OSDMemory=2048",
    "OSDCheckProcessorSpeed",
    "OSDProcessorSpeed=1000",
    "OSDCheckFreeDiskSpace",
    "OSDFreeDiskSpace=20000",
    "OSDCheckPowerState",
    "OSDCheckNetworkConnected",
    "OSDCheckNetworkWired",
    "OSDCheckDeviceUEFI",
];

#[test]
fn a_computer_that_has_all_is_ready() {
    let (_room, system) = computer(&[
        ("proc/meminfo", "MemTotal:        2010000 kB"),
        ("sys/devices/system/memory/block_size_bytes", "8000000"),
        ("proc/cpuinfo", "processor : 0\ncpu MHz\t\t: 2499.998\n"),
        ("sys/block/vda/size", "41943040"),
        ("sys/class/power_supply/AC/type", "Mains"),
        ("sys/class/power_supply/AC/online", "1"),
        ("sys/class/net/eth0/type", "1"),
        ("sys/class/net/eth0/carrier", "1"),
        ("sys/firmware/efi/fw_platform_size", "64"),
    ]);
    // 16 blocks of 128 MiB; the kernel keeps some of that to itself.
    for block in 0..16 {
        let folder = system.folders.sys.join(format!("devices/system/memory/memory{block}"));
        fs::create_dir(folder).unwrap();
    }
    let (code, host) = check(&system, &ALL);
    assert_eq!(code, 0, "{:?}", host.log);
    for variable in ["MEMORY", "SPEED", "DISK", "ACPOWER", "NETWORK", "WIRED", "UEFI"] {
        assert_eq!(host.environment.text(&format!("_TS_CR{variable}")), "1", "{variable}");
    }
}

#[test]
fn all_checks_are_made_before_the_step_fails() {
    let (_room, system) = computer(&[
        ("proc/meminfo", "MemTotal:        1000000 kB"),
        ("sys/block/vda/size", "2097152"),
        ("sys/class/power_supply/BAT0/type", "Battery"),
        ("sys/class/power_supply/BAT0/status", "Discharging"),
        ("sys/class/net/lo/type", "772"),
        ("sys/class/net/lo/carrier", "1"),
        ("sys/class/net/wlan0/type", "1"),
        ("sys/class/net/wlan0/carrier", "1"),
        ("sys/class/net/wlan0/wireless/x", ""),
    ]);
    let (code, host) = check(&system, &ALL);
    assert_eq!(code, 4316);
    assert_eq!(
        host.log,
        [
            "failed: there are 976 MB of memory, 2048 are wanted",
            "failed: nobody can say how many MHz of processor speed there are",
            "failed: there are 1024 MB of disk space, 20000 are wanted",
            "failed: it is not so that the computer is on mains power",
            "passed: a network is connected",
            "failed: it is not so that a network is connected by wire",
            "failed: it is not so that the computer was started by UEFI",
        ]
    );
    assert_eq!(host.environment.text("_TS_CRNETWORK"), "1");
    assert_eq!(host.environment.text("_TS_CRWIRED"), "0");
}

#[test]
fn only_what_is_asked_for_is_checked() {
    let (_room, system) = computer(&[]);
    let (code, host) =
        check(&system, &["OSDCheckMemory=false", "OSDMemory=2048", "OSDMinOSVersion=10"]);
    assert_eq!((code, host.log.len()), (0, 0));
    let (code, host) = check(&system, &["OSDCheckMinOSVersion", "OSDMinOSVersion=10"]);
    assert_eq!(code, 4316);
    assert!(host.log[0].contains("no Windows"), "{:?}", host.log);
    let (code, _) = check(&system, &["OSDCheckOSArchitecture", "OSDOSArchitecture=64"]);
    assert_eq!(code, 0, "this is tested on 64 bits only");
}

#[test]
fn this_computer_answers() {
    let (code, host) = check(
        &System::default(),
        &["OSDCheckMemory", "OSDMemory=64", "OSDCheckProcessorSpeed", "OSDProcessorSpeed=100"],
    );
    assert_eq!(code, 0, "{:?}", host.log);
}
