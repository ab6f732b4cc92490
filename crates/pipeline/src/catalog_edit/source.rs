use std::path::{Path, PathBuf};

use content::{DistributionPointKind, Site};

use super::EditError;
use crate::library::Library;
use crate::load::SitePath;

/// A source as an object's file writes it.
///
/// A path that lies on a distribution point or in the site becomes relative to it. Any other
/// relative path or id must be found on one of them.
pub(super) fn of(site: &SitePath, described: &Site, path: &Path) -> Result<String, EditError> {
    let refused = |reason: String| EditError::Source { path: path.to_owned(), reason };
    let roots = folders(site, described);
    let text = path.to_str().ok_or_else(|| refused("its name is not UTF-8".into()))?;
    let text = text.trim_end_matches('/');
    if path.is_relative() && !text.is_empty() {
        let below = roots.iter().any(|root| root.join(text).exists());
        let safe = !Path::new(text).components().any(|part| part.as_os_str() == "..");
        if safe && (below || held_by_library(site, described, text)) {
            return Ok(text.strip_prefix("./").unwrap_or(text).to_owned());
        }
    }
    let absolute = path.canonicalize().map_err(|error| refused(error.to_string()))?;
    let canonical = roots.iter().filter_map(|root| root.canonicalize().ok());
    let below = canonical.filter_map(|root| absolute.strip_prefix(root).ok().map(Path::to_owned));
    // The deepest root leaves the shortest path, and the path's object the least to move with.
    match below.min_by_key(|below| below.components().count()) {
        Some(below) if below.as_os_str().is_empty() => {
            Err(refused("it is a whole distribution point; name a folder below it".into()))
        }
        Some(below) => Ok(below.to_str().unwrap_or(text).to_owned()),
        None => Err(refused(
            "it lies on no distribution point; copy it to one, or add its folder to site.toml"
                .into(),
        )),
    }
}

/// The folders that hold contents; the site's own is the last one.
fn folders(site: &SitePath, described: &Site) -> Vec<PathBuf> {
    let folders = described.distribution_points.iter().filter_map(|point| match &point.kind {
        DistributionPointKind::Folder { path } => Some(site.resolve(path)),
        _ => None,
    });
    folders.chain([site.root().to_owned()]).collect()
}

fn held_by_library(site: &SitePath, described: &Site, name: &str) -> bool {
    described.distribution_points.iter().any(|point| match &point.kind {
        DistributionPointKind::ContentLibrary { path, drives } => {
            let drives: Vec<PathBuf> = drives.iter().map(|drive| site.resolve(drive)).collect();
            Library::open(&site.resolve(path), &drives).is_ok_and(|library| library.holds(name))
        }
        _ => false,
    })
}
