use std::ops::ControlFlow;

use super::{Entry, IsoReader, Namespace, ReadAt, ReadError, UdfReader, Volume};

/// The trees of names that an image holds, the richest first: UDF, Rock Ridge, Joliet, ISO 9660.
///
/// A tree whose descriptors are damaged is not among them; the verifier says why.
pub fn namespaces(image: &dyn ReadAt) -> Vec<Namespace> {
    let udf = UdfReader::open(image).ok().map(|_| Namespace::Udf);
    let iso = IsoReader::open(image).map(|reader| reader.namespaces()).unwrap_or_default();
    udf.into_iter().chain(iso.into_iter().rev()).collect()
}

/// Visits every entry of a tree: a directory before its children, the children of a directory in
/// the order of the bytes of their names. `visit` ends the walk with `Break`.
pub fn walk(
    image: &dyn ReadAt,
    namespace: Namespace,
    visit: &mut dyn FnMut(&Entry) -> ControlFlow<()>,
) -> Result<(), ReadError> {
    match namespace {
        Namespace::Udf => UdfReader::open(image)?.walk(visit),
        _ => IsoReader::open(image)?.walk(namespace, visit),
    }
}

/// The entry at `path` in a tree, reading only the directories on the way.
pub fn find(image: &dyn ReadAt, namespace: Namespace, path: &str) -> Result<Entry, ReadError> {
    match namespace {
        Namespace::Udf => UdfReader::open(image)?.find(path),
        _ => IsoReader::open(image)?.find(namespace, path),
    }
}

/// Reads a whole tree into memory.
///
/// A million files take some 200 MB; [`walk`] visits them in a few.
pub fn read_volume(image: &dyn ReadAt, namespace: Namespace) -> Result<Volume, ReadError> {
    let label = match namespace {
        Namespace::Udf => UdfReader::open(image)?.label().to_owned(),
        _ => IsoReader::open(image)?
            .label(namespace)
            .ok_or(ReadError::NoNamespace { namespace })?
            .to_owned(),
    };
    let mut entries = Vec::new();
    walk(image, namespace, &mut |entry| {
        entries.push(entry.clone());
        ControlFlow::Continue(())
    })?;
    Ok(Volume { label, namespace, entries })
}
