//! Text from the bytes of a file.

/// A reason why bytes are not taken as text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EncodingError {
    /// The bytes are not UTF-8, and no byte-order mark says otherwise.
    #[error("the text is not UTF-8 after byte `{valid_up_to}`")]
    Utf8 {
        /// How many bytes from the start are valid.
        valid_up_to: usize,
    },
    /// A byte-order mark says UTF-16, but the bytes are not.
    #[error("the text is not UTF-16")]
    Utf16,
}

/// Decodes UTF-8, or UTF-16 with a byte-order mark; the mark is not part of the text.
pub fn decode(bytes: &[u8]) -> Result<String, EncodingError> {
    match bytes {
        [0xff, 0xfe, rest @ ..] => utf16(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => utf16(rest, u16::from_be_bytes),
        _ => {
            let bytes = bytes.strip_prefix(&[0xef, 0xbb, 0xbf]).unwrap_or(bytes);
            let text = std::str::from_utf8(bytes);
            text.map(str::to_owned)
                .map_err(|error| EncodingError::Utf8 { valid_up_to: error.valid_up_to() })
        }
    }
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Result<String, EncodingError> {
    if !bytes.len().is_multiple_of(2) {
        return Err(EncodingError::Utf16);
    }
    let units = bytes.chunks_exact(2).map(|pair| unit([pair[0], pair[1]]));
    char::decode_utf16(units).collect::<Result<String, _>>().map_err(|_| EncodingError::Utf16)
}
