//! Deployments from power on to the installed system.

use std::path::{Path, PathBuf};
use std::time::Duration;

use content::Digest;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::computer::{BootFirst, Computer};
use crate::disk::{check_ext4, read_from_ext4};
use crate::guest::Guest;
use crate::installed::installed_disk;
use crate::machine::{Firmware, os_image, require};
use crate::scenario::{PARTS, PASSWORD, three_discs};
use crate::site::{Site, noise, tool};

/// From firmware to the first question.
const BOOT: Duration = Duration::from_secs(300);
/// The longest step: applying an image.
const STEP: Duration = Duration::from_secs(400);
const MOMENT: Duration = Duration::from_secs(60);

/// The static program that `tools/runtime` made.
fn runtime() -> PathBuf {
    let path = std::env::var_os("TSMEDIA_TEST_RUNTIME").map(PathBuf::from).unwrap_or_default();
    require(&path, "TSMEDIA_TEST_RUNTIME=$(tools/runtime) in the environment, or tools/test vm");
    path
}

/// Builds a definition with the runtime in it and returns the discs.
fn build(site: &Site, name: &str) -> Vec<PathBuf> {
    site.succeed(&["build", name, "--runtime", runtime().to_str().unwrap()]);
    site.outputs().iter().map(|name| site.path("out").join(name)).collect()
}

fn unlock(guest: &mut Guest) {
    guest.answer("Password of the media: ", PASSWORD, BOOT);
}

fn status_of(disk: &Path) -> Value {
    let status = read_from_ext4(disk, 2, "/var/log/tsmedia/status.json");
    serde_json::from_slice(&status.expect("the installed system has the status")).unwrap()
}

/// What the site's sequence leaves on the disk.
fn check_deployed(disk: &Path) {
    let file = |path: &str| read_from_ext4(disk, 2, path);
    assert_eq!(file("/opt/tool/tool.bin"), Some(noise(41, 1_000_000)));
    let sums = String::from_utf8(file("/opt/viewer/sums").unwrap()).unwrap();
    for (number, len) in (1..).zip(PARTS) {
        let sum = Digest(Sha256::digest(noise(number, len)).into());
        assert!(sums.contains(&format!("{sum}  part-{number}.bin")), "{sums}");
    }
    assert_eq!(file("/root/deployed"), Some(Vec::new()));
    let log = String::from_utf8(file("/var/log/tsmedia/smsts.log").unwrap()).unwrap();
    assert!(log.contains("is installed already"), "the tool was installed twice: {log}");
    assert!(!log.contains(PASSWORD));
    assert_eq!(file("/_SMSTaskSequence/state.json"), None);
    let status = status_of(disk);
    let steps = status["steps"].as_array().unwrap();
    let outcomes: Vec<&str> = steps.iter().filter_map(|step| step["outcome"].as_str()).collect();
    assert_eq!(status["state"], "succeeded", "{status}");
    assert_eq!(outcomes.iter().filter(|it| **it == "failed").count(), 1, "{status}");
    check_ext4(disk, 2);
}

/// Three discs under Secure Boot, a wrong password and wrong discs on the way, a restart in the
/// middle, and the disk by itself in the end.
#[test]
fn a_system_is_deployed_from_three_discs_and_starts_by_itself() {
    let site = three_discs();
    let discs = build(&site, "set");
    let computer = Computer::new(Firmware::UefiSecureBoot).with_disk("target", 2 << 30);
    let mut guest = computer.power_on(Some(&discs[0]), BootFirst::Disc);
    guest.answer("Password of the media: ", "wrong horse", BOOT);
    guest.wait_for("The password is wrong", MOMENT);
    unlock(&mut guest);
    guest.wait_for("Insert disc 2 of 3 (label \"Test\") and press Enter", STEP);
    guest.change_disc(&discs[2]);
    guest.wait_for("this is disc 3 of 3; disc 2 of 3 (\"Test\") is wanted", MOMENT);
    guest.change_disc(&discs[1]);
    guest.wait_for("Disc 2 is in", MOMENT);
    let printed = guest.wait_for("Restarting into the installed system", STEP);
    assert!(!printed.contains("Insert disc"), "a disc came back: {printed}");
    guest.wait_for_restart(MOMENT);

    let mut guest = computer.power_on(Some(&discs[1]), BootFirst::Disks);
    let printed = guest.wait_for("Insert disc 3 of 3", BOOT);
    assert!(!printed.contains("Password of the media"), "{printed}");
    guest.change_disc(&discs[2]);
    let printed = guest.wait_for("The task sequence has succeeded", STEP);
    assert!(!printed.contains("Insert disc"), "a disc came back: {printed}");
    guest.answer("target login: ", "root", BOOT);
    guest.answer("root@target", "systemctl poweroff", MOMENT);
    guest.wait_for_power_off(MOMENT);
    check_deployed(computer.disk("target"));

    let mut guest = computer.power_on(None, BootFirst::Disks);
    let printed = guest.wait_for("target login: ", BOOT);
    assert!(!printed.contains("tsmedia"), "the run goes on: {printed}");
}

/// A clock outside the dates: nothing is asked, nothing runs, and the reason is told.
#[test]
fn media_that_have_expired_do_not_start_and_say_why() {
    let site = three_discs();
    let dates = "\n[security]\nvalid-until = 2027-01-01T00:00:00Z\n";
    site.define("dated", "unlimited", dates);
    let discs = build(&site, "dated");
    let mut computer = Computer::new(Firmware::Bios).with_disk("target", 64 << 20);
    computer.set_clock("2031-05-06T07:08:09");
    let mut guest = computer.power_on(Some(&discs[0]), BootFirst::Disc);
    guest.wait_for("these media have expired: they started until 2027-01-01T00:00:00Z", BOOT);
    guest.wait_for("this computer's clock says 2031-05-06T07:0", MOMENT);
    let printed = guest.wait_for("gave up with exit code 1", MOMENT);
    assert!(!printed.contains("[1/"), "a step ran: {printed}");
}

/// A disk with an empty ext4 volume as its only partition.
fn disk_for_images(folder: &Path) -> PathBuf {
    let make = "truncate -s 600M images && printf 'label: gpt\\nstart=2048\\n' | sfdisk -q images && \
                mke2fs -q -t ext4 -E offset=1048576 images 590M";
    tool("sh", &["-c", make], folder);
    folder.join("images")
}

/// Capture media make a WIM of a reference computer on its second disk.
#[test]
fn a_reference_computer_is_captured() {
    let site = three_discs();
    site.write(
        "media/capture.toml",
        "[media]\ntype = \"capture\"\nboot-image = \"P0100001\"\nlabel = \"Test\"\n\n\
         [output]\npath = \"out/capture.iso\"\nsize = \"unlimited\"\n",
    );
    let discs = build(&site, "capture");
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let computer = Computer::new(Firmware::Uefi)
        .with_disk_like("reference", installed_disk())
        .with_disk_like("images", &disk_for_images(here));
    let mut guest = computer.power_on(Some(&discs[0]), BootFirst::Disc);
    guest.answer("? The image: ", "1,1:/reference.wim", BOOT);
    guest.wait_for("The task sequence has succeeded", STEP);
    guest.wait_for_restart(MOMENT);

    let images = computer.disk("images");
    check_ext4(images, 1);
    let wim = read_from_ext4(images, 1, "/reference.wim").expect("the image is on the disk");
    std::fs::write(here.join("reference.wim"), wim).unwrap();
    tool("wimlib-imagex", &["verify", "reference.wim"], here);
    let original = os_image().display().to_string();
    for (image, tree) in [("reference.wim", "captured"), (&*original, "original")] {
        tool("wimlib-imagex", &["apply", image, "1", tree, "--unix-data"], here);
    }
    // The reference computer knows its own disk, and what its kernel fills is not captured.
    std::fs::remove_file(here.join("captured/etc/fstab")).unwrap();
    std::fs::remove_file(here.join("original/etc/fstab")).unwrap();
    for filled in ["dev", "proc", "run", "sys"] {
        assert_eq!(std::fs::read_dir(here.join("captured").join(filled)).unwrap().count(), 0);
        std::fs::remove_dir_all(here.join("original").join(filled)).unwrap();
        std::fs::create_dir(here.join("original").join(filled)).unwrap();
    }
    tool("diff", &["-r", "--no-dereference", "captured", "original"], here);
}
