use super::BLOCK;
use crate::read::limits::MAX_DESCRIPTORS;
use crate::read::source::Window;
use crate::read::{ReadAt, ReadError};

/// Where the volume recognition sequence begins (ECMA-167 2/8.3).
const START: u64 = 16 * BLOCK;

/// A structure of the volume recognition sequence (ECMA-167 2/9.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct VolumeStructure {
    pub(crate) offset: u64,
    /// Structure Type (BP 0).
    pub(crate) kind: u8,
    /// Standard Identifier (BP 1–5).
    pub(crate) identifier: [u8; 5],
    /// Structure Version (BP 6).
    pub(crate) version: u8,
    /// Whether all that follows is zero, as it must be in UDF's own structures.
    pub(crate) rest_is_zero: bool,
}

/// Reads the sequence: it ends at the first sector that is no structure of a known standard.
pub(crate) fn read(image: &dyn ReadAt) -> Result<Vec<VolumeStructure>, ReadError> {
    let mut window = Window::new(image);
    let mut found = Vec::new();
    for index in 0..u64::from(MAX_DESCRIPTORS) {
        let offset = START + index * BLOCK;
        if offset + BLOCK > image.len() {
            break;
        }
        let sector = window.get("volume recognition sequence", offset, BLOCK as usize)?;
        let identifier: [u8; 5] = crate::read::bytes::array(sector, 1);
        if !matches!(
            &identifier,
            b"CD001" | b"BEA01" | b"NSR02" | b"NSR03" | b"TEA01" | b"BOOT2" | b"CDW02"
        ) {
            break;
        }
        found.push(VolumeStructure {
            offset,
            kind: sector[0],
            identifier,
            version: sector[6],
            rest_is_zero: crate::read::bytes::all_zero(&sector[7..]),
        });
    }
    Ok(found)
}

/// Whether the sequence says that a UDF volume is there.
pub(crate) fn has_udf(sequence: &[VolumeStructure]) -> bool {
    sequence.iter().any(|structure| matches!(&structure.identifier, b"NSR02" | b"NSR03"))
}
