use super::dates::is_timestamp;
use super::space::Use;
use super::udf_sequence::Descriptor;
use super::{Checker, rules};
use crate::read::bytes::{all_zero, le16, le32};
use crate::read::iso::SECTOR;
use crate::read::source;
use crate::read::udf::descriptor::{AllocationDescriptor, dstring, entity_is};
use crate::read::udf::tag::{Tag, id};
use crate::read::udf::volume::{Anchor, FIRST_ANCHOR, Integrity, LogicalVolume, Partition};

pub(super) type Sector = [u8; SECTOR as usize];

/// What the volume descriptors of the UDF side say.
pub(super) struct UdfVolume {
    pub(super) partition: Partition,
    pub(super) logical_volume: LogicalVolume,
    pub(super) integrity: Option<Integrity>,
    /// Where the end anchor lies, in bytes.
    pub(super) end_anchor: Option<u64>,
}

impl Checker<'_> {
    /// Checks the recognition sequence, anchors and volume descriptor sequences.
    ///
    /// None if there is nothing of UDF, or too little to find the tree. Whatever is there of it
    /// counts as the wish to have all of it.
    pub(super) fn check_udf_volume(&mut self, iso_end: Option<u64>) -> Option<UdfVolume> {
        let recognised = self.check_recognition(iso_end);
        let places = Anchor::places(self.image.len());
        let raw = places.map(|sector| sector.and_then(|sector| self.anchor_sector(sector)));
        if !recognised && raw.iter().all(Option::is_none) {
            return None;
        }
        if !recognised {
            let message = "anchors of a UDF volume without BEA01, NSR02 and TEA01";
            self.report.add(rules::UDF_RECOGNITION, iso_end.unwrap_or(16 * SECTOR), message);
        }
        let [first, before_last, last] = raw.map(|raw| raw.and_then(|(s, b)| self.anchor(s, &b)));
        let end = before_last.or(last);
        for (anchor, place, sector) in
            [(first, "at sector 256", FIRST_ANCHOR), (end, "at the end", self.image.len() / SECTOR)]
        {
            if anchor.is_none() {
                let message = format!("no sound anchor {place}");
                self.report.add(rules::UDF_ANCHOR_MISSING, sector * SECTOR, message);
            }
        }
        if let (Some(first), Some(end)) = (first, end)
            && (first.main, first.reserve) != (end.main, end.reserve)
        {
            let message = "the end anchor names other sequences than the first one";
            self.report.add(rules::UDF_ANCHORS_DIFFER, end.offset, message);
        }
        let anchor = first.or(end)?;
        let main = self.check_sequence("main", anchor.main);
        let reserve = self.check_sequence("reserve", anchor.reserve);
        self.compare_sequences(&main, &reserve);
        let sequence = if main.is_empty() { &reserve } else { &main };
        self.check_volume(sequence, end.map(|end| end.offset))
    }

    /// Reads a sector, None if it lies behind the end of the image or cannot be read.
    pub(super) fn sector(&mut self, what: &'static str, offset: u64) -> Option<Box<Sector>> {
        let mut bytes = Box::new([0; SECTOR as usize]);
        if offset.checked_add(SECTOR).is_none_or(|end| end > self.image.len()) {
            return None;
        }
        match source::read_exact(self.image, what, offset, &mut bytes[..]) {
            Ok(()) => Some(bytes),
            Err(error) => {
                self.report.add_error(rules::UNREADABLE, String::new, &error.into());
                None
            }
        }
    }

    fn check_volume(
        &mut self,
        sequence: &[Descriptor],
        end_anchor: Option<u64>,
    ) -> Option<UdfVolume> {
        let find = |id| sequence.iter().find(|descriptor| descriptor.id == id);
        if let Some(primary) = find(id::PRIMARY_VOLUME) {
            self.check_primary(primary);
        }
        let partition = self.check_partition(find(id::PARTITION)?, end_anchor);
        let descriptor = find(id::LOGICAL_VOLUME)?;
        let logical_volume = LogicalVolume::parse(&descriptor.bytes[..], descriptor.offset);
        let supported = self.check_logical_volume(descriptor, &logical_volume, &partition);
        if let Some(usage) = find(id::IMPLEMENTATION_USE) {
            self.check_implementation_use(usage, &logical_volume);
        }
        if let Some(space) = find(id::UNALLOCATED_SPACE)
            && le32(&space.bytes[..], 20) != 0
        {
            let message = "unallocated space on a read-only volume";
            self.report.add(rules::UDF_DESCRIPTOR, space.offset + 20, message);
        }
        let integrity = self.check_integrity(&logical_volume, &partition);
        supported.then_some(UdfVolume { partition, logical_volume, integrity, end_anchor })
    }

    fn expect(&mut self, rule: &'static str, offset: u64, checks: &[(usize, bool, &str)]) {
        for (at, _, what) in checks.iter().filter(|(_, holds, _)| !holds) {
            self.report.add(rule, offset + *at as u64, *what);
        }
    }

    fn check_primary(&mut self, descriptor: &Descriptor) {
        let bytes = &descriptor.bytes[..];
        let set_id = dstring(&bytes[72..200]);
        let checks = [
            (56, (le16(bytes, 56), le16(bytes, 58)) == (1, 1), "not volume 1 of a set of 1"),
            (60, matches!(le16(bytes, 60), 2 | 3), "an interchange level other than 2 or 3"),
            (64, (le32(bytes, 64), le32(bytes, 68)) == (1, 1), "character sets other than CS0"),
            // UDF 2.2.2.5: the first 16 characters make the set unique.
            (72, set_id.is_ok_and(|id| id.chars().count() >= 16), "a short volume set identifier"),
            (24, dstring(&bytes[24..56]).is_ok(), "a volume identifier that is no text"),
            (200, is_charspec(bytes, 200), "a character set other than OSTA Compressed Unicode"),
            (264, is_charspec(bytes, 264), "a character set other than OSTA Compressed Unicode"),
            (328, all_zero(&bytes[328..344]), "an abstract or a copyright notice"),
        ];
        self.expect(rules::UDF_DESCRIPTOR, descriptor.offset, &checks);
        self.check_timestamp(descriptor.offset, bytes, 376);
    }

    pub(super) fn check_timestamp(&mut self, offset: u64, bytes: &[u8], at: usize) {
        if !is_timestamp(&bytes[at..at + 12]) {
            let message = "a time stamp that is no point in time";
            self.report.add(rules::UDF_TIMESTAMP, offset + at as u64, message);
        }
    }

    fn check_partition(&mut self, descriptor: &Descriptor, end_anchor: Option<u64>) -> Partition {
        let bytes = &descriptor.bytes[..];
        let partition = Partition::parse(bytes);
        let start = u64::from(partition.start) * SECTOR;
        let checks = [
            (20, le16(bytes, 20) == 1, "a partition that is not allocated"),
            (22, partition.number == 0, "a partition number other than 0"),
            (24, entity_is(bytes, 24, b"+NSR02"), "contents other than NSR02"),
            (56, all_zero(&bytes[56..184]), "space tables on a read-only volume"),
            (184, le32(bytes, 184) == 1, "an access type other than read-only"),
            (188, start > FIRST_ANCHOR * SECTOR, "a partition that starts before the anchor"),
        ];
        self.expect(rules::UDF_PARTITION, descriptor.offset, &checks);
        let end = start + u64::from(partition.len) * SECTOR;
        let meant = end_anchor.unwrap_or(self.image.len());
        let exact = end_anchor.map_or(end <= meant, |anchor| end == anchor);
        if !exact {
            let message = format!(
                "the partition ends at byte {end}, the space up to the end anchor at {meant}"
            );
            self.report.add(rules::UDF_PARTITION_LENGTH, descriptor.offset + 192, message);
        }
        partition
    }

    /// False if the tree cannot be found with what the descriptor says.
    fn check_logical_volume(
        &mut self,
        descriptor: &Descriptor,
        volume: &LogicalVolume,
        partition: &Partition,
    ) -> bool {
        let bytes = &descriptor.bytes[..];
        let map = (bytes[440], bytes[441], le16(bytes, 442), le16(bytes, 444));
        let one_map = (volume.map_count, le32(bytes, 264)) == (1, 6);
        let checks = [
            (20, is_charspec(bytes, 20), "a character set other than OSTA Compressed Unicode"),
            (84, dstring(&bytes[84..212]).is_ok(), "a logical volume identifier that is no text"),
            (212, u64::from(volume.block_size) == SECTOR, "logical blocks of another size"),
            (216, is_domain(bytes, 216), "a domain other than UDF 1.02"),
            (264, one_map, "not one partition map"),
            (440, map == (1, 6, 1, partition.number), "a map that is not of the partition"),
            (248, volume.file_set.partition == 0, "a file set on another partition"),
        ];
        self.expect(rules::UDF_DESCRIPTOR, descriptor.offset, &checks);
        u64::from(volume.block_size) == SECTOR && one_map && bytes[440] == 1
    }

    fn check_implementation_use(&mut self, descriptor: &Descriptor, volume: &LogicalVolume) {
        let bytes = &descriptor.bytes[..];
        let checks = [
            (20, entity_is(bytes, 20, b"*UDF LV Info"), "an implementation use other than LV Info"),
            (44, le16(bytes, 44) == 0x0102, "a revision other than 1.02"),
            (52, is_charspec(bytes, 52), "a character set other than OSTA Compressed Unicode"),
        ];
        self.expect(rules::UDF_DESCRIPTOR, descriptor.offset, &checks);
        self.check_label(descriptor.offset, &bytes[116..244], 116, volume);
    }

    /// Checks that a field repeats the logical volume identifier.
    pub(super) fn check_label(
        &mut self,
        offset: u64,
        field: &[u8],
        at: u64,
        volume: &LogicalVolume,
    ) {
        if dstring(field).as_ref() != Ok(&volume.label) {
            let message = format!("not the logical volume identifier `{}`", volume.label);
            self.report.add(rules::UDF_LABEL, offset + at, message);
        }
    }

    fn check_integrity(
        &mut self,
        volume: &LogicalVolume,
        partition: &Partition,
    ) -> Option<Integrity> {
        let location = volume.integrity.location;
        let offset = u64::from(location) * SECTOR;
        let Some(bytes) = self.sector("UDF integrity descriptor", offset) else {
            let message = "no integrity descriptor inside the image";
            self.report.add(rules::UDF_INTEGRITY, volume.offset + 432, message);
            return None;
        };
        self.claim(Use::UdfDescriptor, offset, 134);
        if !self.check_tag(&bytes[..], offset, id::INTEGRITY, location, 134, &String::new) {
            return None;
        }
        let integrity = Integrity::parse(&bytes[..], offset);
        let Integrity { partitions, implementation_use_len, next, free, size, .. } = integrity;
        let one = (partitions, implementation_use_len) == (1, 46);
        self.expect(
            rules::UDF_INTEGRITY,
            offset,
            &[
                (72, one, "not one partition with 46 bytes of implementation use"),
                (32, next.len == 0, "a next integrity extent"),
            ],
        );
        let open = [(28, integrity.kind == 1, "the volume was not closed")];
        self.expect(rules::UDF_INTEGRITY_OPEN, offset, &open);
        let sizes = [
            (80, free == 0, "free space on a read-only volume"),
            (84, size == partition.len, "a size other than the partition's"),
        ];
        self.expect(rules::UDF_INTEGRITY_SIZE, offset, &sizes);
        let revision = [(128, integrity.revisions == [0x0102; 3], "a revision other than 1.02")];
        self.expect(rules::UDF_INTEGRITY_REVISION, offset, &revision);
        self.check_timestamp(offset, &bytes[..], 16);
        if u64::from(volume.integrity.len) > SECTOR {
            self.check_terminator("integrity sequence", offset + SECTOR, location + 1);
        }
        Some(integrity)
    }

    /// Checks that a terminating descriptor lies where a sequence ends.
    fn check_terminator(&mut self, what: &str, offset: u64, location: u32) {
        match self.sector("UDF terminating descriptor", offset) {
            Some(bytes) => {
                self.claim(Use::UdfDescriptor, offset, 512);
                self.check_tag(&bytes[..], offset, id::TERMINATING, location, 512, &String::new);
            }
            None => {
                let message = format!("the {what} has no terminator");
                self.report.add(rules::UDF_SEQUENCE, offset, message);
            }
        }
    }

    /// Checks the file set descriptor and returns the root's ICB.
    pub(super) fn check_file_set(&mut self, volume: &UdfVolume) -> Option<AllocationDescriptor> {
        let UdfVolume { partition, logical_volume, .. } = volume;
        let place = logical_volume.file_set;
        let offset = partition.offset_of(place.block);
        let inside = partition.contains(place.block, u64::from(place.len)) && place.kind == 0;
        let bytes = if inside { self.sector("UDF file set", offset) } else { None };
        let Some(bytes) = bytes else {
            let message = "no file set descriptor inside the partition";
            self.report.add(rules::UDF_FILE_SET, logical_volume.offset + 248, message);
            return None;
        };
        self.claim(Use::UdfDescriptor, offset, 512);
        if !self.check_tag(&bytes[..], offset, id::FILE_SET, place.block, 512, &String::new) {
            return None;
        }
        let root = AllocationDescriptor::long(&bytes[..], 400);
        let root_is_block = (root.kind, u64::from(root.len), root.partition) == (0, SECTOR, 0);
        let checks = [
            (
                28,
                (le16(&bytes[..], 28), le16(&bytes[..], 30)) == (3, 3),
                "an interchange level other than 3",
            ),
            (
                32,
                (le32(&bytes[..], 32), le32(&bytes[..], 36)) == (1, 1),
                "character sets other than CS0",
            ),
            (40, all_zero(&bytes[40..48]), "not file set 0"),
            (48, is_charspec(&bytes[..], 48), "a character set other than OSTA Compressed Unicode"),
            (
                240,
                is_charspec(&bytes[..], 240),
                "a character set other than OSTA Compressed Unicode",
            ),
            (304, dstring(&bytes[304..336]).is_ok(), "a file set identifier that is no text"),
            (400, root_is_block, "a root ICB that is not one block"),
            (416, is_domain(&bytes[..], 416), "a domain other than UDF 1.02"),
            (448, all_zero(&bytes[448..464]), "a next file set extent"),
        ];
        self.expect(rules::UDF_FILE_SET, offset, &checks);
        self.check_label(offset, &bytes[112..240], 112, logical_volume);
        self.check_timestamp(offset, &bytes[..], 16);
        // An extent of one block ends with the descriptor, a longer one with a terminator.
        if u64::from(place.len) > SECTOR {
            self.check_terminator("file set", offset + SECTOR, place.block + 1);
        } else if let Some(next) = self.sector("UDF terminating descriptor", offset + SECTOR)
            && Tag::check(&next[..], id::TERMINATING).is_ok()
        {
            self.check_terminator("file set", offset + SECTOR, place.block + 1);
        }
        Some(root)
    }
}

/// Character set 0 by the name that UDF gives it (UDF 2.1.2).
fn is_charspec(bytes: &[u8], at: usize) -> bool {
    const NAME: &[u8] = b"OSTA Compressed Unicode";
    let field = &bytes[at..at + 64];
    field[0] == 0 && field[1..].starts_with(NAME) && all_zero(&field[1 + NAME.len()..])
}

/// The domain identifier of UDF 1.02, without the flags of write protection (UDF 2.1.5.3).
fn is_domain(bytes: &[u8], at: usize) -> bool {
    entity_is(bytes, at, b"*OSTA UDF Compliant") && le16(bytes, at + 24) == 0x0102
}
