use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use content::{ContentId, Place, Problem, ProblemClass, SequenceEntry, SequenceInfo};
use tasksequence::TaskSequence;

use super::{LoadError, SitePath};
use crate::{Error, IoContext, chain};

/// The largest file of a site that is read; task sequences of real sites have a few megabytes.
const FILE_MAX: u64 = 64 << 20;

/// A file and its name without the extension.
#[derive(Debug)]
pub(super) struct Listed {
    pub(super) path: PathBuf,
    pub(super) stem: String,
}

/// Lists the files of a folder with this extension, sorted; a folder that is not there has none.
///
/// Names that begin with a dot are left out: editors and this program write such files for a moment.
pub(super) fn list(folder: &Path, extension: &str) -> Result<Vec<Listed>, Error> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.at("list", folder)?,
    };
    let mut files = Vec::new();
    for entry in entries {
        let path = entry.at("list", folder)?.path();
        let matches = path.extension().is_some_and(|found| found.eq_ignore_ascii_case(extension));
        let stem = path.file_stem().and_then(|stem| stem.to_str()).map(str::to_owned);
        // A folder, a pipe or a device says nothing, and a pipe would be waited for.
        if let Some(stem) = stem
            && matches
            && !stem.starts_with('.')
            && fs::metadata(&path).map_or(true, |found| found.is_file())
        {
            files.push(Listed { path, stem });
        }
    }
    files.sort_by(|a, b| a.stem.cmp(&b.stem));
    Ok(files)
}

/// Reads a text file: UTF-8, or UTF-16 with a byte-order mark, as editors of Windows write.
pub(crate) fn read_text(path: &Path) -> Result<String, Error> {
    let mut bytes = Vec::new();
    let file = fs::File::open(path).at("open", path)?;
    file.take(FILE_MAX + 1).read_to_end(&mut bytes).at("read", path)?;
    let wrong = |message: &str| Error::Input { path: path.to_owned(), message: message.to_owned() };
    if bytes.len() as u64 > FILE_MAX {
        return Err(wrong("is larger than 64 MiB, which no file of a site is"));
    }
    tasksequence::encoding::decode(&bytes).map_err(|error| wrong(&error.to_string()))
}

/// Reads a task sequence and the file with what the site knows of it.
pub(super) fn task_sequence(
    site: &SitePath,
    file: &Listed,
) -> Result<(Option<SequenceEntry>, Vec<Problem>), LoadError> {
    let name = site.relative(&file.path);
    let id: ContentId = match file.stem.parse() {
        Ok(id) => id,
        Err(error) => {
            let problem = sequence_error(format!("the file's name is no id: {error}"), &name)
                .remedy("rename it");
            return Ok((None, vec![problem]));
        }
    };
    let (mut info, mut problems) = info(site, file)?;
    let text = read_text(&file.path)?;
    let (sequence, found) = match TaskSequence::parse(&text) {
        Ok(parsed) => parsed,
        Err(error) => {
            let problem = sequence_error(chain(&error), &name)
                .remedy("export the task sequence again")
                .at(Place { file: Some(name.clone()), ..Place::sequence(&id) });
            problems.push(problem);
            return Ok((None, problems));
        }
    };
    problems.extend(found.into_iter().map(|found| Problem::of_sequence(found, &id, &name)));
    if info.name.is_empty() {
        info.name = sequence.name().unwrap_or_default().to_owned();
    }
    Ok((Some(SequenceEntry { id, info, file: name, sequence }), problems))
}

fn info(site: &SitePath, file: &Listed) -> Result<(SequenceInfo, Vec<Problem>), LoadError> {
    let path = file.path.with_extension("toml");
    if !path.exists() {
        return Ok((SequenceInfo::default(), Vec::new()));
    }
    let (info, problems) = match SequenceInfo::parse(&read_text(&path)?) {
        Ok((info, problems)) => (info, problems),
        Err(problems) => (SequenceInfo::default(), problems),
    };
    let name = site.relative(&path);
    Ok((info, problems.into_iter().map(|problem| problem.in_file(&name)).collect()))
}

fn sequence_error(message: String, file: &str) -> Problem {
    Problem::error("sequence-unreadable", ProblemClass::Definition, message).in_file(file)
}
