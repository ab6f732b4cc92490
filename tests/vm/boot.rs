//! Media that start a computer, from its firmware to the boot image's own line.

use std::path::Path;
use std::time::Duration;

use crate::guest::Guest;
use crate::machine::{Firmware, boot_cd, boot_disk, boot_tree, require};
use crate::promised::sha256;
use crate::site::{Site, noise, tool};

/// Firmware, boot loader and kernel take seconds with a core for themselves.
const BOOT: Duration = Duration::from_secs(180);
const COMMAND: Duration = Duration::from_secs(60);

/// A site whose boot image is the real one.
pub fn site_with_boot_tree() -> Site {
    let site = Site::new();
    tool("rm", &["-r", "content/boot"], &site.path(""));
    let tree = boot_tree();
    tool("cp", &["-a", tree.to_str().unwrap(), "content/boot"], &site.path(""));
    site
}

/// Two discs, the first of which starts.
fn two_discs() -> Site {
    let mut site = site_with_boot_tree();
    for number in 0..2 {
        let folder = site.add_package();
        site.write(&format!("{folder}/data.bin"), noise(number, 6_000_000));
    }
    site.define("set", "40 MB", "");
    site.succeed(&["build", "set"]);
    assert_eq!(site.outputs(), ["set.1.iso", "set.2.iso"]);
    site
}

/// Waits for the boot image, which must have found its media by itself.
pub fn wait_until_ready(guest: &mut Guest) {
    wait_until_ready_on("Test", guest);
}

/// The same for media with this label.
fn wait_until_ready_on(label: &str, guest: &mut Guest) {
    let printed = guest.wait_for("tsmedia: boot image ready", BOOT);
    assert!(printed.contains(&format!("label={label}")), "{printed}");
    assert!(printed.contains("tsmedia: media on /dev/"), "{printed}");
}

fn is_uefi(guest: &mut Guest) -> bool {
    guest.run("test -d /sys/firmware/efi && echo yes", COMMAND).contains("yes")
}

fn has_secure_boot(guest: &mut Guest) -> bool {
    guest.run("dmesg | grep -i secureboot", COMMAND).contains("Secure boot enabled")
}

fn digest_in_guest(guest: &mut Guest, path: &str) -> String {
    let printed = guest.run(&format!("sha256sum {path}"), COMMAND);
    printed.split_whitespace().next().unwrap_or_default().to_owned()
}

#[test]
fn a_disc_starts_under_seabios_and_makes_room_for_the_next() {
    let site = two_discs();
    let mut guest = boot_cd(&site.path("out/set.1.iso"), Firmware::Bios);
    wait_until_ready(&mut guest);
    assert!(!is_uefi(&mut guest));
    let first = digest_in_guest(&mut guest, "/media/SMS/PKG/P0100200/data.bin");
    assert_eq!(first, sha256(&noise(0, 6_000_000)));

    guest.run("umount /media", COMMAND);
    guest.change_disc(&site.path("out/set.2.iso"));
    // The drive says some moments later that there is another disc.
    let wait = "until mount -r -t udf /dev/sr0 /media && [ -e /media/SMS/PKG/P0100201 ]; do \
                umount /media; usleep 100000; done 2>/dev/null";
    guest.run(wait, COMMAND);
    let media = guest.run("cat /media/SMS/data/media.json", COMMAND);
    let media: serde_json::Value = serde_json::from_str(&media).unwrap();
    assert_eq!((&media["disc"], &media["discs"]), (&2.into(), &2.into()));
    let second = digest_in_guest(&mut guest, "/media/SMS/PKG/P0100201/data.bin");
    assert_eq!(second, sha256(&noise(1, 6_000_000)));
}

#[test]
fn a_disc_starts_under_ovmf() {
    let site = two_discs();
    let mut guest = boot_cd(&site.path("out/set.1.iso"), Firmware::Uefi);
    wait_until_ready(&mut guest);
    assert!(is_uefi(&mut guest));
}

#[test]
fn a_disc_starts_under_ovmf_with_secure_boot() {
    let site = two_discs();
    let mut guest = boot_cd(&site.path("out/set.1.iso"), Firmware::UefiSecureBoot);
    wait_until_ready(&mut guest);
    assert!(has_secure_boot(&mut guest));
}

/// What `tools/demo` leaves for a newcomer.
#[test]
fn the_disc_of_the_demo_starts_under_both_firmwares() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/demo-tested/site/out");
    let disc = folder.join("workstation.1.iso");
    require(&disc, "run tools/demo target/demo-tested");
    for firmware in [Firmware::Bios, Firmware::Uefi] {
        let mut guest = boot_cd(&disc, firmware);
        wait_until_ready_on("Workstation", &mut guest);
    }
}

/// A FAT32 image of the same media.
fn fat32_stick(table: &str) -> Site {
    let mut site = site_with_boot_tree();
    let folder = site.add_package();
    site.write(&format!("{folder}/data.bin"), noise(0, 6_000_000));
    site.define("stick", "unlimited", &format!("kind = \"usb\"\npartition-table = \"{table}\"\n"));
    site.succeed(&["build", "stick"]);
    site
}

#[test]
fn a_fat32_stick_starts_under_seabios_and_holds_its_content() {
    for table in ["mbr", "gpt"] {
        let site = fat32_stick(table);
        let mut guest = boot_disk(&site.path("out/stick.iso"), Firmware::Bios);
        wait_until_ready(&mut guest);
        assert!(!is_uefi(&mut guest));
        let found = digest_in_guest(&mut guest, "/media/SMS/PKG/P0100200/data.bin");
        assert_eq!(found, sha256(&noise(0, 6_000_000)));
    }
}

#[test]
fn a_fat32_stick_starts_under_ovmf_with_secure_boot() {
    let site = fat32_stick("mbr");
    let mut guest = boot_disk(&site.path("out/stick.iso"), Firmware::UefiSecureBoot);
    wait_until_ready(&mut guest);
    assert!(has_secure_boot(&mut guest));
}

#[test]
fn a_fat32_stick_with_a_gpt_starts_under_ovmf() {
    let site = fat32_stick("gpt");
    let mut guest = boot_disk(&site.path("out/stick.iso"), Firmware::Uefi);
    wait_until_ready(&mut guest);
    assert!(is_uefi(&mut guest));
}

#[test]
fn a_stick_starts_under_seabios() {
    let site = two_discs();
    let mut guest = boot_disk(&site.path("out/set.1.iso"), Firmware::Bios);
    wait_until_ready(&mut guest);
    assert!(!is_uefi(&mut guest));
}

#[test]
fn a_stick_starts_under_ovmf() {
    let site = two_discs();
    let mut guest = boot_disk(&site.path("out/set.1.iso"), Firmware::Uefi);
    wait_until_ready(&mut guest);
    assert!(is_uefi(&mut guest));
}

/// A prestaged WIM, applied to the formatted disk of a computer as a factory does.
#[test]
fn prestaged_media_start_from_the_disk_that_they_were_applied_to() {
    let site = site_with_boot_tree();
    site.write("os/Windows/notepad.exe", noise(5, 100_000));
    site.write(
        "catalog/P0100300.toml",
        "id = \"P0100300\"\nkind = \"os-image\"\nname = \"Windows\"\nsource = \"P0100300\"\n",
    );
    std::fs::create_dir(site.path("content/P0100300")).unwrap();
    let here = site.path("");
    tool("wimlib-imagex", &["capture", "os", "content/P0100300/install.wim", "Windows"], &here);
    site.write(
        "media/oem.toml",
        "[media]\ntype = \"prestaged\"\ntask-sequence = \"P0100100\"\n\n\
         [output]\nkind = \"wim\"\npath = \"out/oem.wim\"\n\n[image]\nos-image = \"P0100300\"\n\n\
         [network]\nmanagement-points = [\"http://mp.example.org\"]\n",
    );
    site.succeed(&["build", "oem"]);
    tool("wimlib-imagex", &["apply", "out/oem.wim", "1", "applied"], &here);
    // No partition table: firmware takes a bare volume for a removable disk.
    let format = "truncate -s 200M disk && mkfs.fat -F 32 disk && mcopy -s -i disk applied/* ::/";
    tool("sh", &["-c", format], &here);
    let mut guest = boot_disk(&site.path("disk"), Firmware::UefiSecureBoot);
    guest.wait_for("tsmedia: boot image ready", BOOT);
    assert!(has_secure_boot(&mut guest));
    let found = digest_in_guest(&mut guest, "/media/SMS/PKG/P0100300/install.wim");
    let wim = std::fs::read(site.path("content/P0100300/install.wim")).unwrap();
    assert_eq!(found, sha256(&wim));
}
