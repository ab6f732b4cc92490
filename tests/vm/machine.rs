//! The machines that tests boot, and what they need on this one.

#![allow(dead_code, reason = "no test target uses all of it")]

use std::path::{Path, PathBuf};

use crate::guest::Guest;

/// The firmware a machine starts with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Firmware {
    /// SeaBIOS.
    Bios,
    /// OVMF without Secure Boot.
    Uefi,
    /// OVMF with Microsoft's keys enrolled: it starts only what they signed.
    UefiSecureBoot,
}

/// Boots `image` as a disc in an optical drive, `cd0`.
pub fn boot_cd(image: &Path, firmware: Firmware) -> Guest {
    boot(image, firmware, Medium::Disc)
}

/// Boots `image` as a disk, as if it had been written to a stick; writes are thrown away.
pub fn boot_disk(image: &Path, firmware: Firmware) -> Guest {
    boot(image, firmware, Medium::Disk)
}

#[derive(Clone, Copy)]
enum Medium {
    Disc,
    Disk,
}

fn boot(image: &Path, firmware: Firmware, medium: Medium) -> Guest {
    require(Path::new("/usr/bin/qemu-system-x86_64"), "apt-get install qemu-system-x86");
    let folder = tempfile::tempdir().expect("a temporary folder");
    own_variables(firmware, folder.path());
    let mut arguments = firmware_arguments(firmware, folder.path());
    let how = match medium {
        Medium::Disc => "media=cdrom,readonly=on",
        Medium::Disk => "snapshot=on",
    };
    arguments.extend([
        "-drive".to_owned(),
        format!("if=none,id=boot,format=raw,{how},file={}", option_path(image)),
    ]);
    let device = match (firmware, medium) {
        (_, Medium::Disc) => firmware.optical_drive(),
        (Firmware::UefiSecureBoot, Medium::Disk) => "scsi-hd,bus=scsi.0",
        (_, Medium::Disk) => "ide-hd,bus=ide.0",
    };
    arguments.extend(["-device".to_owned(), format!("{device},drive=boot,bootindex=0")]);
    Guest::start(&arguments, folder)
}

impl Firmware {
    /// The device `cd0` of a machine with this firmware.
    ///
    /// The kernel for virtual machines has drivers for IDE and virtio, none for the AHCI that the
    /// machine with Secure Boot would give a drive by itself.
    pub fn optical_drive(self) -> &'static str {
        match self {
            Self::Bios | Self::Uefi => "ide-cd,id=cd0,bus=ide.1",
            Self::UefiSecureBoot => "scsi-cd,id=cd0,bus=scsi.0",
        }
    }

    /// The code of the firmware, and its variables as they are in a new computer; a BIOS has none.
    fn files(self) -> Option<(PathBuf, PathBuf)> {
        let (code, variables) = match self {
            Self::Bios => return None,
            Self::Uefi => ("OVMF_CODE_4M.fd", "OVMF_VARS_4M.fd"),
            Self::UefiSecureBoot => ("OVMF_CODE_4M.ms.fd", "OVMF_VARS_4M.ms.fd"),
        };
        let ovmf = Path::new("/usr/share/OVMF");
        require(&ovmf.join(code), "apt-get install ovmf");
        Some((ovmf.join(code), ovmf.join(variables)))
    }
}

/// The firmware variables of the computer that `folder` belongs to.
fn variables_in(folder: &Path) -> PathBuf {
    folder.join("variables.fd")
}

/// Puts the firmware variables of a new computer into `folder`.
pub fn own_variables(firmware: Firmware, folder: &Path) {
    if let Some((_, variables)) = firmware.files() {
        let copied = std::fs::copy(variables, variables_in(folder));
        copied.expect("OVMF's variables can be copied");
    }
}

/// The machine type and firmware, with the firmware variables in `folder`.
pub fn firmware_arguments(firmware: Firmware, folder: &Path) -> Vec<String> {
    let Some((code, _)) = firmware.files() else {
        return ["-M", "pc"].map(str::to_owned).to_vec();
    };
    let machine: &[&str] = match firmware {
        // This build of OVMF keeps its variables behind system management mode, which only q35 has.
        Firmware::UefiSecureBoot => &[
            "-M",
            "q35,smm=on",
            "-global",
            "driver=cfi.pflash01,property=secure,value=on",
            "-device",
            "virtio-scsi-pci,id=scsi",
        ],
        _ => &["-M", "pc"],
    };
    let flash = [
        format!("if=pflash,format=raw,readonly=on,file={}", code.display()),
        format!("if=pflash,format=raw,file={}", option_path(&variables_in(folder))),
    ];
    let flash = flash.into_iter().flat_map(|drive| ["-drive".to_owned(), drive]);
    machine.iter().map(|&argument| argument.to_owned()).chain(flash).collect()
}

/// `path` as the value of a QEMU option, where a comma ends the value unless doubled.
pub fn option_path(path: &Path) -> String {
    path.display().to_string().replace(',', ",,")
}

/// The boot tree that `tools/boot-image` left in the cache, without links in its path.
pub fn boot_tree() -> PathBuf {
    cached("boot-image", "boot/initrd.img")
}

/// The OS image that `tools/os-image` left in the cache.
pub fn os_image() -> PathBuf {
    cached("os-image", "install.wim").join("install.wim")
}

/// The folder that the tool with this name filled; `file` is in it.
fn cached(name: &str, file: &str) -> PathBuf {
    let cache = std::env::var_os("XDG_CACHE_HOME").map_or_else(
        || PathBuf::from(std::env::var_os("HOME").expect("HOME is set")).join(".cache"),
        PathBuf::from,
    );
    let folder = cache.join("tsmedia").join(name).join("current");
    require(&folder.join(file), &format!("tools/{name}"));
    folder.canonicalize().expect("because a file in it was just found")
}

/// Panics with `remedy`, the command that mends it, unless `path` exists.
pub fn require(path: &Path, remedy: &str) {
    assert!(path.exists(), "`{}` is missing; run: {remedy}", path.display());
}
