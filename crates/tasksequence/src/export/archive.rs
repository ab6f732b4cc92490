//! Reading the zip container, with limits against hostile files.

use std::io::{Cursor, Read};

use zip::ZipArchive;

use super::ExportError;

/// The most entries of an exported file: a site with two thousand sequences exports three a sequence.
pub const MAX_ENTRIES: usize = 10_000;
/// The largest entry in bytes, unpacked: the limit of the XML reader.
pub const MAX_ENTRY_BYTES: u64 = crate::xml::MAX_BYTES as u64;
/// All entries that are read, unpacked: they are in memory one at a time, but their trees stay.
const MAX_TOTAL_BYTES: u64 = 256 << 20;

/// A zip file in memory whose names have been checked.
pub(super) struct Archive<'a> {
    zip: ZipArchive<Cursor<&'a [u8]>>,
    names: Vec<String>,
    budget: u64,
}

impl<'a> Archive<'a> {
    /// Opens the file and checks every name before anything is unpacked.
    pub(super) fn open(bytes: &'a [u8]) -> Result<Self, ExportError> {
        let mut zip = ZipArchive::new(Cursor::new(bytes)).map_err(ExportError::Archive)?;
        if zip.len() > MAX_ENTRIES {
            return Err(ExportError::TooManyEntries { count: zip.len() });
        }
        if zip.has_duplicate_names() {
            return Err(ExportError::DuplicateNames);
        }
        let mut names = Vec::with_capacity(zip.len());
        for index in 0..zip.len() {
            let entry = zip.by_index_raw(index).map_err(ExportError::Archive)?;
            let name = entry.name().map_err(ExportError::Archive)?.into_owned();
            if !is_safe(&name) {
                return Err(ExportError::UnsafeName { name });
            }
            names.push(name);
        }
        Ok(Self { zip, names, budget: MAX_TOTAL_BYTES })
    }

    /// The names in the order of the file.
    pub(super) fn names(&self) -> Vec<String> {
        self.names.clone()
    }

    /// Unpacks an entry, compared by name without case; `None` when there is none.
    pub(super) fn read(&mut self, name: &str) -> Result<Option<Vec<u8>>, ExportError> {
        let found = self.names.iter().position(|known| known.eq_ignore_ascii_case(name));
        let Some(index) = found else { return Ok(None) };
        let name = name.to_owned();
        let entry = self.zip.by_index(index).map_err(ExportError::Archive)?;
        // The declared size may lie, so the reader is bounded as well.
        if entry.size() > MAX_ENTRY_BYTES {
            return Err(ExportError::EntryTooLarge { name });
        }
        let mut bytes = Vec::new();
        match entry.take(MAX_ENTRY_BYTES + 1).read_to_end(&mut bytes) {
            Ok(read) if read as u64 > MAX_ENTRY_BYTES => Err(ExportError::EntryTooLarge { name }),
            Ok(read) => {
                let left = self.budget.checked_sub(read as u64);
                self.budget = left.ok_or(ExportError::TooLarge { max: MAX_TOTAL_BYTES })?;
                Ok(Some(bytes))
            }
            Err(source) => Err(ExportError::Entry { name, source }),
        }
    }
}

/// Names are relative, use `/` and never climb.
fn is_safe(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with('/')
        && !name.contains(['\\', ':', '\0'])
        && name.split('/').all(|part| part != ".." && part != ".")
}
