//! The devices that elements of boot configuration data name.
//!
//! Microsoft documents their interface (BcdDeviceData), not their bytes. Those are told here as
//! ReactOS' boot library names them (`BL_DEVICE_DESCRIPTOR`, `BL_FILE_PATH_DESCRIPTOR`) and as
//! stores of Windows have them:
//!
//! | offset | bytes | what |
//! |---|---|---|
//! | 0 | 16 | GUID of the object with further options |
//! | 16 | 4 | kind: 0 block device, 5 boot device, 6 partition, 8 what has a file |
//! | 24 | 4 | length from offset 16 on |
//! | 32 | 4 | of a block device: 3 RAM disk |
//! | 36 | 20 | of a RAM disk: address, length and offset of its image |
//! | 56 | 12 | of a RAM disk: version 1, length and kind 5 of the path of its file |
//! | 68 | | a device as from offset 16 on, then the path in UTF-16 with a zero |

use thiserror::Error;

use super::super::bytes::{le16, le32, utf16};

/// Where a boot loader lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Device {
    /// The medium that the boot manager came from.
    Boot,
    /// The partition that has a certain file.
    Locate,
    /// A certain partition of a certain disk.
    Partition,
    /// A file that is loaded into memory.
    RamDisk {
        /// Where the file lies.
        parent: Box<Device>,
        /// The file's path with backslashes.
        path: String,
        /// GUID of the object with the RAM disk's options, with braces.
        options: String,
    },
    /// Something else, by its number.
    Other(u32),
}

/// Why a device cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("its device is cut off or contradicts itself at byte {offset}")]
pub struct DeviceError {
    /// Where, in bytes from the start of the element's data.
    pub offset: usize,
}

const BLOCK_DEVICE: u32 = 0;
const BOOT: u32 = 5;
const PARTITIONS: [u32; 2] = [2, 6];
const LOCATE: u32 = 8;
const RAM_DISK: u32 = 3;
/// A path that has a device before it.
const WITH_DEVICE: u32 = 5;

/// The bytes of the GUID before a device, and of the header of one.
const GUID: usize = 16;
const HEADER: usize = 16;
/// Where the path of a RAM disk's file is described, in bytes from the start of the device.
const FILE_PATH: usize = 40;
const FILE_PATH_HEADER: usize = 12;

impl Device {
    /// Reads the data of an element.
    ///
    /// # Errors
    ///
    /// [`DeviceError`] if it is shorter than it says, or too short for what it is.
    pub fn parse(data: &[u8]) -> Result<Self, DeviceError> {
        let device = data.get(GUID..).ok_or(DeviceError { offset: 0 })?;
        let options = guid(data).ok_or(DeviceError { offset: 0 })?;
        // The file of a RAM disk lies on no RAM disk.
        of_descriptor(device, GUID, Some(options))
    }
}

/// Reads a device; `base` is where it begins, `options` what is said before the outer one.
fn of_descriptor(
    device: &[u8],
    base: usize,
    options: Option<String>,
) -> Result<Device, DeviceError> {
    let wrong = |at: usize| DeviceError { offset: base + at };
    let kind = le32(device, 0).ok_or(wrong(0))?;
    let len = le32(device, 8).ok_or(wrong(8))? as usize;
    let device = device.get(..len).filter(|device| device.len() >= HEADER).ok_or(wrong(8))?;
    Ok(match (kind, options) {
        (BOOT, _) => Device::Boot,
        (LOCATE, _) => Device::Locate,
        (kind, _) if PARTITIONS.contains(&kind) => Device::Partition,
        (BLOCK_DEVICE, Some(options)) if le32(device, HEADER) == Some(RAM_DISK) => {
            ram_disk(device, base, options)?
        }
        (kind, _) => Device::Other(kind),
    })
}

fn ram_disk(device: &[u8], base: usize, options: String) -> Result<Device, DeviceError> {
    let wrong = |at: usize| DeviceError { offset: base + at };
    let file = device.get(FILE_PATH..).ok_or(wrong(FILE_PATH))?;
    let len = le32(file, 4).ok_or(wrong(FILE_PATH))? as usize;
    let file = file.get(..len).ok_or(wrong(FILE_PATH + 4))?;
    if le32(file, 8) != Some(WITH_DEVICE) {
        return Err(wrong(FILE_PATH + 8));
    }
    let at = FILE_PATH + FILE_PATH_HEADER;
    let parent = file.get(FILE_PATH_HEADER..).ok_or(wrong(at))?;
    let parent_len = le32(parent, 8).ok_or(wrong(at + 8))? as usize;
    let path = parent.get(parent_len..).ok_or(wrong(at + 8))?;
    let parent = Box::new(of_descriptor(parent, base + at, None)?);
    Ok(Device::RamDisk { parent, path: utf16(path), options })
}

/// A GUID as text in braces: its first three fields are little-endian.
fn guid(data: &[u8]) -> Option<String> {
    let tail: [u8; 8] = *data.get(8..)?.first_chunk()?;
    let (a, b, c) = (le32(data, 0)?, le16(data, 4)?, le16(data, 6)?);
    let head = format!("{{{a:08x}-{b:04x}-{c:04x}-{:02x}{:02x}-", tail[0], tail[1]);
    let tail: String = tail[2..].iter().map(|byte| format!("{byte:02x}")).collect();
    Some(format!("{head}{tail}}}"))
}
