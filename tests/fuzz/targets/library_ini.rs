//! The INI files of a content library, in both encodings.

#![no_main]

use content::library::{Ini, content_hash, content_version, library_file, package_contents};
use libfuzzer_sys::fuzz_target;

const FILE: &str = "[File]\r\nSize=5\r\nHash[SHA256]=\
    00112233445566778899AABBCCDDEEFF00112233445566778899AABBCCDDEEFF\r\n[Info]\r\nHash=00\r\n";
const PACKAGE: &str = "[Packages]\r\nABC00001.3=\r\nABC00001.4=\r\n";

fn utf16(text: &str) -> Vec<u8> {
    "\u{feff}".encode_utf16().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect()
}

fuzz_target!(
    init: seeds::write([FILE.as_bytes(), PACKAGE.as_bytes(), &utf16(FILE), &utf16(PACKAGE)]),
    |bytes: &[u8]| {
        let Ok(ini) = Ini::parse(bytes) else { return };
        let _ = library_file(&ini);
        let _ = content_hash(&ini);
        for content in package_contents(&ini) {
            assert!(!content.is_empty());
            let _ = content_version(&content);
        }
    }
);
