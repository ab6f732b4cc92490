use std::sync::Arc;

use image::ByteCount;
use image::partition::SECTOR;

use crate::LayoutError;
use crate::boot::info_table;

/// A point in time in seconds since 1970-01-01T00:00:00 UTC, leap seconds not counted.
///
/// Images can hold the years 1900 to 2155.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub i64);

/// What an image shall hold besides the files.
///
/// The default has all four namespaces, no boot entries, empty identifiers, and lies at the start
/// of 1970.
#[derive(Clone, Debug)]
pub struct IsoOptions {
    /// The volume's name: at most 32 UTF-16 units, no control characters.
    ///
    /// UDF holds it as it is. Joliet holds its first 16 units. The ISO 9660 volume identifier
    /// holds it in upper case with `_` for everything but letters and digits.
    pub volume_label: String,
    /// The time of every volume, file and directory of the image.
    pub created: Timestamp,
    /// What makes this image another than the next one: a digest of its content, say.
    ///
    /// The UDF volume set identifier, the GUIDs of the GPT and the MBR disk signature derive from
    /// it.
    pub serial: [u8; 16],
    /// Whether there is a Joliet tree: names of up to 64 UTF-16 units.
    pub joliet: bool,
    /// Whether the ISO 9660 tree has Rock Ridge entries: POSIX names and permissions.
    pub rock_ridge: bool,
    /// Whether there is a UDF 1.02 file system over the same file data.
    pub udf: bool,
    /// Who publishes the volume (ECMA-119 §8.4.20); at most 128 characters count.
    pub publisher: String,
    /// Who prepared the data (ECMA-119 §8.4.21); at most 128 characters count.
    pub data_preparer: String,
    /// What the data is for (ECMA-119 §8.4.22); at most 128 characters count.
    pub application: String,
    /// What firmware starts from.
    pub boot: BootOptions,
    /// Whether the image shall also start when it is written to a stick or disk as it is.
    ///
    /// It then has an MBR and, with a UEFI boot image, a GPT whose EFI system partition is that
    /// image. Needs a BIOS boot image with [`BiosBoot::mbr_code`] or a UEFI boot image.
    pub hybrid: bool,
}

impl Default for IsoOptions {
    fn default() -> Self {
        Self {
            volume_label: String::new(),
            created: Timestamp::default(),
            serial: [0; 16],
            joliet: true,
            rock_ridge: true,
            udf: true,
            publisher: String::new(),
            data_preparer: String::new(),
            application: String::new(),
            boot: BootOptions::default(),
            hybrid: false,
        }
    }
}

/// The entries of the El Torito boot catalog. The default has none.
#[derive(Clone, Debug, Default)]
pub struct BootOptions {
    /// What a PC BIOS starts.
    pub bios: Option<BiosBoot>,
    /// What UEFI firmware starts.
    pub uefi: Option<UefiBoot>,
}

/// A boot image for a PC BIOS, started without emulation.
#[derive(Clone, Debug)]
pub struct BiosBoot {
    /// Where in the tree the boot image lies.
    pub image: String,
    /// How many sectors of 512 bytes the BIOS loads: 4 for ISOLINUX and GRUB, 8 for `etfsboot.com`.
    pub load_sectors: u16,
    /// Whether bytes 8 to 63 of the image are replaced by the boot information table, which
    /// ISOLINUX and GRUB need. The file must be [`image::FileData::Bytes`].
    pub boot_info_table: bool,
    /// Whether bytes 2548 to 2555 are replaced by the place of the rest of the image, which GRUB 2
    /// needs. The file must be [`image::FileData::Bytes`].
    pub grub2_boot_info: bool,
    /// The code that starts the image from a disk; without it a hybrid image starts only under
    /// UEFI.
    pub mbr_code: Option<MbrCode>,
}

impl BiosBoot {
    /// ISOLINUX at this path: 4 sectors and a boot information table.
    pub fn isolinux(image: impl Into<String>) -> Self {
        Self {
            image: image.into(),
            load_sectors: 4,
            boot_info_table: true,
            grub2_boot_info: false,
            mbr_code: None,
        }
    }

    /// GRUB 2's `eltorito.img` at this path: 4 sectors and both tables.
    pub fn grub2(image: impl Into<String>) -> Self {
        Self { grub2_boot_info: true, ..Self::isolinux(image) }
    }

    /// The fewest bytes of a boot image that can start: the sectors that the BIOS loads, and the
    /// tables in it.
    pub fn min_len(&self) -> ByteCount {
        let loaded = u64::from(self.load_sectors) * SECTOR;
        let tables = match (self.grub2_boot_info, self.boot_info_table) {
            (true, _) => info_table::GRUB2_END,
            (false, true) => info_table::TABLE_END,
            (false, false) => 0,
        };
        ByteCount(loaded.max(tables as u64).max(1))
    }

    /// `etfsboot.com` of Windows at this path: 8 sectors and no tables.
    pub fn etfsboot(image: impl Into<String>) -> Self {
        Self { load_sectors: 8, boot_info_table: false, ..Self::isolinux(image) }
    }
}

/// A boot image for UEFI firmware: a FAT file system with `EFI/BOOT/BOOTX64.EFI` in it.
#[derive(Clone, Debug)]
pub struct UefiBoot {
    /// Where in the tree the image of the EFI system partition lies.
    pub image: String,
}

impl UefiBoot {
    /// The fewest bytes of a boot image that can start: a FAT file system has a boot sector.
    pub const MIN_LEN: ByteCount = ByteCount(SECTOR);
}

/// The code in an MBR that finds the boot image by the block number that is patched into it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MbrCode {
    pub(crate) code: Arc<[u8]>,
    /// What is added to the number of the boot image's first 512-byte sector.
    pub(crate) skip: u64,
}

impl MbrCode {
    /// The bytes of code before the block number.
    pub const LEN: usize = 432;

    /// The code of `isohdpfx.bin` of Syslinux, which starts the boot image at its beginning.
    ///
    /// `None` if there are fewer than 432 bytes; further ones are not used.
    pub fn isolinux(file: &[u8]) -> Option<Self> {
        Some(Self { code: file.get(..Self::LEN)?.into(), skip: 0 })
    }

    /// The code of `boot_hybrid.img` of GRUB 2, which skips the 4 sectors of `cdboot.img`.
    ///
    /// `None` if there are fewer than 432 bytes; further ones are not used.
    pub fn grub2(file: &[u8]) -> Option<Self> {
        Some(Self { code: file.get(..Self::LEN)?.into(), skip: 4 })
    }
}

impl IsoOptions {
    pub(crate) fn check(&self) -> Result<(), LayoutError> {
        let units = self.volume_label.encode_utf16().count();
        if units > 32 || self.volume_label.chars().any(char::is_control) {
            return Err(LayoutError::VolumeLabel { label: self.volume_label.clone() });
        }
        let bios = self.boot.bios.as_ref().is_some_and(|bios| bios.mbr_code.is_some());
        if self.hybrid && !bios && self.boot.uefi.is_none() {
            return Err(LayoutError::NothingToStart);
        }
        Ok(())
    }
}
