use std::collections::{HashSet, VecDeque};
use std::fmt;

use super::{Dump, escaped};
use crate::read::DataExtent;
use crate::read::bytes::{le16, le32};
use crate::read::limits::MAX_DESCRIPTORS;
use crate::read::source::{self, Window};
use crate::read::udf::BLOCK;
use crate::read::udf::descriptor::{AllocationDescriptor, ExtentAd, dstring_lossy};
use crate::read::udf::file_entry::{Allocation, FileEntry};
use crate::read::udf::file_identifier::{FileIdentifier, IdentifierReader};
use crate::read::udf::recognition;
use crate::read::udf::tag::{Tag, id};
use crate::read::udf::volume::{Anchor, Integrity, LogicalVolume, Partition, VolumeInfo};

type Block = [u8; BLOCK as usize];

impl Dump<'_> {
    pub(super) fn udf_volume(&mut self) -> fmt::Result {
        match recognition::read(self.image) {
            Ok(sequence) => {
                for structure in sequence.iter().filter(|s| &s.identifier != b"CD001") {
                    let identifier = escaped(&structure.identifier);
                    self.line(structure.offset, format_args!("{identifier}"))?;
                }
                if !recognition::has_udf(&sequence) {
                    return Ok(());
                }
            }
            Err(error) => return self.error(&error),
        }
        let mut sequences: Vec<(&str, ExtentAd)> = Vec::new();
        let mut window = Window::new(self.image);
        for sector in Anchor::places(self.image.len()).into_iter().flatten() {
            if (sector + 1) * BLOCK > self.image.len() {
                continue;
            }
            match Anchor::read(&mut window, sector) {
                Ok(Some(Anchor { offset, main, reserve })) => {
                    self.line(
                        offset,
                        format_args!(
                            "AVDP main={}+{} reserve={}+{}",
                            main.location, main.len, reserve.location, reserve.len
                        ),
                    )?;
                    for sequence in [("main", main), ("reserve", reserve)] {
                        if !sequences.contains(&sequence) {
                            sequences.push(sequence);
                        }
                    }
                }
                Ok(None) => {}
                Err(error) => self.error(&error)?,
            }
        }
        for (name, extent) in sequences {
            self.udf_sequence(name, extent)?;
        }
        match VolumeInfo::read(self.image) {
            Ok(info) => self.udf_contents(&info),
            Err(error) => self.error(&error),
        }
    }

    fn udf_sequence(&mut self, name: &str, extent: ExtentAd) -> fmt::Result {
        let sectors = (extent.len / BLOCK as u32).min(MAX_DESCRIPTORS);
        for index in 0..sectors {
            let sector = u64::from(extent.location) + u64::from(index);
            let offset = sector * BLOCK;
            let Some(bytes) = self.block(offset)? else { return Ok(()) };
            let tag = Tag::parse(&bytes);
            if tag.id == 0 {
                break;
            }
            let sound = self.soundness(&bytes, tag.id, sector as u32);
            let what = volume_descriptor(&bytes, tag.id, offset);
            self.line(offset, format_args!("{name} {what}{sound}"))?;
            if tag.id == id::TERMINATING {
                break;
            }
        }
        Ok(())
    }

    /// The block at `offset`; a line that says why and None if it cannot be read.
    fn block(&mut self, offset: u64) -> Result<Option<Block>, fmt::Error> {
        let mut bytes = [0; BLOCK as usize];
        match source::read_exact(self.image, "UDF block", offset, &mut bytes) {
            Ok(()) => Ok(Some(bytes)),
            Err(error) => {
                self.error(&error.into())?;
                Ok(None)
            }
        }
    }

    /// Nothing for a sound tag, else what is wrong with it.
    fn soundness(&self, bytes: &[u8], id: u16, location: u32) -> String {
        match Tag::check_at(bytes, id, location) {
            Ok(_) => String::new(),
            Err(fault) => format!(" ERROR {fault}"),
        }
    }

    fn udf_contents(&mut self, info: &VolumeInfo) -> fmt::Result {
        let LogicalVolume { integrity, file_set, .. } = info.logical_volume;
        let offset = u64::from(integrity.location) * BLOCK;
        if let Some(bytes) = self.block(offset)? {
            let sound = self.soundness(&bytes, id::INTEGRITY, integrity.location);
            let Integrity { kind, next_unique_id, free, size, files, directories, .. } =
                Integrity::parse(&bytes, offset);
            self.line(
                offset,
                format_args!(
                    "LVID type={kind} next_unique_id={next_unique_id} free={free} size={size} \
                     files={files} directories={directories}{sound}"
                ),
            )?;
        }
        let offset = info.partition.offset_of(file_set.block);
        let Some(bytes) = self.block(offset)? else { return Ok(()) };
        let root = AllocationDescriptor::long(&bytes, 400);
        let sound = self.soundness(&bytes, id::FILE_SET, file_set.block);
        let label = dstring_lossy(&bytes[112..240]);
        let block = root.block;
        self.line(offset, format_args!("FSD logical_volume={label:?} root={block}{sound}"))?;
        if self.options.files { self.udf_tree(&info.partition, block) } else { Ok(()) }
    }

    fn udf_tree(&mut self, partition: &Partition, root: u32) -> fmt::Result {
        let mut seen = HashSet::from([root]);
        let mut bytes_left = self.image.len();
        let mut queue = VecDeque::from([root]);
        while let Some(block) = queue.pop_front() {
            let Some((entry, extents)) = self.file_entry(partition, block)? else { continue };
            let Some(left) = bytes_left.checked_sub(entry.information_len) else {
                let offset = partition.offset_of(block);
                self.line(offset, format_args!("ERROR directories too long"))?;
                continue;
            };
            bytes_left = left;
            self.udf_directory(partition, extents, &mut seen, &mut queue)?;
        }
        Ok(())
    }

    /// Shows a file entry and returns it with those of its extents that lie in the image.
    fn file_entry(
        &mut self,
        partition: &Partition,
        block: u32,
    ) -> Result<Option<(FileEntry, Vec<DataExtent>)>, fmt::Error> {
        let offset = partition.offset_of(block);
        let Some(bytes) = self.block(offset)? else { return Ok(None) };
        let id = match le16(&bytes, 0) {
            id::EXTENDED_FILE_ENTRY => id::EXTENDED_FILE_ENTRY,
            _ => id::FILE_ENTRY,
        };
        let sound = self.soundness(&bytes, id, block);
        let entry = match FileEntry::parse(&bytes) {
            Ok(entry) => entry,
            Err(reason) => {
                self.line(offset, format_args!("ERROR {reason}"))?;
                return Ok(None);
            }
        };
        let extents = crate::read::udf::data_extents(offset, &entry, partition);
        let shown = shown_allocation(&entry);
        self.line(
            offset,
            format_args!(
                "FE type={} links={} bytes={} blocks={} unique_id={} {shown}{sound}",
                entry.file_type,
                entry.link_count,
                entry.information_len,
                entry.blocks_recorded,
                entry.unique_id
            ),
        )?;
        match extents {
            Ok(extents) => Ok(Some((entry, extents))),
            Err(error) => {
                self.error(&error)?;
                Ok(None)
            }
        }
    }

    fn udf_directory(
        &mut self,
        partition: &Partition,
        extents: Vec<DataExtent>,
        seen: &mut HashSet<u32>,
        queue: &mut VecDeque<u32>,
    ) -> fmt::Result {
        let mut window = Window::new(self.image);
        let mut identifiers = match IdentifierReader::new(self.image, &mut window, extents) {
            Ok(identifiers) => identifiers,
            Err(error) => return self.error(&error),
        };
        let mut files = Vec::new();
        loop {
            let identifier = match identifiers.next() {
                Ok(Some(identifier)) => identifier,
                Ok(None) => break,
                Err(error) => {
                    self.error(&error)?;
                    break;
                }
            };
            self.identifier(&identifier)?;
            let block = identifier.icb.block;
            if !identifier.is_parent() && seen.insert(block) {
                match identifier.is_directory() {
                    true => queue.push_back(block),
                    false => files.push(block),
                }
            }
        }
        files.into_iter().try_for_each(|block| self.file_entry(partition, block).map(drop))
    }

    fn identifier(&mut self, identifier: &FileIdentifier) -> fmt::Result {
        let name = match identifier.name() {
            Ok(_) if identifier.is_parent() => "..".to_owned(),
            Ok(name) => name,
            Err(reason) => format!("ERROR {reason}"),
        };
        let sound = identifier.tag_fault.map(|fault| format!(" ERROR {fault}")).unwrap_or_default();
        let (characteristics, block) = (identifier.characteristics, identifier.icb.block);
        self.line(
            identifier.offset,
            format_args!(
                "  FID {name:?} characteristics={characteristics:#04x} icb={block}{sound}"
            ),
        )
    }
}

fn volume_descriptor(bytes: &Block, tag: u16, offset: u64) -> String {
    match tag {
        id::PRIMARY_VOLUME => format!(
            "PVD volume={:?} set={:?}",
            dstring_lossy(&bytes[24..56]),
            dstring_lossy(&bytes[72..200])
        ),
        id::IMPLEMENTATION_USE => {
            format!("IUVD logical_volume={:?}", dstring_lossy(&bytes[116..244]))
        }
        id::PARTITION => {
            let Partition { number, start, len } = Partition::parse(bytes);
            let access = le32(bytes, 184);
            format!("PD number={number} start={start} len={len} access={access}")
        }
        id::LOGICAL_VOLUME => {
            let LogicalVolume { label, block_size, file_set, integrity, .. } =
                LogicalVolume::parse(bytes, offset);
            format!(
                "LVD logical_volume={label:?} block={block_size} file_set={}+{} integrity={}+{}",
                file_set.block, file_set.len, integrity.location, integrity.len
            )
        }
        id::UNALLOCATED_SPACE => format!("USD extents={}", le32(bytes, 20)),
        id::TERMINATING => "TD".to_owned(),
        other => format!("descriptor with tag {other}"),
    }
}

fn shown_allocation(entry: &FileEntry) -> String {
    match &entry.allocation {
        Allocation::Embedded => "embedded".to_owned(),
        Allocation::Extents(extents) => {
            let shown = |extent: &AllocationDescriptor| match extent.kind {
                0 => format!("{}+{}", extent.block, extent.len),
                kind => format!("{}+{} type {kind}", extent.block, extent.len),
            };
            format!("[{}]", extents.iter().map(shown).collect::<Vec<_>>().join(" "))
        }
    }
}
