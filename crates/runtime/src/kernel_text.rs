//! What the kernel says in the small files of `/sys` and `/proc`.

use std::fs;
use std::path::Path;

/// Reads a file without the blanks around its text; `None` when it cannot be read.
pub(crate) fn text_in(path: &Path) -> Option<String> {
    fs::read_to_string(path).ok().map(|text| text.trim().to_owned())
}

/// Reads a number in decimal.
pub(crate) fn number_in(path: &Path) -> Option<u64> {
    text_in(path)?.parse().ok()
}
