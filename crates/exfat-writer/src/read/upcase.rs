//! The up-case table of a volume (exFAT specification, section 7.2).

use super::bytes::le16;

/// The letters of a table.
const LETTERS: usize = 1 << 16;

/// The most bytes of a table: every letter by itself.
pub(crate) const LEN_MAX: u64 = 2 * LETTERS as u64;

/// What begins a run of letters that are their own upper case.
const RUN: u16 = 0xFFFF;

/// What each letter becomes.
pub(crate) struct UpcaseTable(Box<[u16]>);

impl UpcaseTable {
    /// Reads a table as it is stored. `None` if it says more or less than all letters.
    pub(crate) fn parse(bytes: &[u8]) -> Option<Self> {
        let mut table = Vec::with_capacity(LETTERS);
        let mut units = bytes.chunks_exact(2).map(|unit| le16(unit, 0));
        while let Some(unit) = units.next() {
            // The last letter looks like a run, and is its own upper case.
            if unit == RUN && table.len() < LETTERS - 1 {
                let end = table.len() + usize::from(units.next()?);
                if end > LETTERS {
                    return None;
                }
                table.extend((table.len()..end).map(|letter| letter as u16));
            } else {
                table.push(unit);
            }
        }
        (table.len() == LETTERS).then(|| Self(table.into()))
    }

    /// The table of a volume whose own cannot be read: the letters of ASCII.
    pub(crate) fn ascii() -> Self {
        let upper = |unit: u16| match unit {
            0x61..=0x7A => unit - 0x20,
            other => other,
        };
        Self((0..=u16::MAX).map(upper).collect())
    }

    /// A name in upper case.
    pub(crate) fn fold(&self, name: &[u16]) -> Vec<u16> {
        name.iter().map(|&unit| self.0[usize::from(unit)]).collect()
    }
}

/// TableChecksum (section 7.2.2).
pub(crate) fn checksum(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0, |sum, &byte| {
        let carried = if sum & 1 != 0 { 0x8000_0000 } else { 0 };
        (carried + (sum >> 1)).wrapping_add(u32::from(byte))
    })
}
