//! From definitions and catalog to the graph of contents.

use content::Severity;
use criterion::{Criterion, Throughput};

use crate::synthetic_catalog::{Size, catalog};

/// 1,000 task sequences of 60 steps over 20,000 contents; the aim is less than a second.
pub fn resolve(criterion: &mut Criterion) {
    let size = Size { sequences: 1_000, steps: 60, contents: 20_000 };
    let (catalog, definitions) = catalog(size);
    let (graph, problems) = content::resolve(&definitions, &catalog);
    let errors = problems.iter().filter(|problem| problem.severity == Severity::Error);
    assert_eq!(errors.count(), 0, "the catalog has what the definitions need");
    assert!(graph.contents.len() > 10_000, "the sequences reach most of the catalog");
    let mut group = criterion.benchmark_group("resolve");
    group.sample_size(10);
    group.throughput(Throughput::Elements(u64::from(size.sequences * size.steps)));
    group.bench_function("1,000 sequences, 20,000 contents", |bencher| {
        bencher.iter(|| content::resolve(&definitions, &catalog));
    });
    group.finish();
}
