//! An image to be damaged, with the sums that a damaged structure needs to look sound.

use iso9660_writer::read::{self as reader, Namespace};

pub const SECTOR: usize = 2048;
/// Where this crate's layout puts the structures of its UDF side, in sectors.
pub const MAIN_SEQUENCE: usize = 32;
pub const RESERVE_SEQUENCE: usize = 48;
pub const INTEGRITY: usize = 64 * SECTOR;
pub const PARTITION: usize = 257;

#[derive(Clone)]
pub struct Damaged(pub Vec<u8>);

impl Damaged {
    pub fn get16(&self, at: usize) -> u16 {
        u16::from_le_bytes(self.0[at..at + 2].try_into().unwrap())
    }

    pub fn get32(&self, at: usize) -> u32 {
        u32::from_le_bytes(self.0[at..at + 4].try_into().unwrap())
    }

    pub fn get64(&self, at: usize) -> u64 {
        u64::from_le_bytes(self.0[at..at + 8].try_into().unwrap())
    }

    pub fn set(&mut self, at: usize, bytes: impl AsRef<[u8]>) {
        let bytes = bytes.as_ref();
        assert_ne!(&self.0[at..at + bytes.len()], bytes, "the damage must change something");
        self.0[at..at + bytes.len()].copy_from_slice(bytes);
    }

    pub fn set32(&mut self, at: usize, value: u32) {
        self.set(at, value.to_le_bytes());
    }

    pub fn set_both32(&mut self, at: usize, value: u32) {
        self.set(at, value.to_le_bytes());
        self.set(at + 4, value.to_be_bytes());
    }

    pub fn zero(&mut self, at: usize, len: usize) {
        self.set(at, vec![0; len]);
    }

    pub fn flip(&mut self, at: usize) {
        self.0[at] ^= 1;
    }

    /// The image's last sector.
    pub fn last_sector(&self) -> usize {
        self.0.len() / SECTOR - 1
    }

    /// Makes the tag of a UDF descriptor fit what it covers.
    pub fn retag(&mut self, at: usize) {
        let covered = usize::from(self.get16(at + 10));
        let crc = crc16(&self.0[at + 16..at + 16 + covered]);
        self.0[at + 8..at + 10].copy_from_slice(&crc.to_le_bytes());
        self.retag_checksum(at);
    }

    pub fn retag_checksum(&mut self, at: usize) {
        self.0[at + 4] = 0;
        let sum = self.0[at..at + 16].iter().fold(0u8, |sum, byte| sum.wrapping_add(*byte));
        self.0[at + 4] = sum;
    }

    /// Sets bytes of a UDF descriptor at `at` and makes its tag fit.
    pub fn set_in(&mut self, at: usize, field: usize, bytes: impl AsRef<[u8]>) {
        self.set(at + field, bytes);
        self.retag(at);
    }

    /// Sets bytes of the descriptor with this tag in both sequences.
    pub fn set_in_sequences(&mut self, tag: u16, field: usize, bytes: impl AsRef<[u8]>) {
        for sequence in [MAIN_SEQUENCE, RESERVE_SEQUENCE] {
            let at = self.descriptor(sequence, tag);
            self.set_in(at, field, bytes.as_ref());
        }
    }

    pub fn descriptor(&self, sequence: usize, tag: u16) -> usize {
        let mut places = (sequence..sequence + 16).map(|sector| sector * SECTOR);
        places.find(|&at| self.get16(at) == tag).unwrap()
    }

    /// The record that names a file or directory.
    pub fn record(&self, namespace: Namespace, path: &str) -> usize {
        reader::find(&self.0, namespace, path).unwrap().record_offset as usize
    }

    /// The file entry behind a path of the UDF tree; the root's for an empty one.
    pub fn file_entry(&self, path: &str) -> usize {
        let file_set = PARTITION * SECTOR;
        let icb = match path {
            "" => file_set + 400,
            path => self.record(Namespace::Udf, path) + 20,
        };
        (PARTITION + self.get32(icb + 4) as usize) * SECTOR
    }

    /// The first allocation descriptor of a file entry.
    pub fn allocation(&self, entry: usize) -> usize {
        entry + 176 + self.get32(entry + 168) as usize
    }

    /// Where the records of a UDF directory begin.
    pub fn identifiers(&self, path: &str) -> usize {
        let allocation = self.allocation(self.file_entry(path));
        (PARTITION + self.get32(allocation + 4) as usize) * SECTOR
    }

    /// Moves a file's data in the records of all trees.
    pub fn move_data(&mut self, path: &str, joliet_path: &str, blocks: i64) {
        for record in
            [self.record(Namespace::RockRidge, path), self.record(Namespace::Joliet, joliet_path)]
        {
            let block = i64::from(self.get32(record + 2)) + blocks;
            self.set_both32(record + 2, block as u32);
        }
        let entry = self.file_entry(path);
        let allocation = self.allocation(entry);
        let block = i64::from(self.get32(allocation + 4)) + blocks;
        self.set32(allocation + 4, block as u32);
        self.retag(entry);
    }

    /// A system use entry of a record of the primary tree.
    pub fn system_use(&self, record: usize, signature: &[u8; 2]) -> usize {
        let end = record + usize::from(self.0[record]);
        let identifier = usize::from(self.0[record + 32]);
        let mut at = record + (33 + identifier).next_multiple_of(2);
        while at + 4 <= end && self.0[at] != 0 {
            if self.0[at..at + 2] == *signature {
                return at;
            }
            at += usize::from(self.0[at + 2]);
        }
        panic!("no such entry");
    }

    /// The first record of the primary tree's root, which is its own.
    pub fn root_record(&self) -> usize {
        self.get32(16 * SECTOR + 156 + 2) as usize * SECTOR
    }

    /// The sector of the Joliet descriptor.
    pub fn joliet_descriptor(&self) -> usize {
        (17..32).map(|sector| sector * SECTOR).find(|&at| self.0[at] == 2).unwrap()
    }

    pub fn boot_catalog(&self) -> usize {
        self.get32(17 * SECTOR + 71) as usize * SECTOR
    }

    /// Makes the sums of a GPT header fit, those of its entries too.
    pub fn fix_gpt(&mut self, lba: usize) {
        let at = lba * 512;
        let entries = self.get64(at + 72) as usize * 512;
        let crc = crc32(&self.0[entries..entries + 128 * 128]);
        self.0[at + 88..at + 92].copy_from_slice(&crc.to_le_bytes());
        self.0[at + 16..at + 20].fill(0);
        let crc = crc32(&self.0[at..at + 92]);
        self.0[at + 16..at + 20].copy_from_slice(&crc.to_le_bytes());
    }

    pub fn backup_gpt(&self) -> usize {
        self.0.len() / 512 - 1
    }
}

/// CRC-16 of ECMA-167 3/7.2.6, bit by bit.
fn crc16(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0, |crc, &byte| {
        (0..8).fold(crc ^ u16::from(byte) << 8, |crc, _| {
            if crc & 0x8000 != 0 { crc << 1 ^ 0x1021 } else { crc << 1 }
        })
    })
}

/// CRC-32 of UEFI, bit by bit.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| {
            if crc & 1 != 0 { crc >> 1 ^ 0xEDB8_8320 } else { crc >> 1 }
        })
    })
}
