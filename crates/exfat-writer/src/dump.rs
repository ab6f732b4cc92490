//! Shows the metadata of a volume as text, each line with the offset of what it shows.
//!
//! For people who look into an image, and for tests whose expectations can be read.

use std::collections::HashSet;
use std::fmt::{self, Write};

use crate::read::boot_sector::{self, BootSector, Geometry};
use crate::read::bytes::{le16, le32, le64};
use crate::read::clusters::Fat;
use crate::read::directory::{BITMAP, EntrySet, Item, LABEL, Slot, UPCASE, items, read_slots};
use crate::read::limits::MAX_DEPTH;
use crate::read::{ReadAt, ReadError, root};

/// What a dump shows.
#[derive(Clone, Copy, Debug)]
pub struct DumpOptions {
    /// Whether the entries of directories are shown; the default is yes.
    pub files: bool,
}

impl Default for DumpOptions {
    fn default() -> Self {
        Self { files: true }
    }
}

/// Appends the dump of the volume of an image to `out`, one structure a line: `+` and the offset in
/// the image in hexadecimal digits, then what it is and its fields.
///
/// What cannot be read is shown as a line that says why; the rest is shown all the same. Err only
/// if `out` takes no more.
pub fn dump(image: &dyn ReadAt, options: &DumpOptions, out: &mut dyn Write) -> fmt::Result {
    let mut dump = Dump { image, options, out };
    match boot_sector::find(image) {
        Ok((offset, boot_sector, _)) => dump.volume(offset, &boot_sector),
        Err(error) => dump.error(&error),
    }
}

/// Returns the dump of an image as one text.
pub fn dump_to_string(image: &dyn ReadAt, options: &DumpOptions) -> String {
    let mut text = String::new();
    dump(image, options, &mut text).expect("because a String takes whatever is written");
    text
}

struct Dump<'a> {
    image: &'a dyn ReadAt,
    options: &'a DumpOptions,
    out: &'a mut dyn Write,
}

impl Dump<'_> {
    fn line(&mut self, offset: u64, text: fmt::Arguments<'_>) -> fmt::Result {
        writeln!(self.out, "+{offset:08x} {text}")
    }

    fn error(&mut self, error: &ReadError) -> fmt::Result {
        self.line(error.offset().unwrap_or(0), format_args!("ERROR {error}"))
    }

    fn volume(&mut self, offset: u64, boot: &BootSector) -> fmt::Result {
        self.boot_sector("exFAT boot sector", offset, boot)?;
        // Sectors of another size than 512 bytes have their backup elsewhere.
        let backup = offset.saturating_add(12 << boot.sector_shift.min(12));
        match BootSector::read(self.image, backup) {
            Ok(copy) => self.boot_sector("backup boot sector", backup, &copy)?,
            Err(error) => self.error(&error)?,
        }
        let geometry = match boot.geometry(offset, self.image.len()) {
            Ok(geometry) => geometry,
            Err(error) => return self.error(&error),
        };
        self.line(geometry.fat, format_args!("FAT bytes={}", geometry.fat_len))?;
        self.line(geometry.heap, format_args!("cluster 2 of {}", geometry.clusters))?;
        self.directories(&geometry)
    }

    fn boot_sector(&mut self, name: &str, offset: u64, boot: &BootSector) -> fmt::Result {
        self.line(
            offset,
            format_args!(
                "{name} partition={} sectors={} fat={}+{} heap={} clusters={} root={} serial={:08x} \
                 revision={:04x} flags={:04x} sector=2^{} cluster=2^{} fats={} used={}%",
                boot.partition_offset,
                boot.volume_length,
                boot.fat_offset,
                boot.fat_length,
                boot.cluster_heap_offset,
                boot.cluster_count,
                boot.root_cluster,
                boot.serial,
                boot.revision,
                boot.flags,
                boot.sector_shift,
                boot.cluster_shift,
                boot.fats,
                boot.percent_in_use,
            ),
        )
    }

    /// The directories breadth first, the root only without files.
    fn directories(&mut self, geometry: &Geometry) -> fmt::Result {
        let mut fat = Fat::new(self.image, *geometry);
        let mut seen = HashSet::new();
        let mut next = vec![(String::new(), root(geometry), geometry.volume)];
        for _ in 0..=MAX_DEPTH {
            let mut below = Vec::new();
            for (path, allocation, offset) in next {
                if !seen.insert(allocation.first_cluster) {
                    self.line(offset, format_args!("ERROR a directory that was met before"))?;
                    continue;
                }
                let slots = match read_slots(self.image, geometry, &mut fat, allocation, offset) {
                    Ok(slots) => slots,
                    Err(error) => {
                        self.error(&error)?;
                        continue;
                    }
                };
                let start = slots.first().map_or(offset, |slot| slot.offset);
                self.line(start, format_args!("directory \"{}\"", path.escape_debug()))?;
                for item in items(&slots) {
                    self.item(&item)?;
                    if let Item::Set(set) = item
                        && set.is_directory()
                    {
                        let path = format!("{path}/{}", set.name());
                        below.push((path, set.stream.allocation(), set.file.offset));
                    }
                }
            }
            if below.is_empty() || !self.options.files {
                return Ok(());
            }
            next = below;
        }
        Ok(())
    }

    fn item(&mut self, item: &Item) -> fmt::Result {
        match item {
            Item::Set(set) if self.options.files => self.entry_set(set),
            Item::Set(_) | Item::Unused(_) => Ok(()),
            Item::Broken(slot, reason) => {
                self.line(slot.offset, format_args!("ERROR File entry: {reason}"))
            }
            Item::Other(slot) => self.other(slot),
        }
    }

    fn other(&mut self, slot: &Slot) -> fmt::Result {
        let (first, len) = (le32(&slot.bytes, 20), le64(&slot.bytes, 24));
        match slot.kind() {
            LABEL => {
                self.line(slot.offset, format_args!("label \"{}\"", slot.label().escape_debug()))
            }
            BITMAP => self.line(slot.offset, format_args!("bitmap cluster={first} bytes={len}")),
            UPCASE => {
                let sum = le32(&slot.bytes, 4);
                let text = format_args!("up-case table cluster={first} bytes={len} sum={sum:08x}");
                self.line(slot.offset, text)
            }
            kind => self.line(slot.offset, format_args!("entry of type {kind:#04x}")),
        }
    }

    fn entry_set(&mut self, set: &EntrySet) -> fmt::Result {
        let (file, stream) = (&set.file.bytes, &set.stream.bytes);
        self.line(
            set.file.offset,
            format_args!(
                "file \"{}\" attributes={:02x} sum={:04x} time={:08x}.{} zone={:02x} flags={:02x} \
                 hash={:04x} cluster={} bytes={} valid={}",
                set.name().escape_debug(),
                le16(file, 4),
                le16(file, 2),
                le32(file, 12),
                file[21],
                file[23],
                stream[1],
                le16(stream, 4),
                le32(stream, 20),
                set.len(),
                set.valid_len(),
            ),
        )
    }
}
