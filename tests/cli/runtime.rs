//! The runtime on media that start a Linux boot image.

use std::fs;
use std::process::{Command, Output};

use crate::session::Session;

const INITRAMFS: &str = "farm/content/boot/linux-x64/boot/initrd.img";
const ON_MEDIA: &str = "SMS/bin/x64/tsmedia-run";

/// A site with a runtime, and an initramfs whose length is no multiple of four.
fn with_runtime() -> Session {
    let session = Session::with_site();
    session.write("runtime", static_program(b"first"));
    session.write(INITRAMFS, [7; 300_001]);
    session
}

/// A program of x86-64 that needs no libraries (System V ABI): one segment to load.
fn static_program(text: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0; 64 + 56];
    bytes[..7].copy_from_slice(b"\x7fELF\x02\x01\x01");
    bytes[16] = 2;
    bytes[18] = 62;
    bytes[32] = 64;
    bytes[54] = 56;
    bytes[56] = 1;
    bytes[64] = 1;
    bytes.extend(text.repeat(40_000));
    bytes
}

/// What `cpio` unpacks from an archive.
fn unpacked(session: &Session, archive: &[u8]) -> Vec<u8> {
    session.write("archive", archive);
    let script = "cpio -i --quiet < archive && stat -c %a tsmedia-run";
    let output = Command::new("sh").args(["-c", script]).current_dir(session.path("")).output();
    let output = output.unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), "755\n", "{output:?}");
    session.read_bytes("tsmedia-run")
}

#[test]
fn discs_and_sticks_hold_the_runtime_and_start_it_from_the_initramfs() {
    let session = with_runtime();
    let program = session.read_bytes("runtime");
    let initramfs = session.read_bytes(INITRAMFS);
    let usb = "[media]\ntype = \"stand-alone\"\ntask-sequence = \"P0100020\"\n\n\
               [output]\nkind = \"usb\"\npath = \"out/stick.img\"\n";
    session.write("farm/media/stick.toml", usb);
    for (definition, image) in [("example", "example.iso"), ("stick", "stick.img")] {
        let build = format!("build {definition} --runtime runtime --progress none");
        session.farm(&build).exits(0);
        // Every file of a disc has its line in a manifest, or this finds it.
        session.run(&format!("verify farm/out/{image}")).done();
        session.run(&format!("extract farm/out/{image} -o {definition}")).exits(0);
        let below = |path: &str| session.read_bytes(&format!("{definition}/{path}"));
        assert!(below(ON_MEDIA) == program, "{definition}");
        let on_media = below("boot/initrd.img");
        let (own, archive) = on_media.split_at(initramfs.len());
        assert!(own == initramfs, "{definition}");
        assert_eq!(archive[..3], [0; 3], "the archive begins at a multiple of four");
        assert!(unpacked(&session, &archive[3..]) == program, "{definition}");
    }
}

#[test]
fn the_same_runtime_gives_the_same_bytes_and_another_one_another_set() {
    let session = with_runtime();
    let build = "build example --progress none";
    let built = || {
        let image = session.read_bytes("farm/out/example.iso");
        let found = session.run("inspect farm/out/example.iso --json").done().json();
        (image, found["images"][0]["media"]["set"].clone())
    };
    session.farm(&format!("{build} --runtime runtime")).exits(0);
    let (first, set) = built();
    let named = session.path("runtime").display().to_string();
    let words: Vec<&str> = ["--site", "farm"].into_iter().chain(build.split(' ')).collect();
    session.run_with(&[("TSMEDIA_RUNTIME", &named)], &words).exits(0);
    assert!(built() == (first, set.clone()), "the environment names it too");
    session.write("runtime", static_program(b"other"));
    session.farm(&format!("{build} --runtime runtime")).exits(0);
    let (_, other) = built();
    assert_ne!(set, other);
    session.farm(build).exits(0);
    let (_, without) = built();
    assert!(without != set && without != other);
}

#[test]
fn a_program_that_would_not_start_there_is_refused() {
    let session = with_runtime();
    session.write("script", "#!/bin/sh\n");
    for verb in ["plan", "build"] {
        let with = |path: &str| session.farm(&format!("{verb} example --runtime {path}"));
        with("/bin/bash").refused(2, &["/bin/bash", "needs libraries", "static program"]);
        with("script").refused(2, &["script", "is no program for Linux"]);
        with("nowhere").refused(1, &["nowhere"]);
    }
    assert!(!session.path("farm/out/example.iso").exists());
}

#[test]
fn an_initramfs_that_is_not_there_cannot_start_it() {
    let session = with_runtime();
    fs::remove_file(session.path(INITRAMFS)).unwrap();
    let plan = session.farm("plan example --runtime runtime --json").exits(0).json();
    let problems = plan["problems"].as_array().unwrap();
    let told = problems.iter().filter_map(|problem| problem["message"].as_str());
    let told: Vec<&str> = told.filter(|message| message.contains("initrd.img")).collect();
    assert_eq!(told.len(), 1, "{problems:?}");
    assert!(told[0].contains("do not start the runtime"), "{told:?}");
}

/// The program, where nothing or something lies beside it, and no variable says anything.
fn alone(session: &Session, words: &[&str]) -> Output {
    let mut command = Command::new(session.path("bin/tsmedia"));
    command.args(words).current_dir(session.path("")).env_clear();
    command.env("HOME", session.path("home")).output().unwrap()
}

#[test]
fn without_a_runtime_media_are_built_with_a_warning_and_one_beside_the_program_is_found() {
    let session = with_runtime();
    session.write("bin/tsmedia", fs::read(env!("CARGO_BIN_EXE_tsmedia")).unwrap());
    let executable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    fs::set_permissions(session.path("bin/tsmedia"), executable).unwrap();
    let plan = ["--site", "farm", "plan", "example", "--json"];
    let rules = || {
        let output = alone(&session, &plan);
        assert!(output.status.success(), "{output:?}");
        let document: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        let problems = document["problems"].as_array().unwrap().iter();
        let missing = problems.filter(|problem| problem["rule"] == "runtime-missing");
        let told = missing.map(|problem| problem["message"].as_str().unwrap().to_owned());
        told.collect::<Vec<_>>()
    };
    assert!(matches!(&rules()[..], [told] if told.contains("no `tsmedia-run` lies beside")));
    // What a build for development leaves there is no reason to stop.
    session.write("bin/tsmedia-run", fs::read("/bin/bash").unwrap());
    assert!(matches!(&rules()[..], [told] if told.contains("needs libraries")));
    session.write("bin/tsmedia-run", static_program(b"beside"));
    assert_eq!(rules(), [""; 0]);
    let unwanted = session.farm("plan example --json").exits(0).stdout;
    assert!(!unwanted.contains("runtime-missing"), "an empty variable says so");
}

/// Two steps: one that every run does itself, and one that nobody will ever do.
const MADE_UP: &str = "<sequence version=\"3.10\"><group name=\"All\" description=\"\">\
    <step type=\"SMS_TaskSequence_SetVariableAction\" name=\"Set\" description=\"\" \
    successCodeList=\"0\" retryCount=\"0\" runFromNet=\"false\"><action>tsenv.exe \"A=1\"</action>\
    <defaultVarList><variable name=\"VariableName\" property=\"VariableName\">A</variable>\
    <variable name=\"VariableValue\" property=\"VariableValue\">1</variable></defaultVarList></step>\
    <step type=\"SMS_TaskSequence_MadeUpAction\" name=\"Made up\" description=\"\" \
    successCodeList=\"0\" retryCount=\"0\" runFromNet=\"false\"><action>madeup.exe</action>\
    <defaultVarList/></step></group></sequence>";

/// What the rule `no-provider` says: the severity and the message.
fn undone(document: &serde_json::Value) -> Vec<(String, String)> {
    let text = |problem: &serde_json::Value, key: &str| problem[key].as_str().unwrap().to_owned();
    let problems = document["problems"].as_array().unwrap().iter();
    let undone = problems.filter(|problem| problem["rule"] == "no-provider");
    undone.map(|problem| (text(problem, "severity"), text(problem, "message"))).collect()
}

#[test]
fn steps_that_the_runtime_cannot_do_are_errors_of_ts_check_and_warnings_of_media() {
    let session = with_runtime();
    session.write("farm/task-sequences/P0100020.xml", MADE_UP);
    session.write("alone.xml", MADE_UP);
    let message = "nothing on linux does the step `All/Made up (step 2)`, of type \
                   `SMS_TaskSequence_MadeUpAction`";
    let told = |severity: &str| vec![(severity.to_owned(), message.to_owned())];
    for sequence in ["P0100020", "alone.xml"] {
        let check = |more: &str| session.farm(&format!("ts check {sequence} --json {more}"));
        assert_eq!(undone(&check("--target linux").exits(3).json()), told("error"));
        assert_eq!(undone(&serde_json::from_str(&check("").stdout).unwrap()), []);
    }
    for verb in ["check", "plan"] {
        let run = |more: &str| session.farm(&format!("{verb} example --json {more}")).exits(0);
        assert_eq!(undone(&run("--runtime runtime").json()), told("warning"), "{verb}");
        assert_eq!(undone(&run("").json()), [], "{verb}: no runtime is wanted");
    }
}
