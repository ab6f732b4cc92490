//! What of a boot image's tree the firmware has to find.

use std::collections::HashMap;
use std::fs;
use std::sync::Arc;

use content::{BlobId, BootPlatform, ContentId, Place, Problem};
use iso9660_writer::{BiosBoot, BootOptions, MbrCode, UefiBoot};

use crate::scan::Scan;
use crate::{Error, IoContext};

/// The files that a BIOS or UEFI firmware starts, found by their names in the tree.
///
/// | tree | BIOS | UEFI | stick under BIOS |
/// |---|---|---|---|
/// | GRUB | `boot/grub/bios.img` | `boot/grub/efi.img` | `boot/grub/boot_hybrid.img` |
/// | ISOLINUX | `isolinux/isolinux.bin` | `boot/grub/efi.img` | `isolinux/isohdpfx.bin` |
/// | Windows PE | `boot/etfsboot.com` | `efi/microsoft/boot/efisys.bin` | – |
///
/// Names are compared without regard to case.
#[derive(Clone, Debug, Default)]
pub struct BootTree {
    /// Which content the tree is.
    pub content: Option<ContentId>,
    /// The boot catalog's entries.
    pub boot: BootOptions,
    /// Files that an image holds with changes, and so as bytes of their own.
    pub patched: HashMap<BlobId, Arc<[u8]>>,
}

/// A boot image for the BIOS is some ten kilobytes; what is larger is not read into memory.
const BOOT_FILE_MAX: u64 = 16 << 20;

impl BootTree {
    /// Looks the boot files of a content up. A tree without any gives media that do not start by
    /// themselves; saying so is the caller's business ([`BootTree::starts`]).
    pub fn find(scan: &Scan, id: &ContentId) -> Result<Self, Error> {
        let mut tree = Self { content: Some(id.clone()), ..Self::default() };
        let Some(content) = scan.index.content(id) else { return Ok(tree) };
        let find =
            |wanted: &str| content.files.iter().find(|file| file.path.eq_ignore_ascii_case(wanted));
        let code = |path: &str| -> Result<Option<Arc<[u8]>>, Error> {
            find(path).map(|file| read(scan, file.blob)).transpose()
        };
        if let Some(file) = find("boot/grub/bios.img") {
            tree.patched.insert(file.blob, read(scan, file.blob)?);
            let mbr = code("boot/grub/boot_hybrid.img")?;
            let mbr_code = mbr.and_then(|mbr| MbrCode::grub2(&mbr));
            tree.boot.bios = Some(BiosBoot { mbr_code, ..BiosBoot::grub2(&*file.path) });
        } else if let Some(file) = find("isolinux/isolinux.bin") {
            tree.patched.insert(file.blob, read(scan, file.blob)?);
            let mbr = code("isolinux/isohdpfx.bin")?;
            let mbr_code = mbr.and_then(|mbr| MbrCode::isolinux(&mbr));
            tree.boot.bios = Some(BiosBoot { mbr_code, ..BiosBoot::isolinux(&*file.path) });
        } else if let Some(file) = find("boot/etfsboot.com") {
            tree.boot.bios = Some(BiosBoot::etfsboot(&*file.path));
        }
        tree.boot.uefi = ["boot/grub/efi.img", "efi/microsoft/boot/efisys.bin"]
            .into_iter()
            .find_map(find)
            .map(|file| UefiBoot { image: file.path.to_string() });
        Ok(tree)
    }

    /// Whether any firmware finds something to start.
    pub fn starts(&self) -> bool {
        self.boot.bios.is_some() || self.boot.uefi.is_some()
    }

    /// What a boot image of this platform lacks to be started, as far as names tell.
    pub fn problems(&self, scan: &Scan, platform: BootPlatform) -> Vec<Problem> {
        let Some(id) = &self.content else { return Vec::new() };
        let files = scan.index.content(id).map_or(&[][..], |content| &content.files);
        let has = |path: &str| files.iter().any(|file| file.path.eq_ignore_ascii_case(path));
        let (bios, uefi) = match platform {
            BootPlatform::WinPe => ("boot/etfsboot.com", "efi/microsoft/boot/efisys.bin"),
            BootPlatform::Linux => ("boot/grub/bios.img", "boot/grub/efi.img"),
        };
        let mut lacking = match (self.boot.bios.is_some(), self.boot.uefi.is_some()) {
            (true, true) => Vec::new(),
            (true, false) => vec![(format!("no `{uefi}`"), "start under UEFI")],
            (false, true) => vec![(format!("no `{bios}`"), "start under BIOS")],
            (false, false) => vec![(format!("neither `{bios}` nor `{uefi}`"), "start")],
        };
        if platform == BootPlatform::WinPe && !has("sources/boot.wim") {
            lacking.push(("no `sources/boot.wim`".to_owned(), "load Windows PE"));
        }
        let problem = |(files, what): (String, &str)| {
            let message = format!("the boot image has {files}, so the media do not {what}");
            Problem::warning("boot-image-incomplete", message)
                .remedy("put it there and run `tsmedia content update` for the boot image")
                .at(Place::object(id))
        };
        lacking.into_iter().map(problem).collect()
    }

    /// Whether an image starts from a stick too, when it is written to it as it is.
    pub fn starts_as_disk(&self) -> bool {
        self.boot.uefi.is_some()
            || self.boot.bios.as_ref().is_some_and(|bios| bios.mbr_code.is_some())
    }
}

fn read(scan: &Scan, blob: BlobId) -> Result<Arc<[u8]>, Error> {
    let path = scan.sources.path(&scan.index, blob);
    if scan.index.blob(blob).size.0 > BOOT_FILE_MAX {
        let message = format!("is larger than a boot sector file can be ({BOOT_FILE_MAX} bytes)");
        return Err(Error::Input { path, message });
    }
    let bytes = fs::read(&path).at("read", &path)?;
    if bytes.len() as u64 != scan.index.blob(blob).size.0 {
        return Err(Error::Changed { path });
    }
    Ok(bytes.into())
}
