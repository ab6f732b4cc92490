//! The free clusters of a volume, as runs.

use std::collections::BTreeMap;

/// Clusters that follow each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    /// The number of the first one.
    pub first: u32,
    /// How many they are.
    pub count: u32,
}

/// Runs of free clusters by their first ones; no two of them touch.
#[derive(Clone, Debug, Default)]
pub(super) struct FreeSpace {
    runs: BTreeMap<u32, u32>,
    count: u64,
    /// Where the last allocation ended: the next one goes on there, so that files lie in order.
    next: u32,
}

impl FreeSpace {
    /// How many clusters are free.
    pub(super) fn count(&self) -> u64 {
        self.count
    }

    /// The first free cluster, if there is one.
    pub(super) fn first(&self) -> Option<u32> {
        self.runs.keys().next().copied()
    }

    /// Adds clusters that were not free.
    pub(super) fn give(&mut self, run: Run) {
        let (mut first, mut count) = (run.first, run.count);
        self.count += u64::from(count);
        if let Some(&behind) = self.runs.get(&(first + count)) {
            self.runs.remove(&(first + count));
            count += behind;
        }
        let before = self.runs.range(..first).next_back().map(|(&start, &len)| (start, len));
        if let Some((start, len)) = before.filter(|(start, len)| start + len == first) {
            (first, count) = (start, len + count);
        }
        self.runs.insert(first, count);
    }

    /// Takes `count` clusters: one run if there is one that long, else the first ones there are.
    /// `None` if there are not so many.
    pub(super) fn take(&mut self, count: u64) -> Option<Vec<Run>> {
        if count > self.count {
            return None;
        }
        let mut left = u32::try_from(count).ok()?;
        let mut taken = Vec::new();
        if left == 0 {
            return Some(taken);
        }
        let fits = |(&first, &len): (&u32, &u32)| (len >= left).then_some(first);
        let place = self.runs.range(self.next..).find_map(fits);
        if let Some(first) = place.or_else(|| self.runs.iter().find_map(fits)) {
            return Some(vec![self.cut(first, left)]);
        }
        while left > 0 {
            let (&first, &len) = self.runs.iter().next()?;
            let run = self.cut(first, len.min(left));
            left -= run.count;
            taken.push(run);
        }
        Some(taken)
    }

    /// Takes the beginning of the run that starts at `first`.
    fn cut(&mut self, first: u32, count: u32) -> Run {
        let len = self.runs.remove(&first).unwrap_or_default();
        if len > count {
            self.runs.insert(first + count, len - count);
        }
        self.count -= u64::from(count);
        self.next = first + count;
        Run { first, count }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn space(runs: &[(u32, u32)]) -> FreeSpace {
        let mut space = FreeSpace::default();
        for &(first, count) in runs {
            space.give(Run { first, count });
        }
        space
    }

    #[test]
    fn runs_that_touch_become_one() {
        let mut space = space(&[(10, 5), (20, 5), (15, 5)]);
        assert_eq!(space.runs, BTreeMap::from([(10, 15)]));
        assert_eq!(space.take(15), Some(vec![Run { first: 10, count: 15 }]));
        assert_eq!((space.count(), space.take(1)), (0, None));
    }

    #[test]
    fn a_file_lies_in_one_run_where_one_is_long_enough_and_else_in_the_first_holes() {
        let mut space = space(&[(2, 3), (10, 2), (20, 8)]);
        assert_eq!(space.take(4), Some(vec![Run { first: 20, count: 4 }]));
        // The next one follows, as long as it fits there.
        assert_eq!(space.take(3), Some(vec![Run { first: 24, count: 3 }]));
        assert_eq!(space.take(2), Some(vec![Run { first: 2, count: 2 }]));
        assert_eq!(
            space.take(4),
            Some(vec![
                Run { first: 4, count: 1 },
                Run { first: 10, count: 2 },
                Run { first: 27, count: 1 }
            ])
        );
        assert_eq!(space.take(0), Some(Vec::new()));
    }
}
