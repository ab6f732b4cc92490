//! The 32 bytes of a directory entry (Microsoft FAT specification, sections 6 and 7).

use super::bytes::{array, latin1, le16, le32};

/// The bytes of an entry.
pub(crate) const LEN: usize = 32;

/// The bits of the attributes (section 6.2).
pub(crate) mod attributes {
    pub(crate) const VOLUME_ID: u8 = 0x08;
    pub(crate) const DIRECTORY: u8 = 0x10;
    /// All that a long-name entry has, and the bits that count for it.
    pub(crate) const LONG_NAME: u8 = 0x0F;
    pub(crate) const LONG_NAME_MASK: u8 = 0x3F;
    pub(crate) const RESERVED: u8 = 0xC0;
}

/// The bits by which Windows NT says that stem and extension are in lower case (DIR_NTRes).
pub(crate) const LOWER_STEM: u8 = 0x08;
pub(crate) const LOWER_EXTENSION: u8 = 0x10;

/// What marks the entry that holds the end of a long name.
pub(crate) const LAST_LONG: u8 = 0x40;

/// An entry with its place in the image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Slot {
    pub(crate) offset: u64,
    pub(crate) bytes: [u8; LEN],
}

impl Slot {
    pub(crate) fn is_end(&self) -> bool {
        self.bytes[0] == 0
    }

    pub(crate) fn is_deleted(&self) -> bool {
        self.bytes[0] == 0xE5
    }

    pub(crate) fn attributes(&self) -> u8 {
        self.bytes[11]
    }

    pub(crate) fn is_long(&self) -> bool {
        self.attributes() & attributes::LONG_NAME_MASK == attributes::LONG_NAME
    }

    pub(crate) fn is_label(&self) -> bool {
        !self.is_long()
            && self.attributes() & (attributes::VOLUME_ID | attributes::DIRECTORY)
                == attributes::VOLUME_ID
    }

    pub(crate) fn is_directory(&self) -> bool {
        self.attributes() & attributes::DIRECTORY != 0
    }

    /// DIR_Name as recorded.
    pub(crate) fn name(&self) -> [u8; 11] {
        array(&self.bytes, 0)
    }

    /// Whether it is the entry of the directory itself or of its parent.
    pub(crate) fn is_dot(&self) -> bool {
        matches!(&self.name(), b".          " | b"..         ")
    }

    pub(crate) fn first_cluster(&self) -> u32 {
        u32::from(le16(&self.bytes, 20)) << 16 | u32::from(le16(&self.bytes, 26))
    }

    pub(crate) fn len(&self) -> u32 {
        le32(&self.bytes, 28)
    }

    /// The short name as it is shown: in lower case where Windows NT wants it.
    pub(crate) fn shown_name(&self) -> String {
        let mut name = self.name();
        if name[0] == 0x05 {
            // What would look like a deleted entry (section 6.1).
            name[0] = 0xE5;
        }
        let part = |bytes: &[u8], lower: u8| {
            let text = latin1(bytes);
            if self.bytes[12] & lower != 0 { text.to_lowercase() } else { text }
        };
        let (stem, extension) = (part(&name[..8], LOWER_STEM), part(&name[8..], LOWER_EXTENSION));
        if extension.is_empty() { stem } else { format!("{stem}.{extension}") }
    }

    /// The units of a long-name entry.
    pub(crate) fn units(&self) -> [u16; 13] {
        const OFFSETS: [usize; 13] = [1, 3, 5, 7, 9, 14, 16, 18, 20, 22, 24, 28, 30];
        OFFSETS.map(|offset| le16(&self.bytes, offset))
    }
}

/// The sum over a short name that its long-name entries hold (section 7.2).
pub(crate) fn checksum(name: &[u8; 11]) -> u8 {
    let mut sum = 0u8;
    for byte in name {
        sum = sum.rotate_right(1).wrapping_add(*byte);
    }
    sum
}
