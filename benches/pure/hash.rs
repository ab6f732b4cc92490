//! The digest that every byte on media is known by.

use criterion::{Criterion, Throughput};
use sha2::{Digest, Sha256};

/// SHA-256 on one core, of a small file and of the piece in which large ones are read.
pub fn sha256(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("sha256");
    for (name, len) in [("4 KiB", 4 << 10), ("4 MiB", 4 << 20)] {
        let bytes = vec![0x5a_u8; len];
        group.throughput(Throughput::Bytes(len as u64));
        group.bench_function(name, |bencher| bencher.iter(|| Sha256::digest(&bytes)));
    }
    group.finish();
}
