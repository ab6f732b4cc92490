//! How long each step from a definition to an image takes by itself:
//! `cargo bench --bench pure [-- NAME]`.

#[path = "../synthetic_catalog.rs"]
mod synthetic_catalog;

mod hash;
mod iso;
mod resolve;
mod sequence;
mod span;
mod synthetic_index;
mod write;

use criterion::{criterion_group, criterion_main};

criterion_group!(
    benches,
    resolve::resolve,
    span::span,
    iso::layout,
    iso::encode,
    sequence::xml,
    hash::sha256,
    write::write
);
criterion_main!(benches);
