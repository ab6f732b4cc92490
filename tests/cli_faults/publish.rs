//! The moment at which a new set takes the place of the old one.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Command, ExitStatus};

use crate::site::{Site, noise, stderr};

/// A site whose definition `set` makes three discs, which are built.
fn set_of_three() -> Site {
    let mut site = Site::new();
    let folder = site.add_package();
    site.write(&format!("{folder}/large.bin"), noise(5, 4_000_000));
    site.define("set", "2.5 MB", "");
    site.succeed(&["build", "set", "--no-cache"]);
    assert_eq!(site.outputs(), ["set.1.iso", "set.2.iso", "set.3.iso"]);
    site
}

type Files = BTreeMap<String, Vec<u8>>;

fn files(site: &Site) -> Files {
    let names = site.outputs().into_iter();
    names.map(|name| (name.clone(), fs::read(site.path("out").join(&name)).unwrap())).collect()
}

fn put_back(site: &Site, files: &Files) {
    fs::remove_dir_all(site.path("out")).unwrap();
    for (name, bytes) in files {
        site.write(&format!("out/{name}"), bytes);
    }
}

#[test]
fn a_folder_in_the_place_of_an_image_stops_the_build_before_anything_is_written() {
    let site = set_of_three();
    fs::remove_file(site.path("out/set.2.iso")).unwrap();
    fs::create_dir(site.path("out/set.2.iso")).unwrap();
    let before = fs::read(site.path("out/set.1.iso")).unwrap();
    site.write("content/P0100200/large.bin", noise(6, 4_000_000));
    let output = site.run(&["build", "set", "--progress=json"]);
    assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
    let text = stderr(&output);
    assert!(text.contains("out/set.2.iso") && text.contains("move it away"), "{text}");
    assert!(!text.contains("\"phase\":\"write\""), "it wrote before it looked: {text}");
    assert_eq!(site.outputs(), ["set.1.iso", "set.2.iso", "set.3.iso"]);
    assert_eq!(fs::read(site.path("out/set.1.iso")).unwrap(), before);

    fs::remove_dir(site.path("out/set.2.iso")).unwrap();
    site.succeed(&["build", "set"]);
    site.succeed(&["verify", "out/set.iso"]);
}

#[test]
fn an_output_path_with_a_tab_is_refused_and_nothing_is_written() {
    let site = Site::new();
    site.define("one", "unlimited", "");
    let text = fs::read_to_string(site.path("media/one.toml")).unwrap();
    site.write("media/one.toml", text.replace("out/one.iso", "out/o\\tne.iso"));
    let output = site.run(&["build", "one"]);
    assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
    assert!(stderr(&output).contains("control character"), "{}", stderr(&output));
    assert_eq!(site.outputs(), [""; 0]);
}

#[test]
fn an_image_of_another_definition_is_not_stale() {
    let mut site = Site::new();
    let folder = site.add_package();
    site.write(&format!("{folder}/setup.exe"), noise(1, 5000));
    for (name, label) in [("set", "Test"), ("set.1", "Test"), ("set.2", "Other")] {
        site.define(name, "unlimited", "");
        let path = format!("media/{name}.toml");
        let text = fs::read_to_string(site.path(&path)).unwrap();
        site.write(&path, text.replace("label = \"Test\"", &format!("label = \"{label}\"")));
    }
    let others = ["media/set.1.toml", "media/set.2.toml"];
    others.iter().for_each(|path| drop(site.succeed(&["build", path])));
    let built = site.succeed(&["build", "set", "--json"]);
    assert!(built.contains("\"removed\": []"), "{built}");
    assert_eq!(site.outputs(), ["set.1.iso", "set.2.iso", "set.iso"]);
}

#[test]
fn discs_that_lie_beyond_a_gap_are_stale_and_copies_with_another_number_are_not() {
    let site = set_of_three();
    fs::remove_file(site.path("out/set.2.iso")).unwrap();
    fs::copy(site.path("out/set.1.iso"), site.path("out/set.9.iso")).unwrap();
    let text = site.run(&["verify", "out/set.iso", "--json"]);
    let text = String::from_utf8(text.stdout).unwrap();
    assert!(text.contains("out/set.3.iso"), "the gap hides a disc: {text}");
    site.define("set", "unlimited", "");
    site.succeed(&["build", "set"]);
    assert_eq!(site.outputs(), ["set.9.iso", "set.iso"]);
}

#[test]
fn a_longer_set_removes_the_single_image_before_it_but_no_disc_under_its_name() {
    let site = set_of_three();
    let discs = files(&site);
    site.define("set", "unlimited", "");
    site.succeed(&["build", "set"]);
    assert_eq!(site.outputs(), ["set.iso"]);
    site.define("set", "2.5 MB", "");
    site.succeed(&["build", "set"]);
    assert_eq!(files(&site), discs);

    fs::copy(site.path("out/set.1.iso"), site.path("out/set.iso")).unwrap();
    site.succeed(&["build", "set"]);
    assert_eq!(site.outputs(), ["set.1.iso", "set.2.iso", "set.3.iso", "set.iso"]);
}

#[test]
fn discs_of_a_set_with_another_label_stay() {
    let site = set_of_three();
    site.define("set", "unlimited", "");
    let text = fs::read_to_string(site.path("media/set.toml")).unwrap();
    site.write("media/set.toml", text.replace("label = \"Test\"", "label = \"Other\""));
    site.succeed(&["build", "set"]);
    assert_eq!(site.outputs(), ["set.1.iso", "set.2.iso", "set.3.iso", "set.iso"]);
}

/// A build in which system calls fail or kill.
struct Traced {
    status: ExitStatus,
    /// Whether the run came so far that something failed.
    injected: bool,
    stderr: String,
}

/// Builds the set while `strace` injects `fault` into the system calls `calls`.
fn build_with(site: &Site, calls: &str, fault: &str) -> Traced {
    let program = site.command(&["build", "set", "--no-cache"]);
    let log: PathBuf = site.path("strace.log");
    let mut command = Command::new("strace");
    command.args(["-f", "-e", &format!("trace={calls}")]);
    command.args(["-e", &format!("inject={calls}:{fault}"), "-o"]).arg(&log);
    command.arg(program.get_program()).args(program.get_args());
    command.current_dir(program.get_current_dir().unwrap());
    for (name, value) in program.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    let output = command.output().unwrap_or_else(|error| {
        panic!("strace cannot be run ({error}); tools/test installs what the tests need")
    });
    let trace = fs::read_to_string(&log).unwrap();
    let injected = trace.contains("INJECTED") || output.status.signal().is_some();
    Traced { status: output.status, injected, stderr: stderr(&output) }
}

/// The system calls that change which names there are, and what makes that durable.
const CALLS: [&str; 3] = ["rename,renameat,renameat2", "unlink,unlinkat", "fsync"];

/// Each of these calls in turn fails, or is where the system kills the run. Whatever is there then,
/// the next run finds one whole set in it, and can build.
#[test]
fn wherever_a_build_fails_or_is_killed_one_set_is_whole() {
    let site = set_of_three();
    let old = files(&site);
    site.write("content/P0100200/large.bin", noise(6, 4_000_000));
    site.define("set", "3.5 MB", "");
    site.succeed(&["build", "set", "--no-cache"]);
    let new = files(&site);
    assert_eq!(site.outputs(), ["set.1.iso", "set.2.iso"]);
    let mut whole = [0, 0];
    for calls in CALLS {
        for fault in ["error=EIO", "signal=KILL"] {
            for turn in 1.. {
                let when = format!("{calls} {fault} {turn}");
                put_back(&site, &old);
                let run = build_with(&site, calls, &format!("{fault}:when={turn}"));
                if !run.injected {
                    assert!(run.status.success(), "{when}: {}", run.stderr);
                    assert!(turn > 3, "{when}: the build made too few of these calls");
                    break;
                }
                // This run mends, and then cannot create a file for an image.
                let mended = build_with(&site, "ftruncate", "error=EIO");
                assert_eq!(mended.status.code(), Some(1), "{when}: {}", mended.stderr);
                let there = files(&site);
                assert!(there == old || there == new, "{when}: {:?}", there.keys());
                if run.status.success() {
                    assert!(there == new, "{when}: a set was reported that is not there");
                }
                whole[usize::from(there == new)] += 1;
            }
        }
    }
    assert!(whole.iter().all(|count| *count > 3), "both sides of the moment: {whole:?}");
    site.succeed(&["build", "set", "--no-cache"]);
    assert_eq!(files(&site), new);
}

#[test]
fn an_error_among_the_renames_says_that_the_next_build_goes_on() {
    let site = set_of_three();
    site.write("content/P0100200/large.bin", noise(6, 4_000_000));
    let run = build_with(&site, "rename,renameat,renameat2", "error=EIO:when=3");
    assert_eq!(run.status.code(), Some(1), "{}", run.stderr);
    for part in
        ["cannot rename", ".set.iso.tsmedia.2.partial", ".set.iso.tsmedia.journal", "next build"]
    {
        assert!(run.stderr.contains(part), "`{part}` is not said: {}", run.stderr);
    }
}
