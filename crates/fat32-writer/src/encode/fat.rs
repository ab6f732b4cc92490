//! The entries of the FAT.
//!
//! Every run of clusters is contiguous, so an entry names the next cluster unless that is the
//! first one of another run.

use super::BLOCK;
use crate::format::fat::{END, ENTRY_LEN, FIRST, SECOND};
use crate::layout::Plan;

/// The entries of a part: 1 MiB of them.
const PART_ENTRIES: u32 = 1 << 18;

/// A part of a FAT, by its number. Entries behind the last cluster in use are in no part; they are
/// zeros.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FatPart(pub(crate) u32);

impl FatPart {
    /// The parts of a volume's FAT.
    pub(crate) fn all(plan: &Plan) -> impl Iterator<Item = Self> + use<> {
        (0..plan.end.div_ceil(PART_ENTRIES)).map(Self)
    }

    fn first(self) -> u32 {
        self.0 * PART_ENTRIES
    }

    fn end(self, plan: &Plan) -> u32 {
        plan.end.min(self.first() + PART_ENTRIES)
    }

    /// Where the part starts in its FAT, in bytes.
    pub(crate) fn offset(self) -> u64 {
        u64::from(self.first()) * ENTRY_LEN
    }

    /// Its length in bytes; FATs are whole blocks, too.
    pub(crate) fn len(self, plan: &Plan) -> u64 {
        (u64::from(self.end(plan) - self.first()) * ENTRY_LEN).next_multiple_of(BLOCK)
    }

    pub(super) fn encode(self, plan: &Plan, out: &mut Vec<u8>) {
        let start = out.len();
        let mut run = plan.starts.partition_point(|&start| start <= self.first());
        for cluster in self.first()..self.end(plan) {
            let ends = plan.starts.get(run) == Some(&(cluster + 1));
            run += usize::from(ends);
            let entry = match cluster {
                0 => FIRST,
                1 => SECOND,
                _ if ends || cluster + 1 == plan.end => END,
                _ => cluster + 1,
            };
            out.extend(entry.to_le_bytes());
        }
        out.resize(start + self.len(plan) as usize, 0);
    }
}
