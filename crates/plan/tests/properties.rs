//! What holds for every plan, whatever the contents and the discs.

mod toy;

use std::collections::{BTreeMap, BTreeSet};

use content::{ContentIndex, Need};
use image::ByteCount;
use plan::baseline::{first_fit_decreasing, next_fit};
use plan::{CUT_ALIGNMENT, Medium, Placement, SetDraft, SpanPlan, explain, span};
use proptest::prelude::*;
use proptest::sample::Index;
use toy::{FileSpec, SECTOR, Toy, index, needs};

fn sizes() -> impl Strategy<Value = u64> {
    prop_oneof![
        2 => Just(0),
        8 => 1..40_000u64,
        4 => (1..60u64).prop_map(|sectors| sectors * SECTOR),
        2 => 100_000..2_000_000u64,
    ]
}

fn contents() -> impl Strategy<Value = Vec<Vec<FileSpec>>> {
    let file = ("[a-d]{1,3}(/[a-d]{1,9})?", sizes(), 0..3u8);
    let files = prop::collection::vec(file, 0..14).prop_map(|files| {
        let by_path: BTreeMap<String, (u64, u8)> =
            files.into_iter().map(|(path, size, kind)| (path, (size, kind))).collect();
        by_path.into_iter().map(|(path, (size, kind))| FileSpec { path, size, kind }).collect()
    });
    prop::collection::vec(files, 0..9)
}

/// Discs that hold at least what every disc of such a set must hold and one block more.
fn discs() -> impl Strategy<Value = Toy> {
    let max_file = prop_oneof![Just(u64::MAX), 5_000..400_000u64];
    (60..1_500u64, max_file, 0..30u64, 0..300u64, any::<bool>()).prop_map(
        |(sectors, max_file, boot, record, manifests)| Toy {
            max_file,
            boot: boot * SECTOR,
            record,
            manifests,
            ..Toy::bare(sectors)
        },
    )
}

/// Offset, length and part of a piece.
type Range = (u64, u64, Option<u32>);

/// Each file's bytes lie on the discs exactly once, and each cut is aligned.
fn assert_tiled(plan: &SpanPlan, index: &ContentIndex, max_file: u64) {
    let mut ranges: BTreeMap<(u32, u32), Vec<Range>> = BTreeMap::new();
    for piece in plan.discs.iter().flat_map(|disc| &disc.pieces) {
        let range = (piece.offset.0, piece.len.0, piece.part);
        ranges.entry((piece.content, piece.file)).or_default().push(range);
    }
    for &content in &plan.contents {
        for (number, file) in (0..).zip(&index.contents[content as usize].files) {
            let mut end = 0;
            let ranges = ranges.remove(&(content, number)).expect("the file has a piece");
            for (expected_part, &(offset, len, part)) in (0..).zip(&ranges) {
                assert_eq!(offset, end, "ranges follow each other without gap or overlap");
                assert_eq!(offset % CUT_ALIGNMENT, 0);
                assert_eq!(part, (ranges.len() > 1).then_some(expected_part));
                assert!(len <= max_file, "the file system holds the piece");
                assert!(len > 0 || ranges.len() == 1, "no part is empty");
                end += len;
            }
            assert_eq!(end, index.size(file).0, "the ranges reach the end of the file");
        }
    }
    assert_eq!(ranges.len(), 0, "nothing else lies on the discs");
}

/// Each disc, measured anew with the manifests that the finished plan has, is as the plan says.
fn assert_fits(plan: &SpanPlan, index: &ContentIndex, toy: &Toy) {
    let placements = plan.placements(index);
    let set = SetDraft { index, contents: &plan.contents, placements: &placements };
    let Ok(sizes) = toy.measure_set(&set);
    for disc in &plan.discs {
        let Ok(bytes) = toy.measure(&disc.draft(index), &sizes);
        assert_eq!(bytes, disc.bytes);
        assert_eq!(disc.capacity, toy.capacity());
        match disc.capacity {
            Some(capacity) => assert_eq!(bytes + disc.waste, capacity),
            None => assert_eq!(disc.waste, ByteCount(0)),
        }
    }
}

/// The plan by file says the same as the plan by disc.
fn assert_placements_agree(plan: &SpanPlan, index: &ContentIndex) {
    let placements = plan.placements(index);
    assert_eq!(placements.disc_count() as usize, plan.discs.len());
    let mut seen = 0;
    for disc in &plan.discs {
        for piece in &disc.pieces {
            match placements.file(piece.content, piece.file) {
                Some(Placement::Whole(number)) => assert_eq!(number, disc.number),
                Some(Placement::Cut(parts)) => {
                    let part = parts[piece.part.expect("only a part is cut") as usize];
                    assert_eq!((part.disc, part.offset), (disc.number, piece.offset));
                    assert_eq!((Some(part.part), part.len), (piece.part, piece.len));
                }
                None => panic!("each piece has its place"),
            }
            assert!(placements.discs_of(piece.content).contains(&disc.number));
            seen += 1;
        }
        for &content in &disc.starts {
            assert_eq!(placements.discs_of(content).first(), Some(&disc.number));
        }
    }
    assert_eq!(seen, plan.discs.iter().map(|disc| disc.pieces.len()).sum::<usize>());
    let starts: Vec<u32> = plan.discs.iter().flat_map(|disc| disc.starts.clone()).collect();
    assert_eq!(starts.len(), plan.contents.len(), "each content starts once");
    assert_eq!(starts.iter().collect::<BTreeSet<_>>().len(), starts.len());
}

/// Each content of each disc has a line that says why, with as many bytes as lie there.
fn assert_explained(plan: &SpanPlan, index: &ContentIndex) {
    let lines = explain(plan, index);
    for disc in &plan.discs {
        let here: BTreeSet<u32> =
            disc.pieces.iter().map(|piece| piece.content).chain(disc.starts.clone()).collect();
        assert_eq!(here, disc.contents.iter().map(|content| content.content).collect());
        for content in &disc.contents {
            let pieces = disc.pieces.iter().filter(|piece| piece.content == content.content);
            assert_eq!(content.bytes, pieces.map(|piece| piece.len).sum());
            let start = format!("  {}: ", content.id);
            let end = format!(": {}", content.reason);
            assert!(lines.iter().any(|line| line.starts_with(&start) && line.ends_with(&end)));
        }
    }
    for &content in &plan.contents {
        let id = &index.contents[content as usize].id;
        assert!(lines.iter().any(|line| line.starts_with(&format!("  {id}: "))));
    }
}

/// The plan in terms that do not depend on positions in the index.
fn by_name(plan: &SpanPlan, index: &ContentIndex) -> Vec<Vec<String>> {
    let piece = |piece: &plan::Piece| {
        let (id, path) = (&piece.content(index).id, &piece.file(index).path);
        format!("{id}/{path} {:?} {} {}", piece.part, piece.offset, piece.len)
    };
    let disc = |disc: &plan::DiscPlan| {
        let pieces = disc.pieces.iter().map(piece);
        let start = |&content: &u32| format!("{}", index.contents[content as usize].id);
        let reasons = disc.contents.iter().map(|content| content.reason.to_string());
        pieces.chain(disc.starts.iter().map(start)).chain(reasons).collect()
    };
    plan.discs.iter().map(disc).collect()
}

/// Reorders contents, files and blobs, as an index made in another order would have them.
fn shuffled(index: &ContentIndex, order: &[Index]) -> ContentIndex {
    fn shuffle<T>(list: &mut [T], order: &[Index]) {
        for (position, other) in (0..list.len()).zip(order.iter().cycle()) {
            let other = other.index(list.len());
            list.swap(position, other);
        }
    }
    let mut index = index.clone();
    let mut blobs: Vec<u32> = (0..index.blobs.len() as u32).collect();
    shuffle(&mut blobs, order);
    index.blobs = blobs.iter().map(|&blob| index.blobs[blob as usize].clone()).collect();
    for file in index.contents.iter_mut().flat_map(|content| &mut content.files) {
        let new = blobs.iter().position(|&blob| blob == file.blob.0).expect("a permutation");
        file.blob.0 = new as u32;
    }
    index.contents.iter_mut().for_each(|content| shuffle(&mut content.files, order));
    shuffle(&mut index.contents, order);
    index
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn every_byte_lies_where_the_plan_says_and_no_disc_is_too_full(
        contents in contents(), toy in discs(), order in prop::collection::vec(any::<Index>(), 30),
    ) {
        let index = index(&contents);
        let mut needs = needs(contents.len());
        // Contents are needed in any order, and some again.
        for (position, other) in (0..needs.len()).zip(&order) {
            let other = other.index(needs.len());
            needs.swap(position, other);
        }
        let again: Vec<Need> = needs.iter().step_by(3).cloned().collect();
        needs.extend(again);

        let plan = span(&index, &needs, &toy);
        let Ok(plan) = plan else {
            return Err(TestCaseError::reject("such discs hold nothing"));
        };
        assert_tiled(&plan, &index, toy.max_file);
        assert_fits(&plan, &index, &toy);
        assert_placements_agree(&plan, &index);
        assert_explained(&plan, &index);
        prop_assert!(plan.swaps < plan.discs.len() as u32);
        prop_assert!(plan.lower_bound_discs as usize <= plan.discs.len());
        let numbers: Vec<u32> = plan.discs.iter().map(|disc| disc.number).collect();
        prop_assert_eq!(numbers, (1..=plan.discs.len() as u32).collect::<Vec<_>>());
    }

    #[test]
    fn without_a_limit_there_is_one_disc(contents in contents(), toy in discs()) {
        let toy = Toy { capacity: None, ..toy };
        let index = index(&contents);
        let plan = span(&index, &needs(contents.len()), &toy).expect("there is room");
        prop_assert_eq!((plan.discs.len(), plan.lower_bound_discs, plan.swaps), (1, 1, 0));
        assert_tiled(&plan, &index, toy.max_file);
        assert_fits(&plan, &index, &toy);
    }

    #[test]
    fn the_order_of_the_index_makes_no_difference(
        contents in contents(), toy in discs(), order in prop::collection::vec(any::<Index>(), 30),
    ) {
        let (sorted, needs) = (index(&contents), needs(contents.len()));
        let other = shuffled(&sorted, &order);
        let (plan, other_plan) = (span(&sorted, &needs, &toy), span(&other, &needs, &toy));
        match (plan, other_plan) {
            (Ok(plan), Ok(other_plan)) => {
                prop_assert_eq!(by_name(&plan, &sorted), by_name(&other_plan, &other));
            }
            (plan, other_plan) => prop_assert_eq!(plan, other_plan),
        }
    }

    #[test]
    fn contents_come_in_order_unless_moving_one_saves_a_disc(
        contents in contents(), toy in discs(),
    ) {
        let index = index(&contents);
        let Ok(plan) = span(&index, &needs(contents.len()), &toy) else {
            return Err(TestCaseError::reject("such discs hold nothing"));
        };
        let moved = |disc: &plan::DiscPlan| disc.contents.iter().any(|content| {
            matches!(content.reason, plan::Reason::MovedForward { .. })
        });
        if !plan.discs.iter().any(moved) {
            let starts: Vec<u32> = plan.discs.iter().flat_map(|disc| disc.starts.clone()).collect();
            prop_assert_eq!(starts, plan.contents);
        }
    }

    #[test]
    fn plain_planners_never_need_fewer_discs_than_the_lower_bound(
        contents in contents(), toy in discs(),
    ) {
        let (index, needs) = (index(&contents), needs(contents.len()));
        let (Ok(next), Ok(first)) =
            (next_fit(&index, &needs, &toy), first_fit_decreasing(&index, &needs, &toy))
        else {
            return Err(TestCaseError::reject("such discs hold nothing"));
        };
        let capacity = toy.capacity().map_or(u64::MAX, |capacity| capacity.0);
        let unique: BTreeSet<(u64, u8)> =
            contents.iter().flatten().map(|file| (file.size, file.kind)).collect();
        let bound = unique.iter().map(|(size, _)| size).sum::<u64>().div_ceil(capacity);
        prop_assert!(u64::from(next.discs) >= bound && u64::from(first.discs) >= bound);
        prop_assert!(next.swaps < u64::from(next.discs), "contents in order are read in order");
    }
}

/// A content of 30,000 files over some ten discs.
fn many_files() -> ContentIndex {
    let file = |number: u64| FileSpec {
        path: format!("folder {:03}/file {number:05}.dll", number % 200),
        size: (number * 7_919) % 90_000,
        kind: (number % 3) as u8,
    };
    index(
        &(0..30)
            .map(|content| (content * 1_000..(content + 1) * 1_000).map(file).collect())
            .collect::<Vec<_>>(),
    )
}

#[test]
fn a_disc_needs_few_measurements() {
    let toy = Toy { record: 2_500, manifests: true, boot: 10_000_000, ..Toy::bare(70_000) };
    let index = many_files();
    let plan = span(&index, &needs(30), &toy).unwrap();
    assert_fits(&plan, &index, &toy);
    let discs = plan.discs.len() as u32;
    assert!(discs >= 9, "the discs are filled, not the one");
    let rounds = 3;
    let measured = toy.measured.get();
    assert!(measured <= rounds * 10 * discs, "{measured} measurements for {discs} discs");
}

#[test]
fn a_plan_beats_the_plain_planners() {
    let toy = Toy { record: 200, manifests: true, boot: 10_000_000, ..Toy::bare(70_000) };
    let (index, needs) = (many_files(), needs(30));
    let plan = span(&index, &needs, &toy).unwrap();
    let next = next_fit(&index, &needs, &toy).unwrap();
    let first = first_fit_decreasing(&index, &needs, &toy).unwrap();
    assert!(plan.discs.len() as u32 <= next.discs, "{} {next:?}", plan.discs.len());
    assert!(u64::from(plan.swaps) < first.swaps, "{} {first:?}", plan.swaps);
}
