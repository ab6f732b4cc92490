//! Two plain planners, for benchmarks to compare [`span`](crate::span()) with.
//!
//! Both know only the sizes of files and the room that an empty disc has, so they are told less
//! than the truth: directory records cost them nothing. That makes their figures better than any
//! real tool that works this way could reach, never worse.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use content::{ContentIndex, Need};
use image::ByteCount;

use crate::cut::CUT_ALIGNMENT;
use crate::items::Items;
use crate::pack::MAX_DISCS;
use crate::{DiscDraft, Medium, Placements, SetDraft, SpanError};

/// What a plain planner achieves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Baseline {
    /// The number of discs.
    pub discs: u32,
    /// The sum of the bytes that stay empty; 0 where there is no limit.
    pub waste: ByteCount,
    /// How often a person changes the disc when the steps run in order, each reads its content
    /// when its turn comes, and nothing is fetched ahead.
    pub swaps: u64,
}

/// Puts contents whole onto discs in order, and begins a disc whenever one does not fit.
///
/// A content that is larger than a disc begins a disc of its own and runs over its files onto as
/// many as it needs. Duplicates are stored as often as they occur.
pub fn next_fit<M: Medium>(
    index: &ContentIndex,
    needs: &[Need],
    medium: &M,
) -> Result<Baseline, SpanError<M::Error>> {
    let items = Items::new(index, needs)?;
    let mut discs = Discs::of(&items, medium)?;
    for turn in 0..items.order.len() {
        let files = items.of_turn(turn);
        let total: u64 = files.clone().map(|item| stored_size(&items, item)).sum();
        if total > discs.room_on_last() && !discs.last_is_empty() {
            discs.open()?;
        }
        for item in files {
            let size = stored_size(&items, item);
            if size > discs.room_on_last() && size <= discs.room_new {
                discs.open()?;
            }
            discs.place_from_last(turn, size)?;
        }
    }
    Ok(discs.result())
}

/// Puts files, the largest first, each onto the first disc that has room.
///
/// A file that is larger than a disc is cut over new ones. Duplicates are stored as often as they
/// occur, and no order of contents is kept.
pub fn first_fit_decreasing<M: Medium>(
    index: &ContentIndex,
    needs: &[Need],
    medium: &M,
) -> Result<Baseline, SpanError<M::Error>> {
    let items = Items::new(index, needs)?;
    let mut discs = Discs::of(&items, medium)?;
    let mut by_size: Vec<usize> = (0..items.len()).collect();
    by_size.sort_by_key(|&item| (Reverse(items.size(item)), item));
    // Sizes only fall, so a disc that is too full for one file of a size is so for the next.
    let (mut first, mut size_before) = (0, u64::MAX);
    for item in by_size {
        let size = stored_size(&items, item);
        let start = if size == size_before { first } else { 0 };
        size_before = size;
        match (start..discs.room.len()).find(|&disc| discs.room[disc] >= size) {
            Some(disc) => {
                discs.place(items.turn(item), disc, size);
                first = disc;
            }
            None => {
                discs.open()?;
                discs.place_from_last(items.turn(item), size)?;
                first = discs.room.len() - 1;
            }
        }
    }
    Ok(discs.result())
}

fn stored_size(items: &Items<'_>, item: usize) -> u64 {
    items.size(item).next_multiple_of(CUT_ALIGNMENT)
}

struct Discs {
    /// What is left of each disc.
    room: Vec<u64>,
    /// What an empty disc 2 has room for.
    room_new: u64,
    limited: bool,
    first_room: u64,
    /// For each turn the discs that hold its content.
    used: Vec<BTreeSet<usize>>,
}

impl Discs {
    fn of<M: Medium>(items: &Items<'_>, medium: &M) -> Result<Self, SpanError<M::Error>> {
        items.totals().ok_or(SpanError::TooManyBytes)?;
        let used = vec![BTreeSet::new(); items.order.len()];
        let Some(capacity) = medium.capacity() else {
            let room = u64::MAX;
            let (limited, room_new) = (false, room);
            return Ok(Self { room: vec![room], room_new, limited, first_room: room, used });
        };
        let guess = Placements::guess(items.index, &items.order, Some(capacity));
        let set = SetDraft { index: items.index, contents: &items.order, placements: &guess };
        let sizes = medium.measure_set(&set).map_err(SpanError::Medium)?;
        let room_on = |number| {
            let draft = DiscDraft { index: items.index, number, pieces: &[], starts: &[] };
            let bytes = medium.measure(&draft, &sizes).map_err(SpanError::Medium)?;
            match capacity.0.checked_sub(bytes.0) {
                Some(room) => Ok(room - room % CUT_ALIGNMENT),
                None => Err(SpanError::NothingFits { disc: number, bytes, capacity }),
            }
        };
        let (first_room, room_new) = (room_on(1)?, room_on(2)?);
        Ok(Self { room: vec![first_room], room_new, limited: true, first_room, used })
    }

    fn open<E: std::error::Error>(&mut self) -> Result<(), SpanError<E>> {
        if self.room_new == 0 || self.room.len() >= MAX_DISCS as usize {
            return Err(SpanError::TooManyDiscs);
        }
        self.room.push(self.room_new);
        Ok(())
    }

    fn room_on_last(&self) -> u64 {
        *self.room.last().expect("there is a disc from the beginning")
    }

    fn last_is_empty(&self) -> bool {
        let empty = if self.room.len() == 1 { self.first_room } else { self.room_new };
        self.room_on_last() == empty
    }

    fn place(&mut self, turn: usize, disc: usize, size: u64) {
        self.room[disc] -= size;
        self.used[turn].insert(disc);
    }

    /// Places a file on the last disc and, if it is larger, on as many new ones as it needs.
    fn place_from_last<E: std::error::Error>(
        &mut self,
        turn: usize,
        size: u64,
    ) -> Result<(), SpanError<E>> {
        let mut rest = size;
        loop {
            let piece = rest.min(self.room_on_last());
            self.place(turn, self.room.len() - 1, piece);
            rest -= piece;
            if rest == 0 {
                return Ok(());
            }
            self.open()?;
        }
    }

    fn result(self) -> Baseline {
        let waste = if self.limited { self.room.iter().sum() } else { 0 };
        let discs = self.room.len() as u32;
        Baseline { discs, waste: ByteCount(waste), swaps: swaps(&self.used) }
    }
}

/// Counts the changes of the disc when each content is read in its turn, starting with disc 1 and
/// each time with the disc that is in the drive.
fn swaps(used: &[BTreeSet<usize>]) -> u64 {
    let (mut swaps, mut inserted) = (0, 0);
    for discs in used {
        let mut others = discs.iter().copied().filter(|&disc| disc != inserted);
        swaps += others.clone().count() as u64;
        inserted = others.next_back().unwrap_or(inserted);
    }
    swaps
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn swaps_count_each_change_and_read_the_inserted_disc_first() {
        let used = |turns: &[&[usize]]| -> Vec<BTreeSet<usize>> {
            turns.iter().map(|discs| discs.iter().copied().collect()).collect()
        };
        assert_eq!(swaps(&used(&[])), 0);
        assert_eq!(swaps(&used(&[&[0], &[0], &[1], &[1]])), 1);
        assert_eq!(swaps(&used(&[&[0, 1], &[0, 1], &[0]])), 2);
        assert_eq!(swaps(&used(&[&[2], &[0], &[2]])), 3);
    }
}
