//! The XML data: what people and tools read of the images.

use super::plan::{ImagePlan, Plan};
use crate::Filetime;

/// The XML data in UTF-16 with a byte order mark.
pub(super) fn encode<B>(plan: &Plan<B>) -> Vec<u8> {
    let mut text = String::from("\u{feff}<WIM>");
    element(&mut text, "TOTALBYTES", &plan.tables_end().to_string());
    for (number, image) in (1..).zip(&plan.images) {
        encode_image(&mut text, number, image, plan.options.created);
    }
    text.push_str("</WIM>");
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

fn encode_image<B>(text: &mut String, number: usize, image: &ImagePlan<B>, created: Filetime) {
    let (tree, texts) = (&image.image.tree, &image.image.texts);
    text.push_str(&format!("<IMAGE INDEX=\"{number}\">"));
    element(text, "DIRCOUNT", &tree.directory_count().to_string());
    element(text, "FILECOUNT", &tree.file_count().to_string());
    element(text, "TOTALBYTES", &image.total_bytes.to_string());
    element(text, "HARDLINKBYTES", "0");
    text.push_str(&time("CREATIONTIME", created));
    text.push_str(&time("LASTMODIFICATIONTIME", created));
    let named = [
        ("NAME", &texts.name),
        ("DESCRIPTION", &texts.description),
        ("FLAGS", &texts.flags),
        ("DISPLAYNAME", &texts.display_name),
        ("DISPLAYDESCRIPTION", &texts.display_description),
    ];
    for (name, value) in named.into_iter().filter(|(_, value)| !value.is_empty()) {
        element(text, name, value);
    }
    text.push_str("</IMAGE>");
}

fn element(text: &mut String, name: &str, value: &str) {
    text.push_str(&format!("<{name}>"));
    for character in value.chars() {
        match character {
            '&' => text.push_str("&amp;"),
            '<' => text.push_str("&lt;"),
            '>' => text.push_str("&gt;"),
            other => text.push(other),
        }
    }
    text.push_str(&format!("</{name}>"));
}

/// A moment, as all XML data has it.
pub(crate) fn time(name: &str, time: Filetime) -> String {
    let (high, low) = time.halves();
    format!("<{name}><HIGHPART>0x{high:08X}</HIGHPART><LOWPART>0x{low:08X}</LOWPART></{name}>")
}
