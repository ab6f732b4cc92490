use super::SECTOR;
use super::record::DirectoryRecord;
use crate::read::DataExtent;
use crate::read::entry::push_extent;
use crate::read::limits::MAX_FILE_EXTENTS;
use crate::read::source::Window;
use crate::read::{ReadAt, ReadError};

/// Where a directory's records lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Directory {
    /// In bytes from the start of the image.
    pub(crate) offset: u64,
    /// In bytes.
    pub(crate) len: u64,
}

impl Directory {
    pub(crate) fn of(record: &DirectoryRecord) -> Self {
        Self { offset: record.data_block() * SECTOR, len: u64::from(record.data_len.little) }
    }
}

/// The records of a directory in order; a record never crosses the end of a sector, and the rest
/// of a sector behind its last record is zero (ECMA-119 §6.8.1.1).
pub(crate) struct RecordReader<'w, 'a> {
    window: &'w mut Window<'a>,
    next: u64,
    end: u64,
    /// Non-zero bytes behind the last record of a sector, for the verifier.
    pub(crate) dirty_padding: Option<u64>,
}

impl<'w, 'a> RecordReader<'w, 'a> {
    pub(crate) fn new(
        image: &dyn ReadAt,
        window: &'w mut Window<'a>,
        directory: Directory,
    ) -> Result<Self, ReadError> {
        let Directory { offset, len } = directory;
        if offset.checked_add(len).is_none_or(|end| end > image.len()) {
            return Err(ReadError::Truncated { structure: "ISO 9660 directory", offset, len });
        }
        Ok(Self { window, next: offset, end: offset + len, dirty_padding: None })
    }

    /// The next record and its offset in the image, None at the end of the directory.
    pub(crate) fn next(&mut self) -> Result<Option<(u64, DirectoryRecord)>, ReadError> {
        const STRUCTURE: &str = "ISO 9660 directory record";
        while self.next < self.end {
            let offset = self.next;
            let sector_end = (offset / SECTOR + 1) * SECTOR;
            let rest = sector_end.min(self.end) - offset;
            let bytes = self.window.get(STRUCTURE, offset, rest as usize)?;
            if bytes[0] == 0 {
                let dirty = bytes.iter().position(|&byte| byte != 0);
                if let Some(dirty) = dirty {
                    self.dirty_padding.get_or_insert(offset + dirty as u64);
                }
                self.next = sector_end;
                continue;
            }
            let record = DirectoryRecord::parse(bytes)
                .map_err(|reason| ReadError::malformed(STRUCTURE, offset, reason))?;
            self.next += u64::from(record.len);
            return Ok(Some((offset, record)));
        }
        Ok(None)
    }
}

/// Joins the records of a file that has several (ECMA-119 §9.1.6, multi-extent bit).
#[derive(Default)]
pub(crate) struct MultiExtent {
    identifier: Option<Box<[u8]>>,
    len: u64,
    extents: Vec<DataExtent>,
    sections: usize,
}

/// The data of a file with all its sections.
pub(crate) struct FileSections {
    pub(crate) len: u64,
    pub(crate) extents: Vec<DataExtent>,
}

impl MultiExtent {
    /// Whether the last record said that another section follows.
    pub(crate) fn is_open(&self) -> bool {
        self.identifier.is_some()
    }

    /// Takes the next section; the file when it is the last one. Err says what is wrong.
    pub(crate) fn push(
        &mut self,
        record: &DirectoryRecord,
    ) -> Result<Option<FileSections>, String> {
        if self.identifier.as_ref().is_some_and(|open| *open != record.identifier) {
            return Err("the sections of a file before it have no last one".to_owned());
        }
        if record.interleave != [0, 0] {
            return Err("interleaved files are not supported".to_owned());
        }
        self.sections += 1;
        if self.sections > MAX_FILE_EXTENTS {
            return Err(format!("more than {MAX_FILE_EXTENTS} sections of one file"));
        }
        let len = u64::from(record.data_len.little);
        self.len += len;
        push_extent(&mut self.extents, record.data_block() * SECTOR, len);
        if record.is_multi_extent() {
            self.identifier = Some(record.identifier.clone());
            return Ok(None);
        }
        let Self { len, extents, .. } = std::mem::take(self);
        Ok(Some(FileSections { len, extents }))
    }
}
