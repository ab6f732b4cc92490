use std::fs;
use std::path::Path;
use std::process::Command;

use super::*;
use crate::doctor::made_up::pe::{X64, application, with_certificates};

fn run(folder: &Path, program: &str, args: &[&str]) {
    let output = Command::new(program).args(args).current_dir(folder).output();
    let output = output.unwrap_or_else(|error| {
        panic!("{program} cannot be run ({error}); tools/test installs what the tests need")
    });
    assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
}

/// An authority of this name and a signer `<name> signer`, as files `<file>.*` in the folder.
fn authority(folder: &Path, file: &str, name: &str) {
    let (ca, signer) = (format!("/CN={name}"), format!("/CN={name} signer"));
    let path = |end: &str| format!("{file}{end}");
    let (ca_key, ca_pem) = (path("-ca.key"), path("-ca.pem"));
    let new = ["req", "-newkey", "rsa:2048", "-nodes", "-keyout"];
    let made = [&ca_key, "-x509", "-days", "3650", "-subj", &ca, "-out", &ca_pem];
    run(folder, "openssl", &[&new[..], &made].concat());
    let made = [&path(".key"), "-subj", &signer, "-out", &path(".csr")];
    run(folder, "openssl", &[&new[..], &made].concat());
    let (csr, pem) = (path(".csr"), path(".pem"));
    let sign = ["x509", "-req", "-in", &csr, "-CA", &ca_pem, "-CAkey", &ca_key, "-CAcreateserial"];
    run(folder, "openssl", &[&sign[..], &["-days", "365", "-out", &pem]].concat());
    let ca_der = path("-ca.der");
    run(folder, "openssl", &["x509", "-in", &ca_pem, "-outform", "DER", "-out", &ca_der]);
}

/// Signs `file` in the folder; with `sbsign` each further signature is one more entry.
fn sign(folder: &Path, file: &str, by: &str) {
    let (key, cert, ca) = (format!("{by}.key"), format!("{by}.pem"), format!("{by}-ca.pem"));
    let args = ["--key", &key, "--cert", &cert, "--addcert", &ca, "--output", file, file];
    run(folder, "sbsign", &args);
}

fn read(bytes: &[u8]) -> Vec<Signature> {
    let image = PeImage::parse(bytes).unwrap();
    signatures(&image).into_iter().collect::<Result<_, _>>().unwrap()
}

#[test]
fn two_signatures_are_both_read_and_a_changed_byte_breaks_both() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    authority(folder, "one", "First CA");
    authority(folder, "two", "Second CA");
    let plain = application(X64);
    fs::write(folder.join("loader.efi"), &plain).unwrap();
    assert!(read(&plain).is_empty());
    sign(folder, "loader.efi", "one");
    sign(folder, "loader.efi", "two");
    let signed = fs::read(folder.join("loader.efi")).unwrap();

    let found = read(&signed);
    let names: Vec<(String, &str)> =
        found.iter().map(|s| (s.ca.to_string(), &*s.subject)).collect();
    let expected =
        [("First CA".to_owned(), "First CA signer"), ("Second CA".to_owned(), "Second CA signer")];
    assert_eq!(names, expected);
    assert!(found.iter().all(|s| s.is_sound() && s.holds == Verdict::Right), "{found:?}");
    assert!(found.iter().all(|s| s.has_ca_certificate && s.issuers == [s.ca.to_string()]));
    let vouched = |ca: &str| found[0].is_vouched_for_by(&fs::read(folder.join(ca)).unwrap());
    assert_eq!(vouched("one-ca.der"), Verdict::Right);
    assert_eq!(vouched("two-ca.der"), Verdict::Wrong);

    // The section's first byte, and one of the headers.
    for at in [0x400, 0x86] {
        let mut changed = signed.clone();
        changed[at] ^= 1;
        let Ok(image) = PeImage::parse(&changed) else { continue };
        for signature in signatures(&image) {
            assert!(!signature.unwrap().digest_matches, "byte {at}");
        }
    }
    // The checksum is not signed.
    let mut changed = signed;
    changed[0x80 + 24 + 64] ^= 1;
    assert!(read(&changed).iter().all(Signature::is_sound));
}

#[test]
fn a_signature_with_a_changed_byte_does_not_hold() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    authority(folder, "one", "First CA");
    fs::write(folder.join("loader.efi"), application(X64)).unwrap();
    sign(folder, "loader.efi", "one");
    let mut signed = fs::read(folder.join("loader.efi")).unwrap();
    // The RSA signature is what stands last, before up to seven zeros.
    let last = signed.iter().rposition(|byte| *byte != 0).unwrap();
    signed[last - 20] ^= 1;
    let [signature] = &read(&signed)[..] else { panic!("one signature") };
    assert!(signature.digest_matches);
    assert_eq!(signature.holds, Verdict::Wrong);
    assert!(!signature.is_sound());
}

#[test]
fn an_authority_that_only_calls_itself_as_microsoft_does_is_another() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    authority(folder, "pretender", "Microsoft UEFI CA 2023");
    fs::write(folder.join("loader.efi"), application(X64)).unwrap();
    sign(folder, "loader.efi", "pretender");
    let [signature] = &read(&fs::read(folder.join("loader.efi")).unwrap())[..] else { panic!() };
    assert!(signature.is_sound());
    assert_eq!(signature.ca.generation(), None, "{}", signature.ca);
}

#[test]
fn what_is_no_signature_is_told_and_does_not_hide_the_others() {
    let bytes = with_certificates(application(X64), &[(1, b"X.509"), (2, b"no DER"), (2, b"")]);
    let image = PeImage::parse(&bytes).unwrap();
    let found = signatures(&image);
    assert_eq!(found.len(), 3);
    assert!(matches!(found[0], Err(SignatureError::Kind { kind: 1 })));
    assert!(found[1..].iter().all(|s| matches!(s, Err(SignatureError::Malformed(_)))), "{found:?}");
}
