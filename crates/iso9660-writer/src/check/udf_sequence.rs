//! What leads to the UDF volume descriptors, and that they are all there.

use super::space::Use;
use super::udf_volume::Sector;
use super::{Checker, rules};
use crate::read::bytes::{all_zero, le32};
use crate::read::iso::SECTOR;
use crate::read::limits::MAX_DESCRIPTORS;
use crate::read::udf::descriptor::ExtentAd;
use crate::read::udf::recognition;
use crate::read::udf::tag::{Tag, id};
use crate::read::udf::volume::{Anchor, FIRST_ANCHOR};

/// The fewest sectors of a volume descriptor sequence (ECMA-167 3/8.4.2.2); edk2 insists.
const SEQUENCE_SECTORS_MIN: u32 = 16;

/// The descriptors of a read-only volume's sequence; each is there once.
const SEQUENCE: [u16; 6] = [
    id::PRIMARY_VOLUME,
    id::IMPLEMENTATION_USE,
    id::PARTITION,
    id::LOGICAL_VOLUME,
    id::UNALLOCATED_SPACE,
    id::TERMINATING,
];

/// A descriptor of a sequence whose tag is sound.
pub(super) struct Descriptor {
    pub(super) id: u16,
    pub(super) offset: u64,
    pub(super) bytes: Box<Sector>,
}

impl Checker<'_> {
    /// Checks the sectors behind the ISO 9660 descriptors; false if there is nothing of UDF.
    pub(super) fn check_recognition(&mut self, iso_end: Option<u64>) -> bool {
        let sequence = match recognition::read(self.image) {
            Ok(sequence) => sequence,
            Err(error) => {
                self.report.add_error(rules::UDF_RECOGNITION, String::new, &error);
                return false;
            }
        };
        let own: Vec<_> =
            sequence.iter().filter(|structure| &structure.identifier != b"CD001").collect();
        for structure in &own {
            self.claim(Use::RecognitionSequence, structure.offset, SECTOR);
        }
        let Some(first) = own.first() else { return false };
        let identifiers: Vec<_> = own.iter().map(|structure| structure.identifier).collect();
        let mut wrong = |offset, message: &str| {
            self.report.add(rules::UDF_RECOGNITION, offset, message);
        };
        if identifiers != [*b"BEA01", *b"NSR02", *b"TEA01"] {
            wrong(first.offset, "not BEA01, NSR02 and TEA01 one after another");
        }
        if iso_end.is_some_and(|end| end != first.offset) {
            wrong(first.offset, "a gap between ISO 9660's terminator and BEA01");
        }
        for structure in own {
            if (structure.kind, structure.version) != (0, 1) || !structure.rest_is_zero {
                wrong(structure.offset, "not type 0, version 1 and zeros");
            }
        }
        true
    }

    /// The sector if it looks like an anchor, sound or not.
    pub(super) fn anchor_sector(&mut self, sector: u64) -> Option<(u64, Box<Sector>)> {
        let bytes = self.sector("UDF anchor", sector * SECTOR)?;
        let tag = Tag::parse(&bytes[..]);
        let location = u32::try_from(sector).ok();
        // Any two of three marks: one flipped bit must not hide the anchor from the check.
        let marks = [
            tag.id == id::ANCHOR,
            Some(tag.location) == location,
            tag.crc_len == 496 && tag.version == 2,
        ];
        (marks.iter().filter(|mark| **mark).count() >= 2).then_some((sector, bytes))
    }

    pub(super) fn anchor(&mut self, sector: u64, bytes: &Sector) -> Option<Anchor> {
        let offset = sector * SECTOR;
        if sector == FIRST_ANCHOR {
            self.claim(Use::UdfAnchor, offset, 512);
        } else {
            self.claim(Use::UdfEndAnchor, offset, 512);
        }
        let location = u32::try_from(sector).ok()?;
        if !self.check_tag(&bytes[..], offset, id::ANCHOR, location, 512, &String::new) {
            return None;
        }
        if !all_zero(&bytes[32..512]) {
            let message = "reserved bytes of the anchor that are not zero";
            self.report.add(rules::UDF_DESCRIPTOR, offset + 32, message);
        }
        let anchor = Anchor {
            offset,
            main: ExtentAd::at(&bytes[..], 16),
            reserve: ExtentAd::at(&bytes[..], 24),
        };
        Some(anchor)
    }

    /// Checks the descriptors of a sequence up to its terminator and returns the sound ones.
    pub(super) fn check_sequence(&mut self, name: &str, extent: ExtentAd) -> Vec<Descriptor> {
        let start = u64::from(extent.location) * SECTOR;
        let sectors = extent.len / SECTOR as u32;
        if sectors < SEQUENCE_SECTORS_MIN || !u64::from(extent.len).is_multiple_of(SECTOR) {
            let message = format!("the {name} sequence has {} bytes", extent.len);
            self.report.add(rules::UDF_SEQUENCE, start, message);
        }
        let mut found = Vec::new();
        let mut seen = Vec::new();
        for index in 0..sectors.min(MAX_DESCRIPTORS) {
            let offset = start + u64::from(index) * SECTOR;
            let Some(bytes) = self.sector("UDF volume descriptor", offset) else { break };
            let tag = Tag::parse(&bytes[..]);
            let Some(len) = descriptor_len(tag.id, &bytes[..]) else {
                if tag.id != 0 || !all_zero(&bytes[..16]) {
                    let message = format!("tag identifier {} in the {name} sequence", tag.id);
                    self.report.add(rules::UDF_TAG, offset, message);
                }
                break;
            };
            self.claim(Use::UdfDescriptor, offset, len as u64);
            seen.push(tag.id);
            let location = extent.location.wrapping_add(index);
            if self.check_tag(&bytes[..], offset, tag.id, location, len, &String::new) {
                found.push(Descriptor { id: tag.id, offset, bytes });
            }
            if tag.id == id::TERMINATING {
                break;
            }
        }
        if seen.is_empty() {
            let message = format!("the {name} volume descriptor sequence is not there");
            self.report.add(rules::UDF_SEQUENCE_MISSING, start, message);
            return found;
        }
        for id in SEQUENCE {
            let count = seen.iter().filter(|&&seen| seen == id).count();
            if count != 1 {
                let message = format!("{count} descriptors with tag {id} in the {name} sequence");
                self.report.add(rules::UDF_SEQUENCE, start, message);
            }
        }
        found
    }

    pub(super) fn compare_sequences(&mut self, main: &[Descriptor], reserve: &[Descriptor]) {
        for descriptor in main {
            let twin = reserve.iter().find(|other| other.id == descriptor.id);
            // A twin that is not there or not sound is reported already.
            let Some(twin) = twin else { continue };
            if descriptor.bytes[16..] != twin.bytes[16..] {
                let message = format!("the copy of the descriptor with tag {} differs", twin.id);
                self.report.add(rules::UDF_SEQUENCES_DIFFER, twin.offset, message);
            }
        }
        let ids = |sequence: &[Descriptor]| sequence.iter().map(|d| d.id).collect::<Vec<_>>();
        if !main.is_empty() && !reserve.is_empty() && ids(main) != ids(reserve) {
            let message = "the reserve sequence has other descriptors than the main one";
            self.report.add(rules::UDF_SEQUENCES_DIFFER, reserve[0].offset, message);
        }
    }
}

/// How long the descriptor with this tag is, None for a tag that no sequence has.
fn descriptor_len(id: u16, bytes: &[u8]) -> Option<usize> {
    match id {
        // 440 bytes and the partition maps; a length that does not fit makes the tag's CRC fail.
        id::LOGICAL_VOLUME => Some(440 + (le32(bytes, 264) as usize).min(SECTOR as usize - 440)),
        id::UNALLOCATED_SPACE => {
            let extents = (le32(bytes, 20) as usize).min(200);
            Some(24 + 8 * extents)
        }
        id::PRIMARY_VOLUME | id::IMPLEMENTATION_USE | id::PARTITION | id::TERMINATING => Some(512),
        _ => None,
    }
}
