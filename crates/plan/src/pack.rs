use std::collections::{BTreeMap, BTreeSet};

use image::{ByteCount, ByteOffset};

use crate::cut::CutState;
use crate::fit::{Fit, Search};
use crate::items::Items;
use crate::{DiscDraft, Medium, Piece, SpanError};

/// The largest number of discs of a set: far more than a person would ever burn, and small enough
/// that a sparse file of 2^62 bytes is refused and not planned.
pub const MAX_DISCS: u32 = 9_999;

/// The largest number of parts of a cut file: a file of 4 PB at the limit of FAT32.
pub const MAX_PARTS: u32 = 1_000_000;

/// What may lie on a disc before its turn, to fill what is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lookahead {
    Nothing,
    WholeContents,
    Files,
}

/// A disc that is full.
#[derive(Clone)]
pub(crate) struct PackedDisc {
    /// In the order of need.
    pub pieces: Vec<Piece>,
    pub starts: Vec<u32>,
    /// The contents that lie here before their turn.
    pub moved: BTreeSet<u32>,
    /// The content whose turn it was when something of it did not fit any more.
    pub blocked: Option<u32>,
}

/// The disc that is being filled.
#[derive(Default)]
pub(crate) struct OpenDisc {
    pub pieces: Vec<Piece>,
    /// For each piece its item.
    pub items: Vec<usize>,
    pub starts: Vec<u32>,
    pub moved: BTreeSet<u32>,
    /// The size of the image with the above.
    pub size: u64,
}

/// A whole file, or a content without files, that may come onto the open disc.
#[derive(Clone, Copy)]
pub(crate) struct Unit {
    pub item: usize,
    /// Whether its content starts with it, if it comes onto the disc after those before it.
    pub starts: bool,
    /// The bytes of data that it adds to the disc.
    pub data: u64,
}

/// One attempt to place every item, with fixed sizes of the set, disc after disc.
pub(crate) struct Packer<'a, M: Medium> {
    pub(crate) items: &'a Items<'a>,
    pub(crate) medium: &'a M,
    sizes: &'a M::SetSizes,
    /// The capacity less what is reserved, or `u64::MAX` where there is no limit.
    pub(crate) limit: u64,
    capacity: u64,
    pub(crate) lookahead: Lookahead,
    pub(crate) placed: Vec<bool>,
    /// The first item that is not placed.
    pub(crate) cursor: usize,
    /// The items that must be cut, and how far they are.
    pub(crate) cuts: BTreeMap<usize, CutState>,
    /// Whether something of the content of this turn is on a disc.
    pub(crate) started: Vec<bool>,
    /// For each blob the last disc that it was put on, and the last scan that met it.
    on_disc: Vec<u32>,
    scanned: Vec<u32>,
    scan: u32,
    pub(crate) overhead: i128,
    /// The items by size, the largest first, once they are wanted.
    pub(crate) by_size: Option<Vec<usize>>,
    pub(crate) disc: OpenDisc,
    discs: Vec<PackedDisc>,
}

impl<'a, M: Medium> Packer<'a, M> {
    pub fn new(
        items: &'a Items<'a>,
        medium: &'a M,
        sizes: &'a M::SetSizes,
        lookahead: Lookahead,
        reserved: u64,
    ) -> Self {
        let capacity = medium.capacity().map_or(u64::MAX, |capacity| capacity.0);
        let blobs = items.index.blobs.len();
        Self {
            items,
            medium,
            sizes,
            limit: capacity.saturating_sub(reserved),
            capacity,
            lookahead,
            placed: vec![false; items.len()],
            cursor: 0,
            cuts: BTreeMap::new(),
            started: vec![false; items.order.len()],
            on_disc: vec![0; blobs],
            scanned: vec![0; blobs],
            scan: 0,
            overhead: 0,
            by_size: None,
            disc: OpenDisc::default(),
            discs: Vec::new(),
        }
    }

    /// Fills discs until everything is placed; at least one.
    pub fn run(mut self) -> Result<Vec<PackedDisc>, SpanError<M::Error>> {
        loop {
            self.open_disc()?;
            let blocked = self.fill_in_order()?;
            if let Some(item) = blocked {
                self.fill_from_same_content(item)?;
                self.fill_ahead(item)?;
            }
            self.close_disc(blocked)?;
            if self.next_item().is_none() {
                return Ok(self.discs);
            }
            if self.discs.len() >= MAX_DISCS as usize {
                return Err(SpanError::TooManyDiscs);
            }
        }
    }

    pub(crate) fn number(&self) -> u32 {
        self.discs.len() as u32 + 1
    }

    /// Whether nothing will ever have more room than it has on this disc now.
    pub(crate) fn is_fresh(&self) -> bool {
        self.number() > 1 && self.disc.pieces.is_empty() && self.disc.starts.is_empty()
    }

    fn open_disc(&mut self) -> Result<(), SpanError<M::Error>> {
        self.disc = OpenDisc::default();
        self.disc.size = self.measure_open()?;
        if self.disc.size > self.limit {
            let reserved = self.capacity - self.limit;
            return Err(SpanError::NothingFits {
                disc: self.number(),
                bytes: ByteCount(self.disc.size.saturating_add(reserved)),
                capacity: ByteCount(self.capacity),
            });
        }
        Ok(())
    }

    /// Places items in order until one does not fit what is left, and returns that one.
    fn fill_in_order(&mut self) -> Result<Option<usize>, SpanError<M::Error>> {
        while let Some(next) = self.next_item() {
            if self.is_cut(next) {
                if !self.place_cut(next)? {
                    return Ok(Some(next));
                }
                continue;
            }
            let window = self.window();
            let count = self.fit_prefix(&window, false)?;
            let Some(unit) = window.get(count) else { continue };
            if !self.must_be_cut(unit.item)? {
                return Ok(Some(unit.item));
            }
            self.cuts.insert(unit.item, CutState::default());
        }
        Ok(None)
    }

    pub(crate) fn next_item(&mut self) -> Option<usize> {
        while *self.placed.get(self.cursor)? {
            self.cursor += 1;
        }
        Some(self.cursor)
    }

    /// The whole files that come next, to the first that must be cut and not much beyond what the
    /// disc should hold.
    fn window(&mut self) -> Vec<Unit> {
        let room = self.limit - self.disc.size;
        let enough = room.saturating_add(room / 4);
        let mut units: Vec<Unit> = Vec::new();
        let mut expected = 0u64;
        self.begin_scan();
        for item in self.cursor..self.items.len() {
            if self.placed[item] {
                continue;
            }
            if expected > enough || self.is_cut(item) {
                break;
            }
            let unit = self.scan_unit(item, units.last());
            expected = expected.saturating_add(self.expected(&unit));
            units.push(unit);
        }
        units
    }

    pub(crate) fn begin_scan(&mut self) {
        self.scan += 1;
    }

    /// Makes the unit of an item that follows `before`, with the data that is new to the disc.
    pub(crate) fn scan_unit(&mut self, item: usize, before: Option<&Unit>) -> Unit {
        let turn = self.items.turn(item);
        let starts =
            !self.started[turn] && before.is_none_or(|unit| self.items.turn(unit.item) != turn);
        Unit { item, starts, data: self.new_data(item, true) }
    }

    /// The bytes of an item that neither the disc nor, in this scan, an item before it holds.
    pub(crate) fn new_data(&mut self, item: usize, remember: bool) -> u64 {
        let Some(blob) = self.items.blob(item) else { return 0 };
        let blob = blob.0 as usize;
        if self.on_disc[blob] == self.number() || self.scanned[blob] == self.scan {
            return 0;
        }
        if remember {
            self.scanned[blob] = self.scan;
        }
        self.items.size(item)
    }

    /// What a unit probably adds to the image.
    pub(crate) fn expected(&self, unit: &Unit) -> u64 {
        unit.data.saturating_add(u64::try_from(self.overhead).unwrap_or(0))
    }

    /// Puts the longest prefix of the units that fits onto the disc, and returns its length.
    pub(crate) fn fit_prefix(
        &mut self,
        units: &[Unit],
        moved: bool,
    ) -> Result<usize, SpanError<M::Error>> {
        let data: Vec<u64> = std::iter::once(0)
            .chain(units.iter().scan(0, |sum, unit| {
                *sum += unit.data;
                Some(*sum)
            }))
            .collect();
        let search = Search {
            max: units.len() as u64,
            size: self.disc.size,
            limit: self.limit,
            data: &|count| data[count as usize],
            overhead: self.overhead,
        };
        let Fit { count, size, overhead } =
            search.run(|count| self.probe(&units[..count as usize]))?;
        let count = count as usize;
        self.overhead = overhead;
        self.commit(&units[..count], size, moved);
        Ok(count)
    }

    /// Measures the disc with these units, and leaves it as it was.
    pub(crate) fn probe(&mut self, units: &[Unit]) -> Result<u64, SpanError<M::Error>> {
        let (pieces, starts) = (self.disc.pieces.len(), self.disc.starts.len());
        self.disc.pieces.extend(units.iter().filter_map(|unit| self.items.whole(unit.item)));
        let starting = units.iter().filter(|unit| unit.starts);
        self.disc.starts.extend(starting.map(|unit| self.items.content(unit.item)));
        let size = self.measure_open();
        self.disc.pieces.truncate(pieces);
        self.disc.starts.truncate(starts);
        size
    }

    pub(crate) fn commit(&mut self, units: &[Unit], size: u64, moved: bool) {
        for unit in units {
            if let Some(piece) = self.items.whole(unit.item) {
                self.disc.pieces.push(piece);
                self.disc.items.push(unit.item);
            }
            if let Some(blob) = self.items.blob(unit.item) {
                self.on_disc[blob.0 as usize] = self.number();
            }
            self.start(unit.item);
            if moved {
                self.disc.moved.insert(self.items.content(unit.item));
            }
            self.placed[unit.item] = true;
        }
        self.disc.size = size;
    }

    /// Notes that something of an item's content comes onto the disc.
    pub(crate) fn start(&mut self, item: usize) {
        let turn = self.items.turn(item);
        if !std::mem::replace(&mut self.started[turn], true) {
            self.disc.starts.push(self.items.content(item));
        }
    }

    pub(crate) fn measure_open(&self) -> Result<u64, SpanError<M::Error>> {
        if self.limit == u64::MAX {
            // Everything fits: only the finished disc is worth a measurement.
            return Ok(0);
        }
        self.measure(self.number(), &self.disc.pieces, &self.disc.starts)
    }

    pub(crate) fn measure(
        &self,
        number: u32,
        pieces: &[Piece],
        starts: &[u32],
    ) -> Result<u64, SpanError<M::Error>> {
        let draft = DiscDraft { index: self.items.index, number, pieces, starts };
        let size = self.medium.measure(&draft, self.sizes).map_err(SpanError::Medium)?;
        Ok(size.0)
    }

    fn close_disc(&mut self, blocked: Option<usize>) -> Result<(), SpanError<M::Error>> {
        if let Some(item) = blocked
            && self.is_fresh()
        {
            return Err(self.no_progress(item)?);
        }
        let disc = std::mem::take(&mut self.disc);
        let mut pieces: Vec<(usize, Piece)> = disc.items.into_iter().zip(disc.pieces).collect();
        pieces.sort_by_key(|(item, piece)| (*item, piece.offset));
        self.discs.push(PackedDisc {
            pieces: pieces.into_iter().map(|(_, piece)| piece).collect(),
            starts: disc.starts,
            moved: disc.moved,
            blocked: blocked.map(|item| self.items.content(item)),
        });
        Ok(())
    }

    /// Says why an empty disc could not even take the smallest piece of an item.
    fn no_progress(&self, item: usize) -> Result<SpanError<M::Error>, SpanError<M::Error>> {
        let piece = match self.cuts.get(&item) {
            Some(state) => Some(self.smallest_piece(item, state)),
            None => self.items.whole(item),
        };
        let starts = if self.started[self.items.turn(item)] {
            vec![]
        } else {
            vec![self.items.content(item)]
        };
        let bytes = self.measure(self.number(), piece.as_slice(), &starts)?;
        Ok(SpanError::NoProgress {
            disc: self.number(),
            content: self.items.content_id(item),
            path: self.items.path(item),
            bytes: ByteCount(bytes.saturating_add(self.capacity - self.limit)),
            capacity: ByteCount(self.capacity),
        })
    }

    /// Whether an item has room on no disc.
    fn must_be_cut(&self, item: usize) -> Result<bool, SpanError<M::Error>> {
        let Some(piece) = self.items.whole(item) else { return Ok(false) };
        if piece.len == ByteCount::ZERO || self.is_fresh() {
            return Ok(piece.len > ByteCount::ZERO);
        }
        let content = [self.items.content(item)];
        let starts: &[u32] = if self.started[self.items.turn(item)] { &[] } else { &content };
        Ok(self.measure(self.number() + 1, &[piece], starts)? > self.limit)
    }

    pub(crate) fn push_cut(&mut self, item: usize, piece: Piece, size: u64) {
        self.start(item);
        self.disc.pieces.push(piece);
        self.disc.items.push(item);
        self.disc.size = size;
    }

    /// A piece from `offset` on that ends `len` bytes later, whole if that is all of the file.
    pub(crate) fn cut_piece(&self, item: usize, state: &CutState, len: u64) -> Piece {
        let whole = self.items.whole(item).expect("only files are cut");
        let is_whole = state.offset == 0 && ByteCount(len) == whole.len;
        Piece {
            part: (!is_whole).then_some(state.parts),
            offset: ByteOffset(state.offset),
            len: ByteCount(len),
            ..whole
        }
    }
}
