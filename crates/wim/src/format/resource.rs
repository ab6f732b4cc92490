use std::fmt;

use super::bytes::{array, le16, le32, le64};

/// The flags of a resource header.
pub(crate) mod resource_flags {
    /// The resource is the metadata of an image, the blob table or the XML data.
    pub(crate) const METADATA: u8 = 0x2;
    /// The resource is compressed by the algorithm and in the chunks that the header names.
    pub(crate) const COMPRESSED: u8 = 0x4;
    /// The resource is solid, or the blob lies in one; only in version 0xe00.
    pub(crate) const SOLID: u8 = 0x10;
}

/// What stands as original size in the entry of a solid resource, which is no blob.
pub(crate) const SOLID_RESOURCE_MAGIC: u64 = 0x1_0000_0000;

/// The bytes of an entry of the blob table.
pub(crate) const BLOB_ENTRY_SIZE: usize = 50;

/// The SHA-1 of the bytes of a blob, by which the metadata of images names it.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sha1(pub [u8; 20]);

impl Sha1 {
    /// What stands for no bytes: empty files have no blob.
    pub const ZERO: Self = Self([0; 20]);

    /// The SHA-1 of these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        use sha1::Digest as _;
        Self(sha1::Sha1::digest(bytes).into())
    }
}

impl fmt::Display for Sha1 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Sha1 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sha1({self})")
    }
}

/// Where a resource lies and how: 24 bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ResourceHeader {
    /// The bytes it takes in the file (56 bits); of a blob in a solid resource, its own bytes.
    pub stored: u64,
    /// The flags.
    pub flags: u8,
    /// Where it starts in the file; of a blob in a solid resource, in the bytes of that.
    pub offset: u64,
    /// The bytes it has when decompressed.
    pub original: u64,
}

impl ResourceHeader {
    /// The bytes of a resource header.
    pub(crate) const SIZE: usize = 24;

    /// The most that `stored` can say.
    pub(crate) const STORED_MAX: u64 = (1 << 56) - 1;

    pub(crate) fn from_bytes(bytes: &[u8; Self::SIZE]) -> Self {
        let first = le64(bytes, 0);
        Self {
            stored: first & Self::STORED_MAX,
            flags: (first >> 56) as u8,
            offset: le64(bytes, 8),
            original: le64(bytes, 16),
        }
    }

    pub(crate) fn to_bytes(self) -> [u8; Self::SIZE] {
        let first = self.stored | u64::from(self.flags) << 56;
        let mut bytes = [0; Self::SIZE];
        bytes[..8].copy_from_slice(&first.to_le_bytes());
        bytes[8..16].copy_from_slice(&self.offset.to_le_bytes());
        bytes[16..].copy_from_slice(&self.original.to_le_bytes());
        bytes
    }

    /// Whether the resource is compressed in chunks of its own.
    pub fn is_compressed(&self) -> bool {
        self.flags & resource_flags::COMPRESSED != 0
    }

    /// Whether the resource is the metadata of an image, the blob table or the XML data.
    pub fn is_metadata(&self) -> bool {
        self.flags & resource_flags::METADATA != 0
    }

    /// Whether the resource is solid, or the blob lies in one that is.
    pub fn is_solid(&self) -> bool {
        self.flags & resource_flags::SOLID != 0
    }

    /// Where the resource ends in the file; None behind the last byte there can be.
    pub fn end(&self) -> Option<u64> {
        self.offset.checked_add(self.stored)
    }
}

/// An entry of the blob table: 50 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BlobEntry {
    /// Where the blob lies.
    pub(crate) resource: ResourceHeader,
    /// In which part of a split WIM (offset 24).
    pub(crate) part: u16,
    /// How many files of all images have these bytes (offset 26).
    pub(crate) references: u32,
    /// The digest of its bytes (offset 30).
    pub(crate) sha1: Sha1,
}

impl BlobEntry {
    pub(crate) fn from_bytes(bytes: &[u8; BLOB_ENTRY_SIZE]) -> Self {
        Self {
            resource: ResourceHeader::from_bytes(&array(bytes, 0)),
            part: le16(bytes, 24),
            references: le32(bytes, 26),
            sha1: Sha1(array(bytes, 30)),
        }
    }

    pub(crate) fn to_bytes(self) -> [u8; BLOB_ENTRY_SIZE] {
        let mut bytes = [0; BLOB_ENTRY_SIZE];
        bytes[..24].copy_from_slice(&self.resource.to_bytes());
        bytes[24..26].copy_from_slice(&self.part.to_le_bytes());
        bytes[26..30].copy_from_slice(&self.references.to_le_bytes());
        bytes[30..].copy_from_slice(&self.sha1.0);
        bytes
    }

    /// Whether the entry is that of a solid resource rather than of a blob.
    pub(crate) fn is_solid_resource(&self) -> bool {
        self.resource.is_solid() && self.resource.original == SOLID_RESOURCE_MAGIC
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_what_was_written() {
        let entry = BlobEntry {
            resource: ResourceHeader {
                stored: ResourceHeader::STORED_MAX - 1,
                flags: 0x16,
                offset: 0x0102_0304_0506_0708,
                original: u64::MAX,
            },
            part: 513,
            references: 0x0403_0201,
            sha1: Sha1([7; 20]),
        };
        let bytes = entry.to_bytes();
        assert_eq!(BlobEntry::from_bytes(&bytes), entry);
        assert_eq!(bytes[7], 0x16, "the flags are the eighth byte");
    }

    #[test]
    fn the_digest_of_no_bytes_is_not_zero() {
        let empty = Sha1::of(b"");
        assert_eq!(empty.to_string(), "da39a3ee5e6b4b0d3255bfef95601890afd80709");
        assert_ne!(empty, Sha1::ZERO);
    }
}
