use crate::read::bytes::{Both16, Both32, array, latin1, utf16_be};

/// File Flags of a directory record (ECMA-119 §9.1.6).
pub(crate) mod flags {
    pub(crate) const HIDDEN: u8 = 0x01;
    pub(crate) const DIRECTORY: u8 = 0x02;
    pub(crate) const ASSOCIATED: u8 = 0x04;
    pub(crate) const MULTI_EXTENT: u8 = 0x80;
}

/// A directory record (ECMA-119 §9.1).
#[derive(Clone, Debug)]
pub(crate) struct DirectoryRecord {
    /// Length of Directory Record (BP 1).
    pub(crate) len: u8,
    /// Extended Attribute Record Length (BP 2), in logical blocks.
    pub(crate) extended_attribute_len: u8,
    /// Location of Extent (BP 3–10), in logical blocks.
    pub(crate) extent: Both32,
    /// Data Length (BP 11–18), in bytes.
    pub(crate) data_len: Both32,
    /// Recording Date and Time (BP 19–25).
    pub(crate) date: [u8; 7],
    /// File Flags (BP 26).
    pub(crate) flags: u8,
    /// File Unit Size and Interleave Gap Size (BP 27, 28).
    pub(crate) interleave: [u8; 2],
    /// Volume Sequence Number (BP 29–32).
    pub(crate) volume: Both16,
    /// File Identifier (BP 34 on).
    pub(crate) identifier: Box<[u8]>,
    /// The padding byte after an identifier of even length, if there is one.
    pub(crate) padding: Option<u8>,
    /// System Use (the rest).
    pub(crate) system_use: Box<[u8]>,
}

impl DirectoryRecord {
    /// Parses the record at the start of `bytes`; Err says what is wrong.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, String> {
        let len = bytes.first().copied().unwrap_or(0);
        let Some(record) = bytes.get(..usize::from(len)).filter(|_| len >= 34) else {
            return Err(format!("a record of {len} bytes does not fit"));
        };
        let identifier_end = 33 + usize::from(record[32]);
        let Some(identifier) = record.get(33..identifier_end) else {
            return Err(format!("an identifier of {} bytes does not fit", record[32]));
        };
        let padded = identifier.len().is_multiple_of(2);
        Ok(Self {
            len,
            extended_attribute_len: record[1],
            extent: Both32::at(record, 2),
            data_len: Both32::at(record, 10),
            date: array(record, 18),
            flags: record[25],
            interleave: array(record, 26),
            volume: Both16::at(record, 28),
            identifier: identifier.into(),
            padding: record.get(identifier_end).copied().filter(|_| padded),
            system_use: record.get(identifier_end + usize::from(padded)..).unwrap_or(&[]).into(),
        })
    }

    pub(crate) fn is_directory(&self) -> bool {
        self.flags & flags::DIRECTORY != 0
    }

    pub(crate) fn is_multi_extent(&self) -> bool {
        self.flags & flags::MULTI_EXTENT != 0
    }

    /// Whether the record is that of the directory itself or of its parent (ECMA-119 §6.8.2.2).
    pub(crate) fn is_dot(&self) -> bool {
        matches!(&*self.identifier, [0] | [1])
    }

    /// The first block of the data, behind the extended attribute record.
    pub(crate) fn data_block(&self) -> u64 {
        u64::from(self.extent.little) + u64::from(self.extended_attribute_len)
    }

    /// The identifier as a name, without version and without the dot of an empty extension.
    pub(crate) fn name(&self, joliet: bool) -> String {
        let mut name = if joliet { utf16_be(&self.identifier) } else { latin1(&self.identifier) };
        if self.is_directory() {
            return name;
        }
        if let Some((before, version)) = name.rsplit_once(';')
            && version.bytes().all(|byte| byte.is_ascii_digit())
        {
            name.truncate(before.len());
        }
        if !joliet && name.len() > 1 && name.ends_with('.') {
            name.pop();
        }
        name
    }
}
