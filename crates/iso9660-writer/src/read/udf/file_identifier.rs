use super::descriptor::{AllocationDescriptor, osta_unicode};
use super::tag::{Tag, TagFault, id};
use crate::read::DataExtent;
use crate::read::bytes::{array, le16, le32};
use crate::read::source::Window;
use crate::read::{ReadAt, ReadError};

/// The length of a file identifier descriptor without its variable parts.
const HEADER: usize = 38;

/// File Characteristics (ECMA-167 4/14.4.3).
pub(crate) mod characteristics {
    pub(crate) const DIRECTORY: u8 = 0x02;
    pub(crate) const DELETED: u8 = 0x04;
    pub(crate) const PARENT: u8 = 0x08;
}

/// A file identifier descriptor (ECMA-167 4/14.4).
#[derive(Clone, Debug)]
pub(crate) struct FileIdentifier {
    /// Where it starts in the image.
    pub(crate) offset: u64,
    pub(crate) tag: Tag,
    /// What is wrong with the tag, its location aside.
    pub(crate) tag_fault: Option<TagFault>,
    /// File Version Number (BP 16).
    pub(crate) version: u16,
    /// File Characteristics (BP 18).
    pub(crate) characteristics: u8,
    /// ICB (BP 20).
    pub(crate) icb: AllocationDescriptor,
    /// The low half of the unique id in the ICB's implementation use (UDF 2.3.10.1).
    pub(crate) implementation_use: [u8; 6],
    /// File Identifier, as recorded.
    pub(crate) identifier: Box<[u8]>,
    /// Length of Implementation Use (BP 36).
    pub(crate) implementation_use_len: u16,
    /// Whether the bytes that fill it up to a multiple of 4 are zero.
    pub(crate) padding_is_zero: bool,
}

impl FileIdentifier {
    fn parse(offset: u64, bytes: &[u8]) -> Self {
        let implementation_use_len = le16(bytes, 36);
        let name_at = HEADER + usize::from(implementation_use_len);
        let name_end = name_at + usize::from(bytes[19]);
        Self {
            offset,
            tag: Tag::parse(bytes),
            tag_fault: Tag::check(bytes, id::FILE_IDENTIFIER).err(),
            version: le16(bytes, 16),
            characteristics: bytes[18],
            icb: AllocationDescriptor::long(bytes, 20),
            implementation_use: array(bytes, 30),
            identifier: bytes[name_at..name_end].into(),
            implementation_use_len,
            padding_is_zero: crate::read::bytes::all_zero(&bytes[name_end..]),
        }
    }

    pub(crate) fn is_parent(&self) -> bool {
        self.characteristics & characteristics::PARENT != 0
    }

    pub(crate) fn is_deleted(&self) -> bool {
        self.characteristics & characteristics::DELETED != 0
    }

    pub(crate) fn is_directory(&self) -> bool {
        self.characteristics & characteristics::DIRECTORY != 0
    }

    pub(crate) fn name(&self) -> Result<String, String> {
        osta_unicode(&self.identifier)
    }

    /// The low 32 bits of the unique id that the descriptor repeats (UDF 2.3.10.1).
    pub(crate) fn unique_id(&self) -> u32 {
        le32(&self.implementation_use, 2)
    }
}

/// The file identifiers of a directory in order, whose data may lie in several extents.
pub(crate) struct IdentifierReader<'w, 'a> {
    window: &'w mut Window<'a>,
    extents: Vec<DataExtent>,
    current: usize,
    at: u64,
    left: u64,
    buffer: Vec<u8>,
}

impl<'w, 'a> IdentifierReader<'w, 'a> {
    pub(crate) fn new(
        image: &dyn ReadAt,
        window: &'w mut Window<'a>,
        extents: Vec<DataExtent>,
    ) -> Result<Self, ReadError> {
        for &DataExtent { offset, len } in &extents {
            if offset.checked_add(len).is_none_or(|end| end > image.len()) {
                return Err(ReadError::Truncated { structure: "UDF directory", offset, len });
            }
        }
        let left = extents.iter().map(|extent| extent.len).sum();
        Ok(Self { window, extents, current: 0, at: 0, left, buffer: Vec::new() })
    }

    /// The next descriptor, None at the end of the directory.
    pub(crate) fn next(&mut self) -> Result<Option<FileIdentifier>, ReadError> {
        const STRUCTURE: &str = "UDF file identifier descriptor";
        if self.left == 0 {
            return Ok(None);
        }
        self.skip_finished_extents();
        let offset = self.extents.get(self.current).map_or(0, |extent| extent.offset + self.at);
        let too_short =
            || ReadError::malformed(STRUCTURE, offset, "the directory ends inside of it");
        self.buffer.clear();
        self.take(HEADER).ok_or_else(too_short)??;
        if le16(&self.buffer, 0) != id::FILE_IDENTIFIER {
            // Its lengths would be noise, so there is no next one either.
            let reason = format!("tag identifier {} instead of 257", le16(&self.buffer, 0));
            return Err(ReadError::malformed(STRUCTURE, offset, reason));
        }
        let variable = usize::from(self.buffer[19]) + usize::from(le16(&self.buffer, 36));
        let whole = (HEADER + variable).next_multiple_of(4);
        self.take(whole - HEADER).ok_or_else(too_short)??;
        Ok(Some(FileIdentifier::parse(offset, &self.buffer)))
    }

    fn skip_finished_extents(&mut self) {
        while self.extents.get(self.current).is_some_and(|extent| self.at >= extent.len) {
            self.current += 1;
            self.at = 0;
        }
    }

    /// Appends `len` bytes to the buffer; None if the directory has fewer.
    fn take(&mut self, len: usize) -> Option<Result<(), ReadError>> {
        self.left = self.left.checked_sub(len as u64)?;
        let mut missing = len;
        while missing > 0 {
            self.skip_finished_extents();
            let extent = self.extents.get(self.current)?;
            // A window is not asked for more than a block at once.
            let piece = (extent.len - self.at).min(missing as u64).min(super::BLOCK) as usize;
            match self.window.get("UDF directory", extent.offset + self.at, piece) {
                Ok(bytes) => self.buffer.extend_from_slice(bytes),
                Err(error) => return Some(Err(error.into())),
            }
            self.at += piece as u64;
            missing -= piece;
        }
        Some(Ok(()))
    }
}
