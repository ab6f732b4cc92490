//! A deployment from three discs, of what was captured from a reference computer.

use crate::capture::captured_image;
use crate::computer::{BootFirst, Computer};
use crate::deployed::{BOOT, MOMENT, STEP, build, check_deployed, unlock, wait_for_success};
use crate::machine::Firmware;
use crate::scenario::{TOOL_BYTES, three_discs};
use crate::site::noise;

/// Secure Boot, a wrong password and a wrong disc on the way, a restart in the middle, and the disk
/// by itself in the end.
#[test]
fn a_captured_system_is_deployed_from_three_discs_and_starts_by_itself() {
    let site = three_discs(captured_image());
    let discs = build(&site, "set");
    assert_eq!(discs.len(), 3);
    let computer = Computer::new(Firmware::UefiSecureBoot).with_disk("target", 2 << 30);
    let mut guest = computer.power_on(Some(&discs[0]), BootFirst::Media);
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
    let printed = wait_for_success(&mut guest);
    assert!(!printed.contains("Insert disc"), "a disc came back: {printed}");
    check_deployed(computer.disk("target"), &noise(41, TOOL_BYTES));

    let mut guest = computer.power_on(None, BootFirst::Disks);
    let printed = guest.wait_for("target login: ", BOOT);
    assert!(!printed.contains("tsmedia"), "the run goes on: {printed}");
}
