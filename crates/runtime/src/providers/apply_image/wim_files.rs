use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use crate::provider::StepFailure;

/// Finds the WIM of a content: one `.wim` or `.esd`, or all parts of one that was split, which lie
/// beside each other as `.swm`.
pub(super) fn wim_files(content: &Path) -> Result<Vec<PathBuf>, StepFailure> {
    let mut whole = Vec::new();
    let mut parts = Vec::new();
    let mut folders = vec![content.to_owned()];
    while let Some(folder) = folders.pop() {
        let list = |error| StepFailure::new(format!("cannot list `{}`: {error}", folder.display()));
        for entry in fs::read_dir(&folder).map_err(list)? {
            let entry = entry.map_err(list)?;
            let (path, kind) = (entry.path(), entry.file_type().map_err(list)?);
            let extension = path.extension().and_then(OsStr::to_str).unwrap_or_default();
            match &*extension.to_ascii_lowercase() {
                _ if kind.is_dir() => folders.push(path),
                "wim" | "esd" => whole.push(path),
                "swm" => parts.push(path),
                _ => {}
            }
        }
    }
    whole.sort();
    parts.sort();
    match (whole.len(), parts.len()) {
        (1, 0) => Ok(whole),
        // Whether they belong together is known when they are opened.
        (0, 1..) => Ok(parts),
        (0, 0) => {
            let folder = content.display();
            Err(StepFailure::new(format!("there is no WIM in `{folder}`: no .wim, .esd or .swm")))
        }
        _ => {
            let names: Vec<_> =
                whole.iter().chain(&parts).map(|it| it.display().to_string()).collect();
            let names = names.join(", ");
            Err(StepFailure::new(format!("the image could be in any of several files: {names}")))
        }
    }
}
