use std::collections::{HashSet, VecDeque};
use std::fmt;

use super::{Dump, escaped};
use crate::read::boot::{BootCatalog, Platform};
use crate::read::bytes::{latin1, utf16_be};
use crate::read::iso::record::DirectoryRecord;
use crate::read::iso::susp::SystemUse;
use crate::read::iso::volume_descriptor::{Descriptors, RawDescriptor, TreeDescriptor};
use crate::read::iso::{Directory, RecordReader, SECTOR, path_table};
use crate::read::limits::MAX_PATH_TABLE_BYTES;
use crate::read::source::{self, Window};

impl Dump<'_> {
    pub(super) fn iso_descriptors(&mut self) -> fmt::Result {
        let descriptors = match Descriptors::read(self.image) {
            Ok(descriptors) => descriptors,
            Err(error) => return self.error(&error),
        };
        for raw in &descriptors.all {
            self.iso_descriptor(raw)?;
        }
        for raw in &descriptors.all {
            if matches!(raw.kind(), 1 | 2)
                && let Ok(descriptor) = TreeDescriptor::parse(raw)
            {
                self.path_tables(&descriptor)?;
                if self.options.files {
                    self.iso_tree(&descriptor)?;
                }
            }
        }
        Ok(())
    }

    fn iso_descriptor(&mut self, raw: &RawDescriptor) -> fmt::Result {
        let offset = raw.offset;
        match raw.kind() {
            0 if raw.is_el_torito() => {
                let sector = raw.boot_catalog();
                self.line(offset, format_args!("El Torito boot record catalog={sector}"))?;
                self.boot_catalog()
            }
            1 | 2 => match TreeDescriptor::parse(raw) {
                Ok(descriptor) => self.tree_descriptor(raw, &descriptor),
                Err(error) => self.error(&error),
            },
            255 => self.line(offset, format_args!("ISO 9660 terminator")),
            kind => self.line(offset, format_args!("volume descriptor of type {kind}")),
        }
    }

    fn tree_descriptor(&mut self, raw: &RawDescriptor, descriptor: &TreeDescriptor) -> fmt::Result {
        let name = match raw.joliet_level() {
            Some(level) => format!("Joliet level {level} descriptor"),
            None if raw.kind() == 1 => "PVD".to_owned(),
            None => "supplementary descriptor".to_owned(),
        };
        let [created, ..] = descriptor.dates;
        let created = latin1(&created[..16]);
        let (space, root) = (descriptor.space_size.little, &descriptor.root);
        self.line(
            raw.offset,
            format_args!(
                "{name} volume_id={:?} space={space} path_table={} L={} M={} root={}+{} \
                 created={created}",
                descriptor.volume_id,
                descriptor.path_table_size.little,
                descriptor.path_tables_l[0],
                descriptor.path_tables_m[0],
                root.extent.little,
                root.data_len.little
            ),
        )
    }

    fn boot_catalog(&mut self) -> fmt::Result {
        let catalog = match BootCatalog::read(self.image) {
            Ok(Some(catalog)) => catalog,
            Ok(None) => return Ok(()),
            Err(error) => return self.error(&error),
        };
        self.line(catalog.offset, format_args!("boot catalog id={:?}", catalog.id))?;
        for entry in &catalog.entries {
            let platform = match entry.platform {
                Platform::Bios => "BIOS".to_owned(),
                Platform::Uefi => "UEFI".to_owned(),
                Platform::Other(id) => format!("platform {id:#04x}"),
            };
            let (indicator, media) = (entry.indicator, entry.media);
            let (count, sector) = (entry.sector_count, entry.load_sector);
            self.line(
                entry.offset,
                format_args!(
                    "  {platform} indicator={indicator:#04x} media={media} load={count}x512 \
                     sector={sector}"
                ),
            )?;
        }
        Ok(())
    }

    fn path_tables(&mut self, descriptor: &TreeDescriptor) -> fmt::Result {
        let len = u64::from(descriptor.path_table_size.little);
        for (kind, sector, big_endian) in
            [("L", descriptor.path_tables_l[0], false), ("M", descriptor.path_tables_m[0], true)]
        {
            let offset = u64::from(sector) * SECTOR;
            self.line(offset, format_args!("path table {kind} bytes={len}"))?;
            let mut bytes = vec![0; len.min(MAX_PATH_TABLE_BYTES) as usize];
            if let Err(error) = source::read_exact(self.image, "path table", offset, &mut bytes) {
                self.error(&error.into())?;
                continue;
            }
            if !self.options.files {
                continue;
            }
            match path_table::parse(&bytes, big_endian) {
                Ok(records) => {
                    for record in records {
                        let identifier = escaped(&record.identifier);
                        let (extent, parent) = (record.extent, record.parent);
                        self.line(
                            offset + record.at as u64,
                            format_args!("  {identifier} extent={extent} parent={parent}"),
                        )?;
                    }
                }
                Err((at, reason)) => {
                    self.line(offset + at as u64, format_args!("ERROR {reason}"))?;
                }
            }
        }
        Ok(())
    }

    fn iso_tree(&mut self, descriptor: &TreeDescriptor) -> fmt::Result {
        let mut seen = HashSet::new();
        let mut bytes_left = self.image.len();
        let mut queue = VecDeque::from([Directory::of(&descriptor.root)]);
        while let Some(directory) = queue.pop_front() {
            if !seen.insert(directory.offset) {
                self.line(directory.offset, format_args!("ERROR directory met before"))?;
                continue;
            }
            let Some(left) = bytes_left.checked_sub(directory.len) else {
                self.line(directory.offset, format_args!("ERROR directories too long"))?;
                continue;
            };
            bytes_left = left;
            let tree = if descriptor.joliet { "Joliet" } else { "ISO 9660" };
            let len = directory.len;
            self.line(directory.offset, format_args!("{tree} directory bytes={len}"))?;
            self.iso_directory(descriptor, directory, &mut queue)?;
        }
        Ok(())
    }

    fn iso_directory(
        &mut self,
        descriptor: &TreeDescriptor,
        directory: Directory,
        queue: &mut VecDeque<Directory>,
    ) -> fmt::Result {
        let mut window = Window::new(self.image);
        let mut records = match RecordReader::new(self.image, &mut window, directory) {
            Ok(records) => records,
            Err(error) => return self.error(&error),
        };
        loop {
            let (offset, record) = match records.next() {
                Ok(Some(next)) => next,
                Ok(None) => return Ok(()),
                Err(error) => return self.error(&error),
            };
            self.record(descriptor, offset, &record)?;
            if record.is_directory() && !record.is_dot() {
                queue.push_back(Directory::of(&record));
            }
        }
    }

    fn record(
        &mut self,
        descriptor: &TreeDescriptor,
        offset: u64,
        record: &DirectoryRecord,
    ) -> fmt::Result {
        let name = match &*record.identifier {
            [0] => ".".to_owned(),
            [1] => "..".to_owned(),
            identifier if descriptor.joliet => utf16_be(identifier),
            identifier => latin1(identifier),
        };
        let kind = if record.is_directory() { "directory" } else { "file" };
        let more = if record.is_multi_extent() { " more" } else { "" };
        let (extent, len) = (record.extent.little, record.data_len.little);
        let system_use = self.system_use(offset, record);
        self.line(
            offset,
            format_args!("  {kind} {name:?} extent={extent} bytes={len}{more}{system_use}"),
        )
    }

    fn system_use(&self, offset: u64, record: &DirectoryRecord) -> String {
        if record.system_use.is_empty() {
            return String::new();
        }
        let at = offset + u64::from(record.len) - record.system_use.len() as u64;
        match SystemUse::read(self.image, at, &record.system_use) {
            Err(error) => format!(" ERROR {error}"),
            Ok(system_use) => {
                let signatures: Vec<String> = system_use
                    .entries
                    .iter()
                    .map(|entry| escaped(&entry.signature).to_string())
                    .collect();
                let name = system_use.name().map(|name| format!(" {name:?}")).unwrap_or_default();
                format!(" [{}]{name}", signatures.join(" "))
            }
        }
    }
}
