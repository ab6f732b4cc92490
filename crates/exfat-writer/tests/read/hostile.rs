//! Volumes with random changes: everything that reads them ends, and says only what lies inside.

use std::ops::ControlFlow;
use std::sync::LazyLock;

use exfat_writer::check::{CheckOptions, check};
use exfat_writer::dump::{DumpOptions, dump_to_string};
use exfat_writer::read::{ExfatReader, ReadAt};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::support::damage::Damaged;
use crate::support::{Sparse, sample_image};

static SOUND: LazyLock<(Sparse, Vec<u64>)> = LazyLock::new(|| {
    let image = sample_image();
    let blocks = image.offsets().collect();
    (image, blocks)
});

fn exercise(image: &dyn ReadAt) {
    let len = image.len();
    if let Ok(reader) = ExfatReader::open(image) {
        let mut entries = 0u64;
        // An error is an answer, too.
        let _ = reader.walk(&mut |entry| {
            entries += 1;
            assert!(entries <= len, "more entries than bytes");
            let mut extents = entry.extents.iter();
            assert!(extents.all(|extent| extent.offset + extent.len <= len), "{entry:?}");
            let sum: u64 = entry.extents.iter().map(|extent| extent.len).sum();
            assert_eq!(sum, entry.len, "{entry:?}");
            assert!(entry.path.split('/').all(|part| !matches!(part, "" | "." | "..")));
            ControlFlow::Continue(())
        });
        let _ = reader.find("SMS/PKG/many");
    }
    for fault in check(image, &CheckOptions::default()) {
        assert!(!fault.message.is_empty());
    }
    dump_to_string(image, &DumpOptions::default());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn changed_volumes_are_read_to_an_end(
        changes in vec((any::<prop::sample::Index>(), 0..4088u64, any::<[u8; 8]>(), 1..9usize), 1..6),
        mends in any::<bool>(),
        cut in prop::option::of(0..512u64),
    ) {
        let (image, blocks) = &*SOUND;
        let mut image = Damaged(image.clone());
        for (block, at, bytes, len) in changes {
            image.0.write(blocks[block.index(blocks.len())] + at, &bytes[..len]);
        }
        if mends {
            image.fix_boot();
        }
        if let Some(blocks) = cut {
            image.0.truncate(blocks * 4096);
        }
        exercise(&image.0);
    }
}
