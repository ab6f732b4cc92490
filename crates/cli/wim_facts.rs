//! What a WIM says of itself.

use pipeline::image_file::ImageFile;
use serde_json::{Value, json};
use wim::read::{ImageInfo, WimInfo};

use crate::exit::{CommandError, Exit};
use crate::report::{count, size};

/// Reads header, blob table and XML data.
pub fn read(image: &ImageFile) -> Result<WimInfo, CommandError> {
    wim::read::inspect(image).map_err(|error| {
        CommandError::new(Exit::Integrity, format!("`{}`: {error}", image.path().display()))
    })
}

/// The facts as a part of the document of `inspect --json`.
pub fn document(info: &WimInfo) -> Value {
    let statistics = &info.statistics;
    json!({
        "bytes": info.len,
        "compression": compression(info),
        "chunk_bytes": info.header.chunk_size,
        "solid": statistics.is_solid(),
        "part": info.header.part,
        "parts": info.header.parts,
        "boot_index": info.header.boot_index,
        "integrity_table": info.header.has_integrity_table(),
        "guid": info.header.guid.to_string(),
        "images": info.images.iter().map(image_document).collect::<Vec<_>>(),
        "blobs": {
            "count": statistics.blobs,
            "bytes": statistics.blob_bytes,
            "stored_bytes": statistics.stored_bytes,
            "references": statistics.references,
            "shared_bytes": statistics.shared_bytes(),
        },
    })
}

fn image_document(image: &ImageInfo) -> Value {
    let windows = image.windows.as_ref();
    json!({
        "index": image.index,
        "name": image.name,
        "description": image.description,
        "files": image.files,
        "directories": image.directories,
        "bytes": image.total_bytes,
        "architecture": windows.and_then(|windows| windows.architecture).map(|of| of.to_string()),
        "edition": windows.and_then(|windows| windows.edition.as_deref()),
        "version": windows.and_then(|windows| windows.version.as_deref()),
        "languages": windows.map(|windows| &windows.languages),
    })
}

/// The facts for people.
pub fn text(image: &ImageFile, info: &WimInfo) -> String {
    let (header, statistics) = (&info.header, &info.statistics);
    let solid = if statistics.is_solid() { ", solid" } else { "" };
    let part = match header.parts {
        1 => String::new(),
        parts => format!(", part {} of {parts}", header.part),
    };
    let mut text = format!(
        "{}: WIM of {}, {}{solid}{part}\n",
        image.path().display(),
        size(info.len),
        compressed(info)
    );
    for image in &info.images {
        let starts = if image.index == header.boot_index { ", starts" } else { "" };
        let name = image.name.as_deref().unwrap_or("without a name");
        let files = count(image.files.unwrap_or(0), "file");
        let bytes = size(image.total_bytes.unwrap_or(0));
        text += &format!("  image {}: {name}, {bytes} in {files}{starts}\n", image.index);
    }
    text + &format!(
        "  {} of {}, {} saved because equal files are stored once\n",
        count(statistics.blobs, "blob"),
        size(statistics.blob_bytes),
        size(statistics.shared_bytes())
    )
}

fn compression(info: &WimInfo) -> &'static str {
    info.header.algorithm().map_or("unknown", |algorithm| algorithm.name())
}

fn compressed(info: &WimInfo) -> String {
    match compression(info) {
        "none" => "not compressed".to_owned(),
        algorithm => format!("compressed with {algorithm}"),
    }
}
