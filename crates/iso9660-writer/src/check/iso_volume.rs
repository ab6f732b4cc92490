use std::ops::Range;

use super::dates::is_volume_date;
use super::space::Use;
use super::{Checker, rules};
use crate::read::bytes::{all_zero, be16};
use crate::read::iso::SECTOR;
use crate::read::iso::volume_descriptor::{
    Descriptors, FIRST_DESCRIPTOR, RawDescriptor, TreeDescriptor,
};

/// What the volume descriptors say.
pub(super) struct IsoVolume {
    pub(super) primary: TreeDescriptor,
    pub(super) joliet: Option<TreeDescriptor>,
    pub(super) el_torito: Option<RawDescriptor>,
    /// Where the sector behind the terminator lies.
    pub(super) descriptors_end: u64,
}

/// Text fields with d-characters, in both kinds of tree descriptor: volume and volume set
/// identifiers (BP 41–72, 191–318).
const D_FIELDS: [Range<usize>; 2] = [40..72, 190..318];

/// Text fields with a-characters: system, publisher, preparer, application (BP 9–40, 319–702).
const A_FIELDS: [Range<usize>; 4] = [8..40, 318..446, 446..574, 574..702];

impl Checker<'_> {
    /// Checks the volume descriptors; None if there is no primary one.
    pub(super) fn check_iso_volume(&mut self) -> Option<IsoVolume> {
        let descriptors = match Descriptors::read(self.image) {
            Ok(descriptors) => descriptors,
            Err(error) => {
                self.report.add_error(rules::ISO_DESCRIPTOR_SET, String::new, &error);
                return None;
            }
        };
        let descriptors_end = FIRST_DESCRIPTOR + descriptors.all.len() as u64 * SECTOR;
        self.claim(Use::VolumeDescriptors, FIRST_DESCRIPTOR, descriptors_end - FIRST_DESCRIPTOR);
        self.check_descriptor_set(&descriptors);
        for raw in &descriptors.all {
            self.check_raw_descriptor(raw);
        }
        let primary = self.tree_descriptor(descriptors.primary()?)?;
        let joliet = descriptors.joliet().and_then(|raw| self.tree_descriptor(raw));
        if let Some(joliet) = &joliet {
            self.check_same_volume(&primary, joliet);
        }
        let el_torito = descriptors.el_torito().cloned();
        Some(IsoVolume { primary, joliet, el_torito, descriptors_end })
    }

    fn check_descriptor_set(&mut self, descriptors: &Descriptors) {
        let end = FIRST_DESCRIPTOR + descriptors.all.len() as u64 * SECTOR;
        if !descriptors.terminated {
            let message = "the volume descriptors have no terminator";
            self.report.add(rules::ISO_DESCRIPTOR_SET, end, message);
        }
        let mut seen = Vec::new();
        for (index, raw) in descriptors.all.iter().enumerate() {
            let kind = (raw.kind(), raw.is_el_torito());
            if !matches!(kind.0, 0..=3 | 255) {
                let message = format!("a descriptor of type {}", kind.0);
                self.report.add(rules::ISO_DESCRIPTOR_SET, raw.offset, message);
            } else if seen.contains(&kind) {
                let message = format!("a second descriptor of type {}", kind.0);
                self.report.add(rules::ISO_DESCRIPTOR_SET, raw.offset, message);
            } else if (kind.0 == 1) != (index == 0) {
                let message = "the primary descriptor is not at sector 16";
                self.report.add(rules::ISO_DESCRIPTOR_SET, raw.offset, message);
            }
            seen.push(kind);
        }
    }

    fn check_raw_descriptor(&mut self, raw: &RawDescriptor) {
        let bytes = &raw.bytes[..];
        let mut wrong = |at: usize, message: &str| {
            self.report.add(rules::ISO_DESCRIPTOR, raw.offset + at as u64, message);
        };
        if raw.version() != 1 {
            wrong(6, "descriptor version other than 1");
        }
        let zeros: &[(usize, usize)] = match raw.kind() {
            1 => &[(7, 8), (72, 80), (88, 120), (882, 883), (1395, 2048)],
            2 => &[(7, 8), (72, 80), (91, 120), (882, 883), (1395, 2048)],
            255 => &[(7, 2048)],
            // The boot record is the boot rules' business.
            _ => &[],
        };
        for &(start, _) in zeros.iter().filter(|&&(start, end)| !all_zero(&bytes[start..end])) {
            wrong(start, "a reserved field that is not zero");
        }
        if raw.kind() == 2 && raw.joliet_level().is_none() {
            wrong(88, "a supplementary descriptor without a Joliet escape sequence");
        }
    }

    fn tree_descriptor(&mut self, raw: &RawDescriptor) -> Option<TreeDescriptor> {
        let descriptor = match TreeDescriptor::parse(raw) {
            Ok(descriptor) => descriptor,
            Err(error) => {
                self.report.add_error(rules::ISO_ROOT, String::new, &error);
                return None;
            }
        };
        self.check_numbers(&descriptor);
        self.check_texts(raw, descriptor.joliet);
        for (date, at) in descriptor.dates.iter().zip([813, 830, 847, 864]) {
            if !is_volume_date(date) {
                self.report.add(rules::ISO_DATE, raw.offset + at, "a date that is none");
            }
        }
        if u64::from(descriptor.block_size.little) != SECTOR {
            let message = format!("a logical block of {} bytes", descriptor.block_size.little);
            self.report.add(rules::ISO_DESCRIPTOR, raw.offset + 128, message);
            return None;
        }
        Some(descriptor)
    }

    fn check_numbers(&mut self, descriptor: &TreeDescriptor) {
        let TreeDescriptor { offset, space_size, set_size, sequence_number, .. } = *descriptor;
        let agreements = [
            (80, space_size.agrees(), "volume space size"),
            (120, set_size.agrees(), "volume set size"),
            (124, sequence_number.agrees(), "volume sequence number"),
            (128, descriptor.block_size.agrees(), "logical block size"),
            (132, descriptor.path_table_size.agrees(), "path table size"),
        ];
        for (at, _, what) in agreements.into_iter().filter(|(_, agrees, _)| !agrees) {
            let message = format!("the {what} differs in its two byte orders");
            self.report.add(rules::ISO_BOTH_ENDIAN, offset + at, message);
        }
        if (set_size.little, sequence_number.little) != (1, 1) {
            let message = "the volume is not the first of a set of one";
            self.report.add(rules::ISO_DESCRIPTOR, offset + 120, message);
        }
        if descriptor.file_structure_version != 1 {
            let message = "file structure version other than 1";
            self.report.add(rules::ISO_DESCRIPTOR, offset + 881, message);
        }
        let sectors = self.image.len() / SECTOR;
        if u64::from(space_size.little) != sectors {
            let message =
                format!("a volume space of {} sectors in an image of {sectors}", space_size.little);
            self.report.add(rules::ISO_SPACE_SIZE, offset + 80, message);
        }
    }

    fn check_texts(&mut self, raw: &RawDescriptor, joliet: bool) {
        let fields = D_FIELDS.iter().map(|field| (field, true));
        for (field, d_characters) in fields.chain(A_FIELDS.iter().map(|field| (field, false))) {
            let bytes = &raw.bytes[field.clone()];
            let sound = match (joliet, d_characters) {
                (true, _) => is_ucs2_text(bytes),
                (false, true) => is_padded_text(bytes, is_d_character),
                (false, false) => is_padded_text(bytes, is_a_character),
            };
            if !sound {
                let offset = raw.offset + field.start as u64;
                self.report.add(
                    rules::ISO_TEXT,
                    offset,
                    "text with characters that its kind lacks",
                );
            }
        }
    }

    fn check_same_volume(&mut self, primary: &TreeDescriptor, joliet: &TreeDescriptor) {
        let differing = [
            (80, primary.space_size != joliet.space_size, "volume space size"),
            (120, primary.set_size != joliet.set_size, "volume set size"),
            (813, primary.dates != joliet.dates, "dates"),
        ];
        for (at, _, what) in differing.into_iter().filter(|(_, differs, _)| *differs) {
            let message = format!("the {what} of the primary and the Joliet descriptor differ");
            self.report.add(rules::ISO_DESCRIPTORS_DIFFER, joliet.offset + at, message);
        }
    }
}

pub(super) fn is_d_character(byte: u8) -> bool {
    matches!(byte, b'A'..=b'Z' | b'0'..=b'9' | b'_')
}

fn is_a_character(byte: u8) -> bool {
    is_d_character(byte) || matches!(byte, b' '..=b'"' | b'%'..=b'/' | b':'..=b'?')
}

/// Allowed characters, then spaces to the end.
fn is_padded_text(field: &[u8], allowed: fn(u8) -> bool) -> bool {
    let text = field.iter().rposition(|&byte| byte != b' ').map_or(0, |last| last + 1);
    field[..text].iter().all(|&byte| allowed(byte))
}

/// No control characters, and big-endian: the odd byte of an odd field is zero.
fn is_ucs2_text(field: &[u8]) -> bool {
    field.chunks_exact(2).all(|unit| be16(unit, 0) >= 0x20) && field.len().is_multiple_of(2)
}
