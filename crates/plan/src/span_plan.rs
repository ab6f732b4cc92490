use content::{ContentId, ContentIndex, IndexedContent, IndexedFile, manifest};
use image::{ByteCount, ByteOffset};

use crate::{DiscDraft, Placements, Reason};

/// Which bytes lie on which disc of a set, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpanPlan {
    /// The discs in the order in which they are asked for; at least one.
    pub discs: Vec<DiscPlan>,
    /// The contents (positions in the index) in the order of first use.
    pub contents: Vec<u32>,
    /// How many files the contents have.
    pub files: u64,
    /// The sum of their sizes, duplicates counted as often as they occur.
    pub bytes: ByteCount,
    /// How many of the files are distinct.
    pub unique_files: u64,
    /// The sum of the sizes of the distinct files.
    pub unique_bytes: ByteCount,
    /// `ceil(unique_bytes / capacity)`, and at least 1: no set can have fewer discs.
    pub lower_bound_discs: u32,
    /// How often a person changes the disc while the task sequence runs: the discs less one.
    pub swaps: u32,
    /// Bytes kept free on every disc because the lengths of the manifests would not settle;
    /// otherwise, and nearly always, 0.
    pub reserved: ByteCount,
}

impl SpanPlan {
    /// Looks the plan up by file instead of by disc.
    pub fn placements(&self, index: &ContentIndex) -> Placements {
        let discs = self.discs.iter().map(|disc| (disc.pieces.as_slice(), disc.starts.as_slice()));
        Placements::of_discs(index, discs)
    }

    /// The sum of the bytes that stay empty on all discs; 0 where there is no limit.
    pub fn waste(&self) -> ByteCount {
        self.discs.iter().map(|disc| disc.waste).sum()
    }
}

/// What lies on a disc.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DiscPlan {
    /// Which disc, from 1 on.
    pub number: u32,
    /// How many bytes the disc holds; `None` when there is no limit.
    pub capacity: Option<ByteCount>,
    /// The exact size of the disc's image.
    pub bytes: ByteCount,
    /// How many bytes of the capacity stay empty; 0 where there is no limit.
    pub waste: ByteCount,
    /// The files and ranges of files, in the order in which the steps need them.
    pub pieces: Vec<Piece>,
    /// The contents (positions in the index) that start on this disc: their folders and empty
    /// directories lie here.
    pub starts: Vec<u32>,
    /// Each content of which something lies here, in the order of first use.
    pub contents: Vec<DiscContent>,
}

impl DiscPlan {
    /// Returns the disc in the form that [`Medium::measure`](crate::Medium::measure) takes.
    pub fn draft<'a>(&'a self, index: &'a ContentIndex) -> DiscDraft<'a> {
        DiscDraft { index, number: self.number, pieces: &self.pieces, starts: &self.starts }
    }
}

/// What of a content lies on a disc.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DiscContent {
    /// The content's position in the index.
    pub content: u32,
    /// Which content.
    pub id: ContentId,
    /// How many of its files lie here, whole or in part.
    pub files: u64,
    /// How many bytes of them, duplicates counted as often as they occur.
    pub bytes: ByteCount,
    /// Why they lie here.
    pub reason: Reason,
}

/// A file, or a range of a file that is cut, on a disc.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Piece {
    /// The content's position in [`ContentIndex::contents`].
    pub content: u32,
    /// The file's position in the content's files.
    pub file: u32,
    /// `None` for a whole file; the number of the range, from 0 on in the order of the offsets,
    /// for a file that is cut.
    pub part: Option<u32>,
    /// Where in the file the piece starts; 0 or a multiple of [`CUT_ALIGNMENT`](crate::CUT_ALIGNMENT).
    pub offset: ByteOffset,
    /// How many bytes it has.
    pub len: ByteCount,
}

impl Piece {
    /// The content that the piece belongs to.
    pub fn content<'a>(&self, index: &'a ContentIndex) -> &'a IndexedContent {
        &index.contents[self.content as usize]
    }

    /// The file that the piece belongs to.
    pub fn file<'a>(&self, index: &'a ContentIndex) -> &'a IndexedFile {
        &self.content(index).files[self.file as usize]
    }

    /// The path of the piece on its disc.
    pub fn path(&self, index: &ContentIndex) -> String {
        let id = &self.content(index).id;
        match self.part {
            None => manifest::content_file_path(id, &self.file(index).path),
            Some(part) => manifest::part_path(id, self.file as usize, part as usize),
        }
    }
}
