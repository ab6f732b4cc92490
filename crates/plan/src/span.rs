use std::collections::HashSet;

use content::{ContentIndex, Need};
use image::ByteCount;

use crate::cut::CUT_ALIGNMENT;
use crate::items::{Items, Totals};
use crate::pack::{Lookahead, MAX_DISCS, PackedDisc, Packer};
use crate::{
    DiscContent, DiscDraft, DiscPlan, Medium, Placements, Reason, SetDraft, SpanError, SpanPlan,
};

/// How many rounds may pass until the manifests' lengths settle. Two or three do nearly always: a
/// length changes only with the digits of disc numbers and with the parts of cut files.
const ROUNDS: u32 = 6;

/// Plans which bytes of the needed contents lie on which disc.
///
/// Contents lie in the order of `needs`, their files in the order of their paths; a content that
/// is needed twice counts where it is needed first. A file goes whole onto one disc where it can,
/// and is cut at multiples of [`CUT_ALIGNMENT`] where no disc can hold it. Later contents lie
/// before their turn only where that saves a disc. The plan depends on nothing but the arguments,
/// and not on the order of the index.
///
/// With no needs the plan has one disc, with nothing but what every disc holds. An error means
/// that there is no plan: a content is missing from the index, a disc cannot even hold its own
/// files or a smallest piece, or `medium` failed.
pub fn span<M: Medium>(
    index: &ContentIndex,
    needs: &[Need],
    medium: &M,
) -> Result<SpanPlan, SpanError<M::Error>> {
    let items = Items::new(index, needs)?;
    let totals = items.totals().ok_or(SpanError::TooManyBytes)?;
    let lower_bound = lower_bound_discs(totals.unique_bytes, medium.capacity());
    if lower_bound > u64::from(MAX_DISCS) {
        return Err(SpanError::TooManyDiscs);
    }
    let lower_bound = lower_bound as u32;

    let mut best = settle(&items, medium, Lookahead::Nothing)?;
    for lookahead in [Lookahead::WholeContents, Lookahead::Files] {
        if best.discs.len() as u32 <= lower_bound || !might_save_disc(&items, &best, medium) {
            break;
        }
        let attempt = settle(&items, medium, lookahead)?;
        if attempt.discs.len() < best.discs.len() {
            best = attempt;
        }
    }
    Ok(plan(&items, &totals, lower_bound, medium.capacity(), best))
}

pub(crate) fn lower_bound_discs(bytes: ByteCount, capacity: Option<ByteCount>) -> u64 {
    capacity.map_or(1, |capacity| bytes.div_ceil(capacity.0.max(1)).max(1))
}

/// A set whose discs fit with the sizes of its own manifests.
struct Settled {
    discs: Vec<PackedDisc>,
    /// The size of each disc's image.
    sizes: Vec<u64>,
    placements: Placements,
    reserved: u64,
}

/// Packs in rounds until the plan and the sizes of its manifests agree.
///
/// Of the rounds whose discs fit, the one with the fewest discs is taken. If none of [`ROUNDS`] has
/// such discs, the last overshoot is reserved on every disc, then twice as much and so on: that ends,
/// since the reserve either comes to exceed every change of the manifests or leaves no room at all.
fn settle<M: Medium>(
    items: &Items<'_>,
    medium: &M,
    lookahead: Lookahead,
) -> Result<Settled, SpanError<M::Error>> {
    let guess = Placements::guess(items.index, &items.order, medium.capacity());
    let mut assumed = measure_set(items, medium, &guess)?;
    let mut best: Option<Settled> = None;
    let mut overshoot = 0;
    for round in 0..ROUNDS {
        let discs = Packer::new(items, medium, &assumed, lookahead, 0).run()?;
        let placements = placements(items, &discs);
        let actual = measure_set(items, medium, &placements)?;
        let sizes = measure_discs(items, medium, &discs, &actual)?;
        overshoot = largest_overshoot(&sizes, medium);
        let settled = actual == assumed;
        if overshoot == 0 {
            let fewer = best.as_ref().is_none_or(|best| discs.len() < best.discs.len());
            if settled || fewer {
                best = Some(Settled { discs, sizes, placements, reserved: 0 });
            }
            // The first round assumes a guess and may waste room; a later one assumes a plan.
            if settled || round > 0 {
                break;
            }
        }
        assumed = actual;
    }
    match best {
        Some(best) => Ok(best),
        None => settle_with_reserve(items, medium, lookahead, assumed, overshoot),
    }
}

fn settle_with_reserve<M: Medium>(
    items: &Items<'_>,
    medium: &M,
    lookahead: Lookahead,
    mut assumed: M::SetSizes,
    overshoot: u64,
) -> Result<Settled, SpanError<M::Error>> {
    let mut reserved = overshoot.max(1).next_multiple_of(CUT_ALIGNMENT);
    loop {
        let discs = Packer::new(items, medium, &assumed, lookahead, reserved).run()?;
        let placements = placements(items, &discs);
        let actual = measure_set(items, medium, &placements)?;
        let sizes = measure_discs(items, medium, &discs, &actual)?;
        if largest_overshoot(&sizes, medium) == 0 {
            return Ok(Settled { discs, sizes, placements, reserved });
        }
        assumed = actual;
        reserved = reserved.saturating_mul(2);
    }
}

fn placements(items: &Items<'_>, discs: &[PackedDisc]) -> Placements {
    let parts = discs.iter().map(|disc| (disc.pieces.as_slice(), disc.starts.as_slice()));
    Placements::of_discs(items.index, parts)
}

fn measure_set<M: Medium>(
    items: &Items<'_>,
    medium: &M,
    placements: &Placements,
) -> Result<M::SetSizes, SpanError<M::Error>> {
    let set = SetDraft { index: items.index, contents: &items.order, placements };
    medium.measure_set(&set).map_err(SpanError::Medium)
}

fn measure_discs<M: Medium>(
    items: &Items<'_>,
    medium: &M,
    discs: &[PackedDisc],
    sizes: &M::SetSizes,
) -> Result<Vec<u64>, SpanError<M::Error>> {
    let drafts = (1..).zip(discs).map(|(number, disc)| DiscDraft {
        index: items.index,
        number,
        pieces: &disc.pieces,
        starts: &disc.starts,
    });
    drafts
        .map(|draft| medium.measure(&draft, sizes).map(|size| size.0).map_err(SpanError::Medium))
        .collect()
}

/// By how many bytes the fullest disc is too full.
fn largest_overshoot<M: Medium>(sizes: &[u64], medium: &M) -> u64 {
    let capacity = medium.capacity().map_or(u64::MAX, |capacity| capacity.0);
    sizes.iter().map(|size| size.saturating_sub(capacity)).max().unwrap_or(0)
}

/// Whether what the last disc alone holds is not more than what stays empty on the others.
fn might_save_disc<M: Medium>(items: &Items<'_>, set: &Settled, medium: &M) -> bool {
    let (Some(capacity), Some((last, earlier))) = (medium.capacity(), set.discs.split_last())
    else {
        return false;
    };
    let blob = |piece: &crate::Piece| (piece.file(items.index).blob, piece.offset, piece.len);
    let mut held: HashSet<_> = earlier.iter().flat_map(|disc| &disc.pieces).map(blob).collect();
    let alone = last.pieces.iter().filter(|piece| held.insert(blob(piece)));
    let needed: u64 = alone.map(|piece| piece.len.0).sum();
    let waste = set.sizes[..earlier.len()].iter().map(|size| capacity.0 - size);
    needed <= waste.fold(0, u64::saturating_add)
}

fn plan(
    items: &Items<'_>,
    totals: &Totals,
    lower_bound_discs: u32,
    capacity: Option<ByteCount>,
    set: Settled,
) -> SpanPlan {
    let contents: Vec<_> = (1..)
        .zip(&set.discs)
        .map(|(number, disc)| disc_contents(items, &set, number, disc))
        .collect();
    let swaps = set.discs.len() as u32 - 1;
    let discs = (1..)
        .zip(set.discs)
        .zip(set.sizes)
        .zip(contents)
        .map(|(((number, disc), size), contents)| DiscPlan {
            number,
            capacity,
            bytes: ByteCount(size),
            waste: ByteCount(capacity.map_or(0, |capacity| capacity.0 - size)),
            pieces: disc.pieces,
            starts: disc.starts,
            contents,
        })
        .collect();
    SpanPlan {
        discs,
        contents: items.order.clone(),
        files: totals.files,
        bytes: totals.bytes,
        unique_files: totals.unique_files,
        unique_bytes: totals.unique_bytes,
        lower_bound_discs,
        swaps,
        reserved: ByteCount(set.reserved),
    }
}

/// Lists what of which content lies on a disc, and why, in the order of first use.
fn disc_contents(
    items: &Items<'_>,
    set: &Settled,
    number: u32,
    disc: &PackedDisc,
) -> Vec<DiscContent> {
    let index = items.index;
    let mut counts = vec![(0, ByteCount::ZERO); index.contents.len()];
    let mut previous = None;
    for piece in &disc.pieces {
        let (files, bytes) = &mut counts[piece.content as usize];
        // Pieces of one file follow each other, so a file counts once however often it is cut.
        *files += u64::from(previous != Some((piece.content, piece.file)));
        *bytes += piece.len;
        previous = Some((piece.content, piece.file));
    }
    let here = (0..items.order.len())
        .filter(|&turn| set.placements.discs_of(items.order[turn]).binary_search(&number).is_ok());
    here.map(|turn| {
        let content = items.order[turn];
        let (files, bytes) = counts[content as usize];
        let id = index.contents[content as usize].id.clone();
        DiscContent { content, id, files, bytes, reason: reason(items, set, number, turn) }
    })
    .collect()
}

fn reason(items: &Items<'_>, set: &Settled, number: u32, turn: usize) -> Reason {
    let content = items.order[turn];
    let discs = set.placements.discs_of(content);
    let next = discs.iter().copied().find(|&disc| disc > number);
    let first_used_by = items.first_used_by[turn].to_owned();
    if set.discs[number as usize - 1].moved.contains(&content) {
        return Reason::MovedForward { first_used_by, disc: number, next };
    }
    if let Some(&from) = discs.iter().rev().find(|&&disc| disc < number) {
        return Reason::Continues { from, next };
    }
    let before = number.checked_sub(2).map(|before| &set.discs[before as usize]);
    let no_room = before.is_some_and(|disc| disc.blocked == Some(content));
    let no_room_on = no_room.then(|| number - 1);
    match next {
        Some(next) => Reason::Starts { first_used_by, no_room_on, next },
        None => Reason::Whole { first_used_by, no_room_on },
    }
}
