//! A task sequence between its document and the model.

use criterion::{Criterion, Throughput};
use tasksequence::TaskSequence;

use crate::synthetic_catalog::{Size, catalog};

/// A task sequence of 2,000 steps, ten times as long as people write them.
pub fn xml(criterion: &mut Criterion) {
    let (catalog, _) = catalog(Size { sequences: 1, steps: 2_000, contents: 2_000 });
    let entry = catalog.task_sequences.values().next().expect("there is one sequence");
    let text = entry.sequence.to_xml();
    let mut group = criterion.benchmark_group("task sequence");
    group.throughput(Throughput::Bytes(text.len() as u64));
    group.bench_function("parse", |bencher| {
        bencher.iter(|| TaskSequence::parse(&text).expect("it was written by us"));
    });
    group.bench_function("write", |bencher| bencher.iter(|| entry.sequence.to_xml()));
    group.finish();
}
