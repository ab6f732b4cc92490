//! ECMA-119 (ISO 9660): volume descriptors, directory records, path table records.

use super::output::Output;
use super::time::CivilTime;
use super::{BLOCK, Block, both_u16, both_u32};

/// The block of the first volume descriptor (ECMA-119 §6.2.1: 16 sectors are the system area).
pub(crate) const SYSTEM_AREA_BLOCKS: u64 = 16;

/// The longest section of a file: what a 32-bit length holds in whole blocks.
pub(crate) const SECTION_LEN_MAX: u64 = 0xFFFF_F800;

/// File Flags (ECMA-119 §9.1.6).
pub(crate) const FLAG_DIRECTORY: u8 = 0x02;
/// The record is not the last of its file.
pub(crate) const FLAG_MULTI_EXTENT: u8 = 0x80;

/// The identifiers of the directory itself and of its parent (ECMA-119 §7.6.2).
pub(crate) const SELF: &[u8] = &[0];
pub(crate) const PARENT: &[u8] = &[1];

const STANDARD_IDENTIFIER: &[u8; 5] = b"CD001";
/// UCS-2 level 3 (Joliet specification, ISO 2022 designation `%/E`).
const JOLIET_ESCAPE: &[u8; 3] = b"%/E";

/// In which character set a volume descriptor and its directories are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Namespace {
    /// The primary volume descriptor: d-characters.
    Primary,
    /// The Joliet supplementary volume descriptor: UCS-2, big-endian.
    Joliet,
}

/// What a primary or supplementary volume descriptor says.
pub(crate) struct VolumeDescriptor<'a> {
    pub(crate) namespace: Namespace,
    pub(crate) volume: &'a str,
    pub(crate) publisher: &'a str,
    pub(crate) data_preparer: &'a str,
    pub(crate) application: &'a str,
    pub(crate) blocks: u32,
    pub(crate) path_table_len: u32,
    pub(crate) path_table_l: u32,
    pub(crate) path_table_m: u32,
    pub(crate) root: DirectoryRecord<'a>,
    pub(crate) created: CivilTime,
}

impl VolumeDescriptor<'_> {
    /// The descriptor's block (ECMA-119 §8.4, §8.5).
    pub(crate) fn encode(&self) -> Block {
        let joliet = self.namespace == Namespace::Joliet;
        let mut block = head(if joliet { 2 } else { 1 });
        block.set_bp(9, 40, self.text::<32>("", d_character));
        block.set_bp(41, 72, self.text::<32>(self.volume, d_character));
        block.set_bp(81, 88, both_u32(self.blocks));
        if joliet {
            block.set_bp(89, 91, JOLIET_ESCAPE);
        }
        block.set_bp(121, 124, both_u16(1));
        block.set_bp(125, 128, both_u16(1));
        block.set_bp(129, 132, both_u16(BLOCK as u16));
        block.set_bp(133, 140, both_u32(self.path_table_len));
        block.set_bp(141, 144, self.path_table_l.to_le_bytes());
        block.set_bp(149, 152, self.path_table_m.to_be_bytes());
        let mut root = Vec::with_capacity(34);
        let mut output = super::output::Buffer::new(&mut root);
        self.root.put(self.created, &mut output);
        block.set_bp(157, 190, root);
        block.set_bp(191, 318, self.text::<128>(self.volume, d_character));
        block.set_bp(319, 446, self.text::<128>(self.publisher, a_character));
        block.set_bp(447, 574, self.text::<128>(self.data_preparer, a_character));
        block.set_bp(575, 702, self.text::<128>(self.application, a_character));
        block.set_bp(703, 739, self.text::<37>("", d_character));
        block.set_bp(740, 776, self.text::<37>("", d_character));
        block.set_bp(777, 813, self.text::<37>("", d_character));
        block.set_bp(814, 830, self.created.digits());
        block.set_bp(831, 847, self.created.digits());
        block.set_bp(848, 864, b"0000000000000000\0");
        block.set_bp(865, 881, b"0000000000000000\0");
        block.set_bp(882, 882, [1]);
        block
    }

    /// A text field: the characters that fit, then spaces.
    fn text<const N: usize>(&self, text: &str, allowed: fn(char) -> char) -> [u8; N] {
        match self.namespace {
            Namespace::Primary => {
                let mut field = [b' '; N];
                for (byte, character) in field.iter_mut().zip(text.chars()) {
                    *byte = allowed(character) as u8;
                }
                field
            }
            Namespace::Joliet => ucs2(text),
        }
    }
}

/// Big-endian UTF-16, cut between characters, then spaces; an odd last byte is 0.
fn ucs2<const N: usize>(text: &str) -> [u8; N] {
    let mut field = [0; N];
    for unit in field.chunks_exact_mut(2) {
        unit.copy_from_slice(&[0, b' ']);
    }
    let mut used = 0;
    for character in text.chars() {
        let mut units = [0; 2];
        let units = character.encode_utf16(&mut units);
        if used + 2 * units.len() > N {
            break;
        }
        for unit in units {
            field[used..used + 2].copy_from_slice(&unit.to_be_bytes());
            used += 2;
        }
    }
    field
}

/// Makes a d-character of a character (ECMA-119 §7.4.1, table A.2).
fn d_character(character: char) -> char {
    match character.to_ascii_uppercase() {
        upper @ ('A'..='Z' | '0'..='9') => upper,
        _ => '_',
    }
}

/// Makes an a-character of a character (ECMA-119 §7.4.1, table A.1).
fn a_character(character: char) -> char {
    match character.to_ascii_uppercase() {
        upper @ (' '..='"' | '%'..='?' | 'A'..='Z') => upper,
        _ => '_',
    }
}

/// The volume descriptor set terminator (ECMA-119 §8.3).
pub(crate) fn terminator() -> Block {
    head(255)
}

/// Type, standard identifier and version of a volume descriptor (ECMA-119 §8.1).
pub(crate) fn head(kind: u8) -> Block {
    let mut block = Block::new();
    block.set_bp(1, 1, [kind]);
    block.set_bp(2, 6, STANDARD_IDENTIFIER);
    block.set_bp(7, 7, [1]);
    block
}

/// A directory record (ECMA-119 §9.1).
pub(crate) struct DirectoryRecord<'a> {
    pub(crate) extent: u32,
    pub(crate) data_len: u32,
    pub(crate) flags: u8,
    pub(crate) identifier: &'a [u8],
    pub(crate) system_use: &'a [u8],
}

impl DirectoryRecord<'_> {
    /// The length of the fields before the system use field.
    pub(crate) fn head_len(identifier: &[u8]) -> usize {
        (33 + identifier.len()).next_multiple_of(2)
    }

    /// Puts the record, in a new block if it does not fit into this one (ECMA-119 §6.8.1.1).
    pub(crate) fn put<O: Output>(&self, recorded: CivilTime, output: &mut O) {
        let head_len = Self::head_len(self.identifier);
        let len = (head_len + self.system_use.len()).next_multiple_of(2);
        output.fit_into_block(len as u64);

        let mut fixed = [0; 33];
        fixed[0] = u8::try_from(len).expect("because names and system use are kept within 254");
        fixed[2..10].copy_from_slice(&both_u32(self.extent));
        fixed[10..18].copy_from_slice(&both_u32(self.data_len));
        fixed[18..25].copy_from_slice(&recorded.short());
        fixed[25] = self.flags;
        fixed[28..32].copy_from_slice(&both_u16(1));
        fixed[32] = self.identifier.len() as u8;
        output.put(&fixed);
        output.put(self.identifier);
        output.zeros((head_len - fixed.len() - self.identifier.len()) as u64);
        output.put(self.system_use);
        output.zeros((len - head_len - self.system_use.len()) as u64);
    }
}

/// The byte order of a path table (ECMA-119 §6.9).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ByteOrder {
    /// Type L.
    Little,
    /// Type M.
    Big,
}

/// Puts a path table record (ECMA-119 §9.4).
pub(crate) fn put_path_table_record<O: Output>(
    extent: u32,
    parent_number: u16,
    identifier: &[u8],
    order: ByteOrder,
    output: &mut O,
) {
    let (extent, parent) = match order {
        ByteOrder::Little => (extent.to_le_bytes(), parent_number.to_le_bytes()),
        ByteOrder::Big => (extent.to_be_bytes(), parent_number.to_be_bytes()),
    };
    output.put(&[identifier.len() as u8, 0]);
    output.put(&extent);
    output.put(&parent);
    output.put(identifier);
    output.zeros(identifier.len() as u64 % 2);
}
