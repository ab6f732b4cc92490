//! Directory entries of the metadata of an image.

use super::Sha1;
use super::bytes::{array, le16, le32, le64};
use crate::Filetime;

/// The bytes of an entry before its names.
pub(crate) const DENTRY_SIZE: usize = 102;

/// The bytes of the entry of a further stream before its name.
pub(crate) const STREAM_SIZE: usize = 38;

/// Entries start at multiples of this.
pub(crate) const DENTRY_ALIGNMENT: usize = 8;

/// Attributes of files, as Windows counts them.
pub(crate) mod attributes {
    pub(crate) const DIRECTORY: u32 = 0x10;
    pub(crate) const NORMAL: u32 = 0x80;
    #[cfg(feature = "libwim")]
    pub(crate) const SPARSE_FILE: u32 = 0x200;
    pub(crate) const REPARSE_POINT: u32 = 0x400;
}

/// The fields of a directory entry before its names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Dentry {
    /// The bytes of the entry with its names, without further streams (offset 0).
    pub(crate) len: u64,
    /// Attributes (offset 8).
    pub(crate) attributes: u32,
    /// The number of its security descriptor, or −1 (offset 12).
    pub(crate) security_id: i32,
    /// Where the entries of a directory start in the metadata; 0 if there are none (offset 16).
    pub(crate) children: u64,
    /// When the file was created (offset 40).
    pub(crate) created: Filetime,
    /// When the file was last read (offset 48).
    pub(crate) accessed: Filetime,
    /// When the file was last written (offset 56).
    pub(crate) written: Filetime,
    /// The digest of the bytes of the file; zero if it has none (offset 64).
    pub(crate) sha1: Sha1,
    /// The tag of a reparse point with flags, or the hard link group (offset 88).
    pub(crate) link: u64,
    /// How many entries of further streams follow (offset 96).
    pub(crate) streams: u16,
    /// The bytes of the short name without the zero behind it (offset 98).
    pub(crate) short_name_len: u16,
    /// The bytes of the name without the zero behind it (offset 100).
    pub(crate) name_len: u16,
}

impl Dentry {
    pub(crate) fn from_bytes(bytes: &[u8; DENTRY_SIZE]) -> Self {
        Self {
            len: le64(bytes, 0),
            attributes: le32(bytes, 8),
            security_id: le32(bytes, 12) as i32,
            children: le64(bytes, 16),
            created: Filetime(le64(bytes, 40)),
            accessed: Filetime(le64(bytes, 48)),
            written: Filetime(le64(bytes, 56)),
            sha1: Sha1(array(bytes, 64)),
            link: le64(bytes, 88),
            streams: le16(bytes, 96),
            short_name_len: le16(bytes, 98),
            name_len: le16(bytes, 100),
        }
    }

    pub(crate) fn to_bytes(self) -> [u8; DENTRY_SIZE] {
        let mut bytes = [0; DENTRY_SIZE];
        let mut set = |at: usize, value: &[u8]| bytes[at..at + value.len()].copy_from_slice(value);
        set(0, &self.len.to_le_bytes());
        set(8, &self.attributes.to_le_bytes());
        set(12, &self.security_id.to_le_bytes());
        set(16, &self.children.to_le_bytes());
        set(40, &self.created.0.to_le_bytes());
        set(48, &self.accessed.0.to_le_bytes());
        set(56, &self.written.0.to_le_bytes());
        set(64, &self.sha1.0);
        set(88, &self.link.to_le_bytes());
        set(96, &self.streams.to_le_bytes());
        set(98, &self.short_name_len.to_le_bytes());
        set(100, &self.name_len.to_le_bytes());
        bytes
    }

    pub(crate) fn is_directory(&self) -> bool {
        // A link to a directory has both attributes and no entries of its own.
        self.attributes & attributes::DIRECTORY != 0 && !self.is_reparse_point()
    }

    pub(crate) fn is_reparse_point(&self) -> bool {
        self.attributes & attributes::REPARSE_POINT != 0
    }
}

/// The bytes of a name in UTF-16.
pub(crate) fn name_bytes(name: &str) -> impl Iterator<Item = u8> {
    name.encode_utf16().flat_map(u16::to_le_bytes)
}

/// What a name of this length takes: with a zero behind it, or nothing if it is empty.
pub(crate) fn name_space(len: usize) -> usize {
    if len == 0 { 0 } else { len + 2 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_what_was_written() {
        let dentry = Dentry {
            len: 112,
            attributes: attributes::DIRECTORY,
            security_id: -1,
            children: 0x1122_3344_5566,
            created: Filetime(1),
            accessed: Filetime(2),
            written: Filetime(3),
            sha1: Sha1([9; 20]),
            link: 0xdead_beef,
            streams: 1,
            short_name_len: 2,
            name_len: 8,
        };
        assert_eq!(Dentry::from_bytes(&dentry.to_bytes()), dentry);
        assert!(dentry.is_directory());
    }
}
