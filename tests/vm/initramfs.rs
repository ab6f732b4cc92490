//! The initramfs of the boot image: what it brings for the runtime, and how it starts it.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::guest::Guest;
use crate::machine::{boot_tree, option_path};
use crate::site::tool;

const BOOT: Duration = Duration::from_secs(180);
const COMMAND: Duration = Duration::from_secs(60);

/// Starts the boot image's kernel by itself, with disks that are `vda`, `vdb` and so on.
fn boot_kernel(initramfs: &Path, words: &str, disks: &[PathBuf]) -> Guest {
    let kernel = boot_tree().join("boot/vmlinuz").display().to_string();
    let initramfs = initramfs.display().to_string();
    // The last console is the one of the shell and of the runtime.
    let append = format!("console=tty0 console=ttyS0 {words}");
    let arguments = ["-M", "pc", "-kernel", &kernel, "-initrd", &initramfs, "-append", &append];
    let mut arguments = arguments.map(str::to_owned).to_vec();
    for disk in disks {
        arguments.push("-drive".to_owned());
        arguments.push(format!("if=virtio,format=raw,file={}", option_path(disk)));
    }
    Guest::start(&arguments, tempfile::tempdir().unwrap())
}

#[test]
fn file_systems_that_it_makes_are_sound() {
    let folder = tempfile::tempdir().unwrap();
    let makers = [
        ("ext4", "mkfs.ext4 -q -L Data", "mount -t ext4"),
        ("vfat", "mkfs.vfat -F 32 -n ESP", "mount -t vfat"),
        ("ntfs", "mkfs.ntfs -Q -q -L Windows", "ntfs-3g"),
    ];
    let disks = makers.map(|(name, ..)| folder.path().join(name));
    for disk in &disks {
        File::create(disk).unwrap().set_len(100 << 20).unwrap();
    }
    let mut guest = boot_kernel(&boot_tree().join("boot/initrd.img"), "tsmedia.shell", &disks);
    guest.wait_for("tsmedia: a shell was asked for", BOOT);
    for (letter, (name, make, mount)) in ["a", "b", "c"].iter().zip(makers) {
        let printed = guest.run(
            &format!(
                "{make} /dev/vd{letter} && {mount} /dev/vd{letter} /volumes && \
                 echo {name} >/volumes/name && umount /volumes && echo 'go''od'"
            ),
            COMMAND,
        );
        assert!(printed.contains("good"), "{name}: {printed}");
    }
    guest.run("sync", COMMAND);
    guest.power_off();

    let here = folder.path();
    tool("fsck.ext4", &["-fn", "ext4"], here);
    assert!(tool("debugfs", &["-R", "cat name", "ext4"], here).starts_with("ext4\n"));
    tool("fsck.fat", &["-n", "vfat"], here);
    assert_eq!(tool("mtype", &["-i", "vfat", "::name"], here), "vfat\n");
    assert!(tool("ntfscat", &["ntfs", "name"], here).starts_with("ntfs\n"));
}

/// Media append the runtime like this.
#[test]
fn a_runtime_in_an_appended_archive_is_started_on_the_console() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let script = "#!/bin/busybox sh\n\
                  echo \"runtime: your name\"\nread -r name\necho \"runtime: good day $name\"\n\
                  exit 7\n";
    fs::write(here.join("tsmedia-run"), script).unwrap();
    let initramfs = here.join("initrd.img");
    fs::copy(boot_tree().join("boot/initrd.img"), &initramfs).unwrap();
    let append = "chmod 755 tsmedia-run && echo tsmedia-run | cpio -o -H newc >>initrd.img";
    tool("sh", &["-c", append], here);

    let mut guest = boot_kernel(&initramfs, "", &[]);
    guest.wait_for("runtime: your name", BOOT);
    guest.type_line("tester");
    guest.wait_for("runtime: good day tester", COMMAND);
    guest.wait_for("tsmedia: the runtime gave up with exit code 7", COMMAND);
    assert_eq!(guest.run("echo 'st''ill here'", COMMAND).trim(), "still here");
}
