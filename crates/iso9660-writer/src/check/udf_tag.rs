use super::{Checker, rules};
use crate::read::udf::tag::{Tag, TagFault};

impl Checker<'_> {
    /// Checks a descriptor's tag: its sums, that it is `id` and lies at `location`, and that its
    /// CRC covers `len` bytes with the tag. False if its fields are not to be trusted.
    pub(super) fn check_tag(
        &mut self,
        descriptor: &[u8],
        offset: u64,
        id: u16,
        location: u32,
        len: usize,
        path: &dyn Fn() -> String,
    ) -> bool {
        let tag = match Tag::check(descriptor, id) {
            Ok(tag) => tag,
            Err(fault) => {
                self.add_tag_fault(fault, offset, path);
                return false;
            }
        };
        self.check_tag_fields(tag, offset, location, len, path);
        true
    }

    /// Checks what a sound tag says of its place.
    pub(super) fn check_tag_fields(
        &mut self,
        tag: Tag,
        offset: u64,
        location: u32,
        len: usize,
        path: &dyn Fn() -> String,
    ) {
        if tag.location != location {
            let fault = TagFault::Location { recorded: tag.location, expected: location };
            self.add_tag_fault(fault, offset, path);
        }
        let covered = usize::from(tag.crc_len) + crate::read::udf::tag::TAG_LEN;
        if covered != len {
            let message = format!("a CRC over {covered} of the {len} bytes of the descriptor");
            self.report.add_at(rules::UDF_TAG_CRC, offset, path, message);
        }
        if tag.version != 2 || tag.reserved != 0 {
            let message = format!("version {} and reserved byte {}", tag.version, tag.reserved);
            self.report.add_at(rules::UDF_TAG, offset, path, message);
        }
    }

    pub(super) fn add_tag_fault(
        &mut self,
        fault: TagFault,
        offset: u64,
        path: &dyn Fn() -> String,
    ) {
        let rule = match fault {
            TagFault::Checksum { .. } => rules::UDF_TAG_CHECKSUM,
            TagFault::Crc { .. } | TagFault::CrcLength { .. } => rules::UDF_TAG_CRC,
            TagFault::Location { .. } => rules::UDF_TAG_LOCATION,
            TagFault::Id { .. } | TagFault::Version { .. } => rules::UDF_TAG,
        };
        self.report.add_at(rule, offset, path, fault.to_string());
    }
}
