use super::SECTOR;
use super::record::DirectoryRecord;
use crate::read::bytes::{Both16, Both32, array, be32, latin1, le32, utf16_be};
use crate::read::limits::MAX_DESCRIPTORS;
use crate::read::source::Window;
use crate::read::{ReadAt, ReadError};

/// Where the volume descriptors begin: after the system area of 16 sectors (ECMA-119 §6.2.1).
pub(crate) const FIRST_DESCRIPTOR: u64 = 16 * SECTOR;

const STRUCTURE: &str = "ISO 9660 volume descriptor";

/// One sector of the volume descriptor sequence (ECMA-119 §8.1).
#[derive(Clone, Debug)]
pub(crate) struct RawDescriptor {
    /// Where it lies, in bytes from the start of the image.
    pub(crate) offset: u64,
    pub(crate) bytes: Box<[u8; 2048]>,
}

impl RawDescriptor {
    /// Volume Descriptor Type (BP 1).
    pub(crate) fn kind(&self) -> u8 {
        self.bytes[0]
    }

    /// Volume Descriptor Version (BP 7).
    pub(crate) fn version(&self) -> u8 {
        self.bytes[6]
    }

    /// Whether it is an El Torito boot record (El Torito 1.0, figure 7).
    pub(crate) fn is_el_torito(&self) -> bool {
        self.kind() == 0 && self.bytes[7..30] == *b"EL TORITO SPECIFICATION"
    }

    /// The sector of the boot catalog that an El Torito boot record names (figure 7, offset 0x47).
    pub(crate) fn boot_catalog(&self) -> u32 {
        le32(&self.bytes[..], 71)
    }

    /// Escape Sequences (BP 89–120): which of Joliet's three levels they name.
    pub(crate) fn joliet_level(&self) -> Option<u8> {
        let level = match &self.bytes[88..91] {
            b"%/@" => 1,
            b"%/C" => 2,
            b"%/E" => 3,
            _ => return None,
        };
        (self.kind() == 2).then_some(level)
    }
}

/// The fields that a primary and a supplementary descriptor share (ECMA-119 §8.4, §8.5).
#[derive(Clone, Debug)]
pub(crate) struct TreeDescriptor {
    pub(crate) offset: u64,
    pub(crate) joliet: bool,
    /// Volume Identifier (BP 41–72).
    pub(crate) volume_id: String,
    /// Volume Space Size (BP 81–88), in logical blocks.
    pub(crate) space_size: Both32,
    /// Volume Set Size (BP 121–124).
    pub(crate) set_size: Both16,
    /// Volume Sequence Number (BP 125–128).
    pub(crate) sequence_number: Both16,
    /// Logical Block Size (BP 129–132).
    pub(crate) block_size: Both16,
    /// Path Table Size (BP 133–140), in bytes.
    pub(crate) path_table_size: Both32,
    /// Locations of the two L and the two M path tables (BP 141–156).
    pub(crate) path_tables_l: [u32; 2],
    pub(crate) path_tables_m: [u32; 2],
    /// Directory Record for Root Directory (BP 157–190).
    pub(crate) root: DirectoryRecord,
    /// Creation, modification, expiration and effective date (BP 814–881).
    pub(crate) dates: [[u8; 17]; 4],
    /// File Structure Version (BP 882).
    pub(crate) file_structure_version: u8,
}

impl TreeDescriptor {
    pub(crate) fn parse(raw: &RawDescriptor) -> Result<Self, ReadError> {
        let bytes = &raw.bytes[..];
        let joliet = raw.joliet_level().is_some();
        let root = DirectoryRecord::parse(&bytes[156..190]).map_err(|reason| {
            ReadError::malformed("root directory record", raw.offset + 156, reason)
        })?;
        let text = |range: std::ops::Range<usize>| {
            if joliet { utf16_be(&bytes[range]) } else { latin1(&bytes[range]) }
        };
        Ok(Self {
            offset: raw.offset,
            joliet,
            volume_id: text(40..72),
            space_size: Both32::at(bytes, 80),
            set_size: Both16::at(bytes, 120),
            sequence_number: Both16::at(bytes, 124),
            block_size: Both16::at(bytes, 128),
            path_table_size: Both32::at(bytes, 132),
            path_tables_l: [le32(bytes, 140), le32(bytes, 144)],
            path_tables_m: [be32(bytes, 148), be32(bytes, 152)],
            root,
            dates: [array(bytes, 813), array(bytes, 830), array(bytes, 847), array(bytes, 864)],
            file_structure_version: bytes[881],
        })
    }
}

/// The descriptors from sector 16 on, up to and with the terminator (ECMA-119 §8.3).
#[derive(Clone, Debug)]
pub(crate) struct Descriptors {
    pub(crate) all: Vec<RawDescriptor>,
    /// Whether the sequence ended with a terminator.
    pub(crate) terminated: bool,
}

impl Descriptors {
    pub(crate) fn read(image: &dyn ReadAt) -> Result<Self, ReadError> {
        let mut window = Window::new(image);
        let mut all = Vec::new();
        for index in 0..MAX_DESCRIPTORS {
            let offset = FIRST_DESCRIPTOR + u64::from(index) * SECTOR;
            let in_image = offset + SECTOR <= image.len();
            if !all.is_empty() && !in_image {
                break;
            }
            let bytes = window.get(STRUCTURE, offset, SECTOR as usize)?;
            if &bytes[1..6] != b"CD001" {
                break;
            }
            let raw = RawDescriptor { offset, bytes: Box::new(array(bytes, 0)) };
            let last = raw.kind() == 255;
            all.push(raw);
            if last {
                return Ok(Self { all, terminated: true });
            }
        }
        if all.is_empty() {
            let reason = "no `CD001` in the first sector after the system area";
            return Err(ReadError::malformed(STRUCTURE, FIRST_DESCRIPTOR, reason));
        }
        Ok(Self { all, terminated: false })
    }

    pub(crate) fn primary(&self) -> Option<&RawDescriptor> {
        self.all.iter().find(|raw| raw.kind() == 1)
    }

    pub(crate) fn joliet(&self) -> Option<&RawDescriptor> {
        self.all.iter().find(|raw| raw.joliet_level().is_some())
    }

    pub(crate) fn el_torito(&self) -> Option<&RawDescriptor> {
        self.all.iter().find(|raw| raw.is_el_torito())
    }
}
