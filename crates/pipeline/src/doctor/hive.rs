//! Registry hives (`regf`), read-only: keys, their children and their values.
//!
//! Source: Maxim Suhanov's "Windows registry file format specification". A hive has a base block of
//! 4096 bytes and bins behind it, which hold cells: key nodes (`nk`), lists of children (`lf`,
//! `lh`, `li`, `ri`), values (`vk`) and their data. Offsets of cells count from the first bin.
//!
//! Hostile hives are answered with an error: every cell must lie in the file, and lists are bounded,
//! so that a tree of fixed depth takes bounded time.

use thiserror::Error;

use super::bytes::{le16, le32, utf16};

/// The base block, behind which the bins begin.
const BASE_BLOCK: usize = 4096;

/// Children of a key and values of one: a store with a thousand entries is no boot menu.
const CHILDREN_MAX: usize = 1024;

/// Data longer than this lies in several cells (`db`), as none of a boot store's does.
const DATA_MAX: usize = 16_344;

/// KEY_COMP_NAME and VALUE_COMP_NAME: the name is Latin-1 instead of UTF-16.
const KEY_LATIN1: u16 = 0x20;
const VALUE_LATIN1: u16 = 0x01;

/// Why a hive cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum HiveError {
    /// It does not begin as a hive does.
    #[error("it is no registry hive: {0}")]
    NotHive(&'static str),
    /// The sum of the base block is wrong.
    #[error("its base block has checksum {found:#010x}, but states {stated:#010x}")]
    Checksum {
        /// What is stated.
        stated: u32,
        /// What it is.
        found: u32,
    },
    /// A cell is not what it should be.
    #[error("the cell at byte {offset} is no sound {structure}")]
    Cell {
        /// What was expected.
        structure: &'static str,
        /// Where it starts, in bytes from the start of the file.
        offset: usize,
    },
    /// A key has more children than are read.
    #[error("the key at byte {offset} has more than {CHILDREN_MAX} {what}")]
    Limit {
        /// Of what.
        what: &'static str,
        /// Where the key starts, in bytes from the start of the file.
        offset: usize,
    },
}

/// A hive in memory.
#[derive(Clone, Copy, Debug)]
pub struct Hive<'a> {
    bins: &'a [u8],
    root: u32,
}

/// A key of a hive.
#[derive(Clone, Copy, Debug)]
pub struct Key<'a> {
    hive: Hive<'a>,
    /// The cell of the key node.
    cell: &'a [u8],
    offset: usize,
}

/// The data of a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Value<'a> {
    /// Its type: 1 text, 3 bytes, 4 a number of 32 bits, 7 several texts.
    pub kind: u32,
    /// Its bytes.
    pub data: &'a [u8],
}

impl<'a> Hive<'a> {
    /// Opens a hive.
    ///
    /// # Errors
    ///
    /// [`HiveError`] unless it begins with a sound base block.
    pub fn open(bytes: &'a [u8]) -> Result<Self, HiveError> {
        if !bytes.starts_with(b"regf") {
            return Err(HiveError::NotHive("it does not begin with `regf`"));
        }
        let (Some(base), Some(bins)) = (bytes.get(..BASE_BLOCK), bytes.get(BASE_BLOCK..)) else {
            return Err(HiveError::NotHive("it ends in its base block"));
        };
        let (Some(stated), Some(root)) = (le32(base, 508), le32(base, 36)) else {
            return Err(HiveError::NotHive("it ends in its base block"));
        };
        let found = checksum(base);
        if found != stated {
            return Err(HiveError::Checksum { stated, found });
        }
        Ok(Self { bins, root })
    }

    /// The root key.
    ///
    /// # Errors
    ///
    /// [`HiveError::Cell`] if it is not where the base block says.
    pub fn root(&self) -> Result<Key<'a>, HiveError> {
        self.key(self.root)
    }

    /// The bytes of the cell at an offset; the first four of a cell say how long it is, as a
    /// negative number if it is in use.
    fn cell(&self, offset: u32, structure: &'static str) -> Result<&'a [u8], HiveError> {
        let wrong =
            HiveError::Cell { structure, offset: BASE_BLOCK.saturating_add(offset as usize) };
        let start = offset as usize;
        let cell = le32(self.bins, start).and_then(|len| {
            let len = usize::try_from(i64::from(len as i32).checked_neg()?).ok()?;
            self.bins.get(start.checked_add(4)?..start.checked_add(len)?)
        });
        cell.ok_or(wrong)
    }

    fn key(&self, offset: u32) -> Result<Key<'a>, HiveError> {
        const STRUCTURE: &str = "key node";
        let cell = self.cell(offset, STRUCTURE)?;
        let offset = BASE_BLOCK + offset as usize;
        if cell.len() < 76 || !cell.starts_with(b"nk") {
            return Err(HiveError::Cell { structure: STRUCTURE, offset });
        }
        Ok(Key { hive: *self, cell, offset })
    }
}

/// The exclusive or of the 127 words before it; 0 and -1 are never written.
fn checksum(base: &[u8]) -> u32 {
    let (words, _) = base.as_chunks::<4>();
    match words.iter().take(127).fold(0, |sum, word| sum ^ u32::from_le_bytes(*word)) {
        0 => 1,
        u32::MAX => u32::MAX - 1,
        sum => sum,
    }
}

impl<'a> Key<'a> {
    /// The name.
    ///
    /// # Errors
    ///
    /// [`HiveError::Cell`] if it leaves its cell.
    pub fn name(&self) -> Result<String, HiveError> {
        let len = usize::from(le16(self.cell, 72).unwrap_or(0));
        let flags = le16(self.cell, 2).unwrap_or(0);
        let bytes = self.cell.get(76..76 + len).ok_or(self.wrong("key name"))?;
        Ok(if flags & KEY_LATIN1 != 0 { latin1(bytes) } else { utf16(bytes) })
    }

    /// The keys below it.
    ///
    /// # Errors
    ///
    /// [`HiveError`] if their list or one of them is damaged, or if they are too many.
    pub fn children(&self) -> Result<Vec<Key<'a>>, HiveError> {
        let count = le32(self.cell, 20).unwrap_or(0);
        if count == 0 {
            return Ok(Vec::new());
        }
        let list = le32(self.cell, 28).ok_or(self.wrong("key node"))?;
        let mut offsets = Vec::new();
        self.list(list, true, &mut offsets)?;
        offsets.into_iter().map(|offset| self.hive.key(offset)).collect()
    }

    /// Adds what a list of children names; a list of lists (`ri`) may be the outer one only.
    fn list(&self, offset: u32, outer: bool, found: &mut Vec<u32>) -> Result<(), HiveError> {
        const STRUCTURE: &str = "list of keys";
        let cell = self.hive.cell(offset, STRUCTURE)?;
        let wrong = HiveError::Cell { structure: STRUCTURE, offset: BASE_BLOCK + offset as usize };
        let count = usize::from(le16(cell, 2).ok_or(wrong.clone())?);
        let (len, is_outer) = match (cell.first_chunk::<2>(), outer) {
            (Some(b"lf" | b"lh"), _) => (8, false),
            (Some(b"li"), _) => (4, false),
            (Some(b"ri"), true) => (4, true),
            _ => return Err(wrong),
        };
        let entries = cell.get(4..4 + count * len).ok_or(wrong)?;
        let what = "children";
        for entry in entries.chunks_exact(len) {
            let named = le32(entry, 0).unwrap_or(u32::MAX);
            if is_outer {
                self.list(named, false, found)?;
            } else {
                found.push(named);
            }
            if found.len() > CHILDREN_MAX {
                return Err(HiveError::Limit { what, offset: self.offset });
            }
        }
        Ok(())
    }

    /// The key of this name below it, whatever the case; None without one.
    ///
    /// # Errors
    ///
    /// As [`Self::children`] and [`Self::name`].
    pub fn child(&self, name: &str) -> Result<Option<Key<'a>>, HiveError> {
        for child in self.children()? {
            if child.name()?.eq_ignore_ascii_case(name) {
                return Ok(Some(child));
            }
        }
        Ok(None)
    }

    /// The value of this name, whatever the case; None without one.
    ///
    /// # Errors
    ///
    /// [`HiveError`] if the list of values or one of them is damaged, or if they are too many.
    pub fn value(&self, name: &str) -> Result<Option<Value<'a>>, HiveError> {
        let count = le32(self.cell, 36).unwrap_or(0) as usize;
        if count == 0 {
            return Ok(None);
        }
        if count > CHILDREN_MAX {
            return Err(HiveError::Limit { what: "values", offset: self.offset });
        }
        let wrong = self.wrong("list of values");
        let list = le32(self.cell, 40).ok_or(wrong.clone())?;
        let list = self.hive.cell(list, "list of values")?.get(..count * 4).ok_or(wrong)?;
        for entry in list.chunks_exact(4) {
            let offset = le32(entry, 0).unwrap_or(u32::MAX);
            if let Some(value) = self.named_value(offset, name)? {
                return Ok(Some(value));
            }
        }
        Ok(None)
    }

    fn named_value(&self, offset: u32, name: &str) -> Result<Option<Value<'a>>, HiveError> {
        const STRUCTURE: &str = "value";
        let cell = self.hive.cell(offset, STRUCTURE)?;
        let wrong = HiveError::Cell { structure: STRUCTURE, offset: BASE_BLOCK + offset as usize };
        if cell.len() < 20 || !cell.starts_with(b"vk") {
            return Err(wrong);
        }
        let number = |at: usize| le32(cell, at).ok_or(wrong.clone());
        let len = usize::from(le16(cell, 2).unwrap_or(0));
        let bytes = cell.get(20..20 + len).ok_or(wrong.clone())?;
        let is_latin1 = le16(cell, 16).unwrap_or(0) & VALUE_LATIN1 != 0;
        let found = if is_latin1 { latin1(bytes) } else { utf16(bytes) };
        if !found.eq_ignore_ascii_case(name) {
            return Ok(None);
        }
        let (size, data, kind) = (number(4)?, number(8)?, number(12)?);
        // Up to four bytes stand in place of the offset.
        let is_inline = size & 0x8000_0000 != 0;
        let len = (size & 0x7FFF_FFFF) as usize;
        let data = if is_inline { cell.get(8..8 + len.min(4)) } else { self.data(data, len)? };
        Ok(Some(Value { kind, data: data.ok_or(wrong)? }))
    }

    fn data(&self, offset: u32, len: usize) -> Result<Option<&'a [u8]>, HiveError> {
        if len == 0 {
            return Ok(Some(&[]));
        }
        let cell = self.hive.cell(offset, "value data")?;
        Ok(cell.get(..len).filter(|_| len <= DATA_MAX))
    }

    fn wrong(&self, structure: &'static str) -> HiveError {
        HiveError::Cell { structure, offset: self.offset }
    }
}

fn latin1(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| char::from(*byte)).collect()
}
