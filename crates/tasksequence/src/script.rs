//! Inline PowerShell: base64 of UTF-16LE with a byte-order mark.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// A reason why an inline script cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ScriptError {
    /// The text is not base64.
    #[error("inline script is not base64")]
    Base64(#[source] base64::DecodeError),
    /// The bytes are not UTF-16.
    #[error("inline script is not UTF-16 text")]
    Encoding,
}

/// Decodes an inline script; white space in the base64 text and a missing byte-order mark are accepted.
pub fn decode_script(encoded: &str) -> Result<String, ScriptError> {
    let compact: String = encoded.split_ascii_whitespace().collect();
    let bytes = STANDARD.decode(compact).map_err(ScriptError::Base64)?;
    let bytes = bytes.strip_prefix(&[0xff, 0xfe]).unwrap_or(&bytes);
    if !bytes.len().is_multiple_of(2) {
        return Err(ScriptError::Encoding);
    }
    let units = bytes.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]]));
    char::decode_utf16(units).collect::<Result<String, _>>().map_err(|_| ScriptError::Encoding)
}

/// Encodes a script as the editor does: UTF-16LE with a byte-order mark, in base64.
pub fn encode_script(script: &str) -> String {
    let units = std::iter::once(0xfeff).chain(script.encode_utf16());
    let bytes: Vec<u8> = units.flat_map(u16::to_le_bytes).collect();
    STANDARD.encode(bytes)
}
