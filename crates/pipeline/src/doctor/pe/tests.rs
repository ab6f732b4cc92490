use super::*;
use crate::doctor::made_up::pe::{
    ARM64, EFI_APPLICATION, X64, X86, application, image, shim, with_certificates,
};

#[test]
fn machine_and_subsystem_are_read() {
    let machines =
        [(X64, Architecture::X64), (X86, Architecture::X86), (ARM64, Architecture::Arm64)];
    for (machine, architecture) in machines {
        let bytes = application(machine);
        let image = PeImage::parse(&bytes).unwrap();
        assert_eq!(image.architecture, architecture);
        assert!(image.is_efi_application());
        assert!(image.certificates().is_empty());
    }
    let bytes = image(0x1234, 16, &[]);
    let image = PeImage::parse(&bytes).unwrap();
    assert_eq!(image.architecture.to_string(), "machine 0x1234");
    assert!(!image.is_efi_application());
}

#[test]
fn everything_is_hashed_but_checksum_directory_entry_and_certificates() {
    let mut plain = application(X64);
    plain.extend_from_slice(b"behind!!");
    let bytes = with_certificates(plain.clone(), &[(2, b"certificate")]);
    let image = PeImage::parse(&bytes).unwrap();
    let hashed = image.hashed().unwrap().concat();
    assert_eq!(hashed.len(), plain.len() - 4 - 8);
    assert!(hashed.ends_with(b"behind!!"));
}

#[test]
fn sections_that_overlap_are_refused_before_they_are_hashed() {
    let mut bytes = image(X64, EFI_APPLICATION, &[(b".text\0\0\0", &[1; 512][..]); 3]);
    let table = 0x80 + 24 + 240;
    for section in 1..3 {
        bytes.copy_within(table + 16..table + 24, table + 40 * section + 16);
    }
    bytes.truncate(bytes.len() - 1024);
    assert_eq!(PeImage::parse(&bytes).unwrap().hashed(), Err(PeError::Overlap));
}

#[test]
fn long_names_of_sections_are_found_in_the_string_table() {
    let mut bytes = image(X64, EFI_APPLICATION, &[(b"/4\0\0\0\0\0\0", b"data")]);
    assert!(PeImage::parse(&bytes).unwrap().section(".vendor_cert").is_none());
    let strings = bytes.len() as u32;
    bytes[0x80 + 12..0x80 + 16].copy_from_slice(&strings.to_le_bytes());
    bytes.extend_from_slice(b"\x11\0\0\0.vendor_cert\0");
    let image = PeImage::parse(&bytes).unwrap();
    assert!(image.section(".vendor_cert").unwrap().starts_with(b"data"));
    assert!(image.section(".vendor").is_none());
    let bytes = shim(X64, b"certificate");
    assert!(PeImage::parse(&bytes).unwrap().section(".vendor_cert").is_some());
}

#[test]
fn whatever_is_cut_off_or_changed_is_answered() {
    let whole = with_certificates(application(X64), &[(2, b"one"), (2, b"two")]);
    for len in 0..whole.len() {
        assert!(PeImage::parse(&whole[..len]).is_err(), "{len} bytes");
    }
    for at in 0..0x200 {
        for mask in [0x01, 0x80, 0xFF] {
            let mut bytes = whole.clone();
            bytes[at] ^= mask;
            if let Ok(image) = PeImage::parse(&bytes) {
                let _ = image.hashed();
                image.certificates();
                image.section(".vendor_cert");
            }
        }
    }
}

#[test]
fn a_certificate_that_leaves_the_table_ends_it() {
    let mut bytes = with_certificates(application(X64), &[(2, b"one"), (2, b"two")]);
    let second = bytes.len() - 16;
    bytes[second] = 200;
    let found = PeImage::parse(&bytes).unwrap().certificates();
    assert!(matches!(found[..], [Ok(_), Err(PeError::Truncated { .. })]), "{found:?}");
}
