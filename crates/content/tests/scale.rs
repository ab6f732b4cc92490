//! The resolver on catalogs of thousands of objects.

#[path = "../../../benches/synthetic_catalog.rs"]
mod synthetic_catalog;

use content::{Severity, resolve};
use synthetic_catalog::{Size, catalog};

#[test]
fn every_sequence_of_a_large_catalog_is_resolved() {
    let (catalog, definitions) = catalog(Size { sequences: 50, steps: 60, contents: 2_000 });
    let (graph, problems) = resolve(&definitions, &catalog);
    let errors: Vec<_> = problems.iter().filter(|p| p.severity == Severity::Error).collect();
    assert!(errors.is_empty(), "{errors:?}");
    assert_eq!(graph.media.len(), 50);
    for (position, media) in graph.media.iter().enumerate() {
        assert!(media.obstacles().count() == 0 && media.needs.len() >= 60, "{media:?}");
        for need in &media.needs {
            assert!(graph.contents[&need.content].media.contains(&position));
        }
    }
    // The generator gives all sequences every second step.
    assert!(graph.shared().filter(|(_, content)| content.used_by.len() == 50).count() >= 30);
}
