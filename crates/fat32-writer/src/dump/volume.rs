use std::collections::{HashSet, VecDeque};
use std::fmt;

use super::{Dump, escaped};
use crate::read::ReadError;
use crate::read::boot_sector::{self, BootSector, Geometry};
use crate::read::bytes::{all_zero, le16, le32, utf16};
use crate::read::directory::slots_of_cluster;
use crate::read::fat::{Fat, Link, STRUCTURE};
use crate::read::limits::MAX_DIRECTORY_BYTES;
use crate::read::slot::{LAST_LONG, Slot};
use crate::read::source::{self, Window};

/// How much of a FAT is read at once.
const CHUNK: u64 = 64 * 1024;

impl Dump<'_> {
    pub(super) fn volume(&mut self) -> fmt::Result {
        let (offset, boot_sector, _) = match boot_sector::find(self.image) {
            Ok(found) => found,
            Err(error) => return self.error(&error),
        };
        self.boot_sector("boot sector", offset, &boot_sector)?;
        let sector = u64::from(boot_sector.bytes_per_sector);
        self.fs_info("FSInfo", offset + u64::from(boot_sector.fs_info) * sector)?;
        let backup = offset + u64::from(boot_sector.backup) * sector;
        match BootSector::read(self.image, backup) {
            Ok(copy) => self.boot_sector("backup boot sector", backup, &copy)?,
            Err(error) => self.error(&error)?,
        }
        self.fs_info("backup FSInfo", backup + sector)?;
        let geometry = match boot_sector.geometry(offset, self.image.len()) {
            Ok(geometry) => geometry,
            Err(error) => return self.error(&error),
        };
        let clusters = geometry.clusters;
        self.line(geometry.data, format_args!("cluster 2 of {clusters}"))?;
        self.fats(&geometry)?;
        if self.options.files { self.directories(&geometry) } else { Ok(()) }
    }

    fn boot_sector(&mut self, name: &str, offset: u64, boot: &BootSector) -> fmt::Result {
        self.line(
            offset,
            format_args!(
                "{name} oem=\"{}\" sector={} cluster={} reserved={} fats={}x{} sectors={} hidden={} \
                 media={:#04x} root={} info={} backup={} serial={:08x} label=\"{}\" kind=\"{}\"",
                escaped(&boot.bytes[3..11]),
                boot.bytes_per_sector,
                boot.sectors_per_cluster,
                boot.reserved_sectors,
                boot.fats,
                boot.fat_sectors,
                boot.total_sectors,
                boot.hidden_sectors,
                boot.media,
                boot.root_cluster,
                boot.fs_info,
                boot.backup,
                boot.serial,
                escaped(&boot.label),
                escaped(&boot.kind)
            ),
        )
    }

    fn fs_info(&mut self, name: &str, offset: u64) -> fmt::Result {
        let mut bytes = [0; 512];
        match source::read_exact(self.image, "FSInfo", offset, &mut bytes) {
            Ok(()) if bytes[..4] == *b"RRaA" => {
                let (free, next) = (le32(&bytes, 488), le32(&bytes, 492));
                self.line(offset, format_args!("{name} free={free} next={next}"))
            }
            Ok(()) => self.line(offset, format_args!("{name} without its signature")),
            Err(error) => self.error(&error.into()),
        }
    }

    fn fats(&mut self, geometry: &Geometry) -> fmt::Result {
        self.line(geometry.fat, format_args!("FAT bytes={}", geometry.fat_len))?;
        if let Err(error) = self.first_fat(geometry)? {
            self.error(&error)?;
        }
        if geometry.fats < 2 {
            return Ok(());
        }
        let second = geometry.fat + geometry.fat_len;
        match self.same_fats(geometry) {
            Ok(None) => self.line(second, format_args!("second FAT, the same")),
            Ok(Some(at)) => {
                let number = at / 4;
                self.line(second + at, format_args!("second FAT, different at cluster {number}"))
            }
            Err(error) => self.error(&error),
        }
    }

    /// Shows the entries that are not 0: the ones that name the next cluster as one line with the
    /// one behind them.
    fn first_fat(&mut self, geometry: &Geometry) -> Result<Result<(), ReadError>, fmt::Error> {
        let mut run: Option<u32> = None;
        let mut at = 0;
        while at < geometry.fat_len {
            let bytes = match chunk(self, geometry.fat, at, geometry.fat_len) {
                Ok(bytes) => bytes,
                Err(error) => return Ok(Err(error)),
            };
            if run.is_some() || !all_zero(&bytes) {
                for (index, entry) in bytes.chunks_exact(4).enumerate() {
                    let (number, entry) = ((at / 4) as u32 + index as u32, le32(entry, 0));
                    let first = *run.get_or_insert(number);
                    if number > 1 && entry == number.wrapping_add(1) {
                        continue;
                    }
                    run = None;
                    self.fat_entry(geometry, first, number, entry)?;
                }
            }
            at += bytes.len() as u64;
        }
        Ok(Ok(()))
    }

    fn fat_entry(&mut self, geometry: &Geometry, first: u32, last: u32, entry: u32) -> fmt::Result {
        if entry == 0 && first == last {
            return Ok(());
        }
        let numbers = if first == last { format!("{last}") } else { format!("{first}..={last}") };
        let link = match Link::of(entry, geometry) {
            Link::End if last > 1 && entry == 0x0FFF_FFFF => "end".to_owned(),
            Link::Next(next) => next.to_string(),
            _ => format!("{entry:#010x}"),
        };
        self.line(geometry.entry(first), format_args!("  {numbers} -> {link}"))
    }

    /// Where the FATs differ, if they do.
    fn same_fats(&self, geometry: &Geometry) -> Result<Option<u64>, ReadError> {
        let mut at = 0;
        while at < geometry.fat_len {
            let first = chunk(self, geometry.fat, at, geometry.fat_len)?;
            let second = chunk(self, geometry.fat + geometry.fat_len, at, geometry.fat_len)?;
            if first != second {
                let difference = first.iter().zip(&second).position(|(a, b)| a != b);
                return Ok(Some(at + difference.unwrap_or_default() as u64));
            }
            at += first.len() as u64;
        }
        Ok(None)
    }

    fn directories(&mut self, geometry: &Geometry) -> fmt::Result {
        let mut seen = HashSet::new();
        let mut fat = Fat::new(self.image, *geometry);
        let mut queue = VecDeque::from([geometry.root_cluster]);
        while let Some(first) = queue.pop_front() {
            let max = MAX_DIRECTORY_BYTES.div_ceil(geometry.cluster_size);
            let clusters = match fat.chain(first, max) {
                Ok(clusters) => clusters,
                Err(error) => {
                    self.error(&error)?;
                    continue;
                }
            };
            let count = clusters.len();
            if let Some(&first) = clusters.first() {
                let offset = geometry.cluster(first);
                if !seen.insert(first) {
                    self.line(offset, format_args!("ERROR directory met before"))?;
                    continue;
                }
                self.line(offset, format_args!("directory at {first} clusters={count}"))?;
            }
            for cluster in clusters {
                self.slots(geometry, cluster, &mut queue)?;
            }
        }
        Ok(())
    }

    fn slots(
        &mut self,
        geometry: &Geometry,
        cluster: u32,
        queue: &mut VecDeque<u32>,
    ) -> fmt::Result {
        let slots = match slots_of_cluster(self.image, geometry, cluster) {
            Ok(slots) => slots,
            Err(error) => return self.error(&error),
        };
        for slot in slots.iter().take_while(|slot| !slot.is_end()) {
            self.slot(slot)?;
            let is_child = slot.is_directory() && !slot.is_long() && !slot.is_dot();
            if is_child && !slot.is_deleted() {
                queue.push_back(slot.first_cluster());
            }
        }
        Ok(())
    }

    fn slot(&mut self, slot: &Slot) -> fmt::Result {
        if slot.is_deleted() {
            return self.line(slot.offset, format_args!("  deleted"));
        }
        if slot.is_long() {
            let (ordinal, sum) = (slot.bytes[0] & !LAST_LONG, slot.bytes[13]);
            let last = if slot.bytes[0] & LAST_LONG != 0 { " last" } else { "" };
            let units = slot.units();
            let end = units.iter().position(|&unit| unit == 0).unwrap_or(units.len());
            let text = utf16(units[..end].iter().copied());
            let what = format_args!("  long {ordinal}{last} sum={sum:#04x} {text:?}");
            return self.line(slot.offset, what);
        }
        let name = escaped(&slot.name()).to_string();
        let written = time(le16(&slot.bytes, 24), le16(&slot.bytes, 22));
        if slot.is_label() {
            return self.line(slot.offset, format_args!("  label \"{name}\" written={written}"));
        }
        let kind = if slot.is_directory() { "directory" } else { "file" };
        let (attributes, cluster, len) = (slot.attributes(), slot.first_cluster(), slot.len());
        self.line(
            slot.offset,
            format_args!(
                "  {kind} \"{name}\" attributes={attributes:#04x} cluster={cluster} bytes={len} \
                 written={written}"
            ),
        )
    }
}

fn chunk(dump: &Dump<'_>, fat: u64, at: u64, len: u64) -> Result<Vec<u8>, ReadError> {
    let len = CHUNK.min(len - at) as usize;
    let mut window = Window::new(dump.image);
    Ok(window.get(STRUCTURE, fat + at, len)?.to_vec())
}

/// A time as it stands there, whether it is one or not.
fn time(date: u16, time: u16) -> String {
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}",
        1980 + (date >> 9),
        date >> 5 & 15,
        date & 31,
        time >> 11,
        time >> 5 & 63,
        (time & 31) * 2
    )
}
