//! Which definitions an error of a scan concerns: the others go on.

use content::{ContentId, ContentLocation};
use pipeline::Error;

use crate::exit::CommandError;
use crate::session::Session;

/// The definitions at these positions that an error of the scan concerns: those that hold the
/// content that cannot be read, or all if nobody knows.
pub fn concerned(session: &Session, positions: &[usize], error: &Error) -> Vec<usize> {
    let contents: Vec<&ContentId> = match error {
        Error::Content(problems) => problems.iter().map(|problem| &problem.content).collect(),
        Error::Io { path, .. } | Error::Changed { path } | Error::WrongDigest { path, .. } => {
            let holds = |location: &ContentLocation| match location {
                ContentLocation::Path(root) => path.starts_with(root),
                ContentLocation::Files { files, .. } => {
                    files.iter().any(|file| file.source == *path)
                }
            };
            let locations = session.catalog.locations.iter();
            locations.filter(|(_, location)| holds(location)).map(|(id, _)| id).collect()
        }
        _ => Vec::new(),
    };
    let needs = |position: &usize| contents.iter().any(|id| session.needs(*position, id));
    let found: Vec<usize> = positions.iter().copied().filter(needs).collect();
    if found.is_empty() { positions.to_vec() } else { found }
}

/// What of an error of the scan concerns one definition.
pub fn part_of(session: &Session, position: usize, error: &Error) -> CommandError {
    let Error::Content(problems) = error else { return error.into() };
    let own = problems.iter().filter(|problem| session.needs(position, &problem.content));
    let own: Vec<_> = own.cloned().collect();
    if own.is_empty() { error.into() } else { Error::Content(own).into() }
}
