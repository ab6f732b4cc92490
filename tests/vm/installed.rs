//! The OS image on a disk, put there with other people's programs alone.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use crate::machine::os_image;
use crate::site::tool;

/// The UUID of the root volume.
const ROOT: &str = "6f0d3c1e-58a5-4f4e-9a4c-0f6f3c1b2a11";
/// Bytes of the EFI system partition, which begins at 1 MiB.
const ESP_LEN: u64 = 64 << 20;
const ROOT_LEN: u64 = 900 << 20;

/// A disk of 1 GiB with a GPT: 1 is the EFI system partition, 2 the root with the OS image on ext4.
/// Made once in each run.
pub fn installed_disk() -> &'static Path {
    static DISK: OnceLock<PathBuf> = OnceLock::new();
    DISK.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let here = folder.path();
        let image = os_image().display().to_string();
        tool("wimlib-imagex", &["apply", &image, "1", "tree", "--unix-data"], here);
        fs::write(here.join("tree/etc/fstab"), format!("UUID={ROOT} / ext4 defaults 0 1\n"))
            .unwrap();
        make_volumes(here);
        let disk = Path::new(env!("CARGO_TARGET_TMPDIR")).join("installed.img");
        make_disk(here, &disk);
        disk
    })
}

/// Makes the files `esp` and `root` of the folder `tree`.
fn make_volumes(here: &Path) {
    let boot = here.join("tree/boot");
    let named = |start: &str| {
        let mut names = fs::read_dir(&boot).unwrap().map(|entry| entry.unwrap().file_name());
        let name = names.find(|name| name.to_string_lossy().starts_with(start));
        name.expect("the OS image has a kernel and an initramfs").into_string().unwrap()
    };
    let (kernel, initramfs) = (named("vmlinuz"), named("initrd"));
    let config = format!(
        "search --no-floppy --set=root --fs-uuid {ROOT}\n\
         linux /boot/{kernel} root=UUID={ROOT} ro console=tty0 console=ttyS0\n\
         initrd /boot/{initramfs}\nboot\n"
    );
    fs::write(here.join("grub.cfg"), config).unwrap();
    for (name, len) in [("esp", ESP_LEN), ("root", ROOT_LEN)] {
        File::create(here.join(name)).unwrap().set_len(len).unwrap();
    }
    tool("mke2fs", &["-q", "-t", "ext4", "-U", ROOT, "-d", "tree", "root"], here);
    tool("mkfs.fat", &["-F", "32", "esp"], here);
    tool("mmd", &["-i", "esp", "::/EFI", "::/EFI/BOOT", "::/EFI/debian"], here);
    for (from, to) in [
        ("tree/usr/lib/shim/shimx64.efi.signed", "::/EFI/BOOT/BOOTX64.EFI"),
        ("tree/usr/lib/grub/x86_64-efi-signed/grubx64.efi.signed", "::/EFI/BOOT/grubx64.efi"),
        ("grub.cfg", "::/EFI/debian/grub.cfg"),
    ] {
        tool("mcopy", &["-i", "esp", from, to], here);
    }
}

/// Puts both volumes onto a disk.
fn make_disk(here: &Path, disk: &Path) {
    File::create(disk).unwrap().set_len(1 << 30).unwrap();
    let name = disk.to_str().unwrap();
    let partitions = ["-n", "1:1M:+64M", "-t", "1:ef00", "-n", "2:65M:+900M", "-t", "2:8300"];
    tool("sgdisk", &[&partitions[..], &[name]].concat(), here);
    for (volume, offset) in [("esp", 1 << 20), ("root", (1 << 20) + ESP_LEN)] {
        let (input, output) = (format!("if={volume}"), format!("of={name}"));
        let seek = format!("seek={offset}");
        let how = ["bs=1M", "oflag=seek_bytes", "conv=notrunc,sparse", "status=none"];
        tool("dd", &[&how[..], &[&input, &output, &seek]].concat(), here);
    }
}
