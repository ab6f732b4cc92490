use std::fmt::Write;

use content::ContentIndex;

use crate::{DiscContent, DiscPlan, Piece, SpanPlan};

/// Says in lines of text what lies on which disc and why, and what stays empty.
///
/// `index` is the one that the plan was made of. Lines that belong to a disc or a content are
/// indented below it.
pub fn explain(plan: &SpanPlan, index: &ContentIndex) -> Vec<String> {
    let mut lines = vec![summary(plan)];
    lines.push(format!(
        "{} files, {} bytes; {} distinct files, {} bytes",
        plan.files, plan.bytes, plan.unique_files, plan.unique_bytes
    ));
    if plan.reserved.0 > 0 {
        let reserved = plan.reserved;
        lines
            .push(format!("{reserved} bytes of each disc stay free: its manifests did not settle"));
    }
    for disc in &plan.discs {
        lines.push(disc_line(disc));
        for content in &disc.contents {
            lines.push(content_line(content));
            let cut = disc.pieces.iter().filter(|piece| piece.content == content.content);
            lines.extend(cut.filter_map(|piece| cut_line(piece, index)));
        }
    }
    lines
}

fn summary(plan: &SpanPlan) -> String {
    let mut line = count(plan.discs.len(), "disc");
    let _ = write!(line, ", at least {} needed; ", plan.lower_bound_discs);
    let _ = write!(line, "{}; ", count(plan.swaps as usize, "disc change"));
    let _ = write!(line, "{} bytes stay empty", plan.waste());
    line
}

fn count(number: usize, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

fn disc_line(disc: &DiscPlan) -> String {
    match disc.capacity {
        Some(capacity) => format!(
            "disc {}: {} of {capacity} bytes, {} stay empty",
            disc.number, disc.bytes, disc.waste
        ),
        None => format!("disc {}: {} bytes, no limit", disc.number, disc.bytes),
    }
}

fn content_line(content: &DiscContent) -> String {
    let files = count(content.files as usize, "file");
    format!("  {}: {files}, {} bytes: {}", content.id, content.bytes, content.reason)
}

fn cut_line(piece: &Piece, index: &ContentIndex) -> Option<String> {
    let part = piece.part?;
    let file = piece.file(index);
    let (offset, len, size) = (piece.offset, piece.len, index.size(file));
    Some(format!(
        "    {}: part {} of a file that must be cut: {len} of its {size} bytes, from {offset} on",
        file.path,
        part + 1
    ))
}
