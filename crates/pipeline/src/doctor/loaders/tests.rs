use super::*;

/// A section `.vendor_cert` that trusts `trusted`.
fn section(trusted: &[u8]) -> Vec<u8> {
    let words = [trusted.len() as u32, 0, 16, 16];
    let mut section: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
    section.extend_from_slice(trusted);
    section
}

/// An EFI_SIGNATURE_LIST of entries of this type.
fn list(kind: [u8; 16], entries: &[&[u8]]) -> Vec<u8> {
    let size = entries[0].len() + 16;
    let mut list = kind.to_vec();
    for word in [28 + size * entries.len(), 0, size] {
        list.extend_from_slice(&(word as u32).to_le_bytes());
    }
    for entry in entries {
        list.extend_from_slice(&[9; 16]);
        list.extend_from_slice(entry);
    }
    list
}

#[test]
fn a_shim_holds_one_certificate_or_lists_of_them() {
    const X509: [u8; 16] = *b"\xA1\x59\xC0\xA5\xE4\x94\xA7\x4A\x87\xB5\xAB\x15\x5C\x2B\xF0\x72";
    let der = b"\x30\x03one".to_vec();
    assert_eq!(vendor_certificates(&section(&der)), [der]);
    let lists = [list([7; 16], &[b"hash"]), list(X509, &[b"one", b"two"]), list(X509, &[b"three"])];
    let found = vendor_certificates(&section(&lists.concat()));
    assert_eq!(found, [&b"one"[..], b"two", b"three"]);
}

#[test]
fn a_list_that_contradicts_itself_ends_the_reading() {
    let whole = section(&[list([7; 16], &[b"hash"]), list([8; 16], &[b"more"])].concat());
    for at in 0..whole.len() {
        for mask in [0x01, 0x80, 0xFF] {
            let mut changed = whole.clone();
            changed[at] ^= mask;
            vendor_certificates(&changed);
        }
        vendor_certificates(&whole[..at]);
    }
}
