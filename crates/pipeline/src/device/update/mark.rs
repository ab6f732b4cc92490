//! What a stick says while it is being updated: which files belong to media, old or new.
//!
//! The media have no `media.json` in that time. The mark tells the next update that the last one
//! was interrupted, and which files it may remove.

use std::collections::BTreeSet;

use content::Digest;
use sha2::{Digest as _, Sha256};

/// Where it lies. There are two places, so that one mark can be replaced by another one.
pub const PATHS: [&str; 2] = ["SMS/data/update.txt", "SMS/data/update2.txt"];

/// The most bytes that are read of one.
pub const LEN_MAX: u64 = 1 << 30;

const FORMAT: &str = "tsmedia-update 1";

/// Encodes the paths that belong to media; those of directories end with `/`.
pub fn encode(paths: &BTreeSet<String>) -> Vec<u8> {
    let lines: String = paths.iter().map(|path| format!("{path}\n")).collect();
    let digest = Digest(Sha256::digest(&lines).into());
    format!("{FORMAT} {digest}\n{lines}").into_bytes()
}

/// The paths of a mark; `None` if it is none or was changed.
pub fn decode(bytes: &[u8]) -> Option<BTreeSet<String>> {
    let text = std::str::from_utf8(bytes).ok()?;
    let (head, lines) = text.split_once('\n')?;
    let digest = Digest(Sha256::digest(lines).into());
    (head == format!("{FORMAT} {digest}")).then(|| lines.lines().map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_read_as_it_was_written_and_not_if_it_was_changed() {
        let paths = BTreeSet::from(["SMS/PKG/1/".to_owned(), "SMS/PKG/1/ä b".to_owned()]);
        let bytes = encode(&paths);
        assert_eq!(decode(&bytes), Some(paths));
        for at in 0..bytes.len() {
            let mut wrong = bytes.clone();
            wrong[at] ^= 1;
            assert_eq!(decode(&wrong), None, "{at}");
        }
        assert_eq!(decode(&bytes[..bytes.len() - 1]), None);
        assert_eq!(decode(b""), None);
    }
}
