//! Prestaged media: what the factory has put onto the disk is not fetched again.

use std::path::Path;

use crate::computer::{BootFirst, Computer};
use crate::deployed::{BOOT, MOMENT, STEP, build, check_deployed, wait_for_success};
use crate::machine::{Firmware, os_image};
use crate::scenario::{TOOL_BYTES, condition, sequence, three_discs};
use crate::site::{Site, noise, tool};

/// The factory's work: the WIM is applied to the EFI system partition of an empty disk, which has
/// an empty volume for the system behind it.
fn prepare_disk(site: &Site) {
    let here = site.path("");
    tool("wimlib-imagex", &["apply", "out/oem.wim", "1", "applied"], &here);
    let make = "truncate -s 2G disk && \
         sgdisk -n 1:1M:+300M -t 1:ef00 -n 2:301M:0 -t 2:8300 disk >/dev/null && \
         truncate -s 300M esp && mkfs.fat -F 32 esp >/dev/null && \
         mcopy -s -i esp applied/* ::/ && \
         dd if=esp of=disk bs=1M seek=1 conv=notrunc,sparse status=none && \
         mke2fs -q -t ext4 -E offset=$((301 << 20)) disk 1700M";
    tool("sh", &["-c", make], &here);
}

/// What somebody builds later: the tool has a newer version then.
fn update_tool(site: &Site) {
    site.write("content/P0100401/tool.bin", noise(42, TOOL_BYTES));
    let path = "catalog/P0100401.toml";
    let text = std::fs::read_to_string(site.path(path)).unwrap();
    site.write(path, text.replace("\n\n[[dep", "\nsource-version = 2\n\n[[dep"));
}

#[test]
fn a_disk_from_the_factory_is_deployed_with_what_it_holds() {
    let site = three_discs(&os_image());
    let once = condition("_SMSTSMediaType", "notEquals", "OEMMedia");
    site.write("task-sequences/P0100100.xml", sequence(&once, "/target:0,2"));
    site.write(
        "media/oem.toml",
        "[media]\ntype = \"prestaged\"\ntask-sequence = \"P0100100\"\n\n\
         [output]\nkind = \"wim\"\npath = \"out/oem.wim\"\n\n\
         [image]\nos-image = \"P0100300\"\nindex = 1\n\n\
         [network]\nmanagement-points = [\"http://mp.example.org\"]\n\n\
         [content]\napplications = [\"P0100401\"]\n",
    );
    build(&site, "oem");
    prepare_disk(&site);
    update_tool(&site);
    site.define("whole", "unlimited", "");
    build(&site, "whole");
    let disc = site.path("out/whole.iso");

    let computer = Computer::new(Firmware::UefiSecureBoot)
        .with_disk_like("target", Path::new(&site.path("disk")));
    let mut guest = computer.power_on(None, BootFirst::Disks);
    guest.wait_for("This computer's disk holds no task sequence: insert media that have one", BOOT);
    guest.change_disc(&disc);
    for said in [
        "P0100300 (Debian) is used from this computer's disk",
        "P0100401 (Tool) must be fetched: this computer's disk has version 1, the task sequence \
         wants version 2",
        "P0100402 (Viewer) must be fetched: it is not on this computer's disk",
    ] {
        guest.wait_for(said, MOMENT);
    }
    let printed = guest.wait_for("Restarting into the installed system", STEP);
    assert!(!printed.contains("Partition Disk"), "the disk was partitioned: {printed}");
    guest.wait_for_restart(MOMENT);
    let mut guest = computer.power_on(Some(&disc), BootFirst::Disks);
    wait_for_success(&mut guest);
    check_deployed(computer.disk("target"), &noise(42, TOOL_BYTES));
}
