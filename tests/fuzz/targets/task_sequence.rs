//! Task sequences: what is read is shown, checked and written, and read again as the same.

#![no_main]

use libfuzzer_sys::fuzz_target;
use tasksequence::TaskSequence;
use tasksequence::lint::{CheckContext, check};
use tasksequence::show::show;

const CONFIGMGR: &str = include_str!("../../../crates/tasksequence/tests/fixtures/configmgr.xml");
const MDT: &str = include_str!("../../../crates/tasksequence/tests/fixtures/mdt.xml");

fuzz_target!(
    init: seeds::write([CONFIGMGR.as_bytes(), MDT.as_bytes(), b"<sequence version=\"3.10\"/>"]),
    |bytes: &[u8]| {
        let text = String::from_utf8_lossy(bytes);
        let Ok((sequence, problems)) = TaskSequence::parse(&text) else { return };
        show(&sequence, &problems);
        check(&sequence, &CheckContext::default());
        sequence.candidates(&["ABC"]);
        sequence.selection_profiles();
        sequence.malformed_references();
        let again = TaskSequence::parse(&sequence.to_xml()).expect("what we write is a sequence");
        assert_eq!(again.0.document().root, sequence.document().root);
    }
);
