use super::space::Use;
use super::{Checker, rules};
use crate::read::DataExtent;
use crate::read::bytes::all_zero;
use crate::read::entry::push_extent;
use crate::read::iso::SECTOR;
use crate::read::udf::descriptor::AllocationDescriptor;
use crate::read::udf::file_entry::{Allocation, FileEntry, file_type};
use crate::read::udf::tag::id;
use crate::read::udf::volume::Partition;

/// The longest extent of whole blocks that 30 bits can say.
const EXTENT_LEN_MAX: u64 = 0x3FFF_F800;

/// A file entry whose tag is sound.
pub(super) struct CheckedEntry {
    pub(super) entry: FileEntry,
    pub(super) offset: u64,
    /// Where its data lies; only the extents that lie inside the partition.
    pub(super) extents: Vec<DataExtent>,
}

impl Checker<'_> {
    /// Checks the file entry in a block of the partition; None if nothing can be said about it.
    pub(super) fn check_file_entry(
        &mut self,
        partition: &Partition,
        block: u32,
        bytes: &[u8],
        path: &dyn Fn() -> String,
    ) -> Option<CheckedEntry> {
        let offset = partition.offset_of(block);
        let parsed = FileEntry::parse(bytes);
        let len = parsed
            .as_ref()
            .map_or(SECTOR as usize, |entry| entry.allocation_at + entry.allocation_len as usize);
        self.claim(Use::UdfFileEntry, offset, len as u64);
        if !self.check_tag(bytes, offset, id::FILE_ENTRY, block, len, path) {
            return None;
        }
        let entry = match parsed {
            Ok(entry) => entry,
            Err(reason) => {
                self.report.add_at(rules::UDF_ICB, offset, path, reason);
                return None;
            }
        };
        self.check_icb(&entry, bytes, offset, path);
        for at in [72, 84, 96] {
            self.check_timestamp(offset, bytes, at);
        }
        let extents = match &entry.allocation {
            Allocation::Extents(descriptors) => {
                self.check_allocation(partition, &entry, descriptors, offset, path)
            }
            Allocation::Embedded => Vec::new(),
        };
        Some(CheckedEntry { entry, offset, extents })
    }

    fn check_icb(
        &mut self,
        entry: &FileEntry,
        bytes: &[u8],
        offset: u64,
        path: &dyn Fn() -> String,
    ) {
        let icb = (entry.prior_entries, entry.strategy, entry.strategy_parameter);
        let checks = [
            (icb == (0, 4, 0) && entry.max_entries == 1, "a strategy other than 4 with one entry"),
            (
                matches!(entry.file_type, file_type::DIRECTORY | file_type::FILE),
                "neither a directory nor a file",
            ),
            // Low three bits 0 are short descriptors; bit 9 says that the data is contiguous.
            (entry.flags & !0x0208 == 0, "flags other than those of short descriptors"),
            (all_zero(&bytes[50..56]), "a record format"),
            (all_zero(&bytes[112..128]), "an extended attribute ICB"),
            (entry.attributes_len == 0, "extended attributes"),
        ];
        for (_, what) in checks.into_iter().filter(|(holds, _)| !holds) {
            self.report.add_at(rules::UDF_ICB, offset, path, what);
        }
    }

    fn check_allocation(
        &mut self,
        partition: &Partition,
        entry: &FileEntry,
        descriptors: &[AllocationDescriptor],
        offset: u64,
        path: &dyn Fn() -> String,
    ) -> Vec<DataExtent> {
        let mut extents = Vec::new();
        let mut bytes = 0;
        let mut blocks = 0;
        for (index, descriptor) in descriptors.iter().enumerate() {
            let len = u64::from(descriptor.len);
            let at =
                offset + (entry.allocation_at + index * AllocationDescriptor::SHORT_LEN) as u64;
            if descriptor.kind != 0 {
                let message = format!("an allocation descriptor of type {}", descriptor.kind);
                self.report.add_at(rules::UDF_AD_TYPE, at, path, message);
            }
            let whole = len.is_multiple_of(SECTOR) || index + 1 == descriptors.len();
            if len == 0 || !whole || len > EXTENT_LEN_MAX {
                let message = format!("extent {index} of {len} bytes");
                self.report.add_at(rules::UDF_AD_LENGTH, at, path, message);
            }
            bytes += len;
            blocks += len.div_ceil(SECTOR);
            if partition.contains(descriptor.block, len) {
                push_extent(&mut extents, partition.offset_of(descriptor.block), len);
            } else {
                let message =
                    format!("{len} bytes from block {} on leave the partition", descriptor.block);
                self.report.add_at(rules::UDF_AD_RANGE, at, path, message);
            }
        }
        if entry.information_len != bytes {
            let message =
                format!("information length {}, but extents of {bytes}", entry.information_len);
            self.report.add_at(rules::UDF_INFORMATION_LENGTH, offset + 56, path, message);
        }
        if entry.blocks_recorded != blocks {
            let message =
                format!("{} blocks recorded, but extents of {blocks}", entry.blocks_recorded);
            self.report.add_at(rules::UDF_BLOCKS_RECORDED, offset + 64, path, message);
        }
        extents
    }
}
