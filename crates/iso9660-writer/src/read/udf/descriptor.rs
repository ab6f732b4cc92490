//! The parts that UDF descriptors are made of.

use crate::read::bytes::{le16, le32, utf16_be};

/// An extent descriptor (ECMA-167 3/7.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ExtentAd {
    /// In bytes.
    pub(crate) len: u32,
    /// A sector of the volume.
    pub(crate) location: u32,
}

impl ExtentAd {
    pub(crate) fn at(bytes: &[u8], at: usize) -> Self {
        Self { len: le32(bytes, at), location: le32(bytes, at + 4) }
    }
}

/// An allocation descriptor, short or long (ECMA-167 4/14.14.1, 4/14.14.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct AllocationDescriptor {
    /// The extent type in the top two bits of the length: 0 recorded, 1 allocated, 2 neither,
    /// 3 more descriptors.
    pub(crate) kind: u8,
    /// In bytes, 30 bits.
    pub(crate) len: u32,
    /// A block of the partition.
    pub(crate) block: u32,
    /// The partition reference number; 0 for a short descriptor.
    pub(crate) partition: u16,
}

impl AllocationDescriptor {
    pub(crate) const SHORT_LEN: usize = 8;
    pub(crate) const LONG_LEN: usize = 16;

    pub(crate) fn short(bytes: &[u8], at: usize) -> Self {
        let len = le32(bytes, at);
        let block = le32(bytes, at + 4);
        Self { kind: (len >> 30) as u8, len: len & 0x3FFF_FFFF, block, partition: 0 }
    }

    pub(crate) fn long(bytes: &[u8], at: usize) -> Self {
        Self { partition: le16(bytes, at + 8), ..Self::short(bytes, at) }
    }
}

/// An entity identifier (ECMA-167 1/7.4): flags, 23 bytes of identifier, 8 bytes of suffix.
pub(crate) fn entity_is(bytes: &[u8], at: usize, identifier: &[u8]) -> bool {
    let field = &bytes[at + 1..at + 24];
    field.starts_with(identifier) && field[identifier.len()..].iter().all(|&byte| byte == 0)
}

/// Compressed unicode (UDF 2.1.1): a first byte of 8 or 16, then Latin-1 or UTF-16BE.
pub(crate) fn osta_unicode(bytes: &[u8]) -> Result<String, String> {
    match bytes.split_first() {
        None => Ok(String::new()),
        Some((8, text)) => Ok(text.iter().map(|&byte| char::from(byte)).collect()),
        Some((16, text)) if text.len().is_multiple_of(2) => {
            // Names keep their trailing spaces and zeros: nothing fills them up.
            let units = text.chunks_exact(2).map(|unit| u16::from_be_bytes([unit[0], unit[1]]));
            char::decode_utf16(units)
                .collect::<Result<_, _>>()
                .map_err(|_| "a lone surrogate in a name".to_owned())
        }
        Some((16, _)) => Err("a name of 16-bit characters with an odd length".to_owned()),
        Some((&id, _)) => Err(format!("compression id {id} instead of 8 or 16")),
    }
}

/// A dstring (ECMA-167 1/7.2.12): compressed unicode in a field whose last byte is its length.
pub(crate) fn dstring(field: &[u8]) -> Result<String, String> {
    let Some((&len, text)) = field.split_last() else { return Ok(String::new()) };
    let Some(text) = text.get(..usize::from(len)) else {
        return Err(format!("{len} bytes of text in a field of {}", field.len()));
    };
    osta_unicode(text)
}

/// Text of a dstring for people: what cannot be decoded is shown with replacement characters.
pub(crate) fn dstring_lossy(field: &[u8]) -> String {
    dstring(field).unwrap_or_else(|_| utf16_be(field.get(1..).unwrap_or(&[])))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_widths_of_compressed_unicode_are_read() {
        assert_eq!(osta_unicode(b"\x08caf\xE9").unwrap(), "café");
        assert_eq!(osta_unicode(&[16, 0xD8, 0x3D, 0xDC, 0xBF]).unwrap(), "💿");
        assert_eq!(osta_unicode(b"").unwrap(), "");
        assert!(osta_unicode(&[16, 0xD8, 0x3D]).is_err());
        assert!(osta_unicode(&[16, 0]).is_err());
        assert!(osta_unicode(&[9, 0]).is_err());
    }

    #[test]
    fn a_dstring_longer_than_its_field_is_refused() {
        assert_eq!(dstring(&[8, b'A', b'B', 0, 3]).unwrap(), "AB");
        assert!(dstring(&[8, b'A', b'B', 0, 5]).is_err());
    }
}
