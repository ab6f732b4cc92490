//! An image to be damaged, with the sums and copies that a damaged structure needs to look sound.

use exfat_writer::read::{ExfatReader, ReadAt};

use super::Sparse;

/// Where the backup boot region starts.
const REGION: u64 = 12 * 512;

/// A bare volume.
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

    /// Sets bytes of both boot regions, and makes their checksums fit.
    pub fn set_boot(&mut self, at: u64, bytes: impl AsRef<[u8]>) {
        self.set(at, bytes.as_ref());
        self.set(REGION + at, bytes);
        self.fix_boot();
    }

    /// Makes the checksums of both boot regions fit.
    pub fn fix_boot(&mut self) {
        for region in [0, REGION] {
            let bytes = self.bytes(region, 11 * 512);
            let kept = bytes.iter().zip(0..).filter(|(_, at)| ![106, 107, 112].contains(at));
            let sum = kept
                .fold(0u32, |sum, (byte, _)| sum.rotate_right(1).wrapping_add(u32::from(*byte)));
            self.0.write(region + 11 * 512, &sum.to_le_bytes().repeat(128));
        }
    }

    pub fn fat(&self) -> u64 {
        u64::from(self.get32(80)) * 512
    }

    pub fn cluster_size(&self) -> u64 {
        512 << self.get::<1>(109)[0]
    }

    pub fn clusters(&self) -> u32 {
        self.get32(92)
    }

    /// Where a cluster starts.
    pub fn cluster(&self, cluster: u32) -> u64 {
        u64::from(self.get32(88)) * 512 + u64::from(cluster - 2) * self.cluster_size()
    }

    /// The root directory.
    pub fn root(&self) -> u64 {
        self.cluster(self.get32(96))
    }

    /// The entry of a kind in the root directory.
    pub fn volume_entry(&self, kind: u8) -> u64 {
        (0..8)
            .map(|number| self.root() + 32 * number)
            .find(|at| self.get::<1>(*at)[0] == kind)
            .unwrap()
    }

    /// The File entry of a file or directory.
    pub fn entry(&self, path: &str) -> u64 {
        ExfatReader::open(&self.0).unwrap().find(path).unwrap().record_offset
    }

    /// Sets bytes of a set of entries, and makes its checksum fit.
    pub fn set_entry(&mut self, path: &str, at: u64, bytes: impl AsRef<[u8]>) {
        let entry = self.entry(path);
        self.set(entry + at, bytes);
        self.fix_set(entry);
    }

    /// Makes the checksum of a set of entries fit.
    pub fn fix_set(&mut self, entry: u64) {
        let count = 1 + usize::from(self.get::<1>(entry + 1)[0]);
        let bytes = self.bytes(entry, 32 * count);
        let kept = bytes.iter().zip(0..).filter(|(_, at)| ![2, 3].contains(at));
        let sum =
            kept.fold(0u16, |sum, (byte, _)| sum.rotate_right(1).wrapping_add(u16::from(*byte)));
        self.0.write(entry + 2, &sum.to_le_bytes());
    }

    /// The first cluster that a set names.
    pub fn first_cluster(&self, path: &str) -> u32 {
        self.get32(self.entry(path) + 32 + 20)
    }
}
