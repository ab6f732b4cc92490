//! The System Use Sharing Protocol and Rock Ridge (SUSP 1.12, RRIP 1.12).

use super::SECTOR;
use crate::read::bytes::{Both32, all_zero};
use crate::read::limits::MAX_CONTINUATIONS;
use crate::read::{ReadAt, ReadError, source};

const STRUCTURE: &str = "system use entry";

/// One system use entry (SUSP §4).
#[derive(Clone, Debug)]
pub(crate) struct SystemUseEntry {
    pub(crate) offset: u64,
    pub(crate) signature: [u8; 2],
    pub(crate) version: u8,
    /// What follows the four bytes of signature, length and version.
    pub(crate) data: Box<[u8]>,
}

/// A continuation area (SUSP §5.1): where the entries of a record go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Continuation {
    pub(crate) offset: u64,
    pub(crate) len: u64,
}

/// The system use entries of a record, those of its continuation areas included.
#[derive(Debug, Default)]
pub(crate) struct SystemUse {
    pub(crate) entries: Vec<SystemUseEntry>,
    pub(crate) continuations: Vec<Continuation>,
    /// Where behind the last entry of an area something else than a padding byte lies, for the
    /// verifier.
    pub(crate) odd_tail: Option<u64>,
}

impl SystemUse {
    /// Reads the entries of the system use field `field`, which lies at `offset`.
    ///
    /// A continuation must name an area behind every record's own, and each record has at most
    /// [`MAX_CONTINUATIONS`] of them, so an area that continues in itself ends.
    pub(crate) fn read(image: &dyn ReadAt, offset: u64, field: &[u8]) -> Result<Self, ReadError> {
        let mut all = Self::default();
        let mut next = all.take_area(offset, field)?;
        while let Some(area) = next {
            if all.continuations.len() >= MAX_CONTINUATIONS {
                return Err(ReadError::Limit {
                    structure: STRUCTURE,
                    offset: area.offset,
                    limit: MAX_CONTINUATIONS as u64,
                    what: "continuation areas of one record",
                });
            }
            if area.len > SECTOR {
                let reason = format!("a continuation area of {} bytes crosses a sector", area.len);
                return Err(ReadError::malformed(STRUCTURE, area.offset, reason));
            }
            all.continuations.push(area);
            let mut bytes = vec![0; area.len as usize];
            source::read_exact(image, STRUCTURE, area.offset, &mut bytes)?;
            next = all.take_area(area.offset, &bytes)?;
        }
        Ok(all)
    }

    fn take_area(&mut self, offset: u64, area: &[u8]) -> Result<Option<Continuation>, ReadError> {
        let mut at = 0;
        let mut continuation = None;
        let mut terminated = false;
        // A rest shorter than four bytes holds no entry (SUSP §4).
        while area.len() - at >= 4 && area[at] != 0 {
            let len = usize::from(area[at + 2]);
            let entry_offset = offset + at as u64;
            let Some(entry) = area.get(at..at + len).filter(|_| len >= 4) else {
                let reason = format!("an entry of {len} bytes does not fit");
                return Err(ReadError::malformed(STRUCTURE, entry_offset, reason));
            };
            let entry = SystemUseEntry {
                offset: entry_offset,
                signature: [entry[0], entry[1]],
                version: entry[3],
                data: entry[4..].into(),
            };
            at += len;
            match &entry.signature {
                b"CE" => continuation = Some(continuation_of(&entry)?),
                b"ST" => {
                    terminated = true;
                    break;
                }
                _ => self.entries.push(entry),
            }
        }
        let rest = &area[at..];
        if rest.len() >= 4 && !terminated || !all_zero(rest) {
            self.odd_tail.get_or_insert(offset + at as u64);
        }
        Ok(continuation)
    }

    pub(crate) fn get(&self, signature: &[u8; 2]) -> Option<&SystemUseEntry> {
        self.entries.iter().find(|entry| entry.signature == *signature)
    }

    /// The alternate name as text: bytes that are no UTF-8 become U+FFFD.
    pub(crate) fn name(&self) -> Option<String> {
        Some(String::from_utf8_lossy(&self.name_bytes()?).into_owned())
    }

    /// The alternate name (RRIP §4.1.4), None where there is none; `.` and `..` give None too.
    pub(crate) fn name_bytes(&self) -> Option<Vec<u8>> {
        let mut name = Vec::new();
        let mut found = false;
        for entry in self.entries.iter().filter(|entry| entry.signature == *b"NM") {
            let Some((&flags, part)) = entry.data.split_first() else { continue };
            if flags & 0x06 != 0 {
                return None;
            }
            found = true;
            name.extend_from_slice(part);
            if flags & 0x01 == 0 {
                break;
            }
        }
        found.then_some(name)
    }

    /// The block of a directory that was moved here from a deeper place (RRIP §4.1.5.1).
    pub(crate) fn child_link(&self) -> Option<u32> {
        let entry = self.get(b"CL").filter(|entry| entry.data.len() >= 8)?;
        Some(Both32::at(&entry.data, 0).little)
    }

    /// Whether the record is of a directory that is shown elsewhere (RRIP §4.1.5.3).
    pub(crate) fn is_relocated(&self) -> bool {
        self.get(b"RE").is_some()
    }
}

fn continuation_of(entry: &SystemUseEntry) -> Result<Continuation, ReadError> {
    if entry.data.len() != 24 {
        let reason = format!("a `CE` entry of {} bytes", entry.data.len() + 4);
        return Err(ReadError::malformed(STRUCTURE, entry.offset, reason));
    }
    let field = |at| u64::from(Both32::at(&entry.data, at).little);
    Ok(Continuation { offset: field(0) * SECTOR + field(8), len: field(16) })
}

/// The bytes that each system use field starts with by another protocol, if the root directory's
/// own record says that the sharing protocol is in use (SUSP §5.3, `SP`).
pub(crate) fn skipped_bytes(system_use: &[u8]) -> Option<u8> {
    match system_use {
        [b'S', b'P', 7, 1, 0xBE, 0xEF, skipped, ..] => Some(*skipped),
        _ => None,
    }
}
