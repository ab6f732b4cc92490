//! Where runs take place: folders, and a file system that reflinks.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::measure::Program;
use crate::site::Site;

/// Why a comparison could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BenchError {
    /// A file or folder could not be used.
    #[error("`{path}`: {source}")]
    At {
        /// Which one.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// A program failed.
    #[error("`{words}` failed:\n{said}")]
    Program {
        /// Program and arguments.
        words: String,
        /// What it printed as errors.
        said: String,
    },
}

impl BenchError {
    /// An error of the operating system at `path`.
    pub fn at(path: &Path, source: io::Error) -> Self {
        Self::At { path: path.to_owned(), source }
    }
}

/// The folders of one run of the benchmarks; they are removed at its end.
pub struct Workplace {
    /// How often runs take turns.
    pub rounds: usize,
    corpora: PathBuf,
    folder: tempfile::TempDir,
}

impl Workplace {
    /// Uses the trees in `corpora`, and the folder that `TSMEDIA_BENCH_DIR` names for the rest.
    pub fn prepare(corpora: &Path, rounds: usize) -> Result<Self, BenchError> {
        let parent =
            std::env::var_os("TSMEDIA_BENCH_DIR").map_or_else(std::env::temp_dir, PathBuf::from);
        fs::create_dir_all(&parent).map_err(|error| BenchError::at(&parent, error))?;
        let folder =
            tempfile::tempdir_in(&parent).map_err(|error| BenchError::at(&parent, error))?;
        Ok(Self { rounds, corpora: corpora.to_owned(), folder })
    }

    /// Where everything lies that is written.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// A tree that `tools/corpus` made.
    pub fn tree(&self, name: &str) -> PathBuf {
        self.corpora.join(name)
    }

    /// The boot tree that `tools/bench` made beside the corpora.
    pub fn boot(&self) -> PathBuf {
        self.corpora.join("../bench-boot")
    }

    /// The site of a tree, made in the workplace's folder.
    pub fn site(&self, tree: &Path) -> Result<Site, BenchError> {
        let name = tree.file_name().unwrap_or_default().to_string_lossy();
        Site::make(&self.folder().join(format!("site-{name}")), tree, &self.boot(), "iso")
    }

    /// Reads every file of `tree`, so that all runs find it in memory.
    pub fn warm(&self, tree: &Path) -> Result<(), BenchError> {
        run_plain(
            "sh",
            &["-c", "find \"$1\" -type f -print0 | xargs -0 cat >/dev/null", "sh", &text(tree)],
        )
    }
}

/// A file system that shares blocks between files, on a loop device; unmounted at the end.
pub struct Reflinking {
    mount: PathBuf,
}

impl Reflinking {
    /// Makes an XFS of `gib` GiB, sparse, in `folder`. Needs root.
    pub fn mount(folder: &Path, gib: u64) -> Result<Self, BenchError> {
        let image = folder.join("xfs.img");
        let mount = folder.join("xfs");
        let file = fs::File::create(&image).map_err(|error| BenchError::at(&image, error))?;
        file.set_len(gib << 30).map_err(|error| BenchError::at(&image, error))?;
        fs::create_dir(&mount).map_err(|error| BenchError::at(&mount, error))?;
        run_plain("mkfs.xfs", &["-q", "-m", "reflink=1", &text(&image)])?;
        run_plain("mount", &["-o", "loop", &text(&image), &text(&mount)])?;
        Ok(Self { mount })
    }

    /// Its root.
    pub fn folder(&self) -> &Path {
        &self.mount
    }

    /// Copies `tree` onto it and returns the copy.
    pub fn copy(&self, tree: &Path) -> Result<PathBuf, BenchError> {
        run_plain("cp", &["-a", &text(tree), &text(&self.mount)])?;
        Ok(self.mount.join(tree.file_name().unwrap_or_default()))
    }
}

impl Drop for Reflinking {
    fn drop(&mut self) {
        if let Err(error) = run_plain("umount", &[&text(&self.mount)]) {
            eprintln!("error: {error}");
        }
    }
}

/// A program of the table.
pub fn program(name: &str, words: &[&str], removed_before: &[&Path]) -> Program {
    Program {
        name: name.to_owned(),
        words: words.iter().map(|&word| word.to_owned()).collect(),
        removed_before: removed_before.iter().map(|&path| path.to_owned()).collect(),
    }
}

/// A path as an argument; those of benchmarks are UTF-8.
pub fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

/// Runs a program that is not measured.
fn run_plain(program: &str, arguments: &[&str]) -> Result<(), BenchError> {
    let output = Command::new(program)
        .args(arguments)
        .output()
        .map_err(|error| BenchError::at(Path::new(program), error))?;
    if output.status.success() {
        return Ok(());
    }
    let words = format!("{program} {}", arguments.join(" "));
    Err(BenchError::Program { words, said: String::from_utf8_lossy(&output.stderr).into_owned() })
}
