//! Shows the metadata of an image as text, each line with the offset of what it shows.
//!
//! For people who look into an image, and for tests whose expectations can be read.

mod partition;
mod volume;

use std::fmt::{self, Write};

use crate::read::{ReadAt, ReadError};

/// What a dump shows.
#[derive(Clone, Copy, Debug)]
pub struct DumpOptions {
    /// Whether the entries of directories are shown; the default is yes.
    pub files: bool,
}

impl Default for DumpOptions {
    fn default() -> Self {
        Self { files: true }
    }
}

/// Appends the dump of an image to `out`, one structure a line: `+` and the offset in the image in
/// hexadecimal digits, then what it is and its fields.
///
/// What cannot be read is shown as a line that says why; the rest is shown all the same. Err only
/// if `out` takes no more.
pub fn dump(image: &dyn ReadAt, options: &DumpOptions, out: &mut dyn Write) -> fmt::Result {
    let mut dump = Dump { image, options, out };
    dump.partition_tables()?;
    dump.volume()
}

/// Returns the dump of an image as one text.
pub fn dump_to_string(image: &dyn ReadAt, options: &DumpOptions) -> String {
    let mut text = String::new();
    dump(image, options, &mut text).expect("because a String takes whatever is written");
    text
}

struct Dump<'a> {
    image: &'a dyn ReadAt,
    options: &'a DumpOptions,
    out: &'a mut dyn Write,
}

impl Dump<'_> {
    fn line(&mut self, offset: u64, text: fmt::Arguments<'_>) -> fmt::Result {
        writeln!(self.out, "+{offset:08x} {text}")
    }

    fn error(&mut self, error: &ReadError) -> fmt::Result {
        self.line(error.offset().unwrap_or(0), format_args!("ERROR {error}"))
    }
}

/// Bytes as text where they are printable ASCII.
fn escaped(bytes: &[u8]) -> impl fmt::Display {
    bytes.escape_ascii().to_string()
}
