use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use content::library::directory_hash;
use content::{
    CatalogObject, ContentId, ContentLocation, Digest, LocatedFile, Place, Problem, ProblemClass,
    Severity, absent_content,
};
use rayon::prelude::*;
use sha2::{Digest as _, Sha256};

use crate::load::{self, LoadError, Loaded, SitePath};
use crate::progress::{Cancel, Silent};
use crate::{Error, walk};

/// What a check of contents found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VerifyReport {
    /// The contents, sorted by id.
    pub contents: Vec<VerifiedContent>,
    /// Everything that is missing, unreadable or not what its library states.
    pub problems: Vec<Problem>,
}

/// A content that was checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedContent {
    /// Its id.
    pub id: ContentId,
    /// How many files it has.
    pub files: u64,
    /// The sum of their sizes in bytes.
    pub bytes: u64,
    /// How many of the files have a digest that was stated elsewhere, and was checked.
    pub checked: u64,
}

/// Reads the contents of these objects, or of all: every file must be there and readable to its
/// end, and in content libraries have the digest that the library states. Does not stop at the
/// first problem.
pub fn verify(
    site: &SitePath,
    objects: &[ContentId],
    cancel: &Cancel,
) -> Result<VerifyReport, LoadError> {
    let loaded = load::with_directory_hashes(site)?;
    let mut report = VerifyReport { contents: Vec::new(), problems: loaded.problems.clone() };
    let catalog = &loaded.catalog;
    let chosen = catalog.objects.values();
    let chosen = chosen.filter(|object| objects.is_empty() || objects.contains(&object.id));
    let contents: Vec<(&CatalogObject, &ContentId)> = chosen
        .flat_map(|object| {
            object.contents().into_iter().map(move |source| (object, source.content))
        })
        .collect();
    for id in objects.iter().filter(|id| !catalog.objects.contains_key(id)) {
        let message = format!("the catalog has no object `{id}`");
        let problem = missing(message, id).remedy("`tsmedia content list` shows the ids");
        report.problems.push(problem);
    }
    let checked: Vec<_> = contents
        .into_par_iter()
        .map(|(object, content)| check(object, content, &loaded, cancel))
        .collect::<Result<_, Error>>()?;
    for (content, problems) in checked {
        report.contents.extend(content);
        report.problems.extend(problems);
    }
    report.contents.sort_by(|a, b| a.id.cmp(&b.id));
    report.problems.sort();
    Ok(report)
}

fn missing(message: String, object: &ContentId) -> Problem {
    Problem::error("content-missing", ProblemClass::Missing, message).at(Place::object(object))
}

fn check(
    object: &CatalogObject,
    content: &ContentId,
    loaded: &Loaded,
    cancel: &Cancel,
) -> Result<(Option<VerifiedContent>, Vec<Problem>), Error> {
    let Some(location) = loaded.catalog.locations.get(content) else {
        let problems = absent_content(object, content, &loaded.catalog, &Place::default());
        return Ok((None, problems));
    };
    let object = &object.id;
    let walked = match walk::walk(content, location, cancel, &Silent) {
        Err(Error::Content(problems)) => {
            let unusable = |problem: &crate::ContentProblem| {
                Problem::error("content-unusable", ProblemClass::Missing, problem.to_string())
                    .remedy("mend the file as its reason says, or take it out of the content")
                    .at(Place::object(object))
            };
            return Ok((None, problems.iter().map(unusable).collect()));
        }
        walked => walked?,
    };
    let mut verified = VerifiedContent {
        id: content.clone(),
        files: walked.files.len() as u64,
        bytes: walked.files.iter().map(|file| file.stamp.size).sum(),
        checked: 0,
    };
    let ContentLocation::Files { files, empty_directories } = location else {
        let read = |file: &walk::WalkedFile| {
            let path = walked.path(file);
            Ok(digest(&path, cancel)?.err().map(|error| unreadable(&path, &error, object)))
        };
        let found: Vec<Option<Problem>> =
            walked.files.par_iter().map(read).collect::<Result<_, Error>>()?;
        return Ok((Some(verified), found.into_iter().flatten().collect()));
    };
    let found: Vec<Option<Problem>> = files
        .par_iter()
        .map(|file| differing(file, object, cancel))
        .collect::<Result<_, Error>>()?;
    verified.checked = files.len() as u64;
    let mut problems: Vec<Problem> = found.into_iter().flatten().collect();
    let stated = loaded.directory_hashes.get(content);
    problems.extend(stated.and_then(|stated| listing(object, files, empty_directories, stated)));
    Ok((Some(verified), problems))
}

fn unreadable(path: &Path, error: &io::Error, object: &ContentId) -> Problem {
    let message = format!("`{}` cannot be read: {error}", path.display());
    Problem::error("content-unreadable", ProblemClass::Missing, message)
        .remedy("make it readable, or replace it")
        .at(Place::object(object))
}

/// Reads a file of a library; says what is wrong if its bytes are not those that are stated.
fn differing(
    file: &LocatedFile,
    object: &ContentId,
    cancel: &Cancel,
) -> Result<Option<Problem>, Error> {
    let found = match digest(&file.source, cancel)? {
        Ok(found) if found == file.digest => return Ok(None),
        Ok(found) => found,
        Err(error) => return Ok(Some(unreadable(&file.source, &error, object))),
    };
    let (path, source, stated) = (&file.path, file.source.display(), file.digest);
    let message =
        format!("file `{path}`: `{source}` has SHA-256 {found}, the library states {stated}");
    let problem = Problem::error("content-digest", ProblemClass::Missing, message);
    Ok(Some(problem.remedy("distribute the content again").at(Place::object(object))))
}

/// Reads a file to its end. The inner error is the file's, the outer one the wish to stop.
fn digest(path: &Path, cancel: &Cancel) -> Result<io::Result<Digest>, Error> {
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) => return Ok(Err(error)),
    };
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 256 << 10];
    loop {
        cancel.check()?;
        match file.read(&mut buffer) {
            Ok(0) => return Ok(Ok(Digest(hash.finalize().into()))),
            Ok(count) => hash.update(&buffer[..count]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Ok(Err(error)),
        }
    }
}

/// Compares the list of a content's files with the hash that its library states of it.
fn listing(
    object: &ContentId,
    files: &[LocatedFile],
    empty_directories: &[String],
    stated: &Digest,
) -> Option<Problem> {
    let entries = files.iter().map(|file| (file.path.as_str(), file.digest));
    let found = directory_hash(entries, empty_directories.iter().map(String::as_str));
    if found.digest == *stated {
        return None;
    }
    let (severity, message) = if found.certain {
        let message = format!("the files of `{object}` are not those that its library hashed");
        (Severity::Warning, message)
    } else {
        // How the library sorts such names is not known.
        let message = format!("the list of files of `{object}` cannot be checked: not all ASCII");
        (Severity::Note, message)
    };
    Some(
        Problem::new("content-directory-hash", severity, ProblemClass::Finding, message)
            .remedy("distribute the content again")
            .at(Place::object(object)),
    )
}
