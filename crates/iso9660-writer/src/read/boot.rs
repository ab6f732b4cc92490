//! The El Torito boot catalog (El Torito 1.0, UEFI 2.10 §13.3.2.1).

use super::bytes::{all_zero, array, le16, le32};
use super::iso::SECTOR;
use super::iso::volume_descriptor::Descriptors;
use super::{ReadAt, ReadError, source};

const STRUCTURE: &str = "El Torito boot catalog";

/// The length of an entry of the catalog in bytes.
pub(crate) const ENTRY_LEN: usize = 32;

/// For whom a boot image is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Platform {
    /// 80x86 with a BIOS (0).
    Bios,
    /// UEFI (0xEF).
    Uefi,
    /// Any other number.
    Other(u8),
}

impl From<u8> for Platform {
    fn from(id: u8) -> Self {
        match id {
            0 => Self::Bios,
            0xEF => Self::Uefi,
            other => Self::Other(other),
        }
    }
}

/// A boot image that the catalog names (El Torito figures 3 and 5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BootEntry {
    /// Where the entry lies, in bytes from the start of the image.
    pub offset: u64,
    /// For whom it is meant: that of the validation entry or of its section.
    pub platform: Platform,
    /// Boot Indicator: 0x88 bootable, 0 not.
    pub indicator: u8,
    /// Boot Media Type: 0 no emulation.
    pub media: u8,
    /// Load Segment; 0 means 0x7C0.
    pub load_segment: u16,
    /// System Type, a copy of the boot image's partition type.
    pub system_type: u8,
    /// Sector Count, in units of 512 bytes.
    pub sector_count: u16,
    /// Load RBA: the first sector of the boot image, in units of 2048 bytes.
    pub load_sector: u32,
}

impl BootEntry {
    /// Where the boot image starts, in bytes from the start of the image.
    pub fn load_offset(&self) -> u64 {
        u64::from(self.load_sector) * SECTOR
    }
}

/// The boot catalog.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BootCatalog {
    /// Where it lies, in bytes from the start of the image.
    pub offset: u64,
    /// The id string of the validation entry.
    pub id: String,
    /// The default entry first.
    pub entries: Vec<BootEntry>,
}

/// What is wrong with a catalog, for the verifier: the place and the reason.
pub(crate) type CatalogFault = (CatalogRule, u64, String);

/// Which rule of the catalog is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CatalogRule {
    Checksum,
    Validation,
    Section,
}

impl BootCatalog {
    /// Reads the catalog, None if the image has no El Torito boot record.
    ///
    /// Only its first sector is read, as UEFI firmware does: 64 entries are more than any image
    /// has.
    pub fn read(image: &dyn ReadAt) -> Result<Option<Self>, ReadError> {
        let descriptors = Descriptors::read(image)?;
        let Some(record) = descriptors.el_torito() else { return Ok(None) };
        let offset = u64::from(record.boot_catalog()) * SECTOR;
        let mut sector = [0; SECTOR as usize];
        source::read_exact(image, STRUCTURE, offset, &mut sector)?;
        let (catalog, faults) = Self::parse(offset, &sector);
        match faults.into_iter().next() {
            None => Ok(Some(catalog)),
            Some((_, offset, reason)) => Err(ReadError::malformed(STRUCTURE, offset, reason)),
        }
    }

    /// Takes what can be taken from the catalog's first sector, with everything that is wrong.
    pub(crate) fn parse(offset: u64, sector: &[u8; SECTOR as usize]) -> (Self, Vec<CatalogFault>) {
        let mut faults = Vec::new();
        let validation = &sector[..ENTRY_LEN];
        if validation[0] != 1 || validation[30..32] != [0x55, 0xAA] {
            let reason = "no validation entry with header 1 and key 55 AA".to_owned();
            faults.push((CatalogRule::Validation, offset, reason));
        }
        let sum =
            (0..ENTRY_LEN).step_by(2).fold(0u16, |sum, at| sum.wrapping_add(le16(validation, at)));
        if sum != 0 {
            let reason = format!("the words of the validation entry add up to {sum:#06x}, not 0");
            faults.push((CatalogRule::Checksum, offset, reason));
        }
        let mut entries = vec![BootEntry::parse(offset, sector, 1, validation[1].into())];
        sections(offset, sector, &mut entries, &mut faults);
        let id = super::bytes::latin1(&validation[4..28]);
        (Self { offset, id, entries }, faults)
    }
}

/// Takes the sections behind the default entry: a header with indicator 0x90, the last one 0x91,
/// then as many entries as it says (El Torito §2.3). A catalog of one entry has no section.
fn sections(
    offset: u64,
    sector: &[u8; SECTOR as usize],
    entries: &mut Vec<BootEntry>,
    faults: &mut Vec<CatalogFault>,
) {
    let slots = sector.len() / ENTRY_LEN;
    let mut slot = 2;
    let mut last_seen = false;
    while slot < slots {
        let header = &sector[slot * ENTRY_LEN..(slot + 1) * ENTRY_LEN];
        let at = offset + (slot * ENTRY_LEN) as u64;
        if header[0] == 0 {
            break;
        }
        if !matches!(header[0], 0x90 | 0x91) || last_seen {
            let reason = format!("header indicator {:#04x} where no section can begin", header[0]);
            faults.push((CatalogRule::Section, at, reason));
            return;
        }
        last_seen = header[0] == 0x91;
        let count = usize::from(le16(header, 2));
        if slot + count >= slots {
            let reason = format!("a section of {count} entries leaves the catalog's sector");
            faults.push((CatalogRule::Section, at, reason));
            return;
        }
        for entry in slot + 1..=slot + count {
            entries.push(BootEntry::parse(offset, sector, entry, header[1].into()));
        }
        slot += 1 + count;
    }
    if slot > 2 && !last_seen {
        let reason = "no section header is marked as the last".to_owned();
        faults.push((CatalogRule::Section, offset, reason));
    }
    if !all_zero(&sector[slot * ENTRY_LEN..]) {
        let reason = "bytes behind the last entry that are not zero".to_owned();
        faults.push((CatalogRule::Section, offset + (slot * ENTRY_LEN) as u64, reason));
    }
}

impl BootEntry {
    fn parse(offset: u64, sector: &[u8], slot: usize, platform: Platform) -> Self {
        let at = slot * ENTRY_LEN;
        let bytes: [u8; ENTRY_LEN] = array(sector, at);
        Self {
            offset: offset + at as u64,
            platform,
            indicator: bytes[0],
            media: bytes[1],
            load_segment: le16(&bytes, 2),
            system_type: bytes[4],
            sector_count: le16(&bytes, 6),
            load_sector: le32(&bytes, 8),
        }
    }
}
