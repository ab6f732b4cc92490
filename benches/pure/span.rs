//! What goes on which disc, measured with the code that writes ISO images.

use content::{ContentIndex, MediaType, Need};
use criterion::{Criterion, Throughput};
use image::ByteCount;
use pipeline::compose::{Format, SetMedium};
use pipeline::media::{BootTree, ContentFacts, MediaFacts, OwnFiles, own_files};
use plan::baseline::{Baseline, first_fit_decreasing, next_fit};

use crate::synthetic_index::{Size, index};

/// A single-layer DVD.
const CAPACITY: ByteCount = ByteCount(4_700_372_992);

/// Everything of a set but its discs.
pub struct Set {
    pub index: ContentIndex,
    needs: Vec<Need>,
    facts: MediaFacts,
    own: OwnFiles,
    boot: BootTree,
    order: Vec<u32>,
}

impl Set {
    pub fn new(size: Size) -> Self {
        let (index, needs) = index(size);
        let facts = facts(&index);
        let own = own_files(&facts);
        let order = (0..size.contents).collect();
        Self { index, needs, facts, own, boot: BootTree::default(), order }
    }

    pub fn medium(&self, capacity: Option<ByteCount>) -> SetMedium<'_> {
        let Self { facts, own, boot, order, .. } = self;
        let format = Format::Iso;
        SetMedium { format, facts, boot, own, capacity, part_size: None, order, second: &[] }
    }
}

fn facts(index: &ContentIndex) -> MediaFacts {
    let contents = index.contents.iter().map(|content| ContentFacts {
        id: content.id.clone(),
        kind: "driver-package".into(),
        name: format!("Drivers {}", content.id),
        version: 1,
        on_second_partition: false,
    });
    MediaFacts {
        media_type: MediaType::StandAlone,
        label: "Benchmark".into(),
        created: jiff::Timestamp::UNIX_EPOCH,
        unattended: true,
        autorun: false,
        password: None,
        valid_from: None,
        valid_until: None,
        site_code: "P01".into(),
        policy: Default::default(),
        boot_image: None,
        variables: Vec::new(),
        prestart: None,
        contents: contents.collect(),
        staged: None,
        network: None,
    }
}

/// 100,000 files in 100 contents over DVDs, with the two plain planners beside it.
pub fn span(criterion: &mut Criterion) {
    let set = Set::new(Size { contents: 100, files: 1_000 });
    let medium = set.medium(Some(CAPACITY));
    print_table(&set, &medium);
    let mut group = criterion.benchmark_group("span");
    group.sample_size(10);
    group.throughput(Throughput::Elements(100_000));
    group.bench_function("100,000 files, DVDs", |bencher| {
        bencher.iter(|| plan::span(&set.index, &set.needs, &medium).expect("everything fits"));
    });
    group.bench_function("next fit", |bencher| {
        bencher.iter(|| next_fit(&set.index, &set.needs, &medium).expect("everything fits"));
    });
    group.bench_function("first fit decreasing", |bencher| {
        bencher.iter(|| {
            first_fit_decreasing(&set.index, &set.needs, &medium).expect("everything fits")
        });
    });
    group.finish();
}

/// Says how good the plans are, not only how fast: the baselines know nothing of directories and
/// duplicates, and read each content when its turn comes.
fn print_table(set: &Set, medium: &SetMedium<'_>) {
    let ours = plan::span(&set.index, &set.needs, medium).expect("everything fits");
    let baselines = [
        ("next fit", next_fit(&set.index, &set.needs, medium)),
        ("first fit decreasing", first_fit_decreasing(&set.index, &set.needs, medium)),
    ];
    println!(
        "{} files, {} bytes, {} of them distinct; no set has fewer than {} discs",
        ours.files, ours.bytes, ours.unique_bytes, ours.lower_bound_discs
    );
    println!("{:22} {:>6} {:>15} {:>8}", "planner", "discs", "waste in bytes", "swaps");
    let row = |name: &str, discs: usize, waste: ByteCount, swaps: u64| {
        println!("{name:22} {discs:>6} {:>15} {swaps:>8}", waste.0);
    };
    row("span", ours.discs.len(), ours.waste(), ours.swaps.into());
    for (name, baseline) in baselines {
        let Baseline { discs, waste, swaps } = baseline.expect("everything fits");
        row(name, discs as usize, waste, swaps);
    }
}
