//! OSTA compressed Unicode (UDF 1.02 §2.1.1): one byte a character if all are of Latin-1, else
//! UTF-16.
//!
//! UDF 1.02 says UCS-2; characters outside the BMP are stored as surrogate pairs, as Windows does
//! and Linux reads them.

/// The compression id for one byte a character.
const COMPRESSION_8: u8 = 8;
/// The compression id for two bytes a unit, big-endian.
const COMPRESSION_16: u8 = 16;

/// Appends the text with its compression id; nothing for an empty text.
pub(crate) fn cs0(text: &str, out: &mut Vec<u8>) {
    if text.is_empty() {
        return;
    }
    if is_latin1(text) {
        out.push(COMPRESSION_8);
        out.extend(text.chars().map(|character| character as u8));
    } else {
        out.push(COMPRESSION_16);
        out.extend(text.encode_utf16().flat_map(u16::to_be_bytes));
    }
}

/// How many bytes [`cs0`] appends.
pub(super) fn encoded_len(text: &str) -> usize {
    if text.is_empty() {
        0
    } else if text.is_ascii() {
        1 + text.len()
    } else if is_latin1(text) {
        1 + text.chars().count()
    } else {
        1 + 2 * text.encode_utf16().count()
    }
}

/// A field of fixed length: the text, cut if it must be, zeros, and the length of what is used
/// (ECMA-167 1/7.2.12).
pub(crate) fn dstring<const N: usize>(text: &str) -> [u8; N] {
    let mut field = [0; N];
    let mut end = text.len();
    while encoded_len(&text[..end]) > N - 1 {
        end = text.floor_char_boundary(end - 1);
    }
    let mut encoded = Vec::with_capacity(N);
    cs0(&text[..end], &mut encoded);
    field[..encoded.len()].copy_from_slice(&encoded);
    field[N - 1] = encoded.len() as u8;
    field
}

fn is_latin1(text: &str) -> bool {
    text.is_ascii() || text.chars().all(|character| character as u32 <= 0xFF)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(text: &str) -> Vec<u8> {
        let mut out = Vec::new();
        cs0(text, &mut out);
        assert_eq!(out.len(), encoded_len(text));
        out
    }

    #[test]
    fn latin_1_takes_one_byte_a_character_and_the_rest_two() {
        assert_eq!(encoded(""), b"");
        assert_eq!(encoded("aé"), [8, b'a', 0xE9]);
        assert_eq!(encoded("aΩ"), [16, 0, b'a', 0x03, 0xA9]);
        assert_eq!(encoded("😀"), [16, 0xD8, 0x3D, 0xDE, 0x00]);
    }

    #[test]
    fn a_dstring_ends_with_its_length_and_is_cut_between_characters() {
        assert_eq!(dstring::<8>("ab"), [8, b'a', b'b', 0, 0, 0, 0, 3]);
        assert_eq!(dstring::<4>("abcdef"), [8, b'a', b'b', 3]);
        assert_eq!(dstring::<6>("Ω😀"), [16, 0x03, 0xA9, 0, 0, 3]);
        assert_eq!(dstring::<4>(""), [0; 4]);
    }
}
