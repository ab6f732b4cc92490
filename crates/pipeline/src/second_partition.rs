//! Contents that FAT32 cannot hold as they are, and that lie on a second partition instead.

use image::ByteCount;

use crate::scan::Scan;

/// A content on the second partition, whole: its folder stays together, and its WIMs stay what they
/// are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecondContent {
    /// The content, by its position in the index.
    pub content: u32,
    /// The files that keep it from the first partition: their paths in it and their sizes.
    pub oversize: Vec<(String, ByteCount)>,
}

/// Those of these contents that have a file of more than `max` bytes, in their order.
pub fn second_contents(scan: &Scan, contents: &[u32], max: ByteCount) -> Vec<SecondContent> {
    let of_content = |&content: &u32| {
        let files = scan.index.contents[content as usize].files.iter();
        let sized = files.map(|file| (file.path.to_string(), scan.index.size(file)));
        let oversize: Vec<_> = sized.filter(|(_, size)| *size > max).collect();
        (!oversize.is_empty()).then_some(SecondContent { content, oversize })
    };
    contents.iter().filter_map(of_content).collect()
}
