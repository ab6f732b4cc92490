use std::cmp::Reverse;
use std::collections::BTreeSet;

use crate::pack::{Lookahead, Packer, Unit};
use crate::{Medium, SpanError};

/// How often what is left of a disc is filled again, after files that should have fitted did not:
/// each time costs two or three measurements, and the first wins nearly all there is to win.
const PASSES: u32 = 3;

/// How many whole contents are measured in vain before a disc counts as full.
const MISSES_MAX: u32 = 3;

/// How many later files are looked at to fill what is left: a million files are not walked again
/// for each disc, and among so many there are some that fit.
const LATER_FILES_MAX: usize = 10_000;

impl<M: Medium> Packer<'_, M> {
    /// Fills what is left with later files of the content whose file did not fit.
    pub(crate) fn fill_from_same_content(
        &mut self,
        blocked: usize,
    ) -> Result<(), SpanError<M::Error>> {
        let end = self.items.of_turn(self.items.turn(blocked)).end;
        let rest = blocked + 1..end.min(blocked + 1 + LATER_FILES_MAX);
        let whole: Vec<usize> = rest.clone().filter(|&item| self.is_open(item)).collect();
        self.fill(&whole, false)?;
        let cut = rest.into_iter().find(|&item| !self.placed[item] && self.is_cut(item));
        if let Some(item) = cut {
            self.place_cut(item)?;
        }
        Ok(())
    }

    /// Fills what is left with something of later contents, as far as the lookahead allows.
    pub(crate) fn fill_ahead(&mut self, blocked: usize) -> Result<(), SpanError<M::Error>> {
        let turn = self.items.turn(blocked);
        match self.lookahead {
            Lookahead::Nothing => Ok(()),
            Lookahead::WholeContents => self.fill_with_contents(turn + 1),
            Lookahead::Files => {
                let later = self.items.of_turn(turn).end;
                let candidates = self.largest_from(later);
                self.fill(&candidates, true)
            }
        }
    }

    /// Whether an item can still be placed as a whole.
    fn is_open(&self, item: usize) -> bool {
        !self.placed[item] && !self.is_cut(item)
    }

    /// The items from `first` on that can be placed and might have room, the largest first.
    fn largest_from(&mut self, first: usize) -> Vec<usize> {
        let items = self.items;
        let by_size = self.by_size.take().unwrap_or_else(|| {
            let mut all: Vec<usize> = (0..items.len()).collect();
            all.sort_by_key(|&item| (Reverse(items.size(item)), item));
            all
        });
        let room = self.limit - self.disc.size;
        let start = by_size.partition_point(|&item| items.size(item) > room);
        let later = by_size[start..].iter().copied();
        let candidates = later
            .filter(|&item| item >= first && self.is_open(item))
            .take(LATER_FILES_MAX)
            .collect();
        self.by_size = Some(by_size);
        candidates
    }

    /// Places those of the candidates, in their order, that fit what is left.
    fn fill(&mut self, candidates: &[usize], moved: bool) -> Result<(), SpanError<M::Error>> {
        let mut too_large = BTreeSet::new();
        for _ in 0..PASSES {
            let units = self.select(candidates, &too_large);
            if units.is_empty() {
                break;
            }
            let count = self.fit_prefix(&units, moved)?;
            if let Some(unit) = units.get(count) {
                too_large.insert(unit.item);
            }
        }
        Ok(())
    }

    fn select(&mut self, candidates: &[usize], too_large: &BTreeSet<usize>) -> Vec<Unit> {
        let mut room = self.limit - self.disc.size;
        // Half the mean, so that a file is left out only if it is most unlikely to fit.
        let overhead = u64::try_from(self.overhead).unwrap_or(0) / 2;
        let mut units = Vec::new();
        let mut met = BTreeSet::new();
        self.begin_scan();
        for &item in candidates {
            if room == 0 && !units.is_empty() {
                break;
            }
            if self.placed[item] || too_large.contains(&item) {
                continue;
            }
            if self.new_data(item, false).saturating_add(overhead) > room {
                continue;
            }
            let mut unit = self.scan_unit(item, None);
            // Candidates by size mix the contents, so the one before says nothing.
            unit.starts &= met.insert(self.items.turn(item));
            room = room.saturating_sub(self.expected(&unit));
            units.push(unit);
        }
        units
    }

    /// Places whole contents from this turn on, in order, that fit what is left.
    fn fill_with_contents(&mut self, first: usize) -> Result<(), SpanError<M::Error>> {
        let mut misses = 0;
        for turn in first..self.items.order.len() {
            let Some(units) = self.content_units(turn) else { continue };
            let size = self.probe(&units)?;
            if size <= self.limit {
                self.commit(&units, size, true);
            } else {
                misses += 1;
                if misses == MISSES_MAX {
                    break;
                }
            }
        }
        Ok(())
    }

    /// The units of a content that has not started, if its data might fit what is left.
    fn content_units(&mut self, turn: usize) -> Option<Vec<Unit>> {
        if self.started[turn] {
            return None;
        }
        let mut room = self.limit - self.disc.size;
        let mut units: Vec<Unit> = Vec::new();
        self.begin_scan();
        for item in self.items.of_turn(turn) {
            if self.is_cut(item) {
                return None;
            }
            let unit = self.scan_unit(item, units.last());
            room = room.checked_sub(unit.data)?;
            units.push(unit);
        }
        Some(units)
    }
}
