use image::ByteCount;

use crate::fit::Search;
use crate::pack::{MAX_PARTS, Packer};
use crate::{Medium, Piece, SpanError};

/// Files are cut at multiples of this many bytes, so that the pieces can be reflinked: the block
/// size of the file systems that build servers have.
pub const CUT_ALIGNMENT: u64 = 4096;

/// A disc that is not empty takes a piece of a cut file only from this fraction of its capacity
/// on: a smaller one costs a part more and helps nobody.
const SLIVER: u64 = 256;

/// How far a file that must be cut is placed.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct CutState {
    /// The bytes that are placed.
    pub offset: u64,
    /// In how many parts.
    pub parts: u32,
}

impl<M: Medium> Packer<'_, M> {
    /// Whether it is known without a measurement that an item must be cut.
    pub(crate) fn is_cut(&self, item: usize) -> bool {
        let size = self.items.size(item);
        size > self.medium.max_file().0 || size > self.limit || self.cuts.contains_key(&item)
    }

    /// Places as much as fits of a file that must be cut; returns whether that was the rest.
    pub(crate) fn place_cut(&mut self, item: usize) -> Result<bool, SpanError<M::Error>> {
        loop {
            let state = self.cuts.get(&item).copied().unwrap_or_default();
            let rest = self.items.size(item) - state.offset;
            let longest = self.longest_piece(item, &state)?;
            let (len, size) = self.fit_piece(item, &state, longest)?;
            // Even if nothing is placed now: from here on the file is known to be cut.
            self.cuts.insert(item, state);
            if len == 0 || (len < longest && !self.is_worth_a_part(len)) {
                return Ok(false);
            }
            self.push_cut(item, self.cut_piece(item, &state, len), size);
            if len == rest {
                self.cuts.remove(&item);
                self.placed[item] = true;
                return Ok(true);
            }
            let state = CutState { offset: state.offset + len, parts: state.parts + 1 };
            self.cuts.insert(item, state);
            if len < longest {
                return Ok(false);
            }
        }
    }

    fn is_worth_a_part(&self, len: u64) -> bool {
        self.is_fresh() || len >= self.limit / SLIVER
    }

    /// The longest piece from here on that the file system holds: the rest, or an aligned part.
    fn longest_piece(&self, item: usize, state: &CutState) -> Result<u64, SpanError<M::Error>> {
        let max_file = self.medium.max_file().0;
        let size = self.items.size(item);
        let rest = size - state.offset;
        if rest <= max_file {
            return Ok(rest);
        }
        let longest = max_file - max_file % CUT_ALIGNMENT;
        if longest == 0 {
            return Err(SpanError::MaxFileTooSmall {
                content: self.items.content_id(item),
                path: self.items.path(item),
                max_file: ByteCount(max_file),
            });
        }
        if u64::from(state.parts) + rest.div_ceil(longest) > u64::from(MAX_PARTS) {
            return Err(SpanError::TooManyParts {
                content: self.items.content_id(item),
                path: self.items.path(item),
                size: ByteCount(size),
            });
        }
        Ok(longest)
    }

    /// Finds the longest piece up to `longest` that fits, and the size of the disc with it.
    fn fit_piece(
        &mut self,
        item: usize,
        state: &CutState,
        longest: u64,
    ) -> Result<(u64, u64), SpanError<M::Error>> {
        let len = |blocks: u64| blocks.saturating_mul(CUT_ALIGNMENT).min(longest);
        let search = Search {
            max: longest.div_ceil(CUT_ALIGNMENT),
            size: self.disc.size,
            limit: self.limit,
            data: &len,
            overhead: 0,
        };
        let fit = search.run(|blocks| self.probe_cut(item, state, len(blocks)))?;
        Ok((len(fit.count), fit.size))
    }

    fn probe_cut(
        &mut self,
        item: usize,
        state: &CutState,
        len: u64,
    ) -> Result<u64, SpanError<M::Error>> {
        let starts = self.disc.starts.len();
        self.disc.pieces.push(self.cut_piece(item, state, len));
        if !self.started[self.items.turn(item)] {
            self.disc.starts.push(self.items.content(item));
        }
        let size = self.measure_open();
        self.disc.pieces.pop();
        self.disc.starts.truncate(starts);
        size
    }

    pub(crate) fn smallest_piece(&self, item: usize, state: &CutState) -> Piece {
        let rest = self.items.size(item) - state.offset;
        self.cut_piece(item, state, rest.min(CUT_ALIGNMENT))
    }
}
