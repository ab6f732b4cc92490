use std::collections::{HashMap, HashSet};
use std::ops::Range;

use content::{BlobId, ContentId, ContentIndex, IndexedFile, Need};
use image::{ByteCount, ByteOffset};

use crate::{Piece, SpanError};

/// What has to be placed, in the order in which the steps need it.
pub(crate) struct Items<'a> {
    pub index: &'a ContentIndex,
    /// The contents (positions in the index); the place in here is a content's turn.
    pub order: Vec<u32>,
    /// For each turn what needs the content first.
    pub first_used_by: Vec<&'a str>,
    list: Vec<Item>,
    ranges: Vec<Range<usize>>,
}

/// A file, or a content that has none.
#[derive(Clone, Copy)]
struct Item {
    turn: u32,
    file: Option<u32>,
}

/// How much there is to place.
pub(crate) struct Totals {
    pub files: u64,
    pub bytes: ByteCount,
    pub unique_files: u64,
    pub unique_bytes: ByteCount,
}

impl<'a> Items<'a> {
    /// Lists the files of the needed contents by turn, then by path.
    pub fn new<E: std::error::Error>(
        index: &'a ContentIndex,
        needs: &'a [Need],
    ) -> Result<Self, SpanError<E>> {
        let positions: HashMap<&ContentId, u32> =
            (0..).zip(&index.contents).map(|(position, content)| (&content.id, position)).collect();
        let mut seen = HashSet::new();
        let (mut order, mut first_used_by) = (Vec::new(), Vec::new());
        for need in needs {
            let Some(&position) = positions.get(&need.content) else {
                return Err(SpanError::UnknownContent { id: need.content.clone() });
            };
            if seen.insert(position) {
                order.push(position);
                first_used_by.push(need.first_used_by.as_str());
            }
        }
        let (mut list, mut ranges) = (Vec::new(), Vec::new());
        for (turn, &position) in (0..).zip(&order) {
            let start = list.len();
            let files = &index.contents[position as usize].files;
            list.extend(by_path(files).map(|file| Item { turn, file: Some(file) }));
            if files.is_empty() {
                list.push(Item { turn, file: None });
            }
            ranges.push(start..list.len());
        }
        Ok(Self { index, order, first_used_by, list, ranges })
    }

    pub fn len(&self) -> usize {
        self.list.len()
    }

    pub fn turn(&self, item: usize) -> usize {
        self.list[item].turn as usize
    }

    /// The items of the content whose turn this is.
    pub fn of_turn(&self, turn: usize) -> Range<usize> {
        self.ranges[turn].clone()
    }

    /// The content that an item belongs to, as a position in the index.
    pub fn content(&self, item: usize) -> u32 {
        self.order[self.turn(item)]
    }

    pub fn content_id(&self, item: usize) -> ContentId {
        self.index.contents[self.content(item) as usize].id.clone()
    }

    fn file(&self, item: usize) -> Option<&'a IndexedFile> {
        let file = self.list[item].file?;
        Some(&self.index.contents[self.content(item) as usize].files[file as usize])
    }

    pub fn path(&self, item: usize) -> String {
        self.file(item).map_or_else(String::new, |file| file.path.to_string())
    }

    pub fn blob(&self, item: usize) -> Option<BlobId> {
        self.file(item).map(|file| file.blob)
    }

    pub fn size(&self, item: usize) -> u64 {
        self.blob(item).map_or(0, |blob| self.index.blob(blob).size.0)
    }

    /// The piece that is a whole file; `None` for a content without files.
    pub fn whole(&self, item: usize) -> Option<Piece> {
        Some(Piece {
            content: self.content(item),
            file: self.list[item].file?,
            part: None,
            offset: ByteOffset::ZERO,
            len: ByteCount(self.size(item)),
        })
    }

    /// Adds everything up, or returns `None` from 2^63 bytes on, so that no later sum of sizes
    /// can overflow.
    pub fn totals(&self) -> Option<Totals> {
        let mut seen = vec![false; self.index.blobs.len()];
        let (mut files, mut unique_files) = (0, 0);
        let (mut bytes, mut unique_bytes) = (0u128, 0u128);
        for item in 0..self.len() {
            let Some(blob) = self.blob(item) else { continue };
            let size = u128::from(self.size(item));
            files += 1;
            bytes += size;
            if !std::mem::replace(&mut seen[blob.0 as usize], true) {
                unique_files += 1;
                unique_bytes += size;
            }
        }
        let count = |bytes| i64::try_from(bytes).ok().map(|bytes: i64| ByteCount(bytes as u64));
        Some(Totals {
            files,
            bytes: count(bytes)?,
            unique_files,
            unique_bytes: count(unique_bytes)?,
        })
    }
}

/// Positions in the order of the paths, which an index that is built by hand need not have.
fn by_path(files: &[IndexedFile]) -> impl Iterator<Item = u32> + use<> {
    let mut positions: Vec<u32> = (0..).take(files.len()).collect();
    positions.sort_by_key(|&position| &files[position as usize].path);
    positions.into_iter()
}
