//! The headers of PE images, as far as firmware and Authenticode look at them.
//!
//! Source: Microsoft's "PE Format"; the parts of it that are hashed stand in "Windows Authenticode
//! Portable Executable Signature Format" of 2008.

use std::fmt;
use std::ops::Range;

use thiserror::Error;

use super::bytes::{le16, le32};

/// Of what a loader is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Architecture {
    /// Intel, 32 bits.
    X86,
    /// AMD and Intel, 64 bits.
    X64,
    /// ARM, 32 bits.
    Arm,
    /// ARM, 64 bits.
    Arm64,
    /// Another one, by its machine number.
    Other(u16),
}

impl Architecture {
    fn of_machine(machine: u16) -> Self {
        match machine {
            0x014C => Self::X86,
            0x8664 => Self::X64,
            0x01C0 | 0x01C2 | 0x01C4 => Self::Arm,
            0xAA64 => Self::Arm64,
            other => Self::Other(other),
        }
    }
}

impl fmt::Display for Architecture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::X86 => f.write_str("x86"),
            Self::X64 => f.write_str("x64"),
            Self::Arm => f.write_str("arm"),
            Self::Arm64 => f.write_str("arm64"),
            Self::Other(machine) => write!(f, "machine {machine:#06x}"),
        }
    }
}

/// Why bytes are no PE image that can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PeError {
    /// It does not begin as a PE image does.
    #[error("is no PE image: {0}")]
    NotPe(&'static str),
    /// A structure ends behind the end of the file.
    #[error("is cut off: {structure} at byte {offset} ends behind the end of the file")]
    Truncated {
        /// What was being read.
        structure: &'static str,
        /// Where it starts, in bytes from the start of the file.
        offset: usize,
    },
    /// What is to be hashed would be hashed twice.
    #[error("has sections that overlap or are longer than the file")]
    Overlap,
}

/// A section (section table, 40 bytes each).
#[derive(Clone, Debug, PartialEq, Eq)]
struct Section {
    name: [u8; 8],
    data: Range<usize>,
}

/// A PE image whose headers have been read.
#[derive(Clone, Debug)]
pub struct PeImage<'a> {
    bytes: &'a [u8],
    /// Machine of the COFF header.
    pub architecture: Architecture,
    /// Subsystem of the optional header: 10 to 12 for programs of EFI.
    pub subsystem: u16,
    checksum_at: usize,
    security_at: usize,
    headers_end: usize,
    sections: Vec<Section>,
    /// Where the string table lies, if there is one: behind the symbols.
    strings: usize,
    /// Where the attribute certificate table lies; empty without one.
    certificates: Range<usize>,
}

/// An entry of the attribute certificate table (WIN_CERTIFICATE).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WinCertificate<'a> {
    /// wRevision: 0x0200.
    pub revision: u16,
    /// wCertificateType: 2 for PKCS #7 SignedData.
    pub kind: u16,
    /// bCertificate; may have zeros at its end.
    pub data: &'a [u8],
}

const COFF_LEN: usize = 20;
const SECTION_LEN: usize = 40;
const SYMBOL_LEN: usize = 18;
/// IMAGE_DIRECTORY_ENTRY_SECURITY.
const SECURITY: usize = 4;
/// IMAGE_SUBSYSTEM_EFI_APPLICATION.
const EFI_APPLICATION: u16 = 10;

/// More signatures than any loader has: a list of entries without content is not read for ever.
const CERTIFICATES_MAX: usize = 32;

impl<'a> PeImage<'a> {
    /// Reads the headers.
    ///
    /// # Errors
    ///
    /// [`PeError`] if it is no PE image, or if a header or the certificate table leaves the file.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, PeError> {
        if !bytes.starts_with(b"MZ") {
            return Err(PeError::NotPe("it does not begin with `MZ`"));
        }
        let pe = le32(bytes, 0x3C).ok_or(cut("the DOS header", 0))? as usize;
        if bytes.get(pe..pe.saturating_add(4)) != Some(b"PE\0\0") {
            return Err(PeError::NotPe("no `PE` stands where the DOS header says"));
        }
        let coff = pe + 4;
        let optional = coff + COFF_LEN;
        let field = |at: usize| le16(bytes, at).ok_or(cut("the COFF header", coff));
        let (machine, count, optional_len) = (field(coff)?, field(coff + 2)?, field(coff + 16)?);
        let cut_optional = cut("the optional header", optional);
        let magic = le16(bytes, optional).ok_or(cut_optional)?;
        let directories = match magic {
            0x10B => 96,
            0x20B => 112,
            _ => return Err(PeError::NotPe("its optional header is of an unknown kind")),
        };
        let word = |at: usize| le32(bytes, optional + at).ok_or(cut_optional);
        let security_at = optional + directories + SECURITY * 8;
        // An image without this directory has no signature, and cannot get one.
        if (word(directories - 4)? as usize) <= SECURITY {
            return Err(PeError::NotPe("it has no directory of certificates"));
        }
        let certificates = range(
            le32(bytes, security_at).ok_or(cut_optional)?,
            le32(bytes, security_at + 4).ok_or(cut_optional)?,
        );
        if certificates.end > bytes.len() {
            return Err(cut("the certificate table", certificates.start));
        }
        let table = optional + usize::from(optional_len);
        let symbols = |at: usize| le32(bytes, coff + at).ok_or(cut("the COFF header", coff));
        let (symbols, symbol_count) = (symbols(8)? as usize, symbols(12)? as usize);
        Ok(Self {
            bytes,
            architecture: Architecture::of_machine(machine),
            subsystem: le16(bytes, optional + 68).ok_or(cut_optional)?,
            checksum_at: optional + 64,
            security_at,
            headers_end: word(60)? as usize,
            sections: sections(bytes, table, count.into())?,
            strings: symbols.saturating_add(symbol_count.saturating_mul(SYMBOL_LEN)),
            certificates,
        })
    }

    /// Whether firmware starts it: whether it is an application of EFI.
    pub fn is_efi_application(&self) -> bool {
        self.subsystem == EFI_APPLICATION
    }

    /// The bytes of the section of this name.
    pub fn section(&self, name: &str) -> Option<&'a [u8]> {
        let section = self.sections.iter().find(|section| self.is_named(section, name))?;
        self.bytes.get(section.data.clone())
    }

    /// A name of up to 8 characters stands in the section table; of a longer one its place in the
    /// string table, as GNU's tools write it, or else its beginning.
    fn is_named(&self, section: &Section, name: &str) -> bool {
        let trimmed = section.name.split(|byte| *byte == 0).next().unwrap_or_default();
        let Some(digits) = trimmed.strip_prefix(b"/") else {
            return trimmed == &name.as_bytes()[..name.len().min(section.name.len())];
        };
        let place = std::str::from_utf8(digits).ok().and_then(|digits| digits.parse().ok());
        let start = place.and_then(|place: usize| self.strings.checked_add(place));
        let text = start.and_then(|start| self.bytes.get(start..)).unwrap_or_default();
        text.strip_prefix(name.as_bytes()).is_some_and(|rest| rest.first() == Some(&0))
    }

    /// What Authenticode hashes, in order: everything but the checksum, the directory entry of the
    /// certificates and the certificates themselves.
    ///
    /// # Errors
    ///
    /// [`PeError`] if headers or sections leave the file or overlap.
    pub fn hashed(&self) -> Result<Vec<&'a [u8]>, PeError> {
        let after_security = self.security_at + 8;
        let headers = [
            0..self.checksum_at,
            self.checksum_at + 4..self.security_at,
            after_security..self.headers_end,
        ];
        let mut ranges: Vec<Range<usize>> = headers.into();
        let mut sections: Vec<_> =
            self.sections.iter().map(|section| section.data.clone()).collect();
        sections.retain(|section| !section.is_empty());
        sections.sort_by_key(|section| section.start);
        let sum = sections
            .iter()
            .try_fold(self.headers_end, |sum, section| sum.checked_add(section.len()));
        // What lies behind the sections counts too, up to the certificates.
        let end = self.bytes.len() - self.certificates.len();
        let sum = sum.filter(|sum| *sum <= end).ok_or(PeError::Overlap)?;
        ranges.extend(sections);
        ranges.push(sum..end);
        let slice = |range: Range<usize>| {
            let structure = "what is hashed";
            self.bytes.get(range.clone()).ok_or(cut(structure, range.start))
        };
        ranges.into_iter().map(slice).collect()
    }

    /// The entries of the certificate table. One that leaves the table ends it with an error.
    pub fn certificates(&self) -> Vec<Result<WinCertificate<'a>, PeError>> {
        let mut found = Vec::new();
        let mut at = self.certificates.start;
        while at + 8 <= self.certificates.end && found.len() < CERTIFICATES_MAX {
            let entry = self.certificate(at);
            let len = entry.as_ref().map_or(usize::MAX, |entry| entry.data.len() + 8);
            found.push(entry);
            // Entries begin at multiples of eight bytes.
            at = at.saturating_add(len).checked_next_multiple_of(8).unwrap_or(usize::MAX - 8);
        }
        found
    }

    fn certificate(&self, at: usize) -> Result<WinCertificate<'a>, PeError> {
        let wrong = cut("a certificate", at);
        let len = le32(self.bytes, at).ok_or(wrong)? as usize;
        let end = at.checked_add(len).filter(|end| *end <= self.certificates.end).ok_or(wrong)?;
        Ok(WinCertificate {
            revision: le16(self.bytes, at + 4).ok_or(wrong)?,
            kind: le16(self.bytes, at + 6).ok_or(wrong)?,
            data: self.bytes.get(at + 8..end).ok_or(wrong)?,
        })
    }
}

fn cut(structure: &'static str, offset: usize) -> PeError {
    PeError::Truncated { structure, offset }
}

fn range(start: u32, len: u32) -> Range<usize> {
    let start = start as usize;
    start..start.saturating_add(len as usize)
}

fn sections(bytes: &[u8], table: usize, count: usize) -> Result<Vec<Section>, PeError> {
    let wrong = cut("the section table", table);
    let entries = bytes.get(table..table + count * SECTION_LEN).ok_or(wrong)?;
    let section = |entry: &[u8]| -> Option<Section> {
        let name = entry.first_chunk::<8>()?;
        Some(Section { name: *name, data: range(le32(entry, 20)?, le32(entry, 16)?) })
    };
    entries.chunks_exact(SECTION_LEN).map(|entry| section(entry).ok_or(wrong)).collect()
}

#[cfg(test)]
mod tests;
