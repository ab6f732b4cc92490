use crate::read::bytes::{le16, le32};

/// Tag Identifiers (ECMA-167 3/7.2.1 and 4/7.2.1).
pub(crate) mod id {
    pub(crate) const PRIMARY_VOLUME: u16 = 1;
    pub(crate) const ANCHOR: u16 = 2;
    pub(crate) const IMPLEMENTATION_USE: u16 = 4;
    pub(crate) const PARTITION: u16 = 5;
    pub(crate) const LOGICAL_VOLUME: u16 = 6;
    pub(crate) const UNALLOCATED_SPACE: u16 = 7;
    pub(crate) const TERMINATING: u16 = 8;
    pub(crate) const INTEGRITY: u16 = 9;
    pub(crate) const FILE_SET: u16 = 256;
    pub(crate) const FILE_IDENTIFIER: u16 = 257;
    pub(crate) const FILE_ENTRY: u16 = 261;
    pub(crate) const EXTENDED_FILE_ENTRY: u16 = 266;
}

/// The length of a descriptor tag in bytes.
pub(crate) const TAG_LEN: usize = 16;

/// A descriptor tag (ECMA-167 3/7.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Tag {
    /// Tag Identifier (BP 0).
    pub(crate) id: u16,
    /// Descriptor Version (BP 2).
    pub(crate) version: u16,
    /// Tag Checksum (BP 4).
    pub(crate) checksum: u8,
    /// Reserved (BP 5), zero.
    pub(crate) reserved: u8,
    /// Tag Serial Number (BP 6).
    pub(crate) serial: u16,
    /// Descriptor CRC (BP 8).
    pub(crate) crc: u16,
    /// Descriptor CRC Length (BP 10).
    pub(crate) crc_len: u16,
    /// Tag Location (BP 12).
    pub(crate) location: u32,
}

/// What is wrong with a tag; the order is that in which a reader should look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TagFault {
    Checksum { recorded: u8, computed: u8 },
    Id { found: u16, expected: u16 },
    Version { found: u16 },
    CrcLength { len: u16, available: usize },
    Crc { recorded: u16, computed: u16 },
    Location { recorded: u32, expected: u32 },
}

impl Tag {
    /// Takes the tag at the start of `bytes`, which holds at least [`TAG_LEN`] of them.
    pub(crate) fn parse(bytes: &[u8]) -> Self {
        Self {
            id: le16(bytes, 0),
            version: le16(bytes, 2),
            checksum: bytes[4],
            reserved: bytes[5],
            serial: le16(bytes, 6),
            crc: le16(bytes, 8),
            crc_len: le16(bytes, 10),
            location: le32(bytes, 12),
        }
    }

    /// Checks the tag of `bytes` against its own sums and against what the place demands.
    pub(crate) fn check(bytes: &[u8], expected: u16) -> Result<Self, TagFault> {
        let tag = Self::parse(bytes);
        let computed = checksum(bytes);
        if tag.checksum != computed {
            return Err(TagFault::Checksum { recorded: tag.checksum, computed });
        }
        if tag.id != expected {
            return Err(TagFault::Id { found: tag.id, expected });
        }
        // Version 3 belongs to NSR03; foreign images of later revisions have it.
        if !matches!(tag.version, 2 | 3) {
            return Err(TagFault::Version { found: tag.version });
        }
        let Some(covered) = bytes.get(TAG_LEN..TAG_LEN + usize::from(tag.crc_len)) else {
            let available = bytes.len() - TAG_LEN;
            return Err(TagFault::CrcLength { len: tag.crc_len, available });
        };
        let computed = crc16(covered);
        if tag.crc != computed {
            return Err(TagFault::Crc { recorded: tag.crc, computed });
        }
        Ok(tag)
    }

    /// As [`Tag::check`], and the tag must say that it lies at `location`.
    pub(crate) fn check_at(bytes: &[u8], expected: u16, location: u32) -> Result<Self, TagFault> {
        let tag = Self::check(bytes, expected)?;
        if tag.location != location {
            return Err(TagFault::Location { recorded: tag.location, expected: location });
        }
        Ok(tag)
    }
}

impl std::fmt::Display for TagFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Checksum { recorded, computed } => {
                write!(f, "tag checksum {recorded} instead of {computed}")
            }
            Self::Id { found, expected } => {
                write!(f, "tag identifier {found} instead of {expected}")
            }
            Self::Version { found } => write!(f, "descriptor version {found} instead of 2"),
            Self::CrcLength { len, available } => {
                write!(f, "CRC over {len} bytes, but only {available} follow the tag")
            }
            Self::Crc { recorded, computed } => {
                write!(f, "CRC {recorded:#06x} instead of {computed:#06x}")
            }
            Self::Location { recorded, expected } => {
                write!(f, "tag location {recorded} instead of {expected}")
            }
        }
    }
}

/// The sum of the tag's bytes without the checksum itself, modulo 256 (ECMA-167 3/7.2.3).
fn checksum(bytes: &[u8]) -> u8 {
    let sum = |bytes: &[u8]| bytes.iter().fold(0u8, |sum, &byte| sum.wrapping_add(byte));
    sum(&bytes[..4]).wrapping_add(sum(&bytes[5..TAG_LEN]))
}

/// CRC-16 with polynomial 0x1021 and initial value 0 (ECMA-167 3/7.2.6).
pub(crate) fn crc16(bytes: &[u8]) -> u16 {
    bytes
        .iter()
        .fold(0, |crc: u16, &byte| (crc << 8) ^ CRC_TABLE[usize::from((crc >> 8) as u8 ^ byte)])
}

const CRC_TABLE: [u16; 256] = crc_table();

const fn crc_table() -> [u16; 256] {
    let mut table = [0; 256];
    let mut index = 0;
    while index < 256 {
        let mut crc = (index as u16) << 8;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc & 0x8000 != 0 { (crc << 1) ^ 0x1021 } else { crc << 1 };
            bit += 1;
        }
        table[index] = crc;
        index += 1;
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The check value of CRC-16/XMODEM, and the example of ECMA-167 3/7.2.6.
    #[test]
    fn crc_agrees_with_published_values() {
        assert_eq!(crc16(b"123456789"), 0x31C3);
        assert_eq!(crc16(&[0x70, 0x6A, 0x77]), 0x3299);
    }
}
