//! An image to be damaged, with the sums and copies that a damaged structure needs to look sound.

use fat32_writer::read::{FatReader, ReadAt};

use super::Sparse;

#[derive(Clone)]
pub struct Damaged(pub Sparse);

impl Damaged {
    pub fn get<const N: usize>(&self, at: u64) -> [u8; N] {
        let mut bytes = [0; N];
        self.0.read_exact_at(at, &mut bytes).unwrap();
        bytes
    }

    pub fn get16(&self, at: u64) -> u16 {
        u16::from_le_bytes(self.get(at))
    }

    pub fn get32(&self, at: u64) -> u32 {
        u32::from_le_bytes(self.get(at))
    }

    pub fn get64(&self, at: u64) -> u64 {
        u64::from_le_bytes(self.get(at))
    }

    pub fn bytes(&self, at: u64, len: usize) -> Vec<u8> {
        let mut bytes = vec![0; len];
        self.0.read_exact_at(at, &mut bytes).unwrap();
        bytes
    }

    pub fn set(&mut self, at: u64, bytes: impl AsRef<[u8]>) {
        let bytes = bytes.as_ref();
        assert_ne!(self.bytes(at, bytes.len()), bytes, "the damage must change something");
        self.0.write(at, bytes);
    }

    pub fn set16(&mut self, at: u64, value: u16) {
        self.set(at, value.to_le_bytes());
    }

    pub fn set32(&mut self, at: u64, value: u32) {
        self.set(at, value.to_le_bytes());
    }

    pub fn flip(&mut self, at: u64) {
        let [byte] = self.get(at);
        self.set(at, [byte ^ 1]);
    }

    /// Where the volume starts: behind partition tables, or at 0.
    pub fn volume(&self) -> u64 {
        if self.get::<8>(512) == *b"EFI PART" {
            return self.get64(1024 + 32) * 512;
        }
        if self.get::<4>(82) == *b"FAT3" { 0 } else { u64::from(self.get32(446 + 8)) * 512 }
    }

    /// Sets bytes of the boot sector (or of FSInfo, from 512 on), and of its copy.
    pub fn set_boot(&mut self, at: u64, bytes: impl AsRef<[u8]>) {
        let volume = self.volume();
        self.set(volume + 6 * 512 + at, bytes.as_ref());
        self.set(volume + at, bytes);
    }

    /// Where the first FAT starts.
    pub fn fat(&self) -> u64 {
        self.volume() + u64::from(self.get16(self.volume() + 14)) * 512
    }

    pub fn fat_len(&self) -> u64 {
        u64::from(self.get32(self.volume() + 36)) * 512
    }

    pub fn cluster_size(&self) -> u64 {
        u64::from(self.get::<1>(self.volume() + 13)[0]) * 512
    }

    /// How many clusters the volume has.
    pub fn clusters(&self) -> u32 {
        let sectors = u64::from(self.get32(self.volume() + 32));
        let data = self.fat() - self.volume() + 2 * self.fat_len();
        ((sectors * 512 - data) / self.cluster_size()) as u32
    }

    /// Where a cluster starts.
    pub fn cluster(&self, cluster: u32) -> u64 {
        self.fat() + 2 * self.fat_len() + u64::from(cluster - 2) * self.cluster_size()
    }

    pub fn link(&self, cluster: u32) -> u32 {
        self.get32(self.fat() + u64::from(cluster) * 4)
    }

    /// Sets an entry of both FATs.
    pub fn set_link(&mut self, cluster: u32, value: u32) {
        let at = self.fat() + u64::from(cluster) * 4;
        let second = at + self.fat_len();
        self.set32(at, value);
        self.set32(second, value);
    }

    /// Adds to the count of free clusters in both FSInfo sectors.
    pub fn add_free(&mut self, count: i64) {
        let free = i64::from(self.get32(self.volume() + 512 + 488));
        self.set_boot(512 + 488, ((free + count) as u32).to_le_bytes());
    }

    /// The first cluster that is free.
    pub fn next_free(&self) -> u32 {
        self.get32(self.volume() + 512 + 492)
    }

    /// The short entry of a file or directory.
    pub fn entry(&self, path: &str) -> u64 {
        FatReader::open(&self.0).unwrap().find(path).unwrap().record_offset
    }

    /// The first cluster that a short entry names.
    pub fn first_cluster(&self, entry: u64) -> u32 {
        u32::from(self.get16(entry + 20)) << 16 | u32::from(self.get16(entry + 26))
    }

    pub fn set_first_cluster(&mut self, entry: u64, cluster: u32) {
        assert_ne!(self.first_cluster(entry), cluster, "the damage must change something");
        self.0.write(entry + 20, &((cluster >> 16) as u16).to_le_bytes());
        self.0.write(entry + 26, &(cluster as u16).to_le_bytes());
    }

    /// Makes the checksum of the `count` long-name entries before a short one fit it.
    pub fn fix_checksum(&mut self, entry: u64, count: u64) {
        let name: [u8; 11] = self.get(entry);
        let sum = name.iter().fold(0u8, |sum, &byte| {
            (if sum & 1 != 0 { 0x80 } else { 0 } + (sum >> 1)).wrapping_add(byte)
        });
        for long in 1..=count {
            self.0.write(entry - long * 32 + 13, &[sum]);
        }
    }

    /// Makes the sums of a GPT header fit, those of its entries too.
    pub fn fix_gpt(&mut self, lba: u64) {
        let at = lba * 512;
        let entries = self.get64(at + 72) * 512;
        let crc = crc32(&self.bytes(entries, 128 * 128));
        self.0.write(at + 88, &crc.to_le_bytes());
        self.0.write(at + 16, &[0; 4]);
        let crc = crc32(&self.bytes(at, 92));
        self.0.write(at + 16, &crc.to_le_bytes());
    }

    pub fn backup_gpt(&self) -> u64 {
        self.0.len() / 512 - 1
    }
}

/// CRC-32 of UEFI, bit by bit.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| {
            if crc & 1 != 0 { crc >> 1 ^ 0xEDB8_8320 } else { crc >> 1 }
        })
    })
}
