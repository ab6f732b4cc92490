//! Fixes times and sums in XML data that libwim wrote.

use std::ops::Range;

use roxmltree::{Document, Node};

use super::wim::Origin;
use crate::Filetime;

/// The XML data with `time` as when captured images were made, and captured and changed ones last
/// changed, and `total` as the length of the file before it. None if it is no XML of a WIM.
pub(super) fn fix(text: &str, images: &[Origin], time: Filetime, total: u64) -> Option<String> {
    let document = Document::parse(text).ok()?;
    let root = document.root_element();
    let mut edits: Vec<(Range<usize>, String)> = Vec::new();
    for child in root.children().filter(Node::is_element) {
        match child.tag_name().name() {
            "TOTALBYTES" => {
                edits.push((child.range(), format!("<TOTALBYTES>{total}</TOTALBYTES>")));
            }
            "IMAGE" => {
                let index: usize = child.attribute("INDEX")?.parse().ok()?;
                let origin = *images.get(index.checked_sub(1)?)?;
                edits.extend(child.children().filter_map(|node| edit(node, origin, time)));
            }
            _ => {}
        }
    }
    let mut fixed = text.to_owned();
    edits.sort_by_key(|(range, _)| range.start);
    for (range, new) in edits.into_iter().rev() {
        fixed.replace_range(range, &new);
    }
    Some(fixed)
}

fn edit(node: Node<'_, '_>, origin: Origin, time: Filetime) -> Option<(Range<usize>, String)> {
    let name = match (node.tag_name().name(), origin) {
        ("CREATIONTIME", Origin::Captured) => "CREATIONTIME",
        ("LASTMODIFICATIONTIME", Origin::Captured | Origin::Changed) => "LASTMODIFICATIONTIME",
        _ => return None,
    };
    Some((node.range(), crate::layout::xml_time(name, time)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_times_of_what_was_made_are_fixed() {
        let image = |index: u32, high: &str| {
            format!(
                "<IMAGE INDEX=\"{index}\"><CREATIONTIME><HIGHPART>{high}</HIGHPART>\
                 <LOWPART>0x00000000</LOWPART></CREATIONTIME><LASTMODIFICATIONTIME><HIGHPART>{high}\
                 </HIGHPART><LOWPART>0x00000000</LOWPART></LASTMODIFICATIONTIME></IMAGE>"
            )
        };
        let text = |total: u32, images: [&str; 2]| {
            let [one, two] = images;
            format!("<WIM><TOTALBYTES>{total}</TOTALBYTES>{}{}</WIM>", image(1, one), image(2, two))
        };
        let old = text(7, ["0x01010101", "0x01010101"]);
        let time = Filetime(0x0202_0202_0000_0000);
        let fixed = fix(&old, &[Origin::Kept, Origin::Captured], time, 99).unwrap();
        assert_eq!(fixed, text(99, ["0x01010101", "0x02020202"]));
        let changed = fix(&old, &[Origin::Changed, Origin::Kept], time, 7).unwrap();
        assert_eq!(changed.matches("0x02020202").count(), 1, "{changed}");
        assert_eq!(fix(&old, &[Origin::Kept], time, 7), None, "an image too many");
    }
}
