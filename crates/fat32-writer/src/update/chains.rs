//! Whole chains of the volume, as runs.

use super::free_space::Run;
use crate::read::boot_sector::Geometry;
use crate::read::fat::Fat;
use crate::read::{ReadAt, ReadError};

/// All clusters of the chain that starts at `first`, also those behind the end of its file; none
/// for a file without clusters.
pub(super) fn chain(
    image: &dyn ReadAt,
    geometry: &Geometry,
    first: u32,
) -> Result<Vec<Run>, ReadError> {
    if first == 0 {
        return Ok(Vec::new());
    }
    let clusters = Fat::new(image, *geometry).chain(first, u64::from(geometry.clusters))?;
    Ok(runs(clusters))
}

/// Joins clusters that follow each other.
pub(super) fn runs(clusters: impl IntoIterator<Item = u32>) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for cluster in clusters {
        match runs.last_mut() {
            Some(run) if run.first + run.count == cluster => run.count += 1,
            _ => runs.push(Run { first: cluster, count: 1 }),
        }
    }
    runs
}
