//! The allocation bitmap.
//!
//! The clusters in use are the first ones, so the bitmap is ones up to there.

use super::BLOCK;
use crate::layout::Plan;

/// The bytes of a part.
const PART_LEN: u64 = 1 << 20;

/// A part of the bitmap, by its number. What lies behind the last cluster in use is in no part; it
/// is zeros.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BitmapPart(pub(crate) u32);

impl BitmapPart {
    /// The parts of a volume's bitmap.
    pub(crate) fn all(plan: &Plan) -> impl Iterator<Item = Self> + use<> {
        (0..used_len(plan).div_ceil(PART_LEN) as u32).map(Self)
    }

    /// Where the part starts in the bitmap, in bytes.
    pub(crate) fn offset(self) -> u64 {
        u64::from(self.0) * PART_LEN
    }

    /// Its length in bytes; clusters are whole blocks, too.
    pub(crate) fn len(self, plan: &Plan) -> u64 {
        (used_len(plan) - self.offset()).min(PART_LEN).next_multiple_of(BLOCK)
    }

    pub(super) fn encode(self, plan: &Plan, out: &mut Vec<u8>) {
        let start = out.len();
        let used = u64::from(plan.used_clusters());
        let whole = (used / 8).saturating_sub(self.offset()).min(PART_LEN);
        out.resize(start + whole as usize, 0xFF);
        let rest = used % 8;
        if rest != 0 && (self.offset()..self.offset() + PART_LEN).contains(&(used / 8)) {
            out.push((1 << rest) - 1);
        }
        out.resize(start + self.len(plan) as usize, 0);
    }
}

/// The bytes of the bitmap that are not all zeros.
fn used_len(plan: &Plan) -> u64 {
    u64::from(plan.used_clusters()).div_ceil(8)
}
