use super::descriptor::AllocationDescriptor;
use super::tag::id;
use crate::read::bytes::{le16, le32, le64};

/// File types of an ICB tag (ECMA-167 4/14.6.6).
pub(crate) mod file_type {
    pub(crate) const DIRECTORY: u8 = 4;
    pub(crate) const FILE: u8 = 5;
}

/// A file entry or extended file entry (ECMA-167 4/14.9, 4/14.17).
#[derive(Clone, Debug)]
pub(crate) struct FileEntry {
    /// Prior Recorded Number of Direct Entries, Strategy Type, Strategy Parameter and Maximum
    /// Number of Entries of the ICB tag (BP 16–25).
    pub(crate) prior_entries: u32,
    pub(crate) strategy: u16,
    pub(crate) strategy_parameter: u16,
    pub(crate) max_entries: u16,
    /// File Type (BP 27).
    pub(crate) file_type: u8,
    /// Flags (BP 34); the low three bits say how allocation is described.
    pub(crate) flags: u16,
    /// File Link Count (BP 48).
    pub(crate) link_count: u16,
    /// Information Length (BP 56), in bytes.
    pub(crate) information_len: u64,
    /// Logical Blocks Recorded (BP 64).
    pub(crate) blocks_recorded: u64,
    /// Unique ID (BP 160).
    pub(crate) unique_id: u64,
    /// Lengths of Extended Attributes and of Allocation Descriptors (BP 168, 172).
    pub(crate) attributes_len: u32,
    pub(crate) allocation_len: u32,
    /// Where in the entry the allocation descriptors begin.
    pub(crate) allocation_at: usize,
    /// What the flags say of the allocation.
    pub(crate) allocation: Allocation,
}

/// Where a file's data lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Allocation {
    /// In these extents.
    Extents(Vec<AllocationDescriptor>),
    /// In the entry itself, where its allocation descriptors would be.
    Embedded,
}

impl FileEntry {
    /// Parses an entry whose tag is sound; Err says what is wrong.
    pub(crate) fn parse(block: &[u8]) -> Result<Self, String> {
        let extended = le16(block, 0) == id::EXTENDED_FILE_ENTRY;
        // The extended entry has an object size before, and a creation time, a reserved word and a
        // stream directory among the fields.
        let (blocks_at, unique_id_at, header) =
            if extended { (72, 200, 216) } else { (64, 160, 176) };
        let attributes_len = le32(block, header - 8);
        let allocation_len = le32(block, header - 4);
        let room = (block.len() - header) as u64;
        if u64::from(attributes_len) + u64::from(allocation_len) > room {
            return Err(format!(
                "{attributes_len} bytes of attributes and {allocation_len} of allocation \
                 descriptors do not fit"
            ));
        }
        let allocation_at = header + attributes_len as usize;
        let descriptors = &block[allocation_at..allocation_at + allocation_len as usize];
        let flags = le16(block, 34);
        Ok(Self {
            prior_entries: le32(block, 16),
            strategy: le16(block, 20),
            strategy_parameter: le16(block, 22),
            max_entries: le16(block, 24),
            file_type: block[27],
            flags,
            link_count: le16(block, 48),
            information_len: le64(block, 56),
            blocks_recorded: le64(block, blocks_at),
            unique_id: le64(block, unique_id_at),
            attributes_len,
            allocation_len,
            allocation_at,
            allocation: Allocation::parse(flags, descriptors)?,
        })
    }

    pub(crate) fn is_directory(&self) -> bool {
        self.file_type == file_type::DIRECTORY
    }
}

impl Allocation {
    fn parse(flags: u16, bytes: &[u8]) -> Result<Self, String> {
        let size = match flags & 7 {
            0 => AllocationDescriptor::SHORT_LEN,
            1 => AllocationDescriptor::LONG_LEN,
            3 => return Ok(Self::Embedded),
            other => return Err(format!("allocation descriptors of form {other}")),
        };
        if !bytes.len().is_multiple_of(size) {
            return Err(format!("{} bytes of allocation descriptors of {size}", bytes.len()));
        }
        let parse = |at| match flags & 7 {
            0 => AllocationDescriptor::short(bytes, at),
            _ => AllocationDescriptor::long(bytes, at),
        };
        Ok(Self::Extents((0..bytes.len()).step_by(size).map(parse).collect()))
    }
}
