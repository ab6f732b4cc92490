//! What libwim does for this crate, checked by wimlib-imagex and 7-Zip.
//!
//! A program that is missing fails the test that needs it.

#[path = "../support/mod.rs"]
mod support;

mod capture;
mod errors;
mod progress;
mod properties;
mod reproducible;
mod split;
mod update;

use std::path::Path;

use support::Files;
use wim::ImageTexts;
use wim::libwim::{CaptureSource, Compression, Fixed, UnixOptions, Wim, WriteOptions, silent};

/// A folder as the whole of an image.
pub fn whole(folder: &Path) -> Vec<CaptureSource> {
    vec![CaptureSource { source: folder.to_owned(), target: String::new() }]
}

/// An image's name and nothing else.
pub fn named(name: &str) -> ImageTexts {
    ImageTexts { name: name.to_owned(), ..ImageTexts::default() }
}

/// What tests fix.
pub fn fixed() -> Fixed {
    let options = support::options();
    Fixed { guid: options.guid, time: options.created }
}

/// Compressed like this, not synced, as tests do not outlive a loss of power.
pub fn unsynced(compression: Compression) -> WriteOptions {
    WriteOptions { sync: false, ..WriteOptions::new(compression) }
}

/// Captures folders as images of these names into a file.
pub fn capture(images: &[(&str, &Path)], path: &Path, options: &WriteOptions) {
    let mut wim = Wim::create(&options.compression).unwrap();
    for (name, folder) in images {
        let unix = UnixOptions::default();
        wim.capture(&whole(folder), &named(name), &unix, &mut silent).unwrap();
    }
    wim.write(path, options, &mut silent).unwrap();
}

/// The files of an image, extracted by this crate.
pub fn applied(wim: &Path, image: u32, folder: &Path) -> Files {
    let mut wim = Wim::open(wim).unwrap();
    wim.apply(image, folder, &UnixOptions::default(), &mut silent).unwrap();
    support::read_files(folder)
}
