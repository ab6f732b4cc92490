//! What of a boot image's tree the firmware has to find.

use std::collections::HashMap;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use content::{BlobId, BootPlatform, ContentId, IndexedContent, IndexedFile, Place, Problem};
use fat32_writer::GrubImages;
use image::ByteCount;
use iso9660_writer::{BiosBoot, BootOptions, MbrCode, UefiBoot};

use crate::boot_runtime::INITRAMFS;
use crate::compose::Format;
use crate::scan::Scan;
use crate::{ContentProblem, Error, IoContext};

/// The files that a BIOS or UEFI firmware starts, found by their names in the tree.
///
/// | tree | disc, BIOS | disc, UEFI | hybrid disc image as stick, BIOS |
/// |---|---|---|---|
/// | GRUB | `boot/grub/bios.img` | `boot/grub/efi.img` | `boot/grub/boot_hybrid.img` |
/// | ISOLINUX | `isolinux/isolinux.bin` | `boot/grub/efi.img` | `isolinux/isohdpfx.bin` |
/// | Windows PE | `boot/etfsboot.com` | `efi/microsoft/boot/efisys.bin` | – |
///
/// From a FAT32 volume a BIOS starts `boot/grub/i386-pc/boot.img` with `core.img` beside it, and
/// UEFI firmware `EFI/BOOT/BOOTX64.EFI`.
///
/// Names are compared without regard to case.
#[derive(Clone, Debug, Default)]
pub struct BootTree {
    /// Which content the tree is.
    pub content: Option<ContentId>,
    /// Its files as they are on media, with the runtime where there is one.
    pub files: Vec<IndexedFile>,
    /// The boot catalog's entries.
    pub boot: BootOptions,
    /// Files that an image holds with changes, and so as bytes of their own.
    pub patched: HashMap<BlobId, Arc<[u8]>>,
    /// What a BIOS starts from a FAT32 volume.
    pub grub: Option<GrubImages>,
    /// Whether UEFI firmware finds a loader on a FAT32 volume.
    pub has_efi_loader: bool,
}

/// What UEFI firmware starts from a removable medium (UEFI 2.10, section 3.5.1.1).
const EFI_LOADERS: [&str; 3] =
    ["EFI/BOOT/BOOTX64.EFI", "EFI/BOOT/BOOTIA32.EFI", "EFI/BOOT/BOOTAA64.EFI"];

const GRUB_BOOT: &str = "boot/grub/i386-pc/boot.img";
const GRUB_CORE: &str = "boot/grub/i386-pc/core.img";

/// A boot image for the BIOS is some ten kilobytes; what is larger is not read into memory.
const BOOT_FILE_MAX: u64 = 16 << 20;

impl BootTree {
    /// Looks up what of a content is started from such an image. A tree without any gives media
    /// that do not start by themselves; saying so is the caller's business
    /// ([`BootTree::problems`]).
    pub fn find(scan: &Scan, id: &ContentId, format: Format) -> Result<Self, Error> {
        let mut tree = Self { content: Some(id.clone()), ..Self::default() };
        let Some(content) = scan.index.content(id) else { return Ok(tree) };
        tree.files = match scan.runtimes.get(id) {
            Some(runtime) => runtime.with(&content.files),
            None => content.files.clone(),
        };
        let find =
            |wanted: &str| content.files.iter().find(|file| file.path.eq_ignore_ascii_case(wanted));
        let code = |path: &str| -> Result<Option<Arc<[u8]>>, Error> {
            find(path).map(|file| read(scan, file.blob)).transpose()
        };
        if format != Format::Iso {
            tree.has_efi_loader = EFI_LOADERS.into_iter().any(|path| find(path).is_some());
            if let (Some(boot), Some(core)) = (code(GRUB_BOOT)?, code(GRUB_CORE)?) {
                let images = GrubImages::new(&boot, &core).map_err(|problem| Error::Input {
                    path: PathBuf::from(id.as_str()).join(GRUB_CORE),
                    message: problem.to_string(),
                })?;
                tree.grub = Some(images);
            }
            return Ok(tree);
        }
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
        if let Some(bios) = &tree.boot.bios {
            require_whole(scan, content, &bios.image, bios.min_len())?;
        }
        tree.boot.uefi = ["boot/grub/efi.img", "efi/microsoft/boot/efisys.bin"]
            .into_iter()
            .find_map(find)
            .map(|file| UefiBoot { image: file.path.to_string() });
        if let Some(uefi) = &tree.boot.uefi {
            require_whole(scan, content, &uefi.image, UefiBoot::MIN_LEN)?;
        }
        Ok(tree)
    }

    /// Whether any firmware finds something to start.
    pub fn starts(&self, format: Format) -> bool {
        let (bios, uefi) = self.firmwares(format);
        bios || uefi
    }

    /// Whether a BIOS and UEFI firmware find something to start.
    fn firmwares(&self, format: Format) -> (bool, bool) {
        match format {
            Format::Iso => (self.boot.bios.is_some(), self.boot.uefi.is_some()),
            Format::Fat32(_) => (self.grub.is_some(), self.has_efi_loader),
            // Whoever applies it to a disk makes that start under a BIOS.
            Format::Wim => (true, self.has_efi_loader),
        }
    }

    /// What a boot image of this platform lacks to be started, as far as names tell.
    pub fn problems(&self, scan: &Scan, platform: BootPlatform, format: Format) -> Vec<Problem> {
        let Some(id) = &self.content else { return Vec::new() };
        let has = |path: &str| self.files.iter().any(|file| file.path.eq_ignore_ascii_case(path));
        let (bios, uefi) = match (format, platform) {
            (Format::Iso, BootPlatform::WinPe) => {
                ("boot/etfsboot.com", "efi/microsoft/boot/efisys.bin")
            }
            (Format::Iso, BootPlatform::Linux) => ("boot/grub/bios.img", "boot/grub/efi.img"),
            (_, _) if format != Format::Iso && has(GRUB_CORE) => (GRUB_BOOT, EFI_LOADERS[0]),
            (Format::Fat32(_) | Format::Wim, _) => (GRUB_CORE, EFI_LOADERS[0]),
        };
        let mut lacking = match self.firmwares(format) {
            (true, true) => Vec::new(),
            // No boot sector of Windows is ours to give: such sticks start under UEFI.
            (false, true) if platform == BootPlatform::WinPe && format != Format::Iso => Vec::new(),
            (true, false) => vec![(format!("no `{uefi}`"), "start under UEFI")],
            (false, true) => vec![(format!("no `{bios}`"), "start under BIOS")],
            (false, false) => vec![(format!("neither `{bios}` nor `{uefi}`"), "start")],
        };
        if platform == BootPlatform::WinPe && !has("sources/boot.wim") {
            lacking.push(("no `sources/boot.wim`".to_owned(), "load Windows PE"));
        }
        if scan.runtimes.get(id).is_some_and(|runtime| !runtime.is_started()) {
            lacking.push((format!("no `{INITRAMFS}`"), "start the runtime"));
        }
        let problem = |(files, what): (String, &str)| {
            let message = format!("the boot image has {files}, so the media do not {what}");
            Problem::warning("boot-image-incomplete", message)
                .remedy(format!("put it there and run `tsmedia content update {id}`"))
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

/// Refuses a file that is too short to be started: a firmware would run whatever lies behind it.
fn require_whole(
    scan: &Scan,
    content: &IndexedContent,
    path: &str,
    min: ByteCount,
) -> Result<(), Error> {
    let file = content.files.iter().find(|file| &*file.path == path);
    let Some(len) = file.map(|file| scan.index.size(file)).filter(|len| *len < min) else {
        return Ok(());
    };
    let reason = format!(
        "has {len} bytes, and what firmware starts has at least {min}; put the whole file there, \
         or remove it"
    );
    let (content, path) = (content.id.clone(), path.into());
    Err(Error::Content(vec![ContentProblem { content, path, reason }]))
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
