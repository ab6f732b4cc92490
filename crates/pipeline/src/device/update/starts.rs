//! What starts from a stick whose files were updated: its boot code stays as it is.

use fat32_writer::GrubImages;
use image::read::ReadAt;

/// The bytes of an MBR that are code.
const CODE: usize = 440;

const SECTOR: u64 = 512;

/// How far behind the MBR core images are looked for: the largest distance of a volume that our
/// images have.
const CORE_END_MAX: u64 = 2 << 20;

/// Code for a BIOS: of the MBR, and of what it loads from before the volume.
#[derive(Debug, PartialEq, Eq)]
pub struct BootCode {
    mbr: Vec<u8>,
    core: Vec<u8>,
    volume: u64,
}

impl BootCode {
    /// The code of an image or device whose volume starts at `volume`; `None` if there is none, or
    /// not of the kind that our images have.
    pub fn read(image: &dyn ReadAt, volume: u64) -> Option<Self> {
        let mut mbr = vec![0; CODE];
        image.read_exact_at(0, &mut mbr).ok()?;
        if volume == 0 || mbr.iter().all(|byte| *byte == 0) {
            return None;
        }
        let start = GrubImages::core_sector_in(&mbr)?.checked_mul(SECTOR)?;
        let len = volume.min(CORE_END_MAX).checked_sub(start)?;
        let mut core = vec![0; len as usize];
        image.read_exact_at(start, &mut core).ok()?;
        Some(Self { mbr, core, volume })
    }
}
