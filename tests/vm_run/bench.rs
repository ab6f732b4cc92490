//! The test bench itself: what scenarios rely on, with a system that others installed.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::computer::{BootFirst, Computer};
use crate::disk::{check_ext4, read_from_ext4, read_from_fat};
use crate::guest::Guest;
use crate::installed::installed_disk;
use crate::machine::{Firmware, os_image};
use crate::scenario::three_discs;
use crate::site::tool;

/// From firmware to a login prompt.
const BOOT: Duration = Duration::from_secs(300);
const COMMAND: Duration = Duration::from_secs(60);

/// Waits until the system on the disk runs, and logs in.
fn log_in(guest: &mut Guest) {
    guest.answer("target login: ", "root", BOOT);
    // The shell's own prompt.
    guest.answer("root@target", "dmesg -n 1", COMMAND);
}

#[test]
fn a_system_goes_on_after_restarts_with_its_disks_and_firmware_variables() {
    let mut computer = Computer::new(Firmware::UefiSecureBoot)
        .with_disk_like("system", installed_disk())
        .with_disk("empty", 32 << 20)
        .with_hardware(768, 1);
    computer.set_clock("2027-03-04T05:06:07");
    let mut guest = computer.power_on(None, BootFirst::Disks);
    log_in(&mut guest);
    assert_eq!(guest.run("date -u +%F", COMMAND).trim(), "2027-03-04");
    assert_eq!(guest.run("lsblk -dno SERIAL /dev/vdb", COMMAND).trim(), "empty");
    let memory = guest.run("awk '/MemTotal/ { print $2 }' /proc/meminfo", COMMAND);
    assert!((650_000..790_000).contains(&memory.trim().parse::<u32>().unwrap()), "{memory}");
    let variable = "/sys/firmware/efi/efivars/Kept-6f0d3c1e-58a5-4f4e-9a4c-0f6f3c1b2a11";
    let write = format!("printf '\\7\\0\\0\\0kept' >{variable} && echo first >/root/marker");
    assert_eq!(guest.run(&write, COMMAND), "");
    guest.type_line("systemctl reboot");
    guest.wait_for_restart(COMMAND);

    computer.set_clock("2027-03-05T05:06:07");
    let mut guest = computer.power_on(None, BootFirst::Disks);
    log_in(&mut guest);
    assert_eq!(guest.run("date -u +%F", COMMAND).trim(), "2027-03-05");
    let found = guest.run(&format!("tail -c 4 {variable}; cat /root/marker"), COMMAND);
    assert_eq!(found.trim(), "keptfirst");
    guest.run("echo second >>/root/marker", COMMAND);
    guest.type_line("systemctl poweroff");
    guest.wait_for_power_off(COMMAND);

    let disk = computer.disk("system");
    assert_eq!(read_from_ext4(disk, 2, "/root/marker").unwrap(), b"first\nsecond\n");
    assert_eq!(read_from_ext4(disk, 2, "/root/other"), None);
    check_ext4(disk, 2);
    assert!(read_from_fat(disk, 1, "EFI/debian/grub.cfg").unwrap().starts_with(b"search"));
    assert_eq!(read_from_fat(disk, 1, "EFI/other"), None);
}

/// A disc with one file.
fn disc(folder: &Path, text: &str) -> PathBuf {
    let tree = folder.join(text);
    fs::create_dir(&tree).unwrap();
    fs::write(tree.join("text"), text).unwrap();
    let name = format!("{text}.iso");
    tool("genisoimage", &["-quiet", "-udf", "-o", &name, text], folder);
    folder.join(name)
}

#[test]
fn discs_are_put_in_swapped_and_taken_out_while_a_system_runs() {
    let folder = tempfile::tempdir().unwrap();
    let discs = ["first", "second"].map(|text| disc(folder.path(), text));
    let computer = Computer::new(Firmware::Uefi).with_disk_like("system", installed_disk());
    let mut guest = computer.power_on(None, BootFirst::Media);
    log_in(&mut guest);
    let mount = "mount -r -t udf /dev/sr0 /mnt";
    assert!(guest.run(mount, COMMAND).contains("no medium"));
    for (disc, text) in discs.iter().zip(["first", "second"]) {
        guest.change_disc(disc);
        let wait = format!("until {mount} && grep -q {text} /mnt/text; do umount /mnt; done");
        guest.run(&format!("({wait}) 2>/dev/null"), COMMAND);
        guest.run("umount /mnt", COMMAND);
    }
    // What util-linux calls eject, of which the system has none: CDROMEJECT.
    guest.type_line("perl -e 'sysopen F, \"/dev/sr0\", 2048; ioctl F, 0x5309, 0'");
    guest.wait_for_open_tray(COMMAND);
    guest.change_disc(&discs[0]);
    guest.run(&format!("until {mount}; do :; done 2>/dev/null; umount /mnt"), COMMAND);
    guest.eject_disc();
    guest.run(&format!("while {mount}; do umount /mnt; done 2>/dev/null"), COMMAND);
    guest.run("echo kept >/root/marker; sync", COMMAND);
    guest.cut_power();

    // The journal is replayed by the next start alone.
    let mut guest = computer.power_on(Some(&discs[1]), BootFirst::Disks);
    log_in(&mut guest);
    assert_eq!(guest.run("cat /root/marker", COMMAND).trim(), "kept");
    let found = guest.run(&format!("{mount} && cat /mnt/text"), COMMAND);
    assert_eq!(found.trim(), "second");
}

#[test]
fn an_empty_disk_is_passed_over_and_the_disc_starts() {
    let site = three_discs(&os_image());
    site.succeed(&["build", "set"]);
    let disc = site.path("out/set.1.iso");
    for firmware in [Firmware::Bios, Firmware::Uefi, Firmware::UefiSecureBoot] {
        let computer = Computer::new(firmware).with_disk("system", 1 << 30);
        let mut guest = computer.power_on(Some(&disc), BootFirst::Disks);
        guest.wait_for("tsmedia: media on /dev/sr0 as udf", BOOT);
        guest.wait_for("tsmedia: boot image ready", COMMAND);
        let serial = guest.run("cat /sys/block/vda/serial", COMMAND);
        assert_eq!(serial.trim(), "system", "{firmware:?}");
        guest.power_off();
    }
}
