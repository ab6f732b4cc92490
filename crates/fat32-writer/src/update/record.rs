//! The sectors before the FATs, and the first entries of the FATs.

use super::{Editor, Write};
use crate::read::bytes::le32;
use crate::read::fat::STRUCTURE;
use crate::read::{ReadError, source};

/// Whether a volume is being written to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Clean,
    Dirty,
}

/// Where the state stands in the boot sector (BS_Reserved1), and its bit.
const STATE: usize = 65;
const STATE_DIRTY: u8 = 1;

/// Where the label stands in the boot sector (BS_VolLab).
const LABEL: usize = 71;

/// The bit of the second FAT entry that says: not being written to.
const CLEAN: u32 = 0x0800_0000;

/// The boot sector and FSInfo, each with its copy if it has one.
pub(super) struct BootRecord {
    boot: Vec<Sector>,
    info: Vec<Sector>,
}

/// A sector as it is and as it shall be.
struct Sector {
    offset: u64,
    before: Vec<u8>,
    bytes: Vec<u8>,
}

impl Sector {
    fn read(editor: &Editor<'_>, offset: u64) -> Result<Self, ReadError> {
        let mut bytes = vec![0; editor.geometry.sector as usize];
        source::read_exact(editor.image, "boot record", offset, &mut bytes)?;
        Ok(Self { offset, before: bytes.clone(), bytes })
    }

    fn set(&mut self, at: usize, bytes: &[u8]) {
        self.bytes[at..at + bytes.len()].copy_from_slice(bytes);
    }

    fn change(self) -> Option<Write> {
        (self.bytes != self.before).then_some(Write { offset: self.offset, bytes: self.bytes })
    }
}

impl BootRecord {
    pub(super) fn read(editor: &Editor<'_>) -> Result<Self, ReadError> {
        let sector = |number: u16| {
            Sector::read(
                editor,
                editor.geometry.volume + u64::from(number) * editor.geometry.sector,
            )
        };
        let boot_sector = &editor.boot_sector;
        let is_there = |number: u16| number != 0 && number < boot_sector.reserved_sectors;
        let backup = Some(boot_sector.backup).filter(|&number| is_there(number));
        let mut boot = vec![sector(0)?];
        if let Some(number) = backup {
            let copy = sector(number)?;
            // Some formatters name a place and leave it empty.
            boot.extend(Some(copy).filter(|copy| copy.bytes[510..512] == [0x55, 0xAA]));
        }
        let mut info = Vec::new();
        if is_there(boot_sector.fs_info) {
            let copy = backup.and_then(|backup| backup.checked_add(boot_sector.fs_info));
            for number in [Some(boot_sector.fs_info), copy.filter(|&number| is_there(number))] {
                let Some(number) = number else { continue };
                let found = sector(number)?;
                info.extend(Some(found).filter(|found| found.bytes[..4] == *b"RRaA"));
            }
        }
        Ok(Self { boot, info })
    }

    pub(super) fn set_label(&mut self, label: [u8; 11]) {
        self.boot.iter_mut().for_each(|sector| sector.set(LABEL, &label));
    }

    pub(super) fn set_free(&mut self, free: u32, next: u32) {
        for sector in &mut self.info {
            sector.set(488, &free.to_le_bytes());
            sector.set(492, &next.to_le_bytes());
        }
    }

    /// What differs from what is there, with the volume marked so. A dirty volume is marked before
    /// anything else, a clean one last.
    pub(super) fn marked(
        mut self,
        editor: &Editor<'_>,
        state: State,
    ) -> Result<Vec<Write>, ReadError> {
        for sector in &mut self.boot {
            let bits = sector.bytes[STATE] & !STATE_DIRTY;
            sector.bytes[STATE] = if state == State::Dirty { bits | STATE_DIRTY } else { bits };
        }
        let mut writes: Vec<Write> = self.info.into_iter().filter_map(Sector::change).collect();
        for copy in 0..u64::from(editor.geometry.fats) {
            let offset = editor.geometry.fat + copy * editor.geometry.fat_len;
            let mut bytes = vec![0; editor.geometry.sector as usize];
            source::read_exact(editor.image, STRUCTURE, offset, &mut bytes)?;
            let mut sector = Sector { offset, before: bytes.clone(), bytes };
            let entry = le32(&sector.bytes, 4);
            let entry = if state == State::Dirty { entry & !CLEAN } else { entry | CLEAN };
            sector.set(4, &entry.to_le_bytes());
            writes.extend(sector.change());
        }
        writes.extend(self.boot.into_iter().filter_map(Sector::change));
        Ok(writes)
    }
}
