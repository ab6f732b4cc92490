//! ECMA-167 building blocks: tags, identifiers, allocation descriptors, the recognition sequence.

use crc::{CRC_16_XMODEM, Crc};

use super::output::Output;
use super::{BLOCK, Block};

/// The bytes of a descriptor tag (ECMA-167 3/7.2).
pub(crate) const TAG_LEN: usize = 16;

/// The longest extent of an allocation descriptor: 30 bits (ECMA-167 4/14.14.1.1) of whole blocks.
pub(crate) const EXTENT_LEN_MAX: u64 = 0x3FFF_F800;

const DESCRIPTOR_VERSION: u16 = 2;
/// ECMA-167 3/7.2.6: x¹⁶ + x¹² + x⁵ + 1, starting from 0.
const TAG_CRC: Crc<u16> = Crc::<u16>::new(&CRC_16_XMODEM);

/// Tag identifiers (ECMA-167 3/7.2.1, 4/7.2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u16)]
pub(crate) enum TagId {
    PrimaryVolume = 1,
    AnchorVolumePointer = 2,
    ImplementationUseVolume = 4,
    Partition = 5,
    LogicalVolume = 6,
    UnallocatedSpace = 7,
    Terminating = 8,
    LogicalVolumeIntegrity = 9,
    FileSet = 256,
    FileIdentifier = 257,
    FileEntry = 261,
}

/// Writes the tag of a descriptor whose other fields are there; its length is that of the slice.
pub(crate) fn write_tag(id: TagId, location: u32, descriptor: &mut [u8]) {
    let (tag, body) = descriptor.split_at_mut(TAG_LEN);
    tag.fill(0);
    tag[0..2].copy_from_slice(&(id as u16).to_le_bytes());
    tag[2..4].copy_from_slice(&DESCRIPTOR_VERSION.to_le_bytes());
    tag[8..10].copy_from_slice(&TAG_CRC.checksum(body).to_le_bytes());
    tag[10..12].copy_from_slice(&(body.len() as u16).to_le_bytes());
    tag[12..16].copy_from_slice(&location.to_le_bytes());
    tag[4] = tag.iter().fold(0u8, |sum, byte| sum.wrapping_add(*byte));
}

/// Puts a descriptor: room for its tag, what `body` puts, and then the tag.
pub(crate) fn put_tagged<O: Output>(
    id: TagId,
    location: u32,
    output: &mut O,
    body: impl FnOnce(&mut O),
) {
    let whole = |output: &mut O| {
        output.zeros(TAG_LEN as u64);
        body(output);
    };
    output.finished(whole, |descriptor| write_tag(id, location, descriptor));
}

/// The volume recognition sequence's descriptor with this identifier (ECMA-167 2/9.1).
pub(crate) fn recognition(identifier: &[u8; 5]) -> Block {
    let mut block = Block::new();
    block.set(1, identifier);
    block.set(6, [1]);
    block
}

/// extent_ad (ECMA-167 3/7.1): length in bytes and first block.
pub(crate) fn extent_ad(blocks: u64, first: u64) -> [u8; 8] {
    let mut bytes = [0; 8];
    bytes[..4].copy_from_slice(&((blocks * BLOCK) as u32).to_le_bytes());
    bytes[4..].copy_from_slice(&(first as u32).to_le_bytes());
    bytes
}

/// long_ad (ECMA-167 4/14.14.2) of one block of partition 0, with the unique id of the file that
/// it leads to in the implementation use field.
pub(crate) fn long_ad(block: u32, unique_id: u32) -> [u8; 16] {
    let mut bytes = [0; 16];
    bytes[0..4].copy_from_slice(&(BLOCK as u32).to_le_bytes());
    bytes[4..8].copy_from_slice(&block.to_le_bytes());
    bytes[12..16].copy_from_slice(&unique_id.to_le_bytes());
    bytes
}

/// The short_ads (ECMA-167 4/14.14.1) of `len` bytes from `block` of the partition on.
pub(crate) fn short_ads(block: u32, len: u64) -> impl Iterator<Item = [u8; 8]> {
    let starts = (0..len).step_by(EXTENT_LEN_MAX as usize);
    starts.map(move |start| {
        let mut bytes = [0; 8];
        bytes[..4].copy_from_slice(&((len - start).min(EXTENT_LEN_MAX) as u32).to_le_bytes());
        bytes[4..].copy_from_slice(&(block + (start / BLOCK) as u32).to_le_bytes());
        bytes
    })
}

/// regid (ECMA-167 1/7.4).
pub(crate) fn regid(identifier: &[u8], suffix: [u8; 8]) -> [u8; 32] {
    let mut bytes = [0; 32];
    bytes[1..1 + identifier.len()].copy_from_slice(identifier);
    bytes[24..].copy_from_slice(&suffix);
    bytes
}

/// charspec (ECMA-167 1/7.2.1) of OSTA compressed Unicode (UDF 1.02 §2.1.2).
pub(crate) fn charspec() -> [u8; 64] {
    const SET: &[u8; 23] = b"OSTA Compressed Unicode";
    let mut bytes = [0; 64];
    bytes[1..1 + SET.len()].copy_from_slice(SET);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_sums_up_its_own_bytes_and_its_body() {
        let mut descriptor = [0u8; 512];
        descriptor[16..25].copy_from_slice(b"123456789");
        write_tag(TagId::PrimaryVolume, 32, &mut descriptor[..25]);
        assert_eq!(descriptor[8..10], 0x31C3u16.to_le_bytes());
        assert_eq!(descriptor[10..16], [9, 0, 32, 0, 0, 0]);
        let others = [&descriptor[..4], &descriptor[5..16]].concat();
        assert_eq!(descriptor[4], others.iter().fold(0u8, |sum, byte| sum.wrapping_add(*byte)));
    }

    #[test]
    fn extents_are_cut_at_the_last_whole_block_of_30_bits() {
        let ads = |len| short_ads(1, len).collect::<Vec<_>>();
        assert_eq!(ads(0), Vec::<[u8; 8]>::new());
        assert_eq!(ads(EXTENT_LEN_MAX), [[0, 0xF8, 0xFF, 0x3F, 1, 0, 0, 0]]);
        assert_eq!(
            ads(EXTENT_LEN_MAX + 1),
            [[0, 0xF8, 0xFF, 0x3F, 1, 0, 0, 0], [1, 0, 0, 0, 0, 0, 8, 0]]
        );
    }
}
