//! `tsmedia doctor`: every kind of media, sound and broken on purpose.

use std::fs;

use serde_json::Value;

use crate::made_up::bcd::store;
use crate::made_up::bcd::{boot_manager, loader, partition, ram_disk, ram_disk_options, winpe};
use crate::made_up::pe::{ARM64, X64, application};
use crate::session::{Outcome, Session};
use crate::site::tool;

const UEFI_STORE: &str = "EFI/Microsoft/Boot/BCD";
const BOOT_WIM: &str = "\\sources\\boot.wim";

/// Writes the tree of Windows PE below a folder: made-up boot programs, real stores, a real WIM.
fn write_winpe(session: &Session, below: &str) {
    let put = |path: &str, bytes: &[u8]| session.write(&format!("{below}/{path}"), bytes);
    put("bootmgr", b"boot manager");
    put("bootmgr.efi", &application(X64));
    put("boot/BCD", &winpe(BOOT_WIM, "exe"));
    put("boot/boot.sdi", b"sdi");
    put("boot/etfsboot.com", &[0xFA; 4096]);
    put("EFI/BOOT/BOOTX64.EFI", &application(X64));
    put(UEFI_STORE, &winpe(BOOT_WIM, "efi"));
    let loaders = ["winload.exe", "winload.efi"];
    for name in loaders {
        session.write(&format!("pe/Windows/System32/boot/{name}"), application(X64));
    }
    capture(session, &format!("{below}/sources/boot.wim"), &["--boot"]);
    let efisys = format!("{below}/EFI/Microsoft/Boot/efisys.bin");
    let shell = format!(
        "PATH=$PATH:/sbin:/usr/sbin; mkfs.fat -C {efisys} 1440 && mmd -i {efisys} ::/EFI ::/EFI/BOOT \
         && mcopy -i {efisys} {below}/EFI/BOOT/BOOTX64.EFI ::/EFI/BOOT/"
    );
    tool("sh", &["-c", &shell], &session.path(""));
}

/// Captures the folder `pe` as a compressed WIM.
fn capture(session: &Session, wim: &str, more: &[&str]) {
    let path = session.path(wim);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let args = ["capture", "pe", wim, "Windows PE", "--compress=LZX"];
    tool("wimlib-imagex", &[&args[..], more].concat(), &session.path(""));
}

/// The document about one medium.
fn examined(outcome: Outcome) -> Value {
    let document = outcome.json();
    assert_eq!((&document["format"], &document["version"]), (&"tsmedia-doctor".into(), &1.into()));
    document["media"][0].clone()
}

#[track_caller]
fn boots(medium: &Value, firmware: &str) -> String {
    let all = medium["firmware"].as_array().unwrap();
    let found = all.iter().find(|verdict| verdict["name"] == firmware).unwrap();
    assert!(!found["why"].as_str().unwrap().is_empty());
    found["boots"].as_str().unwrap().to_owned()
}

fn rules(medium: &Value) -> Vec<&str> {
    let findings = medium["findings"].as_array().unwrap().iter();
    findings.map(|finding| finding["rule"].as_str().unwrap()).collect()
}

#[test]
fn a_folder_with_windows_pe_starts_under_uefi_as_far_as_signatures_let_it() {
    let session = Session::new();
    write_winpe(&session, "tree");
    let medium = examined(session.run("doctor --json tree").exits(0));
    assert_eq!(medium["kind"], "folder");
    assert_eq!(
        (boots(&medium, "uefi-x64"), boots(&medium, "bios")),
        ("yes".into(), "unknown".into())
    );
    assert_eq!(boots(&medium, "uefi-arm64"), "no");
    assert_eq!(boots(&medium, "secure-boot-2023"), "no");
    assert_eq!(rules(&medium), ["loader-unsigned"]);
    let entry = &medium["bcd"][0]["entries"][0];
    assert_eq!((&entry["wim"], &entry["wim_exists"]), (&"sources/boot.wim".into(), &true.into()));
    let paths = medium["loaders"].as_array().unwrap().iter().map(|loader| &loader["path"]);
    assert!(paths.into_iter().any(|path| path == "EFI/BOOT/BOOTX64.EFI"));
    session.run("doctor tree").exits(0).prints(&[
        "UEFI x64",
        "yes",
        "loader-unsigned",
        "not signed",
    ]);
}

/// What is broken, and which rule says so.
#[test]
fn every_way_to_break_windows_pe_is_told() {
    let session = Session::new();
    write_winpe(&session, "sound");
    let efi = "\\windows\\system32\\boot\\winload.efi";
    let on_disk = store(vec![boot_manager(), loader(ram_disk(&partition(), BOOT_WIM), efi)]);
    type Break<'b> = Box<dyn Fn(&str) + 'b>;
    let remove = |path: &'static str| -> Break<'_> {
        let session = &session;
        Box::new(move |tree| fs::remove_file(session.path(&format!("{tree}/{path}"))).unwrap())
    };
    let replace = |path: &'static str, bytes: Vec<u8>| -> Break<'_> {
        let session = &session;
        Box::new(move |tree| session.write(&format!("{tree}/{path}"), &bytes))
    };
    let other_store = |wim: &str| replace(UEFI_STORE, winpe(wim, "efi"));
    let without_image: Break<'_> =
        Box::new(|tree| capture(&session, &format!("{tree}/sources/boot.wim"), &[]));
    let cases: Vec<(&str, Break<'_>)> = vec![
        ("bcd-target-missing", remove("sources/boot.wim")),
        ("bcd-target-missing", other_store("\\other\\boot.wim")),
        ("bcd-sdi-missing", remove("boot/boot.sdi")),
        ("bcd-missing", remove(UEFI_STORE)),
        ("bcd-unreadable", replace(UEFI_STORE, b"regf and nothing else".to_vec())),
        ("bcd-no-loader", replace(UEFI_STORE, store(vec![ram_disk_options("\\boot.sdi")]))),
        ("bcd-wrong-loader", replace(UEFI_STORE, winpe(BOOT_WIM, "exe"))),
        ("bcd-foreign-device", replace(UEFI_STORE, on_disk)),
        ("boot-wim-damaged", replace("sources/boot.wim", b"MSWIM\0\0\0 cut off".to_vec())),
        ("boot-wim-no-image", without_image),
        ("loader-architecture", replace("EFI/BOOT/BOOTX64.EFI", application(ARM64))),
        ("loader-unreadable", replace("EFI/BOOT/BOOTX64.EFI", b"no program".to_vec())),
    ];
    for (number, (rule, break_it)) in cases.iter().enumerate() {
        let tree = format!("tree{number}");
        tool("cp", &["-a", "sound", &tree], &session.path(""));
        // An existing WIM would be in the way of a new one.
        if *rule == "boot-wim-no-image" {
            fs::remove_file(session.path(&format!("{tree}/sources/boot.wim"))).unwrap();
        }
        break_it(&tree);
        let medium = examined(session.run(&format!("doctor --json {tree}")).exits(3));
        assert_eq!(boots(&medium, "uefi-x64"), "no", "{rule}: {medium:#}");
        assert!(rules(&medium).contains(rule), "{rule}: {:?}", rules(&medium));
        assert!(rules(&medium).contains(&"boots-nowhere"), "{rule}");
    }
}

#[test]
fn discs_and_sticks_of_windows_pe_are_looked_into() {
    let session = Session::with_site();
    let boot = "farm/content/boot/linux-x64";
    fs::remove_dir_all(session.path(boot)).unwrap();
    write_winpe(&session, boot);
    session.replace("farm/catalog/P0100001.toml", "platform = \"linux\"", "platform = \"winpe\"");
    let definition = session.read("farm/media/example.toml");
    let stick =
        definition.replace("kind = \"iso\"", "kind = \"usb\"").replace("\"cd-650\"", "\"1 GB\"");
    session.write("farm/media/stick.toml", stick.replace("example.iso", "stick.img"));
    session.farm("build example stick --progress none").exits(0);

    let disc = examined(session.run("doctor --json farm/out/example.iso").exits(0));
    assert_eq!((&disc["kind"], &disc["tsmedia"]["label"]), (&"iso".into(), &"Example".into()));
    assert_eq!((boots(&disc, "bios"), boots(&disc, "uefi-x64")), ("yes".into(), "yes".into()));
    let platforms = disc["el_torito"].as_array().unwrap().iter().map(|entry| &entry["platform"]);
    assert_eq!(platforms.collect::<Vec<_>>(), ["bios", "uefi"]);
    assert_eq!(disc["loaders"][0]["el_torito_entry"], 2);

    let stick = examined(session.run("doctor --json farm/out/stick.img").exits(0));
    assert_eq!(
        (&stick["kind"], &stick["volume"]["cluster_bytes"]),
        (&"fat32".into(), &4096.into())
    );
    assert_eq!((boots(&stick, "bios"), boots(&stick, "uefi-x64")), ("no".into(), "yes".into()));

    fs::remove_file(session.path(&format!("{boot}/sources/boot.wim"))).unwrap();
    session.farm("build example --progress none").exits(0);
    let disc = examined(session.run("doctor --json farm/out/example.iso").exits(3));
    assert_eq!((boots(&disc, "bios"), boots(&disc, "uefi-x64")), ("no".into(), "no".into()));
    assert!(rules(&disc).contains(&"bcd-target-missing"));
}

#[test]
fn a_wim_is_judged_as_what_a_boot_manager_loads() {
    let session = Session::new();
    write_winpe(&session, "tree");
    let wim = examined(session.run("doctor --json tree/sources/boot.wim").exits(0));
    assert_eq!((&wim["kind"], &wim["wim_image"]["marked_to_start"]), (&"wim".into(), &true.into()));
    assert_eq!((boots(&wim, "bios"), boots(&wim, "uefi-x64")), ("yes".into(), "yes".into()));
    assert_eq!(boots(&wim, "secure-boot-2011"), "unknown");
    capture(&session, "plain.wim", &[]);
    session.run("doctor plain.wim").exits(3).prints(&["no image of the WIM is marked"]);
    tool("wimlib-imagex", &["capture", "tree", "tree.wim"], &session.path(""));
    let wim = examined(session.run("doctor --json tree.wim").exits(3));
    assert_eq!(boots(&wim, "uefi-x64"), "unknown", "the WIM inside is compressed: {wim:#}");
}

#[test]
fn dates_and_the_password_are_compared_with_what_is_there() {
    let session = Session::with_site();
    let definition = session.read("farm/media/example.toml");
    let with = |security: &str| format!("{definition}\n[security]\n{security}\n");
    session.write("farm/secret", "correct horse\n");
    session.write("farm/media/example.toml", with("password-file = \"secret\""));
    session.farm("build example --progress none").exits(0);
    let medium = examined(session.run("doctor --json farm/out/example.iso").exits(3));
    assert_eq!(medium["tsmedia"]["password_required"], true);
    assert_eq!(rules(&medium), ["boots-nowhere"], "the placeholder starts nothing: {medium:#}");

    tool("7z", &["x", "-tudf", "-oall", "farm/out/example.iso"], &session.path(""));
    session.replace(
        "all/SMS/data/TsmBootstrap.ini",
        "PasswordRequired=true",
        "PasswordRequired=false",
    );
    let medium = examined(session.run("doctor --json all").exits(3));
    assert_eq!(rules(&medium).iter().filter(|rule| **rule == "password-state").count(), 2);

    for (dates, rule) in [
        ("valid-until = 2001-01-01T00:00:00Z", "media-expired"),
        ("valid-from = 2999-01-01T00:00:00Z", "media-not-yet-valid"),
    ] {
        session.write("farm/media/example.toml", with(dates));
        session.farm("build example --progress none").exits(0);
        let medium = examined(session.run("doctor --json farm/out/example.iso").exits(3));
        assert!(rules(&medium).contains(&rule), "{medium:#}");
    }
    session.replace("all/SMS/data/media.json", "Example", "Changed");
    let medium = examined(session.run("doctor --json all").exits(3));
    assert!(rules(&medium).contains(&"media-json"));
}

#[test]
fn later_discs_of_a_set_are_not_meant_to_start_and_missing_ones_are_told() {
    let session = Session::with_site();
    session.farm("build two-discs --progress none").exits(0);
    let document = session.run("doctor --json farm/out/two-discs.iso").exits(3).json();
    let second = &document["media"][1];
    assert_eq!(second["findings"][0]["severity"], "note", "{second:#}");
    fs::remove_file(session.path("farm/out/two-discs.1.iso")).unwrap();
    let document = session.run("doctor --json farm/out/two-discs.iso").exits(3).json();
    assert_eq!(document["findings"][0]["rule"], "disc-missing");
}

#[test]
fn what_cannot_be_read_fails_and_does_not_hide_the_others() {
    let session = Session::new();
    session.run("doctor").refused(2, &["<PATHS>"]);
    session.run("doctor none.iso").refused(1, &["none.iso"]);
    session.write("text", "no medium");
    session.write("tree/EFI/BOOT/BOOTX64.EFI", application(X64));
    let outcome = session.run("doctor text tree").exits(1);
    assert!(outcome.stderr.contains("neither an ISO image"), "{}", outcome.stderr);
    assert!(outcome.stdout.contains("tree: folder"), "{}", outcome.stdout);
}

/// One byte more than FAT32 holds, all of it a hole.
#[test]
fn files_that_no_fat32_stick_holds_are_noted() {
    let session = Session::new();
    session.write("tree/EFI/BOOT/BOOTX64.EFI", application(X64));
    session.write("tree/sources/install.wim", "");
    let file = fs::File::create(session.path("tree/sources/install.wim")).unwrap();
    file.set_len(1 << 32).unwrap();
    let outcome = session.run("doctor tree").exits(0);
    outcome.prints(&["note[fat32-file-size]", "sources/install.wim", "4294967296", ".swm"]);
}
