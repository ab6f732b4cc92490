//! Exported task sequences: zip archives, and what lies in them.

#![no_main]

use libfuzzer_sys::fuzz_target;
use tasksequence::TaskSequence;
use tasksequence::export::{self, Export, ExportedSequence};

const CONFIGMGR: &str = include_str!("../../../crates/tasksequence/tests/fixtures/configmgr.xml");

fn sample() -> Vec<u8> {
    let (sequence, _) = TaskSequence::parse(CONFIGMGR).expect("the fixture is a sequence");
    let sequence = ExportedSequence::new("XYZ000F8", "Clients", Some("XYZ00005"), sequence);
    let export = Export { sequences: vec![sequence], ..Export::default() };
    export::write(&export).expect("the id is one of a package")
}

fuzz_target!(
    init: seeds::write([&sample()]),
    |bytes: &[u8]| {
        let Ok(read) = export::read(bytes) else { return };
        assert!(!read.sequences.is_empty());
        // Ids that are none cannot be written; everything else can, and is read again.
        if let Ok(written) = export::write(&read) {
            let again = export::read(&written).expect("what we write is an export");
            assert_eq!(again.sequences.len(), read.sequences.len());
        }
    }
);
