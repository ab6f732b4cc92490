//! The OS image on prestaged media, as far as its WIM says.

use content::IndexedFile;
use wim::read::{ImageInfo, inspect_file};

use super::StagedFacts;
use crate::Error;
use crate::scan::Scan;

/// Finds out which image of the WIM is meant: the one that the definition names, else the only one.
///
/// `Err` if its content holds no WIM or several, the WIM cannot be read, or has not that image.
pub fn check(scan: &Scan, staged: &mut StagedFacts, index: Option<u32>) -> Result<(), Error> {
    let id = &staged.os_image;
    let Some(content) = scan.index.content(id) else { return Ok(()) };
    let is_wim = |file: &&IndexedFile| {
        let name = file.path.to_ascii_lowercase();
        name.ends_with(".wim") || name.ends_with(".esd")
    };
    let wims: Vec<&IndexedFile> = content.files.iter().filter(is_wim).collect();
    let wrong = |what: String| Error::Input { path: id.as_str().into(), message: what };
    let [wim] = wims[..] else {
        let names: Vec<String> = wims.iter().map(|file| format!("`{}`", file.path)).collect();
        return Err(wrong(match names.len() {
            0 => "the OS image's files hold no .wim, so there is nothing to apply".to_owned(),
            _ => format!("the OS image has several WIMs, keep one: {}", names.join(", ")),
        }));
    };
    let path = scan.sources.path(&scan.index, wim.blob);
    let unreadable = |error: wim::Error| Error::Integrity(crate::chain(&error));
    let images = inspect_file(&path).map_err(unreadable)?.images;
    let at_wim = |what: String| Error::Input { path: path.clone(), message: what };
    staged.index = match (index, &images[..]) {
        (Some(index), images) if images.iter().any(|image| image.index == index) => index,
        (None, [only]) => only.index,
        (Some(index), _) => {
            return Err(at_wim(format!("has no image {index}, but {}", named(&images))));
        }
        (None, _) => {
            let names = named(&images);
            return Err(at_wim(format!(
                "has {}; say which with `index` in the table [image]: {names}",
                match images.len() {
                    0 => "no images".to_owned(),
                    count => format!("{count} images"),
                }
            )));
        }
    };
    Ok(())
}

fn named(images: &[ImageInfo]) -> String {
    let name = |image: &ImageInfo| match &image.name {
        Some(name) => format!("{} ({name})", image.index),
        None => image.index.to_string(),
    };
    images.iter().map(name).collect::<Vec<_>>().join(", ")
}
