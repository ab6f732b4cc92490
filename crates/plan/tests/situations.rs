//! Situations made by hand, with the plan that follows from the rules.

mod toy;

use content::ContentIndex;
use image::{ByteCount, ByteOffset};
use plan::{CUT_ALIGNMENT, MAX_DISCS, Reason, SpanError, SpanPlan, explain, span};
use toy::{FileSpec, SECTOR, Toy, id, index, needs};

/// Contents of files of so many sectors each, all distinct.
fn sectors(contents: &[&[u64]]) -> ContentIndex {
    let mut kind = 0;
    let mut spec = |(number, &sectors): (usize, &u64)| {
        kind += 1;
        FileSpec { path: format!("f{number:03}"), size: sectors * SECTOR, kind }
    };
    let contents: Vec<Vec<FileSpec>> =
        contents.iter().map(|files| files.iter().enumerate().map(&mut spec).collect()).collect();
    index(&contents)
}

fn planned(index: &ContentIndex, toy: &Toy) -> SpanPlan {
    span(index, &needs(index.contents.len()), toy).expect("there is a plan")
}

/// Each disc as text: content, file, and in sectors the range of a file that is cut.
fn discs(plan: &SpanPlan, index: &ContentIndex) -> Vec<String> {
    let piece = |piece: &plan::Piece| {
        let name = format!("{}/{}", piece.content, piece.file(index).path);
        match piece.part {
            None => name,
            Some(part) => {
                let (from, len) = (piece.offset.0 / SECTOR, piece.len.0 / SECTOR);
                format!("{name}#{part}[{from}+{len}]")
            }
        }
    };
    plan.discs
        .iter()
        .map(|disc| disc.pieces.iter().map(piece).collect::<Vec<_>>().join(" "))
        .collect()
}

#[test]
fn contents_that_fit_lie_on_one_disc() {
    let index = sectors(&[&[10, 20], &[30]]);
    let plan = planned(&index, &Toy::bare(100));
    assert_eq!(discs(&plan, &index), ["0/f000 0/f001 1/f000"]);
    assert_eq!((plan.lower_bound_discs, plan.swaps, plan.reserved), (1, 0, ByteCount(0)));
    assert_eq!(plan.discs[0].waste, ByteCount(40 * SECTOR));
}

#[test]
fn no_needs_make_one_disc_without_content() {
    let index = sectors(&[&[10]]);
    let plan = span(&index, &[], &Toy { boot: SECTOR, ..Toy::bare(1) }).unwrap();
    assert_eq!(discs(&plan, &index), [""]);
    assert_eq!(plan.discs[0].bytes, ByteCount(SECTOR));
}

#[test]
fn an_exact_fit_fits_and_one_byte_more_does_not() {
    let exact = sectors(&[&[60], &[40]]);
    let plan = planned(&exact, &Toy::bare(100));
    assert_eq!(discs(&plan, &exact), ["0/f000 1/f000"]);
    assert_eq!(plan.discs[0].waste, ByteCount(0));

    let mut over = exact.clone();
    let last = over.contents[1].files[0].blob.0 as usize;
    over.blobs[last].size = ByteCount(40 * SECTOR + 1);
    assert_eq!(discs(&planned(&over, &Toy::bare(100)), &over), ["0/f000", "1/f000"]);
}

#[test]
fn a_content_spans_with_whole_files_and_smaller_ones_fill_the_disc() {
    let index = sectors(&[&[50], &[30, 40, 10, 15, 5], &[20]]);
    let plan = planned(&index, &Toy::bare(100));
    assert_eq!(discs(&plan, &index), ["0/f000 1/f000 1/f002 1/f004", "1/f001 1/f003 2/f000"]);
    assert_eq!(
        plan.discs[0].contents[1].reason.to_string().split("; ").last(),
        Some("continues on disc 2")
    );
    assert_eq!(plan.discs[1].contents[0].reason, Reason::Continues { from: 1, next: None });
    assert_eq!(plan.placements(&index).discs_of(1), [1, 2]);
}

#[test]
fn a_file_larger_than_any_disc_is_cut_from_what_is_left_on() {
    let index = sectors(&[&[41], &[180], &[3]]);
    let plan = planned(&index, &Toy::bare(100));
    // 59 sectors are left on disc 1; a cut lies at a multiple of two sectors.
    assert_eq!(
        discs(&plan, &index),
        ["0/f000 1/f000#0[0+58]", "1/f000#1[58+100]", "1/f000#2[158+22] 2/f000"]
    );
    assert_eq!(plan.discs[0].contents[1].files, 1);
    let first = plan.discs[1].pieces[0];
    assert_eq!(first.path(&index), "SMS/data/parts/A00001/0.1");
    assert_eq!(first.offset, ByteOffset(58 * SECTOR));
}

#[test]
fn a_file_that_fits_a_disc_alone_is_never_cut() {
    let index = sectors(&[&[41], &[100]]);
    assert_eq!(discs(&planned(&index, &Toy::bare(100)), &index), ["0/f000", "1/f000"]);
}

#[test]
fn a_file_that_only_its_record_keeps_from_a_disc_is_cut() {
    let index = sectors(&[&[41], &[100]]);
    let toy = Toy { record: 100, ..Toy::bare(100) };
    let plan = planned(&index, &toy);
    assert_eq!(discs(&plan, &index), ["0/f000 1/f000#0[0+58]", "1/f000#1[58+42]"]);
}

#[test]
fn a_file_fits_a_disc_alone_without_the_folder_that_lies_on_an_earlier_one() {
    let index = sectors(&[&[10, 99]]);
    let toy = Toy { record: 1000, ..Toy::bare(100) };
    assert_eq!(discs(&planned(&index, &toy), &index), ["0/f000", "0/f001"]);
}

#[test]
fn a_content_may_start_with_later_files_that_fill_the_disc() {
    let index = sectors(&[&[60], &[50, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3]]);
    let toy = Toy { record: 100, ..Toy::bare(101) };
    let plan = planned(&index, &toy);
    assert_eq!(discs(&plan, &index)[1], "1/f000", "all others fill disc 1");
}

#[test]
fn a_duplicate_of_a_file_on_the_disc_always_fills() {
    let file =
        |path: &str, sectors, kind| FileSpec { path: path.into(), size: sectors * SECTOR, kind };
    let index = index(&[vec![file("a", 60, 0)], vec![file("b", 50, 1), file("c", 60, 0)]]);
    assert_eq!(discs(&planned(&index, &Toy::bare(100)), &index), ["0/a 1/c", "1/b"]);
}

#[test]
fn no_sliver_of_a_cut_file_is_put_onto_a_disc() {
    let index = sectors(&[&[998], &[1500]]);
    let plan = planned(&index, &Toy::bare(1000));
    assert_eq!(discs(&plan, &index), ["0/f000", "1/f000#0[0+1000]", "1/f000#1[1000+500]"]);
    let reason = &plan.discs[1].contents[0].reason;
    assert!(matches!(reason, Reason::Starts { no_room_on: Some(1), next: 3, .. }), "{reason:?}");
}

#[test]
fn a_later_cut_file_of_the_same_content_fills_what_a_whole_one_leaves() {
    let index = sectors(&[&[60], &[70, 150]]);
    let plan = planned(&index, &Toy::bare(100));
    assert_eq!(
        discs(&plan, &index),
        ["0/f000 1/f001#0[0+40]", "1/f000 1/f001#1[40+30]", "1/f001#2[70+80]"]
    );
}

#[test]
fn a_file_over_the_limit_of_the_file_system_is_cut_on_one_disc() {
    // A cut lies at a multiple of two sectors, the end of the file anywhere.
    let index = sectors(&[&[10], &[61, 1]]);
    let toy = Toy { capacity: None, max_file: 21 * SECTOR, ..Toy::bare(0) };
    let plan = planned(&index, &toy);
    assert_eq!(
        discs(&plan, &index),
        ["0/f000 1/f000#0[0+20] 1/f000#1[20+20] 1/f000#2[40+21] 1/f001"]
    );
    assert_eq!(plan.discs[0].contents[1].files, 2);
    assert_eq!((plan.discs[0].bytes, plan.discs[0].waste), (ByteCount(72 * SECTOR), ByteCount(0)));
}

#[test]
fn later_content_moves_forward_where_that_saves_a_disc() {
    let index = sectors(&[&[60], &[60], &[40], &[40]]);
    let plan = planned(&index, &Toy::bare(100));
    assert_eq!(discs(&plan, &index), ["0/f000 2/f000", "1/f000 3/f000"]);
    let reason = plan.discs[0].contents[1].reason.to_string();
    assert_eq!(
        reason,
        "first used by step 3 \"Install A00002\"; moved forward to fill disc 1: saves a disc"
    );
}

#[test]
fn later_content_stays_in_its_turn_where_moving_it_saves_nothing() {
    let index = sectors(&[&[60], &[60], &[30], &[100]]);
    let plan = planned(&index, &Toy::bare(100));
    assert_eq!(discs(&plan, &index), ["0/f000", "1/f000 2/f000", "3/f000"]);

    // What is left of discs 1 and 2 is more than disc 3 holds, but in pieces that do not help.
    let index = sectors(&[&[60], &[60], &[45], &[10]]);
    let plan = planned(&index, &Toy::bare(100));
    assert_eq!(discs(&plan, &index), ["0/f000", "1/f000", "2/f000 3/f000"]);
}

#[test]
fn single_files_of_a_content_move_forward_where_whole_contents_do_not_help() {
    let index = sectors(&[&[70], &[70], &[30, 30]]);
    let plan = planned(&index, &Toy::bare(100));
    assert_eq!(discs(&plan, &index), ["0/f000 2/f000", "1/f000 2/f001"]);
    let reason = &plan.discs[0].contents[1].reason;
    assert!(matches!(reason, Reason::MovedForward { disc: 1, next: Some(2), .. }), "{reason:?}");
}

#[test]
fn what_several_steps_share_lies_on_the_disc_of_the_first() {
    let index = sectors(&[&[60], &[60], &[10]]);
    let mut needs = needs(3);
    // Content 2 is needed with content 0, and again at the end.
    needs.insert(1, needs[2].clone());
    let plan = span(&index, &needs, &Toy::bare(100)).unwrap();
    assert_eq!(discs(&plan, &index), ["0/f000 2/f000", "1/f000"]);
    assert_eq!(plan.contents, [0, 2, 1]);
}

#[test]
fn duplicates_cost_their_data_once_a_disc_and_lie_on_each_that_needs_them() {
    let file =
        |path: &str, sectors, kind| FileSpec { path: path.into(), size: sectors * SECTOR, kind };
    let index = index(&[
        vec![file("a", 60, 0), file("b", 60, 0)],
        vec![file("c", 40, 1), file("d", 60, 0)],
        vec![file("e", 60, 0)],
        vec![file("f", 40, 2)],
    ]);
    let plan = planned(&index, &Toy::bare(100));
    assert_eq!(discs(&plan, &index), ["0/a 0/b 1/c 1/d 2/e", "3/f"]);
    assert_eq!((plan.files, plan.unique_files), (6, 3));
    assert_eq!(plan.unique_bytes, ByteCount(140 * SECTOR));
    assert_eq!(plan.bytes, ByteCount(320 * SECTOR));
}

#[test]
fn empty_directories_lie_where_their_content_starts() {
    let mut index = sectors(&[&[60], &[60, 20], &[], &[100]]);
    index.contents[2].files.clear();
    let plan = planned(&index, &Toy::bare(100));
    let starts: Vec<&[u32]> = plan.discs.iter().map(|disc| disc.starts.as_slice()).collect();
    assert_eq!(starts, [&[0, 1][..], &[2], &[3]]);
    assert_eq!(discs(&plan, &index), ["0/f000 1/f001", "1/f000", "3/f000"]);
    assert_eq!(plan.placements(&index).discs_of(2), [2]);
}

#[test]
fn a_boot_tree_that_leaves_no_room_puts_all_content_on_the_next_disc() {
    let index = sectors(&[&[60]]);
    let toy = Toy { boot: 50 * SECTOR, ..Toy::bare(100) };
    assert_eq!(discs(&planned(&index, &toy), &index), ["", "0/f000"]);
}

#[test]
fn a_boot_tree_over_the_capacity_is_an_error_with_both_numbers() {
    let index = sectors(&[&[60]]);
    let toy = Toy { boot: 101 * SECTOR, ..Toy::bare(100) };
    let error = span(&index, &needs(1), &toy).unwrap_err();
    let (bytes, capacity) = (ByteCount(101 * SECTOR), ByteCount(100 * SECTOR));
    assert_eq!(error, SpanError::NothingFits { disc: 1, bytes, capacity });
}

#[test]
fn a_disc_too_small_for_the_smallest_piece_is_an_error_that_names_the_file() {
    let index = sectors(&[&[60]]);
    let toy = Toy { record: SECTOR, ..Toy::bare(5) };
    let error = span(&index, &needs(1), &toy).unwrap_err();
    assert_eq!(
        error.to_string(),
        "disc 2 with nothing but the smallest piece of `f000` in content `A00000` needs 12288 \
         bytes, and holds only 10240"
    );
}

#[test]
fn other_impossible_sets_are_errors() {
    let index = sectors(&[&[60]]);
    let toy = Toy::bare(100);
    let unknown = span(&index, &needs(2), &toy).unwrap_err();
    assert_eq!(unknown, SpanError::UnknownContent { id: id(1) });

    let tiny_files = Toy { max_file: CUT_ALIGNMENT - 1, ..toy.clone() };
    let error = span(&index, &needs(1), &tiny_files).unwrap_err();
    assert!(matches!(error, SpanError::MaxFileTooSmall { .. }), "{error}");

    let mut sparse = index.clone();
    sparse.blobs[0].size = ByteCount(1 << 62);
    assert_eq!(span(&sparse, &needs(1), &toy).unwrap_err(), SpanError::TooManyDiscs);
    let unlimited = Toy { capacity: None, max_file: u64::from(u32::MAX), ..toy.clone() };
    let error = span(&sparse, &needs(1), &unlimited).unwrap_err();
    assert!(matches!(error, SpanError::TooManyParts { .. }), "{error}");

    sparse.blobs[0].size = ByteCount(u64::MAX);
    assert_eq!(span(&sparse, &needs(1), &unlimited).unwrap_err(), SpanError::TooManyBytes);

    let mut many = index.clone();
    many.blobs[0].size = ByteCount(u64::from(MAX_DISCS) * 100 * SECTOR);
    let toy = Toy { boot: SECTOR, ..toy };
    assert_eq!(span(&many, &needs(1), &toy).unwrap_err(), SpanError::TooManyDiscs);
}

#[test]
fn an_explanation_reads_like_this() {
    let index = sectors(&[&[41], &[180], &[70], &[3]]);
    let plan = planned(&index, &Toy::bare(100));
    let expected = "\
3 discs, at least 3 needed; 2 disc changes; 12288 bytes stay empty
4 files, 602112 bytes; 4 distinct files, 602112 bytes
disc 1: 202752 of 204800 bytes, 2048 stay empty
  A00000: 1 file, 83968 bytes: first used by step 1 \"Install A00000\"; fits whole
  A00001: 1 file, 118784 bytes: first used by step 2 \"Install A00001\"; continues on disc 2
    f000: part 1 of a file that must be cut: 118784 of its 368640 bytes, from 0 on
disc 2: 204800 of 204800 bytes, 0 stay empty
  A00001: 1 file, 204800 bytes: continues from disc 1; continues on disc 3
    f000: part 2 of a file that must be cut: 204800 of its 368640 bytes, from 118784 on
disc 3: 194560 of 204800 bytes, 10240 stay empty
  A00001: 1 file, 45056 bytes: continues from disc 2
    f000: part 3 of a file that must be cut: 45056 of its 368640 bytes, from 323584 on
  A00002: 1 file, 143360 bytes: first used by step 3 \"Install A00002\"; fits whole
  A00003: 1 file, 6144 bytes: first used by step 4 \"Install A00003\"; fits whole";
    assert_eq!(explain(&plan, &index).join("\n"), expected);
}
