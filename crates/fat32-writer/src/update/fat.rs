//! What changes in the FATs.

use std::io;

use super::free_space::Run;
use crate::read::boot_sector::{FIRST_CLUSTER, Geometry};
use crate::read::bytes::le32;
use crate::read::fat::{ENTRY_MASK, STRUCTURE};
use crate::read::{ReadAt, ReadError, source};

/// The mark of the last cluster of a chain.
pub(super) const END: u32 = 0x0FFF_FFFF;

/// How much of a FAT is read and changed at once.
const PIECE: u64 = 64 * 1024;

/// New entries for clusters that follow each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FatEdit {
    run: Run,
    /// What the last cluster leads to, each other one leading to its neighbour; `None` frees all.
    then: Option<u32>,
}

impl FatEdit {
    /// Frees clusters.
    pub(super) fn free(run: Run) -> Self {
        Self { run, then: None }
    }

    /// Chains clusters: the last one leads to `then`.
    pub(super) fn chain(run: Run, then: u32) -> Self {
        Self { run, then: Some(then) }
    }

    /// The edits that make a chain of these runs.
    pub(super) fn chain_of(runs: &[Run]) -> impl Iterator<Item = Self> + '_ {
        let next = runs.iter().skip(1).map(|run| run.first).chain([END]);
        runs.iter().zip(next).map(|(run, then)| Self::chain(*run, then))
    }

    fn value(&self, cluster: u32) -> u32 {
        let is_last = cluster + 1 == self.run.first + self.run.count;
        match self.then {
            None => 0,
            Some(then) if is_last => then,
            Some(_) => cluster + 1,
        }
    }
}

/// Writes edits of one kind into every FAT, the first one last: that is the one that is read.
///
/// The upper four bits of an entry stay. `write` is given whole sectors and their place in the
/// image.
pub(super) fn apply(
    image: &dyn ReadAt,
    geometry: &Geometry,
    edits: &[FatEdit],
    write: &mut dyn FnMut(u64, &[u8]) -> io::Result<()>,
) -> Result<(), ReadError> {
    let mut edits: Vec<FatEdit> = edits.iter().copied().filter(|edit| edit.run.count > 0).collect();
    edits.sort_unstable_by_key(|edit| edit.run.first);
    for copy in (0..u64::from(geometry.fats)).rev() {
        let mut piece: Option<Piece> = None;
        for edit in &edits {
            for cluster in edit.run.first..edit.run.first + edit.run.count {
                let at = u64::from(cluster) * 4;
                let start = at / PIECE * PIECE;
                if piece.as_ref().is_none_or(|piece| piece.start != start) {
                    if let Some(piece) = piece.take() {
                        piece.write(geometry, copy, write)?;
                    }
                    piece = Some(Piece::read(image, geometry, start)?);
                }
                if let Some(piece) = &mut piece {
                    piece.set((at - start) as usize, edit.value(cluster));
                }
            }
        }
        if let Some(piece) = piece {
            piece.write(geometry, copy, write)?;
        }
    }
    Ok(())
}

/// A part of the first FAT that is being changed.
struct Piece {
    start: u64,
    bytes: Vec<u8>,
    /// What of it changed.
    changed: Option<(usize, usize)>,
}

impl Piece {
    fn read(image: &dyn ReadAt, geometry: &Geometry, start: u64) -> Result<Self, ReadError> {
        let mut bytes = vec![0; PIECE.min(geometry.fat_len - start) as usize];
        source::read_exact(image, STRUCTURE, geometry.fat + start, &mut bytes)?;
        Ok(Self { start, bytes, changed: None })
    }

    fn set(&mut self, at: usize, value: u32) {
        let entry = le32(&self.bytes, at) & !ENTRY_MASK | value;
        self.bytes[at..at + 4].copy_from_slice(&entry.to_le_bytes());
        let (first, _) = self.changed.unwrap_or((at, at));
        self.changed = Some((first.min(at), at + 4));
    }

    fn write(
        &self,
        geometry: &Geometry,
        copy: u64,
        write: &mut dyn FnMut(u64, &[u8]) -> io::Result<()>,
    ) -> Result<(), ReadError> {
        let Some((first, end)) = self.changed else { return Ok(()) };
        let sector = geometry.sector as usize;
        let (first, end) = (first / sector * sector, end.next_multiple_of(sector));
        let offset = geometry.fat + copy * geometry.fat_len + self.start + first as u64;
        write(offset, &self.bytes[first..end]).map_err(|source| ReadError::Io {
            structure: STRUCTURE,
            offset,
            source,
        })
    }
}

/// The runs of clusters whose entries are 0, in order.
pub(super) fn free_runs(
    image: &dyn ReadAt,
    geometry: &Geometry,
    each: &mut dyn FnMut(Run),
) -> Result<(), ReadError> {
    let mut open: Option<Run> = None;
    entries(image, geometry, &mut |cluster, entry| match (&mut open, entry & ENTRY_MASK) {
        (Some(run), 0) => run.count += 1,
        (None, 0) => open = Some(Run { first: cluster, count: 1 }),
        (_, _) => {
            if let Some(run) = open.take() {
                each(run);
            }
        }
    })?;
    if let Some(run) = open {
        each(run);
    }
    Ok(())
}

/// Makes the other FATs like the first one; only what differs is written.
pub(super) fn copy_first(
    image: &dyn ReadAt,
    geometry: &Geometry,
    write: &mut dyn FnMut(u64, &[u8]) -> io::Result<()>,
) -> Result<(), ReadError> {
    for at in (0..geometry.fat_len).step_by(PIECE as usize) {
        let len = PIECE.min(geometry.fat_len - at) as usize;
        let (mut first, mut other) = (vec![0; len], vec![0; len]);
        source::read_exact(image, STRUCTURE, geometry.fat + at, &mut first)?;
        for copy in 1..u64::from(geometry.fats) {
            let offset = geometry.fat + copy * geometry.fat_len + at;
            source::read_exact(image, STRUCTURE, offset, &mut other)?;
            if first != other {
                write(offset, &first).map_err(|source| ReadError::Io {
                    structure: STRUCTURE,
                    offset,
                    source,
                })?;
            }
        }
    }
    Ok(())
}

/// Visits the entry of every cluster of the volume.
pub(super) fn entries(
    image: &dyn ReadAt,
    geometry: &Geometry,
    visit: &mut dyn FnMut(u32, u32),
) -> Result<(), ReadError> {
    let end = FIRST_CLUSTER + geometry.clusters;
    let mut bytes = vec![0; PIECE.min(geometry.fat_len) as usize];
    for start in (0..u64::from(end) * 4).step_by(PIECE as usize) {
        let len = PIECE.min(geometry.fat_len - start) as usize;
        source::read_exact(image, STRUCTURE, geometry.fat + start, &mut bytes[..len])?;
        let first = (start / 4) as u32;
        let numbers = (first..end).zip(bytes[..len].chunks_exact(4));
        for (cluster, entry) in numbers.filter(|(cluster, _)| *cluster >= FIRST_CLUSTER) {
            visit(cluster, le32(entry, 0));
        }
    }
    Ok(())
}
