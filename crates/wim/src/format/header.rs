use std::fmt;

use super::ResourceHeader;
use super::bytes::{array, le16, le32};

/// The bytes of the header that every WIM begins with.
pub(crate) const HEADER_SIZE: usize = 208;

/// What every WIM begins with.
pub(crate) const MAGIC: [u8; 8] = *b"MSWIM\0\0\0";

/// What a WIM begins with that is meant for pipes, an extension of wimlib.
pub(crate) const PIPABLE_MAGIC: [u8; 8] = *b"WLPWM\0\0\0";

/// The version of every WIM without solid resources and LZMS.
pub(crate) const VERSION_DEFAULT: u32 = 0x10d00;

/// The version of a WIM that may hold solid resources, or is compressed with LZMS.
pub(crate) const VERSION_SOLID: u32 = 0xe00;

/// How a resource is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// Not at all.
    None,
    /// XPRESS (LZ77 and Huffman codes): fast, for boot images of old.
    Xpress,
    /// LZX: what most WIMs have.
    Lzx,
    /// LZMS: the smallest and slowest; usually in solid resources (`.esd`).
    Lzms,
}

impl Algorithm {
    /// The name, as tools show it.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Xpress => "XPRESS",
            Self::Lzx => "LZX",
            Self::Lzms => "LZMS",
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The flags of a header (offset 16).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HeaderFlags(pub u32);

impl HeaderFlags {
    /// Some resources are compressed, by the algorithm that another flag names.
    pub const COMPRESSION: u32 = 0x2;
    /// Nobody shall change the file.
    pub const READ_ONLY: u32 = 0x4;
    /// The file is a part of a split WIM.
    pub const SPANNED: u32 = 0x8;
    /// The file holds no metadata resources.
    pub const RESOURCE_ONLY: u32 = 0x10;
    /// The file holds nothing but metadata resources.
    pub const METADATA_ONLY: u32 = 0x20;
    /// The file is being written, or whoever wrote it was interrupted.
    pub const WRITE_IN_PROGRESS: u32 = 0x40;
    /// Absolute links inside the tree were made relative to its root.
    pub const RP_FIX: u32 = 0x80;
    /// XPRESS.
    pub const XPRESS: u32 = 0x2_0000;
    /// LZX.
    pub const LZX: u32 = 0x4_0000;
    /// LZMS.
    pub const LZMS: u32 = 0x8_0000;
    /// XPRESS with chunks that are smaller than usual.
    pub const XPRESS_SMALL: u32 = 0x20_0000;

    /// Whether all bits of `flag` are set.
    pub fn has(self, flag: u32) -> bool {
        self.0 & flag == flag
    }
}

/// What tells a WIM, and all parts of a split one, from all others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Guid(pub [u8; 16]);

impl fmt::Display for Guid {
    /// The sixteen bytes in hexadecimal digits, in the order of the file.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// The header of a WIM: 208 bytes at its beginning, of which the last 60 are unused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// The version (offset 12): 0x10d00, or 0xe00 where resources may be solid.
    pub version: u32,
    /// The flags (offset 16).
    pub flags: HeaderFlags,
    /// How many bytes are compressed at once (offset 20); 0 if nothing is compressed.
    pub chunk_size: u32,
    /// The GUID (offset 24); one for all parts of a split WIM.
    pub guid: Guid,
    /// Which part of a split WIM this is, from 1 on (offset 40); 1 if it is not split.
    pub part: u16,
    /// How many parts there are (offset 42).
    pub parts: u16,
    /// How many images there are (offset 44).
    pub image_count: u32,
    /// Where the blob table lies (offset 48).
    pub blob_table: ResourceHeader,
    /// Where the XML data lies (offset 72).
    pub xml: ResourceHeader,
    /// The metadata resource of the image that starts (offset 96); all zero if none does.
    pub boot_metadata: ResourceHeader,
    /// The number of the image that starts, from 1 on (offset 120); 0 if none does.
    pub boot_index: u32,
    /// Where the integrity table lies (offset 124); all zero if there is none.
    pub integrity: ResourceHeader,
}

impl Header {
    /// Takes the fields of the 208 bytes; magic and header size are the caller's to check.
    pub(crate) fn from_bytes(bytes: &[u8; HEADER_SIZE]) -> Self {
        let resource = |at| ResourceHeader::from_bytes(&array(bytes, at));
        Self {
            version: le32(bytes, 12),
            flags: HeaderFlags(le32(bytes, 16)),
            chunk_size: le32(bytes, 20),
            guid: Guid(array(bytes, 24)),
            part: le16(bytes, 40),
            parts: le16(bytes, 42),
            image_count: le32(bytes, 44),
            blob_table: resource(48),
            xml: resource(72),
            boot_metadata: resource(96),
            boot_index: le32(bytes, 120),
            integrity: resource(124),
        }
    }

    /// The 208 bytes.
    pub(crate) fn to_bytes(&self) -> [u8; HEADER_SIZE] {
        let mut bytes = [0; HEADER_SIZE];
        let mut set = |at: usize, value: &[u8]| bytes[at..at + value.len()].copy_from_slice(value);
        set(0, &MAGIC);
        set(8, &(HEADER_SIZE as u32).to_le_bytes());
        set(12, &self.version.to_le_bytes());
        set(16, &self.flags.0.to_le_bytes());
        set(20, &self.chunk_size.to_le_bytes());
        set(24, &self.guid.0);
        set(40, &self.part.to_le_bytes());
        set(42, &self.parts.to_le_bytes());
        set(44, &self.image_count.to_le_bytes());
        set(48, &self.blob_table.to_bytes());
        set(72, &self.xml.to_bytes());
        set(96, &self.boot_metadata.to_bytes());
        set(120, &self.boot_index.to_le_bytes());
        set(124, &self.integrity.to_bytes());
        bytes
    }

    /// How resources are compressed unless they say otherwise; None if the flags name none, or
    /// several algorithms.
    pub fn algorithm(&self) -> Option<Algorithm> {
        if !self.flags.has(HeaderFlags::COMPRESSION) {
            return Some(Algorithm::None);
        }
        let xpress =
            self.flags.has(HeaderFlags::XPRESS) || self.flags.has(HeaderFlags::XPRESS_SMALL);
        match (xpress, self.flags.has(HeaderFlags::LZX), self.flags.has(HeaderFlags::LZMS)) {
            (true, false, false) => Some(Algorithm::Xpress),
            (false, true, false) => Some(Algorithm::Lzx),
            (false, false, true) => Some(Algorithm::Lzms),
            _ => None,
        }
    }

    /// Whether the file says that it is one of several parts.
    pub fn is_split(&self) -> bool {
        self.parts > 1
    }

    /// Whether there is an integrity table.
    pub fn has_integrity_table(&self) -> bool {
        self.integrity.offset != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resource(offset: u64) -> ResourceHeader {
        ResourceHeader { stored: 1 + offset, flags: 2, offset, original: 3 + offset }
    }

    #[test]
    fn a_header_is_what_was_written() {
        let header = Header {
            version: VERSION_SOLID,
            flags: HeaderFlags(HeaderFlags::COMPRESSION | HeaderFlags::LZX),
            chunk_size: 32_768,
            guid: Guid(*b"0123456789abcdef"),
            part: 2,
            parts: 3,
            image_count: 4,
            blob_table: resource(1000),
            xml: resource(2000),
            boot_metadata: resource(3000),
            boot_index: 5,
            integrity: resource(4000),
        };
        let bytes = header.to_bytes();
        assert_eq!(Header::from_bytes(&bytes), header);
        assert_eq!(header.algorithm(), Some(Algorithm::Lzx));
        assert!(bytes[148..].iter().all(|&byte| byte == 0), "the end is unused");
    }

    #[test]
    fn flags_that_name_no_or_two_algorithms_are_none() {
        let with = |flags| {
            let mut header = Header::from_bytes(&[0; HEADER_SIZE]);
            header.flags = HeaderFlags(flags);
            header.algorithm()
        };
        assert_eq!(with(0), Some(Algorithm::None));
        assert_eq!(with(HeaderFlags::COMPRESSION), None);
        assert_eq!(with(HeaderFlags::COMPRESSION | HeaderFlags::LZX | HeaderFlags::LZMS), None);
        let small = HeaderFlags::COMPRESSION | HeaderFlags::XPRESS_SMALL;
        assert_eq!(with(small), Some(Algorithm::Xpress));
    }
}
