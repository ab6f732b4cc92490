//! Definitions of one run that would write over each other's images.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use content::{Problem, ProblemClass};

/// The name of a set of images: the folder, and the file name without number and extension.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct SetName {
    folder: PathBuf,
    stem: String,
    extension: Option<String>,
}

impl SetName {
    fn of(path: &Path) -> Option<Self> {
        let text = |part: &std::ffi::OsStr| part.to_str().map(str::to_owned);
        Some(Self {
            folder: real(path.parent().unwrap_or(Path::new(""))),
            stem: text(path.file_stem()?)?,
            extension: path.extension().and_then(text),
        })
    }

    /// The sets of which this would be a disc: `x.iso` for `x.2.iso`, and `x` for `x.2`.
    fn of_disc(&self) -> Vec<Self> {
        let set = |stem: &str, extension: Option<&String>| Self {
            folder: self.folder.clone(),
            stem: stem.to_owned(),
            extension: extension.cloned(),
        };
        let mut sets = Vec::new();
        if let Some((stem, number)) = self.stem.rsplit_once('.')
            && is_number(number)
        {
            sets.push(set(stem, self.extension.as_ref()));
        }
        if self.extension.as_deref().is_some_and(is_number) {
            sets.push(set(&self.stem, None));
        }
        sets
    }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && !text.starts_with('0') && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The folder that a path means: links are followed as far as the folders are there.
fn real(folder: &Path) -> PathBuf {
    let absolute = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
    let mut real = PathBuf::new();
    for part in absolute.components() {
        match part {
            Component::ParentDir => {
                real.pop();
            }
            part => real.push(part),
        }
        real = std::fs::canonicalize(&real).unwrap_or(real);
    }
    real
}

/// Finds definitions, given by name and output, of which one would write what another one writes.
/// Each of them gets one problem, whichever others there are.
pub fn shared(outputs: &[(&str, PathBuf)]) -> Vec<Problem> {
    let named: Vec<(&str, &Path, SetName)> = outputs
        .iter()
        .filter_map(|(name, path)| Some((*name, path.as_path(), SetName::of(path)?)))
        .collect();
    let mut writers: BTreeMap<&SetName, Vec<usize>> = BTreeMap::new();
    for (position, (_, _, set)) in named.iter().enumerate() {
        writers.entry(set).or_default().push(position);
    }
    let mut others: BTreeMap<usize, usize> = BTreeMap::new();
    let mut pair = |one, other| {
        let first = others.entry(one).or_insert(other);
        *first = other.min(*first);
    };
    for (position, (_, _, set)) in named.iter().enumerate() {
        for name in set.of_disc().iter().chain([set]) {
            for &other in writers.get(name).into_iter().flatten() {
                if other != position {
                    pair(position, other);
                    pair(other, position);
                }
            }
        }
    }
    others.into_iter().map(|(one, other)| problem(&named[one], &named[other])).collect()
}

fn problem(one: &(&str, &Path, SetName), other: &(&str, &Path, SetName)) -> Problem {
    let (path, name, other_path) = (one.1.display(), other.0, other.1.display());
    let message = if one.2 == other.2 {
        format!("definition `{name}` writes `{path}` too")
    } else {
        format!("`{path}` and the discs of definition `{name}`, `{other_path}`, have one name")
    };
    Problem::error("output-shared", ProblemClass::Definition, message)
        .remedy("give each definition an output.path of its own")
        .in_definition(one.0)
}

/// Finds definitions, given by name and output, whose images would lie among the files of a content:
/// the next build would put them onto the media.
pub fn inside_contents(
    outputs: &[(&str, PathBuf)],
    contents: &[(String, PathBuf)],
) -> Vec<Problem> {
    let roots = real_roots(contents);
    let inside = |(name, path): &(&str, PathBuf)| {
        let id = around(path.parent().unwrap_or(Path::new("")), &roots)?;
        let message = format!("`{}` lies among the files of content `{id}`", path.display());
        let problem = Problem::error("output-inside", ProblemClass::Definition, message)
            .remedy("choose an output.path outside of all contents");
        Some(problem.in_definition(*name))
    };
    outputs.iter().filter_map(inside).collect()
}

/// The content among whose files a folder lies.
pub fn content_around<'c>(folder: &Path, contents: &'c [(String, PathBuf)]) -> Option<&'c str> {
    around(folder, &real_roots(contents))
}

fn real_roots(contents: &[(String, PathBuf)]) -> Vec<(&str, PathBuf)> {
    contents.iter().map(|(id, root)| (id.as_str(), real(root))).collect()
}

fn around<'c>(folder: &Path, roots: &[(&'c str, PathBuf)]) -> Option<&'c str> {
    let folder = real(folder);
    roots.iter().find(|(_, root)| folder.starts_with(root)).map(|(id, _)| *id)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(paths: &[&str]) -> Vec<String> {
        let names: Vec<String> = (0..paths.len()).map(|number| format!("d{number}")).collect();
        let outputs: Vec<(&str, PathBuf)> =
            names.iter().zip(paths).map(|(name, path)| (name.as_str(), path.into())).collect();
        shared(&outputs).into_iter().filter_map(|problem| problem.place.definition).collect()
    }

    #[test]
    fn the_same_path_in_other_words_is_the_same() {
        assert_eq!(found(&["/out/x.iso", "/out/./a/../x.iso"]), ["d0", "d1"]);
        assert_eq!(found(&["/out/x.iso", "/out/y.iso", "/other/x.iso", "/out/x"]), [""; 0]);
    }

    #[test]
    fn a_disc_of_a_set_is_shared_with_the_set() {
        assert_eq!(found(&["/out/x.iso", "/out/x.2.iso"]), ["d0", "d1"]);
        assert_eq!(found(&["/out/x.12", "/out/x"]), ["d0", "d1"]);
        assert_eq!(found(&["/out/x.3.2", "/out/x.2"]), ["d0", "d1"]);
        for other in ["/out/x.0.iso", "/out/x.02.iso", "/out/x.2a.iso", "/out/x.2.img"] {
            assert_eq!(found(&["/out/x.iso", other]), [""; 0], "{other}");
        }
    }

    #[test]
    fn an_output_among_the_files_of_a_content_is_found() {
        let outputs = [("a", "/c/P1/out/a.iso".into()), ("b", "/c/P10/b.iso".into())];
        let found = inside_contents(&outputs, &[("P1".to_owned(), "/c/P1".into())]);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].place.definition.as_deref(), Some("a"));
        assert!(found[0].message.contains("`P1`"), "{}", found[0].message);
    }

    #[test]
    fn links_are_followed() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("real")).unwrap();
        std::os::unix::fs::symlink("real", folder.path().join("link")).unwrap();
        let path = |below: &str| folder.path().join(below).to_str().unwrap().to_owned();
        assert_eq!(found(&[&path("real/x.iso"), &path("link/x.iso")]), ["d0", "d1"]);
    }

    #[test]
    fn each_of_several_gets_one_problem() {
        assert_eq!(found(&["/o/x.iso", "/o/x.1.iso", "/o/x.iso"]), ["d0", "d1", "d2"]);
    }
}
