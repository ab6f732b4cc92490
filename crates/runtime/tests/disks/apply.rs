//! Images that are applied, and the systems that start from them.

use std::fs;
use std::path::Path;

use runtime::provider::StepFailure;
use runtime::providers::{ApplyDataImage, ApplyOperatingSystem, PartitionDisk};
use runtime::volume::VolumeRole;
use tasksequence::run::Value;

use crate::host::{FakeHost, step};
use crate::machine::Machine;
use crate::plan::variables;
use crate::tool;

const MIB: u64 = 1 << 20;
const UEFI: [&str; 3] = [
    "EFI FAT32 64 MB VolumeName=ESP",
    "Primary ext4 200 MB VolumeName=Debian VolumeLetterVariable=OSDisk",
    "Primary ext4 100 PERCENT VolumeName=Data",
];

/// What every file of a tree is: path, mode, owner, group, number of names, size, target, and its
/// extended attributes. Folders have no size that means anything.
pub fn facts(tree: &Path) -> String {
    let tree = tree.display();
    tool(&format!(
        "cd {tree} && find . -path ./lost+found -prune -o -type d -printf '%p %m %U %G\\n' \
         -o -printf '%p %y %m %U %G %n %s %l\\n' | sort; getfattr -R -h -d -m - . | sort"
    ))
}

/// Makes a tree like that of a small Linux system.
pub fn linux_tree(tree: &Path) {
    let tree = tree.display();
    tool(&format!(
        r#"mkdir -p {tree} && cd {tree}
        mkdir -p boot etc usr/bin usr/lib/shim usr/lib/grub/x86_64-efi-signed home/alice boot/efi
        echo 'PRETTY_NAME="A '"'"'small'"'"' Linux"' > etc/os-release
        for version in 6.1.0-9 6.1.0-10; do
            echo kernel $version > boot/vmlinuz-$version
            echo initrd $version > boot/initrd.img-$version
        done
        echo shim > usr/lib/shim/shimx64.efi.signed
        echo grub > usr/lib/grub/x86_64-efi-signed/grubx64.efi.signed
        head -c 3000000 /dev/urandom > usr/bin/tool
        ln usr/bin/tool usr/bin/other-name
        ln -s tool usr/bin/link && ln -s /etc/os-release etc/absolute
        chmod 4755 usr/bin/tool && chmod 1777 home && chown -R 1000:1001 home/alice
        echo secret > etc/shadow && chmod 640 etc/shadow && chown 0:42 etc/shadow
        setfattr -n user.note -v 'kept' etc/os-release
        setfattr -n security.capability -v 0x0100000200040000000000000000000000000000 usr/bin/tool
        mkfifo home/alice/pipe
        echo unit > 'usr/lib/system-systemd\x2dfsck.slice'
        : > home/empty"#
    ));
}

/// A folder with the WIM of a tree, as a content has it.
fn content(machine: &Machine, tree: &Path) -> std::path::PathBuf {
    let folder = machine.path("content");
    fs::create_dir_all(&folder).unwrap();
    tool(&format!(
        "wimlib-imagex capture {} {}/install.wim Linux --unix-data --compress=XPRESS",
        tree.display(),
        folder.display()
    ));
    folder
}

/// A computer whose disk has the partitions of [`UEFI`], with firmware of that kind.
fn partitioned(machine: &Machine, lines: &[&str]) -> FakeHost {
    fs::create_dir_all(machine.path("sys/firmware/efi")).unwrap();
    fs::write(machine.path("proc/cmdline"), "quiet console=tty0 console=ttyS0,115200 x=1\n")
        .unwrap();
    let mut host = FakeHost { scratch: machine.path("scratch"), ..FakeHost::default() };
    let run = step("PartitionDisk", "osddiskpart.exe", &variables("GPT", lines));
    PartitionDisk::run_on(&run, &mut host, &machine.system()).unwrap();
    host
}

fn apply(machine: &Machine, host: &mut FakeHost, action: &str) -> Result<(), StepFailure> {
    let run = step("ApplyOperatingSystem", action, &[]);
    ApplyOperatingSystem::run_on(&run, host, &machine.system()).map(drop)
}

#[test]
fn a_linux_image_is_applied_as_it_was_and_starts_under_uefi() {
    let machine = Machine::new(&[400 * MIB]);
    let tree = machine.path("tree");
    linux_tree(&tree);
    let mut host = partitioned(&machine, &UEFI);
    host.contents.insert("P0100001".into(), content(&machine, &tree));
    let root = machine.path("volumes/disk0-part2");
    fs::create_dir_all(root.join("_tsmedia/logs")).unwrap();
    fs::create_dir_all(root.join("UserState")).unwrap();
    fs::create_dir_all(root.join("old/deep")).unwrap();
    let state = Value::plain(root.join("UserState").display().to_string());
    host.environment.set_by_engine("_SMSTSUserStatePath", state).unwrap();

    apply(&machine, &mut host, "OSDApplyOS.exe /image:P0100001,1 /target:0,2 /runfromnet:False")
        .unwrap();

    assert_eq!(host.environment.text("OSDTargetSystemDrive"), root.display().to_string());
    let volume = host.volumes.find(0, 2).unwrap();
    assert!(volume.applied && volume.system);
    assert_eq!(host.volumes.system(), Some(volume));
    let (done, total) = *host.progress.last().unwrap();
    assert!(done == total && total > 3_000_000, "{done} of {total}");

    // What is there beside the image, and only that.
    assert!(root.join("_tsmedia/logs").is_dir() && root.join("UserState").is_dir());
    assert!(!root.join("old").exists());
    let uuid = tool(&format!("blkid -p -s UUID -o value {}", volume.device.display()));
    let uuid = uuid.trim();
    let esp = machine.path("volumes/disk0-part1");
    let efi_uuid =
        tool(&format!("blkid -p -s UUID -o value {}", host.volumes.0[0].device.display()));
    assert_eq!(fs::read_to_string(esp.join("EFI/BOOT/BOOTX64.EFI")).unwrap(), "shim\n");
    assert_eq!(fs::read_to_string(esp.join("EFI/BOOT/grubx64.efi")).unwrap(), "grub\n");
    assert_eq!(
        fs::read_to_string(esp.join("EFI/debian/grub.cfg")).unwrap(),
        format!(
            "search --no-floppy --fs-uuid --set=root {uuid}\n\
             set prefix=($root)/boot/grub\nconfigfile ($root)/boot/grub/grub.cfg\n"
        )
    );
    let entry = |title: &str, version: &str| {
        format!(
            "menuentry '{title}' {{\n    linux /boot/vmlinuz-{version} root=UUID={uuid} ro \
             console=tty0 console=ttyS0,115200\n    initrd /boot/initrd.img-{version}\n}}\n"
        )
    };
    let menu = fs::read_to_string(root.join("boot/grub/grub.cfg")).unwrap();
    let entries = entry("A small Linux", "6.1.0-10")
        + &entry("A small Linux with vmlinuz-6.1.0-9", "6.1.0-9");
    assert!(menu.ends_with(&entries), "{menu}");
    tool(&format!("grub-script-check {}", root.join("boot/grub/grub.cfg").display()));
    let fstab = fs::read_to_string(root.join("etc/fstab")).unwrap();
    assert_eq!(
        fstab,
        format!(
            "UUID={uuid} / ext4 errors=remount-ro 0 1\n\
             UUID={} /boot/efi vfat umask=0077 0 1\n",
            efi_uuid.trim()
        )
    );

    // The image itself, to the last bit of its metadata.
    for added in ["_tsmedia", "UserState", "boot/grub"] {
        fs::remove_dir_all(root.join(added)).unwrap();
    }
    fs::remove_file(root.join("etc/fstab")).unwrap();
    assert_eq!(facts(&root), facts(&tree));
    tool(&format!(
        "diff -r --no-dereference -x lost+found -x pipe {} {}",
        tree.display(),
        root.display()
    ));
    machine.unmount_all();
    tool(&format!("fsck.ext4 -fn {}p2", machine.loops[0].display()));
}

#[test]
fn the_next_partition_is_one_that_no_image_was_applied_to() {
    let machine = Machine::new(&[400 * MIB]);
    let tree = machine.path("tree");
    linux_tree(&tree);
    let mut host = partitioned(&machine, &UEFI);
    // A set of parts instead of one file.
    let folder = content(&machine, &tree);
    tool(&format!(
        "cd {} && wimlib-imagex split install.wim install.swm 1 && rm install.wim && ls install2.swm",
        folder.display()
    ));
    host.contents.insert("P0100001".into(), folder);
    apply(&machine, &mut host, "OSDApplyOS.exe /image:P0100001,1").unwrap();
    let run = step("ApplyDataImage", "OSDApplyOS.exe /data:P0100001,1", &[]);
    ApplyDataImage::run_on(&run, &mut host, &machine.system()).unwrap();
    let data = host.volumes.find(0, 3).unwrap();
    assert!(data.applied && !data.system);
    assert!(host.volumes.find(0, 2).unwrap().system);
    let root = machine.path("volumes/disk0-part3");
    assert_eq!(facts(&root), facts(&tree), "and nothing was added");
    let error = ApplyDataImage::run_on(&run, &mut host, &machine.system()).unwrap_err();
    assert!(error.reason.contains("no partition left"), "{error}");
    assert_eq!(facts(&root), facts(&tree), "and nothing was removed");
}

#[test]
fn a_partition_from_before_the_run_can_be_a_target() {
    let machine = Machine::new(&[400 * MIB]);
    let tree = machine.path("tree");
    linux_tree(&tree);
    let mut host = partitioned(&machine, &UEFI);
    machine.unmount_all();
    let uuid = host.volumes.find(0, 3).unwrap().partition_uuid.clone();
    host.volumes.0.clear();
    host.contents.insert("P0100001".into(), content(&machine, &tree));
    let run = step("ApplyDataImage", "OSDApplyOS.exe /data:P0100001,1 /target:0,3", &[]);
    ApplyDataImage::run_on(&run, &mut host, &machine.system()).unwrap();
    let volume = host.volumes.find(0, 3).unwrap();
    assert!(volume.applied && volume.partition_uuid == uuid);
    assert_eq!(facts(volume.mount.as_ref().unwrap()), facts(&tree));

    apply(&machine, &mut host, "/image:P0100001,1 /target:0,2").unwrap();
    let efi = host.volumes.find(0, 1).expect("the EFI system partition was found");
    assert_eq!(efi.role, VolumeRole::Efi);
    let loader = efi.mount.as_ref().unwrap().join("EFI/BOOT/BOOTX64.EFI");
    assert_eq!(fs::read_to_string(loader).unwrap(), "shim\n");
}

#[test]
fn what_the_run_was_started_from_is_neither_erased_nor_applied_to() {
    let machine = Machine::new(&[400 * MIB, 100 * MIB]);
    let tree = machine.path("tree");
    linux_tree(&tree);
    let mut host = partitioned(&machine, &UEFI);
    host.contents.insert("P0100001".into(), content(&machine, &tree));
    let released = host.released.len();
    host.prestaged = Some(host.volumes.find(0, 2).unwrap().device.clone());
    let before = facts(&machine.path("volumes/disk0-part2"));
    let error = apply(&machine, &mut host, "/image:P0100001,1 /target:0,2").unwrap_err();
    assert!(error.reason.contains("partition 2 of disk 0 holds the prestaged media"), "{error}");
    let run = step("PartitionDisk", "osddiskpart.exe", &variables("GPT", &UEFI));
    let error = PartitionDisk::run_on(&run, &mut host, &machine.system()).unwrap_err();
    assert!(error.reason.contains("_SMSTSMediaType is not OEMMedia"), "{error}");
    assert_eq!(facts(&machine.path("volumes/disk0-part2")), before);
    let other = variables("GPT OSDDiskIndex=1", &UEFI[..1]);
    let run = step("PartitionDisk", "osddiskpart.exe", &other);
    PartitionDisk::run_on(&run, &mut host, &machine.system()).unwrap();
    assert_eq!(host.released[released..], [1], "disk 0 was let go of");
}

#[test]
fn what_cannot_be_applied_is_said_before_the_target_changes() {
    let machine = Machine::new(&[400 * MIB]);
    let tree = machine.path("tree");
    linux_tree(&tree);
    let lines = [UEFI[0], UEFI[1], "Primary NTFS 40 MB", "Primary - 10 MB"];
    let mut host = partitioned(&machine, &lines);
    host.contents.insert("P0100001".into(), content(&machine, &tree));
    fs::create_dir_all(tree.join("Windows/System32")).unwrap();
    let other = machine.path("other");
    fs::rename(content(&machine, &tree), &other).unwrap();
    host.contents.insert("P0100002".into(), other);
    host.contents.insert("P0100001".into(), content(&machine, &tree));
    fs::create_dir(machine.path("nothing")).unwrap();
    host.contents.insert("P0100003".into(), machine.path("nothing"));
    let mark = machine.path("volumes/disk0-part2/mark");
    fs::write(&mark, "").unwrap();
    for (action, wanted) in [
        ("/image:P0100002,1 /target:0,2", "needs the Windows runtime"),
        ("/image:P0100002,7 /target:0,2", "there is no image 7 in `"),
        ("/image:P0100003,1 /target:0,2", "there is no WIM in"),
        ("/image:P0100009,1 /target:0,2", "there is no content"),
        ("/install:P0100001,1 /target:0,2", "needs Windows PE"),
    ] {
        let error = apply(&machine, &mut host, action).unwrap_err();
        assert!(error.reason.contains(wanted), "{action}: {error}");
    }
    fs::remove_dir_all(tree.join("Windows")).unwrap();
    fs::remove_dir_all(machine.path("content")).unwrap();
    host.contents.insert("P0100001".into(), content(&machine, &tree));
    for (action, wanted) in [
        ("/image:P0100001,1 /target:0,3", "give partition 3 of disk 0 the file system ext4"),
        ("/image:P0100001,1 /target:0,4", "is not mounted"),
        ("/image:P0100001,1 /target:0,9", "disk 0 has no partition 9"),
        ("/image:P0100001,1 /target:5,1", "there is no disk 5"),
        ("/image:P0100001,1 /target:/volumes/x", "no partition of the run is mounted at"),
    ] {
        let error = apply(&machine, &mut host, action).unwrap_err();
        assert!(error.reason.contains(wanted), "{action}: {error}");
    }
    assert!(mark.exists());
    assert!(host.volumes.0.iter().all(|it| !it.applied));
}

#[test]
fn a_damaged_image_or_a_full_disk_never_counts_as_applied() {
    let machine = Machine::new(&[400 * MIB]);
    let tree = machine.path("tree");
    linux_tree(&tree);
    let lines = [UEFI[0], UEFI[1], "Primary ext4 10 MB"];
    let mut host = partitioned(&machine, &lines);
    let folder = content(&machine, &tree);
    let path = folder.join("install.wim");
    let good = fs::read(&path).unwrap();
    host.contents.insert("P0100001".into(), folder);
    let mut bad = good.clone();
    // Random bytes are stored as they are, so this is the middle of the large file.
    let middle = bad.len() / 2;
    bad[middle] ^= 1;
    fs::write(&path, bad).unwrap();
    let error = apply(&machine, &mut host, "/image:P0100001,1 /target:0,2").unwrap_err();
    assert!(error.reason.contains("damaged"), "{error}");
    assert!(host.volumes.0.iter().all(|it| !it.applied && !it.system));
    assert_eq!(host.environment.text("OSDTargetSystemDrive"), "");

    fs::write(&path, good).unwrap();
    tool(&format!("head -c 12000000 /dev/urandom > {}/large", tree.display()));
    content(&machine, &tree);
    let error = apply(&machine, &mut host, "/image:P0100001,1 /target:0,3").unwrap_err();
    assert!(error.reason.contains("bytes are missing"), "{error}");
    // Small files take an inode each and whole blocks, of which their bytes say nothing.
    for (files, bytes, wanted) in [(4000, 1, "files and folders"), (2000, 2100, "is full")] {
        tool(&format!(
            "cd {} && rm -rf large many && mkdir many && cd many && head -c {} /dev/urandom \
             | split -b {bytes} -a 4",
            tree.display(),
            files * bytes
        ));
        content(&machine, &tree);
        let run = step("ApplyDataImage", "/data:P0100001,1 /target:0,3", &[]);
        let error = ApplyDataImage::run_on(&run, &mut host, &machine.system()).unwrap_err();
        assert!(error.reason.contains(wanted), "{error}");
    }
    assert!(host.volumes.0.iter().all(|it| !it.applied && !it.system));
    // After a failure the step can run again.
    apply(&machine, &mut host, "/image:P0100001,1 /target:0,2").unwrap();
    assert!(host.volumes.find(0, 2).unwrap().applied);
}

#[test]
fn a_system_without_a_boot_loader_says_what_it_lacks() {
    let machine = Machine::new(&[400 * MIB]);
    let tree = machine.path("tree");
    linux_tree(&tree);
    let mut host = partitioned(&machine, &UEFI);
    let mut lacks = |change: &str| {
        tool(&format!("cd {} && {change}", tree.display()));
        host.contents.insert("P0100001".into(), content(&machine, &tree));
        let error = apply(&machine, &mut host, "/image:P0100001,1 /target:0,2").unwrap_err();
        assert!(host.volumes.0.iter().all(|it| !it.applied), "{error}");
        error.reason
    };
    let error = lacks("rm usr/lib/shim/shimx64.efi.signed");
    assert!(error.contains("cannot start from UEFI: it lacks usr/lib/shim/"), "{error}");
    let error = lacks("rm boot/initrd.img-*");
    assert!(error.contains("neither boot/vmlinuz-*"), "{error}");
    fs::remove_dir(machine.path("sys/firmware/efi")).unwrap();
    let mut bios = |change: &str| {
        tool(&format!("cd {} && {change}", tree.display()));
        host.contents.insert("P0100001".into(), content(&machine, &tree));
        apply(&machine, &mut host, "/image:P0100001,1 /target:0,2").unwrap_err().reason
    };
    let error = bios("echo initrd > boot/initrd.img-6.1.0-9");
    assert!(error.contains("cannot start from a BIOS: it lacks usr/sbin/grub-install"), "{error}");
}
