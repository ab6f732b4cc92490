//! PE images that firmware would load, with programs that do nothing.

pub const X64: u16 = 0x8664;
pub const X86: u16 = 0x014C;
pub const ARM64: u16 = 0xAA64;

/// IMAGE_SUBSYSTEM_EFI_APPLICATION.
pub const EFI_APPLICATION: u16 = 10;

const PE: usize = 0x80;
const OPTIONAL: usize = PE + 24;
const OPTIONAL_LEN: usize = 240;
/// SizeOfHeaders, and where the first section lies.
const HEADERS: usize = 0x400;
const FILE_ALIGNMENT: usize = 0x200;
/// The directory entry of the certificate table.
const SECURITY: usize = OPTIONAL + 112 + 4 * 8;

/// An application of EFI with a section of code.
pub fn application(machine: u16) -> Vec<u8> {
    image(machine, EFI_APPLICATION, &[(b".text\0\0\0", &[0x90; 700])])
}

/// A PE32+ image with these sections.
pub fn image(machine: u16, subsystem: u16, sections: &[(&[u8; 8], &[u8])]) -> Vec<u8> {
    let mut bytes = vec![0; HEADERS];
    bytes[..2].copy_from_slice(b"MZ");
    put32(&mut bytes, 0x3C, PE as u32);
    bytes[PE..PE + 4].copy_from_slice(b"PE\0\0");
    put16(&mut bytes, PE + 4, machine);
    put16(&mut bytes, PE + 6, sections.len() as u16);
    put16(&mut bytes, PE + 20, OPTIONAL_LEN as u16);
    put16(&mut bytes, PE + 22, 0x0022);
    put16(&mut bytes, OPTIONAL, 0x20B);
    put32(&mut bytes, OPTIONAL + 16, 0x1000);
    put32(&mut bytes, OPTIONAL + 20, 0x1000);
    put32(&mut bytes, OPTIONAL + 32, 0x1000);
    put32(&mut bytes, OPTIONAL + 36, FILE_ALIGNMENT as u32);
    put32(&mut bytes, OPTIONAL + 56, 0x1000 * (sections.len() as u32 + 1));
    put32(&mut bytes, OPTIONAL + 60, HEADERS as u32);
    put16(&mut bytes, OPTIONAL + 68, subsystem);
    put32(&mut bytes, OPTIONAL + 108, 16);
    for (number, (name, data)) in sections.iter().enumerate() {
        let at = OPTIONAL + OPTIONAL_LEN + 40 * number;
        let (start, len) = (bytes.len(), data.len().next_multiple_of(FILE_ALIGNMENT));
        bytes[at..at + 8].copy_from_slice(*name);
        put32(&mut bytes, at + 8, data.len() as u32);
        put32(&mut bytes, at + 12, 0x1000 * (number as u32 + 1));
        put32(&mut bytes, at + 16, len as u32);
        put32(&mut bytes, at + 20, start as u32);
        put32(&mut bytes, at + 36, 0x6000_0020);
        bytes.extend_from_slice(data);
        bytes.resize(start + len, 0);
    }
    bytes
}

/// Adds a certificate table with these entries: kind and data.
pub fn with_certificates(mut image: Vec<u8>, entries: &[(u16, &[u8])]) -> Vec<u8> {
    image.resize(image.len().next_multiple_of(8), 0);
    let start = image.len();
    for (kind, data) in entries {
        image.extend_from_slice(&(data.len() as u32 + 8).to_le_bytes());
        image.extend_from_slice(&0x0200u16.to_le_bytes());
        image.extend_from_slice(&kind.to_le_bytes());
        image.extend_from_slice(data);
        image.resize(image.len().next_multiple_of(8), 0);
    }
    let len = image.len() - start;
    put32(&mut image, SECURITY, start as u32);
    put32(&mut image, SECURITY + 4, len as u32);
    image
}

/// A shim that trusts the owner of this certificate, in DER.
pub fn shim(machine: u16, certificate: &[u8]) -> Vec<u8> {
    let mut vendor = Vec::new();
    for word in [certificate.len() as u32, 0, 16, 16 + certificate.len() as u32] {
        vendor.extend_from_slice(&word.to_le_bytes());
    }
    vendor.extend_from_slice(certificate);
    let sections: [(&[u8; 8], &[u8]); 2] = [(b".text\0\0\0", &[0x90; 700]), (b".vendor_", &vendor)];
    image(machine, EFI_APPLICATION, &sections)
}

fn put16(bytes: &mut [u8], at: usize, value: u16) {
    bytes[at..at + 2].copy_from_slice(&value.to_le_bytes());
}

fn put32(bytes: &mut [u8], at: usize, value: u32) {
    bytes[at..at + 4].copy_from_slice(&value.to_le_bytes());
}
