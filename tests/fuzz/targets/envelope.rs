//! Envelopes with any header and any bytes after it.

#![no_main]

use content::envelope::{is_envelope, open, seal, sealed_len};
use libfuzzer_sys::fuzz_target;

const PASSWORD: &str = "correct horse";

fuzz_target!(
    init: seeds::write([&seal(b"<policy/>", PASSWORD, [5; 16]), &[]]),
    |bytes: &[u8]| {
        // Memory (KiB) times passes is what a header makes an opener work; those within bounds but
        // far above what is done here differ from others only in the time that they take.
        let word = |at: usize| {
            let word = bytes.get(at..at + 4).map(|word| word.try_into().expect("4 bytes"));
            u64::from(u32::from_le_bytes(word.unwrap_or_default()))
        };
        let mut bytes = bytes.to_vec();
        if (4096..=1 << 26).contains(&(word(12) * word(16))) {
            bytes[12..20].copy_from_slice(&[8, 0, 0, 0, 1, 0, 0, 0]);
        }
        if let Ok(plain) = open(&bytes, PASSWORD) {
            assert!(is_envelope(&bytes));
            assert_eq!(sealed_len(plain.len()), bytes.len());
        }
    }
);
