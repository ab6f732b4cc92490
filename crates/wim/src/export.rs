//! What is known of a solid WIM's export to one that is not solid without decompressing a byte: how
//! much it can take at most, and whether a file is it.

use crate::format::{BLOB_ENTRY_SIZE, HEADER_SIZE, Sha1};
use crate::parts::ALIGNMENT;
use crate::read::{ReadAt, ReadError, WimReader};

/// The chunks of LZX, of which each resource has a table.
const CHUNK: u64 = 32 * 1024;

/// The longest entry of a chunk table: that of a resource over 4 GiB.
const CHUNK_ENTRY: u64 = 8;

/// How many characters one may become in XML data that is written anew: `"` becomes `&quot;`.
const ESCAPED: u64 = 6;

/// What XML data may become longer by: sums and attributes that it did not have.
const XML_MORE: u64 = 4096;

/// The most that an exported WIM takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExportBound {
    /// As one file, in bytes.
    pub whole: u64,
    /// In parts of the length that was asked for: how many they are at most. None if no part has
    /// room for tables at all.
    pub parts: Option<u64>,
    /// The bytes that so many parts have together.
    pub in_parts: u64,
    /// The bytes of the longest resource; where that is longer than a part, only its compression
    /// can say whether there are parts.
    pub longest: u64,
}

/// Computes how much a WIM takes at most when it is exported with LZX, and then split into parts of
/// at most `max` bytes.
///
/// Nothing is known of how well it compresses. So each blob counts with its decompressed length and
/// a chunk table, which is what LZX leaves of bytes that it cannot make shorter; in addition there
/// are an entry of the blob table for each, the header and the XML data, and in each part the holes
/// that [`plan_parts`](crate::plan_parts) may leave. Reads header, blob table and XML data, and
/// holds nothing of them.
///
/// # Errors
///
/// As [`WimReader::open`] and [`WimReader::statistics`].
pub fn bound_export(source: &dyn ReadAt, max: u64) -> Result<ExportBound, ReadError> {
    let wim = WimReader::open(source)?;
    let xml = wim.header().xml.stored.saturating_mul(ESCAPED).saturating_add(XML_MORE);
    let tables = HEADER_SIZE as u64 + 2 * ALIGNMENT + xml;
    let room = max.saturating_sub(tables);
    let mut sum = Sum { room, ..Sum::default() };
    // All metadata lies in the first part.
    let mut metadata = 0_u64;
    wim.visit_entries(&mut |entry| {
        if entry.is_solid_resource() {
            return;
        }
        let len = resource(crate::read::blob_len(entry));
        if entry.resource.is_metadata() {
            metadata = metadata.saturating_add(len);
        } else {
            sum.add(len);
        }
    })?;
    sum.add(metadata);
    let parts = sum.parts();
    Ok(ExportBound {
        whole: sum.all.saturating_add(HEADER_SIZE as u64 + xml),
        parts,
        in_parts: sum.fitting.saturating_add(tables.saturating_mul(parts.unwrap_or(0))),
        longest: sum.longest,
    })
}

/// Whether one WIM has the images of another, and is not solid: the same metadata and texts in the
/// same order, the same image that starts, and no bytes that the other one has not.
///
/// That the bytes are those of their digests is not looked at. Holds some 80 bytes a blob.
///
/// # Errors
///
/// As [`WimReader::open`], [`WimReader::images`] and [`WimReader::statistics`], of either.
pub fn is_export_of(of: &dyn ReadAt, exported: &dyn ReadAt) -> Result<bool, ReadError> {
    let [of, exported] = [WimReader::open(of)?, WimReader::open(exported)?];
    let starts = |wim: &WimReader<'_>| wim.header().boot_index;
    let is_whole = |wim: &WimReader<'_>| wim.header().parts <= 1;
    if starts(&of) != starts(&exported)
        || !is_whole(&exported)
        || of.images()? != exported.images()?
    {
        return Ok(false);
    }
    let (known, found) = (Listing::of(&of)?, Listing::of(&exported)?);
    let is_known = |blob: &(Sha1, u64)| known.blobs.binary_search(blob).is_ok();
    let same = known.metadata == found.metadata && found.blobs.iter().all(is_known);
    Ok(same && !found.is_solid)
}

/// What a blob table names.
#[derive(Default)]
struct Listing {
    /// In the order of the images.
    metadata: Vec<Sha1>,
    /// With their lengths, sorted.
    blobs: Vec<(Sha1, u64)>,
    is_solid: bool,
}

impl Listing {
    fn of(wim: &WimReader<'_>) -> Result<Self, ReadError> {
        let mut listing = Self::default();
        wim.visit_entries(&mut |entry| {
            listing.is_solid |= entry.resource.is_solid();
            if entry.is_solid_resource() {
                return;
            }
            if entry.resource.is_metadata() {
                listing.metadata.push(entry.sha1);
            } else {
                listing.blobs.push((entry.sha1, crate::read::blob_len(entry)));
            }
        })?;
        listing.blobs.sort_unstable();
        Ok(listing)
    }
}

/// The most that a resource of so many bytes takes, with its entry in the blob table.
fn resource(len: u64) -> u64 {
    let chunks = len.div_ceil(CHUNK);
    len.saturating_add(chunks * CHUNK_ENTRY + BLOB_ENTRY_SIZE as u64)
}

/// The resources of a WIM, and what of a part they can have.
#[derive(Default)]
struct Sum {
    /// What a part has for resources.
    room: u64,
    all: u64,
    longest: u64,
    /// The sum, where none counts with more than a part can have: it has to become that short.
    fitting: u64,
    longest_fitting: u64,
}

impl Sum {
    fn add(&mut self, len: u64) {
        self.all = self.all.saturating_add(len);
        self.longest = self.longest.max(len);
        let fitting = len.min(self.room);
        self.fitting = self.fitting.saturating_add(fitting);
        self.longest_fitting = self.longest_fitting.max(fitting);
    }

    /// How many parts there can be, in whatever order they are filled.
    ///
    /// A part ends where the next resource would make it too long. So each but the last holds more
    /// than a part without the longest resource; and each two that follow each other hold more than
    /// one.
    fn parts(&self) -> Option<u64> {
        if self.room == 0 {
            return None;
        }
        let by_pairs = self.fitting.div_ceil(self.room).saturating_mul(2).saturating_sub(1).max(1);
        let filled = self.room - self.longest_fitting;
        Some(
            self.fitting
                .checked_div(filled)
                .map_or(by_pairs, |parts| by_pairs.min(parts.saturating_add(1))),
        )
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// How many parts the resources of these lengths take in this order.
    fn filled(lengths: &[u64], room: u64) -> u64 {
        let (mut parts, mut left) = (1, room);
        for &len in lengths {
            if len > left {
                parts += 1;
                left = room;
            }
            left -= len;
        }
        parts
    }

    proptest! {
        /// `shorter` is by how many hundredths compression shortens each.
        #[test]
        fn there_are_never_more_parts(
            resources in prop::collection::vec((1_u64..1500, 0_u64..100), 0..60),
        ) {
            let mut sum = Sum { room: 1000, ..Sum::default() };
            resources.iter().for_each(|(len, _)| sum.add(*len));
            let stored = resources.iter().map(|(len, shorter)| len - len * shorter / 100);
            let lengths: Vec<u64> = stored.map(|len| len.min(1000)).collect();
            let parts = sum.parts().unwrap();
            prop_assert!(filled(&lengths, 1000) <= parts, "{parts}");
            // So that as many files, each with its share, are never longer than a part.
            prop_assert!(sum.fitting.div_ceil(parts) <= 1000);
        }
    }

    #[test]
    fn small_files_fill_parts() {
        let mut sum = Sum { room: 1000, ..Sum::default() };
        (0..3000).for_each(|_| sum.add(1));
        assert_eq!(sum.parts(), Some(4));
        assert_eq!(Sum { room: 0, ..Sum::default() }.parts(), None);
    }
}
