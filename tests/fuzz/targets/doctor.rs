//! Boot programs, signatures and boot configuration data with any bytes: everything that `doctor`
//! parses of them ends, and takes what lies inside only.
//!
//! The first byte says what the others are. The checksum of a hive is made to fit, as no change
//! would get past it.

#![no_main]

#[path = "../../../crates/pipeline/tests/made_up/mod.rs"]
mod made_up;

use libfuzzer_sys::fuzz_target;
use made_up::bcd::winpe;
use made_up::hive::seal;
use made_up::pe::{X64, application, shim, with_certificates};
use pipeline::doctor::Program;
use pipeline::doctor::bcd::BcdStore;

const PROGRAM: u8 = 0;
const SIGNATURE: u8 = 1;

/// What `sbsign` put into a made-up program, with a key that openssl made for it and nobody has.
const SIGNED_DATA: &[u8] = include_bytes!("signed_data.der");

fn program(bytes: &[u8]) {
    let Ok(program) = Program::parse(bytes) else { return };
    let certificates = program.vendor.clone().unwrap_or_default();
    for signature in program.readable() {
        signature.is_sound();
        for certificate in &certificates {
            signature.is_vouched_for_by(certificate);
        }
    }
}

fn store(bytes: &[u8]) {
    let mut bytes = bytes.to_vec();
    if bytes.len() >= 512 {
        seal(&mut bytes);
    }
    let Ok(store) = BcdStore::parse(&bytes) else { return };
    assert!(store.loaders.len() <= bytes.len(), "more loaders than bytes");
}

fuzz_target!(
    init: {
        let seed = |kind: u8, bytes: &[u8]| [&[kind], bytes].concat();
        let signed = with_certificates(shim(X64, SIGNED_DATA), &[(2, SIGNED_DATA), (1, b"other")]);
        seeds::write([
            &seed(PROGRAM, &application(X64)),
            &seed(PROGRAM, &signed),
            &seed(SIGNATURE, SIGNED_DATA),
            &seed(2, &winpe("\\sources\\boot.wim", "efi")),
        ]);
    },
    |bytes: &[u8]| match bytes.split_first() {
        None => {}
        Some((&PROGRAM, bytes)) => program(bytes),
        Some((&SIGNATURE, bytes)) => program(&with_certificates(application(X64), &[(2, bytes)])),
        Some((_, bytes)) => store(bytes),
    }
);
