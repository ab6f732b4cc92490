//! Content and definitions that cannot become media.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use rustix::process::{Pid, Signal, kill_process};

use crate::site::{Site, noise, stderr, tool};

fn site_with_package() -> (Site, String) {
    let mut site = Site::new();
    let folder = site.add_package();
    site.write(&format!("{folder}/setup.exe"), noise(1, 5000));
    site.define("one", "unlimited", "");
    (site, folder)
}

#[test]
fn missing_content_is_named_with_its_step_and_where_it_was_looked_for() {
    let (mut site, _) = site_with_package();
    let second = site.add_package();
    fs::remove_dir(site.path(&second)).unwrap();
    for verb in ["build", "plan", "check"] {
        let output = site.run(&[verb, "one"]);
        assert_eq!(output.status.code(), Some(4), "{verb}");
        let text = stderr(&output) + &String::from_utf8_lossy(&output.stdout);
        for part in ["content-missing", "P0100201", "Use P0100201", "content/P0100201", "remedy"] {
            assert!(text.contains(part), "{verb} does not say `{part}`: {text}");
        }
    }
    assert_eq!(site.outputs(), [""; 0]);
}

/// A program that goes on writing to a file: what was listed is no longer what is read.
#[test]
fn a_file_that_grows_while_the_build_runs_is_named_and_the_old_set_stays() {
    let (site, folder) = site_with_package();
    site.succeed(&["build", "one"]);
    let old = fs::read(site.path("out/one.iso")).unwrap();
    let path = site.path(&format!("{folder}/log.txt"));
    fs::write(&path, noise(3, 2_000_000)).unwrap();
    let is_done = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            let mut file = fs::File::options().append(true).open(&path).unwrap();
            while !is_done.load(Ordering::Relaxed) {
                file.write_all(b"x").unwrap();
            }
        });
        // However busy the machine is, the file grows between being listed and being opened.
        let build = site.command(&["build", "one"]);
        let mut command = Command::new("strace");
        command.args(["-f", "-qq", "-o", "/dev/null", "-P"]).arg(&path);
        command.args(["-e", "trace=openat", "-e", "inject=openat:delay_enter=500000"]);
        command.arg(build.get_program()).args(build.get_args()).current_dir(site.path(""));
        let output = command.output().expect("tools/test installs strace");
        is_done.store(true, Ordering::Relaxed);
        assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
        assert!(stderr(&output).contains("log.txt` changed"), "{}", stderr(&output));
    });
    assert!(fs::read(site.path("out/one.iso")).unwrap() == old);
    assert_eq!(site.outputs(), ["one.iso"]);
}

/// The file is there when it is listed, and gone when it is opened to be read.
#[test]
fn a_file_that_vanishes_while_the_build_runs_is_named_and_the_old_set_stays() {
    let (site, folder) = site_with_package();
    site.succeed(&["build", "one"]);
    let old = fs::read(site.path("out/one.iso")).unwrap();
    let path = site.path(&format!("{folder}/late.bin"));
    fs::write(&path, noise(3, 300_000)).unwrap();
    let mut command = Command::new("strace");
    command.args(["-f", "-qq", "-o", "/dev/null", "-P"]).arg(&path);
    command.args(["-e", "trace=openat", "-e", "inject=openat:error=ENOENT"]);
    let build = site.command(&["build", "one"]);
    command.arg(build.get_program()).args(build.get_args()).current_dir(site.path(""));
    let output = command.output().expect("tools/test installs strace");
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    assert!(stderr(&output).contains("late.bin"), "{}", stderr(&output));
    assert!(fs::read(site.path("out/one.iso")).unwrap() == old);
    assert_eq!(site.outputs(), ["one.iso"]);
}

#[test]
fn media_that_cannot_start_are_told_with_the_file_that_is_missing() {
    let (site, _) = site_with_package();
    let told = |file: &str, missing: &[&str]| {
        site.write(&format!("content/boot/{file}"), noise(1, 4096));
        for verb in ["plan", "build"] {
            let text = stderr(&site.run(&[verb, "one"]));
            let lines = text.lines().filter(|line| line.contains("boot-image-incomplete"));
            assert_eq!(lines.clone().count(), missing.len(), "{verb}: {text}");
            for (line, missing) in lines.zip(missing) {
                assert!(line.contains(missing), "{verb}: {line}");
            }
        }
    };
    told("README", &["neither `boot/grub/bios.img` nor `boot/grub/efi.img`"]);
    told("boot/grub/efi.img", &["no `boot/grub/bios.img`"]);
    let catalog = fs::read_to_string(site.path("catalog/P0100001.toml")).unwrap();
    site.write("catalog/P0100001.toml", catalog.replace("\"linux\"", "\"winpe\""));
    told("efi/microsoft/boot/efisys.bin", &["boot/etfsboot.com", "sources/boot.wim"]);
    told("sources/boot.wim", &["boot/etfsboot.com"]);
}

#[test]
fn a_boot_file_that_is_too_short_is_refused_before_anything_is_written() {
    for (file, bytes) in [
        ("boot/grub/bios.img", 0),
        ("boot/grub/efi.img", 0),
        ("isolinux/isolinux.bin", 0),
        ("boot/etfsboot.com", 100),
        ("efi/microsoft/boot/efisys.bin", 0),
    ] {
        let (site, _) = site_with_package();
        site.write(&format!("content/boot/{file}"), noise(1, bytes));
        for verb in ["plan", "build"] {
            let text = site.fail(&[verb, "one"], 4);
            for part in [file, "P0100001", &format!("{bytes} bytes"), "put the whole file there"] {
                assert!(text.contains(part), "{verb} does not say `{part}`: {text}");
            }
        }
        assert_eq!(site.outputs(), [""; 0]);
    }
}

#[test]
fn a_file_of_the_boot_image_under_a_name_of_the_media_is_named() {
    let (site, _) = site_with_package();
    site.write("content/boot/SMS/data/media.json", b"{}");
    let text = site.fail(&["build", "one"], 5);
    for part in ["SMS/data/media.json", "the boot image brings a file of that name"] {
        assert!(text.contains(part), "no `{part}` in: {text}");
    }
    assert!(!text.contains("shorten"), "{text}");
}

#[test]
fn a_time_that_media_cannot_bear_is_a_wrong_command_line() {
    let (site, _) = site_with_package();
    for (time, words) in [
        ("315532799", "1980 to 2107"),
        ("4354819200", "1980 to 2107"),
        ("99999999999999", "1980 to 2107"),
        ("yesterday", "no number of seconds"),
    ] {
        let output =
            site.command(&["plan", "one"]).env("SOURCE_DATE_EPOCH", time).output().unwrap();
        let text = stderr(&output);
        assert_eq!(output.status.code(), Some(2), "{text}");
        assert!(text.contains(words) && text.contains("hint: "), "{text}");
    }
    let output = site.command(&["plan", "one"]).env("SOURCE_DATE_EPOCH", "315532800").output();
    assert_eq!(output.unwrap().status.code(), Some(0));
}

#[test]
fn a_missing_boot_image_is_an_error() {
    let (site, _) = site_with_package();
    fs::remove_dir_all(site.path("content/boot")).unwrap();
    let text = site.fail(&["build", "one"], 4);
    assert!(text.contains("P0100001"), "{text}");
    site.write("task-sequences/P0100100.toml", "name = \"Test\"\n");
    let text = site.fail(&["build", "one"], 4);
    assert!(text.contains("boot-image-missing"), "{text}");
}

#[test]
fn a_boot_image_that_cannot_start_the_operating_system_is_refused() {
    let (mut site, _) = site_with_package();
    let folder = site.add_package();
    site.write(&format!("{folder}/install.wim"), noise(2, 100));
    site.write(
        "catalog/P0100201.toml",
        "id = \"P0100201\"\nkind = \"os-image\"\nname = \"OS\"\nsource-version = 1\n\
         source = \"P0100201\"\n\n[[image]]\nindex = 1\nname = \"OS\"\narchitecture = \"arm64\"\n",
    );
    let text = site.fail(&["build", "one"], 3);
    assert!(text.contains("boot-image-arch") && text.contains("arm64"), "{text}");
    assert_eq!(site.outputs(), [""; 0]);
}

#[test]
fn files_that_cannot_be_read_are_named_by_every_verb() {
    let (site, folder) = site_with_package();
    for name in ["secret.bin", "other.bin"] {
        let secret = site.path(&format!("{folder}/{name}"));
        fs::write(&secret, b"x").unwrap();
        fs::set_permissions(&secret, fs::Permissions::from_mode(0o000)).unwrap();
    }
    fs::set_permissions(site.path(""), fs::Permissions::from_mode(0o777)).unwrap();
    for verb in ["check", "plan", "build"] {
        let mut command = site.command(&[verb, "one"]);
        if rustix::process::geteuid().is_root() {
            command.uid(65534).gid(65534);
        }
        let output = command.output().unwrap();
        let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), stderr(&output));
        assert_eq!(output.status.code(), Some(4), "{verb}: {text}");
        for part in ["secret.bin", "other.bin", "of content P0100200", "make it readable"] {
            assert!(text.contains(part), "{verb}: no `{part}` in {text}");
        }
    }
    assert_eq!(site.outputs(), [""; 0]);
}

#[test]
fn an_empty_content_is_told_and_an_empty_boot_image_stops_the_build() {
    let (site, folder) = site_with_package();
    tool("sh", &["-c", &format!("rm -r {folder}/*")], &site.path(""));
    let text = stderr(&site.run(&["build", "one"]));
    assert!(text.contains("content-empty") && text.contains("P0100200"), "{text}");
    tool("sh", &["-c", "rm -r content/boot/*"], &site.path(""));
    for verb in ["check", "plan", "build"] {
        let output = site.run(&[verb, "one"]);
        assert_eq!(output.status.code(), Some(4), "{verb}");
        let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), stderr(&output));
        assert!(text.contains("boot-image-missing") && text.contains("is empty"), "{text}");
    }
}

/// Whoever mistypes a path loses nothing.
#[test]
fn only_media_that_a_build_has_made_are_replaced() {
    let (site, folder) = site_with_package();
    site.succeed(&["build", "one"]);
    site.succeed(&["build", "one"]);
    site.write("out/one.iso", "my thesis");
    let text = site.fail(&["build", "one"], 2);
    assert!(text.contains("out/one.iso") && text.contains("output.path"), "{text}");
    assert_eq!(fs::read(site.path("out/one.iso")).unwrap(), b"my thesis");

    for path in ["site.toml", &format!("{folder}/setup.exe"), "media/one.toml"] {
        let before = fs::read(site.path(path)).unwrap();
        let definition = fs::read_to_string(site.path("media/one.toml")).unwrap();
        site.write("media/lost.toml", definition.replace("out/one.iso", path));
        let text = site.fail(&["build", "lost"], 2);
        assert!(text.contains(path), "{text}");
        assert!(fs::read(site.path(path)).unwrap() == before, "{path}");
    }
    // A disc of a set never takes the place of single media of that name.
    fs::remove_file(site.path("out/one.iso")).unwrap();
    site.succeed(&["build", "one"]);
    fs::rename(site.path("out/one.iso"), site.path("out/set.2.iso")).unwrap();
    site.write(&format!("{folder}/large.bin"), noise(7, 3_000_000));
    site.define("set", "3.3 MB", "");
    let text = site.fail(&["build", "set"], 2);
    assert!(text.contains("set.2.iso") && text.contains("disc 2"), "{text}");
}

#[test]
fn names_that_differ_only_in_case_are_refused_together() {
    let (site, folder) = site_with_package();
    site.write(&format!("{folder}/Setup.EXE"), b"x");
    site.write(&format!("{folder}/data/a.txt"), b"x");
    site.write(&format!("{folder}/data/A.txt"), b"x");
    let text = site.fail(&["build", "one"], 5);
    for name in ["Setup.EXE", "setup.exe", "A.txt", "a.txt"] {
        assert!(text.contains(name), "{text}");
    }
    assert!(text.contains("hint: rename or remove one of the two"), "{text}");
    assert_eq!(site.outputs(), [""; 0]);
}

#[test]
fn a_name_that_udf_cannot_hold_is_refused() {
    let (site, folder) = site_with_package();
    let name = "n".repeat(255);
    site.write(&format!("{folder}/{name}"), b"x");
    let text = site.fail(&["build", "one"], 5);
    assert!(text.contains(&name) && text.contains("255"), "{text}");
    assert!(text.contains("hint: rename or shorten"), "{text}");
}

#[test]
fn a_disc_that_cannot_hold_even_the_boot_tree_is_refused() {
    let (site, _) = site_with_package();
    site.write("content/boot/large.bin", noise(9, 3_000_000));
    site.define("one", "2 MB", "");
    let text = site.fail(&["plan", "one"], 5);
    assert!(text.contains("disc 1") && text.contains("2000000"), "{text}");
}

#[test]
fn an_output_that_cannot_be_written_is_an_error_before_anything_is_read() {
    let (site, folder) = site_with_package();
    std::os::unix::fs::symlink("nowhere", site.path(&format!("{folder}/link"))).unwrap();
    let text = site.fail(&["build", "one"], 4);
    assert!(text.contains("nowhere"), "the content alone is no error: {text}");
    fs::remove_dir_all(site.path("out")).unwrap();
    site.write("out", b"a file where the folder should be");
    let text = site.fail(&["build", "one"], 1);
    assert!(text.contains("/out`") && !text.contains("nowhere"), "{text}");
    assert_eq!(fs::read(site.path("out")).unwrap(), b"a file where the folder should be");
}

#[test]
fn a_folder_without_the_right_to_write_is_an_error_before_anything_is_read() {
    let (site, folder) = site_with_package();
    std::os::unix::fs::symlink("nowhere", site.path(&format!("{folder}/link"))).unwrap();
    site.write("out/CreateTSMedia.log", b"");
    let mode = |path: &str, mode| {
        fs::set_permissions(site.path(path), fs::Permissions::from_mode(mode)).unwrap();
    };
    mode("", 0o777);
    mode("out/CreateTSMedia.log", 0o666);
    mode("out", 0o555);
    let mut command = site.command(&["build", "one"]);
    if rustix::process::geteuid().is_root() {
        command.uid(65534).gid(65534);
    }
    let output = command.output().unwrap();
    mode("out", 0o755);
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    assert!(stderr(&output).contains("/out`"), "{}", stderr(&output));
}

#[test]
fn files_of_a_folder_that_cannot_be_read_are_found_by_content_verify() {
    let (site, folder) = site_with_package();
    site.succeed(&["content", "verify"]);
    for name in ["a.bin", "b.bin"] {
        let path = site.path(&format!("{folder}/{name}"));
        fs::write(&path, b"x").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o000)).unwrap();
    }
    fs::set_permissions(site.path(""), fs::Permissions::from_mode(0o777)).unwrap();
    let mut command = site.command(&["content", "verify"]);
    if rustix::process::geteuid().is_root() {
        command.uid(65534).gid(65534);
    }
    let output = command.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(4), "{text}");
    for part in ["content-unusable", "a.bin", "b.bin", "P0100200", "remedy"] {
        assert!(text.contains(part), "no `{part}` in: {text}");
    }
}

#[test]
fn a_signal_ends_a_run_that_waits_for_a_password() {
    let (site, _) = site_with_package();
    tool("mkfifo", &["gate"], &site.path(""));
    let more = "\n[security]\npassword-command = \"echo waiting >&2; cat gate\"\n";
    site.define("one", "unlimited", more);
    for verb in ["plan", "build"] {
        let mut command = site.command(&[verb, "one"]);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stderr.take().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(line, "waiting\n");
        kill_process(Pid::from_child(&child), Signal::INT).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(130));
        // The command of the definition ends when somebody opens the gate.
        drop(fs::File::options().write(true).open(site.path("gate")).unwrap());
    }
    assert_eq!(site.outputs(), [""; 0]);
}

#[test]
fn passwords_are_asked_for_once_and_before_content_is_read() {
    let (site, folder) = site_with_package();
    let more = "\n[security]\npassword-command = \"echo asked >> asked; echo secret\"\n";
    site.define("one", "unlimited", more);
    site.succeed(&["build", "one"]);
    assert_eq!(fs::read_to_string(site.path("asked")).unwrap(), "asked\n");
    std::os::unix::fs::symlink("nowhere", site.path(&format!("{folder}/link"))).unwrap();
    site.define("one", "unlimited", &more.replace("secret", "secret; exit 1"));
    let text = site.fail(&["build", "one"], 7);
    assert!(!text.contains("nowhere"), "{text}");
}

#[test]
fn an_unknown_key_is_shown_with_its_line() {
    let (site, _) = site_with_package();
    site.define("one", "unlimited", "autorum = true\n");
    let output = site.run(&["check", "one"]);
    assert_eq!(output.status.code(), Some(2));
    let text = String::from_utf8(output.stdout).unwrap();
    for part in ["autorum = true", "media/one.toml:", "autorun"] {
        assert!(text.contains(part), "no `{part}` in: {text}");
    }
    site.fail(&["build", "one"], 2);
}

#[test]
fn a_library_whose_file_has_another_digest_is_damage_and_the_old_set_stays() {
    let (mut site, _) = site_with_package();
    site.succeed(&["build", "one"]);
    let before = fs::read(site.path("out/one.iso")).unwrap();
    let folder = site.add_package();
    fs::remove_dir(site.path(&folder)).unwrap();
    let stated = "AB".repeat(32);
    site.write("lib/PkgLib/P0100201.INI", "[Packages]\r\nP0100201.1=\r\n");
    site.write("lib/DataLib/P0100201.1.INI", "[Info]\r\n");
    site.write(
        "lib/DataLib/P0100201.1/setup.msi.INI",
        format!("[File]\r\nSize=5\r\nHash={stated}\r\n"),
    );
    site.write(&format!("lib/FileLib/ABAB/{stated}"), b"bytes");
    site.write(&format!("lib/FileLib/ABAB/{stated}.INI"), "[Users]\r\nP0100201.1=\r\n");
    let text = fs::read_to_string(site.path("site.toml")).unwrap();
    site.write(
        "site.toml",
        text + "\n[[distribution-point]]\nname = \"lib\"\nkind = \"content-library\"\npath = \"lib\"\n",
    );
    let text = site.fail(&["build", "one"], 6);
    assert!(text.contains(&stated.to_lowercase()) && text.contains("FileLib"), "{text}");
    assert!(text.contains("`setup.msi` of content P0100201"), "{text}");
    assert_eq!(fs::read(site.path("out/one.iso")).unwrap(), before);
    assert_eq!(site.outputs(), ["one.iso"]);
}

#[test]
fn secrets_show_nowhere_and_a_wrong_password_is_told_apart() {
    let (site, _) = site_with_package();
    let secret = "hunter2-and-more";
    site.write("secrets/media", format!("{secret}\n"));
    let more = "\n[security]\npassword-file = \"secrets/media\"\n\n[customization]\n\
                variables = { OSDSecretValue = \"variable-value-4711\" }\n\
                prestart = { command = \"cmd /C prestart-4712.cmd\" }\n";
    site.define("one", "unlimited", more);
    let output = site.run(&["build", "one", "--progress=json"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let image = fs::read(site.path("out/one.iso")).unwrap();
    let log = fs::read(site.path("out/CreateTSMedia.log")).unwrap();
    let said = [output.stdout, output.stderr, log.clone(), image].concat();
    for secret in [secret, "variable-value-4711", "prestart-4712", "SMS_TaskSequence_RunCommand"] {
        let found = said.windows(secret.len()).any(|window| window == secret.as_bytes());
        assert!(!found, "{secret} can be read");
    }
    let log = String::from_utf8(log).unwrap();
    assert!(
        log.contains("variable OSDSecretValue") && log.contains("prestart command set"),
        "{log}"
    );

    site.write("secrets/wrong", "hunter3\n");
    site.succeed(&["verify", "out/one.iso", "--password-file", "secrets/media"]);
    site.fail(&["verify", "out/one.iso", "--password-file", "secrets/wrong"], 7);
    fs::remove_file(site.path("secrets/media")).unwrap();
    let text = site.fail(&["build", "one"], 7);
    assert!(text.contains("secrets/media"), "{text}");
}

#[test]
fn a_shorter_set_removes_the_stale_discs_of_the_longer_one_and_nothing_else() {
    let (site, folder) = site_with_package();
    site.write(&format!("{folder}/large.bin"), noise(5, 4_000_000));
    site.define("set", "2.5 MB", "");
    site.succeed(&["build", "set"]);
    assert_eq!(site.outputs(), ["set.1.iso", "set.2.iso", "set.3.iso"]);
    site.write("out/set.4.iso", b"not of ours");
    site.define("set", "unlimited", "");
    let text = site.succeed(&["build", "set"]);
    assert!(text.contains("removed stale") && text.contains("set.2.iso"), "{text}");
    assert_eq!(site.outputs(), ["set.4.iso", "set.iso"]);
    site.succeed(&["verify", "out/set.iso"]);
}

#[test]
fn a_build_beside_another_of_the_same_output_is_turned_away() {
    let (site, _) = site_with_package();
    fs::create_dir(site.path("out")).unwrap();
    let lock = fs::File::create(site.path("out/.one.iso.tsmedia.lock")).unwrap();
    lock.lock().unwrap();
    let text = site.fail(&["build", "one"], 10);
    assert!(text.contains("one.iso"), "{text}");
    // Closing is not enough: a process that another test is just starting holds the file open too.
    lock.unlock().unwrap();
    site.succeed(&["build", "one"]);
}
