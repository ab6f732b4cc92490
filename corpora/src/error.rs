//! Why a tree could not be made.

use std::io;
use std::path::PathBuf;

/// Why a tree could not be made or is not the one that its recipe describes.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No recipe of that name lies beside this crate.
    #[error("no recipe `{name}`; there are: {known}")]
    UnknownRecipe {
        /// What was asked for.
        name: String,
        /// The names that there are, separated by commas.
        known: String,
    },
    /// The recipe is not TOML of the expected shape, or contradicts itself.
    #[error("recipe `{path}` is wrong: {reason}")]
    Recipe {
        /// The recipe's file.
        path: PathBuf,
        /// What is wrong, with the line where the parser knows it.
        reason: String,
    },
    /// The target folder holds something.
    #[error("`{path}` is not empty; remove it first, or use --check")]
    TargetOccupied {
        /// The target folder.
        path: PathBuf,
    },
    /// A file or folder could not be read.
    #[error("cannot read `{path}`")]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// A file or folder could not be written.
    #[error("cannot write `{path}`")]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// A program that fetches or unpacks could not be started.
    #[error("cannot start `{program}`")]
    Start {
        /// The program.
        program: String,
        /// What the operating system said.
        source: io::Error,
    },
    /// A program that unpacks failed.
    #[error("`{command}` failed with {status}")]
    Command {
        /// The program and its arguments.
        command: String,
        /// How it ended.
        status: std::process::ExitStatus,
    },
    /// The registry does not give a package, often because it has dropped the version.
    #[error(
        "cannot fetch {package} from {registry}; \
         if the mirror has dropped this version, --newest takes what it has today"
    )]
    Fetch {
        /// Name and version.
        package: String,
        /// Where it was looked for.
        registry: &'static str,
    },
    /// A fetched package is not the one that the recipe names.
    #[error("`{path}` has SHA-256 {found}, the recipe says {expected}")]
    WrongPackage {
        /// The file in the cache.
        path: PathBuf,
        /// SHA-256 in the recipe.
        expected: String,
        /// SHA-256 of the file.
        found: String,
    },
    /// The tree is not the one that the recipe describes.
    #[error("the tree `{path}` has digest {found}, the recipe says {expected}")]
    WrongTree {
        /// The tree's root.
        path: PathBuf,
        /// Digest in the recipe.
        expected: String,
        /// Digest of the tree.
        found: String,
    },
}

impl Error {
    /// The exit code of the program for this error: the table of `tsmedia` holds here too.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::UnknownRecipe { .. } | Self::Recipe { .. } | Self::TargetOccupied { .. } => 2,
            Self::Fetch { .. } => 4,
            Self::WrongPackage { .. } | Self::WrongTree { .. } => 6,
            _ => 1,
        }
    }
}
