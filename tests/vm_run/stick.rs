//! The same deployment from one stick with FAT32, whose OS image is longer than its files may be.

use std::path::{Path, PathBuf};

use crate::computer::{BootFirst, Computer};
use crate::deployed::{MOMENT, STEP, build, check_deployed, unlock, wait_for_success};
use crate::machine::{Firmware, os_image};
use crate::scenario::{TOOL_BYTES, three_discs};
use crate::site::{noise, tool};

/// Where this is set, files on the stick are as long as FAT32 allows, and the OS image is longer:
/// too much for each change, and right for a night.
const NIGHTLY: &str = "TSMEDIA_TEST_NIGHTLY";

/// The OS image with files of zeros that make it longer than 4 GiB. None of them is as long as a
/// part, and no two are the same.
fn long_image(folder: &Path) -> PathBuf {
    let image = os_image().display().to_string();
    let make = "wimlib-imagex apply $0 1 tree --unix-data && \
                for n in 1 2 3 4 5; do echo $n >tree/var/$n && truncate -s 860M tree/var/$n; done && \
                wimlib-imagex capture tree long.wim Debian --unix-data --compress=none && rm -r tree";
    tool("sh", &["-c", make, &image], folder);
    folder.join("long.wim")
}

#[test]
fn a_system_in_parts_is_deployed_from_a_stick() {
    let folder = tempfile::tempdir().unwrap();
    // Gigabytes take their time in a machine without acceleration.
    let (image, limit, room, applied) = match std::env::var_os(NIGHTLY) {
        Some(_) => (long_image(folder.path()), "", 8 << 30, 8 * STEP),
        None => (os_image(), "part-size = \"30 MB\"\n", 2 << 30, STEP),
    };
    let site = three_discs(&image);
    let more = format!("kind = \"usb\"\n{limit}\n[security]\npassword-file = \"password\"\n");
    site.define("stick", "unlimited", &more);
    let stick = build(&site, "stick").remove(0);
    let listing = site.succeed(&["ls", stick.to_str().unwrap(), "--below", "SMS/PKG/P0100300"]);
    assert!(listing.contains("install2.swm") && !listing.contains("install.wim"), "{listing}");

    let computer =
        Computer::new(Firmware::UefiSecureBoot).with_disk("target", room).with_stick(&stick);
    let mut guest = computer.power_on(None, BootFirst::Media);
    unlock(&mut guest);
    let printed = guest.wait_for("Restarting into the installed system", applied);
    assert!(!printed.contains("Insert disc"), "nothing has to be put in: {printed}");
    guest.wait_for_restart(MOMENT);
    let mut guest = computer.power_on(None, BootFirst::Disks);
    let printed = wait_for_success(&mut guest);
    assert!(!printed.contains("Insert disc"), "nothing has to be put in: {printed}");
    check_deployed(computer.disk("target"), &noise(41, TOOL_BYTES));
}
