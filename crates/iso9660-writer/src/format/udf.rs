//! UDF 1.02 descriptors of a closed, read-only volume with one partition.

use super::ecma167::{
    TAG_LEN, TagId, charspec, extent_ad, long_ad, put_tagged, recognition, regid, short_ads,
    write_tag,
};
use super::output::Output;
use super::time::CivilTime;
use super::{BLOCK, Block};
use crate::names::{cs0, dstring};

/// Where the main and the reserve volume descriptor sequence lie, and their length; edk2 wants at
/// least 16 blocks.
pub(crate) const MAIN_SEQUENCE: u64 = 32;
pub(crate) const RESERVE_SEQUENCE: u64 = 48;
pub(crate) const SEQUENCE_BLOCKS: u64 = 16;
/// Where the logical volume integrity sequence lies, and its length.
pub(crate) const INTEGRITY_SEQUENCE: u64 = 64;
pub(crate) const INTEGRITY_BLOCKS: u64 = 2;
/// Where the first anchor lies (ECMA-167 3/8.4.2.1).
pub(crate) const ANCHOR: u64 = 256;
/// Where the partition starts; its first block is the file set descriptor.
pub(crate) const PARTITION: u64 = 257;
/// The file set descriptor and the terminating descriptor behind it.
pub(crate) const FILE_SET_BLOCKS: u64 = 2;

/// The bytes of a file entry before its allocation descriptors (ECMA-167 4/14.9).
const FILE_ENTRY_LEN: usize = 176;
/// How many allocation descriptors the block of a file entry holds.
const ALLOCATION_DESCRIPTORS_MAX: u64 = (BLOCK - FILE_ENTRY_LEN as u64) / 8;
/// The longest file that one file entry describes.
pub(crate) const FILE_LEN_MAX: u64 = ALLOCATION_DESCRIPTORS_MAX * super::ecma167::EXTENT_LEN_MAX;

/// UniqueIDs (UDF 1.02 §3.2.1): 0 is the root's, 1 to 15 are reserved for the Macintosh.
pub(crate) const FIRST_UNIQUE_ID: u64 = 16;

const REVISION: [u8; 2] = 0x0102u16.to_le_bytes();
/// r-x for owner, group and others (ECMA-167 4/14.9.5).
const PERMISSIONS: u32 = 0x14A5;
/// Nobody in particular (UDF 1.02 §2.3.6).
const NO_ID: u32 = u32::MAX;

/// What the volume's descriptors say.
pub(crate) struct Volume<'a> {
    pub(crate) label: &'a str,
    pub(crate) serial: [u8; 16],
    pub(crate) created: CivilTime,
    /// From [`PARTITION`] up to the last anchor.
    pub(crate) partition_blocks: u32,
    pub(crate) root: u32,
    pub(crate) files: u32,
    pub(crate) directories: u32,
    pub(crate) next_unique_id: u64,
}

impl Volume<'_> {
    /// BEA01, NSR02, TEA01 (ECMA-167 2/9.2, 3/9.1, 2/9.3).
    pub(crate) fn recognition_sequence() -> [Block; 3] {
        [recognition(b"BEA01"), recognition(b"NSR02"), recognition(b"TEA01")]
    }

    /// The blocks of the volume descriptor sequence that starts at `first`.
    pub(crate) fn descriptor_sequence(&self, first: u64) -> [Block; 6] {
        let at = |index: u64| (first + index) as u32;
        [
            self.primary_volume(at(0)),
            self.implementation_use_volume(at(1)),
            self.partition(at(2)),
            self.logical_volume(at(3)),
            unallocated_space(at(4)),
            terminating(at(5)),
        ]
    }

    /// ECMA-167 3/10.1, UDF 1.02 §2.2.2.
    fn primary_volume(&self, location: u32) -> Block {
        let mut block = Block::new();
        block.set(24, dstring::<32>(self.label));
        block.set(56, 1u16.to_le_bytes());
        block.set(58, 1u16.to_le_bytes());
        block.set(60, 2u16.to_le_bytes());
        block.set(62, 3u16.to_le_bytes());
        block.set(64, 1u32.to_le_bytes());
        block.set(68, 1u32.to_le_bytes());
        block.set(72, dstring::<128>(&self.volume_set_identifier()));
        block.set(200, charspec());
        block.set(264, charspec());
        block.set(376, self.created.timestamp());
        block.set(388, implementation());
        tagged(block, TagId::PrimaryVolume, location, 512)
    }

    /// The first 16 characters tell volume sets apart (UDF 1.02 §2.2.2.5).
    fn volume_set_identifier(&self) -> String {
        let unique: String = self.serial[..8].iter().map(|byte| format!("{byte:02X}")).collect();
        unique + self.label
    }

    /// UDF 1.02 §2.2.7.
    fn implementation_use_volume(&self, location: u32) -> Block {
        let mut block = Block::new();
        let revision = [REVISION[0], REVISION[1], 0, 0, 0, 0, 0, 0];
        block.set(16, 1u32.to_le_bytes());
        block.set(20, regid(b"*UDF LV Info", revision));
        block.set(52, charspec());
        block.set(116, dstring::<128>(self.label));
        block.set(352, implementation());
        tagged(block, TagId::ImplementationUseVolume, location, 512)
    }

    /// ECMA-167 3/10.5; access type 1 is read-only, and there are no space tables.
    fn partition(&self, location: u32) -> Block {
        let mut block = Block::new();
        block.set(16, 2u32.to_le_bytes());
        block.set(20, 1u16.to_le_bytes());
        block.set(24, regid(b"+NSR02", [0; 8]));
        block.set(184, 1u32.to_le_bytes());
        block.set(188, (PARTITION as u32).to_le_bytes());
        block.set(192, self.partition_blocks.to_le_bytes());
        block.set(196, implementation());
        tagged(block, TagId::Partition, location, 512)
    }

    /// ECMA-167 3/10.6 with one type 1 partition map (3/10.7.2).
    fn logical_volume(&self, location: u32) -> Block {
        let mut block = Block::new();
        block.set(16, 3u32.to_le_bytes());
        block.set(20, charspec());
        block.set(84, dstring::<128>(self.label));
        block.set(212, (BLOCK as u32).to_le_bytes());
        block.set(216, domain());
        block.set(248, long_ad(0, 0));
        block.set(264, 6u32.to_le_bytes());
        block.set(268, 1u32.to_le_bytes());
        block.set(272, implementation());
        block.set(432, extent_ad(INTEGRITY_BLOCKS, INTEGRITY_SEQUENCE));
        block.set(440, [1, 6, 1, 0, 0, 0]);
        tagged(block, TagId::LogicalVolume, location, 446)
    }

    /// The logical volume integrity descriptor (ECMA-167 3/10.10, UDF 1.02 §2.2.6): closed, no
    /// free space; and the terminating descriptor behind it.
    pub(crate) fn integrity_sequence(&self) -> [Block; 2] {
        let mut block = Block::new();
        block.set(16, self.created.timestamp());
        block.set(28, 1u32.to_le_bytes());
        block.set(40, self.next_unique_id.to_le_bytes());
        block.set(72, 1u32.to_le_bytes());
        block.set(76, 46u32.to_le_bytes());
        block.set(84, self.partition_blocks.to_le_bytes());
        block.set(88, implementation());
        block.set(120, self.files.to_le_bytes());
        block.set(124, self.directories.to_le_bytes());
        block.set(128, REVISION);
        block.set(130, REVISION);
        block.set(132, REVISION);
        let first = INTEGRITY_SEQUENCE as u32;
        let descriptor = tagged(block, TagId::LogicalVolumeIntegrity, first, 134);
        [descriptor, terminating(first + 1)]
    }

    /// The file set descriptor (ECMA-167 4/14.1) and the terminating descriptor behind it, at
    /// blocks 0 and 1 of the partition.
    pub(crate) fn file_set_sequence(&self) -> [Block; 2] {
        let mut block = Block::new();
        block.set(16, self.created.timestamp());
        block.set(28, 3u16.to_le_bytes());
        block.set(30, 3u16.to_le_bytes());
        block.set(32, 1u32.to_le_bytes());
        block.set(36, 1u32.to_le_bytes());
        block.set(48, charspec());
        block.set(112, dstring::<128>(self.label));
        block.set(240, charspec());
        block.set(304, dstring::<32>(self.label));
        block.set(400, long_ad(self.root, 0));
        block.set(416, domain());
        [tagged(block, TagId::FileSet, 0, 512), terminating(1)]
    }
}

/// The anchor volume descriptor pointer (ECMA-167 3/10.2) for this block.
pub(crate) fn anchor(location: u64) -> Block {
    let mut block = Block::new();
    block.set(16, extent_ad(SEQUENCE_BLOCKS, MAIN_SEQUENCE));
    block.set(24, extent_ad(SEQUENCE_BLOCKS, RESERVE_SEQUENCE));
    tagged(block, TagId::AnchorVolumePointer, location as u32, 512)
}

/// ECMA-167 3/10.8 with no extents: everything is allocated.
fn unallocated_space(location: u32) -> Block {
    let mut block = Block::new();
    block.set(16, 4u32.to_le_bytes());
    tagged(block, TagId::UnallocatedSpace, location, 24)
}

/// ECMA-167 3/10.9.
fn terminating(location: u32) -> Block {
    tagged(Block::new(), TagId::Terminating, location, 512)
}

fn tagged(mut block: Block, id: TagId, location: u32, len: usize) -> Block {
    debug_assert!(block.bytes()[..TAG_LEN].iter().all(|&byte| byte == 0));
    write_tag(id, location, &mut block.0[..len]);
    block
}

/// The implementation identifier (UDF 1.02 §2.1.5); class 0: no particular operating system.
fn implementation() -> [u8; 32] {
    regid(b"*iso9660-writer", [0; 8])
}

/// The domain identifier (UDF 1.02 §2.1.5.2).
fn domain() -> [u8; 32] {
    let suffix = [REVISION[0], REVISION[1], 0, 0, 0, 0, 0, 0];
    regid(b"*OSTA UDF Compliant", suffix)
}

/// A file entry (ECMA-167 4/14.9, UDF 1.02 §2.3.6).
pub(crate) struct FileEntry {
    pub(crate) is_directory: bool,
    pub(crate) links: u16,
    pub(crate) len: u64,
    /// The first block of its data in the partition; not used if there is none.
    pub(crate) data: u32,
    pub(crate) unique_id: u64,
    pub(crate) recorded: CivilTime,
    /// Its own block in the partition.
    pub(crate) location: u32,
}

impl FileEntry {
    /// Puts the entry's block.
    pub(crate) fn put<O: Output>(&self, output: &mut O) {
        put_tagged(TagId::FileEntry, self.location, output, |output| {
            output.put(&self.fixed()[TAG_LEN..]);
            short_ads(self.data, self.len).for_each(|ad| output.put(&ad));
        });
        output.pad_to_block();
    }

    fn fixed(&self) -> [u8; FILE_ENTRY_LEN] {
        let mut entry = [0; FILE_ENTRY_LEN];
        let mut set = |offset: usize, value: &[u8]| {
            entry[offset..offset + value.len()].copy_from_slice(value);
        };
        let time = self.recorded.timestamp();
        // ICB tag (ECMA-167 4/14.6): strategy 4, one entry, short allocation descriptors.
        set(20, &4u16.to_le_bytes());
        set(24, &1u16.to_le_bytes());
        set(27, &[if self.is_directory { 4 } else { 5 }]);
        set(36, &NO_ID.to_le_bytes());
        set(40, &NO_ID.to_le_bytes());
        set(44, &PERMISSIONS.to_le_bytes());
        set(48, &self.links.to_le_bytes());
        set(56, &self.len.to_le_bytes());
        set(64, &self.len.div_ceil(BLOCK).to_le_bytes());
        set(72, &time);
        set(84, &time);
        set(96, &time);
        set(108, &1u32.to_le_bytes());
        set(128, &implementation());
        set(160, &self.unique_id.to_le_bytes());
        let ads_len = 8 * self.len.div_ceil(super::ecma167::EXTENT_LEN_MAX) as u32;
        set(172, &ads_len.to_le_bytes());
        entry
    }
}

/// A file identifier descriptor (ECMA-167 4/14.4): an entry of a directory.
pub(crate) struct FileIdentifier<'a> {
    /// Empty for the entry that leads to the parent.
    pub(crate) name: &'a str,
    pub(crate) is_directory: bool,
    /// The block of the file entry in the partition.
    pub(crate) entry: u32,
    pub(crate) unique_id: u64,
    /// The block of the partition in which the directory's data starts.
    pub(crate) directory_data: u32,
}

impl FileIdentifier<'_> {
    /// Puts the descriptor behind those that are there; `identifier` is room for the name.
    pub(crate) fn put<O: Output>(&self, identifier: &mut Vec<u8>, output: &mut O) {
        const DIRECTORY: u8 = 0x02;
        const PARENT: u8 = 0x08;
        identifier.clear();
        cs0(self.name, identifier);
        let is_parent = self.name.is_empty();
        let characteristics =
            if self.is_directory { DIRECTORY } else { 0 } | if is_parent { PARENT } else { 0 };
        // The tag names the block in which the descriptor starts; it may end in the next.
        let location = self.directory_data + (output.position() / BLOCK) as u32;
        put_tagged(TagId::FileIdentifier, location, output, |output| {
            let mut fixed = [0; 22];
            fixed[0..2].copy_from_slice(&1u16.to_le_bytes());
            fixed[2] = characteristics;
            fixed[3] = identifier.len() as u8;
            fixed[4..20].copy_from_slice(&long_ad(self.entry, self.unique_id as u32));
            output.put(&fixed);
            output.put(identifier);
            let len = TAG_LEN + fixed.len() + identifier.len();
            output.zeros((len.next_multiple_of(4) - len) as u64);
        });
    }
}
