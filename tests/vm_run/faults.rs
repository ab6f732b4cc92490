//! What goes wrong: a clock outside the dates, a damaged file, power that fails.

use std::fs;
use std::os::unix::fs::FileExt;
use std::path::Path;

use serde_json::Value;

use crate::computer::{BootFirst, Computer};
use crate::deployed::{BOOT, MOMENT, STEP, build, outcomes};
use crate::disk::read_from_ext4;
use crate::machine::{Firmware, os_image};
use crate::scenario::{boot_site, command, condition, partitions, step, three_discs};
use crate::site::{Site, noise};

/// Nothing is asked, nothing runs, and the reason is told.
#[test]
fn media_that_have_expired_do_not_start_and_say_why() {
    let site = three_discs(&os_image());
    let dates = "\n[security]\nvalid-until = 2027-01-01T00:00:00Z\n";
    site.define("dated", "unlimited", dates);
    let discs = build(&site, "dated");
    let mut computer = Computer::new(Firmware::Bios).with_disk("target", 64 << 20);
    computer.set_clock("2031-05-06T07:08:09");
    let mut guest = computer.power_on(Some(&discs[0]), BootFirst::Media);
    guest.wait_for("these media have expired: they started until 2027-01-01T00:00:00Z", BOOT);
    guest.wait_for("this computer's clock says 2031-05-06T07:0", MOMENT);
    let printed = guest.wait_for("gave up with exit code 1", MOMENT);
    assert!(!printed.contains("[1/"), "a step ran: {printed}");
}

/// A file on disc 2.
const LONG: usize = 30_000_000;

/// A site with a definition `set` of two discs of 50 MB.
///
/// Its task sequence makes an ext4 volume and writes to its `marks` what has run: a step that its
/// condition skips, a group whose condition holds, a step that needs the file on disc 2 and may
/// fail, one that hangs the first time, and one that needs that file and may not fail.
fn site_with_two_discs() -> Site {
    let mut site = boot_site();
    let folder = site.add_package();
    site.write(&format!("{folder}/long.bin"), noise(3, LONG));
    let volume = partitions(&[["Primary", "ext4", "100", "PERCENT"]]);
    let letter = crate::scenario::variable("OSDPartitions0VolumeLetterVariable", "OSDisk");
    let make = step(
        "PartitionDisk",
        "Partition Disk",
        "",
        "osddiskpart.exe",
        &[volume, vec![letter]].concat(),
    );
    let mark = |name: &str, attributes: &str, rest: &str| {
        command(name, attributes, &format!(" echo {name} >>%OSDisk%/marks{rest}"))
    };
    let skipped = mark("Skipped", "", "")
        .replace("</action>", &format!("</action>{}", condition("OSDisk", "notExists", "")));
    let group = format!(
        "<group name=\"Group\" description=\"\">{}{}</group>",
        condition("_SMSTSInWinPE", "equals", "true"),
        mark("Grouped", "", "")
    );
    let needs = |name: &str, attributes: &str| {
        command(name, attributes, &format!("P0100200 cp long.bin %OSDisk%/{name}"))
    };
    // The first time it says that it hangs, and does.
    let hangs = "; test -e %OSDisk%/cut || { touch %OSDisk%/cut; sync; echo now it hangs \
                 >/dev/ttyS0; sleep 3600; }; echo again >>%OSDisk%/marks";
    let steps = [
        make,
        skipped,
        group,
        needs("MayFail", "continueOnError=\"true\""),
        mark("Hangs", "retryCount=\"1\"", hangs),
        needs("MustNotFail", ""),
        mark("Behind", "", ""),
    ];
    site.write(
        "task-sequences/P0100100.xml",
        format!(
            "<sequence version=\"3.10\"><referenceList><reference package=\"P0100200\"/>\
             </referenceList>{}</sequence>",
            steps.concat()
        ),
    );
    site.define("set", "50 MB", "");
    site
}

/// Changes a byte in the middle of the long file.
fn damage(disc: &Path) {
    let file = noise(3, LONG);
    let image = fs::read(disc).unwrap();
    let block = image.chunks(2048).position(|block| block == &file[..2048]);
    let middle = block.expect("the file is on the disc") * 2048 + LONG / 2;
    let writable = fs::File::options().write(true).open(disc).unwrap();
    writable.write_all_at(&[!image[middle]], middle as u64).unwrap();
}

#[test]
fn a_damaged_file_fails_its_steps_and_a_power_cut_runs_the_step_again() {
    let site = site_with_two_discs();
    let discs = build(&site, "set");
    assert_eq!(discs.len(), 2);
    damage(&discs[1]);
    let computer = Computer::new(Firmware::Bios).with_disk("target", 200 << 20);
    let mut guest = computer.power_on(Some(&discs[0]), BootFirst::Media);
    guest.wait_for("Insert disc 2 of 2", BOOT);
    guest.change_disc(&discs[1]);
    let damaged = "long.bin` on disc 2 of 2 (\"Test\") is damaged";
    guest.wait_for(damaged, STEP);
    guest.answer("or type `skip` to let the step fail", "skip", MOMENT);
    guest.wait_for("now it hangs", MOMENT);
    guest.cut_power();

    let mut guest = computer.power_on(Some(&discs[0]), BootFirst::Media);
    guest.wait_for("A run of these media was interrupted; it goes on", BOOT);
    guest.wait_for("Insert disc 2 of 2", STEP);
    guest.change_disc(&discs[1]);
    guest.wait_for(damaged, STEP);
    guest.answer("or type `skip` to let the step fail", "skip", MOMENT);
    let printed = guest.wait_for("The task sequence has failed with code", MOMENT);
    assert!(!printed.contains("Behind"), "a step ran after the failure: {printed}");
    guest.answer("Press Enter to go on", "", MOMENT);
    guest.wait_for_restart(MOMENT);

    let disk = computer.disk("target");
    let file = |path: &str| read_from_ext4(disk, 1, path);
    let marks = String::from_utf8(file("/marks").unwrap()).unwrap();
    assert_eq!(marks, "Grouped\nHangs\nHangs\nagain\n");
    assert_eq!((file("/MayFail"), file("/MustNotFail")), (None, None));
    let status = file("/_SMSTaskSequence/Logs/status.json").unwrap();
    let status: Value = serde_json::from_slice(&status).unwrap();
    assert_eq!(status["state"], "failed", "{status}");
    assert!(status["reason"].as_str().unwrap().contains("MustNotFail"), "{status}");
    let failed = outcomes(&status).iter().filter(|outcome| **outcome == "failed").count();
    assert_eq!(failed, 2, "{status}");
}
