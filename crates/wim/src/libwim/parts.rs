//! Which files are the parts of one WIM.

use std::path::PathBuf;

use crate::read::{FileSource, WimReader};
use crate::{Error, Header};

/// The files in the order of their parts: one WIM that is not split, or all parts of one that is.
pub(super) fn check_parts(paths: &[PathBuf]) -> Result<Vec<PathBuf>, Error> {
    let mut parts: Vec<(Header, &PathBuf)> = Vec::with_capacity(paths.len());
    for path in paths {
        let file = FileSource::open(path)?;
        let reader =
            WimReader::open(&file).map_err(|source| Error::Read { path: path.clone(), source })?;
        let header = reader.header().clone();
        if let Some((_, other)) = parts.iter().find(|(other, _)| !fit(other, &header)) {
            let (path, other) = (path.clone(), (*other).clone());
            return Err(Error::OtherSet { path, other });
        }
        parts.push((header, path));
    }
    parts.sort_by_key(|(header, _)| header.part);
    let Some((header, path)) = parts.first() else {
        return Err(Error::Text { text: String::new(), reason: "no file was given" });
    };
    let given = |number: &u16| parts.iter().any(|(header, _)| header.part == *number);
    let missing: Vec<u16> = (1..=header.parts).filter(|number| !given(number)).collect();
    if !missing.is_empty() {
        return Err(Error::PartsMissing { path: (*path).clone(), parts: header.parts, missing });
    }
    Ok(parts.into_iter().map(|(_, path)| path.clone()).collect())
}

/// Whether two headers are those of two parts of one WIM.
fn fit(one: &Header, other: &Header) -> bool {
    one.guid == other.guid && one.parts == other.parts && one.part != other.part
}
