//! Captures a folder with our layer over libwim.

use std::path::Path;

use wim::libwim::{CaptureSource, Compression, UnixOptions, Wim, WriteOptions, silent};
use wim::{Algorithm, ImageTexts};

/// Captures `source` into `target`; `compression` is `none`, `XPRESS` or `LZX`.
pub fn capture(compression: &str, source: &Path, target: &Path) -> Result<(), String> {
    let algorithm = match compression {
        "none" => Algorithm::None,
        "XPRESS" => Algorithm::Xpress,
        "LZX" => Algorithm::Lzx,
        other => return Err(format!("no such compression: {other}")),
    };
    let compression = Compression::new(algorithm);
    let texts = ImageTexts { name: "Captured".to_owned(), ..ImageTexts::default() };
    let sources = [CaptureSource { source: source.to_owned(), target: String::new() }];
    let write = || {
        let mut wim = Wim::create(&compression)?;
        wim.capture(&sources, &texts, &UnixOptions::default(), &mut silent)?;
        // The bench's own `sync` counts on both sides.
        let options = WriteOptions { sync: false, ..WriteOptions::new(compression) };
        wim.write(target, &options, &mut silent)
    };
    write().map(|_| ()).map_err(|error: wim::Error| error.to_string())
}
