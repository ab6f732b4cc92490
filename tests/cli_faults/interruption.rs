//! Builds that are stopped: by the user, or at once by the system.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use crate::site::{Site, noise};

/// A site with a set that was built, and content that has changed since.
fn rebuilt_site() -> (Site, Vec<Vec<u8>>) {
    let mut site = Site::new();
    for number in 0..2 {
        let folder = site.add_package();
        site.write(&format!("{folder}/data.bin"), noise(number, 12_000_000));
    }
    site.define("set", "14 MB", "");
    site.succeed(&["build", "set"]);
    let old = images(&site);
    assert_eq!(old.len(), 2);
    site.write("content/P0100200/data.bin", noise(7, 12_000_000));
    (site, old)
}

fn images(site: &Site) -> Vec<Vec<u8>> {
    ["out/set.1.iso", "out/set.2.iso"]
        .iter()
        .filter_map(|name| fs::read(site.path(name)).ok())
        .collect()
}

/// Starts a build and returns when it says that this phase begins.
fn start_until(site: &Site, phase: &str) -> Child {
    let mut child = site
        .command(&["build", "set", "--progress=json"])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let marker = format!("\"phase\":\"{phase}\"");
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let reached = lines.any(|line| line.unwrap().contains(&marker));
    assert!(reached, "the build ended before it said: {phase}");
    child
}

const PHASES: [&str; 4] = ["scan", "hash", "write", "verify"];

#[test]
fn an_interrupted_build_cleans_up_and_leaves_the_old_set() {
    for signal in [Signal::INT, Signal::TERM] {
        for phase in PHASES {
            let (site, old) = rebuilt_site();
            let mut child = start_until(&site, phase);
            kill_process(Pid::from_child(&child), signal).unwrap();
            let code = child.wait().unwrap().code();
            // A signal that comes when the set is published already finds a build that is done.
            if code == Some(0) {
                site.succeed(&["verify", "out/set.iso"]);
            } else {
                assert_eq!(code, Some(130), "{phase}");
                assert_eq!(images(&site), old, "{phase}");
            }
            assert_eq!(site.outputs(), ["set.1.iso", "set.2.iso"], "{phase}");
        }
    }
}

#[test]
fn after_a_kill_the_old_set_is_whole_and_the_next_run_succeeds() {
    for phase in PHASES {
        let (site, old) = rebuilt_site();
        let mut child = start_until(&site, phase);
        child.kill().unwrap();
        child.wait().unwrap();
        if images(&site) != old {
            // The kill came after the new set counted.
            site.succeed(&["verify", "out/set.iso"]);
        }
        site.succeed(&["build", "set"]);
        assert_eq!(site.outputs(), ["set.1.iso", "set.2.iso"], "{phase}");
        site.succeed(&["verify", "out/set.iso"]);
        assert_ne!(images(&site), old, "{phase}");
    }
}

#[test]
fn two_signals_end_the_run_and_the_next_one_mends_what_is_left() {
    for phase in PHASES {
        let (site, _) = rebuilt_site();
        let mut child = start_until(&site, phase);
        for _ in 0..2 {
            kill_process(Pid::from_child(&child), Signal::INT).unwrap();
        }
        let code = child.wait().unwrap().code();
        assert!(matches!(code, Some(0 | 130)), "{phase}: {code:?}");
        site.succeed(&["build", "set"]);
        assert_eq!(site.outputs(), ["set.1.iso", "set.2.iso"], "{phase}");
        site.succeed(&["verify", "out/set.iso"]);
    }
}
