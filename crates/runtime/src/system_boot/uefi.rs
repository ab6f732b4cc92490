use std::fs;
use std::path::{Path, PathBuf};

use super::grub_config::{field, finder};
use super::{Applied, BootError, sync, write};

const SHIM: &str = "usr/lib/shim/shimx64.efi.signed";
const SIGNED_GRUB: &str = "usr/lib/grub/x86_64-efi-signed/grubx64.efi.signed";
/// GRUB with all its modules in one file, which looks for its menu as the signed one does.
const WHOLE_GRUB: &str = "usr/lib/grub/x86_64-efi/monolithic/grubx64.efi";
/// Where an image may have a boot tree of its own.
const TREES: [&str; 2] = ["boot/efi/EFI", "EFI"];

/// Puts the image's boot loader on the EFI system partition, under the name that firmware starts
/// without an entry of its own (UEFI 2.10 section 3.5.1.1).
pub(super) fn install(applied: &Applied<'_>) -> Result<String, BootError> {
    let no_partition = || BootError::NoEfiPartition { disk: applied.volume.disk };
    let efi = applied.efi.and_then(|efi| efi.mount.as_deref()).ok_or_else(no_partition)?;
    let boot = efi.join("EFI/BOOT");
    fs::create_dir_all(&boot).map_err(|source| BootError::io("create", &boot, source))?;
    let root = applied.root;
    let tree = TREES.map(|tree| root.join(tree)).into_iter().find(|tree| loader_in(tree).is_some());
    let said = if root.join(SHIM).is_file() && root.join(SIGNED_GRUB).is_file() {
        copy(&root.join(SHIM), &boot.join("BOOTX64.EFI"))?;
        copy(&root.join(SIGNED_GRUB), &boot.join("grubx64.efi"))?;
        "the image's signed shim and GRUB are on the EFI system partition"
    } else if let Some(tree) = tree {
        copy_tree(&tree, &efi.join("EFI"))?;
        "the image's own EFI folder is on the EFI system partition; it need not be signed"
    } else if root.join(WHOLE_GRUB).is_file() {
        copy(&root.join(WHOLE_GRUB), &boot.join("BOOTX64.EFI"))?;
        "the image's GRUB is on the EFI system partition; it is not signed, so Secure Boot must be off"
    } else {
        return Err(BootError::NoLoader {
            firmware: "UEFI",
            lacks: "usr/lib/shim/shimx64.efi.signed and usr/lib/grub/x86_64-efi-signed/\
                    grubx64.efi.signed (the packages shim-signed and grub-efi-amd64-signed)",
        });
    };
    let config = finder(&applied.identity.uuid);
    for vendor in vendors(root) {
        write(&efi.join("EFI").join(vendor).join("grub.cfg"), &config)?;
    }
    sync(efi)?;
    Ok(said.to_owned())
}

/// The folders in which GRUB looks for its configuration: that of Debian, and that of Ubuntu.
fn vendors(root: &Path) -> Vec<&'static str> {
    let is_ubuntu = field(root, "ID").is_some_and(|id| id == "ubuntu");
    if is_ubuntu { vec!["ubuntu", "debian"] } else { vec!["debian"] }
}

fn loader_in(tree: &Path) -> Option<PathBuf> {
    let names = ["BOOT/BOOTX64.EFI", "boot/bootx64.efi", "Boot/bootx64.efi"];
    names.map(|name| tree.join(name)).into_iter().find(|path| path.is_file())
}

fn copy(from: &Path, to: &Path) -> Result<(), BootError> {
    fs::copy(from, to).map(drop).map_err(|source| BootError::io("copy", from, source))
}

fn copy_tree(from: &Path, to: &Path) -> Result<(), BootError> {
    fs::create_dir_all(to).map_err(|source| BootError::io("create", to, source))?;
    for entry in fs::read_dir(from).map_err(|source| BootError::io("list", from, source))? {
        let entry = entry.map_err(|source| BootError::io("list", from, source))?;
        let (path, target) = (entry.path(), to.join(entry.file_name()));
        if path.is_dir() { copy_tree(&path, &target)? } else { copy(&path, &target)? }
    }
    Ok(())
}
