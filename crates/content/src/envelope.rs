//! The envelope of what a password protects.
//!
//! Version 1, little-endian: 8 bytes magic `TSMENV\0\0`; version 4; Argon2id memory in KiB 4, passes
//! 4, lanes 4; salt 16; nonce prefix 19; zeros 5: 64 bytes in all. Then segments of 65,536 bytes
//! (the last one shorter, and empty only if everything is), each followed by its 16-byte tag:
//! XChaCha20-Poly1305 in STREAM form, the nonce being the prefix, the segment's number (4 bytes,
//! big-endian) and 1 for the last segment, else 0. The header is the associated data.
//!
//! The nonce prefix is a keyed digest of the plain text (HMAC-SHA-256 with the second half of what
//! Argon2id yields): the same media come out byte for byte again, and no two texts share a nonce.

use argon2::{Algorithm, Argon2, Params, Version};
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use hmac::{Hmac, Mac};
use sha2::Sha256;
use thiserror::Error;
use zeroize::Zeroizing;

const MAGIC: &[u8; 8] = b"TSMENV\0\0";
const VERSION: u32 = 1;
const HEADER: usize = 64;
const SEGMENT: usize = 64 * 1024;
const TAG: usize = 16;

/// Windows PE opens media in RAM: more memory than this could not be counted on.
const MEMORY_KIB: u32 = 64 * 1024;
const PASSES: u32 = 3;
const LANES: u32 = 1;

/// What keeps a hostile header from taking all memory or hours.
const MEMORY_KIB_MAX: u32 = 1 << 20;
const PASSES_MAX: u32 = 64;

/// Why an envelope does not open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum EnvelopeError {
    /// The first segment does not open: another password, or a damaged file.
    #[error("the password is wrong")]
    WrongPassword,
    /// The password opens the beginning, but not all of it.
    #[error("the protected file is damaged")]
    Damaged,
    /// It does not begin as an envelope does, or its numbers are out of range.
    #[error("this is no envelope that this version can open")]
    NotAnEnvelope,
}

/// Whether these bytes begin as an envelope does.
pub fn is_envelope(bytes: &[u8]) -> bool {
    bytes.starts_with(MAGIC)
}

/// The length of the envelope of `len` bytes.
pub fn sealed_len(len: usize) -> usize {
    HEADER + len + TAG * len.div_ceil(SEGMENT).max(1)
}

/// Seals a text. The salt need not be secret, but should differ between media.
pub fn seal(plain: &[u8], password: &str, salt: [u8; 16]) -> Vec<u8> {
    let mut header = [0; HEADER];
    header[..8].copy_from_slice(MAGIC);
    header[8..12].copy_from_slice(&VERSION.to_le_bytes());
    header[12..16].copy_from_slice(&MEMORY_KIB.to_le_bytes());
    header[16..20].copy_from_slice(&PASSES.to_le_bytes());
    header[20..24].copy_from_slice(&LANES.to_le_bytes());
    header[24..40].copy_from_slice(&salt);
    let params = Params::new(MEMORY_KIB, PASSES, LANES, Some(64))
        .expect("the constants are within Argon2's bounds");
    let keys = keys(password, &salt, params).expect("a salt of 16 bytes is long enough");
    header[40..59].copy_from_slice(&nonce_prefix(&keys, plain));

    let cipher = cipher(&keys);
    let mut sealed = header.to_vec();
    sealed.reserve(sealed_len(plain.len()) - HEADER);
    let last = plain.len().div_ceil(SEGMENT).max(1) - 1;
    for number in 0..=last {
        let end = plain.len().min((number + 1) * SEGMENT);
        let msg = &plain[number * SEGMENT..end];
        let nonce = nonce(&header, number as u32, number == last);
        let segment = cipher
            .encrypt(&nonce, Payload { msg, aad: &header })
            .expect("a segment is far below the cipher's limit");
        sealed.extend(segment);
    }
    sealed
}

/// Opens an envelope.
pub fn open(sealed: &[u8], password: &str) -> Result<Zeroizing<Vec<u8>>, EnvelopeError> {
    let (header, mut rest) =
        sealed.split_first_chunk::<HEADER>().ok_or(EnvelopeError::NotAnEnvelope)?;
    let word = |at: usize| u32::from_le_bytes(header[at..at + 4].try_into().expect("4 bytes"));
    let (memory, passes, lanes) = (word(12), word(16), word(20));
    let plausible = header.starts_with(MAGIC)
        && word(8) == VERSION
        && memory <= MEMORY_KIB_MAX
        && passes <= PASSES_MAX
        && lanes <= 16;
    if !plausible {
        return Err(EnvelopeError::NotAnEnvelope);
    }
    let params =
        Params::new(memory, passes, lanes, Some(64)).map_err(|_| EnvelopeError::NotAnEnvelope)?;
    let keys = keys(password, &header[24..40], params)?;
    let cipher = cipher(&keys);
    let mut plain = Zeroizing::new(Vec::with_capacity(rest.len()));
    let mut number = 0u32;
    loop {
        let len = rest.len().min(SEGMENT + TAG);
        let (msg, after) = rest.split_at(len);
        let nonce = nonce(header, number, after.is_empty());
        let segment = cipher.decrypt(&nonce, Payload { msg, aad: header }).map_err(|_| {
            if number == 0 { EnvelopeError::WrongPassword } else { EnvelopeError::Damaged }
        })?;
        plain.extend_from_slice(&Zeroizing::new(segment));
        if after.is_empty() {
            return Ok(plain);
        }
        rest = after;
        number = number.checked_add(1).ok_or(EnvelopeError::Damaged)?;
    }
}

type Keys = Zeroizing<[u8; 64]>;

fn keys(password: &str, salt: &[u8], params: Params) -> Result<Keys, EnvelopeError> {
    let mut keys = Zeroizing::new([0; 64]);
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(password.as_bytes(), salt, keys.as_mut_slice())
        .map_err(|_| EnvelopeError::NotAnEnvelope)?;
    Ok(keys)
}

fn cipher(keys: &Keys) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new_from_slice(&keys[..32]).expect("the key has 32 bytes")
}

fn nonce_prefix(keys: &Keys, plain: &[u8]) -> [u8; 19] {
    let mut mac =
        Hmac::<Sha256>::new_from_slice(&keys[32..]).expect("HMAC takes keys of any length");
    mac.update(plain);
    let digest = mac.finalize().into_bytes();
    std::array::from_fn(|index| digest[index])
}

fn nonce(header: &[u8; HEADER], number: u32, last: bool) -> XNonce {
    let mut nonce = [0; 24];
    nonce[..19].copy_from_slice(&header[40..59]);
    nonce[19..23].copy_from_slice(&number.to_be_bytes());
    nonce[23] = u8::from(last);
    nonce.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SALT: [u8; 16] = [5; 16];

    #[test]
    fn what_is_sealed_opens_with_the_same_password_only() {
        for len in [0, SEGMENT, SEGMENT + 1] {
            let plain: Vec<u8> = (0..len).map(|at| at as u8).collect();
            let sealed = seal(&plain, "correct horse", SALT);
            assert_eq!(sealed.len(), sealed_len(len));
            assert!(is_envelope(&sealed));
            assert_eq!(open(&sealed, "correct horse").as_deref(), Ok(&plain));
            assert_eq!(open(&sealed, "correct Horse"), Err(EnvelopeError::WrongPassword));
        }
    }

    #[test]
    fn sealing_again_gives_the_same_bytes_and_another_text_another_nonce() {
        let sealed = seal(b"text", "pass", SALT);
        assert_eq!(sealed, seal(b"text", "pass", SALT));
        assert_ne!(sealed[40..59], seal(b"Text", "pass", SALT)[40..59]);
    }

    #[test]
    fn every_changed_byte_and_every_cut_is_noticed() {
        let plain = vec![7; SEGMENT + 100];
        let sealed = seal(&plain, "pass", SALT);
        // One place of each field; a change of Argon2's numbers would only take long.
        let places =
            [0, 8, 24, 40, 60, HEADER, HEADER + SEGMENT, HEADER + SEGMENT + TAG, sealed.len() - 1];
        for at in places {
            let mut damaged = sealed.clone();
            damaged[at] ^= 0x80;
            assert!(open(&damaged, "pass").is_err(), "byte {at}");
        }
        for len in [0, HEADER - 1, HEADER, HEADER + SEGMENT + TAG] {
            assert!(open(&sealed[..len], "pass").is_err(), "cut to {len}");
        }
    }

    #[test]
    fn a_header_that_asks_for_all_memory_is_refused() {
        let mut sealed = seal(b"text", "pass", SALT);
        sealed[12..16].copy_from_slice(&u32::MAX.to_le_bytes());
        assert_eq!(open(&sealed, "pass"), Err(EnvelopeError::NotAnEnvelope));
    }
}
