use std::collections::BTreeMap;

use content::ContentIndex;
use image::{ByteCount, ByteOffset};

use crate::Piece;

/// Where each file of each content of a set lies: the lines of the manifests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placements {
    disc_count: u32,
    contents: Vec<ContentPlacement>,
}

/// Where the files of one content lie; all empty for a content that is not in the set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct ContentPlacement {
    /// For each file the disc that holds it whole, or 0.
    whole: Vec<u32>,
    cut: BTreeMap<u32, Vec<PlacedPart>>,
    discs: Vec<u32>,
}

/// Where a file lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Placement<'a> {
    /// Whole on this disc.
    Whole(u32),
    /// Cut into these ranges, in the order of their offsets.
    Cut(&'a [PlacedPart]),
}

/// A range of a file that is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlacedPart {
    /// The disc that holds it.
    pub disc: u32,
    /// Its number, from 0 on: the last argument of [`content::manifest::part_path`].
    pub part: u32,
    /// Where in the file it starts.
    pub offset: ByteOffset,
    /// How many bytes it has.
    pub len: ByteCount,
}

impl Placements {
    /// Collects the pieces and starting contents of discs 1, 2, ….
    pub(crate) fn of_discs<'a>(
        index: &ContentIndex,
        discs: impl Iterator<Item = (&'a [Piece], &'a [u32])>,
    ) -> Self {
        let mut placements = Self::empty(index);
        for (pieces, starts) in discs {
            placements.disc_count += 1;
            let disc = placements.disc_count;
            for &content in starts {
                placements.contents[content as usize].visit(disc);
            }
            for piece in pieces {
                let files = piece.content(index).files.len();
                placements.contents[piece.content as usize].place(piece, disc, files);
            }
        }
        placements
    }

    /// The first guess, from which planning starts: the contents one after the other, on discs
    /// that hold `capacity` bytes of data and nothing else.
    pub(crate) fn guess(index: &ContentIndex, order: &[u32], capacity: Option<ByteCount>) -> Self {
        let mut placements = Self::empty(index);
        placements.disc_count = 1;
        let mut before = 0;
        for &position in order {
            let content = &index.contents[position as usize];
            let placement = &mut placements.contents[position as usize];
            placement.visit(placements.disc_count);
            for file in &content.files {
                let full = capacity.map_or(0, |capacity| before / capacity.0.max(1));
                placements.disc_count = u32::try_from(full + 1).unwrap_or(u32::MAX);
                placement.visit(placements.disc_count);
                placement.whole.push(placements.disc_count);
                before += index.size(file).0;
            }
        }
        placements
    }

    fn empty(index: &ContentIndex) -> Self {
        Self { disc_count: 0, contents: vec![ContentPlacement::default(); index.contents.len()] }
    }

    /// How many discs the set has.
    pub fn disc_count(&self) -> u32 {
        self.disc_count
    }

    /// The discs that hold something of the content at this position of the index, ascending;
    /// empty if the set does not have it. Its empty directories lie on the first.
    pub fn discs_of(&self, content: u32) -> &[u32] {
        &self.contents[content as usize].discs
    }

    /// Where a file of a content of the set lies; `None` if the set does not have it.
    pub fn file(&self, content: u32, file: u32) -> Option<Placement<'_>> {
        let placement = &self.contents[content as usize];
        if let Some(parts) = placement.cut.get(&file) {
            return Some(Placement::Cut(parts));
        }
        let disc = *placement.whole.get(file as usize)?;
        (disc != 0).then_some(Placement::Whole(disc))
    }
}

impl ContentPlacement {
    fn visit(&mut self, disc: u32) {
        if self.discs.last() != Some(&disc) {
            self.discs.push(disc);
        }
    }

    fn place(&mut self, piece: &Piece, disc: u32, files: usize) {
        self.visit(disc);
        self.whole.resize(files, 0);
        match piece.part {
            None => self.whole[piece.file as usize] = disc,
            Some(part) => self.cut.entry(piece.file).or_default().push(PlacedPart {
                disc,
                part,
                offset: piece.offset,
                len: piece.len,
            }),
        }
    }
}
