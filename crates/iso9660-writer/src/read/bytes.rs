//! Integers and text as the standards record them. Callers check the length of a structure once,
//! before they take its fields.

/// Reads the `N` bytes at `at`.
pub(crate) fn array<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    bytes[at..at + N].try_into().expect("because the range has N bytes")
}

pub(crate) fn le16(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes(array(bytes, at))
}

pub(crate) fn be16(bytes: &[u8], at: usize) -> u16 {
    u16::from_be_bytes(array(bytes, at))
}

pub(crate) fn le32(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(array(bytes, at))
}

pub(crate) fn be32(bytes: &[u8], at: usize) -> u32 {
    u32::from_be_bytes(array(bytes, at))
}

pub(crate) fn le64(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(array(bytes, at))
}

/// A 16-bit number recorded in both byte orders (ECMA-119 §7.2.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Both16 {
    pub(crate) little: u16,
    pub(crate) big: u16,
}

/// A 32-bit number recorded in both byte orders (ECMA-119 §7.3.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Both32 {
    pub(crate) little: u32,
    pub(crate) big: u32,
}

impl Both16 {
    pub(crate) fn at(bytes: &[u8], at: usize) -> Self {
        Self { little: le16(bytes, at), big: be16(bytes, at + 2) }
    }

    pub(crate) fn agrees(self) -> bool {
        self.little == self.big
    }
}

impl Both32 {
    pub(crate) fn at(bytes: &[u8], at: usize) -> Self {
        Self { little: le32(bytes, at), big: be32(bytes, at + 4) }
    }

    pub(crate) fn agrees(self) -> bool {
        self.little == self.big
    }
}

/// Text in an eight-bit field, without the spaces that fill it up; Latin-1 where it is not ASCII.
pub(crate) fn latin1(bytes: &[u8]) -> String {
    let text: String = bytes.iter().map(|&byte| char::from(byte)).collect();
    text.trim_end_matches([' ', '\0']).to_owned()
}

/// Text in UTF-16, big-endian, without the spaces that fill it up; a lone surrogate becomes U+FFFD.
pub(crate) fn utf16_be(bytes: &[u8]) -> String {
    let units = bytes.chunks_exact(2).map(|unit| u16::from_be_bytes([unit[0], unit[1]]));
    let text: String =
        char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect();
    text.trim_end_matches([' ', '\0']).to_owned()
}

/// Whether all bytes are zero.
pub(crate) fn all_zero(bytes: &[u8]) -> bool {
    bytes.iter().all(|&byte| byte == 0)
}
