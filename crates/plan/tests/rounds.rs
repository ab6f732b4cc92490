//! Manifests whose lengths follow from the plan that they have to fit.

mod toy;

use std::cell::Cell;
use std::fmt;

use content::ContentIndex;
use image::ByteCount;
use plan::{DiscDraft, Medium, SetDraft, SpanError, explain, span};
use toy::{FileSpec, SECTOR, Toy, index, needs};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Broken;

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("broken")
    }
}

impl std::error::Error for Broken {}

/// Bare discs beside manifests of which the test says how many sectors they need.
struct Scripted<F> {
    toy: Toy,
    /// The sectors of the n-th set that is measured, or an error.
    sectors: F,
    sets: Cell<u64>,
}

impl<F: Fn(u64, &SetDraft<'_>) -> Result<u64, Broken>> Medium for Scripted<F> {
    type Error = Broken;
    type SetSizes = u64;

    fn capacity(&self) -> Option<ByteCount> {
        self.toy.capacity()
    }

    fn max_file(&self) -> ByteCount {
        self.toy.max_file()
    }

    fn measure_set(&self, set: &SetDraft<'_>) -> Result<u64, Broken> {
        self.sets.set(self.sets.get() + 1);
        (self.sectors)(self.sets.get(), set)
    }

    fn measure(&self, disc: &DiscDraft<'_>, sectors: &u64) -> Result<ByteCount, Broken> {
        let Ok(bytes) = self.toy.measure(disc, &vec![sectors * SECTOR]);
        Ok(bytes)
    }
}

fn scripted<F: Fn(u64, &SetDraft<'_>) -> Result<u64, Broken>>(sectors: F) -> Scripted<F> {
    Scripted { toy: Toy::bare(100), sectors, sets: Cell::new(0) }
}

/// So many files of one sector each, all distinct.
fn small_files(count: u8) -> ContentIndex {
    let file = |kind| FileSpec { path: format!("f{kind:03}"), size: SECTOR, kind };
    index(&[(0..count).map(file).collect()])
}

#[test]
fn manifests_that_grow_with_the_discs_settle_without_a_reserve() {
    let medium = scripted(|_, set| Ok(10 * u64::from(set.placements.disc_count())));
    let plan = span(&small_files(180), &needs(1), &medium).unwrap();
    // Three discs need 30 sectors of manifests each, and 3 × 70 sectors are enough for 180 files.
    assert_eq!(plan.discs.len(), 3);
    assert_eq!(plan.reserved, ByteCount(0));
    assert_eq!(plan.discs[0].bytes, ByteCount(100 * SECTOR));
}

#[test]
fn manifests_that_grow_with_each_round_end_with_a_reserve_that_is_stated() {
    let medium = scripted(|round, _| Ok(round.min(20)));
    let index = small_files(180);
    let plan = span(&index, &needs(1), &medium).unwrap();
    assert!(plan.reserved > ByteCount(0));
    for disc in &plan.discs {
        assert!(disc.bytes <= ByteCount(100 * SECTOR));
    }
    let stated = format!("{} bytes of each disc stay free", plan.reserved);
    assert!(explain(&plan, &index).iter().any(|line| line.starts_with(&stated)));
}

#[test]
fn manifests_that_never_stop_growing_are_an_error() {
    let error = span(&small_files(180), &needs(1), &scripted(|round, _| Ok(round * round)));
    let no_room =
        matches!(error, Err(SpanError::NothingFits { .. } | SpanError::NoProgress { .. }));
    assert!(no_room, "{error:?}");
}

#[test]
fn manifests_that_swing_to_and_fro_still_give_discs_that_fit() {
    let medium = scripted(|round, _| Ok(if round % 2 == 0 { 30 } else { 5 }));
    let plan = span(&small_files(180), &needs(1), &medium).unwrap();
    assert!(plan.discs.iter().all(|disc| disc.bytes <= ByteCount(100 * SECTOR)));
}

#[test]
fn an_error_of_the_medium_is_passed_on() {
    let error = span(&small_files(1), &needs(1), &scripted(|_, _| Err(Broken))).unwrap_err();
    assert_eq!(error, SpanError::Medium(Broken));
    let later = scripted(|round, _| if round == 2 { Err(Broken) } else { Ok(1) });
    assert_eq!(span(&small_files(1), &needs(1), &later).unwrap_err(), SpanError::Medium(Broken));
}
