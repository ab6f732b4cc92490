/// The search for the longest prefix of some units whose image still fits.
///
/// A measurement is a full layout, so the search asks for few: it predicts sizes from the data of
/// the prefix and a mean overhead a unit, which it learns from each measurement.
pub(crate) struct Search<'a> {
    /// How many units there are.
    pub max: u64,
    /// The size of the image with none of them, which fits.
    pub size: u64,
    /// The size that fits at most.
    pub limit: u64,
    /// The bytes of data in the first `n` units, ascending.
    pub data: &'a dyn Fn(u64) -> u64,
    /// What a unit costs beside its data, as far as is known.
    pub overhead: i128,
}

/// The longest prefix that fits.
pub(crate) struct Fit {
    /// How many units it has.
    pub count: u64,
    /// The size of the image with them.
    pub size: u64,
    /// What a unit cost beside its data, on the mean of the first and widest measurement.
    pub overhead: i128,
}

/// After so many predictions every other guess halves the interval, so that sizes which no mean
/// describes cost a logarithm of measurements and not one for each unit.
const PREDICTIONS_MAX: u32 = 6;

impl Search<'_> {
    /// Measures prefixes until one fits and the next longer one does not.
    pub fn run<E>(&self, mut measure: impl FnMut(u64) -> Result<u64, E>) -> Result<Fit, E> {
        let mut fit = Fit { count: 0, size: self.size, overhead: self.overhead };
        let mut too_many = self.max + 1;
        let mut overhead = self.overhead;
        let mut round = 0;
        while fit.count + 1 < too_many {
            let guess = if round >= PREDICTIONS_MAX && round % 2 == 0 {
                fit.count.midpoint(too_many)
            } else {
                self.predict(&fit, too_many, overhead).max(fit.count + 1)
            };
            let size = measure(guess)?;
            overhead = self.mean_overhead(&fit, guess, size);
            if round == 0 {
                fit.overhead = overhead;
            }
            if size <= self.limit {
                (fit.count, fit.size) = (guess, size);
            } else {
                too_many = guess;
            }
            round += 1;
        }
        Ok(fit)
    }

    /// The longest prefix below `too_many` that should fit, given the longest that does.
    fn predict(&self, fit: &Fit, too_many: u64, overhead: i128) -> u64 {
        let room = i128::from(self.limit) - i128::from(fit.size);
        let (mut low, mut high) = (fit.count, too_many);
        while low + 1 < high {
            let middle = low.midpoint(high);
            if self.growth(fit, middle) + overhead * i128::from(middle - fit.count) <= room {
                low = middle;
            } else {
                high = middle;
            }
        }
        low
    }

    fn mean_overhead(&self, fit: &Fit, count: u64, size: u64) -> i128 {
        let growth = i128::from(size) - i128::from(fit.size);
        (growth - self.growth(fit, count)) / i128::from(count - fit.count)
    }

    fn growth(&self, fit: &Fit, count: u64) -> i128 {
        i128::from((self.data)(count)) - i128::from((self.data)(fit.count))
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;

    /// Searches among units of these sizes with an overhead each that the search does not know.
    fn search(units: &[u64], overhead: u64, limit: u64) -> (u64, u32) {
        let size = |count: u64| {
            units[..count as usize].iter().sum::<u64>() + count * overhead + (count / 7) * 300
        };
        let data = |count: u64| units[..count as usize].iter().sum::<u64>();
        let mut measured = 0;
        let search = Search { max: units.len() as u64, size: 0, limit, data: &data, overhead: 0 };
        let fit = search.run(|count| {
            measured += 1;
            Ok::<_, Infallible>(size(count))
        });
        let Ok(fit) = fit;
        assert!(size(fit.count) <= limit, "what fits does fit");
        assert!(fit.count == search.max || size(fit.count + 1) > limit, "one more does not");
        (fit.count, measured)
    }

    #[test]
    fn a_longest_prefix_is_found_in_few_measurements() {
        let units: Vec<u64> = (0..30_000u64).map(|n| (n * 7919) % 50_000).collect();
        for limit in [1_000_000, 100_000_000, 400_000_000] {
            let (count, measured) = search(&units, 2_048, limit);
            assert!(count > 0);
            assert!(measured <= 12, "{measured} measurements for {count} units");
        }
    }

    #[test]
    fn one_large_unit_among_small_ones_costs_a_logarithm() {
        let mut units = vec![10; 10_000];
        units[5_000] = 1_000_000;
        let (count, measured) = search(&units, 500, 3_000_000);
        assert!(count > 0);
        assert!(measured <= 30, "{measured} measurements");
    }

    #[test]
    fn all_or_nothing_need_one_measurement_or_no_more_than_a_few() {
        assert_eq!(search(&[100; 50], 0, u64::MAX), (50, 1));
        assert_eq!(search(&[100], 0, 99), (0, 1));
        assert_eq!(search(&[], 0, 99), (0, 0));
    }
}
