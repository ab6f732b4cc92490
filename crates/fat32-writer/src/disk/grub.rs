//! GRUB 2 for a BIOS: its two images and the places that say where the second one lies.

use std::sync::Arc;

use image::partition::{BOOT_CODE_LEN, SECTOR};

use super::CORE_LEN_MAX;

/// Where `boot.img` has the first sector of the core image: 8 bytes, little-endian.
const KERNEL_SECTOR: usize = 0x5C;

/// Where `boot.img` jumps over its check of the drive number. Two no-ops there let the check
/// happen, which helps with BIOSes that pass a wrong number for a disk.
const DRIVE_CHECK: usize = 0x66;
const NO_OPS: [u8; 2] = [0x90, 0x90];

/// Where the first sector of the core image says which sectors the rest is: the first sector in 8
/// bytes, their number in 2, and the segment to load them to in 2.
const BLOCK_LIST: usize = 0x1F4;

/// The segment behind that of the core image's first sector, which lies at 0x8000.
const REST_SEGMENT: u16 = 0x0820;

/// The images of GRUB 2 for the platform `i386-pc` that start from a disk.
///
/// The core image must find its configuration on the volume: `grub-mkimage` with the modules
/// `biosdisk`, `part_msdos` or `part_gpt`, and `fat`, and a prefix or an embedded configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GrubImages {
    boot: Arc<[u8]>,
    core: Arc<[u8]>,
}

/// Why two files are not the images of GRUB.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GrubProblem {
    /// The first one is no boot sector of 512 bytes with the mark 55 AA.
    #[error("`boot.img` is no boot sector of 512 bytes")]
    BootImage,
    /// The second one has no sector behind its first, which loads the others.
    #[error("`core.img` has {len} bytes, which are too few")]
    CoreTooShort {
        /// How many it has.
        len: u64,
    },
    /// The second one does not fit between the partition tables and the first partition.
    #[error("`core.img` has {len} bytes; it may have at most {max}")]
    CoreTooLong {
        /// How many it has.
        len: u64,
        /// How many it may have.
        max: u64,
    },
}

impl GrubImages {
    /// Where GRUB's `boot.img` in these first bytes of a disk says that its core image begins, in
    /// sectors of 512 bytes; `None` if they are too few. Whether they are GRUB's is not looked at.
    pub fn core_sector_in(boot: &[u8]) -> Option<u64> {
        let bytes = boot.get(KERNEL_SECTOR..KERNEL_SECTOR + 8)?;
        bytes.try_into().map(u64::from_le_bytes).ok()
    }

    /// Takes the bytes of `boot.img` and of a `core.img` that `grub-mkimage` made.
    ///
    /// # Errors
    ///
    /// What keeps them from being these.
    pub fn new(boot: &[u8], core: &[u8]) -> Result<Self, GrubProblem> {
        if boot.len() as u64 != SECTOR || !boot.ends_with(&[0x55, 0xAA]) {
            return Err(GrubProblem::BootImage);
        }
        let len = core.len() as u64;
        if len <= SECTOR {
            return Err(GrubProblem::CoreTooShort { len });
        }
        if len > CORE_LEN_MAX {
            return Err(GrubProblem::CoreTooLong { len, max: CORE_LEN_MAX });
        }
        Ok(Self { boot: boot.into(), core: core.into() })
    }

    /// The code for an MBR whose core image lies at `sector`.
    pub(super) fn code_for(&self, sector: u64) -> [u8; BOOT_CODE_LEN] {
        let mut code = [0; BOOT_CODE_LEN];
        code.copy_from_slice(&self.boot[..BOOT_CODE_LEN]);
        code[KERNEL_SECTOR..KERNEL_SECTOR + 8].copy_from_slice(&sector.to_le_bytes());
        code[DRIVE_CHECK..DRIVE_CHECK + 2].copy_from_slice(&NO_OPS);
        code
    }

    /// The core image for a place at `sector`, in whole sectors.
    pub(super) fn core_at(&self, sector: u64) -> Vec<u8> {
        let mut core = self.core.to_vec();
        core.resize(core.len().next_multiple_of(SECTOR as usize), 0);
        let rest = (core.len() / SECTOR as usize - 1) as u16;
        core[BLOCK_LIST..BLOCK_LIST + 8].copy_from_slice(&(sector + 1).to_le_bytes());
        core[BLOCK_LIST + 8..BLOCK_LIST + 10].copy_from_slice(&rest.to_le_bytes());
        core[BLOCK_LIST + 10..BLOCK_LIST + 12].copy_from_slice(&REST_SEGMENT.to_le_bytes());
        core
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn boot() -> Vec<u8> {
        let mut boot = vec![0xEB; 512];
        boot[510..].copy_from_slice(&[0x55, 0xAA]);
        boot
    }

    #[test]
    fn both_images_are_told_where_the_rest_lies() {
        let grub = GrubImages::new(&boot(), &[0x11; 1300]).unwrap();
        let code = grub.code_for(0x0102);
        assert_eq!(code[0x5B..0x69], [0xEB, 2, 1, 0, 0, 0, 0, 0, 0, 0xEB, 0xEB, 0x90, 0x90, 0xEB]);
        let core = grub.core_at(2048);
        assert_eq!(core.len(), 3 * 512);
        assert_eq!(core[0x1F3..0x201], [0x11, 1, 8, 0, 0, 0, 0, 0, 0, 2, 0, 0x20, 8, 0x11]);
        assert_eq!(core[1299..1302], [0x11, 0, 0]);
    }

    #[test]
    fn other_files_are_refused() {
        assert_eq!(GrubImages::new(&[0; 512], &[0; 2000]), Err(GrubProblem::BootImage));
        assert_eq!(GrubImages::new(&boot()[1..], &[0; 2000]), Err(GrubProblem::BootImage));
        let refused = |len: usize| GrubImages::new(&boot(), &vec![0; len]).unwrap_err();
        assert_eq!(refused(512), GrubProblem::CoreTooShort { len: 512 });
        let max = 2047 * 512;
        assert_eq!(
            refused(max + 1),
            GrubProblem::CoreTooLong { len: max as u64 + 1, max: max as u64 }
        );
        GrubImages::new(&boot(), &vec![0; max]).unwrap();
    }
}
